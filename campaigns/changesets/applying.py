"""Carrying out what has been planned: all that the plan accepted, or nothing."""

from typing import TYPE_CHECKING
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.audit.models import AuditEntry, write_together
from campaign_studio.writing import before_commit, deferred, one_write
from campaigns.changesets.models import ChangeSet, State
from campaigns.changesets.operations import Operation, Refusal
from campaigns.changesets.planning import begin, carry_out
from campaigns.changesets.versions import (
    Moved,
    lock,
    moved,
    present_versions,
    touched,
    unlogged_columns,
    versions_of,
)

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

    from accounts.models import User

NOT_PLANNED = _("This change set has been applied already. Plan a new one.")


class WrongStateError(Exception):
    """The change set has been applied, or undone, or neither."""

    def __init__(self, message: "StrPromise") -> None:
        self.message = message
        super().__init__(str(message))


class MovedError(Exception):
    """Rows have been changed since the plan, or since the application. `rows` names them."""

    def __init__(self, rows: list[Moved]) -> None:
        self.rows = rows
        super().__init__(", ".join(row.name for row in rows))


class OtherwiseError(Exception):
    """An operation is refused that the plan accepted, such as the seventh ad of a campaign."""

    def __init__(self, operation: Operation, refusal: Refusal) -> None:
        self.operation = operation
        self.refusal = refusal
        super().__init__(refusal.code)


def apply(key: UUID, *, by: "User") -> ChangeSet:
    """Carry out all operations that the plan accepted, in one write with one time in the audit log.

    Nothing is carried out if this raises: WrongStateError, MovedError if a row isn't as it was when it was planned,
    OtherwiseError if an operation is refused all the same.
    """
    with one_write():
        change_set = in_state(key, State.PLANNED, NOT_PLANNED)
        operations = change_set.accepted()
        rows = lock(operations)
        if found := moved(change_set.bases, versions_of(rows)):
            raise MovedError(found)
        change_set.unlogged = unlogged_columns(rows)
        begin()
        for operation in operations:
            done = carry_out(operation, by)
            if isinstance(done, Refusal):
                raise OtherwiseError(operation, done)
        entries = deferred(write_together)
        change_set.results = present_versions(touched(entries))
        change_set.state, change_set.applied_at = State.APPLIED, timezone.now()
        change_set.applied_by_name = by.display_name
        change_set.save()
        _note(change_set, entries)
    return change_set


def in_state(key: UUID, state: State, otherwise: "StrPromise") -> ChangeSet:
    """The change set, locked. Raises WrongStateError with this message if it isn't in this state."""
    change_set = ChangeSet.objects.select_for_update().get(pk=key)
    if change_set.state != state:
        raise WrongStateError(otherwise)
    return change_set


def _note(change_set: ChangeSet, entries: list[AuditEntry]) -> None:
    """Store the keys of the audit entries, which they get at the end of the write."""

    def note(change_sets: list[ChangeSet]) -> None:
        for one in change_sets:
            one.entry_ids = [entry.pk for entry in entries]
            one.save(update_fields=["entry_ids"])

    before_commit(note, change_set)
