"""Walks a read serializer once, and describes its documents as one expression."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from django.core.exceptions import FieldDoesNotExist
from django.db.models import (
    Expression,
    F,
    Field,
    ForeignObjectRel,
    JSONField,
    Model,
    OuterRef,
    QuerySet,
    Subquery,
    UUIDField,
)
from django.db.models.expressions import Combinable
from django.db.models.sql.compiler import SQLCompiler
from rest_framework import serializers
from rest_framework.fields import empty

from campaign_studio.api.documents.fields import AnySerializerField, JSONObject, NotInSQLError, named, represented
from campaign_studio.models.base import StudioModel
from campaign_studio.querysets import StudioQuerySet

AnySerializer = serializers.Serializer[Any]
AnyModel = type[Model]


class ReaderKey(Expression):
    """The key of the user who reads. It is filled in for each request."""

    def __init__(self) -> None:
        super().__init__(output_field=UUIDField())

    def as_sql(self, compiler: SQLCompiler, connection: object) -> tuple[str, tuple[Any, ...]]:
        return "%s::uuid", (self,)


@dataclass(frozen=True)
class AnyReader:
    """Any user with this role. Statements are compiled for all of them, so they can't contain the key of one."""

    role_id: str | None
    pk: ReaderKey = field(default_factory=ReaderKey, compare=False)
    is_authenticated: bool = True


@dataclass(frozen=True)
class Rows:
    """Where the values of an object come from."""

    model: AnyModel
    reader: AnyReader
    # The values that the queryset adds to columns.
    annotations: Mapping[str, Any]


class RowsAsList(Subquery):
    """The rows of a subquery with one JSON column, as a JSON list in their order."""

    template = "to_json(ARRAY(%(subquery)s))"

    def __init__(self, queryset: "QuerySet[Model, Any]") -> None:
        super().__init__(queryset, output_field=JSONField())


def described(serializer: AnySerializer, rows: "QuerySet[Model, Any]", reader: AnyReader) -> dict[str, Combinable]:
    """The fields of a document with the values that `rows` have. Raises NotInSQLError for one that is Python code."""
    return _fields(serializer, Rows(rows.model, reader, rows.query.annotations))


def _fields(serializer: AnySerializer, rows: Rows) -> dict[str, Combinable]:
    if type(serializer).to_representation is not serializers.Serializer.to_representation:
        raise NotInSQLError(f"{type(serializer).__name__}.to_representation")
    readable = {name: one for name, one in serializer.fields.items() if not one.write_only}
    return {name: _value(one, rows) for name, one in readable.items()}


def _value(one: AnySerializerField, rows: Rows) -> Combinable:
    if isinstance(one, serializers.BaseSerializer):
        return _nested(one, rows)
    source = str(one.source)
    if source == "*":
        raise NotInSQLError(f"{named(one)} reads the whole row")
    if issubclass(rows.model, StudioModel) and source in (known := rows.model.expressions(cast("Any", rows.reader))):
        return represented(one, known[source], known[source].output_field)
    if type(one).get_attribute not in (serializers.Field.get_attribute, serializers.RelatedField.get_attribute):
        raise NotInSQLError(f"{named(one)}.get_attribute")
    if source in rows.annotations:
        return represented(one, F(source), rows.annotations[source].output_field)
    return represented(one, F(source.replace(".", "__")), _column(one, rows.model))


def _column(one: AnySerializerField, model: AnyModel) -> "Field[Any, Any]":
    """The column that a field reads, here or in a row that this one refers to."""
    *path, name = one.source_attrs
    try:
        for step in path:
            relation = model._meta.get_field(step)
            if not isinstance(relation, Field) or not isinstance(relation.related_model, type):
                raise NotInSQLError(f"{named(one)} reads {step}, which isn't a foreign key")
            if relation.null and (not one.allow_null or one.default is not empty):
                raise NotInSQLError(f"{named(one)} is left out without a {step}. Set allow_null=True")
            model = relation.related_model
        column = model._meta.get_field(name)
    except FieldDoesNotExist as error:
        raise NotInSQLError(f"{named(one)} reads {name}, which isn't a column") from error
    if not isinstance(column, Field) or not column.concrete:
        raise NotInSQLError(f"{named(one)} reads {name}, which isn't a column")
    return column


def _nested(one: AnySerializerField, rows: Rows) -> Combinable:
    """The related rows that the reader may see: a list, an object, or null."""
    many = isinstance(one, serializers.ListSerializer)
    if many and type(one).to_representation is not serializers.ListSerializer.to_representation:
        raise NotInSQLError(f"{type(one).__name__}.to_representation")
    if type(one).get_attribute is not serializers.Field.get_attribute:
        raise NotInSQLError(f"{named(one)}.get_attribute")
    relation = next((found for found in rows.model._meta.get_fields() if found.name == one.source), None)
    if isinstance(relation, ForeignObjectRel) and relation.one_to_many is many:
        key, other = "pk", relation.field.name
    elif isinstance(relation, Field) and relation.is_relation and not many:
        key, other = relation.attname, "pk"
    else:
        raise NotInSQLError(f"{named(one)} nests {one.source}, which isn't such a relation")
    related = relation.related_model
    visible = cast("StudioQuerySet", cast("AnyModel", related)._default_manager.all()).visible_to(
        cast("Any", rows.reader)
    )
    if visible.query.where:
        raise NotInSQLError(f"{named(one)} nests rows of which this reader may not see all")
    serializer = one.child if isinstance(one, serializers.ListSerializer) else one
    values = _fields(cast("AnySerializer", serializer), Rows(visible.model, rows.reader, {}))
    found = visible.filter(**{other: OuterRef(key)}).order_by(*visible.model._meta.ordering)
    # No `annotate()`, which would refuse names of columns.
    documents = found.annotate(json_document=JSONObject(values)).values("json_document")
    return RowsAsList(documents) if many else Subquery(documents.order_by(), output_field=JSONField())
