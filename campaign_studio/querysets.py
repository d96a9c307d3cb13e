"""What every QuerySet answers, so that admin and API need to know nothing else about a table."""

from typing import TYPE_CHECKING, Any, Self

from django.db import models

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from accounts.models import User


class StudioQuerySet(models.QuerySet[Any]):
    """Rows as people may see them."""

    def visible_to(self, user: "User | AnonymousUser") -> Self:
        """The rows `user` may know of. Every look-up on behalf of somebody starts here (R6/R7)."""
        raise NotImplementedError(f"{type(self).__name__} does not say who may see its rows.")

    def as_rows(self) -> Self:
        """With what a list shows beyond the columns. For the rows of one page: below an OFFSET it costs every page."""
        return self

    def as_document(self, user: "User | AnonymousUser") -> Self:
        """With everything that one object's page shows `user`, in a constant number of queries."""
        return self
