"""How the nested rows of a body are written: planned first, so that a body that changes nothing writes nothing."""

from typing import Any, cast

from django.core.exceptions import ValidationError as ModelValidationError
from django.db import models
from rest_framework.exceptions import ErrorDetail, ValidationError

from campaign_studio.api.errors import as_detail
from campaign_studio.models.versioned import PartModel, VersionedModel

# Validated values by field.
Values = dict[str, Any]
# Messages by field.
Errors = dict[str, list[ErrorDetail]]


class RowsPlan:
    """Replaces the parent's rows in relation `name` by those that were sent. The caller holds the parent's lock.

    A row that names its key, or equals a stored row, keeps its key. Stored rows that are no longer listed are deleted.
    `writable` are the fields that can be sent; those that a new row lacks get the model's defaults.
    """

    def __init__(self, parent: VersionedModel, name: str, writable: set[str], sent: list[Values]) -> None:
        """Raises ValidationError if two rows have the flag that only one may have."""
        self.name = name
        manager = getattr(parent, name)
        self._refuse_second_flag(manager.model, sent)
        key = manager.model._meta.pk.name
        self.parent = parent
        left = {} if parent.was_just_created else {row.pk: row for row in manager.all()}
        self.planned: list[tuple[int, PartModel, Values]] = []
        for index, row_sent in enumerate(sent):
            values = {name: value for name, value in row_sent.items() if name != key}
            if row_sent.get(key) not in left:
                values = _with_defaults(manager.model, writable, values)
            for stored in manager.model.as_stored(values):
                row = left.get(row_sent.get(key)) or next((one for one in left.values() if _equals(one, stored)), None)
                if row is not None:
                    del left[row.pk]
                self.planned.append((index, row or manager.model(**{manager.field.name: parent}), stored))
        self.deleted = list(left.values())

    @property
    def changes_something(self) -> bool:
        """Whether a row would be written or deleted."""
        return bool(self.deleted) or any(not _is_written(row, values) for _, row, values in self.planned)

    def carry_out(self) -> None:
        """Write the rows. Raises ValidationError with errors by index, as DRF does."""
        for row in self.deleted:
            row.delete()
        wrong: Any = {}
        is_first = self.parent.was_just_created
        # New rows are written last.
        for index, row, values in sorted(self.planned, key=lambda plan: plan[1]._state.adding):
            if not _is_written(row, values) and (errors := _write_part(row, values, is_first=is_first)):
                wrong.setdefault(index, errors)
            is_first = False
        if wrong:
            raise ValidationError({self.name: wrong})

    def _refuse_second_flag(self, model: Any, sent: list[Values]) -> None:
        flagged = [index for index, values in enumerate(sent) if model.flag_field and values.get(model.flag_field)]
        if len(flagged) > 1:
            twice: Any = {index: {model.flag_field: [model.only_one_message]} for index in flagged[1:]}
            raise ValidationError({self.name: twice})


class RowPlan:
    """Sets the parent's single row in relation `name` to the values that were sent; None deletes it."""

    def __init__(self, parent: models.Model, name: str, model: type[PartModel], sent: Values | None) -> None:
        self.name = name
        self.sent = sent
        to_parent = cast("models.OneToOneRel", parent._meta.get_field(name)).field.name
        self.row = model._default_manager.filter(**{to_parent: parent}).first()
        if self.row is None and sent is not None:
            self.row = model()
        if self.row is not None:
            setattr(self.row, to_parent, parent)

    @property
    def changes_something(self) -> bool:
        """Whether the row would be written or deleted."""
        if self.row is None:
            return False
        return self.sent is None or not _is_written(self.row, self.sent)

    def carry_out(self) -> None:
        """Write or delete the row. Raises ValidationError with errors by field."""
        if self.row is None or not self.changes_something:
            return
        if self.sent is None:
            self.row.delete()
        elif errors := _write_part(self.row, self.sent):
            raise ValidationError({self.name: errors})


def _with_defaults(model: type[models.Model], writable: set[str], values: Values) -> Values:
    fields = {field.name: field for field in model._meta.concrete_fields if not field.primary_key}
    return {name: fields[name].get_default() for name in writable & set(fields) if name not in values} | values


def _write_part(row: PartModel, values: Values, *, is_first: bool = False) -> Errors:
    """Validate and save one part; return its errors. The first part of a new whole can't conflict with another one."""
    for name, value in values.items():
        setattr(row, name, value)
    try:
        row.full_clean(exclude={row.whole_field} if is_first else None)
    except ModelValidationError as error:
        return as_detail(error)
    row.save()
    return {}


def _is_written(row: models.Model, values: Values) -> bool:
    return not row._state.adding and _equals(row, values)


def _equals(row: models.Model, values: Values) -> bool:
    return all(getattr(row, name) == value for name, value in values.items())
