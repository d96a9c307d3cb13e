"""Statements that a connection has prepared are run without psycopg's cursor, and answer as before."""

import uuid
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.db import DataError, IntegrityError, OperationalError, connection, connections, transaction
from django.db.utils import InternalError

from campaign_studio.database import prepared
from campaign_studio.database.prepared import PREPARED_AFTER, count_changed, execute, fetch_all, fetch_one
from campaign_studio.database.unavailable import is_fault, sqlstate
from campaign_studio.tests.sabotage import kill_own_connection

ALL = "SELECT %s::int, %s::text, %s::uuid, %s::date, %s::timestamptz, %s::text[], %s::jsonb, '%%'"
VALUES = [7, "é%", uuid.uuid4(), date(2026, 1, 2), datetime(2026, 1, 2, 3, tzinfo=UTC), ["a", None], None]


@pytest.fixture
def numbers(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE numbers (number int PRIMARY KEY) ON COMMIT DROP")


def again(sql: str, values: list[Any], ask: Any = fetch_all) -> Any:
    """The answer of a statement that has been prepared."""
    for _ in range(PREPARED_AFTER + 1):
        ask(sql, values)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(prepared, "FixedTextCursor", None)
        return ask(sql, values)


@pytest.mark.django_db
def test_a_prepared_statement_answers_as_before() -> None:
    first = fetch_all(ALL, VALUES)

    assert again(ALL, VALUES) == first == [(*VALUES, "%")]
    assert again(ALL, VALUES, fetch_one) == first[0]
    assert again("SELECT 1 WHERE %s::int = 2", [1]) == []
    assert again("SELECT 1 WHERE %s::int = 2", [1], fetch_one) is None


def test_a_prepared_statement_says_how_many_rows_it_changed(numbers: None) -> None:
    execute("INSERT INTO numbers SELECT generate_series(1, %s)", [9])

    assert again("UPDATE numbers SET number = -number WHERE abs(number) < %s", [4], count_changed) == 3
    assert again("UPDATE numbers SET number = number WHERE number < %s RETURNING number", [-2]) == [(-3,)]


@pytest.mark.parametrize(
    ("sql", "values", "error", "code"),
    [
        ("INSERT INTO numbers VALUES (%s) ON CONFLICT DO NOTHING", [2**40], DataError, "22003"),
        ("INSERT INTO numbers SELECT 1 FROM generate_series(1, %s)", [2], IntegrityError, "23505"),
        ("SELECT 1 / %s::int", [0], DataError, "22012"),
    ],
)
def test_a_prepared_statement_fails_as_before(
    numbers: None, sql: str, values: list[Any], error: type[Exception], code: str
) -> None:
    harmless = [0] if code == "23505" else [3]
    again(sql, harmless, execute)

    with pytest.raises(error) as raised, transaction.atomic():
        execute(sql, values)
    assert sqlstate(raised.value) == code
    with transaction.atomic():
        with pytest.raises(error):
            execute(sql, values)
        with pytest.raises((InternalError, transaction.TransactionManagementError)):
            fetch_one("SELECT %s::int", [1])
        transaction.set_rollback(True)


@pytest.mark.django_db(transaction=True)
def test_a_prepared_statement_of_a_lost_connection_is_a_fault() -> None:
    again("SELECT %s::int", [1])
    kill_own_connection()

    with pytest.raises(OperationalError) as raised:
        fetch_one("SELECT %s::int", [1])

    assert is_fault(raised.value)
    connections.close_all()
    assert fetch_one("SELECT %s::int", [1]) == (1,)
