"""Adds tags, headers and errors to the OpenAPI document."""

from typing import Any, TypeAlias

from django.utils.translation import gettext_lazy as _
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.serializers import Serializer

from campaign_studio.api.etags import ETagMixin
from campaign_studio.api.pagination import Schema
from campaign_studio.api.permissions import ROLE_MAY_NOT

Parameter: TypeAlias = OpenApiParameter | Serializer | type[Serializer]
DETAIL = {"type": "object", "required": ["detail"], "properties": {"detail": {"type": "string"}}}
FIELD_ERRORS = {
    "type": "object",
    "description": _(
        "Messages by field, nested as the input is. `non_field_errors` are about several fields together."
    ),
    "additionalProperties": {},
    "example": {"campaign_end_date": [_("The end date must be on or after the start date.")]},
}
ERRORS = {
    "400": (_("The input is refused. Nothing has been changed."), "FieldErrors"),
    "401": (_("The token is missing or no longer valid."), "Detail"),
    "403": (ROLE_MAY_NOT, "Detail"),
    "404": (_("There is no such object or page, or you may not see it."), "Detail"),
    "409": (
        _("Other objects still need this one, or the `Idempotency-Key` has been used for a different request."),
        "Detail",
    ),
    "412": (
        _("Someone else has changed the object since its ETag was read. The response carries the current one."),
        "Detail",
    ),
    "413": (_("The body is too large."), "Detail"),
    "415": (_("The body is not JSON in UTF-8."), "Detail"),
    "429": (_("Too many requests or attempts. Try again after `Retry-After` seconds."), "Detail"),
    "503": (_("The database isn't responding. Try again after `Retry-After` seconds."), "Detail"),
}
WITH_BODY = ("post", "put", "patch")
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
IF_MATCH = OpenApiParameter(
    "If-Match",
    str,
    OpenApiParameter.HEADER,
    description=_("The ETag of the object you have read. If it is no longer current, the change is refused with 412."),
)
ETAG = OpenApiParameter(
    "ETag", str, OpenApiParameter.HEADER, response=[200, 201], description=_("Changes with every change of the object.")
)


class StudioSchema(AutoSchema):
    """Tags operations by resource: `/api/campaigns/…` is `campaigns`."""

    def get_tags(self) -> list[str]:
        return [self.path.removeprefix("/api/").split("/")[0]]

    def get_filter_backends(self) -> list[Any]:
        """Only lists take filters, search and order."""
        return super().get_filter_backends() if getattr(self.view, "action", None) == "list" else []

    def get_override_parameters(self) -> list[Parameter]:
        """The headers `Idempotency-Key`, `ETag` and `If-Match`."""
        is_kept = self.method == "POST" and not getattr(self.view, "no_store", False)
        found: list[Parameter] = [IDEMPOTENCY_KEY] if is_kept else []
        action = getattr(self.view, "action", None)
        if isinstance(self.view, ETagMixin) and action not in ("list", "history"):
            found.append(ETAG)
            if self.method != "GET" and action != "create":
                found.append(IF_MATCH)
        return found

    def _is_list_view(self, serializer: object = None) -> bool:
        """Histories and explanations are lists too. drf-spectacular has no public hook for this."""
        return getattr(self.view, "action", None) in ("list", "history", "explain")


def describe_errors(result: Schema, generator: SchemaGenerator, request: Request | None, public: bool) -> Schema:
    """Add to every operation the errors that it can return."""
    result["components"]["schemas"] |= {"Detail": DETAIL, "FieldErrors": FIELD_ERRORS}
    for path, operations in result["paths"].items():
        for method, operation in operations.items():
            for code in _possible(path, method, operation):
                text, shape = ERRORS[code]
                content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{shape}"}}}
                operation["responses"].setdefault(code, {"description": text, "content": content})
            operation["responses"] = dict(sorted(operation["responses"].items()))
    return result


def _possible(path: str, method: str, operation: Schema) -> list[str]:
    """The status codes of the errors of one operation."""
    checks = {"/api/health": ["400", "503"], "/api/live": ["400"]}
    codes = list(checks.get(path, ["400", "429", "503"]))
    protected = any(operation.get("security", []))
    if protected or path.endswith(("/login", "/refresh")):
        codes.append("401")
    if protected or path.endswith(("/register", "/login")):
        codes.append("403")
    is_paged = any(parameter["name"] == "page" for parameter in operation.get("parameters", []))
    if "{" in path or is_paged:
        codes.append("404")
    if method in ("delete", "post"):
        codes.append("409")
    if any(parameter["name"] == "If-Match" for parameter in operation.get("parameters", [])):
        codes.append("412")
    if method in WITH_BODY:
        codes += ["413", "415"]
    return codes
