"""What every table has, and remembering what was stored."""

from collections.abc import Collection, Sequence
from typing import Any, ClassVar, Self

from django.core.exceptions import FieldError
from django.db import models


class StudioModel(models.Model):
    """A table whose check constraints are judged by the database in one question instead of one each.

    Django asks for every check by itself, in a savepoint of its own: sixty statements for one ad.
    """

    class Meta:
        abstract = True

    def validate_constraints(self, exclude: Collection[str] | None = None) -> None:
        """Raise ValidationError for each constraint that doesn't hold. One by one only when something is wrong."""
        self._checks_hold = self._ask_all_checks(set(exclude or ()))
        super().validate_constraints(exclude)

    def get_constraints(self) -> list[tuple[type[models.Model], Sequence[models.BaseConstraint]]]:
        """Those still to be judged."""
        found = super().get_constraints()
        if not self.__dict__.pop("_checks_hold", False):
            return found
        return [
            (model, [constraint for constraint in constraints if not isinstance(constraint, models.CheckConstraint)])
            for model, constraints in found
        ]

    def _ask_all_checks(self, exclude: set[str]) -> bool:
        checks = [one.condition for one in self._meta.constraints if isinstance(one, models.CheckConstraint)]
        values = self._get_field_expression_map(meta=self._meta, exclude=exclude)  # type: ignore[attr-defined]
        try:
            return models.Q(*checks).check(values)
        except FieldError:
            # A field that is excluded, or that is wrong by itself, belongs to some check.
            return False


class TimestampedModel(StudioModel):
    """When the row came to be and when it last changed (UTC)."""

    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        abstract = True


class TracksChanges(models.Model):
    """Remembers what the database holds for the fields in `remembered`, so that rules can judge a change."""

    remembered: ClassVar[tuple[str, ...]] = ()

    class Meta:
        abstract = True

    @classmethod
    def from_db(cls, *args: Any, **kwargs: Any) -> Self:
        """Load a row and remember it."""
        instance = super().from_db(*args, **kwargs)
        instance._remember()
        return instance

    def _remember(self) -> None:
        self._stored = {name: self.__dict__[name] for name in self.remembered if name in self.__dict__}

    def stored(self, name: str) -> Any:
        """The value of `name` in the database; for a new row, None."""
        return self.__dict__.get("_stored", {}).get(name)

    def has_changed(self, name: str) -> bool:
        """Whether an existing row's `name` differs from what is stored."""
        stored = self.__dict__.get("_stored", {})
        return not self._state.adding and name in stored and stored[name] != self.__dict__.get(name)

    def refresh_from_db(self, *args: Any, **kwargs: Any) -> None:
        """Reload, and remember anew."""
        super().refresh_from_db(*args, **kwargs)
        self._remember()

    def save(self, **kwargs: Any) -> None:
        """Write, and remember anew."""
        written = kwargs.get("update_fields")
        held = self.__dict__.get("_stored", {})
        super().save(**kwargs)
        self._remember()
        if written is not None:
            # Only what was written is stored now.
            names = {
                field.attname for field in self._meta.concrete_fields if {field.name, field.attname} & set(written)
            }
            self._stored |= {name: value for name, value in held.items() if name not in names}
