"""Pruning the audit log: only one command deletes old entries, and the remaining ones can still be verified."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from io import StringIO
from threading import Barrier
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, ProgrammingError, connection, transaction
from django.utils import timezone

from accounts.audit import pruning
from accounts.audit.sealing import seal_everything
from accounts.audit.seals import newest_key, proof_of_pruning
from accounts.choices import SecurityEventKind
from accounts.management.commands import prune_audit_log
from accounts.models import AuditEntry, AuditEntryToSeal, AuditSeal, SecurityEvent
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


def start_over() -> None:
    """Empty the logs."""
    forge("DELETE FROM audit_log; DELETE FROM audit_seals; DELETE FROM security_events")
    AuditEntryToSeal.objects.all().delete()


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
    proof = proof_of_pruning(6, seal, key=newest_key())
    removed = {"entries": ["6", None], "events": ["0", None]}
    assert entry.changes == {**removed, "up_to_position": ["6", None], "seal": [seal, None], "proof": [proof, None]}


def test_pruning_again_deletes_nothing_and_leaves_no_checkpoint() -> None:
    prune("--days", "100")
    assert prune("--days", "100") == [0, 0]
    assert AuditSeal.objects.count() == 5


def test_the_last_entry_is_never_deleted_because_the_log_continues_from_it() -> None:
    start_over()
    write_entries(3)
    forge("UPDATE audit_log SET timestamp = now() - interval '200 days'")

    assert prune("--days", "100") == [2, 0]
    assert verified()
    assert kept()[0] == "Campaign 2"
    assert prune("--days", "100") == [1, 0], "now it continues from the checkpoint"
    assert verified()
    assert prune("--days", "100") == [0, 0]


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
    start_over()
    for age in (200, 190, 10):
        SecurityEvent.objects.create(
            kind=SecurityEventKind.LOGIN_OK, happened_at=timezone.now() - timedelta(days=age), username=f"{age}"
        )
        write_entries(1)
        forge("UPDATE audit_log SET timestamp = now() - make_interval(days => %s) WHERE timestamp > now()", age)

    assert output_of_prune("--days", "100") == "Deleted 2 audit entries.\nDeleted 2 security events.\n"
    assert [event.username for event in SecurityEvent.objects.all()] == ["10"]
    assert verified()


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

    with pytest.raises(ProgrammingError, match="only grows"):
        run("DELETE FROM audit_log")


def run(sql: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)


@pytest.mark.parametrize(
    ("arguments", "refusal"),
    [
        ("6, 89", "Nothing younger than 90 days is removed"),
        ("6, NULL", "Nothing younger than 90 days is removed"),
        ("6, -100", "Nothing younger than 90 days is removed"),
        ("8, 90", "Not everything up to position 8 is 90 days old"),
        ("6, 201", "Not everything up to position 6 is 201 days old"),
        ("10, 90", "Position 10 is not in the log, or is the last one"),
        ("99, 90", "Position 99 is not in the log"),
    ],
)
def test_the_function_of_the_database_judges_the_age_itself(arguments: str, refusal: str) -> None:
    with pytest.raises(DatabaseError, match=refusal):
        run(f"SELECT prune_audit_log({arguments}, '')")
    assert len(kept()) == 10


def test_the_function_removes_nothing_whose_entry_was_deleted() -> None:
    forge("DELETE FROM audit_log WHERE object_repr = 'Campaign 2'")

    with pytest.raises(DatabaseError, match="Not everything up to position 6"):
        run("SELECT prune_audit_log(6, 90, '')")


def test_a_call_of_the_function_without_a_key_is_found() -> None:
    run("SELECT prune_audit_log(6, 90, repeat('0', 64))")
    seal_everything()

    (found,) = problems()
    assert found.startswith("The positions up to 6 are missing, and entry ")
    assert "contains no proof" in found


def test_an_imitated_checkpoint_is_found() -> None:
    """Someone with the rights of the owner deletes the beginning, and writes the entry that would explain it."""
    prune("--days", "100")
    forge(
        "INSERT INTO audit_log (content_type_id, object_pk, object_repr, action, changes, changes_text, timestamp)"
        " SELECT content_type_id, '8', object_repr, action,"
        " jsonb_set(changes, '{seal,0}', (SELECT to_jsonb(seal) FROM audit_seals WHERE position = 8)), '', now()"
        " FROM audit_log WHERE object_repr LIKE 'Audit log before %%'"
    )
    forge("INSERT INTO audit_entries_to_seal (entry_id) SELECT max(id) FROM audit_log")
    seal_everything()
    forge("DELETE FROM audit_log WHERE id IN (SELECT entry_id FROM audit_seals WHERE position <= 8)")
    forge("DELETE FROM audit_seals WHERE position <= 8")

    (found,) = problems()
    assert found.startswith("The positions up to 8 are missing, and entry ")


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
def test_control_without_the_lock_one_of_them_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    both = Barrier(2)
    prune_there = pruning.prune

    def prune_together(*args: Any) -> None:
        both.wait(timeout=30)
        prune_there(*args)

    monkeypatch.setattr(prune_audit_log, "lock_chain_head", lambda wait: True)
    monkeypatch.setattr(prune_audit_log, "prune", prune_together)

    with pytest.raises(DatabaseError, match="Position 6 is not in the log"):
        pruned_by_two()
