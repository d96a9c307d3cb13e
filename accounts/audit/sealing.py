"""Sealing the audit log in batches, so that no write has to wait for it (docs/adr/0009)."""

import logging
import time

from django.db import connection, transaction

from accounts.audit.models import BEGINNING, SEAL_FORMATS, AuditEntry, AuditEntryToSeal, AuditSeal, seal_of, values_of

logger = logging.getLogger(__name__)

BATCH = 1000
# The least number of seconds between two batches of one server process.
EVERY = 1.0
# The advisory lock of the process that extends the chain.
LOCK = 0x5EA1

_last_sealed = 0.0


def seal_after_commit() -> None:
    """Seal this transaction's entries once they are committed: at once, or with the next batch."""
    transaction.on_commit(_seal_now_and_then, robust=True)


def _seal_now_and_then() -> None:
    global _last_sealed
    now = time.monotonic()
    if now - _last_sealed >= EVERY:
        _last_sealed = now
        seal_entries()


def seal_everything() -> int:
    """Seal all unsealed entries, waiting for any other process that is sealing. Returns how many were sealed."""
    sealed = 0
    while batch := seal_entries(wait=True):
        sealed += batch
    return sealed


def seal_entries(*, wait: bool = False, limit: int = BATCH) -> int:
    """Seal the oldest unsealed entries, at most `limit`. Returns how many were sealed.

    While another process is sealing, `wait` decides whether to wait for it or to do nothing.
    """
    with transaction.atomic():
        if not lock_chain_head(wait=wait):
            return 0
        waiting = list(AuditEntryToSeal.objects.values_list("entry_id", flat=True)[:limit])
        entries = AuditEntry.objects.in_bulk(waiting)
        last = AuditSeal.objects.last()
        position, seal = (last.position, last.seal) if last else (0, BEGINNING)
        newest = max(SEAL_FORMATS)
        seals = []
        for key in sorted(entries):
            position, seal = position + 1, seal_of(seal, values_of(entries[key], SEAL_FORMATS[newest]))
            seals.append(AuditSeal(position=position, entry_id=key, seal=seal, format=newest))
        AuditSeal.objects.bulk_create(seals)
        AuditEntryToSeal.objects.filter(pk__in=entries).delete()
    if seals:
        # A copy outside the database, which reveals if the chain in the database is rewritten.
        logger.info("Audit log sealed up to %s:%s", position, seal)
    return len(seals)


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
