"""Finding out whether the audit log is whole: each entry against its seal, each seal against the one before."""

from collections.abc import Iterator
from typing import NamedTuple

from django.contrib.contenttypes.models import ContentType
from django.db.models import Exists, OuterRef

from accounts.audit.models import BEGINNING, SEAL_FORMATS, seal_of, values_of
from accounts.models import AuditEntry, AuditEntryToSeal, AuditSeal

CHUNK = 1000


class Checkpoint(NamedTuple):
    """Up to where old entries were removed on purpose, and the seal of the last one removed."""

    position: int
    seal: str
    entry: AuditEntry


def checkpoint_before(position: int) -> Checkpoint | None:
    """What the log itself says about the removal of everything before `position`; None when it says nothing."""
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
    """Every seal in order, with whatever is wrong there. Holds no more than a thousand entries at a time.

    After something wrong it goes on from the stored seal, so that what is named is what was touched. What follows a
    seal that is missing is not compared: nobody knows any more what it continued.
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
    missing = f"Positions {first} to {last} are missing"
    return f"{missing}, and no entry says that they were removed on purpose" if first == 1 else missing


def _wrong(seal: AuditSeal, entry: AuditEntry | None, previous: str) -> Iterator[str]:
    columns = SEAL_FORMATS.get(seal.format)
    if entry is None:
        yield f"Entry {seal.entry_id} at position {seal.position} is missing"
    elif columns is None:
        yield f"Entry {entry.pk} at position {seal.position} has a seal of format {seal.format}, which does not exist"
    elif previous and seal_of(previous, values_of(entry, columns)) != seal.seal:
        when = f"{entry.timestamp:%Y-%m-%d %H:%M:%S} UTC"
        yield f"Entry {entry.pk} at position {seal.position} (“{entry.object_repr}”, {when}) was altered or moved"


def _chunks() -> Iterator[list[AuditSeal]]:
    reached = 0
    while seals := list(AuditSeal.objects.filter(position__gt=reached)[:CHUNK]):
        yield seals
        reached = seals[-1].position


def unsealed_entries() -> Iterator[str]:
    """What is wrong with entries that have no seal."""
    sealed = Exists(AuditSeal.objects.filter(entry_id=OuterRef("pk")))
    queued = Exists(AuditEntryToSeal.objects.filter(pk=OuterRef("pk")))
    for entry in AuditEntry.objects.filter(~sealed, ~queued).order_by("pk").iterator(CHUNK):
        yield f"Entry {entry.pk} (“{entry.object_repr}”) has no seal: it was put in, or its seal was taken away"
    written = Exists(AuditEntry.objects.filter(pk=OuterRef("pk")))
    for waiting in AuditEntryToSeal.objects.filter(~written).iterator(CHUNK):
        yield f"Entry {waiting.pk} is missing: it was taken away before it was sealed"
