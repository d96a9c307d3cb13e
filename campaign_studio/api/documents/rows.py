"""Single rows are read by a statement that is compiled once for each shape of a queryset, and then only filled in."""

from collections.abc import Hashable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, TypeVar, cast

from django.core.exceptions import EmptyResultSet
from django.db import DEFAULT_DB_ALIAS
from django.db.models import Model, QuerySet

from campaign_studio.acting import Reader
from campaign_studio.api.documents.describing import AnyReader
from campaign_studio.api.documents.shapes import UnknownShapeError, shape_of
from campaign_studio.api.documents.statements import Statement, rows_with_key, with_constants
from campaign_studio.database.prepared import fetch_one
from campaign_studio.querysets import StudioQuerySet

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
    return _row_of(rows.model, fetch_one(sql, values))


def lock_visible(model: type[Model], key: object, reader: Reader) -> Model | None:
    """The row with this key, locked until the transaction ends. None if there is none that the reader may see."""
    role: str | None = getattr(reader, "role_id", None)
    statement = _locking(model, role) if role else None
    # Whoever has no role isn't a user.
    if statement is None:
        rows = cast("StudioQuerySet", model._default_manager.all()).visible_to(reader)
        return only_row(rows.select_for_update(of=("self",)).filter(pk=key))
    return _row_of(model, statement.row([key], reader))


def _row_of(model: type[Row], values: tuple[Any, ...] | None) -> Row | None:
    names = [column.attname for column in model._meta.concrete_fields]
    return model.from_db(DEFAULT_DB_ALIAS, names, values) if values else None


@lru_cache(maxsize=STATEMENTS)
def _locking(model: type[Model], role: str) -> Statement | None:
    """The statement for readers with this role. None if it has to be found out for each row."""
    rows = rows_with_key(model, AnyReader(role)).select_for_update(of=("self",))
    if not _are_columns(rows):
        return None
    try:
        return with_constants(*rows.query.sql_with_params())
    except EmptyResultSet:
        return None


@lru_cache(maxsize=STATEMENTS)
def _compiled(asked: _Asked) -> str:
    """The statement for all rows of this shape. Raises UnknownShapeError unless it reads the columns as they are."""
    rows = asked.rows
    if not _are_columns(rows):
        raise UnknownShapeError
    sql, parameters = rows.order_by().query.sql_with_params()
    if [(type(one), one) for one in parameters] != [(type(one), one) for one in asked.values]:
        raise UnknownShapeError
    return sql


def _are_columns(rows: QuerySet[Any]) -> bool:
    """Whether a queryset reads the columns of its table, all of them as they are."""
    query: Any = rows.query
    is_converted = any(hasattr(column, "from_db_value") for column in rows.model._meta.concrete_fields)
    is_more = query.annotations or query.select_related or cast("Any", rows)._prefetch_related_lookups
    return not (is_more or is_converted or query.deferred_loading != (set(), True))
