"""How the nested rows of a body are written: planned first, so that a body that changes nothing writes nothing."""

from collections.abc import Hashable, Iterable
from typing import Any, NamedTuple, cast

from django.core.exceptions import ValidationError as ModelValidationError
from django.db import IntegrityError, models, transaction
from rest_framework.exceptions import ErrorDetail, ValidationError

from campaign_studio.api.errors import as_detail
from campaign_studio.models.versioned import PartModel, VersionedModel

# Validated values by field.
Values = dict[str, Any]
# Messages by field.
Errors = dict[str, list[ErrorDetail]]


class Plan(NamedTuple):
    """A row, and the values that it will have. `index` is its place in the body."""

    index: int
    row: PartModel
    values: Values

    @property
    def is_written(self) -> bool:
        """Whether the row is stored with these values."""
        return _is_written(self.row, self.values)

    def fill_in(self) -> None:
        """Set the values of the row."""
        for name, value in self.values.items():
            setattr(self.row, name, value)


class _StoredRows:
    """The stored rows that no row of a body has taken yet, found by key or by equal values."""

    def __init__(self, rows: Iterable[PartModel]) -> None:
        self.by_key = {row.pk: row for row in rows}
        self._by_values: dict[tuple[str, ...], dict[Hashable, list[PartModel]]] = {}

    def take(self, key: object, values: Values) -> PartModel | None:
        """The row with this key, or else the first one with these values. It isn't found again."""
        row = self.by_key.get(key) or next((one for one in self._equal(values) if one.pk in self.by_key), None)
        if row is not None:
            del self.by_key[row.pk]
        return row

    def _equal(self, values: Values) -> list[PartModel]:
        names = tuple(sorted(values))
        if names not in self._by_values:
            found = self._by_values.setdefault(names, {})
            for row in self.by_key.values():
                found.setdefault(_hashable(getattr(row, name) for name in names), []).append(row)
        return self._by_values[names].get(_hashable(values[name] for name in names), [])


class RowsPlan:
    """Replaces the parent's rows in relation `name` by those that were sent. The caller holds the parent's lock.

    A row that names its key, or equals a stored row, keeps its key. Stored rows that are no longer listed are deleted.
    `writable` are the fields that can be sent; those that a new row lacks get the model's defaults.
    """

    def __init__(self, parent: VersionedModel, name: str, writable: set[str], sent: list[Values]) -> None:
        """Raises ValidationError if two rows have the flag that only one may have."""
        self.name = name
        manager = getattr(parent, name)
        self.model: type[PartModel] = manager.model
        self._refuse_second_flag(sent)
        key = self.model._meta.pk.name
        self.parent = parent
        left = _StoredRows([] if parent.was_just_created else manager.all())
        self.planned: list[Plan] = []
        for index, row_sent in enumerate(sent):
            values = {name: value for name, value in row_sent.items() if name != key}
            if row_sent.get(key) not in left.by_key:
                values = _with_defaults(self.model, writable, values)
            for stored in self.model.as_stored(values):
                row = left.take(row_sent.get(key), stored)
                self.planned.append(Plan(index, row or self.model(**{manager.field.name: parent}), stored))
        self.deleted = list(left.by_key.values())

    @property
    def changes_something(self) -> bool:
        """Whether a row would be written or deleted."""
        return bool(self.deleted) or any(not plan.is_written for plan in self.planned)

    def carry_out(self) -> None:
        """Write the rows. Raises ValidationError with errors by index, as DRF does."""
        # New rows are written last.
        new = [plan for plan in self.planned if plan.row._state.adding]
        if self.deleted or len(new) > 1:
            self.parent.touch()
        if self.deleted:
            self.model.delete_together(self.deleted)
        wrong = _write_parts([plan for plan in self.planned if not plan.row._state.adding and not plan.is_written])
        if wrong or not self._create_together(new):
            wrong |= _write_parts(new, of_new_whole=self.parent.was_just_created)
        if wrong:
            raise ValidationError({self.name: dict(sorted(wrong.items()))})

    def _create_together(self, new: list[Plan]) -> bool:
        """Create new rows by one statement. If any may be refused, return False: each is judged for itself then."""
        if len(new) < 2 or any(plan.values.get(self.model.flag_field) for plan in new):
            return False
        try:
            for plan in new:
                plan.fill_in()
                # The statement itself shows what only the database knows, such as that two rows overlap.
                plan.row.full_clean({self.model.whole_field}, validate_unique=False, validate_constraints=False)
            if not all(plan.row.may_be_valid() for plan in new):
                return False
            with transaction.atomic():
                self.model.create_together([plan.row for plan in new])
        except (ModelValidationError, IntegrityError):
            return False
        return True

    def _refuse_second_flag(self, sent: list[Values]) -> None:
        flag = self.model.flag_field
        flagged = [index for index, values in enumerate(sent) if flag and values.get(flag)]
        if len(flagged) > 1:
            twice: Any = {index: {flag: [self.model.only_one_message]} for index in flagged[1:]}
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
        elif errors := _write_part(Plan(0, self.row, self.sent)):
            raise ValidationError({self.name: errors})


def _with_defaults(model: type[models.Model], writable: set[str], values: Values) -> Values:
    fields = {field.name: field for field in model._meta.concrete_fields if not field.primary_key}
    return {name: fields[name].get_default() for name in writable & set(fields) if name not in values} | values


def _hashable(values: Iterable[Any]) -> Hashable:
    return tuple(tuple(value) if isinstance(value, list) else value for value in values)


def _write_parts(plans: list[Plan], *, of_new_whole: bool = False) -> dict[int, Errors]:
    """Write each row for itself. Returns the errors by index."""
    wrong: dict[int, Errors] = {}
    for number, plan in enumerate(plans):
        # The first part of a new whole can't conflict with another one.
        if errors := _write_part(plan, is_first=of_new_whole and number == 0):
            wrong.setdefault(plan.index, errors)
    return wrong


def _write_part(plan: Plan, *, is_first: bool = False) -> Errors:
    """Validate and save one part; return its errors."""
    row = plan.row
    plan.fill_in()
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
