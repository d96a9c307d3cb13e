"""Single rows are read by a statement that is compiled once for each shape of a queryset, and then only filled in."""

from collections.abc import Hashable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, TypeVar

from django.core.exceptions import EmptyResultSet
from django.db.models import Model, QuerySet

from campaign_studio.api.documents.shapes import UnknownShapeError, shape_of
from campaign_studio.database.prepared import fetch_one

# As many statements as a process keeps: one for each kind of rows, and another one to lock them.
STATEMENTS = 100
Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True)
class _Asked:
    """Rows that are asked for. Equal to any others of the same shape."""

    shape: Hashable
    rows: QuerySet[Any] = field(compare=False)
    values: list[Any] = field(compare=False)


def only_row(rows: QuerySet[Row]) -> Row | None:
    """The row of a queryset that has at most one, or None. It is locked if the queryset locks its rows."""
    try:
        shape, values = shape_of(rows.query)
        sql = _compiled(_Asked(shape, rows, values))
    except UnknownShapeError:
        return rows.order_by().first()
    except EmptyResultSet:
        return None
    found = fetch_one(sql, values)
    names = [column.attname for column in rows.model._meta.concrete_fields]
    return rows.model.from_db(rows.db, names, found) if found else None


@lru_cache(maxsize=STATEMENTS)
def _compiled(asked: _Asked) -> str:
    """The statement for all rows of this shape. Raises UnknownShapeError unless it reads the columns as they are."""
    rows: Any = asked.rows
    query = rows.query
    is_converted = any(hasattr(column, "from_db_value") for column in rows.model._meta.concrete_fields)
    is_more = query.annotations or query.select_related or rows._prefetch_related_lookups
    if is_more or is_converted or query.deferred_loading != (set(), True):
        raise UnknownShapeError
    sql, parameters = rows.order_by().query.sql_with_params()
    if [(type(one), one) for one in parameters] != [(type(one), one) for one in asked.values]:
        raise UnknownShapeError
    return sql
