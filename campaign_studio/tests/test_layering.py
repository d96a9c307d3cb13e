"""Imports run one way: campaign_studio ← accounts ← advertisers ← campaigns ← ads (4-architecture)."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LAYERS = ["campaign_studio", "accounts", "advertisers", "campaigns", "ads"]
# Composition looks up: it puts the house together.
COMPOSITION = [
    "campaign_studio/settings.py",
    "campaign_studio/urls.py",
    "campaign_studio/wsgi.py",
    "campaign_studio/asgi.py",
    "campaign_studio/navigation.py",
    "campaign_studio/dashboard.py",
    "campaign_studio/demo/",
    "campaign_studio/management/",
]


def modules() -> list[Path]:
    """Every module that the rule is about."""
    files = [file for layer in LAYERS for file in sorted((ROOT / layer).rglob("*.py"))]
    return [file for file in files if "tests" not in file.parts and not _composes(file)]


def _composes(file: Path) -> bool:
    return file.relative_to(ROOT).as_posix().startswith(tuple(COMPOSITION))


def imports(source: str) -> Iterator[str]:
    """The dotted names a module imports at runtime, wherever in it."""
    waiting: list[ast.AST] = [ast.parse(source)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            waiting += node.orelse
            continue
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{'.' * node.level}{node.module or ''}.{name.name}" for name in node.names)
        waiting += ast.iter_child_nodes(node)


def upward(layer: str, source: str) -> list[str]:
    """The imports from layers above `layer`."""
    above = set(LAYERS[LAYERS.index(layer) + 1 :])
    return [name for name in imports(source) if name.split(".")[0] in above]


@pytest.mark.parametrize("file", modules(), ids=lambda file: file.relative_to(ROOT).as_posix())
def test_no_module_imports_from_a_layer_above_it(file: Path) -> None:
    assert upward(file.relative_to(ROOT).parts[0], file.read_text()) == []


@pytest.mark.parametrize("file", modules(), ids=lambda file: file.relative_to(ROOT).as_posix())
def test_every_import_is_written_in_full(file: Path) -> None:
    assert [name for name in imports(file.read_text()) if name.startswith(".")] == []


def test_every_layer_is_looked_at() -> None:
    assert {file.relative_to(ROOT).parts[0] for file in modules()} == set(LAYERS)


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("from ads.models import Ad", ["ads.models.Ad"]),
        ("import ads", ["ads"]),
        ("def f():\n    from ads import models", ["ads.models"]),
        ("try:\n    import ads.models\nexcept ImportError:\n    pass", ["ads.models"]),
        ("if TYPE_CHECKING:\n    from ads.models import Ad", []),
        ("if TYPE_CHECKING:\n    pass\nelse:\n    import ads", ["ads"]),
        ("from accounts.models import User\nfrom campaigns import rules", []),
        ("import adsense", []),
    ],
)
def test_the_rule_finds_what_it_is_for(source: str, found: list[str]) -> None:
    assert upward("campaigns", source) == found
