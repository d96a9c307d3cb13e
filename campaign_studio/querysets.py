"""What every QuerySet answers, so that admin and API need to know nothing else about a table."""

from typing import Any, Self
from uuid import UUID

from django.db import models

from campaign_studio.acting import Reader


class StudioQuerySet(models.QuerySet[Any]):
    """Rows as people may see and change them."""

    def visible_to(self, user: Reader) -> Self:
        """The rows `user` may know of. Every look-up on behalf of a person starts here."""
        raise NotImplementedError(f"{type(self).__name__} does not say who may see its rows.")

    def changeable_by(self, user: Reader) -> Self:
        """The rows `user` may change: those for which the rules allow it."""
        raise NotImplementedError(f"{type(self).__name__} does not say who may change its rows.")

    def for_change(self, key: UUID) -> Self:
        """The one with this key, locked until the transaction ends; what has to be locked before it is, too."""
        return self.filter(pk=key).select_for_update(of=("self",))

    def as_rows(self) -> Self:
        """With what a list shows beyond the columns. For the rows of one page: below an OFFSET it costs every page."""
        return self

    def as_document(self, user: Reader) -> Self:
        """With everything that one object's page shows `user`, in a constant number of queries."""
        return self
