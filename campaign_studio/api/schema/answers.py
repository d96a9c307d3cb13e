"""The errors that an operation can return, and the headers that every answer has."""

import copy
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _
from drf_spectacular.generators import SchemaGenerator
from rest_framework.request import Request

from campaign_studio.api.permissions import ROLE_MAY_NOT
from campaign_studio.api.schema import OPTIONAL, Schema

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

WITH_BODY = ("post", "put", "patch")
# Load balancers may ask as often as they like.
UNCOUNTED = {"/api/health": ["400", "503"], "/api/live": ["400"], "/api/ready": ["400", "503"]}
SCHEMAS: Schema = {
    "ErrorDetail": {
        "type": "object",
        # So that clients read any error alike.
        "allOf": [{"$ref": "#/components/schemas/FieldErrors"}],
        "description": _("What is wrong, in one sentence: `detail` is always there."),
        "required": ["detail"],
        "example": {"detail": ROLE_MAY_NOT},
    },
    "FieldErrors": {
        "type": "object",
        "description": _(
            "Messages by field, nested as the input is. `non_field_errors` are about several fields together, and "
            "`detail` is about the request as a whole."
        ),
        "properties": {
            "detail": {"type": "string"},
            "non_field_errors": {"type": "array", "items": {"type": "string"}},
        },
        OPTIONAL: ["detail", "non_field_errors"],
        "additionalProperties": {"$ref": "#/components/schemas/FieldMessages"},
        "example": {"campaign_end_date": [_("The end date must be on or after the start date.")]},
    },
    "FieldMessages": {
        "description": _("The messages about a field. For nested rows, the errors of each row, in a list or by index."),
        "anyOf": [
            {"type": "array", "items": {"type": "string"}},
            {"type": "array", "items": {"$ref": "#/components/schemas/FieldErrors"}},
            {"$ref": "#/components/schemas/FieldErrors"},
        ],
    },
}
# The name, the description and the schema of each error. A 304 is none, but described alike.
ERRORS: dict[str, tuple[str, "StrPromise", str | None]] = {
    "304": ("NotModified", _("What you have, as named by `If-None-Match`, is current. The answer is empty."), None),
    "400": ("BadRequest", _("The input is refused. Nothing has been changed."), "FieldErrors"),
    "401": ("Unauthorized", _("The token is missing or no longer valid."), "ErrorDetail"),
    "403": ("Forbidden", ROLE_MAY_NOT, "ErrorDetail"),
    "404": ("NotFound", _("There is no such object or page, or you may not see it."), "ErrorDetail"),
    "409": (
        "Conflict",
        _("Other objects still need this one, or the `Idempotency-Key` has been used for a different request."),
        "ErrorDetail",
    ),
    "412": (
        "PreconditionFailed",
        _("Someone else has changed the object since its ETag was read. The response carries the current one."),
        "ErrorDetail",
    ),
    "413": ("ContentTooLarge", _("The body is too large."), "ErrorDetail"),
    "414": ("URITooLong", _("The query string is longer than 4,096 bytes."), "ErrorDetail"),
    "415": ("UnsupportedMediaType", _("The body is not JSON in UTF-8."), "ErrorDetail"),
    "429": (
        "TooManyRequests",
        _("Too many requests or attempts. Try again after `Retry-After` seconds."),
        "ErrorDetail",
    ),
    "503": ("Unavailable", _("The database isn't responding. Try again after `Retry-After` seconds."), "ErrorDetail"),
}
DONE = {
    "200": _("The request has succeeded."),
    "201": _("The object has been created."),
    "204": _("The request has succeeded. The answer is empty."),
    "503": _("The server can't work as it should."),
}
ETAG_TEXT = _("The state of the object or the list, for `If-Match` and `If-None-Match`.")
TEXT: Schema = {"type": "string"}
NUMBER: Schema = {"type": "integer", "minimum": 0}
HEADERS: dict[str, Schema] = {
    "ETag": {"description": ETAG_TEXT, "schema": TEXT},
    "Retry-After": {"description": _("The seconds after which to try again."), "schema": NUMBER},
    "WWW-Authenticate": {"description": _("How to authenticate here."), "schema": TEXT},
    "X-Request-ID": {
        "description": _("The id of the request, as in the logs. Your own, if you sent a valid one."),
        "schema": TEXT,
    },
    "X-RateLimit-Limit": {"description": _("The requests that you may make in a window of time."), "schema": NUMBER},
    "X-RateLimit-Remaining": {"description": _("The requests that are left in this window."), "schema": NUMBER},
    "X-RateLimit-Reset": {"description": _("When the next window begins, in Unix time."), "schema": NUMBER},
}
LIMITS = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")
OF_ERRORS = {
    "304": ("ETag",),
    "401": ("WWW-Authenticate",),
    "412": ("ETag",),
    "429": ("Retry-After",),
    "503": ("Retry-After",),
}


def describe_answers(result: Schema, generator: SchemaGenerator, request: Request | None, public: bool) -> Schema:
    """Add to every operation the errors that it can return, and to every answer its headers."""
    components = result["components"]
    components["schemas"] |= copy.deepcopy(SCHEMAS)
    components["headers"] = copy.deepcopy(HEADERS)
    components["responses"] = {name: _error(code) for code, (name, _text, _schema) in ERRORS.items()}
    for path, operations in result["paths"].items():
        for method, operation in operations.items():
            answers = operation["responses"]
            for code, answer in answers.items():
                answer["description"] = answer["description"] or DONE.get(code, "")
                answer["headers"] = _headers(answer.get("headers", {}), components["headers"], path)
            for code in _possible(path, method, operation):
                answers.setdefault(code, {"$ref": f"#/components/responses/{ERRORS[code][0]}"})
            operation["responses"] = dict(sorted(answers.items()))
    return result


def _error(code: str) -> Schema:
    _name, text, schema = ERRORS[code]
    # Nothing is counted while the database is away.
    names = ["X-Request-ID", *(LIMITS if code != "503" else ()), *OF_ERRORS.get(code, ())]
    answer: Schema = {
        "description": text,
        "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in sorted(names)},
    }
    if schema is not None:
        answer["content"] = {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
    return answer


def _headers(own: dict[str, Schema], shared: dict[str, Schema], path: str) -> dict[str, Schema]:
    """References to the headers of an answer. Those that only some operations send are added to the shared ones."""
    shared.update({name: header for name, header in own.items() if name not in shared})
    always = ("X-Request-ID", *(LIMITS if path not in UNCOUNTED else ()))
    return {name: {"$ref": f"#/components/headers/{name}"} for name in sorted({*own, *always})}


def _possible(path: str, method: str, operation: Schema) -> list[str]:
    """The status codes of the errors of one operation."""
    codes = list(UNCOUNTED.get(path, ["400", "429", "503"]))
    protected = any(operation.get("security", []))
    if protected or path.endswith(("/login", "/refresh")):
        codes.append("401")
    if protected or path.endswith(("/register", "/login")):
        codes.append("403")
    names = {parameter["name"] for parameter in operation.get("parameters", [])}
    if method == "get" and path not in UNCOUNTED:
        codes.append("414")
    if "{" in path or "page" in names:
        codes.append("404")
    if method in ("delete", "post"):
        codes.append("409")
    if "If-None-Match" in names:
        codes.append("304")
    if "If-Match" in names:
        codes.append("412")
    if method in WITH_BODY:
        codes += ["413", "415"]
    return codes
