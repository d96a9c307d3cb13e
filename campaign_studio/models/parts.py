"""How a row is written with its parts: planned first, so that what changes nothing writes nothing."""

from collections.abc import Hashable, Iterable, Mapping
from typing import Any, NamedTuple, cast

from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction

from campaign_studio.models.versioned import PartModel, VersionedModel

# Values by field.
Values = dict[str, Any]
# The refusals of parts, by their index in the list.
Errors = dict[int, ValidationError]


class PartsError(Exception):
    """Parts in relation `name` were refused: one error, or one for each index in the list that was sent."""

    def __init__(self, name: str, errors: ValidationError | Errors) -> None:
        self.name = name
        self.errors = errors
        super().__init__(name)


def write_with_parts(former: models.Model | None, row: VersionedModel, parts: Mapping[str, Any]) -> None:
    """Save a validated row, and its parts by relation: a list of values, or the values of the only one, or None.

    Relations that aren't among `parts` stay as they are. What changes nothing writes nothing: no version, no audit
    entry. `former` is the row as it was read, None for a new one. Raises PartsError.
    """
    is_new = row._state.adding
    if is_new:
        row.save()
    plans = [_plan(row, name, sent) for name, sent in parts.items()]
    if not is_new and (_differs(former, row) or any(plan.changes_something for plan in plans)):
        row.save()
    for plan in plans:
        plan.carry_out()


def _plan(row: VersionedModel, name: str, sent: Any) -> "RowsPlan | RowPlan":
    relation: Any = row._meta.get_field(name)
    return RowPlan(row, relation, sent) if relation.one_to_one else RowsPlan(row, name, sent)


def _differs(former: models.Model | None, row: models.Model) -> bool:
    """Whether a column of the row would change."""
    names = [field.attname for field in row._meta.concrete_fields]
    return any(getattr(former, name) != getattr(row, name) for name in names)


class Plan(NamedTuple):
    """A row, and the values that it will have. `place` is its index in the body."""

    place: int
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
    Fields that a new row lacks get the model's defaults.
    """

    def __init__(self, parent: VersionedModel, name: str, sent: list[Values]) -> None:
        """Raises PartsError if two rows have the flag that only one may have."""
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
                values = _with_defaults(self.model, values)
            for stored in self.model.as_stored(values):
                row = left.take(row_sent.get(key), stored)
                self.planned.append(Plan(index, row or self.model(**{manager.field.name: parent}), stored))
        self.deleted = list(left.by_key.values())

    @property
    def changes_something(self) -> bool:
        """Whether a row would be written or deleted."""
        return bool(self.deleted) or any(not plan.is_written for plan in self.planned)

    def carry_out(self) -> None:
        """Write the rows. Raises PartsError with errors by index."""
        # New rows are written last.
        new = [plan for plan in self.planned if plan.row._state.adding]
        if self.deleted or len(new) > 1:
            self.parent.touch()
        if self.deleted:
            self.model.delete_together(self.deleted)
        wrong: Any = _write_parts([plan for plan in self.planned if not plan.row._state.adding and not plan.is_written])
        if wrong or not self._create_together(new):
            wrong |= _write_parts(new, of_new_whole=self.parent.was_just_created)
        if wrong:
            raise PartsError(self.name, dict(sorted(wrong.items())))

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
        except (ValidationError, IntegrityError):
            return False
        return True

    def _refuse_second_flag(self, sent: list[Values]) -> None:
        flag = self.model.flag_field
        flagged = [index for index, values in enumerate(sent) if flag and values.get(flag)]
        if len(flagged) > 1:
            twice = {index: ValidationError({flag: self.model.only_one_message}) for index in flagged[1:]}
            raise PartsError(self.name, twice)


class RowPlan:
    """Sets the parent's single row in relation `name` to the values that were sent; None deletes it."""

    def __init__(self, parent: models.Model, relation: models.OneToOneRel, sent: Values | None) -> None:
        self.name = relation.name
        self.sent = sent
        model, to_parent = cast("type[PartModel]", relation.related_model), relation.field.name
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
        """Write or delete the row. Raises PartsError."""
        if self.row is None or not self.changes_something:
            return
        if self.sent is None:
            self.row.delete()
        elif error := _write_part(Plan(0, self.row, self.sent)):
            raise PartsError(self.name, error)


def _with_defaults(model: type[models.Model], values: Values) -> Values:
    fields = [
        one for one in model._meta.concrete_fields if one.editable and not one.primary_key and not one.is_relation
    ]
    return {one.name: one.get_default() for one in fields if one.name not in values} | values


def _hashable(values: Iterable[Any]) -> Hashable:
    return tuple(tuple(value) if isinstance(value, list) else value for value in values)


def _write_parts(plans: list[Plan], *, of_new_whole: bool = False) -> Errors:
    """Write each row for itself. Returns the errors by index."""
    wrong: Errors = {}
    for number, plan in enumerate(plans):
        # The first part of a new whole can't conflict with another one.
        if error := _write_part(plan, is_first=of_new_whole and number == 0):
            wrong.setdefault(plan.place, error)
    return wrong


def _write_part(plan: Plan, *, is_first: bool = False) -> ValidationError | None:
    """Validate and save one part; return its refusal."""
    row = plan.row
    plan.fill_in()
    try:
        row.full_clean(exclude={row.whole_field} if is_first else None)
    except ValidationError as error:
        return error
    row.save()
    return None


def _is_written(row: models.Model, values: Values) -> bool:
    return not row._state.adding and _equals(row, values)


def _equals(row: models.Model, values: Values) -> bool:
    return all(getattr(row, name) == value for name, value in values.items())
