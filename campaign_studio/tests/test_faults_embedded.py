"""The embedded server gets real signals while a server process writes: no acknowledged write is lost.

Nothing is restarted by hand: the server process restarts its database.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Condition, Event
from typing import Any

import psutil
import psycopg
import pytest
from django.conf import settings

from accounts.tests.factories import PASSWORD
from campaign_studio.embedded.roles import NAME
from campaign_studio.embedded.server import ensure_embedded_server
from campaign_studio.tests.bodies import campaign_body
from campaign_studio.tests.embedded import folder, postmaster
from campaign_studio.tests.servers import Answer, running, send

pytestmark = pytest.mark.matrix

WRITERS = 6
# How many writes are acknowledged before the signal, and by each writer after it.
ENOUGH = 12
# The limits of .env.example; those of the tests are longer.
LIMITS = {
    "DATABASE_POOL_TIMEOUT": "5",
    "DATABASE_STATEMENT_TIMEOUT": "15",
    "DATABASE_LOCK_TIMEOUT": "5",
    "DATABASE_IDLE_TRANSACTION_TIMEOUT": "30",
}
TARGETS = [{"region": "Europe", "country": country} for country in ("DE", "FR", "ES")]

LOST = """
SELECT count(*) FROM unnest(%s::uuid[]) AS acknowledged(id)
WHERE NOT EXISTS (SELECT 1 FROM campaigns WHERE campaign_id = id)
"""
HALF_WRITTEN = """
SELECT count(*) FROM campaigns WHERE
    (SELECT count(*) FROM campaign_audience_targeting AS target WHERE target.campaign_id = campaigns.campaign_id) <> 3
    OR (SELECT count(*) FROM audit_log WHERE object_pk = campaigns.campaign_id::text) <> 1
    OR (SELECT count(*) FROM audit_log WHERE parent_id = campaigns.campaign_id) <> 3
"""


class Studio:
    """A server process with its own embedded PostgreSQL, and a user who may write."""

    def __init__(self, address: str, pgdata: Path) -> None:
        self.address = address
        self.pgdata = pgdata
        signed_in = send("POST", f"{address}/api/auth/login", {"username": "mara", "password": PASSWORD})
        self.token: str = signed_in.body["access_token"]

    def write(self) -> Answer:
        """Create a campaign with three targets: four rows and four audit entries."""
        return send("POST", f"{self.address}/api/campaigns", campaign_body(audience_targeting=TARGETS), self.token)

    def is_back(self) -> bool:
        """Whether it can write again, after at most one 503."""
        return 201 in (self.write().status, self.write().status)

    def ask(self, sql: str, *values: Any) -> Any:
        """Query the database directly."""
        socket_dir = ensure_embedded_server(self.pgdata)
        with psycopg.connect(host=str(socket_dir), user="postgres", dbname=NAME) as connection:
            row = connection.execute(sql, values).fetchone()
        return row[0] if row else None


class Load:
    """Several threads, each of which writes again as soon as it is answered."""

    def __init__(self, studio: Studio) -> None:
        self.studio = studio
        self.acknowledged: list[str] = []
        self.refused: list[Answer] = []
        self.is_over = Event()
        self.changed = Condition()

    def write(self) -> None:
        """Write until the end."""
        while not self.is_over.is_set():
            answer = self.studio.write()
            with self.changed:
                if answer.status == 201:
                    self.acknowledged.append(answer.body["campaign_id"])
                else:
                    self.refused.append(answer)
                self.changed.notify_all()

    def wait_for(self, more: int) -> None:
        """Wait until `more` writes are acknowledged."""
        with self.changed:
            goal = len(self.acknowledged) + more
            assert self.changed.wait_for(lambda: len(self.acknowledged) >= goal, timeout=60), self.refused[-3:]


@pytest.fixture(scope="module")
def studio() -> Iterator[Studio]:
    with folder() as data_dir:
        own = {"DATABASE_URL": "", "DATABASE_HOST": "", "DATA_DIR": str(data_dir), "READ_DOT_ENV": "false", **LIMITS}
        environment = os.environ | own | {"DEBUG": "true", "DJANGO_SETTINGS_MODULE": "campaign_studio.settings"}
        manage = [sys.executable, "manage.py"]
        create = ["create_user", "mara", "mara@example.com", "--role", "campaign_manager", "--password-stdin"]
        for command in (["migrate", "--verbosity", "0"], create):
            subprocess.run(  # noqa: S603 - our own commands
                [*manage, *command],
                env=environment,
                cwd=settings.BASE_DIR,
                input=f"{PASSWORD}\n",
                text=True,
                stdout=subprocess.DEVNULL,
                check=True,
            )
        with running(1, **own) as (address,):
            yield Studio(address, data_dir / "postgres")


def one_that_writes(pgdata: Path) -> psutil.Process:
    """The backend of one of the server process's connections."""
    return next(child for child in postmaster(pgdata).children() if NAME in " ".join(child.cmdline()))


