"""The base of all querysets, with the methods that the console and the API use for every table."""

from typing import Any, Self
from uuid import UUID

from django.db import models

from campaign_studio.acting import Reader


class StudioQuerySet(models.QuerySet[Any]):
    """Selects the rows that a user may see or change."""

    def visible_to(self, user: Reader) -> Self:
        """The rows that `user` may see. Every query on behalf of a user starts here."""
        raise NotImplementedError(f"{type(self).__name__} must implement visible_to().")

    def changeable_by(self, user: Reader) -> Self:
        """The rows that the rules allow `user` to change."""
        raise NotImplementedError(f"{type(self).__name__} must implement changeable_by().")

    def for_change(self, key: UUID) -> Self:
        """The row with this key, locked until the transaction ends, after the rows that must be locked before it."""
        return self.filter(pk=key).select_for_update(of=("self",))

    def as_rows(self) -> Self:
        """Adds what a list shows besides columns. Use it on rows of one page: OFFSET would compute skipped rows too."""
        return self

    def as_document(self, user: Reader) -> Self:
        """Adds everything that `user` sees of one object, in a constant number of queries."""
        return self
