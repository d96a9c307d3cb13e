"""Commands announce a start of the embedded PostgreSQL in the terminal and wait for it, however slow it is."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from django.conf import settings

from campaign_studio.embedded.roles import MARKER, NAME, SUPERUSER
from campaign_studio.embedded.server import ensure_embedded_server, stop_embedded_server
from campaign_studio.tests.embedded import folder

pytestmark = pytest.mark.any_database

STARTING = "Starting the embedded PostgreSQL …\n"
CREATING = "Starting the embedded PostgreSQL for the first time and creating the database …\n"
# Recovery runs this command for each archived file. The package stops waiting for a start after ten seconds.
SLOW_ARCHIVE = "test -e recovering || (touch recovering; sleep 11); false"


@pytest.fixture
def data_dir() -> Iterator[Path]:
    with folder() as path:
        yield path


def manage(*arguments: str, typed: str = "", **environment: str) -> "subprocess.CompletedProcess[str]":
    own = {"READ_DOT_ENV": "false", "DEBUG": "true"}
    return subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "manage.py", *arguments],
        env=own | environment,
        cwd=settings.BASE_DIR,
        input=typed,
        capture_output=True,
        text=True,
        check=False,
    )


def migrate(data_dir: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run one migration, which opens a connection and so starts the server."""
    return manage("migrate", "contenttypes", "--verbosity", "0", DATA_DIR=str(data_dir), **environment)


@pytest.mark.matrix
def test_a_start_may_take_longer_than_a_request_waits_for_a_connection(data_dir: Path) -> None:
    first = migrate(data_dir, DATABASE_POOL_TIMEOUT="1")
    assert (first.returncode, first.stderr) == (0, CREATING)

    while_it_runs = migrate(data_dir)
    assert (while_it_runs.returncode, while_it_runs.stderr) == (0, "")

    stop_embedded_server(data_dir / "postgres")
    again = migrate(data_dir)
    assert (again.returncode, again.stderr) == (0, STARTING)


@pytest.mark.matrix
def test_a_long_recovery_is_waited_for(data_dir: Path) -> None:
    pgdata = data_dir / "postgres"
    ensure_embedded_server(pgdata)
    stop_embedded_server(pgdata)
    with (pgdata / "postgresql.auto.conf").open("a") as conf:
        # As after a crash, no connection is accepted before recovery has finished.
        conf.write(f"restore_command = '{SLOW_ARCHIVE}'\nhot_standby = off\n")
    (pgdata / "recovery.signal").touch()

    done = migrate(data_dir)

    assert done.returncode == 0, done.stderr
    assert (pgdata / "recovering").exists()


@pytest.mark.matrix
def test_a_database_that_a_superuser_migrated_still_works_after_its_conversion(data_dir: Path) -> None:
    """As an earlier release left it: everything was made by the superuser, and the server still runs."""
    pgdata = data_dir / "postgres"
    socket_dir = str(ensure_embedded_server(pgdata))
    # The application's role must not exist in between.
    with psycopg.connect(host=socket_dir, user=SUPERUSER, dbname="postgres", autocommit=True) as server:
        server.execute(f'DROP DATABASE "{NAME}"'.encode())
        server.execute(f'DROP ROLE "{NAME}"'.encode())
        server.execute(f'CREATE DATABASE "{NAME}"'.encode())
    (pgdata / MARKER).unlink()
    old = {"DATABASE_HOST": socket_dir, "DATABASE_NAME": NAME, "DATABASE_USER": SUPERUSER, "DATABASE_PASSWORD": ""}
    assert manage("migrate", "--verbosity", "0", DATA_DIR=str(data_dir), **old).returncode == 0
    create = ["create_user", "mara", "mara@example.com", "--role", "system_admin", "--password-stdin"]
    assert manage(*create, DATA_DIR=str(data_dir), typed="correct horse battery\n", **old).returncode == 0

    for command in (["partition_views"], ["verify_audit_log"], ["migrate", "accounts", "0010"], ["migrate"]):
        done = manage(*command, DATA_DIR=str(data_dir))
        assert done.returncode == 0, (command, done.stdout, done.stderr)
    with psycopg.connect(host=socket_dir, user=NAME, dbname=NAME) as application:
        assert application.execute("SELECT username FROM users").fetchall() == [("mara",)]

    # As `demo --reset` does. The heads of the log that is gone would contradict the next one.
    assert (data_dir / "audit_heads").exists()
    empty = "from campaign_studio.management.commands import demo; demo._empty_database()"
    for command in (["shell", "-c", empty], ["migrate"], [*create], ["verify_audit_log"]):
        done = manage(*command, DATA_DIR=str(data_dir), typed="correct horse battery\n")
        assert done.returncode == 0, (command, done.stdout, done.stderr)
    assert "is intact" in done.stdout
