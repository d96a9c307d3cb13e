"""Abstract bases that every table is built from. No tables here."""

from collections.abc import Collection
from typing import Any, ClassVar, Self

from django.db import models

from campaign_studio import audit


class TimestampedModel(models.Model):
    """When the row came to be and when it last changed (UTC)."""

    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        abstract = True


class StampedModel(TimestampedModel):
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
        exclude: Collection[str] | None = None,
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
    def from_db(cls, db: str | None, field_names: Collection[str], values: Collection[Any]) -> Self:
        """Load a row and remember it."""
        instance = super().from_db(db, field_names, values)
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
        super().save(**kwargs)
        self._remember()
