"""The server as the README and the demo start it."""

import re
import shlex
import subprocess
import sys
from contextlib import suppress

import psutil
import pytest
from django.conf import settings

from campaign_studio.management.commands import demo
from campaign_studio.tests.servers import free_port, send, serving

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.any_database]


def command_in_the_readme(port: int) -> list[str]:
    """The command in the README, run by the tests' Python."""
    (command,) = re.findall(r"`(granian .*?)`", (settings.BASE_DIR / "README.md").read_text())
    words = shlex.split(command)
    words[words.index("--port") + 1] = str(port)
    return [sys.executable, "-m", *words]


def listening_workers(server: "subprocess.Popen[bytes]", port: int) -> set[psutil.Process]:
    """The workers that accept requests."""
    workers = set()
    for worker in psutil.Process(server.pid).children():
        with suppress(psutil.Error):
            if port in {address.laddr.port for address in worker.net_connections("tcp") if address.status == "LISTEN"}:
                workers.add(worker)
    return workers


def both_workers(server: "subprocess.Popen[bytes]", port: int) -> set[psutil.Process]:
    """The two workers, as soon as both accept requests. Raises AssertionError if the server exits."""
    while len(workers := listening_workers(server, port)) < 2:
        with suppress(subprocess.TimeoutExpired):
            raise AssertionError(f"The server ended with {server.wait(timeout=0.1)}.")
    return workers


@pytest.mark.matrix
def test_a_worker_that_dies_is_replaced() -> None:
    port = free_port()
    with serving(command_in_the_readme(port), port) as server:
        first = both_workers(server, port)
        for worker in first:
            worker.kill()
            psutil.wait_procs([worker], timeout=30)
            both_workers(server, port)

        assert not both_workers(server, port) & first
        assert send("GET", f"http://127.0.0.1:{port}/api/health").status == 200


def test_the_demo_serves_as_the_readme_says_except_that_it_waits_for_bodies_itself() -> None:
    documented, in_the_demo = command_in_the_readme(8000), demo.server_command(8000)

    different = {"wsgi", "campaign_studio.wsgi:application"}
    assert set(documented) - different <= set(in_the_demo)
    assert "campaign_studio.asgi:application" in in_the_demo
