"""Statements with a fixed text, which the database parses and plans once per connection instead of once per request.

Django inserts values into the text of a statement. Here they are sent apart from it, so the driver can prepare a
statement that is run again and again. `DATABASE_PREPARED_STATEMENTS=false` leaves that out.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, cast

from django.db import DEFAULT_DB_ALIAS, connection, connections
from psycopg import RawCursor

PLACEHOLDER = re.compile(r"%[s%]")
# How often a statement runs on a connection before it is prepared.
PREPARED_AFTER = 5
# As many as a process may have in use. Reading a text again takes some 30 µs.
TEXTS = 1024


class FixedTextCursor(RawCursor[Any]):
    """Takes `%s` as a placeholder, as Django's cursors do."""

    def execute(self, query: Any, params: Any = None, **kwargs: Any) -> "FixedTextCursor":
        return super().execute(_numbered(query), params, **kwargs)

    def _maybe_prepare_gen(self, pgq: Any, **kwargs: Any) -> Any:
        """Keep the statement for Django's log of queries, and count it. psycopg has no public hook for either.

        Only these statements are counted: the others contain their values, and psycopg keeps the text of each one that
        it counts, up to a hundred of any length for each connection.
        """
        self._query = pgq
        self._conn.prepare_threshold = PREPARED_AFTER if connection.settings_dict["PREPARED_STATEMENTS"] else None
        try:
            return (yield from super()._maybe_prepare_gen(pgq, **kwargs))
        finally:
            self._conn.prepare_threshold = None


def fetch_one(sql: str, parameters: Sequence[Any]) -> tuple[Any, ...] | None:
    """The first row, or None. `sql` has the same text each time."""
    row: tuple[Any, ...] | None = _executed(sql, parameters).fetchone()
    return row


def fetch_all(sql: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
    """All rows. `sql` has the same text each time."""
    rows: list[tuple[Any, ...]] = _executed(sql, parameters).fetchall()
    return rows


def count_changed(sql: str, parameters: Sequence[Any]) -> int:
    """How many rows the statement has changed. `sql` has the same text each time."""
    number: int = _executed(sql, parameters).rowcount
    return number


def execute(sql: str, parameters: Sequence[Any]) -> None:
    """Run a statement that returns no rows. `sql` has the same text each time."""
    _executed(sql, parameters)


def _executed(sql: str, parameters: Sequence[Any]) -> FixedTextCursor:
    """A cursor with the whole answer. It holds nothing on the server, so it needn't be closed."""
    database = connections[DEFAULT_DB_ALIAS]
    database.ensure_connection()
    cursor = FixedTextCursor(cast("Any", database.connection))
    # What `connection.cursor()` does, which only makes cursors of the other kind.
    if database.queries_logged:
        database.make_debug_cursor(cast("Any", cursor)).execute(sql, parameters)
    elif database.execute_wrappers:
        database.make_cursor(cast("Any", cursor)).execute(sql, parameters)
    else:
        database.validate_no_broken_transaction()
        with database.wrap_database_errors:
            cursor.execute(sql, parameters)
    return cursor


@lru_cache(maxsize=TEXTS)
def _numbered(sql: str) -> bytes:
    """The text as the server takes it: `$1` for the first `%s`, and `%` for `%%`."""
    pieces, number = [], 0
    end = 0
    for found in PLACEHOLDER.finditer(sql):
        number += found[0] == "%s"
        pieces += [sql[end : found.start()], f"${number}" if found[0] == "%s" else "%"]
        end = found.end()
    return "".join([*pieces, sql[end:]]).encode()
