"""`/history` on any audited object, and `?as_of=` on those that can be rebuilt from their history."""

from typing import cast

from django.core.exceptions import ValidationError as ModelValidationError
from django.shortcuts import get_object_or_404
from django_filters.utils import translate_validation
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.filters import HistoryFilter
from accounts.api.serializers import AuditEntrySerializer
from accounts.audit.as_of import TooEarlyError, as_it_was, moment_of
from accounts.audit.history import Change, columns_about, readable
from accounts.models import AuditEntry, User
from campaign_studio.api.pagination import PARAMETERS
from campaign_studio.api.viewsets import Row, StudioViewSet

AS_OF = OpenApiParameter(
    "as_of",
    str,
    description=(
        "The object as it was then, nested rows included: a time like `2026-11-01T12:00:00Z`, or a day, meaning its "
        "end. What the audit log doesn't hold, such as `version`, is null."
    ),
)
FILTERS = [
    OpenApiParameter("actor", str, description="What one person did: username or user id, or the name of a command."),
    OpenApiParameter("field", str, description="Where this field changed, named as in `changes`."),
    OpenApiParameter("from", {"type": "string", "format": "date-time"}, description="Since then."),
    OpenApiParameter("to", {"type": "string", "format": "date-time"}, description="Until then."),
]


class ChangesOfAnEntry(serializers.ListSerializer):
    """What the view has read for the whole page: `context["changes"]`, by the entries' keys."""

    def get_attribute(self, instance: AuditEntry) -> list[Change]:
        """The changes of one entry."""
        changes: dict[int, list[Change]] = self.context["changes"]
        return changes[instance.pk]


class ChangeSerializer(serializers.Serializer):
    """One changed field, as people read it. Null is nothing."""

    class Meta:
        list_serializer_class = ChangesOfAnEntry

    field = serializers.CharField(help_text="As in `changes`.")
    label = serializers.CharField()  # type: ignore[assignment]  # hides the label of the serializer itself
    old = serializers.CharField(allow_null=True)
    new = serializers.CharField(allow_null=True)


class HistoryEntrySerializer(AuditEntrySerializer):
    """One entry of an object's history, with the changes as people read them too."""

    kind = serializers.CharField(source="content_type.name", help_text="What people call the `resource_type`.")
    readable = ChangeSerializer(
        many=True, help_text="The changes with names for ids and choices, as far as you may see what they name."
    )

    class Meta(AuditEntrySerializer.Meta):
        fields = [*AuditEntrySerializer.Meta.fields, "kind", "readable"]
        read_only_fields = fields


class AuditedViewSet(StudioViewSet[Row]):
    """A resource with a history, that can be read as it was at a moment."""

    @extend_schema(responses=HistoryEntrySerializer(many=True), parameters=FILTERS, filters=False)
    @action(detail=True, methods=["get"], url_path="history")
    def history(self, request: Request, **kwargs: object) -> Response:
        """Who changed what, when, from where, through which door: newest first, with the rows that belong to it."""
        row, reader = self.get_object(), cast("User", request.user)
        entries = AuditEntry.objects.about(row, reader=reader).order_by("-timestamp", "-id")
        filters = HistoryFilter(request.query_params, entries, columns=columns_about(type(row), reader))
        if not filters.is_valid():
            raise translate_validation(filters.errors)
        page: list[AuditEntry] = self.paginate_queryset(filters.qs) or []
        changes = {line.entry.pk: line.changes for line in readable(page, reader=reader)}
        serializer = HistoryEntrySerializer(page, many=True, context={"changes": changes})
        return self.get_paginated_response(serializer.data)

    @extend_schema(parameters=[AS_OF])
    def retrieve(self, request: Request, **kwargs: object) -> Response:
        """One object, whole; with `as_of` as it was at a moment."""
        if "as_of" not in request.query_params:
            return super().retrieve(request, **kwargs)
        row = get_object_or_404(self.visible_rows(), pk=self.key())
        self.check_object_permissions(request, row)
        try:
            past = as_it_was(row, moment_of(request.query_params["as_of"]), reader=cast("User", request.user))
        except ModelValidationError as error:
            raise ValidationError({"as_of": error.messages}) from error
        except TooEarlyError as error:
            raise NotFound(str(error)) from error
        # Without an ETag: nobody can change the past.
        return Response(self.document(past))

    def known_parameters(self) -> set[str]:
        """Pages and filters for the history, the moment for one object."""
        if self.action == "history":
            return {*PARAMETERS, *HistoryFilter.base_filters}
        return {"as_of"} if self.action == "retrieve" else super().known_parameters()
