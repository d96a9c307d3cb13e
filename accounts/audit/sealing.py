"""Sealing the audit log and the security events in batches, so that no write has to wait for it (docs/adr/0009)."""

import logging
import time
from functools import partial

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.audit.heads import note_head
from accounts.audit.models import AuditEntry, AuditEntryToSeal, AuditSeal, SecurityEvent
from accounts.audit.seals import BEGINNING, SEAL_FORMATS, newest_format, newest_key, seal_of, values_of

logger = logging.getLogger(__name__)

BATCH = 1000
# The least number of seconds between two batches of one server process.
EVERY = 1.0
# The advisory lock of the process that extends the chain.
LOCK = 0x5EA1

_last_sealed = 0.0


def seal_after_commit() -> None:
    """Seal this transaction's entries and events once they are committed: at once, or with the next batch."""
    transaction.on_commit(_seal_now_and_then, robust=True)


def _seal_now_and_then() -> None:
    global _last_sealed
    now = time.monotonic()
    if now - _last_sealed >= EVERY:
        _last_sealed = now
        seal_entries()


def seal_everything() -> int:
    """Seal all that is unsealed, waiting for any other process that is sealing. Returns how many seals were made."""
    sealed = 0
    while batch := seal_entries(wait=True):
        sealed += batch
    return sealed


def seal_entries(*, wait: bool = False, limit: int = BATCH) -> int:
    """Seal the oldest unsealed entries and events, at most `limit`. Returns how many seals were made.

    While another process is sealing, `wait` decides whether to wait for it or to do nothing.
    """
    with transaction.atomic():
        if not lock_chain_head(wait=wait):
            return 0
        last = AuditSeal.objects.last()
        if last and not _may_follow(last):
            return 0
        waiting = list(_waiting()[:limit])
        seals = _seals_of(waiting, last)
        AuditSeal.objects.bulk_create(seals)
        AuditEntryToSeal.objects.filter(pk__in=[one.pk for one in waiting]).delete()
        if seals:
            # Once this is committed: a head that was rolled back is none.
            transaction.on_commit(partial(_tell_head, seals[-1]), robust=True)
    return len(seals)


def _may_follow(last: AuditSeal) -> bool:
    """Whether a seal of this release may follow the last one.

    A keyed seal would vouch for what came before. Only the migration that introduced keys lets one follow a seal
    without a key; later, such an end means that someone without a key rewrote the log. After a seal of a newer release,
    ours would be a step back.
    """
    form = SEAL_FORMATS.get(last.format)
    if form is not None and not form.is_keyed:
        logger.error("The audit log isn't sealed any more: its last seal %s has no key. Run verify_audit_log.", last)
    return form is not None and form.is_keyed


def _waiting() -> QuerySet[AuditEntryToSeal]:
    """What waits and was not deleted. `verify_audit_log` reports the rest."""
    entry = Exists(AuditEntry.objects.filter(pk=OuterRef("entry_id")))
    event = Exists(SecurityEvent.objects.filter(pk=OuterRef("event_id")))
    return AuditEntryToSeal.objects.filter(Q(entry) | Q(event))


def _seals_of(waiting: list[AuditEntryToSeal], last: AuditSeal | None) -> list[AuditSeal]:
    """The next seals of the chain. What has a seal keeps it."""
    entry_ids = [one.entry_id for one in waiting if one.entry_id is not None]
    event_ids = [one.event_id for one in waiting if one.event_id is not None]
    entries, events = AuditEntry.objects.in_bulk(entry_ids), SecurityEvent.objects.in_bulk(event_ids)
    for sealed in AuditSeal.objects.filter(Q(entry_id__in=entry_ids) | Q(event_id__in=event_ids)):
        entries.pop(sealed.entry_id, None)
        events.pop(sealed.event_id, None)
    position, seal = (last.position, last.seal) if last else (0, BEGINNING)
    key, seals = newest_key(), []
    for one in waiting:
        row = entries.get(one.entry_id) or events.get(one.event_id)
        if row is not None:
            number = newest_format("event" if one.entry_id is None else "entry")
            position, seal = position + 1, seal_of(seal, values_of(row, SEAL_FORMATS[number].columns), key=key)
            made = AuditSeal(position=position, entry_id=one.entry_id, event_id=one.event_id, seal=seal, format=number)
            seals.append(made)
    return seals


def _tell_head(head: AuditSeal) -> None:
    # Copies outside the database, which reveal if the chain in the database is rewritten or cut.
    logger.info("Audit log sealed up to %s", head)
    note_head(head.position, head.seal)


def lock_chain_head(*, wait: bool) -> bool:
    """Take the lock for extending or shortening the chain, until the transaction ends. Returns whether it was taken.

    With `wait`, the wait for the lock has no time limit.
    """
    with connection.cursor() as cursor:
        if wait:
            cursor.execute("SET LOCAL lock_timeout = 0")
            cursor.execute("SET LOCAL statement_timeout = 0")
            cursor.execute("SELECT true FROM pg_advisory_xact_lock(%s)", [LOCK])
        else:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        return bool(cursor.fetchone()[0])
