"""Commands announce a start of the embedded PostgreSQL in the terminal and wait for it, however slow it is."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

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


def migrate(data_dir: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run one migration, which opens a connection and so starts the server."""
    own = {"READ_DOT_ENV": "false", "DEBUG": "true", "DATA_DIR": str(data_dir)}
    return subprocess.run(
        [sys.executable, "manage.py", "migrate", "contenttypes", "--verbosity", "0"],
        env=own | environment,
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
    )


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
