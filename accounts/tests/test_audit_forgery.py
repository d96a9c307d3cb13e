"""What someone who may do everything in the database, but has no key, can do to the log, and what finds it."""

from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from accounts.audit.heads import note_head
from accounts.audit.sealing import seal_everything
from accounts.audit.seals import BEGINNING, SEAL_FORMATS, seal_of, values_of
from accounts.choices import SecurityEventKind
from accounts.models import AuditEntry, AuditSeal, SecurityEvent
from accounts.tests.forgeries import forge, unguarded, write_entries

pytestmark = pytest.mark.django_db

# Entries are at positions 1 to 3 and 5 to 7, events at 4 and 8.
COPY = (
    "CREATE TEMPORARY TABLE copies ON COMMIT DROP AS SELECT * FROM audit_log WHERE object_repr = 'Campaign 1'",
    "DELETE FROM audit_log WHERE id IN (SELECT id FROM copies)",
    "UPDATE copies SET actor_username = 'mallory'",
    "INSERT INTO audit_log SELECT * FROM copies",
)
REQUEUE = (
    "INSERT INTO audit_entries_to_seal (entry_id) SELECT id FROM audit_log ON CONFLICT DO NOTHING",
    "INSERT INTO audit_entries_to_seal (event_id) SELECT event_id FROM security_events ON CONFLICT DO NOTHING",
)
EMPTY = ("DELETE FROM audit_log", "DELETE FROM audit_seals", "DELETE FROM security_events")
ALTERED = "was altered or moved"


def made_anew(key: str | None, *, first: int = 1) -> None:
    """Alter an entry and make all seals from a position on anew, with this key."""
    before = AuditSeal.objects.filter(position=first - 1).first()
    previous = before.seal if before else BEGINNING
    entry = "(SELECT entry_id FROM audit_seals WHERE position = %s)"
    forge(f"UPDATE audit_log SET actor_name = 'Nobody' WHERE id = {entry}", first)  # noqa: S608 - our own text
    seals = list(AuditSeal.objects.filter(position__gte=first))
    forge("DELETE FROM audit_seals WHERE position >= %s", first)
    with unguarded():
        for seal in seals:
            rows: Any = SecurityEvent.objects if seal.entry_id is None else AuditEntry.objects
            row = rows.get(pk=seal.entry_id or seal.event_id)
            if key is None and seal.entry_id is not None:
                seal.format = 1
            values = values_of(row, SEAL_FORMATS[seal.format].columns)
            previous = seal.seal = seal_of(previous, values, key=key)
            seal.save(force_insert=True)


def without_events() -> None:
    """Delete all events with their seals, and make all seals anew without a key, as before there were keys."""
    forge("DELETE FROM security_events")
    forge("DELETE FROM audit_seals")
    with unguarded():
        previous = BEGINNING
        for position, entry in enumerate(AuditEntry.objects.order_by("pk"), start=1):
            previous = seal_of(previous, values_of(entry, SEAL_FORMATS[1].columns), key=None)
            AuditSeal.objects.create(position=position, entry_id=entry.pk, seal=previous, format=1)


def in_sql(*statements: str, written_first: int = 0) -> Callable[[], None]:
    """An attack that consists of these statements, with disabled triggers that are enabled again."""

    def attack() -> None:
        write_entries(written_first)
        for statement in statements:
            forge(statement)

    return attack


