"""Which columns the audit log records. The entries themselves are `accounts.audit.models.AuditEntry`."""

from collections.abc import Sequence
from typing import Any

from auditlog.diff import model_instance_diff
from auditlog.receivers import check_disable
from auditlog.registry import auditlog
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models.signals import pre_save

from accounts.audit.models import AuditEntry, write_together
from accounts.audit.sealing import seal_after_commit
from campaign_studio.acting import current_request_id
from campaign_studio.models.versioned import VersionedModel
from campaign_studio.writing import before_commit

# Stored in the log, so never translated.
CHANGED = "[changed]"
# Columns that every entry has anyway (who, when), or that follow from other columns.
NEVER_LOGGED = frozenset({"created_at", "updated_at", "created_by_name", "updated_by_name", "version"})


def register(
    model: type[models.Model],
    *,
    exclude: frozenset[str] = frozenset(),
    mask: frozenset[str] = frozenset(),
) -> None:
    """Log every change of `model`.

    Fields in `exclude` aren't logged. For those in `mask`, the log records a change but not the values. The logged
    fields are listed explicitly, because the library would log reverse relations too.
    """
    hidden = NEVER_LOGGED | exclude | {model._meta.pk.name}
    auditlog.register(
        model,
        include_fields=[field.name for field in model._meta.concrete_fields if field.name not in hidden],
        mask_fields=list(mask),
    )


@check_disable
def log_change(sender: type[models.Model], instance: models.Model, **kwargs: Any) -> None:
    """Log what the save of an existing row changes.

    A versioned row is compared with what was read: if someone else has changed it since, the save fails, and the entry
    goes with it. Any other row is read once more.
    """
    if instance._state.adding:
        return
    former = instance.former() if isinstance(instance, VersionedModel) else None
    old = former or sender._default_manager.filter(pk=instance.pk).first()
    changes = model_instance_diff(old, instance, kwargs.get("update_fields"), use_json_for_changes=True)
    if changes:
        AuditEntry.objects.log_create(instance, action=AuditEntry.Action.UPDATE, changes=changes)


# Instead of the library's receiver, which reads every row once more. It has no public way to exchange one.
auditlog._signals[pre_save] = log_change


def changed_mark(value: str) -> str | None:
    """The text that the log records in place of a masked value. None if there was no value."""
    return CHANGED if value not in ("", "None") else None


def log_access(instance: models.Model) -> None:
    """Record that the acting user has viewed something that is usually hidden."""
    AuditEntry.objects.log_create(instance, force_log=True, action=AuditEntry.Action.ACCESS)


def log_created(rows: Sequence[models.Model]) -> None:
    """Log that these rows of one table were created by `bulk_create()`, of which the library learns nothing.

    Inside `one_write()` the entries are saved together with the others of that write.
    """
    entries = [
        AuditEntry(
            content_type=ContentType.objects.get_for_model(row),
            object_pk=str(row.pk),
            object_repr=str(row),
            action=AuditEntry.Action.CREATE,
            changes=model_instance_diff(None, row, use_json_for_changes=True),
            additional_data=row.get_additional_data() if hasattr(row, "get_additional_data") else None,
            cid=current_request_id(),
        )
        for row in rows
    ]
    for entry in entries:
        entry.attribute()
    at_once = [entry for entry in entries if not before_commit(write_together, entry)]
    if at_once:
        AuditEntry.objects.bulk_create(at_once)
        seal_after_commit()
