"""The shape of a queryset: what the text of its statement depends on, apart from the values that are sent along.

Compiling a queryset takes longer than running it. Querysets of one shape have the same text, so that it needs compiling
only once. Django has no public way to ask for a shape. This reads the tree of conditions, and knows only the kinds of
conditions listed here; a queryset with any other is compiled each time.
"""

from collections.abc import Callable, Hashable
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import connection
from django.db.models import Exists, Func, Value, lookups
from django.db.models.expressions import Col
from django.db.models.fields.related_lookups import RelatedExact
from django.db.models.fields.tuple_lookups import (
    Tuple,
    TupleGreaterThan,
    TupleGreaterThanOrEqual,
    TupleLessThan,
    TupleLessThanOrEqual,
)
from django.db.models.functions import Coalesce
from django.db.models.sql.query import Query
from django.db.models.sql.where import WhereNode

from campaign_studio.lookups import Matches


class UnknownShapeError(Exception):
    """The queryset contains something that isn't listed here."""


def _sent_as_it_is(value: Any) -> list[Any]:
    return [value]


def _each_once(values: Any) -> list[Any]:
    return list(dict.fromkeys(value for value in values if value is not None))


def _escaped(value: Any) -> list[Any]:
    return [connection.ops.prep_for_iexact_query(value)]


# The values that a condition sends along.
SENT: dict[type, Callable[[Any], list[Any]]] = {
    lookups.Exact: _sent_as_it_is,
    RelatedExact: _sent_as_it_is,
    lookups.GreaterThan: _sent_as_it_is,
    lookups.GreaterThanOrEqual: _sent_as_it_is,
    lookups.LessThan: _sent_as_it_is,
    lookups.LessThanOrEqual: _sent_as_it_is,
    TupleGreaterThan: list,
    TupleGreaterThanOrEqual: list,
    TupleLessThan: list,
    TupleLessThanOrEqual: list,
    lookups.IExact: _escaped,
    lookups.In: _each_once,
    Matches: _sent_as_it_is,
}
# Conditions whose text contains what they compare with.
INLINED = (lookups.IsNull,)
OF_EXPRESSIONS = (ArrayField.class_lookups["overlap"],)
FUNCTIONS = (Func, Coalesce, Tuple)


def shape_of(query: Query) -> tuple[Hashable, list[Any]]:
    """The shape of a queryset's query, and the values that its conditions send along, in the order of its statement.

    Raises UnknownShapeError.
    """
    values: list[Any] = []
    shape = _of_query(query, values)
    # What the rows are ordered by comes after the conditions, so it may not send values.
    sent_later: list[Any] = []
    added = tuple((name, _of(one, sent_later)) for name, one in query.annotations.items())
    if sent_later or query.is_sliced or not all(isinstance(name, str) for name in query.order_by):
        raise UnknownShapeError
    return (shape, query.order_by, query.default_ordering, query.standard_ordering, added), values


def _of_query(query: Query, values: list[Any]) -> Hashable:
    unusual = (query.distinct, query.combinator, query.group_by, query.extra)
    if any(unusual):
        raise UnknownShapeError
    joins = tuple(
        (alias, join.table_name, join.parent_alias, join.join_type, query.alias_refcount[alias] > 0)
        for alias, join in query.alias_map.items()
    )
    lock = (query.select_for_update, query.select_for_update_of, query.select_for_no_key_update)
    waits = (query.select_for_update_nowait, query.select_for_update_skip_locked)
    return query.model, joins, _of(query.where, values), lock, waits


def _of(node: Any, values: list[Any]) -> Hashable:
    kind = type(node)
    if kind is WhereNode:
        return node.connector, node.negated, tuple(_of(child, values) for child in node.children)
    if kind is Col:
        return node.alias, node.target
    if isinstance(node, lookups.Lookup):
        return _of_lookup(node, values)
    if kind is Value and isinstance(node.value, str | int):
        values.append(node.value)
        return Value, type(node.value)
    if kind in FUNCTIONS:
        extra = tuple(sorted(node.extra.items()))
        return kind, extra, tuple(_of(one, values) for one in node.source_expressions)
    if kind is Exists:
        selected = tuple(_of(one, values) for one in node.query.annotation_select.values())
        limits = (node.query.low_mark, node.query.high_mark)
        return Exists, selected, limits, _of_query(node.query, values)
    raise UnknownShapeError


def _of_lookup(node: Any, values: list[Any]) -> Hashable:
    kind = type(node)
    left = _of(node.lhs, values)
    if node.bilateral_transforms:
        raise UnknownShapeError
    if hasattr(node.rhs, "as_sql"):
        if kind not in SENT and kind not in OF_EXPRESSIONS:
            raise UnknownShapeError
        return kind, left, _of(node.rhs, values)
    if kind in INLINED or isinstance(node.rhs, bool):
        return kind, left, bool(node.rhs)
    if kind not in SENT:
        raise UnknownShapeError
    sent = SENT[kind](node.rhs)
    values += sent
    return kind, left, len(sent)
