"""Requirements are pinned with their extras: for older pips `coverage` doesn't pin `coverage[toml]`."""

import tomllib
from collections.abc import Iterator
from importlib.metadata import requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
NAMED = {
    "requirements.txt": PYPROJECT["project"]["dependencies"],
    "requirements-dev.txt": PYPROJECT["project"]["dependencies"] + PYPROJECT["dependency-groups"]["dev"],
}


def pins(file: str) -> dict[str, Requirement]:
    """The lines of a pinned file that apply to this machine, by name."""
    lines = (ROOT / file).read_text().splitlines()
    pinned = [Requirement(line.removesuffix("\\")) for line in lines if line[:1].isalnum()]
    return {canonicalize_name(pin.name): pin for pin in pinned if pin.marker is None or pin.marker.evaluate()}


def requirements_of(pin: Requirement) -> Iterator[Requirement]:
    """The requirements of an installed package and of the extras it is pinned with."""
    for requirement in map(Requirement, requires(pin.name) or []):
        marker = requirement.marker
        if marker is None or any(marker.evaluate({"extra": extra}) for extra in ("", *pin.extras)):
            yield requirement


@pytest.mark.parametrize("file", NAMED)
def test_every_requirement_is_pinned_with_its_extras(file: str) -> None:
    pinned = pins(file)
    required = {Requirement(text) for text in NAMED[file]}.union(*(requirements_of(pin) for pin in pinned.values()))

    named = [(canonicalize_name(requirement.name), requirement) for requirement in required]
    assert [str(requirement) for name, requirement in named if name not in pinned] == []
    assert [str(requirement) for name, requirement in named if not requirement.extras <= pinned[name].extras] == []
