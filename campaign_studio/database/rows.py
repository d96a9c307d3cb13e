"""A few rows are written by statements with a fixed text, which the driver prepares.

Django compiles an INSERT or UPDATE for each `save()`, and PostgreSQL parses and plans it. Here the text depends only on
the table, the columns and the number of rows, so it is compiled once. Fields prepare the values as for Django's own.
"""

from collections.abc import Sequence
from datetime import date, datetime
from functools import cache
from typing import Any
from uuid import UUID

from django.db import connection, connections, models
from django.db.models import Field, ForeignKey, Model
from psycopg.types.numeric import Int2, Int4, Int8

from campaign_studio.database.prepared import count_changed, execute, fetch_all

Fields = Sequence[Field]


# The steps by which a field prepares a value, and the types that the fields of Django leave as they are.
PREPARING = ("get_db_prep_save", "get_db_prep_value", "get_prep_value", "to_python")
PLAIN: dict[type[Field], type] = {
    models.CharField: str,
    models.TextField: str,
    models.UUIDField: UUID,
    # Before the field of days, from which it is derived.
    models.DateTimeField: datetime,
    models.DateField: date,
    models.IntegerField: int,
}
# As many new rows as have a statement of their own. There is a text for each number of them.
FEW = 10


class NotPlainError(TypeError):
    """A value is an expression, which is part of a statement's text."""


def create_rows(rows: Sequence[Model]) -> None:
    """Insert new rows of one table by one statement, as `bulk_create()`: no signal is sent."""
    options = rows[0]._meta
    if len(rows) > FEW:
        type(rows[0])._base_manager.bulk_create(rows)
        return
    written = [field for field in options.concrete_fields if field is not options.auto_field]
    returned = options.db_returning_fields
    for row, values in zip(rows, insert_rows(rows, written, returned), strict=True):
        for field, value in zip(returned, values, strict=False):
            setattr(row, field.attname, value)
        row._state.adding, row._state.db = False, connection.alias


def delete_rows(rows: Sequence[Model]) -> None:
    """Delete rows of one table, to which no other row refers, by one statement. No signal is sent."""
    options = rows[0]._meta
    sql = f"DELETE FROM {_name(options.db_table)} WHERE {_name(options.pk.column)} = ANY(%s)"  # noqa: S608 - our names
    execute(sql, [[row.pk for row in rows]])


def insert_rows(rows: Sequence[Model], fields: Fields, returned: Fields) -> list[tuple[Any, ...]]:
    """Insert rows of one table, and return the values of the fields `returned` for each.

    The rows themselves stay as they are, and no signal is sent. Raises NotPlainError before anything is written.
    """
    model, names = type(rows[0]), _names(fields)
    plain = _plain_types(model, names)
    values: list[Any] = []
    for row in rows:
        values += _prepared(fields, plain, [field.pre_save(row, add=True) for field in fields])
    return fetch_all(_insert_text(model, names, _names(returned), len(rows)), values)


def update_row(row: Model, fields: Fields, values: Sequence[Any], **former: Any) -> bool:
    """Write these values into the stored row, if it has the key of `row` and the values `former`, by column.

    Returns whether there is such a row. Raises NotPlainError before anything is written.
    """
    key, model = row._meta.pk, type(row)
    names = _names(fields)
    sent = _prepared([*fields, key], _plain_types(model, (*names, key.name)), [*values, row.pk])
    return count_changed(_update_text(model, names, (str(key.column), *former)), [*sent, *former.values()]) > 0


def _names(fields: Fields) -> tuple[str, ...]:
    """As keys of what is kept for a set of fields: a field is slower to compare."""
    return tuple([field.name for field in fields])


def _prepared(fields: Fields, plain: Sequence[type | None], values: Sequence[Any]) -> list[Any]:
    # Not `connection`, which looks for itself each time that a field asks it for something.
    real = connections[connection.alias]
    prepared = []
    for field, kind, value in zip(fields, plain, values, strict=True):
        if value is None or _is_plain(value, kind):
            prepared.append(value)
        elif hasattr(value, "resolve_expression"):
            raise NotPlainError
        else:
            prepared.append(_sized(field.get_db_prep_save(value, connection=real)))
    return prepared


def _is_plain(value: Any, kind: type | None) -> bool:
    # Django warns of moments without a time zone, and gives them one.
    return type(value) is kind and (not isinstance(value, datetime) or value.tzinfo is not None)


@cache
def _plain_types(model: type[Model], names: tuple[str, ...]) -> list[type | None]:
    """For each field the type of values that it sends as they are, if there is one. Its class mustn't alter them."""
    return [_plain_type(model._meta.get_field(name)) for name in names]


def _plain_type(field: Any) -> type | None:
    if type(field) is ForeignKey:
        return _plain_type(field.target_field)
    for base, plain in PLAIN.items():
        if isinstance(field, base):
            is_altered = any(getattr(type(field), name) is not getattr(base, name) for name in PREPARING)
            return None if is_altered else plain
    return None


def _sized(value: Any) -> Any:
    """The value, with numbers that are sent in the size they need.

    Sent apart from the text, numbers of Django's fields lose the digits that their column has no place for.
    """
    if isinstance(value, list):
        return [_sized(one) for one in value]
    return int(value) if isinstance(value, Int2 | Int4 | Int8) else value


@cache
def _insert_text(model: type[Model], names: tuple[str, ...], returned: tuple[str, ...], rows: int) -> str:
    table, fields = _name(model._meta.db_table), _fields(model, names)
    values = ", ".join(map(_placeholder, fields))
    columns = ", ".join(_name(field.column) for field in fields)
    returning = ", ".join(f"{table}.{_name(field.column)}" for field in _fields(model, returned)) or "NULL"
    lines = ", ".join([f"({values})"] * rows)
    return f"INSERT INTO {table} ({columns}) VALUES {lines} RETURNING {returning}"  # noqa: S608 - as below


@cache
def _update_text(model: type[Model], names: tuple[str, ...], former: tuple[str, ...]) -> str:
    table = _name(model._meta.db_table)
    changes = ", ".join(f"{_name(field.column)} = {_placeholder(field)}" for field in _fields(model, names))
    condition = " AND ".join(f"{table}.{_name(column)} = %s" for column in former)
    return f"UPDATE {table} SET {changes} WHERE {condition}"  # noqa: S608 - names of our columns


def _fields(model: type[Model], names: tuple[str, ...]) -> list[Any]:
    return [model._meta.get_field(name) for name in names]


def _name(of: str | None) -> str:
    return connection.ops.quote_name(str(of))


def _placeholder(field: Any) -> str:
    """`%s`, with a cast for arrays."""
    return str(field.get_placeholder(None, None, connection)) if hasattr(field, "get_placeholder") else "%s"
