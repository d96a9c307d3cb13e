"""What a change set would do: it is carried out once, looked at, and taken back."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction
from django.utils import timezone

from accounts.audit.models import AuditEntry, write_together
from accounts.audit.shortening import LONGEST_TEXT, NAMES_SHOWN, TEXT_SHOWN
from campaign_studio.writing import deferrals, deferred, one_write
from campaigns.changesets.models import ChangeSet
from campaigns.changesets.operations import Operation, Refusal, RefusedError
from campaigns.changesets.resources import showing
from campaigns.changesets.versions import lock, touched, versions_of

if TYPE_CHECKING:
    from accounts.models import User

MOST_OPERATIONS = 1_000
# Of the rows that one operation brings along, so many are described.
MOST_OTHERS = 20
ACTIONS = {AuditEntry.Action.CREATE: "create", AuditEntry.Action.UPDATE: "update", AuditEntry.Action.DELETE: "delete"}


class UnkeptError(Exception):
    """Takes back what has been carried out. It never leaves this module."""


def plan(operations: Sequence[Operation], *, by: "User") -> ChangeSet:
    """Store what these operations would do now, for this user, one after the other. Nothing else is kept.

    Those that are refused don't hinder the others. An operation may refer to what an earlier one creates.
    """
    with one_write():
        change_set = ChangeSet(
            operations=_storable([operation.dumped() for operation in operations]),
            created_by=by,
            created_by_name=by.display_name,
            created_at=timezone.now(),
        )
        lock(operations)
        try:
            with transaction.atomic():
                begin()
                change_set.rows = _storable([_row_of(operation, by) for operation in operations])
                labels = touched(deferred(write_together))
                after = showing(labels)
                raise UnkeptError
        except UnkeptError:
            before = showing(labels)
        # Nothing has moved since they were locked.
        change_set.bases = versions_of(lock(change_set.accepted()))
        change_set.count()
        change_set.starts = _named(after, but=before)
        change_set.stops = _named(before, but=after)
        change_set.save()
        # The database orders the keys of JSON: the answer and its ETag are those of every later reading.
        change_set.refresh_from_db(fields=["operations", "rows", "starts", "stops"])
    return change_set


def begin() -> None:
    """From now on, foreign keys are checked with each operation and not at COMMIT, so that it is known which fails."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def carry_out(operation: Operation, by: "User") -> str | Refusal:
    """Carry out an operation, or nothing of it. Returns the name of its row, or why it is refused."""
    try:
        with transaction.atomic():
            return operation.carry_out(by)
    except RefusedError as error:
        return error.refusal


def _row_of(operation: Operation, by: "User") -> dict[str, Any]:
    """What the plan says about an operation."""
    since = deferrals()
    done = carry_out(operation, by)
    entries = deferred(write_together, since=since)
    own = [entry for entry in entries if _is_about(entry, operation)]
    others = [entry for entry in entries if not _is_about(entry, operation)]
    refusal = done if isinstance(done, Refusal) else None
    return {
        "outcome": "refused" if refusal else "change" if entries else "unchanged",
        "name": _name_of(operation) if isinstance(done, Refusal) else done,
        "changes": _merged(own),
        "others": [_described(entry) for entry in others[:MOST_OTHERS]],
        "others_count": len(others),
        "refusal": refusal and refusal.dumped(),
    }


def _is_about(entry: AuditEntry, operation: Operation) -> bool:
    return entry.content_type.model == operation.resource and entry.object_pk == str(operation.key)


def _name_of(operation: Operation) -> str | None:
    """The name of the row of a refused operation, if the values have one."""
    return next((str(value) for name, value in operation.values.items() if name == f"{operation.resource}_name"), None)


def _described(entry: AuditEntry) -> dict[str, Any]:
    """The change of another row that an operation brings along: of a part, or of what belongs to the row."""
    return {
        "action": ACTIONS[entry.action],
        "resource": entry.content_type.model,
        "id": entry.object_pk,
        "name": entry.object_repr,
        "changes": _merged([entry]),
    }


def _merged(entries: Iterable[AuditEntry]) -> dict[str, list[Any]]:
    """The first and the last value of each column."""
    found: dict[str, list[Any]] = {}
    for entry in entries:
        for column, (old, new) in (entry.changes or {}).items():
            found[column] = [found[column][0] if column in found else _short(old), _short(new)]
    return {column: pair for column, pair in found.items() if pair[0] != pair[1]}


def _short(value: Any) -> Any:
    """A value as a plan shows it. Long texts and lists are cut."""
    if isinstance(value, str) and len(value) > LONGEST_TEXT:
        return f"{value[:TEXT_SHOWN]}…"
    if isinstance(value, list) and len(value) > NAMES_SHOWN:
        return [*value[:NAMES_SHOWN], "…"]
    return value


def _storable(value: Any) -> Any:
    """The value without null characters, which are refused everywhere, so that it can be said what was refused."""
    if isinstance(value, dict):
        return {_storable(key): _storable(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_storable(one) for one in value]
    return value.replace("\0", "\N{REPLACEMENT CHARACTER}") if isinstance(value, str) else value


def _named(these: dict[str, str], *, but: dict[str, str]) -> list[dict[str, str]]:
    return [{"ad_id": key, "ad_name": name} for key, name in sorted(these.items()) if key not in but]
