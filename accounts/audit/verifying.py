"""Verifying the audit log: each entry and event against its seal, and each seal against the one before it."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Exists, Model, OuterRef
from django.utils.translation import gettext as _

from accounts.audit.history import timestamp
from accounts.audit.models import AuditEntry, AuditEntryToSeal, AuditSeal, SecurityEvent
from accounts.audit.pruning import checkpoint_before
from accounts.audit.seals import BEGINNING, SEAL_FORMATS, fits, values_of

CHUNK = 1000
# The triggers that guard the logs and have them sealed, by table.
TRIGGERS = {
    "audit_log": ("audit_log_only_grows", "audit_log_is_never_emptied", "audit_log_is_sealed"),
    "audit_seals": ("audit_seals_only_grows", "audit_seals_is_never_emptied", "audit_seals_are_keyed"),
    "security_events": ("security_events_only_grows", "security_events_is_never_emptied", "security_events_are_sealed"),
}


def walk() -> Iterator[tuple[AuditSeal, list[str]]]:
    """Every seal in order with the problems found there. Reads a thousand entries and events at a time.

    After a problem it continues from the stored seal, so that only what was tampered with is reported. The seal after a
    gap is not compared, because the seal it continues is unknown.
    """
    expected, previous, newest = 1, BEGINNING, _Newest()
    for seals in _chunks():
        entries = AuditEntry.objects.in_bulk([seal.entry_id for seal in seals if seal.entry_id is not None])
        events = SecurityEvent.objects.in_bulk([seal.event_id for seal in seals if seal.event_id is not None])
        for seal in seals:
            wrong = []
            if seal.position != expected:
                checkpoint = checkpoint_before(seal.position) if expected == 1 else None
                previous = checkpoint.seal if checkpoint else ""
                if checkpoint is None:
                    wrong.append(_gap(expected, seal.position - 1))
                elif not checkpoint.is_proven:
                    wrong.append(_unproven(checkpoint.entry, checkpoint.position))
            row = events.get(seal.event_id) if seal.entry_id is None else entries.get(seal.entry_id)
            wrong.extend(_wrong(seal, row, previous, newest))
            yield seal, wrong
            expected, previous = seal.position + 1, seal.seal


class _Newest:
    """The newest format so far of each kind. An older one after it is a step back, which no release makes."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}
        self.is_keyed = False

    def is_after(self, number: int) -> bool:
        """Whether this format is older than the newest so far."""
        form = SEAL_FORMATS[number]
        return number < self.numbers.get(form.kind, 0) or (self.is_keyed and not form.is_keyed)

    def saw(self, number: int) -> None:
        """Note a valid seal of this format, which isn't older than the newest."""
        form = SEAL_FORMATS[number]
        self.numbers[form.kind] = number
        self.is_keyed |= form.is_keyed


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


def _unproven(entry: AuditEntry, position: int) -> str:
    message = _(
        "The positions up to %(position)d are missing, and entry %(entry)d, which records that they were pruned, "
        "contains no proof: it was not made by prune_audit_log, or with a key that isn't in SEAL_KEYS."
    )
    return message % {"position": position, "entry": entry.pk}


def _wrong(seal: AuditSeal, row: AuditEntry | SecurityEvent | None, previous: str, newest: _Newest) -> Iterator[str]:
    form = SEAL_FORMATS.get(seal.format)
    subject = _subject(seal)
    params = {"subject": subject, "position": seal.position, "format": seal.format}
    if row is None:
        yield _("%(subject)s at position %(position)d is missing.") % params
    elif form is None or form.kind != ("event" if seal.entry_id is None else "entry"):
        yield _("%(subject)s at position %(position)d has a seal of format %(format)d, which it can't have.") % params
    elif newest.is_after(seal.format):
        message = _("%(subject)s at position %(position)d has a seal of format %(format)d, older than those before it.")
        yield message % params
    elif previous and not fits(seal.seal, form, previous, values_of(row, form.columns)):
        message = _(
            "%(subject)s at position %(position)d (“%(name)s”, %(time)s) was altered or moved, or sealed with a key "
            "that isn't in SEAL_KEYS."
        )
        yield message % {**params, "name": _name(row), "time": _time(row)}
    else:
        newest.saw(seal.format)


