"""Undoing what has been applied, by the states that the audit log recorded before it."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, connection, models, transaction
from django.db.models import ProtectedError, RestrictedError
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.audit.as_of import Rows, undo_entry, values_of
from accounts.audit.history import audited_fields
from accounts.models import AuditEntry
from campaign_studio.constraints import protected_message, validation_error
from campaign_studio.encryption import Secret
from campaign_studio.models.versioned import PartModel, VersionedModel
from campaign_studio.writing import one_write
from campaigns.changesets.applying import MovedError, in_state
from campaigns.changesets.models import ChangeSet, State
from campaigns.changesets.operations import CREATE, Operation
from campaigns.changesets.resources import all_resources, belonging_to, resource_of
from campaigns.changesets.versions import Moved, label_of, moved, present_versions

if TYPE_CHECKING:
    from accounts.models import User

NOT_APPLIED = _("Only a change set that has been applied can be undone, and only once.")
LOG_IS_PRUNED = _("This can no longer be undone: its entries in the audit log have been pruned.")
HAS_SECRETS = _("This can't be undone: the audit log doesn't record the secrets of “%(name)s”.")

Key = tuple[type[models.Model], Any]


class CannotBeUndoneError(Exception):
    """What was there before can't be restored. The text says why."""


def undo(key: UUID, *, by: "User") -> ChangeSet:
    """Restore all rows as they were before the change set was applied, in one write.

    Rows that it created are deleted, and those that it deleted come back with their keys. Whoever undoes it needs the
    permissions that its operations took. Raises WrongStateError, MovedError if a row has been changed since,
    PermissionDenied and CannotBeUndoneError, each before anything is kept.
    """
    with one_write():
        change_set = in_state(key, State.APPLIED, NOT_APPLIED)
        if found := moved(change_set.results, present_versions(change_set.results, lock=True)):
            raise MovedError(found)
        _Undoing(change_set, by).carry_out()
        change_set.state, change_set.undone_at = State.UNDONE, timezone.now()
        change_set.undone_by_name = by.display_name
        change_set.save()
    return change_set


