"""The base of every model: it remembers stored values, and validates checks with as few queries as possible."""

import copy
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, Self

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import CheckConstraint, Expression, Q, Value
from django.utils.translation import gettext_lazy as _

from campaign_studio.acting import Reader
from campaign_studio.constraints import with_constraint_code
from campaign_studio.database.rows import NotPlainError, insert_rows, update_row
from campaign_studio.models.verdicts import Verdict, checks_of

LINE_BREAKS = re.compile(r"\s*[\r\n]+\s*")


def one_line(text: str) -> str:
    """The text without line breaks, as an input of a form would send it, but with a blank in place of each."""
    return LINE_BREAKS.sub(" ", text)


class StudioModel(models.Model):
    """A model that knows which values are stored, and whose check constraints take as few queries as possible."""

    class Meta:
        abstract = True

    @classmethod
    def expressions(cls, reader: Reader) -> dict[str, Expression]:
        """What methods and properties return, as expressions by their names, so that the database can write documents.

        `reader` has a role and, as `pk`, an expression.
        """
        return {}

    def allowed_actions_for(self, reader: Reader) -> list[str]:
        """What the reader may do with the stored row, such as `change`, as far as that depends on neither input.

        Takes a query. A model that says so names it in its `expressions()`.
        """
        allowed = type(self).expressions(reader)["allowed_actions_for"]
        found: list[str] | None = type(self)._base_manager.filter(pk=self.pk).values_list(allowed, flat=True).first()
        return found or []

    # django-model-utils' FieldTracker does the same with a descriptor per field. These few lines are easier to follow.

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._stored: dict[str, Any] = {}

    def stored(self, name: str) -> Any:
        """The stored value of a column, by the name of its attribute; None for a new row."""
        return self._stored.get(name)

    def has_changed(self, name: str) -> bool:
        """Whether the column `name` of an existing row differs from its stored value."""
        return not self._state.adding and name in self._stored and self._stored[name] != self.__dict__.get(name)

    def former(self) -> Self | None:
        """A copy with the stored values; None unless all of them are known."""
        if any(field.attname not in self._stored for field in self._meta.concrete_fields):
            return None
        row = copy.copy(self)
        row.__dict__.update(self._stored)
        return row

    def check_changed(self, rules: Mapping[str, Callable[[str], None]]) -> None:
        """Apply rules, by name of a column, to new rows and changed values. A stored value may stay as it is.

        Raises ValidationError with the errors by field.
        """
        errors = {}
        for name, check in rules.items():
            if self._state.adding or self.has_changed(name):
                try:
                    check(getattr(self, name))
                except ValidationError as error:
                    errors[name] = error
        if errors:
            raise ValidationError(errors)

    @classmethod
    def from_db(cls, *args: Any, **kwargs: Any) -> Self:
        row = super().from_db(*args, **kwargs)
        row._remember()
        return row

    def refresh_from_db(self, *args: Any, **kwargs: Any) -> None:
        super().refresh_from_db(*args, **kwargs)
        self._remember(kwargs.get("fields"))

    def save(self, **kwargs: Any) -> None:
        super().save(**kwargs)
        self._remember(kwargs.get("update_fields"))

    # Django has no public way to exchange the statements of `save()`.

    def _do_insert(self, manager: Any, using: Any, fields: Any, returning_fields: Any, raw: bool) -> Any:
        """The INSERT of `save()`, with a fixed text."""
        try:
            if not raw:
                return insert_rows([self], fields, returning_fields)
        except NotPlainError:
            pass
        parent: Any = super()
        return parent._do_insert(manager, using, fields, returning_fields, raw)

    def _do_update(self, base_qs: Any, using: Any, pk_val: Any, values: Any, *args: Any, **kwargs: Any) -> Any:
        """The UPDATE of `save()`, with a fixed text for each set of columns."""
        try:
            if values:
                fields, _models, written = zip(*values, strict=True)
                return update_row(self, fields, written, **self._replaced())
        except NotPlainError:
            pass
        return super()._do_update(base_qs.filter(**self._replaced()), using, pk_val, values, *args, **kwargs)

    def _replaced(self) -> dict[str, Any]:
        """Columns with the values that the stored row must have, or `save()` doesn't write it."""
        return {}

    def _remember(self, fields: Collection[str] | None = None) -> None:
        values = self.__dict__
        known = {
            field.attname: list(value) if isinstance(value := values[field.attname], list) else value
            for field in self._meta.concrete_fields
            if field.attname in values and (fields is None or {field.name, field.attname} & set(fields))
        }
        # A new dict, because copies of this row share the old one.
        self._stored = self._stored | known

    def clean_fields(self, exclude: Collection[str] | None = None) -> None:
        """As in Django. Line breaks become the same through every door: browsers send CRLF, other clients LF."""
        for field in self._meta.concrete_fields:
            value = self.__dict__.get(field.attname)
            if isinstance(value, str) and ("\n" in value or "\r" in value):
                is_long = isinstance(field, models.TextField)
                tidy = value.replace("\r\n", "\n").replace("\r", "\n") if is_long else one_line(value)
                setattr(self, field.attname, tidy)
        super().clean_fields({*(exclude or ()), *self._known_to_exist()})

    def _known_to_exist(self) -> Iterator[str]:
        """The foreign keys whose rows needn't be looked for: they are at hand, or this row refers to them already.

        Django would ask for each of them. A row that is deleted all the same violates the constraint of the database.
        """
        for field in self._meta.concrete_fields:
            if not isinstance(field, models.ForeignKey) or (key := self.__dict__.get(field.attname)) is None:
                continue
            at_hand = field.get_cached_value(self, default=None)
            refers_already = not self._state.adding and self._stored.get(field.attname) == key
            if refers_already or (at_hand is not None and not at_hand._state.adding):
                yield field.name

    def validate_unique(self, exclude: Collection[str] | None = None) -> None:
        """As in Django, but without a query for the primary key: random UUIDs don't collide."""
        super().validate_unique({*(exclude or ()), self._meta.pk.name})

    def validate_constraints(self, exclude: Collection[str] | None = None) -> None:
        """Raise ValidationError for each constraint that is violated, with the constraint's name as the code.

        Django validates every check by a query in a savepoint of its own: sixty statements for one ad. Here checks that
        only compare columns take none, and one query covers those that only the database can judge. A check that fails
        is validated once more, by the database.
        """
        left_out = set(exclude or ())
        met = self._checks_met(left_out)
        errors: dict[str, list[ValidationError]] = {}
        for constraint in self._meta.constraints:
            if constraint.name in met:
                continue
            try:
                constraint.validate(type(self), self, left_out)
            except ValidationError as error:
                with_constraint_code(error, constraint).update_error_dict(errors)
        if errors:
            raise ValidationError(errors)

    def _checks_met(self, exclude: set[str]) -> set[str]:
        """The names of the checks that need no closer look: they hold, or are about a field that is excluded."""
        met, doubtful = set(), []
        for check in checks_of(type(self)):
            verdict = Verdict.TRUE if check.fields & exclude else check.judge(self)
            if verdict in (Verdict.TRUE, Verdict.UNKNOWN):
                met.add(check.constraint.name)
            elif verdict is Verdict.DOUBT:
                doubtful.append(check.constraint)
        if doubtful and self._hold_in_the_database(doubtful, exclude):
            met |= {check.name for check in doubtful}
        return met

    def may_be_valid(self) -> bool:
        """Whether no check fails that only compares columns. The database isn't asked."""
        return all(check.judge(self) is not Verdict.FALSE for check in checks_of(type(self)))

    def _hold_in_the_database(self, checks: list[CheckConstraint], exclude: set[str]) -> bool:
        fields = [field for field in self._meta.concrete_fields if field.name not in exclude]
        values = {field.name: Value(getattr(self, field.attname), field) for field in fields}
        return Q(*[one.condition for one in checks]).check(values)


class TimestampedModel(StudioModel):
    """Adds when the row was created and last changed (UTC)."""

    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    updated_at = models.DateTimeField(_("updated at"), auto_now=True)

    class Meta:
        abstract = True
