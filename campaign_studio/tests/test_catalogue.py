"""The catalogue contains exactly the strings of the sources."""

import re
import shutil
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import override_settings

from campaign_studio.tests.shape import LAYERS, ROOT

CATALOGUE = ROOT / "locale" / "django.pot"
MAKE = "makemessages --all --keep-pot --no-location --ignore tests --ignore migrations"


@pytest.mark.any_database
@pytest.mark.skipif(not shutil.which("xgettext"), reason="GNU gettext isn't installed: apt install gettext")
def test_every_string_is_in_the_catalogue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in [*LAYERS, "templates"]:
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("tests", "migrations", "*.pyc"))
    (tmp_path / "locale").mkdir()
    monkeypatch.chdir(tmp_path)

    with override_settings(LOCALE_PATHS=[tmp_path / "locale"]):
        call_command(*MAKE.split(), verbosity=0)

    found, kept = (without_date(pot.read_text()) for pot in (tmp_path / "locale" / "django.pot", CATALOGUE))
    assert found == kept, f"Strings have changed: run manage.py {MAKE}"


def test_the_style_guide_contains_the_command() -> None:
    assert MAKE in (ROOT / "docs" / "words.md").read_text()


def without_date(pot: str) -> str:
    """The catalogue without its creation date."""
    return re.sub(r'"POT-Creation-Date: .*\n', "", pot)
