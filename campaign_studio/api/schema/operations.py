"""Describes each operation: its name, its parameters and the headers of its answers."""

from typing import Any, TypeAlias

from django.utils.translation import gettext_lazy as _
from drf_spectacular.extensions import OpenApiSerializerFieldExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ComponentRegistry
from drf_spectacular.utils import Direction, OpenApiParameter
from rest_framework.serializers import ListSerializer, Serializer

from campaign_studio.api.etags import ETagMixin
from campaign_studio.api.schema import Schema, naming
from campaign_studio.api.schema.answers import ETAG_TEXT
from campaign_studio.api.schema.components import PREFIX

Parameter: TypeAlias = OpenApiParameter | Serializer | type[Serializer]
IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    pattern=r"^[\x21-\x7e]{1,255}$",
    description=_(
        "A request that is repeated with the same key within 24 hours gets the first answer again, with the header "
        "`Idempotency-Replayed: true`."
    ),
)
REPLAYED = OpenApiParameter(
    "Idempotency-Replayed",
    str,
    OpenApiParameter.HEADER,
    response=[200, 201],
    enum=["true"],
    description=_("Sent if this is the first answer to the same `Idempotency-Key` again."),
)
IF_MATCH = OpenApiParameter(
    "If-Match",
    str,
    OpenApiParameter.HEADER,
    description=_("The ETag of the object you have read. If it is no longer current, the change is refused with 412."),
)
IF_NONE_MATCH = OpenApiParameter(
    "If-None-Match",
    str,
    OpenApiParameter.HEADER,
    description=_("The ETag of the answer you have. If it is still current, the answer is an empty 304."),
)
DRY_RUN = OpenApiParameter(
    "dry_run",
    bool,
    default=False,
    description=_(
        "With `true`, the request is checked and answered as usual, with the header `Dry-Run: true`, but nothing of it "
        "is kept: no change, no audit entry, no email, no `Idempotency-Key`."
    ),
)
DRIED = OpenApiParameter(
    "Dry-Run",
    str,
    OpenApiParameter.HEADER,
    response=[200, 201, 204],
    enum=["true"],
    description=_("Sent if nothing of the request was kept: see `dry_run`."),
)
LOCATION = OpenApiParameter(
    "Location", str, OpenApiParameter.HEADER, response=[201], description=_("The URL of what has been created.")
)
ETAG = OpenApiParameter("ETag", str, OpenApiParameter.HEADER, response=[200, 201], description=ETAG_TEXT)


class StudioSchema(AutoSchema):
    """Names operations by their URLs (`naming.py`), and documents the headers that the base views take and send."""

    def get_operation(
        self, path: str, path_regex: str, path_prefix: str, method: str, registry: ComponentRegistry
    ) -> Schema | None:
        """The operation. Summaries, also those of `extend_schema()`, may name the view's `%(object)s`."""
        operation: Schema | None = super().get_operation(path, path_regex, path_prefix, method, registry)
        if operation and "summary" in operation:
            operation["summary"] = str(operation["summary"]) % self._names()
        return operation

    def get_operation_id(self) -> str:
        return naming.operation_id(self.path, self.method, self._action, is_list=self._is_list_view())

    def get_summary(self) -> str | None:
        """Only for the usual operations on a model. All others are summed up by `extend_schema()`."""
        verb = naming.verb_of(self.path, self.method, self._action)
        return str(naming.SUMMARIES[verb]) if verb and self._names() else None

    def get_tags(self) -> list[str]:
        return [naming.tag_of(self.path)]

    def get_filter_backends(self) -> list[Any]:
        """Only lists take filters, search and order."""
        return super().get_filter_backends() if self._action == "list" else []

    def get_override_parameters(self) -> list[Parameter]:
        """The headers that the base views take and send, and the parameter `dry_run`."""
        is_kept = self.method == "POST" and not getattr(self.view, "no_store", False)
        found: list[Parameter] = [IDEMPOTENCY_KEY, REPLAYED] if is_kept else []
        if self.method == "GET":
            return [ETAG, IF_NONE_MATCH] if self._is_tagged() else []
        if getattr(self.view, "atomic", False) and not getattr(self.view, "no_store", False):
            found += [DRY_RUN, DRIED]
        if self.method == "POST":
            found.append(LOCATION)
        if isinstance(self.view, ETagMixin):
            found.append(ETAG)
            if self._action != "create":
                found.append(IF_MATCH)
        return found

    def _is_tagged(self) -> bool:
        """Whether a GET has an ETag: all JSON but health checks, and under `/api/auth/` only what can be changed."""
        answers = self.get_response_serializers()
        # Other media types are in the keys: `{(200, "image/svg+xml"): …}`.
        is_json = not (isinstance(answers, dict) and any(isinstance(key, tuple) for key in answers))
        kept = isinstance(self.view, ETagMixin) or not getattr(self.view, "no_store", False)
        return is_json and kept and bool(self.view.throttle_classes)

    @property
    def _action(self) -> str | None:
        return getattr(self.view, "action", None)

    def _names(self) -> dict[str, object]:
        """The names of the view's objects, for summaries. Empty if it has none."""
        queryset = getattr(self.view, "queryset", None)
        if queryset is None:
            return {}
        options = queryset.model._meta
        return {"object": options.verbose_name, "objects": options.verbose_name_plural}

    def _unwrap_list_serializer(self, serializer: Any, direction: Direction) -> Schema | None:
        """Say how many elements a request takes. drf-spectacular has no public hook for this."""
        schema: Schema | None = super()._unwrap_list_serializer(serializer, direction)
        if schema and direction == "request" and isinstance(serializer, ListSerializer):
            limits = {
                "minItems": 0 if serializer.allow_empty else 1,
                "maxItems": getattr(serializer, "max_length", None),
            }
            schema |= {name: limit for name, limit in limits.items() if limit}
        return schema

    def _is_list_view(self, serializer: object = None) -> bool:
        """Histories and explanations are lists too. drf-spectacular has no public hook for this."""
        return self._action in ("list", "history", "explain")


class EnumSchema(OpenApiSerializerFieldExtension):
    """Describes `EnumField` by the enum that it names."""

    target_class = "campaign_studio.api.fields.EnumField"

    def map_serializer_field(self, auto_schema: AutoSchema, direction: Direction) -> Schema:
        return {"$ref": f"{PREFIX}{self.target.enum}"}
