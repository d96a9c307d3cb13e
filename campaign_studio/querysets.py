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

    def for_change(self, key: Any) -> Self:
        """The one with this key, locked until the transaction ends; what has to be locked before it is, too (R1)."""
        return self.filter(pk=key).select_for_update(of=("self",))

    def as_rows(self) -> Self:
        """With what a list shows beyond the columns. For the rows of one page: below an OFFSET it costs every page."""
        return self

    def as_document(self, user: "User | AnonymousUser") -> Self:
        """With everything that one object's page shows `user`, in a constant number of queries."""
        return self
