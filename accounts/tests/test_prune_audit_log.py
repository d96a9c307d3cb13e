"""Retention: old entries go by one command alone, and what stays can still prove itself."""

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
        # Before they are sealed, as if time had passed.
        forge("UPDATE audit_log SET timestamp = %s WHERE object_repr = %s", timezone.now() - age, f"Campaign {number}")
    seal_everything()


def prune(*arguments: str) -> str:
    out = StringIO()
    call_command("prune_audit_log", *arguments, stdout=out)
    return out.getvalue()


def kept() -> list[str]:
    return list(AuditEntry.objects.order_by("pk").values_list("object_repr", flat=True))


def test_old_entries_are_removed_and_the_rest_verifies() -> None:
    assert prune("--days", "100") == "Removed: audit entries 6, security events 0.\n"

    assert [name for name in kept() if name.startswith("Campaign")] == [f"Campaign {number}" for number in range(6, 10)]
    assert list(AuditSeal.objects.values_list("position", flat=True)) == [7, 8, 9, 10, 11]
    said = verified()
    assert "The audit log is whole. Entries: 5." in said
    assert "Removed on purpose: up to position 6, on " in said


def test_a_place_that_was_noted_may_be_the_last_one_removed() -> None:
    sixth, fifth = (str(AuditSeal.objects.get(position=position)) for position in (6, 5))
    prune("--days", "100")

    assert "whole" in verified("--expect", sixth)
    for odd in (f"6:{'0' * 64}", fifth):
        with pytest.raises(CommandError, match=r"Problems: 1\."):
            verified("--expect", odd)


def test_the_removal_itself_is_an_entry_that_says_how_much() -> None:
    seal = AuditSeal.objects.get(position=6).seal
    prune("--days", "100")

    entry = AuditEntry.objects.latest("pk")
    assert (entry.get_action_display(), entry.actor_name, entry.door) == ("delete", "prune_audit_log", "command")
    assert entry.changes == {"entries": ["6", None], "up_to_position": ["6", None], "seal": [seal, None]}


def test_it_can_be_done_again_and_again() -> None:
    prune("--days", "100")
    assert prune("--days", "100") == "Removed: audit entries 0, security events 0.\n"
    assert AuditSeal.objects.count() == 5, "nothing removed, nothing noted"


def test_a_log_that_is_old_altogether_leaves_the_checkpoint() -> None:
    prune("--days", "100")
    with pytest.MonkeyPatch.context() as patched:
        later = timezone.now() + timedelta(days=365)
        patched.setattr("accounts.management.commands.prune_audit_log.timezone.now", lambda: later)
        assert "audit entries 5" in prune("--days", "100")

    assert len(kept()) == 1
    write_entries(3)
    assert "The audit log is whole. Entries: 4." in verified()


def test_only_a_beginning_is_removed() -> None:
    """An old entry behind a young one stays: the chain has one end."""
    write_entries(1)
    forge(
        "UPDATE audit_log SET timestamp = %s WHERE id = (SELECT max(id) FROM audit_log)",
        timezone.now() - timedelta(300),
    )
    seal_everything()

    assert "audit entries 6," in prune("--days", "100")


@pytest.mark.parametrize("days", ["89", "0", "-1", "soon", "1e3", "9" * 30])
def test_evidence_that_is_young_is_never_removed(days: str) -> None:
    with pytest.raises(CommandError, match="--days"):
        prune(f"--days={days}")
    assert len(kept()) == 10


def test_a_dry_run_removes_nothing() -> None:
    assert prune("--days", "100", "--dry-run") == "Would be removed: audit entries 6, security events 0.\n"
    assert len(kept()) == 10


def test_security_events_go_by_the_same_rule() -> None:
    for age in (200, 10):
        SecurityEvent.objects.create(
            kind=SecurityEventKind.LOGIN_OK, happened_at=timezone.now() - timedelta(days=age), username=f"{age}"
        )

    assert prune("--days", "100") == "Removed: audit entries 6, security events 1.\n"
    assert [event.username for event in SecurityEvent.objects.all()] == ["10"]


def test_a_log_that_was_tampered_with_is_not_pruned() -> None:
    forge("UPDATE audit_log SET actor_name = 'Nobody' WHERE object_repr = 'Campaign 2'")

    with pytest.raises(CommandError, match="not whole"):
        prune("--days", "100")
    assert len(kept()) == 10


def test_a_beginning_that_was_removed_by_hand_is_found() -> None:
    forge("DELETE FROM audit_log WHERE id IN (SELECT entry_id FROM audit_seals WHERE position <= 3)")
    forge("DELETE FROM audit_seals WHERE position <= 3")

    assert problems() == ["Positions 1 to 3 are missing, and no entry says that they were removed on purpose"]


def test_more_than_the_checkpoint_says_can_not_be_removed() -> None:
    prune("--days", "100")
    forge("DELETE FROM audit_log WHERE id IN (SELECT entry_id FROM audit_seals WHERE position <= 8)")
    forge("DELETE FROM audit_seals WHERE position <= 8")

    assert problems() == ["Positions 1 to 8 are missing, and no entry says that they were removed on purpose"]


def test_a_checkpoint_that_was_forged_is_found() -> None:
    prune("--days", "100")
    forge(
        "UPDATE audit_log SET changes = jsonb_set(changes, '{seal,0}', to_jsonb(repeat('a', 64)))"
        " WHERE object_repr LIKE 'Audit log before %%' AND action = %s",
        AuditEntry.Action.DELETE,
    )

    assert any("at position 7" in text or "at position 11" in text for text in problems())


def test_the_mode_is_over_afterwards() -> None:
    prune("--days", "100")

    with pytest.raises(ProgrammingError, match="only grows"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM audit_log")


def pruned_by_two() -> list[str]:
    """What two commands say that run at once."""
    ready = Barrier(2)

    def run(_: int) -> str:
        try:
            connection.ensure_connection()
            ready.wait(timeout=30)
            return prune("--days", "100")
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        return sorted(pool.map(run, range(2)))


@pytest.mark.django_db(transaction=True)
def test_of_two_who_prune_at_once_one_finds_nothing_left() -> None:
    said = pruned_by_two()

    assert said == [f"Removed: audit entries {count}, security events 0.\n" for count in (0, 6)]
    assert "Entries: 5." in verified()


@pytest.mark.django_db(transaction=True)
def test_control_without_the_lock_both_say_that_they_removed_it(monkeypatch: pytest.MonkeyPatch) -> None:
    both = Barrier(2)
    leave = prune_audit_log.Command._leave_checkpoint

    def leave_together(*args: Any) -> None:
        both.wait(timeout=30)
        leave(*args)

    monkeypatch.setattr(prune_audit_log, "lock_chain_head", lambda wait: True)
    monkeypatch.setattr(prune_audit_log.Command, "_leave_checkpoint", staticmethod(leave_together))

    assert pruned_by_two() == ["Removed: audit entries 6, security events 0.\n"] * 2
