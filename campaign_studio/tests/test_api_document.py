"""The commands and programs in docs/api.md work as they are printed, against a real server."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib.auth.hashers import BCryptSHA256PasswordHasher

from accounts.choices import RoleName
from accounts.tests.factories import UserFactory
from campaign_studio.tests.servers import running

pytestmark = [pytest.mark.matrix, pytest.mark.django_db(transaction=True)]

DOCUMENT = (Path(__file__).resolve().parents[2] / "docs" / "api.md").read_text()
# That of the demo's accounts, which the document names.
DEMO_PASSWORD = "drive-safely-2026"
# Until the chapters that explain rules, whose examples don't build on each other.
WALK = DOCUMENT.partition("## Requests and answers")[0]


def printed(language: str) -> str:
    return "\n".join(re.findall(rf"^```{language}\n(.*?)^```", WALK, re.DOTALL | re.MULTILINE))


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment of a client of a server where the demo's users can sign in."""
    for username, role in {"mara": RoleName.CAMPAIGN_MANAGER, "mina": RoleName.CONTENT_MODERATOR}.items():
        # The server doesn't know the fast hasher of the tests.
        password = BCryptSHA256PasswordHasher().encode(DEMO_PASSWORD, salt=BCryptSHA256PasswordHasher().salt())
        UserFactory(username=username, role_id=role, password=password)
    with running(1, DATA_DIR=str(tmp_path)) as (url,):
        yield {**os.environ, "STUDIO": url}


def lines_of(command: list[str], environment: dict[str, str]) -> list[str]:
    ended = subprocess.run(  # noqa: S603 - the document under test
        command, env=environment, capture_output=True, text=True, timeout=120
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout.splitlines()


@pytest.mark.skipif(not (shutil.which("curl") and shutil.which("jq")), reason="curl and jq aren't installed.")
def test_every_command_answers_what_the_document_says(studio: dict[str, str]) -> None:
    shown = lines_of(["bash", "-euo", "pipefail", "-c", printed("sh")], studio)

    statuses = [line for line in shown if re.search(r"(412|304)$", line)]
    assert len(statuses) == 2
    for said in ('"approved"', '  "top_bar": "Flat white"', "1", '"applied"', '"undone"', '  "refused": []'):
        assert said in shown, said


def test_the_program_does_the_same(studio: dict[str, str]) -> None:
    assert lines_of([sys.executable, "-c", printed("python")], studio) == ["Green tea", "20000"]
