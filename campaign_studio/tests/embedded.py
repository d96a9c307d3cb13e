"""Finds and kills the processes of an embedded PostgreSQL."""

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil


@contextmanager
def folder() -> Iterator[Path]:
    """A `DATA_DIR` with a short path. A server in it is killed at the end."""
    path = Path(tempfile.mkdtemp(prefix="cs-", dir="/tmp"))
    try:
        yield path
    finally:
        kill(processes_in(path / "postgres"))
        shutil.rmtree(path)


def processes_in(pgdata: Path) -> list[psutil.Process]:
    """The server in `pgdata` and its children, with `ppid` in their `info`, because processes may end at any time."""
    found = []
    for process in psutil.process_iter(["name", "ppid"]):
        try:
            if process.info["name"] == "postgres" and process.cwd() == str(pgdata):
                found.append(process)
        except psutil.Error:
            continue
    return found


def kill(processes: list[psutil.Process]) -> None:
    """Kill the processes with SIGKILL and wait for their end."""
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(processes, timeout=10)


def postmaster(pgdata: Path) -> psutil.Process:
    """The parent of all other processes."""
    return psutil.Process(int((pgdata / "postmaster.pid").read_text().splitlines()[0]))
