"""PostgreSQL's time limits for statements, locks and idle transactions, and how commands lift them."""

import environ
from django.db import connection

from campaign_studio.env import whole_number

A_DAY = 24 * 60 * 60


def time_limits(env: environ.Env) -> str:
    """The time limits as PostgreSQL's `options`. 0 keeps the server's own limit."""
    seconds = {
        "statement_timeout": whole_number(env, "DATABASE_STATEMENT_TIMEOUT", default=15, within=range(A_DAY)),
        "lock_timeout": whole_number(env, "DATABASE_LOCK_TIMEOUT", default=5, within=range(A_DAY)),
        "idle_in_transaction_session_timeout": whole_number(
            env, "DATABASE_IDLE_TRANSACTION_TIMEOUT", default=30, within=range(A_DAY)
        ),
    }
    return " ".join(f"-c {name}={limit}s" for name, limit in seconds.items() if limit)


def lift_statement_timeout(**kwargs: object) -> None:
    """Remove the statement timeout of the current connection, for commands that process a whole table.

    Waiting for locks is still limited by `DATABASE_LOCK_TIMEOUT`.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")


def restore_statement_timeout(**kwargs: object) -> None:
    """Restore the limit that `lift_statement_timeout()` removed."""
    with connection.cursor() as cursor:
        cursor.execute("RESET statement_timeout")
