"""The base of every model: it remembers what is stored of a row, and asks the database about all its checks at once."""

from collections.abc import Collection
from typing import Any, ClassVar, Self

from django.core.exceptions import FieldError, ValidationError
from django.db import models
from django.db.models import CheckConstraint, Q, Value


class StudioModel(models.Model):
    """A table whose rows know what is stored of them, and whose checks are asked of the database all at once."""

    # The fields whose stored values are remembered, so that rules can judge a change.
    remembered: ClassVar[tuple[str, ...]] = ()

    class Meta:
        abstract = True

    # A FieldTracker of django-model-utils does the same with a descriptor for each field; these few lines can be read.

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._stored: dict[str, Any] = {}

    def stored(self, name: str) -> Any:
        """The value of a remembered field in the database; for a new row, None."""
        return self._stored.get(name)

    def has_changed(self, name: str) -> bool:
        """Whether an existing row's `name` differs from what is stored."""
        return not self._state.adding and name in self._stored and self._stored[name] != self.__dict__.get(name)

    @classmethod
    def from_db(cls, *args: Any, **kwargs: Any) -> Self:
        """Load a row and remember it."""
        row = super().from_db(*args, **kwargs)
        row._remember()
        return row

    def refresh_from_db(self, *args: Any, **kwargs: Any) -> None:
        """Reload, and remember what was reloaded."""
        super().refresh_from_db(*args, **kwargs)
        self._remember(kwargs.get("fields"))

    def save(self, **kwargs: Any) -> None:
        """Write, and remember what was written."""
        super().save(**kwargs)
        self._remember(kwargs.get("update_fields"))

    def _remember(self, fields: Collection[str] | None = None) -> None:
        # Put in its place, not changed: a copy of the row goes on remembering what it does.
        self._stored = self._stored | {
            name: self.__dict__[name]
            for name in self.remembered
            if name in self.__dict__ and (fields is None or {name, self._meta.get_field(name).name} & set(fields))
        }

    def validate_unique(self, exclude: Collection[str] | None = None) -> None:
        """Raise ValidationError for what is taken. Keys are made here, by chance: nobody else has them."""
        super().validate_unique({*(exclude or ()), self._meta.pk.name})

    def validate_constraints(self, exclude: Collection[str] | None = None) -> None:
        """Raise ValidationError for each constraint that doesn't hold.

        Django asks for every check by itself, in a savepoint of its own: sixty statements for one ad. Here that is
        only done when something is wrong, to find out what.
        """
        left_out = set(exclude or ())
        if not self._checks_hold(left_out):
            super().validate_constraints(exclude)
            return
        errors: dict[str, list[ValidationError]] = {}
        for constraint in self._meta.constraints:
            if not isinstance(constraint, CheckConstraint):
                try:
                    constraint.validate(type(self), self, left_out)
                except ValidationError as error:
                    error.update_error_dict(errors)
        if errors:
            raise ValidationError(errors)

    def _checks_hold(self, exclude: set[str]) -> bool:
        fields = [field for field in self._meta.concrete_fields if field.name not in exclude]
        values = {field.name: Value(getattr(self, field.attname), field) for field in fields}
        checks = [one.condition for one in self._meta.constraints if isinstance(one, CheckConstraint)]
        try:
            return Q(*checks).check(values)
        except FieldError:
            # A field that is excluded, or that is wrong by itself, belongs to some check.
            return False


class TimestampedModel(StudioModel):
    """When the row came to be and when it last changed (UTC)."""

    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        abstract = True