def signal_all(pgdata: Path, number: int) -> None:
    leader = postmaster(pgdata)
    for process in [leader, *leader.children(recursive=True)]:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(number)


def freeze_and_thaw(pgdata: Path) -> None:
    """Stop all processes of the server, then continue them."""
    leader = postmaster(pgdata)
    frozen = [leader, *leader.children(recursive=True)]
    signal_all(pgdata, signal.SIGSTOP)
    while any(process.is_running() and process.status() == psutil.STATUS_RUNNING for process in frozen):
        pass
    signal_all(pgdata, signal.SIGCONT)


SIGNALS: dict[str, Callable[[Path], None]] = {
    "kill -9 of all processes": lambda pgdata: signal_all(pgdata, signal.SIGKILL),
    "kill -9 of the postmaster only": lambda pgdata: postmaster(pgdata).kill(),
    "kill -9 of one backend": lambda pgdata: one_that_writes(pgdata).kill(),
    "termination of one backend": lambda pgdata: one_that_writes(pgdata).terminate(),
    "smart shutdown": lambda pgdata: postmaster(pgdata).terminate(),
    "fast shutdown": lambda pgdata: postmaster(pgdata).send_signal(signal.SIGINT),
    "immediate shutdown": lambda pgdata: postmaster(pgdata).send_signal(signal.SIGQUIT),
    "stop and continue": freeze_and_thaw,
}


@pytest.mark.parametrize("what", SIGNALS)
def test_every_acknowledged_write_survives(what: str, studio: Studio) -> None:
    load = Load(studio)
    with ThreadPoolExecutor(WRITERS) as writers:
        running_writers = [writers.submit(load.write) for _ in range(WRITERS)]
        try:
            load.wait_for(ENOUGH)
            SIGNALS[what](studio.pgdata)
            load.wait_for(ENOUGH + WRITERS)
        finally:
            load.is_over.set()
        for writer in running_writers:
            writer.result(timeout=60)

    assert {answer.status for answer in load.refused} <= {503}
    assert all(answer.headers["Retry-After"] == "5" for answer in load.refused)
    assert studio.ask(LOST, load.acknowledged) == 0
    assert studio.ask(HALF_WRITTEN) == 0
    assert studio.is_back()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGQUIT, signal.SIGINT], ids=lambda number: number.name)
def test_a_server_that_died_while_idle_is_back_with_the_next_request(number: signal.Signals, studio: Studio) -> None:
    assert studio.write().status == 201
    died = postmaster(studio.pgdata)
    died.send_signal(number)
    psutil.wait_procs([died], timeout=30)

    assert studio.is_back()
    assert postmaster(studio.pgdata).pid != died.pid


def test_a_running_server_is_not_probed(studio: Studio) -> None:
    """A probe would read the PID file first."""
    assert studio.write().status == 201
    file = studio.pgdata / "postmaster.pid"
    before = file.read_text()
    file.write_text(before.replace("ready", "starting"))
    try:
        assert [studio.write().status for _ in range(3)] == [201] * 3
    finally:
        file.write_text(before)
