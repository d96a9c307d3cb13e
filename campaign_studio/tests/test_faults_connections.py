"""Without a connection to the database every request is answered 503, and the next one works.

The faults are real: connections are ended and the pool is drained.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.contrib.sessions.models import Session as Cookies
from django.core.signals import request_started
from django.db import connection
from django.test import Client
from rest_framework.test import APIClient

from accounts.api import history
from accounts.models import SecurityEvent, User
from accounts.tests.factories import PASSWORD, Cast
from campaign_studio.tests.bodies import bearing, campaign_body, stored, tokens_of
from campaign_studio.tests.sabotage import (
    as_a_server_does,
    assert_unavailable_in_json,
    assert_unavailable_page,
    connecting,
    create,
    failing,
    kill_own_connection,
    log_lines,
    other_connection,
    whenever,
)
from campaigns.api.views import CampaignViewSet
from campaigns.tests.factories import CampaignFactory

pytestmark = pytest.mark.django_db(transaction=True)

ConsoleFor = Callable[[User | None], Client]


@pytest.fixture
def owner(cast: Cast) -> User:
    return cast.owner


@pytest.fixture
def api(owner: User) -> APIClient:
    return bearing(tokens_of(owner)["access_token"])


DOORS = ["read", "write", "sign in", "stay signed in"]
DOORS += ["console", "list in the console", "writing in the console", "signing in to the console"]


@pytest.fixture
def doors(owner: User, console_for: ConsoleFor) -> dict[str, Callable[[], Any]]:
    """One request for each of DOORS."""
    tokens, console = tokens_of(owner), console_for(owner)
    # The test client would raise faults of a middleware, which Django signals as exceptions.
    console.raise_request_exception = False
    api, credentials = bearing(tokens["access_token"]), {"username": "nobody", "password": PASSWORD}
    requests = [
        lambda: api.get("/api/campaigns"),
        lambda: api.post("/api/campaigns", campaign_body()),
        lambda: APIClient().post("/api/auth/login", credentials),
        lambda: APIClient().post("/api/auth/refresh", {"refresh_token": tokens["refresh_token"]}),
        lambda: console.get("/admin/"),
        lambda: console.get("/admin/campaigns/campaign/"),
        lambda: console.post("/admin/campaigns/campaign/add/", {"campaign_name": "X"}),
        lambda: Client().post("/admin/login/", credentials),
    ]
    return dict(zip(DOORS, requests, strict=True))


def in_a_thread(request: Callable[[], Any]) -> Any:
    """The response to a request with its own connection."""

    def send() -> Any:
        try:
            return request()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(send).result(timeout=60)


@pytest.mark.parametrize("debug", [False, True], ids=["", "DEBUG"])
@pytest.mark.parametrize("door", DOORS)
def test_without_a_free_connection_every_door_answers_503(
    door: str, debug: bool, doors: dict[str, Callable[[], Any]], settings: Any
) -> None:
    settings.DEBUG = debug
    before = stored()
    with connecting(pool={"max_size": 1, "timeout": 0.3}), connection.cursor():
        answer = in_a_thread(doors[door])

    assert stored() == before
    (assert_unavailable_page if "console" in door else assert_unavailable_in_json)(answer)
    assert in_a_thread(doors[door]).status_code < 500


def test_health_is_503_too() -> None:
    with connecting(pool={"max_size": 1, "timeout": 0.3}), connection.cursor():
        answer = in_a_thread(lambda: APIClient().get("/api/health"))

    assert (answer.status_code, answer["Retry-After"], answer.json()["database"]) == (503, "5", "unreachable")
    assert in_a_thread(lambda: APIClient().get("/api/health")).status_code == 200


@pytest.mark.parametrize("debug", [False, True], ids=["", "DEBUG"])
def test_a_connection_that_breaks_before_authentication(
    debug: bool, owner: User, console_for: ConsoleFor, settings: Any
) -> None:
    settings.DEBUG = debug
    console = console_for(owner)
    console.raise_request_exception = False

    def kill(**kwargs: Any) -> None:
        kill_own_connection()

    request_started.connect(kill)
    try:
        answer = as_a_server_does(console.get("/admin/"))
    finally:
        request_started.disconnect(kill)

    assert_unavailable_page(answer)
    assert console.get("/admin/").status_code == 200
    assert Cookies.objects.count() == 1, "No one was signed out."


@pytest.mark.parametrize("method", ["document", "reads_all_visible"], ids=["", "at once"])
def test_a_connection_that_breaks_while_reading(method: str, api: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    campaign = CampaignFactory()
    original = getattr(CampaignViewSet, method)

    def break_the_connection_first(view: Any, *args: Any) -> Any:
        kill_own_connection()
        return original(view, *args)

    with monkeypatch.context() as patched:
        if method == "document":
            patched.setattr(history, "answered_at_once", lambda view, request: None)
        patched.setattr(CampaignViewSet, method, break_the_connection_first)
        answer = as_a_server_does(api.get(f"/api/campaigns/{campaign.pk}"))

    assert_unavailable_in_json(answer)
    assert api.get(f"/api/campaigns/{campaign.pk}").status_code == 200


def test_after_all_idle_connections_of_a_pool_break_the_next_request_works(api: APIClient) -> None:
    with connecting(pool={"min_size": 6, "max_size": 6, "timeout": 1}):
        connection.pool.open(wait=True, timeout=60)  # type: ignore[attr-defined]
        with other_connection() as other:
            ended = other.execute(
                "SELECT count(pg_terminate_backend(pid, 60000)) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
            ).fetchone()
        assert ended is not None
        assert ended[0] >= 6

        assert create(api).status_code == 201


def test_a_connection_that_was_just_used_is_checked_without_a_question(api: APIClient, tmp_path: Path) -> None:
    sent = tmp_path / "protocol"
    with connecting(pool={"min_size": 1, "max_size": 1}), sent.open("w") as file:
        connection.ensure_connection()
        pid, pgconn = connection.connection.info.backend_pid, connection.connection.pgconn
        connection.close()
        pgconn.trace(file.fileno())
        connection.ensure_connection()
        pgconn.untrace()
        connection.close()
        assert not sent.read_text()

        with other_connection() as other:
            assert other.execute("SELECT pg_terminate_backend(%s, 60000)", [pid]).fetchone() == (True,)
        assert create(api).status_code == 201, "It was still in the pool, but the server had ended it."


def test_a_database_is_used_again_as_soon_as_it_is_back(api: APIClient) -> None:
    name = connection.settings_dict["NAME"]
    with connecting(pool={"timeout": 1, "reconnect_timeout": 1}), other_connection("postgres") as other:
        other.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        try:
            answers = [create(api) for _ in range(3)]
        finally:
            other.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')

        assert [answer.status_code for answer in answers] == [503] * 3
        assert 201 in (create(api).status_code, create(api).status_code)


def test_a_refusal_that_can_not_be_recorded_is_not_a_500(cast: Cast) -> None:
    guest = bearing(tokens_of(cast.guest)["access_token"], raise_request_exception=False)
    with whenever("security_events", failing("53100")):
        answer = as_a_server_does(guest.post("/api/campaigns", campaign_body()))

    assert_unavailable_in_json(answer)
    assert not SecurityEvent.objects.filter(kind="permission_refused").exists()
    assert guest.post("/api/campaigns", campaign_body()).status_code == 403


@pytest.mark.parametrize("door", ["/api/campaigns", "/admin/"])
def test_a_fault_is_logged_in_one_line_with_the_request_id(
    door: str, owner: User, console_for: ConsoleFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    client: Any = console_for(owner) if door == "/admin/" else bearing(tokens_of(owner)["access_token"])
    client.raise_request_exception = False
    with connecting(pool={"max_size": 1, "timeout": 0.3}), connection.cursor():
        log = log_lines(monkeypatch)
        in_a_thread(lambda: client.get(door, HTTP_X_REQUEST_ID="trace-me"))

    lines = log.getvalue().splitlines()
    assert len(lines) == 1, lines
    assert "ERROR campaign_studio.database.unavailable [" in lines[0]
    assert f"/trace-me] Database unavailable at GET {door}: couldn't get a connection" in lines[0]
