"""Real server processes on the tests' database, and requests to them."""

import json
import os
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from django.conf import settings
from django.db import connection

from campaign_studio.database.configuration import STARTING_ENGINE
from campaign_studio.embedded.server import ensure_embedded_server


class Answer(NamedTuple):
    """Status, headers and decoded body."""

    status: int
    headers: Any
    body: Any


@contextmanager
def running(count: int = 2, **environment: str) -> Iterator[list[str]]:
    """Start `count` server processes; yield their URLs."""
    ports = [free_port() for _ in range(count)]
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "campaign_studio.wsgi:application"]
    options = ["--host", "127.0.0.1", "--log-level", "error", "--no-ws", "--blocking-threads", "16", "--port"]
    with ExitStack() as servers:
        for port in ports:
            servers.enter_context(serving([*command, *options, str(port)], port, **environment))
        yield [f"http://127.0.0.1:{port}" for port in ports]


@contextmanager
def serving(command: list[str], port: int, **environment: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Start a server, wait until its port is open, and stop it at the end."""
    server = subprocess.Popen(command, env=_environment() | environment, cwd=settings.BASE_DIR)  # noqa: S603
    try:
        wait_for(port, server)
        yield server
    finally:
        server.terminate()
        server.wait(timeout=30)


def send(method: str, address: str, body: Any = None, token: str = "", **headers: str) -> Answer:
    """Send one request."""
    data = None if body is None else json.dumps(body).encode()
    sent = {"Content-Type": "application/json", **({"Authorization": f"Bearer {token}"} if token else {}), **headers}
    request = urllib.request.Request(address, data, sent, method=method)  # noqa: S310 - our own server
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - our own server
            return Answer(answer.status, answer.headers, _json(answer.read()))
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, error.headers, _json(error.read()))


def free_port() -> int:
    """A free TCP port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _environment() -> dict[str, str]:
    """The environment of a server process: the tests' keys and database."""
    held = connection.settings_dict
    is_embedded = held["ENGINE"] == STARTING_ENGINE
    host = str(ensure_embedded_server(Path(held["HOST"]))) if is_embedded else held["HOST"]
    database = {
        "DATABASE_URL": "",
        "DATABASE_HOST": host,
        "DATABASE_PORT": str(held["PORT"] or 5432),
        "DATABASE_NAME": held["NAME"],
        "DATABASE_USER": held["USER"],
        "DATABASE_PASSWORD": held["PASSWORD"],
    }
    keys = {"SECRET_KEY": settings.SECRET_KEY, "ENCRYPTION_KEY": settings.ENCRYPTION_KEYS[0]}
    own = {"READ_DOT_ENV": "false", "DEBUG": "true", "DJANGO_SETTINGS_MODULE": "campaign_studio.settings"}
    limits = dict.fromkeys(("THROTTLE_ANON", "THROTTLE_USER", "THROTTLE_CONSOLE", "THROTTLE_DEVICE"), "1000000/min")
    return {**os.environ, **database, **keys, **own, **limits}


def wait_for(port: int, server: "subprocess.Popen[bytes]") -> None:
    """Wait until a server's port is open. Raises AssertionError if the server ends."""
    while server.poll() is None:
        with socket.socket() as probe:
            probe.settimeout(5)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
    raise AssertionError("The server ended.")


def _json(body: bytes) -> Any:
    return json.loads(body) if body else None
