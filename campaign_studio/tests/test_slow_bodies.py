"""Bodies that don't come occupy no thread: behind the documented proxy, and in the demo, which has none."""

import gzip
import json
import re
import shutil
import subprocess
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from accounts.models import SecurityEvent
from campaign_studio.api.parsers import LARGE, SIGNED_IN
from campaign_studio.asgi import BODY_SECONDS
from campaign_studio.management.commands import demo
from campaign_studio.tests.proxies import DEPLOY, adapted, half_sent, nginx_before
from campaign_studio.tests.servers import free_port, running, send, serving

pytestmark = pytest.mark.any_database

CADDY = shutil.which("caddy")
# In seconds: how long an answer may take that waits for nobody.
SOON = 5
PAGES = ["/api/health", "/admin/login/"]
# Of one server.
THREADS = 16


def status_of(port: int, page: str) -> int:
    """The status of a page that must come soon. Raises TimeoutError."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{page}", timeout=SOON) as answer:
        return int(answer.status)


@pytest.mark.matrix
@pytest.mark.django_db(transaction=True)
def test_behind_nginx_half_sent_bodies_hold_nobody_up(tmp_path: Path) -> None:
    with (
        running(TRUSTED_PROXIES="127.0.0.1") as servers,
        nginx_before(servers, tmp_path) as (port, log),
        half_sent(port, 100),
    ):
        for _turn in range(5):
            assert [status_of(port, page) for page in PAGES] == [200, 200]
        address = f"http://127.0.0.1:{port}/api/auth/login"
        refused = send("POST", address, {"username": "a", "password": "b"}, **{"X-Forwarded-For": "203.0.113.9"})

    assert refused.status == 401
    # What a client claims about its address doesn't count, and both logs name the same request.
    event = SecurityEvent.objects.get()
    assert event.remote_addr == "127.0.0.1"
    assert event.request_id
    assert event.request_id == refused.headers["X-Request-ID"]
    assert event.request_id.partition("/")[2] in log.read_text()


@pytest.mark.matrix
@pytest.mark.django_db(transaction=True)
def test_without_a_proxy_as_many_bodies_as_threads_stop_the_server() -> None:
    with running(count=1) as (server,):
        port = int(server.rpartition(":")[2])
        # The first requests may come before the bodies have reached all threads.
        with half_sent(port, 2 * THREADS), pytest.raises(TimeoutError):
            _ = [status_of(port, PAGES[0]) for _turn in range(200)]


@pytest.mark.matrix
@pytest.mark.django_db(transaction=True)
def test_nginx_limits_bodies_and_compresses_answers(tmp_path: Path) -> None:
    with running(count=1, TRUSTED_PROXIES="127.0.0.1") as servers, nginx_before(servers, tmp_path) as (port, _log):
        base = f"http://127.0.0.1:{port}"
        answers = {
            size: send("POST", f"{base}/api/auth/login", {"username": "x" * size}) for size in (70_000, 1_100_000)
        }
        asking = urllib.request.Request(f"{base}/api/openapi.json", headers={"Accept-Encoding": "gzip"})  # noqa: S310
        with urllib.request.urlopen(asking, timeout=60) as document:  # noqa: S310
            content = json.loads(gzip.decompress(document.read()))

    assert [answer.status for answer in answers.values()] == [413, 413]
    assert "without a token" in answers[70_000].body["detail"]
    assert answers[1_100_000].body["detail"] == "The body is larger than 1 MB. Split the request."
    assert content["openapi"]


@pytest.mark.matrix
@pytest.mark.django_db(transaction=True)
def test_the_demo_answers_while_bodies_are_missing_and_gives_them_up(tmp_path: Path) -> None:
    port = free_port()
    environment: dict[str, Any] = {"THROTTLE_ANON": "1000000/min"}
    with serving(demo.server_command(port), port, **environment):
        assert status_of(port, PAGES[0]) == 200
        with half_sent(port, 100) as clients:
            for _turn in range(5):
                assert [status_of(port, page) for page in PAGES] == [200, 200]
            for client in clients:
                answer = client.recv(1000).decode()
                assert answer.startswith("HTTP/1.1 408 ")
                assert f"within {BODY_SECONDS} seconds" in answer
        # Each answer has returned its connection to the pool.
        for _turn in range(60):
            assert status_of(port, PAGES[0]) == 200
        signed_in = send("POST", f"http://127.0.0.1:{port}/api/auth/login", {"username": "a", "password": "b"})
    assert signed_in.status == 401


def test_both_configurations_have_the_limits_of_the_application() -> None:
    nginx, caddy = (DEPLOY / "nginx.conf").read_text(), (DEPLOY / "Caddyfile").read_text()
    form, usual, largest = (
        size // 1024 for size in (settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0, SIGNED_IN.size, LARGE.size)
    )

    sizes = re.findall(r"location (\S+) \{.*?client_max_body_size (\d+)([km]);", nginx, re.DOTALL)
    kilobytes = {place: int(number) * {"k": 1, "m": 1024}[unit] for place, number, unit in sizes}
    assert kilobytes == {"/": form, "/api/": usual, "/api/campaigns": largest, "/api/media": largest}
    sizes = re.findall(r"request_body @(\w+) \{\s*max_size (\d+)(KiB|MiB)", caddy)
    kilobytes = {place: int(number) * {"KiB": 1, "MiB": 1024}[unit] for place, number, unit in sizes}
    assert kilobytes == {"console": form, "api": usual, "campaigns": largest}
    assert "proxy_request_buffering on;" in nginx
    assert f"request_buffers {LARGE.size // 1024**2}MiB" in caddy


@pytest.mark.skipif(CADDY is None, reason="Caddy 2.7 or newer isn't installed.")
def test_caddy_accepts_its_configuration() -> None:
    command = [CADDY or "", "validate", "--adapter", "caddyfile", "--config", str(DEPLOY / "Caddyfile")]

    subprocess.run(command, check=True, timeout=60)  # noqa: S603 - our words


def test_only_the_marked_lines_of_the_configuration_have_to_be_changed(tmp_path: Path) -> None:
    config = (DEPLOY / "nginx.conf").read_text()

    site = adapted(config, ["http://127.0.0.1:1", "http://127.0.0.1:2"], 3, tmp_path)

    assert "server 127.0.0.1:1; server 127.0.0.1:2;" in site
    assert "# yours" not in site
    assert not re.search(r"example\.com|letsencrypt|\b8000\b|/var/", site)