class _Undoing:
    """The rows that a change set has changed: as they are, and as they were before."""

    def __init__(self, change_set: ChangeSet, by: "User") -> None:
        self.change_set = change_set
        self.by = by
        self.entries = list(
            AuditEntry.objects.filter(pk__in=change_set.entry_ids).select_related("content_type").order_by("-id")
        )
        if len(self.entries) < len(change_set.entry_ids):
            raise CannotBeUndoneError(LOG_IS_PRUNED)
        # In the order in which rows were changed last.
        self.keys: list[Key] = list(dict.fromkeys(_key_of(entry) for entry in self.entries))
        self.present = {key: row for key in self.keys if (row := _stored(key)) is not None}
        self.former: Rows = {key: values_of(row) for key, row in self.present.items()}
        for entry in self.entries:
            undo_entry(self.former, entry)
            self._refuse_secrets(entry)

    def carry_out(self) -> None:
        """Write the rows as they were. Raises as `undo()`."""
        self._check_permissions()
        self._check_that_nothing_was_added()
        try:
            with transaction.atomic():
                self._write()
                # A foreign key to what has been deleted since.
                with connection.cursor() as cursor:
                    cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        except (ProtectedError, RestrictedError) as error:
            raise CannotBeUndoneError(protected_message(error)) from error
        except IntegrityError as error:
            raise CannotBeUndoneError(" ".join(validation_error(error).messages)) from error
        except ValidationError as error:
            raise CannotBeUndoneError(" ".join(error.messages)) from error

    def _write(self) -> None:
        # New parts first, because those that come back may be equal to them.
        for key in self.keys:
            if key not in self.former and (row := _stored(key)) is not None:
                row.delete()
        ordered = sorted((key for key in self.keys if key in self.former), key=_rank)
        for key in ordered:
            if key in self.present:
                self._restore(key)
        for key in ordered:
            if key not in self.present:
                self._bring_back(key)
        for key in ordered:
            # The second time, because a changed part or name sends an ad back to review.
            self._restore(key)
        for key in ordered:
            _check_is_valid(key)

    def _restore(self, key: Key) -> None:
        """Give a stored row the logged columns that it had."""
        row: Any = _stored(key)
        wanted = {field.attname: self.former[key][field.attname] for field in audited_fields(key[0])}
        changed = {name: value for name, value in wanted.items() if getattr(row, name) != value}
        if not changed:
            return
        for name, value in changed.items():
            setattr(row, name, value)
        row.save()

    def _bring_back(self, key: Key) -> None:
        """Store a deleted row again, with the columns that the audit log doesn't record."""
        model, pk = key
        noted = self.change_set.unlogged.get(label_of(str(model._meta.model_name), pk), {})
        columns = {field.attname: field for field in model._meta.concrete_fields}
        unlogged = {name: _typed(columns[name], value) for name, value in noted.items() if name in columns}
        if issubclass(model, VersionedModel):
            # Nobody who has read it before holds the present version.
            unlogged["version"] = unlogged.get("version", 0) + 1
        row: Any = model(**{**self.former[key], **unlogged})
        row.save()
        # Saving a new row stamps it, and numbers it: these columns aren't logged, so there is nothing to record.
        model._default_manager.filter(pk=pk).update(**unlogged)

    def _check_permissions(self) -> None:
        """Raise PermissionDenied unless the user may do what the operations did. Undoing a creation is a deletion."""
        for operation in self.change_set.accepted():
            resource = operation.kind
            needed = resource.permission("delete") if operation.op == CREATE else operation.permission
            if not self.by.has_perm(needed, self._row_about(operation)):
                raise PermissionDenied

    def _row_about(self, operation: Operation) -> models.Model | None:
        key: Key = (operation.kind.model, operation.key)
        row = self.present.get(key) or _stored(key)
        if row is None and key in self.former:
            row = key[0](**self.former[key])
            # What it belonged to may have been deleted with it.
            for field in row._meta.concrete_fields:
                owner: Any = (field.related_model, getattr(row, field.attname))
                if field.is_relation and owner not in self.present and owner in self.former:
                    setattr(row, field.name, owner[0](**self.former[owner]))
        return row

    def _check_that_nothing_was_added(self) -> None:
        """Raise MovedError if something else has been added since to what would be deleted."""
        added: list[Moved] = []
        for resource in all_resources():
            doomed = [pk for model, pk in self.present if model is resource.model and (model, pk) not in self.former]
            found = [row for row in belonging_to(resource, doomed) if (type(row), row.pk) not in self.present]
            added += [Moved(str(row._meta.model_name), row.pk, str(row)) for row in found]
        if added:
            raise MovedError(added)

    def _refuse_secrets(self, entry: AuditEntry) -> None:
        values = self.former.get(_key_of(entry), {}).values()
        if any(isinstance(value, Secret) and not value.reveal() for value in values):
            raise CannotBeUndoneError(HAS_SECRETS % {"name": entry.object_repr})


def _key_of(entry: AuditEntry) -> Key:
    model: Any = entry.content_type.model_class()
    return model, model._meta.pk.to_python(entry.object_pk)


def _stored(key: Key) -> models.Model | None:
    model, pk = key
    return model._default_manager.filter(pk=pk).first()


def _typed(column: Any, value: Any) -> Any:
    if isinstance(column, models.DateTimeField) and isinstance(value, str):
        return parse_datetime(value)
    return None if value is None else column.to_python(value)


def _rank(key: Key) -> tuple[int, str]:
    """Wholes before their parts, each kind after what it belongs to."""
    models_in_order = [one.model for one in all_resources()]
    is_whole = not issubclass(key[0], PartModel) and key[0] in models_in_order
    return models_in_order.index(key[0]) if is_whole else len(models_in_order), str(key[1])  # type: ignore[arg-type]


def _check_is_valid(key: Key) -> None:
    """Raise ValidationError if a restored row, or what belongs to it, breaks a rule about several rows."""
    row: Any = _stored(key)
    resource = resource_of(key[0])
    rows: Iterable[Any] = [row, *belonging_to(resource, [key[1]])] if resource else [row]
    for one in rows:
        try:
            one.full_clean()
        except ValidationError as error:
            message = gettext("%(name)s: %(reason)s") % {"name": one, "reason": " ".join(error.messages)}
            raise ValidationError(message, code="invalid") from error
