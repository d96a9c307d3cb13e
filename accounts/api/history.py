"""Audit entries as JSON, `/history` of an audited object, and `?as_of=` to read the object as it was earlier."""

from datetime import datetime, timedelta
from typing import Any, cast

from django.core.exceptions import ValidationError as ModelValidationError
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _
from django_filters.utils import translate_validation
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.fields import get_error_detail
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.filters import ACTION_CHOICES, ACTIONS, SINCE, UNTIL, HistoryFilter
from accounts.api.reading import answered_at_once
from accounts.audit.as_of import TooEarlyError, as_it_was, moment_of
from accounts.audit.history import Change, columns_about, readable, short_changes
from accounts.models import AuditEntry, User
from campaign_studio.api.pagination import PARAMETERS, KeysFirstPagination
from campaign_studio.api.permissions import ROLE_MAY_NOT, ModelPermission
from campaign_studio.api.viewsets import Row, StudioViewSet
from campaign_studio.models.versioned import PartModel

ACTION_NAMES = {number: name for name, number in ACTIONS.items()}
AS_OF = OpenApiParameter(
    "as_of",
    {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "string", "format": "date"}]},
    description=_(
        "Return the object with its nested rows as it was at this time: a time such as `2026-11-01T12:00:00Z`, or a "
        "date, meaning the end of that day. Values that the audit log doesn't record, such as `version`, are null."
    ),
)
FILTERS = [
    OpenApiParameter(
        "actor",
        {"type": "string", "maxLength": 200},
        description=_("Only changes by this actor: a username, the id of a user, or the name of a command."),
    ),
    OpenApiParameter(
        "field",
        {"type": "string", "pattern": "^[a-z][a-z0-9_]*$"},
        description=_("Only changes of this field, named as in `changes`."),
    ),
    OpenApiParameter("from", {"type": "string", "format": "date-time"}, description=SINCE),
    OpenApiParameter("to", {"type": "string", "format": "date-time"}, description=UNTIL),
]


@extend_schema_serializer(description=_("The user who made a change."))
class ActorSerializer(serializers.Serializer):
    """The user behind an audit entry."""

    user_id = serializers.UUIDField(source="actor_id")
    username = serializers.CharField(source="actor_username")


class ActionField(serializers.ChoiceField):
    """The code of an action. Django's `get_action_display` would depend on the active language."""

    def to_representation(self, value: Any) -> str:
        return ACTION_NAMES.get(value, str(value))


class ChangesField(serializers.JSONField):
    """The changes of an entry in short. `accounts/api/schema.py` describes them."""


@extend_schema_serializer(description=_("One entry of the audit log."))
class AuditEntrySerializer(serializers.ModelSerializer):
    """One entry of the audit log."""

    actor = ActorSerializer(source="*", allow_null=True)
    action = ActionField(choices=ACTION_CHOICES)
    remote_addr = serializers.IPAddressField(
        source="shown_remote_addr",
        allow_null=True,
        help_text=_("Null for readers who aren't administrators, and for users whom the reader can't see."),
    )
    request_id = serializers.CharField(
        source="shown_request_id", allow_null=True, help_text=_("Null where `remote_addr` is withheld.")
    )
    resource_type = serializers.CharField(
        source="content_type.model", help_text=_("The type of the object, such as `campaign`.")
    )
    resource_id = serializers.CharField(source="object_pk")
    resource_name = serializers.CharField(source="object_repr")
    changes = ChangesField(
        source="short_changes",
        help_text=_(
            "Field → [old value, new value]. A text of more than 300 characters is replaced by "
            "`{start, count, url}`: its beginning, the number of its characters, and the URL of the object with the "
            "whole text. For a list: `{added, removed, added_count, removed_count, url}`, with the first 10 of each."
        ),
    )

    class Meta:
        model = AuditEntry
        fields = [
            "timestamp",
            "actor",
            "action",
            "door",
            "remote_addr",
            "request_id",
            "resource_type",
            "resource_id",
            "resource_name",
            "parent_id",
            "changes",
        ]
        read_only_fields = fields

    def to_representation(self, instance: AuditEntry) -> dict[str, object]:
        """`actor` is null for commands and anonymous requests."""
        document: dict[str, object] = super().to_representation(instance)
        if instance.actor_id is None:
            document["actor"] = None
        changes = short_changes(instance)
        document["changes"] = {field: _with_links(instance, change) for field, change in changes.items()}
        return document


def _with_links(entry: AuditEntry, change: Any) -> Any:
    """A change in short, with the URLs at which its whole values can be read."""
    if isinstance(change, dict):
        return {**change, "url": _url_as_of(entry, entry.timestamp)}
    before_and_at = (entry.timestamp - timedelta(microseconds=1), entry.timestamp)
    return [
        {**value, "url": _url_as_of(entry, moment)} if isinstance(value, dict) else value
        for value, moment in zip(change, before_and_at, strict=True)
    ]


def _url_as_of(entry: AuditEntry, moment: datetime) -> str | None:
    """The URL of the changed object, or of the one it is a part of, as it was. None if it has no history."""
    model = entry.content_type.model_class()
    key: object = entry.object_pk
    if model is not None and entry.parent_id is not None and issubclass(model, PartModel):
        model, key = cast("type[Model]", model._meta.get_field(model.whole_field).related_model), entry.parent_id
    try:
        url = reverse(f"{model._meta.model_name}-history", args=[key]) if model else ""
    except NoReverseMatch:
        return None
    at = moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
    return f"{url.removesuffix('/history')}?as_of={at}"


