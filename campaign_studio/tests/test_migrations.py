"""Migrations forwards and backwards, on the embedded PostgreSQL and on an external server."""

import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from campaign_studio.embedded.server import ensure_embedded_server, stop_embedded_server

ROOT = Path(__file__).resolve().parents[2]
EXTERNAL_SERVER = {"host": "127.0.0.1", "port": "5432", "user": "postgres", "connect_timeout": "3"}
OURS = {
    "accounts": {"roles", "users", "sessions", "audit_log"},
    "advertisers": {"advertisers", "advertiser_contacts", "advertiser_bank_accounts"},
    "campaigns": {"campaigns", "campaign_audience_targeting"},
    "ads": {"ads", "ad_time_slots", "ad_content_ratings"},
}


@dataclass(frozen=True)
class Scratch:
    """An empty database: how to connect, and the environment that makes `manage.py` use it."""

    conninfo: str
    environment: dict[str, str]

    def manage(self, *arguments: str) -> str:
        """Run manage.py on it; return its output."""
        bare = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "PGPASSWORD") if name in os.environ}
        names = ("SECRET_KEY", "ENCRYPTION_KEY", "DELIVERY_KEYS", "SEAL_KEYS")
        keys = {"READ_DOT_ENV": "false", "PUBLIC_URL": "https://studio.example.com"} | {
            name: f"{name.lower()}-of-the-migrations" * 2 for name in names
        }
        done = subprocess.run(  # noqa: S603 - our own command
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=bare | keys | self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def tables(self) -> set[str]:
        """The names of the tables."""
        with psycopg.connect(self.conninfo) as connection:
            rows = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        return {row[0] for row in rows}

    def ask(self, sql: str) -> list[tuple[object, ...]]:
        """The rows of a query."""
        with psycopg.connect(self.conninfo) as connection:
            return connection.execute(sql.encode()).fetchall()


@pytest.fixture(params=["embedded PostgreSQL", "PostgreSQL on 127.0.0.1:5432"])
def scratch(request: pytest.FixtureRequest) -> Iterator[Scratch]:
    """An empty database on each kind of server, deleted at the end."""
    yield from _on_the_embedded_server() if request.param.startswith("embedded") else _on_an_external_server()


def _on_the_embedded_server() -> Iterator[Scratch]:
    folder = Path(tempfile.mkdtemp(prefix="cs-", dir="/tmp"))
    try:
        socket_dir = ensure_embedded_server(folder / "postgres")
        conninfo = make_conninfo(host=str(socket_dir), user="postgres", dbname="campaign_studio")
        yield Scratch(conninfo, {"DATA_DIR": str(folder)})
    finally:
        stop_embedded_server(folder / "postgres")
        shutil.rmtree(folder)


def _on_an_external_server() -> Iterator[Scratch]:
    name = f"campaign_studio_{secrets.token_hex(4)}"
    try:
        server = psycopg.connect(make_conninfo(**EXTERNAL_SERVER, dbname="postgres"), autocommit=True)
    except psycopg.OperationalError as error:
        pytest.skip(f"Can't connect to PostgreSQL on 127.0.0.1:5432 as user postgres: {error}")
    with server:
        if server.info.server_version < 150000:
            pytest.skip(
                f"PostgreSQL on 127.0.0.1:5432 has version {server.info.server_version}; 15 or newer is required."
            )
        server.execute(f'CREATE DATABASE "{name}"'.encode())
        try:
            url = f"postgresql://postgres@127.0.0.1:5432/{name}"
            if "PGPASSWORD" in os.environ:
                url = url.replace("postgres@", f"postgres:{os.environ['PGPASSWORD']}@")
            yield Scratch(make_conninfo(**EXTERNAL_SERVER, dbname=name), {"DATABASE_URL": url})
        finally:
            server.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


@pytest.mark.matrix
def test_migrations_create_every_table_and_are_reversed_app_by_app(scratch: Scratch) -> None:
    scratch.manage("migrate")
    first = scratch.tables()
    assert set.union(*OURS.values()) <= first
    assert "auditlog_logentry" not in first
    assert scratch.ask("SELECT role_name, role_level FROM roles ORDER BY role_level") == [
        ("system_admin", 1),
        ("app_admin", 2),
        ("campaign_manager", 3),
        ("content_moderator", 4),
        ("user", 5),
        ("guest", 6),
    ]
    scratch.manage("makemigrations", "--check", "--dry-run")

    for app in reversed(OURS):
        scratch.manage("migrate", app, "zero")
        assert not OURS[app] & scratch.tables()

    scratch.manage("migrate")
    assert scratch.tables() == first


@pytest.mark.matrix
def test_a_second_migrate_does_nothing(scratch: Scratch) -> None:
    scratch.manage("migrate")

    assert "No migrations to apply." in scratch.manage("migrate")
    scratch.manage("migrate", "--check")


@pytest.mark.parametrize("app", OURS)
def test_migrations_are_named_for_what_they_do(app: str) -> None:
    names = [file.stem for file in (ROOT / app / "migrations").glob("0*.py")]

    assert names
    assert not [name for name in names if "_auto_" in name or name.endswith(("_initial", "_and_more"))]
