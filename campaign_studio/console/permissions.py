"""Who may what, and which rows, on every page of the admin console (8-reliability R6/R7)."""

from typing import Any

from django.db import models
from django.forms import CharField
from django.http import HttpRequest

from campaign_studio.console.forms import StudioForm


class RulesPermissionMixin:
    """Permissions by the one matrix, rows by `visible_to(user)`: for pages and for inlines alike.

    An inline asks about its parent; the rules take a part and its whole alike.
    """

    form = StudioForm
    opts: Any

    def may(self, request: HttpRequest, verb: str, obj: models.Model | None = None) -> bool:
        """Whether the user may `verb` this object; without one, whether they may at all."""
        user: Any = request.user
        return bool(user.has_perm(f"{self.opts.app_label}.{verb}_{self.opts.model_name}", obj))

    def has_add_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Whether they may create one."""
        return self.may(request, "add", obj)

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Whether they may change it."""
        return self.may(request, "change", obj)

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Whether they may delete it."""
        return self.may(request, "delete", obj)

    def has_view_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Whether they may see it."""
        return self.may(request, "view", obj)

    def get_queryset(self, request: HttpRequest) -> Any:
        """The rows this user may know of."""
        return super().get_queryset(request).visible_to(request.user)  # type: ignore[misc]

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """An empty optional text is null, as it is in the API; Django says so of short texts only."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)  # type: ignore[misc]
        if db_field.null and isinstance(field, CharField):
            field.empty_value = None
        return field

    def get_field_queryset(self, db: str | None, db_field: Any, request: HttpRequest) -> Any:
        """What a foreign key may point to: the rows this user may know of."""
        return db_field.remote_field.model._default_manager.using(db).visible_to(request.user)
