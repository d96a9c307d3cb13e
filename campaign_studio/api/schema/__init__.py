"""The OpenAPI document: what drf-spectacular can't know about this API, and what generators of clients need."""

from typing import Any

# A part of the document.
Schema = dict[str, Any]
# With this extension, a schema names the properties that an answer may lack:
# `@extend_schema_serializer(extensions={OPTIONAL: ["day"]})`.
OPTIONAL = "x-optional"