# Each attack with what `verify_audit_log` says about it.
ATTACKS: dict[str, tuple[Callable[[], None], str]] = {
    "an entry changed": (in_sql("UPDATE audit_log SET object_repr = 'x' WHERE object_repr = 'Campaign 1'"), ALTERED),
    "an event changed": (in_sql("UPDATE security_events SET detail = 'x' WHERE kind = 'login_failed'"), ALTERED),
    "an entry copied, deleted and inserted with another actor": (in_sql(*COPY), ALTERED),
    "the same, and queued for a seal": (in_sql(*COPY, *REQUEUE), ALTERED),
    "an entry deleted": (
        in_sql("DELETE FROM audit_log WHERE id = (SELECT entry_id FROM audit_seals WHERE position = 2)"),
        "at position 2 is missing",
    ),
    "an event deleted": (in_sql("DELETE FROM security_events WHERE kind = 'login_ok'"), "at position 4 is missing"),
    "an entry deleted with its seal": (
        in_sql(
            "DELETE FROM audit_log WHERE id = (SELECT entry_id FROM audit_seals WHERE position = 2)",
            "DELETE FROM audit_seals WHERE position = 2",
        ),
        "Position 2 is missing.",
    ),
    "an event deleted with its seal": (
        in_sql("DELETE FROM security_events WHERE kind = 'login_ok'", "DELETE FROM audit_seals WHERE position = 4"),
        "Position 4 is missing.",
    ),
    "the same, and the gap closed": (
        in_sql(
            "DELETE FROM security_events WHERE kind = 'login_ok'",
            "DELETE FROM audit_seals WHERE position = 4",
            "UPDATE audit_seals SET position = -position WHERE position > 4",
            "UPDATE audit_seals SET position = -position - 1 WHERE position < 0",
        ),
        ALTERED,
    ),
    "the beginning deleted": (
        in_sql(
            "DELETE FROM audit_log WHERE id IN (SELECT entry_id FROM audit_seals WHERE position <= 3)",
            "DELETE FROM audit_seals WHERE position <= 3",
        ),
        "no audit entry records that they were pruned",
    ),
    "the end deleted": (
        in_sql(
            "DELETE FROM security_events WHERE kind = 'login_failed'",
            "DELETE FROM audit_seals WHERE position = 8",
        ),
        "which is missing: the end of the log was deleted",
    ),
    "everything deleted": (in_sql(*EMPTY), "which is missing: the end of the log was deleted"),
    "everything emptied": (
        in_sql("TRUNCATE audit_log, audit_seals, security_events, audit_entries_to_seal RESTART IDENTITY"),
        "which is missing: the end of the log was deleted",
    ),
    "an entry inserted without a seal": (
        in_sql(
            "INSERT INTO audit_log SELECT (jsonb_populate_record(audit_log, '{\"id\": 0}')).* FROM audit_log LIMIT 1"
        ),
        "Entry 0 (“Campaign 0”) has no seal",
    ),
    "an event inserted without a seal": (
        in_sql(
            "INSERT INTO security_events SELECT (jsonb_populate_record(security_events,"
            " jsonb_build_object('event_id', gen_random_uuid()))).* FROM security_events LIMIT 1"
        ),
        "has no seal: the event was inserted",
    ),
    "a seal deleted": (in_sql("DELETE FROM audit_seals WHERE position = 2"), "Position 2 is missing."),
    "all seals deleted": (in_sql("DELETE FROM audit_seals"), "has no seal"),
    "all seals deleted and made anew by the server": (
        in_sql("DELETE FROM audit_seals", "UPDATE audit_log SET actor_name = 'Nobody'", *REQUEUE),
        "notes a different seal at position 8",
    ),
    "a seal used twice": (
        in_sql("UPDATE audit_seals SET seal = (SELECT seal FROM audit_seals WHERE position = 2) WHERE position = 3"),
        ALTERED,
    ),
    "seals in another order": (
        in_sql(
            "UPDATE audit_seals SET position = -1 WHERE position = 2",
            "UPDATE audit_seals SET position = 2 WHERE position = 3",
            "UPDATE audit_seals SET position = 3 WHERE position = -1",
        ),
        ALTERED,
    ),
    "all seals made anew without a key": (lambda: made_anew(None), ALTERED),
    "all seals made anew with a wrong key": (lambda: made_anew("k" * 48), "sealed with a key that isn't in SEAL_KEYS"),
    "the last seals made anew without a key": (lambda: made_anew(None, first=6), "older than those before it"),
    "the last seals made anew with a wrong key": (lambda: made_anew("k" * 48, first=6), "isn't in SEAL_KEYS"),
    "events deleted and the log made anew as before there were keys": (without_events, "the last one, has format 1"),
    "a seal said to be of the format without a key": (
        in_sql("UPDATE audit_seals SET format = 1 WHERE position = 5"),
        "at position 5 has a seal of format 1, older than those before it",
    ),
    "a seal said to be of the other kind": (
        in_sql("UPDATE audit_seals SET format = 3 WHERE position = 5"),
        "at position 5 has a seal of format 3, which it can't have",
    ),
    "a seal for the entry of another": (
        in_sql(
            "UPDATE audit_seals SET entry_id = 0 WHERE position = 2",
            "UPDATE audit_seals SET entry_id = (SELECT min(id) + 1 FROM audit_log) WHERE position = 3",
        ),
        "Entry 0 at position 2 is missing",
    ),
    "a waiting entry taken off the queue": (
        in_sql("DELETE FROM audit_entries_to_seal", written_first=1),
        "has no seal: the entry was inserted",
    ),
    "a waiting entry deleted": (
        in_sql("DELETE FROM audit_log WHERE id = (SELECT max(id) FROM audit_log)", written_first=1),
        "was deleted before it was sealed",
    ),
    "a trigger left disabled": (
        lambda: _run("ALTER TABLE audit_log DISABLE TRIGGER audit_log_only_grows"),
        "The trigger audit_log_only_grows on audit_log is missing or disabled",
    ),
    "a trigger dropped": (
        lambda: _run("DROP TRIGGER security_events_are_sealed ON security_events"),
        "The trigger security_events_are_sealed on security_events is missing or disabled",
    ),
}


def _run(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(statement)


@pytest.fixture
def _a_sealed_log(tmp_path: Path, settings: Any) -> None:
    write_entries(3)
    SecurityEvent.objects.record(SecurityEventKind.LOGIN_OK, None)
    write_entries(3)
    SecurityEvent.objects.record(SecurityEventKind.LOGIN_FAILED, None)
    seal_everything()
    settings.AUDIT_HEADS = tmp_path / "heads"
    note_head(8, AuditSeal.objects.get(position=8).seal)


def verified() -> str:
    out = StringIO()
    try:
        call_command("verify_audit_log", stdout=out)
    except CommandError as error:
        return f"{out.getvalue()}{error}"
    return out.getvalue()


@pytest.mark.usefixtures("_a_sealed_log")
@pytest.mark.parametrize("attack", ATTACKS)
def test_every_attack_without_the_key_is_found(attack: str) -> None:
    forgery, finding = ATTACKS[attack]
    forgery()

    found = verified()
    assert finding in found
    assert "The audit log is not intact." in found


@pytest.mark.usefixtures("_a_sealed_log")
def test_control_without_an_attack_nothing_is_found() -> None:
    assert "The audit log is intact. Seals checked: 8." in verified()
