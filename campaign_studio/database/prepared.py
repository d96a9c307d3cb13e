"""Statements with a fixed text, which the database parses and plans once per connection instead of once per request.

Django inserts values into the text of a statement. Here they are sent apart from it, so the driver can prepare a
statement that is run again and again. `DATABASE_PREPARED_STATEMENTS=false` leaves that out.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple, cast

import psycopg
from django.db import DEFAULT_DB_ALIAS, connection, connections
from psycopg import Connection, RawCursor
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import error_from_result
from psycopg.pq import ConnStatus, ExecStatus, TransactionStatus

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


class Answer(NamedTuple):
    """All rows that a statement returned, and how many it returned or changed."""

    rows: list[tuple[Any, ...]]
    number: int


def fetch_one(sql: str, parameters: Sequence[Any]) -> tuple[Any, ...] | None:
    """The first row, or None. `sql` has the same text each time."""
    return next(iter(_executed(sql, parameters).rows), None)


def fetch_all(sql: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
    """All rows. `sql` has the same text each time."""
    return _executed(sql, parameters).rows


def count_changed(sql: str, parameters: Sequence[Any]) -> int:
    """How many rows the statement has changed. `sql` has the same text each time."""
    return _executed(sql, parameters).number


def execute(sql: str, parameters: Sequence[Any]) -> None:
    """Run a statement that returns no rows. `sql` has the same text each time."""
    _executed(sql, parameters)


def _executed(sql: str, parameters: Sequence[Any]) -> Answer:
    database = connections[DEFAULT_DB_ALIAS]
    database.ensure_connection()
    real = cast("Connection[Any]", database.connection)
    # What `connection.cursor()` does, which only makes cursors of the other kind.
    cursor: Any
    if database.queries_logged:
        cursor = database.make_debug_cursor(cast("Any", FixedTextCursor(real)))
        cursor.execute(sql, parameters)
    elif database.execute_wrappers:
        cursor = database.make_cursor(cast("Any", FixedTextCursor(real)))
        cursor.execute(sql, parameters)
    else:
        database.validate_no_broken_transaction()
        with database.wrap_database_errors:
            if answer := _executed_again(real, _numbered(sql), parameters):
                return answer
            cursor = FixedTextCursor(real).execute(sql, parameters)
    return Answer(cursor.fetchall() if cursor.description else [], cursor.rowcount)


def _executed_again(real: Connection[Any], text: bytes, parameters: Sequence[Any]) -> Answer | None:
    """The answer to a statement that the connection has prepared, else None: it hasn't been run then.

    psycopg's cursors take as long to run it as the server does. They prepare it, and end that.
    """
    server, prepared = real.pgconn, real._prepared._names
    if not real.autocommit and server.transaction_status == TransactionStatus.IDLE:
        # psycopg has to begin the transaction.
        return None
    adapter = Transformer(real)
    # Its annotation forbids None, which it takes for NULL.
    values: Any = adapter.dump_sequence(parameters, [PyFormat.AUTO] * len(parameters))
    key = (text, adapter.types or ())
    name = prepared.get(key)
    if name is None:
        return None
    prepared.move_to_end(key)
    result = server.exec_prepared(name, values, adapter.formats)
    if result.status not in (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK):
        if server.status != ConnStatus.OK:
            raise psycopg.OperationalError(server.get_error_message())
        raise error_from_result(result, encoding=real.info.encoding)
    adapter.set_pgresult(result)
    return Answer(adapter.load_rows(0, result.ntuples, tuple), result.command_tuples or 0)


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
