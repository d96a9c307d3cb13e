"""The checkpoints that pruning leaves in the audit log, and the database's function that prunes (docs/adr/0012)."""

from typing import NamedTuple

from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.db.models import Max, Min, Q

from accounts.audit.models import AuditEntry, AuditSeal, SecurityEvent
from accounts.audit.seals import SEAL_FORMATS, newest_key, proof_of_pruning, proves_pruning

# Nothing younger may be pruned. The function in the database judges it too, by its own clock.
MIN_DAYS = 90


class Checkpoint(NamedTuple):
    """The last position that was pruned, its seal, and the audit entry that records the pruning.

    It is proven if `prune_audit_log` made it: it contains a proof made with a key in `SEAL_KEYS`. Entries that were
    sealed before there were keys have none.
    """

    position: int
    seal: str
    entry: AuditEntry
    is_proven: bool


class Prunable(NamedTuple):
    """The last seal that may be pruned, and how many audit entries and security events that removes."""

    last: AuditSeal
    entries: int
    events: int


def checkpoint_before(position: int) -> Checkpoint | None:
    """The checkpoint for the pruning of everything before `position`, proven if possible; None if there is none."""
    entries = AuditEntry.objects.filter(
        content_type=ContentType.objects.get_for_model(AuditEntry),
        action=AuditEntry.Action.DELETE,
        object_pk=str(position - 1),
    )
    found = None
    for entry in entries:
        seal = _recorded(entry, "seal")
        if isinstance(seal, str):
            is_proven = proves_pruning(_recorded(entry, "proof"), position - 1, seal) or _was_sealed_without_key(entry)
            found = Checkpoint(position - 1, seal, entry, is_proven)
            if is_proven:
                break
    return found


def _recorded(entry: AuditEntry, name: str) -> object:
    change = entry.changes.get(name) if isinstance(entry.changes, dict) else None
    return change[0] if isinstance(change, list) and change else None


def _was_sealed_without_key(entry: AuditEntry) -> bool:
    seal = AuditSeal.objects.filter(entry_id=entry.pk).first()
    return seal is not None and seal.format in SEAL_FORMATS and not SEAL_FORMATS[seal.format].is_keyed


def prunable(days: int) -> Prunable | None:
    """What can be pruned from the beginning of the chain: everything before the first that isn't `days` old.

    The last seal stays, because the chain continues from it. The database's clock counts, from the beginning of the
    transaction.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT now() - make_interval(days => %s)", [days])
        (before,) = cursor.fetchone()
    young = Q(entry_id__in=AuditEntry.objects.filter(timestamp__gte=before).values("pk"))
    young |= Q(event_id__in=SecurityEvent.objects.filter(happened_at__gte=before).values("pk"))
    kept_from = AuditSeal.objects.filter(young).aggregate(Min("position"))["position__min"]
    if kept_from is None:
        kept_from = AuditSeal.objects.aggregate(Max("position"))["position__max"] or 0
    old = AuditSeal.objects.filter(position__lt=kept_from)
    last = old.last()
    if last is None:
        return None
    return Prunable(
        last,
        entries=old.exclude(entry_id=None).count(),
        events=old.exclude(event_id=None).count(),
    )


def prune(found: Prunable, days: int) -> None:
    """Have the database remove everything up to that seal and record it in a checkpoint, which has no seal yet."""
    proof = proof_of_pruning(found.last.position, found.last.seal, key=newest_key())
    with connection.cursor() as cursor:
        cursor.execute("SELECT prune_audit_log(%s, %s, %s)", [found.last.position, days, proof])
