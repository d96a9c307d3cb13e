"""Verifying the audit log: each entry against its seal, and each seal against the one before it."""

from collections.abc import Iterator
from typing import NamedTuple

from django.contrib.contenttypes.models import ContentType
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from accounts.audit.history import timestamp
from accounts.audit.models import BEGINNING, SEAL_FORMATS, seal_of, values_of
from accounts.models import AuditEntry, AuditEntryToSeal, AuditSeal

CHUNK = 1000


class Checkpoint(NamedTuple):
    """The last position that was pruned, its seal, and the audit entry that records the pruning."""

    position: int
    seal: str
    entry: AuditEntry


def checkpoint_before(position: int) -> Checkpoint | None:
    """The checkpoint for the pruning of all entries before `position`, or None if the log contains none."""
    entries = AuditEntry.objects.filter(
        content_type=ContentType.objects.get_for_model(AuditEntry),
        action=AuditEntry.Action.DELETE,
        object_pk=str(position - 1),
    )
    for entry in entries:
        seal = (entry.changes or {}).get("seal", [None])[0]
        if seal:
            return Checkpoint(position - 1, seal, entry)
    return None


def walk() -> Iterator[tuple[AuditSeal, list[str]]]:
    """Every seal in order with the problems found there. Reads a thousand entries at a time.

    After a problem it continues from the stored seal, so that only what was tampered with is reported. The seal after a
    gap is not compared, because the seal it continues is unknown.
    """
    expected, previous = 1, BEGINNING
    for seals in _chunks():
        entries = AuditEntry.objects.in_bulk([seal.entry_id for seal in seals])
        for seal in seals:
            wrong = []
            if seal.position != expected:
                checkpoint = checkpoint_before(seal.position) if expected == 1 else None
                previous = checkpoint.seal if checkpoint else ""
                if checkpoint is None:
                    wrong.append(_gap(expected, seal.position - 1))
            wrong.extend(_wrong(seal, entries.get(seal.entry_id), previous))
            yield seal, wrong
            expected, previous = seal.position + 1, seal.seal


def _gap(first: int, last: int) -> str:
    if first == last == 1:
        message = _("Position %(first)d is missing, and no audit entry records that it was pruned.")
    elif first == 1:
        message = _("Positions %(first)d to %(last)d are missing, and no audit entry records that they were pruned.")
    elif first == last:
        message = _("Position %(first)d is missing.")
    else:
        message = _("Positions %(first)d to %(last)d are missing.")
    return message % {"first": first, "last": last}


def _wrong(seal: AuditSeal, entry: AuditEntry | None, previous: str) -> Iterator[str]:
    columns = SEAL_FORMATS.get(seal.format)
    params = {"entry": seal.entry_id, "position": seal.position}
    if entry is None:
        yield _("Entry %(entry)d at position %(position)d is missing.") % params
    elif columns is None:
        message = _("The seal of entry %(entry)d at position %(position)d has format %(format)d, which doesn't exist.")
        yield message % {**params, "format": seal.format}
    elif previous and seal_of(previous, values_of(entry, columns)) != seal.seal:
        message = _("Entry %(entry)d at position %(position)d (“%(name)s”, %(time)s) was altered or moved.")
        yield message % {**params, "name": entry.object_repr, "time": timestamp(entry.timestamp)}


def _chunks() -> Iterator[list[AuditSeal]]:
    reached = 0
    while seals := list(AuditSeal.objects.filter(position__gt=reached)[:CHUNK]):
        yield seals
        reached = seals[-1].position


def unsealed_entries() -> Iterator[str]:
    """The problems with entries that aren't sealed: those that aren't waiting for a seal, or were deleted before it."""
    sealed = Exists(AuditSeal.objects.filter(entry_id=OuterRef("pk")))
    queued = Exists(AuditEntryToSeal.objects.filter(pk=OuterRef("pk")))
    for entry in AuditEntry.objects.filter(~sealed, ~queued).order_by("pk").iterator(CHUNK):
        message = _("Entry %(entry)d (“%(name)s”) has no seal: the entry was inserted, or its seal was deleted.")
        yield message % {"entry": entry.pk, "name": entry.object_repr}
    written = Exists(AuditEntry.objects.filter(pk=OuterRef("pk")))
    for waiting in AuditEntryToSeal.objects.filter(~written).iterator(CHUNK):
        yield _("Entry %(entry)d is missing: it was deleted before it was sealed.") % {"entry": waiting.pk}
