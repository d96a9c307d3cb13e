"""Sealing the audit log in batches, so that nobody who writes waits for it (docs/adr/0009)."""

import logging
import time

from django.db import connection, transaction

from accounts.audit.models import BEGINNING, SEAL_FORMATS, AuditEntry, AuditEntryToSeal, AuditSeal, seal_of, values_of

logger = logging.getLogger(__name__)

BATCH = 1000
# So often, in seconds, a server process seals what was written since.
EVERY = 1.0
# Whoever holds this advisory lock extends the chain.
LOCK = 0x5EA1

_last_sealed = 0.0


def seal_after_commit() -> None:
    """Once what this transaction writes is committed, seal it: at once, or with the next batch."""
    transaction.on_commit(_seal_now_and_then, robust=True)


def _seal_now_and_then() -> None:
    global _last_sealed
    now = time.monotonic()
    if now - _last_sealed >= EVERY:
        _last_sealed = now
        seal_entries()


def seal_everything() -> int:
    """Seal whatever waits; returns how many entries. Waits for somebody else who is sealing."""
    sealed = 0
    while batch := seal_entries(wait=True):
        sealed += batch
    return sealed


def seal_entries(*, wait: bool = False, limit: int = BATCH) -> int:
    """Seal the oldest entries that wait, at most `limit`; returns how many.

    Does nothing while somebody else is sealing, unless told to `wait`.
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
        # A trace outside of the database: whoever rewrites the chain there has this against them.
        logger.info("Audit log sealed up to %s:%s", position, seal)
    return len(seals)


def lock_chain_head(*, wait: bool) -> bool:
    """Become the only one who may extend or shorten the chain, until the transaction ends.

    Returns False when somebody else is, unless told to `wait`: then for as long as it takes.
    """
    with connection.cursor() as cursor:
        if wait:
            cursor.execute("SET LOCAL lock_timeout = 0")
            cursor.execute("SET LOCAL statement_timeout = 0")
            cursor.execute("SELECT true FROM pg_advisory_xact_lock(%s)", [LOCK])
        else:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        return bool(cursor.fetchone()[0])
