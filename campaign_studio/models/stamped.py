"""Rows that say who made and who last changed them."""

from typing import Any, ClassVar

from django.db import models

from campaign_studio import acting
from campaign_studio.models.base import TimestampedModel
from campaign_studio.models.versioned import VersionedModel


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
        now = acting.current()
        if now is None:
            return
        if self._state.adding:
            user = now.find_user()
            if user and getattr(self, f"{self.created_by_field}_id") is None:
                setattr(self, self.created_by_field, user)
            self.created_by_name = now.name or None
        self.updated_by_name = now.name or self.updated_by_name

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
