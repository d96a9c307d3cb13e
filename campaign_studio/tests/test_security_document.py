"""docs/security.md names a test for each claim: they exist, and whatever is said to be tested is."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = (ROOT / "docs" / "security.md").read_text()
NAMED = re.findall(r"`([\w/]+\.py)::(\w+)`", DOCUMENT)
CLAIMS = [line for line in DOCUMENT.splitlines() if line.startswith("|") and not re.match(r"\|[ |-]*(claim|-)", line)]


@pytest.mark.parametrize(("file", "test"), NAMED, ids=[test for _, test in NAMED])
def test_every_named_test_exists(file: str, test: str) -> None:
    tree = ast.parse((ROOT / file).read_text())

    assert test.startswith("test_")
    assert test in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_every_claim_names_its_test() -> None:
    assert len(NAMED) == len(CLAIMS) > 50
