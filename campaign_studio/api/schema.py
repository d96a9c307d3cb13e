"""What the OpenAPI document says beyond what it can read off the serializers."""

from typing import Any, TypeAlias

from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.serializers import Serializer

from campaign_studio.api.etags import ETagMixin
from campaign_studio.api.pagination import Schema

Parameter: TypeAlias = OpenApiParameter | Serializer | type[Serializer]
DETAIL = {"type": "object", "required": ["detail"], "properties": {"detail": {"type": "string"}}}
FIELD_ERRORS = {
    "type": "object",
    "description": "Field → messages, nested as the input is. `non_field_errors` is about several fields together.",
    "additionalProperties": {},
    "example": {"campaign_end_date": ["The end date can't lie before the start date."]},
}
ERRORS = {
    "400": ("The input is refused; nothing was changed.", "FieldErrors"),
    "401": ("No token, or one that is not valid any more.", "Detail"),
    "403": ("Your role may not do this.", "Detail"),
    "404": ("There is no such object or page, or none that you may see.", "Detail"),
    "409": ("The object is still needed by others, or the `Idempotency-Key` was sent with another request.", "Detail"),
    "412": ("Somebody else changed the object since its ETag was read; the answer carries the present one.", "Detail"),
    "413": ("The body is too large.", "Detail"),
    "415": ("The body is not JSON in UTF-8.", "Detail"),
    "429": ("Too many requests or attempts; try again after `Retry-After` seconds.", "Detail"),
    "503": ("The database does not answer; try again after `Retry-After` seconds.", "Detail"),
}
WITH_BODY = ("post", "put", "patch")
IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    pattern=r"^[\x21-\x7e]{1,255}$",
    description="Sent again with the same key within 24 hours, a request is answered again and not done again.",
)
IF_MATCH = OpenApiParameter(
    "If-Match",
    str,
    OpenApiParameter.HEADER,
    description="The ETag of what you have read: the change is refused with 412 when it is no longer the present one.",
)
ETAG = OpenApiParameter(
    "ETag", str, OpenApiParameter.HEADER, response=[200, 201], description="Another one after every change."
)


class StudioSchema(AutoSchema):
    """Groups by resource: `/api/campaigns/…` is `campaigns`."""

    def get_tags(self) -> list[str]:
        """The first part of the address."""
        return [self.path.removeprefix("/api/").split("/")[0]]

    def get_filter_backends(self) -> list[Any]:
        """Lists only: other actions take no parameters."""
        return super().get_filter_backends() if getattr(self.view, "action", None) == "list" else []

    def get_override_parameters(self) -> list[Parameter]:
        """The headers that make writing safe."""
        found: list[Parameter] = [IDEMPOTENCY_KEY] if self.method == "POST" else []
        action = getattr(self.view, "action", None)
        if isinstance(self.view, ETagMixin) and action not in ("list", "history"):
            found.append(ETAG)
            if self.method != "GET" and action != "create":
                found.append(IF_MATCH)
        return found

    def _is_list_view(self, serializer: object = None) -> bool:
        """Histories and explanations are lists as well. drf-spectacular asks in no public way."""
        return getattr(self.view, "action", None) in ("list", "history", "explain")


def describe_errors(result: Schema, generator: SchemaGenerator, request: Request | None, public: bool) -> Schema:
    """Give every operation the errors it can answer, in the one shape they have."""
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
    """The error codes of one operation."""
    codes = ["400", "503"] if path == "/api/health" else ["400", "429", "503"]
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
