"""How each kind of field represents a value, in SQL exactly as in Python.

A kind is recognised by its `to_representation`. A field that overrides it is Python code, and isn't found here.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from django.contrib.postgres.fields import ArrayField
from django.db.models import Expression, Field, ForeignKey, Func, JSONField, TextField
from django.db.models.expressions import Combinable
from django.db.models.fields.related_descriptors import ForeignKeyDeferredAttribute
from django.db.models.functions import Cast
from django.db.models.query_utils import DeferredAttribute
from django.db.models.sql.compiler import SQLCompiler
from rest_framework import ISO_8601, serializers
from rest_framework.relations import PrimaryKeyRelatedField
from rest_framework.settings import api_settings

AnySerializerField = serializers.Field[Any, Any, Any, Any]
AnyField: TypeAlias = "Field[Any, Any]"
Represent = Callable[[AnySerializerField, Combinable], Combinable]

TEXTS = frozenset({"CharField", "TextField"})
NUMBERS = frozenset(
    {"IntegerField", "BigIntegerField", "SmallIntegerField", "PositiveIntegerField", "PositiveSmallIntegerField"}
)


class NotInSQLError(Exception):
    """A field that only Python can represent. As text, it says which one and why."""


class JSONObject(Expression):
    """A JSON object with these values. Unlike `json_build_object`, it takes more than fifty, and writes no spaces."""

    def __init__(self, values: Mapping[str, Combinable]) -> None:
        super().__init__(output_field=JSONField())
        self.names = list(values)
        self.values: list[Any] = list(values.values())

    def get_source_expressions(self) -> list[Any]:
        return self.values

    def set_source_expressions(self, exprs: Any) -> None:
        self.values = list(exprs)

    def as_sql(self, compiler: SQLCompiler, connection: Any) -> tuple[str, tuple[Any, ...]]:
        columns: list[str] = []
        parameters: list[Any] = []
        for name, value in zip(self.names, self.values, strict=True):
            sql, found = compiler.compile(value)
            columns.append(f"{sql} AS {connection.ops.quote_name(name)}")
            parameters += found
        # The names are those of serializer fields.
        text = f"(SELECT row_to_json(document) FROM (SELECT {', '.join(columns)}) AS document)"  # noqa: S608
        return text, tuple(parameters)


def represented(field: AnySerializerField, value: Combinable, column: AnyField) -> Combinable:
    """The value of a column as this field represents it. Raises NotInSQLError."""
    column = _target(column)
    _check_is_plain(field, column)
    types, represent = REPRESENTATIONS.get(type(field).to_representation, (frozenset(), _as_it_is))
    kind = "ArrayField" if isinstance(column, ArrayField) else column.get_internal_type()
    if kind not in types:
        raise NotInSQLError(f"{named(field)} is a {type(field).__name__} of a {type(column).__name__}")
    if isinstance(field, serializers.ListField):
        represented(field.child, value, column.base_field)  # type: ignore[attr-defined]
    return represent(field, value)


def named(field: AnySerializerField) -> str:
    """The name of a field for messages."""
    return f"{type(field.parent).__name__}.{field.field_name}" if field.field_name else f"an element of {field.parent}"


def _target(column: AnyField) -> AnyField:
    while isinstance(column, ForeignKey):
        column = column.target_field
    return column


def _check_is_plain(field: AnySerializerField, column: AnyField) -> None:
    """Refuse a column whose values Python changes when it reads them, such as a secret or a phone number."""
    descriptor = getattr(column, "descriptor_class", DeferredAttribute)
    if hasattr(column, "from_db_value") or descriptor not in (DeferredAttribute, ForeignKeyDeferredAttribute):
        raise NotInSQLError(f"{named(field)} is read by {type(column).__name__}")


def _as_it_is(field: AnySerializerField, value: Combinable) -> Combinable:
    return value


def _uuid(field: AnySerializerField, value: Combinable) -> Combinable:
    if getattr(field, "uuid_format", None) != "hex_verbose":
        raise NotInSQLError(f"{named(field)} has a format of its own")
    return value


def _date(field: AnySerializerField, value: Combinable) -> Combinable:
    if getattr(field, "format", api_settings.DATE_FORMAT) != ISO_8601:
        raise NotInSQLError(f"{named(field)} has a format of its own")
    return value


def _date_time(field: AnySerializerField, value: Combinable) -> Combinable:
    """In UTC with six decimals, or none if all are zero, as in Python."""
    if getattr(field, "format", api_settings.DATETIME_FORMAT) != ISO_8601 or getattr(field, "timezone", None):
        raise NotInSQLError(f"{named(field)} has a format of its own")
    template = (
        "replace(to_char(%(expressions)s AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'), '.000000', '')"
    )
    return Func(value, template=template, output_field=TextField())


def _time(field: AnySerializerField, value: Combinable) -> Combinable:
    if getattr(field, "format", api_settings.TIME_FORMAT) != "%H:%M":
        raise NotInSQLError(f"{named(field)} isn't in the form HH:MM")
    return Func(value, template="to_char(%(expressions)s, 'HH24:MI')", output_field=TextField())


def _big(field: AnySerializerField, value: Combinable) -> Combinable:
    """A number, or as a text for clients whose numbers are too small."""
    if getattr(field, "coerce_to_string", api_settings.COERCE_BIGINT_TO_STRING):
        return Cast(value, TextField())
    return value


def _key(field: AnySerializerField, value: Combinable) -> Combinable:
    if type(getattr(field, "pk_field", None)) is not serializers.UUIDField:
        raise NotInSQLError(f"{named(field)} doesn't say how it represents the key")
    return _uuid(field.pk_field, value)  # type: ignore[attr-defined]


# By `to_representation`: the internal types of columns, and the expression.
REPRESENTATIONS: dict[object, tuple[frozenset[str], Represent]] = {
    serializers.CharField.to_representation: (TEXTS | {"UUIDField"}, _as_it_is),
    serializers.ChoiceField.to_representation: (TEXTS, _as_it_is),
    serializers.UUIDField.to_representation: (frozenset({"UUIDField"}), _uuid),
    serializers.IntegerField.to_representation: (NUMBERS, _as_it_is),
    serializers.BigIntegerField.to_representation: (NUMBERS, _big),
    serializers.FloatField.to_representation: (frozenset({"FloatField"}), _as_it_is),
    serializers.BooleanField.to_representation: (frozenset({"BooleanField"}), _as_it_is),
    serializers.DateField.to_representation: (frozenset({"DateField"}), _date),
    serializers.DateTimeField.to_representation: (frozenset({"DateTimeField"}), _date_time),
    serializers.TimeField.to_representation: (frozenset({"TimeField"}), _time),
    serializers.ListField.to_representation: (frozenset({"ArrayField"}), _as_it_is),
    PrimaryKeyRelatedField.to_representation: (frozenset({"UUIDField"}), _key),
}
