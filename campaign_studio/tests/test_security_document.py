"""docs/security.md names an existing test for each claim."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = (ROOT / "docs" / "security.md").read_text()
NAMED = re.findall(r"`([\w/]+\.py)::(\w+)`", DOCUMENT)
CLAIMS = [line for line in DOCUMENT.splitlines() if line.startswith("|") and not re.match(r"\|[ |-]*(claim|-)", line)]


def functions_of(file: str) -> set[str]:
    """The names of the functions in a file; none if there is no such file."""
    path = ROOT / file
    body = ast.parse(path.read_text()).body if path.is_file() else []
    return {node.name for node in body if isinstance(node, ast.FunctionDef)}


def test_every_named_test_exists() -> None:
    known = {file: functions_of(file) for file, _ in NAMED}

    assert [name for name in NAMED if name[1] not in known[name[0]] or not name[1].startswith("test_")] == []


def test_every_claim_names_its_test() -> None:
    assert len(NAMED) == len(CLAIMS) > 50
