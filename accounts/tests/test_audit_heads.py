"""The heads of the log in a file outside the database: they show what nothing in the database can."""

import os
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from accounts.audit import heads
from accounts.audit.heads import LONGEST_LINE, head_in, note_head
from accounts.audit.sealing import seal_entries, seal_everything
from accounts.checks import audit_heads
from accounts.models import AuditEntry, AuditEntryToSeal, AuditSeal
from accounts.tests.forgeries import forge, write_entries

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def noted(tmp_path: Path, settings: Any) -> Path:
    """The file of the test, in a folder that doesn't exist yet."""
    settings.AUDIT_HEADS = tmp_path / "data" / "audit_heads"
    return tmp_path / "data" / "audit_heads"


def sealed(count: int) -> str:
    """Write and seal entries; return the head."""
    write_entries(count)
    seal_everything()
    return str(AuditSeal.objects.last())


def verified() -> str:
    out = StringIO()
    try:
        call_command("verify_audit_log", stdout=out)
    except CommandError as error:
        return f"{out.getvalue()}{error}"
    return out.getvalue()


def test_each_sealing_appends_its_head(noted: Path) -> None:
    write_entries(3)
    seal_entries(limit=2)
    seal_entries()
    lines = noted.read_text().splitlines()

    assert [line.split(" ")[1] for line in lines] == [str(seal) for seal in AuditSeal.objects.filter(position__gte=2)]
    assert all(len(line.split(" ")[0]) == len("2026-11-28T00:00:00Z") for line in lines)
    assert noted.stat().st_mode & 0o777 == 0o600
    assert "is intact" in verified()


def test_lines_of_several_writers_never_mix(noted: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: note_head(number, f"{number:064x}"), range(400)))
    found = [head_in(line) for line in noted.read_text().splitlines()]

    assert sorted(head.position for head in found if head) == list(range(400))


def test_a_head_that_is_rolled_back_is_not_noted(noted: Path) -> None:
    write_entries(1)
    with transaction.atomic():
        seal_entries()
        transaction.set_rollback(True)

    assert not noted.exists()


def test_a_cut_end_is_found(noted: Path) -> None:
    sealed(3)
    sealed(2)
    forge("DELETE FROM audit_log WHERE id IN (SELECT entry_id FROM audit_seals WHERE position > 3)")
    forge("DELETE FROM audit_seals WHERE position > 3")

    assert f"“{noted}” notes position 5, which is missing: the end of the log was deleted." in verified()


def test_a_cut_end_is_found_although_the_log_goes_on(noted: Path) -> None:
    sealed(5)
    forge("DELETE FROM audit_log WHERE id IN (SELECT entry_id FROM audit_seals WHERE position > 3)")
    forge("DELETE FROM audit_seals WHERE position > 3")
    sealed(4)

    assert f"“{noted}” notes a different seal at position 5" in verified()


def test_emptied_tables_are_found(noted: Path) -> None:
    sealed(5)
    forge("DELETE FROM audit_log; DELETE FROM audit_seals; DELETE FROM security_events")
    AuditEntryToSeal.objects.all().delete()

    assert not AuditEntry.objects.exists()
    assert "notes position 5, which is missing" in verified()


def test_pruned_positions_are_no_problem(noted: Path) -> None:
    sealed(1)
    write_entries(3)
    forge("UPDATE audit_log SET timestamp = now() - interval '200 days'")
    forge("DELETE FROM audit_seals")
    forge("INSERT INTO audit_entries_to_seal (entry_id) SELECT id FROM audit_log ON CONFLICT DO NOTHING")
    noted.unlink()
    for _ in range(4):
        seal_entries(limit=1)
    call_command("prune_audit_log", "--days", "100", stdout=StringIO())

    assert AuditSeal.objects.earliest("position").position == 4
    assert noted.read_text().count("\n") == 5
    assert "is intact" in verified()

    noted.write_text(re.sub(" 3:[0-9a-f]+", f" 3:{'0' * 64}", noted.read_text()))
    assert "notes a different seal at position 3" in verified(), "the checkpoint has the seal of the last one pruned"


@pytest.mark.parametrize(
    "content", ["nonsense\n", "x" * 1_000, "2026-01-01T00:00:00Z 1:abc\n", "\x00\n", "1:" + "G" * 64, "ü\n"], ids=repr
)
def test_lines_that_are_no_heads_are_counted(content: str, noted: Path) -> None:
    sealed(1)
    with noted.open("a", encoding="utf-8") as file:
        file.write(content)

    assert f"“{noted}” contains lines that are no heads: {-(-len(content) // LONGEST_LINE)}." in verified()


def test_a_file_is_read_in_pieces(noted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sealed(5)
    monkeypatch.setattr(heads, "CHUNK", 2)
    noted.write_text(noted.read_text() * 7)

    assert "is intact" in verified()


@pytest.mark.parametrize("fault", ["a file instead of the folder", "a folder instead of the file"])
def test_a_failure_to_note_is_logged_and_affects_nothing(
    fault: str, tmp_path: Path, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    settings.AUDIT_HEADS = tmp_path / "file" / "heads" if fault.startswith("a file") else tmp_path
    sealed(2)

    assert AuditSeal.objects.count() == 2
    assert "can't be noted in AUDIT_HEADS" in caplog.text
    assert "is intact" in verified()


def test_a_full_disk_is_logged(noted: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """A disk takes a part of the line."""
    write = os.write
    monkeypatch.setattr(os, "write", lambda file, line: write(file, line[:10]))
    note_head(1, "0" * 64)

    assert "only in part: is the disk full?" in caplog.text
    assert len(noted.read_text()) == 10


def test_no_heads_are_noted_when_the_setting_is_empty(settings: Any, noted: Path) -> None:
    settings.AUDIT_HEADS = None
    sealed(1)

    assert not noted.exists()
    assert "is intact" in verified()


def test_a_missing_file_is_mentioned(noted: Path) -> None:
    sealed(1)
    noted.unlink()

    assert f"“{noted}” doesn't exist yet" in verified()


@pytest.mark.parametrize("place", ["file/heads", "file/more/heads", "."])
def test_a_file_that_cannot_be_written_is_reported_by_the_check(place: str, tmp_path: Path, settings: Any) -> None:
    assert audit_heads() == []
    (tmp_path / "file").touch()
    settings.AUDIT_HEADS = tmp_path / place

    (problem,) = audit_heads()
    assert problem.id == "accounts.W001"
    assert str(settings.AUDIT_HEADS) in problem.msg


@pytest.fixture(autouse=True)
def _leave_no_entry() -> Iterator[None]:
    yield
    AuditEntryToSeal.objects.all().delete()
