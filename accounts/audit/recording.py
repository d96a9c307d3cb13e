"""What the audit log records of a change. The entries themselves are `accounts.audit.models.AuditEntry`."""

from auditlog.registry import auditlog
from django.db import models

from accounts.audit.models import AuditEntry

CHANGED = "[changed]"
# What every entry says by itself (who, when) or what only follows from other fields.
NEVER_LOGGED = frozenset({"created_at", "updated_at", "created_by_name", "updated_by_name", "version"})


def register(
    model: type[models.Model],
    *,
    exclude: frozenset[str] = frozenset(),
    mask: frozenset[str] = frozenset(),
) -> None:
    """Log every change of `model`. `exclude` leaves fields out; `mask` logs that they changed, never to what.

    Fields are listed one by one because the library would log reverse relations as well.
    """
    hidden = NEVER_LOGGED | exclude | {model._meta.pk.name}
    auditlog.register(
        model,
        include_fields=[field.name for field in model._meta.concrete_fields if field.name not in hidden],
        mask_fields=list(mask),
    )


def changed_mark(value: str) -> str | None:
    """What the log shows of a masked value: that there was one."""
    return CHANGED if value not in ("", "None") else None


def log_access(instance: models.Model) -> None:
    """Record that the acting user has seen something that is hidden otherwise."""
    AuditEntry.objects.log_create(instance, force_log=True, action=AuditEntry.Action.ACCESS)