def _subject(seal: AuditSeal) -> str:
    if seal.entry_id is None:
        return _("Event %(event)s") % {"event": seal.event_id}
    return _("Entry %(entry)d") % {"entry": seal.entry_id}


def _name(row: AuditEntry | SecurityEvent) -> str:
    return row.object_repr if isinstance(row, AuditEntry) else row.kind


def _time(row: AuditEntry | SecurityEvent) -> str:
    return timestamp(row.timestamp if isinstance(row, AuditEntry) else row.happened_at)


def _chunks() -> Iterator[list[AuditSeal]]:
    reached = 0
    while seals := list(AuditSeal.objects.filter(position__gt=reached)[:CHUNK]):
        yield seals
        reached = seals[-1].position


def problems_around() -> Iterator[str]:
    """The problems that no single seal shows: with the end of the chain, with what isn't sealed, and with triggers."""
    yield from _end_without_key()
    yield from unsealed()
    yield from _idle_triggers()


def _end_without_key() -> Iterator[str]:
    last = AuditSeal.objects.last()
    if last and last.format in SEAL_FORMATS and not SEAL_FORMATS[last.format].is_keyed:
        message = _(
            "The seal at position %(position)d, the last one, has format %(format)d, which needs no key: the end of "
            "the log was deleted or all seals were made anew."
        )
        yield message % {"position": last.position, "format": last.format}


def unsealed() -> Iterator[str]:
    """The problems with entries and events that aren't waiting for a seal, or were deleted before they got one."""
    for entry in _forgotten(AuditEntry, "entry_id"):
        message = _("Entry %(entry)d (“%(name)s”) has no seal: the entry was inserted, or its seal was deleted.")
        yield message % {"entry": entry.pk, "name": entry.object_repr}
    for event in _forgotten(SecurityEvent, "event_id"):
        message = _("Event %(event)s (“%(name)s”) has no seal: the event was inserted, or its seal was deleted.")
        yield message % {"event": event.pk, "name": event.kind}
    for key in _deleted_early(AuditEntry, "entry_id"):
        yield _("Entry %(entry)d is missing: it was deleted before it was sealed.") % {"entry": key}
    for key in _deleted_early(SecurityEvent, "event_id"):
        yield _("Event %(event)s is missing: it was deleted before it was sealed.") % {"event": key}


def _forgotten(model: type[Model], column: str) -> Iterator[Any]:
    sealed = Exists(AuditSeal.objects.filter(**{column: OuterRef("pk")}))
    waiting = Exists(AuditEntryToSeal.objects.filter(**{column: OuterRef("pk")}))
    return model._default_manager.filter(~sealed, ~waiting).order_by("pk").iterator(CHUNK)


def _deleted_early(model: type[Model], column: str) -> Iterator[int | UUID]:
    written = Exists(model._default_manager.filter(pk=OuterRef(column)))
    waiting = AuditEntryToSeal.objects.exclude(**{column: None}).filter(~written)
    return waiting.values_list(column, flat=True).iterator(CHUNK)


def _idle_triggers() -> Iterator[str]:
    with connection.cursor() as cursor:
        sql = "SELECT tgname FROM pg_trigger WHERE tgrelid = ANY(%s::regclass[]) AND tgenabled IN ('O', 'A')"
        cursor.execute(sql, [[*TRIGGERS]])
        active = {name for (name,) in cursor.fetchall()}
    for table, names in TRIGGERS.items():
        for name in names:
            if name not in active:
                message = _("The trigger %(trigger)s on %(table)s is missing or disabled, so the log can be changed.")
                yield message % {"trigger": name, "table": table}
