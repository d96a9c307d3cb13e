"""Ways to make a real PostgreSQL fail, in the middle of a request or before it."""

import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from django.db import close_old_connections, connection
from rest_framework.test import APIClient

from campaign_studio.tests.bodies import campaign_body

# What a trigger does, by what it looks like to a client. Some failures are raised by name: nobody fills a disk for us.
KILL = "PERFORM pg_terminate_backend(pg_backend_pid());"


def failing(code: str) -> str:
    """What a trigger does to fail with this SQLSTATE."""
    return f"RAISE EXCEPTION 'sabotage' USING ERRCODE = '{code}';"


def failing_first(times: int, code: str) -> str:
    """The same, the first so many times. What a sequence has given out stays given when all else is undone."""
    return f"IF nextval('sabotaged') <= {times} THEN {failing(code)} END IF;"


def other_connection(database: str = "") -> psycopg.Connection[Any]:
    """A second connection to the tests' database, or another one beside it; nothing of ours knows of it."""
    params = connection.get_connection_params()
    return psycopg.connect(**params | {"dbname": database or params["dbname"]}, autocommit=True)


@contextmanager
def whenever(written: str, then: str, *, at_commit: bool = False) -> Iterator[None]:
    """While inside, PostgreSQL does `then` (PL/pgSQL) with each row that is inserted or updated in that table."""
    when = f"CREATE CONSTRAINT TRIGGER sabotage AFTER INSERT OR UPDATE ON {written} DEFERRABLE INITIALLY DEFERRED"
    if not at_commit:
        when = f"CREATE TRIGGER sabotage AFTER INSERT OR UPDATE ON {written}"
    with other_connection() as other:
        other.execute("CREATE SEQUENCE sabotaged")
        other.execute(
            f"CREATE FUNCTION sabotage() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN {then} RETURN NULL; END$$"
        )
        other.execute(f"{when} FOR EACH ROW EXECUTE FUNCTION sabotage()")
    try:
        yield
    finally:
        with other_connection() as other:
            other.execute(f"DROP TRIGGER sabotage ON {written}")
            other.execute("DROP FUNCTION sabotage")
            other.execute("DROP SEQUENCE sabotaged")


@contextmanager
def connecting(*, limits: str = "", pool: dict[str, Any] | None = None) -> Iterator[None]:
    """While inside, connections are new ones with these options, from a pool of this kind."""
    options: dict[str, Any] = connection.settings_dict["OPTIONS"]
    before = dict(options)
    options["options"] = f"{options['options']} {limits}".strip()
    options["pool"] = options["pool"] | (pool or {})
    start_anew()
    try:
        yield
    finally:
        options.update(before)
        start_anew()


def start_anew() -> None:
    """End the present connections: what comes next reads the settings again."""
    connection.close()
    connection.close_pool()  # type: ignore[attr-defined]


def kill_own_connection() -> None:
    """End what this thread is connected to, as an administrator would, and see it gone."""
    connection.ensure_connection()
    with other_connection() as other:
        pid = connection.connection.info.backend_pid
        assert other.execute("SELECT pg_terminate_backend(%s, 60000)", [pid]).fetchone() == (True,)


def as_a_server_does(answer: Any) -> Any:
    """The answer, with its request over: its connection is looked at and given back."""
    close_old_connections()
    return answer


def log_lines(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What the log says from here on, in the format that operators read."""
    console = next(handler for handler in logging.getLogger().handlers if type(handler) is logging.StreamHandler)
    written = io.StringIO()
    monkeypatch.setattr(console, "stream", written)
    return written


def create(api: APIClient) -> Any:
    """Write a campaign with a target, which comes last."""
    body = campaign_body(audience_targeting=[{"region": "Europe", "country": "DE"}])
    return as_a_server_does(api.post("/api/campaigns", body))


def assert_unavailable(answer: Any) -> None:
    """Every client is asked to try again later."""
    assert answer.status_code == 503, answer.content
    assert answer["Retry-After"] == "5"
    assert answer["X-Request-ID"]
    assert answer["Content-Security-Policy"]


def assert_unavailable_in_json(answer: Any) -> None:
    """The API's answer to a database fault."""
    assert_unavailable(answer)
    assert answer.json() == {"detail": "The database isn't responding at the moment. Try again in a few seconds."}


def assert_unavailable_page(answer: Any) -> None:
    """The console's answer to a database fault."""
    assert_unavailable(answer)
    assert answer["Content-Type"].startswith("text/html")
    assert answer["Cache-Control"] == "no-store"
    assert "unavailable.css" in answer.content.decode()
    assert answer["X-Request-ID"] in answer.content.decode()