class TracedPages(KeysFirstPagination):
    """Pages of a log, each row with the traces that the reader may see."""

    def rows(self, queryset: QuerySet, keys: QuerySet | list[Any]) -> list[Any]:
        ordering = queryset.query.order_by or queryset.model._meta.ordering
        found = queryset.model._default_manager.filter(pk__in=keys).as_rows()
        return list(found.with_traces_for(self.request.user).order_by(*ordering))


class ChangesOfAnEntry(serializers.ListSerializer):
    """The changes of one entry, which the view has looked up for the whole page: `context["changes"][entry.pk]`."""

    def get_attribute(self, instance: AuditEntry) -> list[Change]:
        changes: dict[int, list[Change]] = self.context["changes"]
        return changes[instance.pk]


@extend_schema_serializer(
    component_name="ReadableChange",
    description=_("One changed field in readable form, in the language of the request. An empty value is null."),
)
class ChangeSerializer(serializers.Serializer):
    """One `Change` of an entry, as JSON."""

    class Meta:
        list_serializer_class = ChangesOfAnEntry

    field = serializers.CharField(help_text=_("The name of the field in `changes`."))
    label = serializers.CharField()  # type: ignore[assignment]  # hides the label of the serializer itself
    old = serializers.CharField(allow_null=True)
    new = serializers.CharField(allow_null=True)


@extend_schema_serializer(
    description=_("One entry of an object's history, with its changes as recorded and in readable form.")
)
class HistoryEntrySerializer(AuditEntrySerializer):
    """An audit entry with its readable changes."""

    kind = serializers.CharField(source="content_type.name", help_text=_("The `resource_type` in readable form."))
    readable = ChangeSerializer(
        many=True,
        help_text=_(
            "The changes with labels instead of codes, and with names instead of the ids of rows that you may see. Of "
            "a list, `old` is what was removed and `new` what was added."
        ),
    )

    class Meta(AuditEntrySerializer.Meta):
        fields = [*AuditEntrySerializer.Meta.fields, "kind", "readable"]
        read_only_fields = fields


class HistoryPermission(BasePermission):
    """Staff only: more users may read an object than its history."""

    message = ROLE_MAY_NOT

    def has_permission(self, request: Request, view: APIView) -> bool:
        # A method that the view doesn't have is answered 405 later.
        return getattr(view, "action", None) != "history" or bool(request.user.has_perm("accounts.view_history"))


class AuditedViewSet(StudioViewSet[Row]):
    """A resource with a history, which can also be read as it was at an earlier time."""

    def dispatch(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        """Read a single object at once, if it is asked for in the usual form."""
        is_reading = self.action_map.get("get") == "retrieve"
        answer = answered_at_once(self, request) if is_reading else None
        return super().dispatch(request, *args, **kwargs) if answer is None else answer

    @extend_schema(
        summary=_("List %(object)s history"),
        description=_(
            "The changes of this object and its nested rows, newest first: who changed what, when and through which "
            "channel. Only for staff. Administrators also see the IP address and the request id."
        ),
        responses=HistoryEntrySerializer(many=True),
        parameters=FILTERS,
        filters=False,
    )
    @action(detail=True, methods=["get"], url_path="history", permission_classes=[ModelPermission, HistoryPermission])
    def history(self, request: Request, **kwargs: object) -> Response:
        reader = cast("User", request.user)
        row = self.get_object()
        entries = AuditEntry.objects.about(row, reader=reader).order_by("-timestamp", "-id")
        filters = HistoryFilter(request.query_params, entries, columns=columns_about(type(row), reader))
        if not filters.is_valid():
            raise translate_validation(filters.errors)
        pages = TracedPages()
        page: list[AuditEntry] = pages.paginate_queryset(filters.qs, request)
        changes = {line.entry.pk: line.changes for line in readable(page, reader=reader)}
        serializer = HistoryEntrySerializer(page, many=True, context={"changes": changes})
        return pages.get_paginated_response(serializer.data)

    @extend_schema(
        description=_("One object with its nested rows. With `as_of`, the object as it was at that time."),
        parameters=[AS_OF],
    )
    def retrieve(self, request: Request, **kwargs: object) -> Response:
        if "as_of" not in request.query_params:
            return super().retrieve(request, **kwargs)
        row = get_object_or_404(self.visible_rows(), pk=self.key())
        self.check_object_permissions(request, row)
        try:
            past = as_it_was(row, moment_of(request.query_params["as_of"]), reader=cast("User", request.user))
        except ModelValidationError as error:
            raise ValidationError({"as_of": get_error_detail(error)}) from error
        except TooEarlyError as error:
            raise NotFound(str(error), "too_early") from error
        # No ETag, because the past can't be changed.
        return Response(self.represent(past))

    def is_tagged_by_text(self) -> bool:
        """Not with `as_of`: no change could name the tag."""
        return "as_of" not in self.request.query_params

    def known_parameters(self) -> set[str]:
        """Pagination and filters for the history, `as_of` for a single object."""
        if self.action == "history":
            return {*PARAMETERS, *HistoryFilter.base_filters}
        return {"as_of"} if self.action == "retrieve" else super().known_parameters()
