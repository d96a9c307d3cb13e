"""Makes schemas exact, for generators of clients: what is always there is required, what is refused isn't allowed."""

from collections.abc import Iterator
from typing import Any

from drf_spectacular.generators import SchemaGenerator
from rest_framework.request import Request

from campaign_studio.api.schema import OPTIONAL, Schema
from campaign_studio.api.schema.naming import TAGS, pascal_case

PREFIX = "#/components/schemas/"
BLANK = {"$ref": f"{PREFIX}BlankEnum"}
NULL = {"$ref": f"{PREFIX}NullEnum"}


def make_exact(result: Schema, generator: SchemaGenerator, request: Request | None, public: bool) -> Schema:
    """Require what answers always have, refuse what requests can't have, and share the enums of parameters."""
    result["tags"] = [{"name": name, "description": str(text)} for name, text in TAGS.items()]
    schemas: dict[str, Schema] = result["components"]["schemas"]
    operations = [one for methods in result["paths"].values() for one in methods.values()]
    sent = _reached([one.get("requestBody", {}) for one in operations], schemas)
    for node in _nodes(result):
        _simplify(node)
    for name, schema in schemas.items():
        if name in sent:
            _close(schema)
        else:
            _require_all(schema)
    for operation in operations:
        _share_enums(operation, schemas)
    used = _reached([result["paths"], result["components"]["responses"]], schemas)
    result["components"]["schemas"] = {name: schemas[name] for name in sorted(used)}
    return result


def _nodes(node: Any) -> Iterator[Schema]:
    """Every object in a part of the document, children first."""
    if isinstance(node, dict):
        for part in list(node.values()):
            yield from _nodes(part)
        yield node
    elif isinstance(node, list):
        for part in node:
            yield from _nodes(part)


def _reached(parts: list[Any], schemas: dict[str, Schema]) -> set[str]:
    """The names of the schemas that these parts of the document need."""
    found: set[str] = set()
    waiting = list(parts)
    while waiting:
        references = [node["$ref"] for node in _nodes(waiting.pop()) if isinstance(node.get("$ref"), str)]
        new = {one.removeprefix(PREFIX) for one in references if one.startswith(PREFIX)} - found
        found |= new
        waiting += [schemas[name] for name in new]
    return found


def _simplify(node: Schema) -> None:
    """Write alternatives as generators of clients read them best. Blank choices are null."""
    if "oneOf" in node:
        choices = [{"type": "null"} if one == NULL else one for one in node.pop("oneOf") if one != BLANK]
        node["anyOf" if len(choices) > 1 else "allOf"] = choices
    if "enum" in node:
        node.pop("minLength", None)


def _close(schema: Schema) -> None:
    """Refuse other properties in a schema of requests, as serializers do."""
    if "properties" in schema:
        schema.setdefault("additionalProperties", False)


def _require_all(schema: Schema) -> None:
    """Require all properties in a schema of answers, except those that it names as optional, and none is blank."""
    optional = schema.pop(OPTIONAL, [])
    properties: dict[str, Schema] = schema.get("properties", {})
    if properties:
        schema["required"] = [name for name in properties if name not in optional]
    for value in properties.values():
        filled = [one for one in value.get("anyOf", []) if one.get("maxLength") != 0]
        if len(filled) == 1:
            del value["anyOf"]
            value |= filled[0]


def _share_enums(operation: Schema, schemas: dict[str, Schema]) -> None:
    """Let parameters refer to the enums of schemas, and give others a schema. Yes and no are no enum."""
    names = {frozenset(schema["enum"]): name for name, schema in schemas.items() if "enum" in schema}
    for parameter in operation.get("parameters", []):
        schema = parameter["schema"]
        several = schema.get("type") == "array"
        values = (schema["items"] if several else schema).get("enum")
        if values is None or parameter["in"] != "query":
            continue
        if set(values) == {"true", "false"}:
            parameter["schema"] = {"type": "boolean"}
            continue
        name = names.get(frozenset(values))
        if name is None:
            name = pascal_case(operation["operationId"]) + pascal_case(parameter["name"])
            schemas[name] = {"type": "string", "enum": values}
        reference = {"$ref": f"{PREFIX}{name}"}
        parameter["schema"] = {**schema, "items": reference} if several else reference
