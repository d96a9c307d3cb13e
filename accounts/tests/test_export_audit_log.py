"""Exporting the audit log: complete, in order, and verifiable without the database."""

import csv
import hashlib
import hmac
import json
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.audit.sealing import seal_everything
from accounts.choices import SecurityEventKind
from accounts.management.commands.export_audit_log import cell
from accounts.models import AuditEntry, AuditSeal, SecurityEvent
from accounts.tests.forgeries import forge, write_entries

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _some_entries() -> None:
    write_entries(7)


def export(*arguments: str) -> str:
    out = StringIO()
    call_command("export_audit_log", *arguments, stdout=out)
    return out.getvalue()


def lines() -> list[dict[str, Any]]:
    return [json.loads(line) for line in export().splitlines()]


def test_every_seal_can_be_computed_from_the_export() -> None:
    """It takes nothing but the key and the description in ADR 0012."""
    seal = "0" * 64
    for number, line in enumerate(lines(), start=1):
        position, previous, sealed = line.pop("position"), line.pop("previous_seal"), line.pop("seal")
        assert line.pop("format") == 2
        assert previous == seal
        text = json.dumps(line, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        seal = hmac.new(settings.SEAL_KEYS[0].encode(), f"{previous}\n{text}".encode(), hashlib.sha256).hexdigest()
        assert (position, sealed) == (number, seal)
    assert number == 7


def test_each_line_names_the_seal_that_it_continues_also_after_a_security_event() -> None:
    seal_everything()
    SecurityEvent.objects.record(SecurityEventKind.LOGIN_OK, None)
    write_entries(1)
    *_, last = lines()

    assert last["position"] == 9
    assert last["previous_seal"] == AuditSeal.objects.get(position=8).seal
    assert AuditSeal.objects.get(position=8).event_id == SecurityEvent.objects.get().pk


def test_the_chunk_size_makes_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = export()
    monkeypatch.setattr("accounts.management.commands.export_audit_log.CHUNK", 2)

    assert export() == expected


def test_a_csv_file_has_the_same_rows_and_no_formulas() -> None:
    forge("UPDATE audit_log SET object_repr = '=HYPERLINK(\"https://evil.example\")' WHERE object_repr = 'Campaign 0'")
    forge("UPDATE audit_log SET actor_name = '@SUM(A1)' WHERE object_repr = 'Campaign 1'")
    rows = list(csv.DictReader(StringIO(export("--format", "csv"))))

    assert [row["position"] for row in rows] == [str(number) for number in range(1, 8)]
    assert rows[0]["object_repr"] == '\'=HYPERLINK("https://evil.example")'
    assert rows[1]["actor_name"] == "'@SUM(A1)"
    assert json.loads(rows[2]["changes"])["campaign_name"] == ["Old 2", "New 2"]
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row.values())


@pytest.mark.parametrize(
    "text",
    [
        "＝1+1",
        "\u200b=1",
        "\ufeff=1",
        " \u00a0=1",
        "\x1b@SUM(A1)",
        "﹢1",
        "－1",
        "\n+1",
        "\t",
        "\r1",
        "\u2060\u200d＠a",
    ],
    ids=ascii,
)
def test_a_cell_that_a_spreadsheet_might_read_as_a_formula_is_quoted(text: str) -> None:
    assert cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "a=1", "1-1", "  a", "\u200b", "é", "•", "'=1", "Ⅳ"], ids=ascii)
def test_other_cells_stay_as_they_are(text: str) -> None:
    assert cell(text) == text


def test_the_first_and_last_day_can_be_given() -> None:
    seal_everything()
    today = timezone.now().date()
    forge("UPDATE audit_log SET timestamp = now() - interval '3 days' WHERE object_repr < 'Campaign 3'")

    def names(*arguments: str) -> list[str]:
        return [json.loads(line)["object_repr"] for line in export(*arguments).splitlines()]

    assert names("--to", str(today - timedelta(days=2))) == ["Campaign 0", "Campaign 1", "Campaign 2"]
    assert len(names("--from", "0001-01-01", "--to", "9999-12-31")) == 7
    assert names("--from", str(today - timedelta(days=1)))[0] == "Campaign 3"
    assert names("--from", str(today - timedelta(days=3)), "--to", str(today - timedelta(days=3)))[-1] == "Campaign 2"


@pytest.mark.parametrize("arguments", [["--from", "yesterday"], ["--to", "2026-02-30"], ["--format", "xml"]])
def test_an_invalid_argument_is_refused_by_name(arguments: list[str]) -> None:
    with pytest.raises(CommandError, match=arguments[0]):
        export(*arguments)


def test_a_file_is_written_and_never_overwritten(tmp_path: Path) -> None:
    file = tmp_path / "log.jsonl"

    assert export("--output", str(file)) == f"Exported the audit log to “{file}”.\n"
    assert file.read_text() == export()
    assert len(file.read_text().splitlines()) == AuditEntry.objects.count()
    with pytest.raises(CommandError, match="already exists"):
        export("--output", str(file))
    with pytest.raises(CommandError, match="can't be written: No such file or directory"):
        export("--output", str(tmp_path / "nowhere" / "log.jsonl"))
