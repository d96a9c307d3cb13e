"""The database configuration, and the embedded server that is restarted whenever it has stopped."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import environ
import psutil
import psycopg
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from campaign_studio.database.configuration import ENGINE, configuration
from campaign_studio.embedded.roles import MARKER, NAME, SUPERUSER
from campaign_studio.embedded.server import ensure_embedded_server, stop_embedded_server
from campaign_studio.tests.embedded import folder, kill, postmaster, processes_in

pytestmark = pytest.mark.any_database

ROOT = Path(__file__).resolve().parents[2]
PARTS = {
    "DATABASE_HOST": "db.example.com",
    "DATABASE_NAME": "studio",
    "DATABASE_USER": "mona",
    "DATABASE_PASSWORD": "p@ss",
}


def configured(**variables: str) -> dict[str, Any]:
    """The database settings for an environment with these variables only."""
    env = environ.Env()
    env.ENVIRON = variables
    return configuration(env, Path("/srv/data"))


def where(config: dict[str, Any]) -> tuple[Any, ...]:
    """The settings that identify the database."""
    return tuple(config.get(name) for name in ("ENGINE", "HOST", "PORT", "NAME", "USER", "PASSWORD"))


def test_a_url_names_the_database() -> None:
    config = configured(DATABASE_URL="postgresql://mona:p%40ss@db.example.com:5433/studio")

    assert where(config) == (ENGINE, "db.example.com", 5433, "studio", "mona", "p@ss")


def test_the_parts_name_the_database() -> None:
    assert where(configured(**PARTS)) == (ENGINE, "db.example.com", 5432, "studio", "mona", "p@ss")
    assert configured(**PARTS, DATABASE_PORT="5433")["PORT"] == 5433


def test_the_url_takes_precedence_over_the_parts() -> None:
    assert configured(DATABASE_URL="postgresql://other.example.com/x", **PARTS)["HOST"] == "other.example.com"


def test_without_either_the_embedded_server_is_used() -> None:
    config = configured()

    assert (config["ENGINE"], config["HOST"]) == ("campaign_studio.embedded.backend", "/srv/data/postgres")
    assert configured(DATABASE_URL="", DATABASE_HOST="") == config


@pytest.mark.parametrize(
    "variables", [{}, PARTS, {"DATABASE_URL": "postgresql://db.example.com/studio"}], ids=["embedded", "parts", "url"]
)
def test_connections_are_kept_in_a_pool_and_checked(variables: dict[str, str]) -> None:
    config = configured(**variables)

    assert config["CONN_HEALTH_CHECKS"]
    assert config["OPTIONS"]["pool"] == {"min_size": 1, "max_size": 20, "timeout": 5, "reconnect_timeout": 5}
    assert config["OPTIONS"]["connect_timeout"] == 5


LIMITS = "-c statement_timeout=15s -c lock_timeout=5s -c idle_in_transaction_session_timeout=30s"


@pytest.mark.parametrize(
    ("variables", "options"),
    [
        ({}, LIMITS),
        ({"DATABASE_URL": "postgresql://db.example.com/studio"}, LIMITS),
        (
            {"DATABASE_URL": "postgresql://db.example.com/studio?options=-c%20statement_timeout%3D1h"},
            f"{LIMITS} -c statement_timeout=1h",
        ),
        ({"DATABASE_LOCK_TIMEOUT": "0", "DATABASE_IDLE_TRANSACTION_TIMEOUT": "0"}, "-c statement_timeout=15s"),
        (
            {
                "DATABASE_STATEMENT_TIMEOUT": "60",
                "DATABASE_LOCK_TIMEOUT": "1",
                "DATABASE_IDLE_TRANSACTION_TIMEOUT": "9",
            },
            "-c statement_timeout=60s -c lock_timeout=1s -c idle_in_transaction_session_timeout=9s",
        ),
    ],
    ids=["by default", "with a URL", "which has options of its own", "none", "others"],
)
def test_every_connection_has_time_limits(variables: dict[str, str], options: str) -> None:
    assert configured(**variables)["OPTIONS"]["options"] == f"-c jit=off {options}"


def test_a_limit_of_zero_is_not_sent() -> None:
    names = ["DATABASE_STATEMENT_TIMEOUT", "DATABASE_LOCK_TIMEOUT", "DATABASE_IDLE_TRANSACTION_TIMEOUT"]

    assert configured(**dict.fromkeys(names, "0"))["OPTIONS"]["options"] == "-c jit=off"


@pytest.mark.django_db
def test_jit_is_off() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SHOW jit")
        assert cursor.fetchone() == ("off",)


def test_the_pool_has_the_configured_size_and_timeout() -> None:
    pool = configured(DATABASE_POOL_SIZE="3", DATABASE_POOL_TIMEOUT="2")["OPTIONS"]["pool"]

    assert (pool["max_size"], pool["timeout"], pool["reconnect_timeout"]) == (3, 2, 2)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("DATABASE_STATEMENT_TIMEOUT", "-1"),
        ("DATABASE_STATEMENT_TIMEOUT", "86400"),
        ("DATABASE_LOCK_TIMEOUT", "5s"),
        ("DATABASE_IDLE_TRANSACTION_TIMEOUT", "1.5"),
        ("DATABASE_POOL_SIZE", "0"),
        ("DATABASE_POOL_TIMEOUT", "0"),
    ],
)
def test_a_limit_that_is_not_a_number_is_refused_by_name(variable: str, value: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=f"{variable} must be"):
        configured(**{variable: value})


@pytest.mark.parametrize("url", ["sqlite:///db.sqlite3", "mysql://db.example.com/studio", "sqlite://:memory:"])
def test_another_kind_of_database_is_refused(url: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"must name a PostgreSQL database, such as postgresql://"):
        configured(DATABASE_URL=url)


@pytest.mark.parametrize("missing", [part for part in PARTS if part != "DATABASE_HOST"])
def test_a_missing_part_is_named(missing: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=f"Also set {missing}, or use DATABASE_URL"):
        configured(**{part: value for part, value in PARTS.items() if part != missing})


# --- The embedded server ---------------------------------------------------------------------------------------------


@pytest.fixture
def nothing() -> Iterator[Path]:
    """A new data folder with a short path, deleted at the end."""
    with folder() as path:
        yield path / "postgres"


@pytest.fixture(scope="module")
def made_before() -> Iterator[Path]:
    """The data folder of a stopped server, made once because `initdb` is slow."""
    with folder() as path:
        ensure_embedded_server(path / "postgres")
        stop_embedded_server(path / "postgres")
        yield path / "postgres"


@pytest.fixture
def pgdata(nothing: Path, made_before: Path) -> Path:
    """The test's own copy of a stopped server's data folder."""
    # cp keeps the owner, who isn't root.
    subprocess.run(["cp", "-a", str(made_before), str(nothing)], check=True)  # noqa: S603, S607 - our own folders
    return nothing


def ask(socket_dir: Path, sql: str, *, user: str = NAME) -> Any:
    """Run one statement; return the first column of its first row."""
    with psycopg.connect(host=str(socket_dir), user=user, dbname=NAME) as connection:
        cursor = connection.execute(sql.encode())
        row = cursor.fetchone() if cursor.description else None
    return row[0] if row else None


def test_the_server_starts_is_shared_and_stops(nothing: Path) -> None:
    socket_dir = ensure_embedded_server(nothing)
    first = postmaster(nothing).pid

    assert ask(socket_dir, "SELECT current_database()") == "campaign_studio"
    assert ensure_embedded_server(nothing) == socket_dir
    assert postmaster(nothing).pid == first
    assert stop_embedded_server(nothing)
    assert processes_in(nothing) == []
    assert not stop_embedded_server(nothing)


def test_the_server_listens_on_no_network_address(pgdata: Path) -> None:
    assert ask(ensure_embedded_server(pgdata), "SHOW listen_addresses") == ""


def test_data_survives_a_restart(pgdata: Path) -> None:
    ask(ensure_embedded_server(pgdata), "CREATE TABLE kept AS SELECT 42 AS answer")
    stop_embedded_server(pgdata)

    assert ask(ensure_embedded_server(pgdata), "SELECT answer FROM kept") == 42


@pytest.mark.matrix
@pytest.mark.parametrize("killed_processes", ["all processes", "the postmaster only"])
def test_the_server_recovers_from_sigkill_with_all_committed_data(killed_processes: str, pgdata: Path) -> None:
    ask(ensure_embedded_server(pgdata), "CREATE TABLE kept AS SELECT 42 AS answer")
    killed = postmaster(pgdata)

    kill([killed, *killed.children(recursive=True)] if killed_processes == "all processes" else [killed])
    assert (pgdata / "postmaster.pid").exists()

    assert ask(ensure_embedded_server(pgdata), "SELECT answer FROM kept") == 42
    assert postmaster(pgdata).pid != killed.pid


@pytest.mark.matrix
@pytest.mark.parametrize("pid", ["of a dead process", "of another live process"])
def test_remains_of_a_crash_do_not_prevent_a_start(pid: str, pgdata: Path) -> None:
    socket_dir = ensure_embedded_server(pgdata)
    lines = (pgdata / "postmaster.pid").read_text().splitlines()
    dead = postmaster(pgdata).pid
    stop_embedded_server(pgdata)
    lines[0] = str(dead if pid == "of a dead process" else psutil.Process().pid)
    (pgdata / "postmaster.pid").write_text("\n".join(lines) + "\n")
    with socket.socket(socket.AF_UNIX) as abandoned:
        abandoned.bind(str(socket_dir / ".s.PGSQL.5432"))

    assert ask(ensure_embedded_server(pgdata), "SELECT 1") == 1


@pytest.mark.matrix
@pytest.mark.parametrize("content", ["", "garbage", "1\n2\n3\n4\n5\n6\n7\nstarting\n"], ids=repr)
def test_a_damaged_pid_file_does_not_prevent_a_start(content: str, pgdata: Path) -> None:
    ensure_embedded_server(pgdata)
    stop_embedded_server(pgdata)
    (pgdata / "postmaster.pid").write_text(content)

    assert ask(ensure_embedded_server(pgdata), "SELECT 1") == 1


SIX_AT_ONCE = """
import sys
from pathlib import Path
import django
from campaign_studio.embedded.server import ensure_embedded_server
django.setup()
sys.stdin.readline()
print(ensure_embedded_server(Path(sys.argv[1])))
"""


@pytest.mark.matrix
@pytest.mark.parametrize("before", ["nothing", "a crash"])
def test_six_processes_at_once_share_one_server(before: str, nothing: Path) -> None:
    if before == "a crash":
        ensure_embedded_server(nothing)
        kill(processes_in(nothing))
    starting = [
        subprocess.Popen(  # noqa: S603 - our own code
            [sys.executable, "-c", SIX_AT_ONCE, str(nothing)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(6)
    ]
    for process in starting:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    answers = [process.communicate(timeout=60) for process in starting]

    assert [process.returncode for process in starting] == [0] * 6, answers
    assert {out.strip() for out, _ in answers} == {str(ensure_embedded_server(nothing))}
    parents = {process.pid: process.info["ppid"] for process in processes_in(nothing)}
    assert [pid for pid, parent in parents.items() if parent not in parents] == [postmaster(nothing).pid]


# --- Its role --------------------------------------------------------------------------------------------------------


def test_the_application_is_no_superuser_and_owns_its_database(pgdata: Path) -> None:
    socket_dir = ensure_embedded_server(pgdata)

    assert ask(socket_dir, "SELECT current_setting('is_superuser')") == "off"
    assert ask(socket_dir, "SELECT datdba::regrole::text FROM pg_database WHERE datname = current_database()") == NAME
    for extension in ("btree_gist", "pg_trgm"):
        ask(socket_dir, f"CREATE EXTENSION {extension}")


BEYOND_ITS_RIGHTS = [
    "SET session_replication_role = replica",
    "COPY (SELECT 1) TO PROGRAM 'cat'",
    "SELECT pg_read_file('PG_VERSION')",
    "ALTER ROLE campaign_studio SUPERUSER",
    "SET ROLE postgres",
    "UPDATE pg_trigger SET tgenabled = 'D'",
]


def test_the_application_can_do_nothing_that_needs_a_superuser(pgdata: Path) -> None:
    socket_dir = ensure_embedded_server(pgdata)

    for sql in BEYOND_ITS_RIGHTS:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            ask(socket_dir, sql)


# Everything belongs to the superuser, as an earlier release made it.
MADE_AS_BEFORE = """
ALTER DATABASE campaign_studio OWNER TO postgres;
DROP ROLE campaign_studio;
CREATE EXTENSION btree_gist;
CREATE TYPE old_mood AS ENUM ('calm');
CREATE TABLE old_rows (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, mood text, number serial);
INSERT INTO old_rows (mood) VALUES ('calm');
CREATE TABLE old_parts (id bigint) PARTITION BY RANGE (id);
CREATE TABLE old_parts_one PARTITION OF old_parts FOR VALUES FROM (1) TO (9);
CREATE VIEW old_view AS SELECT * FROM old_rows;
CREATE SEQUENCE old_sequence;
CREATE SCHEMA old_schema CREATE TABLE "Old rows" (id int);
CREATE FUNCTION old_function(integer) RETURNS integer LANGUAGE sql AS 'SELECT $1';
"""
BELONGS_TO_ANOTHER = """
SELECT relname FROM pg_class JOIN pg_namespace AS room ON room.oid = relnamespace
WHERE nspname IN ('public', 'old_schema') AND relowner <> 'campaign_studio'::regrole
UNION ALL SELECT proname FROM pg_proc WHERE proname LIKE 'old%' AND proowner <> 'campaign_studio'::regrole
UNION ALL SELECT nspname FROM pg_namespace WHERE nspname LIKE 'old%' AND nspowner <> 'campaign_studio'::regrole
"""


@pytest.mark.parametrize("meanwhile", ["stopped", "kept running"])
def test_an_older_data_folder_is_converted_and_loses_nothing(meanwhile: str, pgdata: Path) -> None:
    with psycopg.connect(
        host=str(ensure_embedded_server(pgdata)), user=SUPERUSER, dbname=NAME, autocommit=True
    ) as server:
        server.execute('CREATE DATABASE "old copy"')
        for statement in filter(str.strip, MADE_AS_BEFORE.split(";")):
            server.execute(statement.encode())
    (pgdata / MARKER).unlink()
    if meanwhile == "stopped":
        stop_embedded_server(pgdata)

    socket_dir = ensure_embedded_server(pgdata)

    assert ask(socket_dir, BELONGS_TO_ANOTHER) is None
    assert ask(socket_dir, "INSERT INTO old_rows (mood) VALUES ('new') RETURNING id + number") == 4
    assert ask(socket_dir, "SELECT string_agg(mood, ' ' ORDER BY id) FROM old_view") == "calm new"
    ask(socket_dir, "ALTER TABLE old_parts ADD COLUMN more text")
    ask(socket_dir, 'DROP TABLE old_schema."Old rows"')
    with psycopg.connect(host=str(socket_dir), user=NAME, dbname="postgres", autocommit=True) as server:
        server.execute('DROP DATABASE "old copy"')


def test_the_server_outlives_the_process_that_started_it(pgdata: Path) -> None:
    subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", SIX_AT_ONCE, str(pgdata)], cwd=ROOT, input="go\n", text=True, check=True
    )
    running = postmaster(pgdata).pid

    ensure_embedded_server(pgdata)

    assert postmaster(pgdata).pid == running


@pytest.mark.matrix
def test_a_server_that_waits_for_its_clients_is_stopped_and_replaced(pgdata: Path) -> None:
    socket_dir = ensure_embedded_server(pgdata)
    leaving = postmaster(pgdata)
    with psycopg.connect(host=str(socket_dir), user="postgres", dbname=NAME, autocommit=True) as client:
        leaving.terminate()
        while "stopping" not in (pgdata / "postmaster.pid").read_text():
            assert client.execute("SELECT 1").fetchone() == (1,)

        assert ask(ensure_embedded_server(pgdata), "SELECT 1") == 1
        assert postmaster(pgdata).pid != leaving.pid
        with pytest.raises(psycopg.OperationalError):
            client.execute("SELECT 1")


def test_a_path_too_long_for_a_socket_is_refused_with_advice(tmp_path: Path) -> None:
    with pytest.raises(ImproperlyConfigured, match="Set DATA_DIR to a shorter path, or DATABASE_URL"):
        ensure_embedded_server(tmp_path / ("x" * 100) / "postgres")
    assert not (tmp_path / ("x" * 100)).exists()


def test_reading_the_configuration_starts_nothing(tmp_path: Path) -> None:
    env = environ.Env()
    env.ENVIRON = {}
    configuration(env, tmp_path)

    assert list(tmp_path.iterdir()) == []
