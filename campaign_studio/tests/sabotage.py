"""Makes a real PostgreSQL fail before or during a request."""

import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from django.db import close_old_connections, connection
from rest_framework.test import APIClient

from campaign_studio.database.configuration import STARTING_ENGINE
from campaign_studio.database.unavailable import UNAVAILABLE
from campaign_studio.embedded.roles import SUPERUSER
from campaign_studio.tests.bodies import campaign_body

# Bodies of triggers. Failures that are hard to cause, such as a full disk, are raised by their code.
KILL = "PERFORM pg_terminate_backend(pg_backend_pid());"


def failing(code: str) -> str:
    """The body of a trigger that fails with this SQLSTATE."""
    return f"RAISE EXCEPTION 'sabotage' USING ERRCODE = '{code}';"


def failing_first(times: int, code: str) -> str:
    """A trigger that fails the first `times`. A sequence counts, because rollbacks don't affect sequences."""
    return f"IF nextval('sabotaged') <= {times} THEN {failing(code)} END IF;"


def other_connection(database: str = "") -> psycopg.Connection[Any]:
    """A connection outside Django, to the tests' database or to another one on the server."""
    params = connection.get_connection_params()
    return psycopg.connect(**params | {"dbname": database or params["dbname"]}, autocommit=True)


def superuser_connection(database: str, **role: str) -> psycopg.Connection[Any]:
    """A connection that may load rows without triggers. On your own server: as this role, or that of `DATABASE_URL`."""
    params = connection.get_connection_params()
    if connection.settings_dict["ENGINE"] == STARTING_ENGINE:
        role = {"user": SUPERUSER}
    return psycopg.connect(**params | {"dbname": database} | role, autocommit=True)


@contextmanager
def whenever(written: str, then: str, *, at_commit: bool = False) -> Iterator[None]:
    """Run `then` (PL/pgSQL) for each row that is inserted or updated in the table `written`."""
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
    """Use new connections with these options and this pool."""
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
    """Close all connections, so that the next one reads the settings again."""
    connection.close()
    connection.close_pool()  # type: ignore[attr-defined]


def kill_own_connection() -> None:
    """Terminate this thread's connection as an administrator would, and wait for its end."""
    connection.ensure_connection()
    with other_connection() as other:
        pid = connection.connection.info.backend_pid
        assert other.execute("SELECT pg_terminate_backend(%s, 60000)", [pid]).fetchone() == (True,)


def as_a_server_does(answer: Any) -> Any:
    """Finish the request, so that its connection is checked and returned to the pool; return the response."""
    close_old_connections()
    return answer


def log_lines(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """The log from now on, in the production format."""
    console = next(handler for handler in logging.getLogger().handlers if type(handler) is logging.StreamHandler)
    written = io.StringIO()
    monkeypatch.setattr(console, "stream", written)
    return written


def create(api: APIClient) -> Any:
    """Create a campaign with a target, which is written last."""
    body = campaign_body(audience_targeting=[{"region": "Europe", "country": "DE"}])
    return as_a_server_does(api.post("/api/campaigns", body))


def assert_unavailable(answer: Any) -> None:
    """A 503 that tells the client when to try again."""
    assert answer.status_code == 503, answer.content
    assert answer["Retry-After"] == "5"
    assert answer["X-Request-ID"]
    assert answer["Content-Security-Policy"]


def assert_unavailable_in_json(answer: Any) -> None:
    """The API's response to a database fault."""
    assert_unavailable(answer)
    assert answer.json() == {"detail": str(UNAVAILABLE)}


def assert_unavailable_page(answer: Any) -> None:
    """The console's response to a database fault."""
    assert_unavailable(answer)
    assert answer["Content-Type"].startswith("text/html")
    assert answer["Cache-Control"] == "no-store"
    assert "unavailable.css" in answer.content.decode()
    assert answer["X-Request-ID"] in answer.content.decode()
