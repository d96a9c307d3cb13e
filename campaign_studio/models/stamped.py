"""Rows that record who created them and who last changed them."""

from collections.abc import Collection
from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from campaign_studio import acting
from campaign_studio.models.base import TimestampedModel
from campaign_studio.models.versioned import VersionedModel


class StampedModel(VersionedModel, TimestampedModel):
    """Adds who created and who last changed the row: the acting user, in the console, the API and commands alike.

    `created_by_field` names the foreign key to the creator.
    """

    created_by_field: ClassVar[str]

    created_by_name = models.CharField(_("created by"), max_length=200, null=True, blank=True, editable=False)
    updated_by_name = models.CharField(_("updated by"), max_length=200, null=True, blank=True, editable=False)

    class Meta:
        abstract = True

    def clean_fields(self, exclude: Collection[str] | None = None) -> None:
        # The creator isn't required here: saving fills in the acting user.
        if acting.current_user() is not None:
            exclude = {*(exclude or ()), self.created_by_field}
        super().clean_fields(exclude)

    def save(self, **kwargs: Any) -> None:
        """Record who acts, also with `update_fields`."""
        self.stamp()
        if kwargs.get("update_fields"):
            kwargs["update_fields"] = {*kwargs["update_fields"], "updated_by_name", "updated_at"}
        super().save(**kwargs)

    def stamp(self) -> None:
        """Fill in the creator and both names. Without an acting user or command, leave them as they are."""
        now = acting.current()
        if now is None:
            return
        if self._state.adding:
            user = now.find_user()
            if user and getattr(self, f"{self.created_by_field}_id") is None:
                setattr(self, self.created_by_field, user)
            self.created_by_name = now.name or None
        self.updated_by_name = now.name or self.updated_by_name
