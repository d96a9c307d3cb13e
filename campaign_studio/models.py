"""Abstract bases that every table is built from. No tables here."""

from collections.abc import Collection, Sequence
from typing import Any, ClassVar, Self

from django.core.exceptions import FieldError, ValidationError
from django.db import models, transaction
from django.db.models import F

from campaign_studio import audit

CHANGED_MEANWHILE = "“{}” was changed or deleted by somebody else meanwhile. Reload it, look at it, and try again."


class StaleError(ValidationError):
    """The row that was to be written is no longer the one that was read (8-reliability R3)."""

    def __init__(self, row: models.Model) -> None:
        super().__init__(CHANGED_MEANWHILE.format(row), code="stale")


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


class VersionedModel(StudioModel):
    """A row that several people may edit at once: a write that would undo somebody else's is refused, never silent.

    The version counts the changes of the row and of its parts.
    """

    version = models.PositiveIntegerField(default=1, db_default=1, editable=False)

    class Meta:
        abstract = True

    def save(self, **kwargs: Any) -> None:
        """Write what was read and changed. Raises StaleError when the stored row has another version by now."""
        if self._state.adding:
            super().save(**kwargs)
            return
        if kwargs.get("update_fields"):
            kwargs["update_fields"] = {*kwargs["update_fields"], "version"}
        self.version += 1
        try:
            super().save(**kwargs)
        except BaseException:
            self.version -= 1
            raise

    def _do_update(self, base_qs: Any, *args: Any, **kwargs: Any) -> Any:
        """What `save()` asks of the database: compare, and swap."""
        if not super()._do_update(base_qs.filter(version=self.version - 1), *args, **kwargs):
            raise StaleError(self)
        return True

    def touch(self) -> None:
        """Count a change of a part. Holds the row's lock until the transaction ends, so that parts change one by one.

        Raises StaleError when the row is gone.
        """
        if not type(self)._base_manager.filter(pk=self.pk).update(version=F("version") + 1):
            raise StaleError(self)
        self.version += 1


class PartModel(StudioModel):
    """A row that belongs to another one, is edited with it and vanishes with it.

    `whole_field` names the foreign key to the whole, a VersionedModel: it is locked before its parts are (R1).
    """

    whole_field: ClassVar[str]

    class Meta:
        abstract = True

    def get_additional_data(self) -> dict[str, str]:
        """For the audit log: the object this is a part of."""
        return {"parent_id": str(getattr(self, f"{self.whole_field}_id"))}

    def save(self, **kwargs: Any) -> None:
        """Write; the whole counts as changed."""
        with transaction.atomic():
            getattr(self, self.whole_field).touch()
            super().save(**kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Delete; the whole counts as changed."""
        with transaction.atomic():
            getattr(self, self.whole_field).touch()
            return super().delete(*args, **kwargs)


class StampedModel(VersionedModel, TimestampedModel):
    """Also says who: the acting user is stamped in, whichever door the change came through (1-domain).

    `created_by_field` names the foreign key to the creator.
    """

    created_by_field: ClassVar[str]

    created_by_name = models.CharField(max_length=200, null=True, blank=True, editable=False)
    updated_by_name = models.CharField(max_length=200, null=True, blank=True, editable=False)

    class Meta:
        abstract = True

    def stamp(self) -> None:
        """Fill the creator and both names from whoever is acting; keep what is there when nobody is."""
        acting = audit.current()
        if acting is None:
            return
        if self._state.adding:
            user = acting.find_user()
            if user and getattr(self, f"{self.created_by_field}_id") is None:
                setattr(self, self.created_by_field, user)
            self.created_by_name = acting.name or None
        self.updated_by_name = acting.name or self.updated_by_name

    def full_clean(
        self,
        exclude: Any = None,
        validate_unique: bool = True,
        validate_constraints: bool = True,
    ) -> None:
        """Stamp first: validation must not ask for a creator that the server fills in."""
        self.stamp()
        super().full_clean(exclude, validate_unique, validate_constraints)

    def save(self, **kwargs: Any) -> None:
        """Stamp and write; with `update_fields` the stamp is written along."""
        self.stamp()
        if kwargs.get("update_fields"):
            kwargs["update_fields"] = {*kwargs["update_fields"], "updated_by_name", "updated_at"}
        super().save(**kwargs)


class RemembersStoredValues(models.Model):
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
