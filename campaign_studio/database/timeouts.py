"""How long anything may take in the database."""

import environ
from django.db import connection

from campaign_studio.env import whole_number

A_DAY = 24 * 60 * 60


def time_limits(env: environ.Env) -> str:
    """How long anything may take, as PostgreSQL's `options`. 0 leaves a limit to the server."""
    seconds = {
        "statement_timeout": whole_number(env, "DATABASE_STATEMENT_TIMEOUT", default=15, within=range(A_DAY)),
        "lock_timeout": whole_number(env, "DATABASE_LOCK_TIMEOUT", default=5, within=range(A_DAY)),
        "idle_in_transaction_session_timeout": whole_number(
            env, "DATABASE_IDLE_TRANSACTION_TIMEOUT", default=30, within=range(A_DAY)
        ),
    }
    return " ".join(f"-c {name}={limit}s" for name, limit in seconds.items() if limit)


def lift_statement_timeout(**kwargs: object) -> None:
    """Let the present connection's statements take their time: for commands over all there is, where nobody waits.

    Others' locks are still not waited for longer than `DATABASE_LOCK_TIMEOUT`.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")


def restore_statement_timeout(**kwargs: object) -> None:
    """Limit statements again as before `lift_statement_timeout()`."""
    with connection.cursor() as cursor:
        cursor.execute("RESET statement_timeout")
