"""An audit log to tamper with, and every way to do so."""

import json
import random
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction
from django.utils import timezone
from psycopg import sql

from accounts.audit.seals import SEAL_FORMATS
from accounts.audit.verifying import problems_around, walk
from accounts.models import AuditEntry, AuditSeal
from campaigns.models import Campaign

LOGS = ("audit_log", "audit_seals", "security_events")


def write_entries(count: int) -> None:
    """Save `count` different entries."""
    kind = ContentType.objects.get_for_model(Campaign)
    now = timezone.now()
    AuditEntry.objects.bulk_create(
        [
            AuditEntry(
                content_type=kind,
                object_pk=str(uuid.uuid4()),
                object_repr=f"Campaign {number}",
                action=number % 4,
                changes={"campaign_name": [f"Old {number}", f"New {number}"], "latitude": [None, number / 7]},
                timestamp=now + timedelta(seconds=number),
                actor_id=uuid.uuid4(),
                actor_name="Ünal Öz",
                door="api",
                remote_addr="192.0.2.1",
                cid=f"request-{number}",
                parent_id=uuid.uuid4(),
                additional_data={"parent_id": "x"},
            )
            for number in range(count)
        ]
    )


def problems() -> list[str]:
    """All problems found in the log."""
    return [*problems_of_seals(), *problems_around()]


def problems_of_seals() -> list[str]:
    """The problems found at single seals."""
    return [problem for _, wrong in walk() for problem in wrong]


def forge(statement: Any, *values: Any) -> None:
    """Run a statement as someone who may disable the triggers."""
    with unguarded(), connection.cursor() as cursor:
        cursor.execute(statement, values)


_is_unguarded = False


@contextmanager
def unguarded() -> Iterator[None]:
    """Disable the triggers of the logs, unless they are. A thousand times in one transaction would take minutes."""
    global _is_unguarded
    if _is_unguarded:
        yield
        return
    with transaction.atomic():
        _switch_triggers("DISABLE")
        _is_unguarded = True
        try:
            yield
        finally:
            _is_unguarded = False
        _switch_triggers("ENABLE")


def _switch_triggers(switch: str) -> None:
    with connection.cursor() as cursor:
        # PostgreSQL refuses while a foreign key is still to be checked.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
        for table in LOGS:
            cursor.execute(f"ALTER TABLE {table} {switch} TRIGGER USER")


def _columns() -> dict[str, Callable[[random.Random], Any]]:
    """For each column of an entry, a function that returns a different value."""
    kind = ContentType.objects.get_for_model(ContentType).pk

    def text(chance: random.Random) -> str:
        return "".join(chance.choices("abcdefgh", k=12))

    def number(chance: random.Random) -> int:
        return chance.randrange(10_000, 60_000)

    own: dict[str, Callable[[random.Random], Any]] = {
        "timestamp": lambda chance: timezone.now() - timedelta(microseconds=chance.randrange(1, 10**9)),
        "action": lambda chance: chance.randrange(4, 30_000),
        "content_type_id": lambda chance: kind,
        "object_id": number,
        "remote_port": number,
        "changes": lambda chance: json.dumps({"campaign_name": [text(chance), "x"]}),
        "serialized_data": lambda chance: json.dumps({"pk": text(chance)}),
        "additional_data": lambda chance: json.dumps({"is_dst": text(chance)}),
        "parent_id": lambda chance: uuid.UUID(int=chance.getrandbits(128)),
        "actor_id": lambda chance: uuid.UUID(int=chance.getrandbits(128)),
        "remote_addr": lambda chance: f"198.51.100.{chance.randrange(256)}",
        "door": lambda chance: text(chance)[:10],
    }
    names = [column for column in SEAL_FORMATS[2].columns if column not in {"id", "content_type"}]
    return {name: own.get(name, text) for name in [*names, "content_type_id"]}


def _alter(chance: random.Random) -> set[int]:
    """Change the value of one column."""
    name, value = chance.choice(list(_columns().items()))
    seal = _any_seal(chance)
    update = sql.SQL("UPDATE audit_log SET {} = %s WHERE id = %s").format(sql.Identifier(name))
    forge(update, value(chance), seal.entry_id)
    return {seal.position}


def _remove(chance: random.Random) -> set[int]:
    """Delete an entry but not its seal. It may be the last one."""
    seal = _any_seal(chance)
    forge("DELETE FROM audit_log WHERE id = %s", seal.entry_id)
    return {seal.position}


def _swap_entries(chance: random.Random) -> set[int]:
    """Swap two entries."""
    one, other = _two_seals(chance)
    forge("UPDATE audit_log SET id = -1 WHERE id = %s", one.entry_id)
    forge("UPDATE audit_log SET id = %s WHERE id = %s", one.entry_id, other.entry_id)
    forge("UPDATE audit_log SET id = %s WHERE id = -1", other.entry_id)
    return {one.position, other.position}


def _swap_seals(chance: random.Random) -> set[int]:
    """Swap two seals together with their entries."""
    one, other = _two_seals(chance)
    forge("UPDATE audit_seals SET position = -1 WHERE position = %s", one.position)
    forge("UPDATE audit_seals SET position = %s WHERE position = %s", one.position, other.position)
    forge("UPDATE audit_seals SET position = %s WHERE position = -1", other.position)
    return {one.position, other.position}


def _alter_seal(chance: random.Random) -> set[int]:
    """Change a seal."""
    seal = _any_seal(chance)
    forge("UPDATE audit_seals SET seal = %s WHERE position = %s", f"{chance.getrandbits(256):064x}", seal.position)
    return {seal.position}


def _alter_format(chance: random.Random) -> set[int]:
    """Change the format of a seal."""
    seal = _any_seal(chance)
    forge("UPDATE audit_seals SET format = %s WHERE position = %s", chance.choice([-1, 0, 1, 3, 4]), seal.position)
    return {seal.position}


def _remove_seal(chance: random.Random) -> set[int]:
    """Delete a seal but not its entry."""
    seal = _any_seal(chance)
    forge("DELETE FROM audit_seals WHERE position = %s", seal.position)
    return {seal.position}


def _remove_both(chance: random.Random) -> set[int]:
    """Delete an entry and its seal from the middle of the log."""
    seal = AuditSeal.objects.get(position=chance.randrange(1, AuditSeal.objects.count()))
    forge("DELETE FROM audit_log WHERE id = %s", seal.entry_id)
    forge("DELETE FROM audit_seals WHERE position = %s", seal.position)
    return {seal.position}


def _insert(chance: random.Random) -> set[int]:
    """Insert an entry that the application never wrote."""
    forge("INSERT INTO audit_log SELECT (jsonb_populate_record(audit_log, '{\"id\": 0}')).* FROM audit_log LIMIT 1")
    return {0}


def _any_seal(chance: random.Random) -> AuditSeal:
    return AuditSeal.objects.get(position=chance.randrange(1, AuditSeal.objects.count() + 1))


def _two_seals(chance: random.Random) -> list[AuditSeal]:
    return list(AuditSeal.objects.filter(position__in=chance.sample(range(1, AuditSeal.objects.count() + 1), 2)))


WAYS = [_alter, _remove, _swap_entries, _swap_seals, _alter_seal, _alter_format, _remove_seal, _remove_both, _insert]
