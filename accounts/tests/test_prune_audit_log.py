"""Pruning the audit log: only one command deletes old entries, and the remaining ones can still be verified."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from io import StringIO
from threading import Barrier
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import ProgrammingError, connection, transaction
from django.utils import timezone

from accounts.audit.sealing import seal_everything
from accounts.choices import SecurityEventKind
from accounts.management.commands import prune_audit_log
from accounts.models import AuditEntry, AuditSeal, SecurityEvent
from accounts.tests.forgeries import forge, problems, write_entries
from accounts.tests.test_audit_chain import verified

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _ten_entries_of_which_six_are_old() -> None:
    write_entries(10)
    for number in range(10):
        age = timedelta(days=200 if number < 6 else 10)
        # Age them before they are sealed, as if time had passed.
        forge("UPDATE audit_log SET timestamp = %s WHERE object_repr = %s", timezone.now() - age, f"Campaign {number}")
    seal_everything()


def output_of_prune(*arguments: str) -> str:
    out = StringIO()
    call_command("prune_audit_log", *arguments, stdout=out)
    return out.getvalue()


def prune(*arguments: str) -> list[int]:
    """The number of audit entries and of security events that the command reports."""
    return [int(number) for number in re.findall(r"\d+", output_of_prune(*arguments))]


def kept() -> list[str]:
    return list(AuditEntry.objects.order_by("pk").values_list("object_repr", flat=True))


def test_old_entries_are_deleted_and_the_rest_is_verified() -> None:
    assert output_of_prune("--days", "100") == "Deleted 6 audit entries.\nDeleted 0 security events.\n"

    assert [name for name in kept() if name.startswith("Campaign")] == [f"Campaign {number}" for number in range(6, 10)]
    assert list(AuditSeal.objects.values_list("position", flat=True)) == [7, 8, 9, 10, 11]
    first, second, *_ = verified().splitlines()
    assert first.startswith("The entries up to position 6 were pruned on ")
    assert second.endswith(" 5.")


def test_an_expected_seal_may_be_that_of_the_last_entry_deleted() -> None:
    sixth, fifth = (str(AuditSeal.objects.get(position=position)) for position in (6, 5))
    prune("--days", "100")

    assert verified("--expect", sixth)
    for wrong in (f"6:{'0' * 64}", fifth):
        with pytest.raises(CommandError, match=r"Problems found: 1\."):
            verified("--expect", wrong)


def test_a_checkpoint_entry_records_how_many_entries_were_deleted() -> None:
    seal = AuditSeal.objects.get(position=6).seal
    prune("--days", "100")

    entry = AuditEntry.objects.latest("pk")
    assert (entry.get_action_display(), entry.actor_name, entry.door) == ("delete", "prune_audit_log", "command")
    assert entry.changes == {"entries": ["6", None], "up_to_position": ["6", None], "seal": [seal, None]}


def test_pruning_again_deletes_nothing_and_leaves_no_checkpoint() -> None:
    prune("--days", "100")
    assert prune("--days", "100") == [0, 0]
    assert AuditSeal.objects.count() == 5


def test_pruning_all_entries_leaves_only_the_checkpoint() -> None:
    prune("--days", "100")
    with pytest.MonkeyPatch.context() as patched:
        later = timezone.now() + timedelta(days=365)
        patched.setattr("accounts.management.commands.prune_audit_log.timezone.now", lambda: later)
        assert prune("--days", "100") == [5, 0]

    assert len(kept()) == 1
    write_entries(3)
    assert verified()
    assert AuditSeal.objects.count() == 4


def test_only_the_start_of_the_log_is_deleted() -> None:
    """An old entry after a newer one stays."""
    write_entries(1)
    forge(
        "UPDATE audit_log SET timestamp = %s WHERE id = (SELECT max(id) FROM audit_log)",
        timezone.now() - timedelta(300),
    )
    seal_everything()

    assert prune("--days", "100") == [6, 0]


@pytest.mark.parametrize("days", ["89", "0", "-1", "soon", "1e3", "9" * 30])
def test_recent_entries_cannot_be_deleted(days: str) -> None:
    with pytest.raises(CommandError, match="--days"):
        prune(f"--days={days}")
    assert len(kept()) == 10


def test_a_dry_run_deletes_nothing() -> None:
    expected = "Would delete 6 audit entries.\nWould delete 0 security events.\n"
    assert output_of_prune("--days", "100", "--dry-run") == expected
    assert len(kept()) == 10


def test_old_security_events_are_deleted_too() -> None:
    for age in (200, 10):
        SecurityEvent.objects.create(
            kind=SecurityEventKind.LOGIN_OK, happened_at=timezone.now() - timedelta(days=age), username=f"{age}"
        )

    assert output_of_prune("--days", "100") == "Deleted 6 audit entries.\nDeleted 1 security event.\n"
    assert [event.username for event in SecurityEvent.objects.all()] == ["10"]


def test_a_log_that_is_not_intact_is_not_pruned() -> None:
    forge("UPDATE audit_log SET actor_name = 'Nobody' WHERE object_repr = 'Campaign 2'")

    with pytest.raises(CommandError, match="not intact"):
        prune("--days", "100")
    assert len(kept()) == 10


def test_deleting_the_start_of_the_log_by_hand_is_found() -> None:
    forge("DELETE FROM audit_log WHERE id IN (SELECT entry_id FROM audit_seals WHERE position <= 3)")
    forge("DELETE FROM audit_seals WHERE position <= 3")

    assert problems() == ["Positions 1 to 3 are missing, and no audit entry records that they were pruned."]


def test_deleting_more_than_the_checkpoint_says_is_found() -> None:
    prune("--days", "100")
    forge("DELETE FROM audit_log WHERE id IN (SELECT entry_id FROM audit_seals WHERE position <= 8)")
    forge("DELETE FROM audit_seals WHERE position <= 8")

    (found,) = problems()
    assert found.startswith("Positions 1 to 8 are missing")


def test_a_forged_checkpoint_is_found() -> None:
    prune("--days", "100")
    forge(
        "UPDATE audit_log SET changes = jsonb_set(changes, '{seal,0}', to_jsonb(repeat('a', 64)))"
        " WHERE object_repr LIKE 'Audit log before %%' AND action = %s",
        AuditEntry.Action.DELETE,
    )

    assert any("at position 7" in text or "at position 11" in text for text in problems())


def test_entries_cannot_be_deleted_after_pruning() -> None:
    prune("--days", "100")

    with pytest.raises(ProgrammingError, match="only grows"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM audit_log")


def pruned_by_two() -> list[list[int]]:
    """The reports of two commands that run at the same time."""
    ready = Barrier(2)

    def run(_: int) -> list[int]:
        try:
            connection.ensure_connection()
            ready.wait(timeout=30)
            return prune("--days", "100")
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        return sorted(pool.map(run, range(2)))


@pytest.mark.django_db(transaction=True)
def test_one_of_two_simultaneous_prunings_finds_nothing_to_delete() -> None:
    assert pruned_by_two() == [[0, 0], [6, 0]]
    assert verified()
    assert AuditSeal.objects.count() == 5


@pytest.mark.django_db(transaction=True)
def test_control_without_the_lock_both_report_the_same_deletions(monkeypatch: pytest.MonkeyPatch) -> None:
    both = Barrier(2)
    leave = prune_audit_log.Command._leave_checkpoint

    def leave_together(*args: Any) -> None:
        both.wait(timeout=30)
        leave(*args)

    monkeypatch.setattr(prune_audit_log, "lock_chain_head", lambda wait: True)
    monkeypatch.setattr(prune_audit_log.Command, "_leave_checkpoint", staticmethod(leave_together))

    assert pruned_by_two() == [[6, 0]] * 2
