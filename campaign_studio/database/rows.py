"""A few rows are written by statements with a fixed text, which the driver prepares.

Django compiles an INSERT or UPDATE for each `save()`, and PostgreSQL parses and plans it. Here the text depends only on
the table, the columns and the number of rows, so it is compiled once. Fields prepare the values as for Django's own.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

from django.db import connection, connections
from django.db.models import Field, Model
from psycopg.types.numeric import Int2, Int4, Int8

from campaign_studio.database.prepared import count_changed, execute, fetch_all

Fields = Sequence[Field]


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
    values = [value for row in rows for value in _prepared(fields, [field.pre_save(row, add=True) for field in fields])]
    return fetch_all(_insert_text(rows[0]._meta.db_table, tuple(fields), tuple(returned), len(rows)), values)


def update_row(row: Model, fields: Fields, values: Sequence[Any], **former: Any) -> bool:
    """Write these values into the stored row, if it has the key of `row` and the values `former`, by column.

    Returns whether there is such a row. Raises NotPlainError before anything is written.
    """
    key = row._meta.pk
    sql = _update_text(row._meta.db_table, tuple(fields), (str(key.column), *former))
    return count_changed(sql, [*_prepared([*fields, key], [*values, row.pk]), *former.values()]) > 0


def _prepared(fields: Fields, values: Sequence[Any]) -> list[Any]:
    if any(hasattr(value, "resolve_expression") for value in values):
        raise NotPlainError
    # Not `connection`, which looks for itself each time that a field asks it for something.
    real = connections[connection.alias]
    return [
        None if value is None else _sized(field.get_db_prep_save(value, connection=real))
        for field, value in zip(fields, values, strict=True)
    ]


def _sized(value: Any) -> Any:
    """The value, with numbers that are sent in the size they need.

    Sent apart from the text, numbers of Django's fields lose the digits that their column has no place for.
    """
    if isinstance(value, list):
        return [_sized(one) for one in value]
    return int(value) if isinstance(value, Int2 | Int4 | Int8) else value


@cache
def _insert_text(table: str, fields: tuple[Field, ...], returned: tuple[Field, ...], rows: int) -> str:
    values = ", ".join(map(_placeholder, fields))
    columns = ", ".join(_name(field.column) for field in fields)
    returning = ", ".join(f"{_name(table)}.{_name(field.column)}" for field in returned) or "NULL"
    lines = ", ".join([f"({values})"] * rows)
    return f"INSERT INTO {_name(table)} ({columns}) VALUES {lines} RETURNING {returning}"  # noqa: S608 - as below


@cache
def _update_text(table: str, fields: tuple[Field, ...], former: tuple[str, ...]) -> str:
    changes = ", ".join(f"{_name(field.column)} = {_placeholder(field)}" for field in fields)
    condition = " AND ".join(f"{_name(table)}.{_name(column)} = %s" for column in former)
    return f"UPDATE {_name(table)} SET {changes} WHERE {condition}"  # noqa: S608 - names of our columns


def _name(of: str | None) -> str:
    return connection.ops.quote_name(str(of))


def _placeholder(field: Any) -> str:
    """`%s`, with a cast for arrays."""
    return str(field.get_placeholder(None, None, connection)) if hasattr(field, "get_placeholder") else "%s"
