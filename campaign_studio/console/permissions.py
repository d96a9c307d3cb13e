"""Permissions and visible rows on every page of the admin console."""

from typing import Any, cast

from django.contrib.admin.options import BaseModelAdmin
from django.db import models
from django.db.models.fields.related import RelatedField
from django.forms import CharField, Field
from django.http import HttpRequest

from campaign_studio.querysets import StudioQuerySet


def visible_rows(model: type[models.Model], request: HttpRequest) -> StudioQuerySet:
    """The rows of `model` that the signed-in user may see."""
    return cast(StudioQuerySet, model._default_manager.all()).visible_to(request.user)


class RulesPermissionMixin(BaseModelAdmin):
    """Permissions from the rules and rows from `visible_to(user)`, for pages and inlines.

    An inline passes its parent; the rules accept a part or its parent.
    """

    def may(self, request: HttpRequest, verb: str, obj: models.Model | None = None) -> bool:
        """Whether the user may `verb` this object; without an object, whether they may `verb` any."""
        return request.user.has_perm(f"{self.opts.app_label}.{verb}_{self.opts.model_name}", obj)

    def has_add_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return self.may(request, "add", obj)

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return self.may(request, "change", obj)

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return self.may(request, "delete", obj)

    def has_view_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return self.may(request, "view", obj)

    def get_queryset(self, request: HttpRequest) -> models.QuerySet:
        return cast(StudioQuerySet, super().get_queryset(request)).visible_to(request.user)

    def formfield_for_dbfield(self, db_field: models.Field, request: HttpRequest, **kwargs: Any) -> Field | None:
        """Store an empty optional text as null, as the API does; Django does so for CharFields only."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.null and isinstance(field, CharField):
            field.empty_value = None
        return field

    def get_field_queryset(
        self, db: str | None, db_field: RelatedField, request: HttpRequest
    ) -> models.QuerySet | None:
        """The choices of a foreign key: the rows that the user may see."""
        return visible_rows(db_field.related_model, request)
