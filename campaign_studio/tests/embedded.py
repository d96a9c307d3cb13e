"""The processes of an embedded PostgreSQL: found, and killed."""

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil


@contextmanager
def folder() -> Iterator[Path]:
    """A `DATA_DIR` with a short path; the server in it ends with it."""
    path = Path(tempfile.mkdtemp(prefix="cs-", dir="/tmp"))
    try:
        yield path
    finally:
        kill(processes_in(path / "postgres"))
        shutil.rmtree(path)


def processes_in(pgdata: Path) -> list[psutil.Process]:
    """The server in `pgdata` and all of its children. Their `info` has the `ppid`: they come and go at any moment."""
    found = []
    for process in psutil.process_iter(["name", "ppid"]):
        try:
            if process.info["name"] == "postgres" and process.cwd() == str(pgdata):
                found.append(process)
        except psutil.Error:
            continue
    return found


def kill(processes: list[psutil.Process]) -> None:
    """kill -9, and see them gone."""
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(processes, timeout=10)


def postmaster(pgdata: Path) -> psutil.Process:
    """The process that all others are children of."""
    return psutil.Process(int((pgdata / "postmaster.pid").read_text().splitlines()[0]))
