"""Which columns the audit log records. The entries themselves are `accounts.audit.models.AuditEntry`."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from auditlog.diff import is_primitive
from auditlog.receivers import check_disable
from auditlog.registry import auditlog
from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models.signals import post_save, pre_save
from django.utils import translation
from django.utils.timezone import is_naive, make_naive

from accounts.audit.models import AuditEntry, write_together
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
def log_creation(sender: type[models.Model], instance: models.Model, *, created: bool, **kwargs: Any) -> None:
    """Log a row that has been created."""
    if created and (changes := changes_between(None, instance)):
        _entry(instance, AuditEntry.Action.CREATE, changes).save()


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
    if changes := changes_between(old, instance, only=kwargs.get("update_fields")):
        _entry(instance, AuditEntry.Action.UPDATE, changes).save()


# Instead of the library's receivers: they read every row once more, and look up the columns of its model for each
# entry. It has no public way to exchange them.
auditlog._signals |= {post_save: log_creation, pre_save: log_change}


def changes_between(
    old: models.Model | None, new: models.Model, *, only: Collection[str] | None = None
) -> dict[str, tuple[Any, Any]]:
    """The logged columns whose values differ, by name of the field, among those named in `only`.

    As by the library's `model_instance_diff()`, which finds out what is logged each time.
    """
    logged = _logged(type(new))
    changes: dict[str, tuple[Any, Any]] = {}
    for field in logged.fields:
        if only and not {field.name, field.attname} & {*only}:
            continue
        before, after = _logged_value(old, field), _logged_value(new, field)
        if before != after:
            shown = _marked if field.name in logged.masked else _plain
            changes[field.name] = (shown(before), shown(after))
    return changes


class _Logged(NamedTuple):
    """What is logged of a model."""

    fields: list[Any]
    masked: list[str]


@cache
def _logged(model: type[models.Model]) -> _Logged:
    registered = auditlog.get_model_fields(model)
    named = set(registered["include_fields"])
    return _Logged([one for one in model._meta.concrete_fields if one.name in named], registered["mask_fields"])


def _logged_value(row: models.Model | None, field: Any) -> Any:
    """The value of a column, of which `_plain()` is logged."""
    if row is None:
        return None
    value = getattr(row, field.attname)
    if isinstance(field, models.DateTimeField) and isinstance(value, str | datetime):
        moment = field.to_python(value)
        return moment if is_naive(moment) else make_naive(moment, UTC)
    return str(value) if isinstance(value, UUID) and field.is_relation else value


def _marked(value: object) -> object:
    return changed_mark(str(value))


def _plain(value: object) -> object:
    return value if is_primitive(value) else str(value)


def _entry(row: models.Model, action: int, changes: dict[str, tuple[Any, Any]] | None) -> AuditEntry:
    # The name of the object is stored, so it doesn't depend on the active language.
    with translation.override(settings.LANGUAGE_CODE):
        name = str(row)
    return AuditEntry(
        content_type=ContentType.objects.get_for_model(row),
        object_pk=str(row.pk),
        object_id=row.pk if isinstance(row.pk, int) else None,
        object_repr=name,
        action=action,
        changes=changes,
        additional_data=row.get_additional_data() if hasattr(row, "get_additional_data") else None,
        cid=current_request_id(),
    )


def changed_mark(value: str) -> str | None:
    """The text that the log records in place of a masked value. None if there was no value."""
    return CHANGED if value not in ("", "None") else None


def log_access(instance: models.Model) -> None:
    """Record that the acting user has viewed something that is usually hidden."""
    _entry(instance, AuditEntry.Action.ACCESS, None).save()


def log_created(rows: Sequence[models.Model]) -> None:
    """Log that these rows of one table were created by `bulk_create()`, of which the library learns nothing.

    Inside `one_write()` the entries are saved together with the others of that write.
    """
    entries = [_entry(row, AuditEntry.Action.CREATE, changes_between(None, row)) for row in rows]
    for entry in entries:
        entry.attribute()
    if at_once := [entry for entry in entries if not before_commit(write_together, entry)]:
        write_together(at_once)
