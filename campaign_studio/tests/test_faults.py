"""A database that fails: 503 with `Retry-After`, nothing half-written, and the next request works (8-reliability R23).

Everything fails for real: connections are ended, locks held, the pool drained. How the embedded server takes signals is
in test_faults_embedded.py.
"""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.contrib.sessions.models import Session as Cookies
from django.core.management.sql import emit_post_migrate_signal, emit_pre_migrate_signal
from django.core.signals import request_started
from django.db import OperationalError, close_old_connections, connection, transaction
from django.db.models.signals import post_save
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import SecurityEvent, User
from accounts.tests.factories import PASSWORD, Cast
from campaign_studio.faults import is_fault
from campaign_studio.tests.bodies import bearing, campaign_body, stored, tokens_of
from campaign_studio.tests.browser import form_data
from campaign_studio.tests.sabotage import (
    KILL,
    as_a_server_does,
    connecting,
    failing,
    kill_own_connection,
    log_lines,
    other_connection,
    whenever,
)
from campaigns.models import Campaign
from campaigns.querysets import CampaignQuerySet
from campaigns.tests.factories import CampaignFactory

pytestmark = pytest.mark.django_db(transaction=True)

ConsoleFor = Callable[[User | None], Client]
TARGETS = "campaign_audience_targeting"


@pytest.fixture
def owner(cast: Cast) -> User:
    return cast.owner


@pytest.fixture
def api(owner: User) -> APIClient:
    return bearing(tokens_of(owner)["access_token"])


def create(api: APIClient) -> Any:
    """Write a campaign with a target, which comes last."""
    body = campaign_body(audience_targeting=[{"region": "Europe", "country": "DE"}])
    return as_a_server_does(api.post("/api/campaigns", body))


def assert_unavailable(answer: Any) -> None:
    assert answer.status_code == 503, answer.content
    assert answer["Retry-After"] == "5"
    assert answer["X-Request-ID"]
    assert answer["Content-Security-Policy"]


def assert_unavailable_in_json(answer: Any) -> None:
    assert_unavailable(answer)
    assert answer.json() == {"detail": "The database does not answer right now. Try again in a few seconds."}


def assert_unavailable_page(answer: Any) -> None:
    assert_unavailable(answer)
    assert answer["Content-Type"].startswith("text/html")
    assert answer["Cache-Control"] == "no-store"
    assert "Back in a moment" in answer.content.decode()
    assert answer["X-Request-ID"] in answer.content.decode()


# --- A write that is broken off --------------------------------------------------------------------------------------

BROKEN_OFF = {
    "the connection is killed": KILL,
    "the disk is full": failing("53100"),
    "memory is short": failing("53200"),
    "a file can't be read": failing("58030"),
    "a lock is not to be had": failing("55P03"),
    "an administrator cancels it": failing("57014"),
    "it deadlocks each time": failing("40P01"),
}


@pytest.mark.parametrize("at_commit", [False, True], ids=["while writing", "at COMMIT"])
@pytest.mark.parametrize("fault", BROKEN_OFF.values(), ids=BROKEN_OFF)
def test_a_write_that_is_broken_off_leaves_nothing_and_can_be_sent_again(
    fault: str, at_commit: bool, api: APIClient
) -> None:
    before = stored()
    with whenever(TARGETS, fault, at_commit=at_commit):
        answer = create(api)

    assert_unavailable_in_json(answer)
    assert stored() == before
    assert create(api).status_code == 201


@pytest.mark.parametrize("at_commit", [False, True], ids=["while writing", "at COMMIT"])
@pytest.mark.parametrize("fault", [KILL, failing("53100")], ids=["killed", "full"])
def test_the_console_says_so_on_a_page_of_its_own(
    fault: str, at_commit: bool, owner: User, console_for: ConsoleFor
) -> None:
    address = f"/admin/campaigns/campaign/{CampaignFactory(campaign_created_by=owner).pk}/change/"
    console = console_for(owner)
    typed = form_data(console.get(address), campaign_name="Changed")
    before = stored()
    with whenever("campaigns", fault, at_commit=at_commit):
        answer = as_a_server_does(console.post(address, typed))

    assert_unavailable_page(answer)
    assert stored() == before
    assert as_a_server_does(console.post(address, typed)).status_code == 302
    assert Campaign.objects.get().campaign_name == "Changed"


def test_what_the_database_finds_wrong_at_commit_is_no_fault(api: APIClient) -> None:
    before = stored()
    with whenever(TARGETS, failing("23503"), at_commit=True):
        answer = create(api)

    assert answer.status_code == 400
    assert stored() == before


@pytest.mark.parametrize("code", ["54000", "42P01", "XX000"], ids=["too complex", "no such table", "internal"])
def test_a_bug_stays_a_500(code: str, owner: User) -> None:
    api = bearing(tokens_of(owner)["access_token"], raise_request_exception=False)
    before = stored()
    with whenever(TARGETS, failing(code)):
        answer = create(api)

    assert answer.status_code == 500
    assert "X-Request-ID" in answer.json()["detail"]
    assert stored() == before


# --- Limits in time --------------------------------------------------------------------------------------------------


def test_a_statement_that_takes_too_long_is_given_up(api: APIClient) -> None:
    before = stored()
    with connecting(limits="-c statement_timeout=300ms"), whenever(TARGETS, "PERFORM pg_sleep(600);"):
        assert_unavailable_in_json(create(api))

    assert stored() == before
    assert create(api).status_code == 201


def test_a_lock_that_somebody_keeps_is_not_waited_for(owner: User, api: APIClient) -> None:
    campaign = CampaignFactory(campaign_created_by=owner)
    address = f"/api/campaigns/{campaign.pk}"
    before = stored()
    with connecting(limits="-c lock_timeout=300ms"), other_connection() as other, other.transaction():
        other.execute("SELECT 1 FROM campaigns FOR UPDATE")
        assert_unavailable_in_json(as_a_server_does(api.patch(address, {"campaign_name": "Mine"})))
        assert stored() == before

    assert api.patch(address, {"campaign_name": "Mine"}).status_code == 200


def test_a_transaction_that_does_nothing_is_ended_and_lets_go_of_its_locks(owner: User, api: APIClient) -> None:
    campaign = CampaignFactory(campaign_created_by=owner)
    address = f"/api/campaigns/{campaign.pk}"

    def dawdle(**kwargs: Any) -> None:
        with other_connection() as other:
            # Waits for the row, which the request has locked.
            other.execute("SELECT 1 FROM campaigns FOR UPDATE")

    before = stored()
    with connecting(limits="-c idle_in_transaction_session_timeout=300ms"):
        post_save.connect(dawdle, sender=Campaign)
        try:
            answer = as_a_server_does(api.patch(address, {"campaign_name": "Mine"}))
        finally:
            post_save.disconnect(dawdle, sender=Campaign)

    assert_unavailable_in_json(answer)
    assert stored() == before
    assert api.patch(address, {"campaign_name": "Mine"}).status_code == 200


def test_the_limits_are_set_on_every_connection() -> None:
    limits = "-c statement_timeout=11s -c lock_timeout=12s -c idle_in_transaction_session_timeout=13s"
    names = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
    with connecting(limits=limits), connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(f'current_setting({name!r})' for name in names)}")
        assert cursor.fetchone() == ("11s", "12s", "13s")


def test_migrations_have_no_limit_to_their_statements() -> None:
    pause = "SELECT pg_sleep(0.4)"
    with connecting(limits="-c statement_timeout=200ms"), connection.cursor() as cursor:
        emit_pre_migrate_signal(verbosity=0, interactive=False, db="default")
        cursor.execute(pause)
        emit_post_migrate_signal(verbosity=0, interactive=False, db="default")
        with pytest.raises(OperationalError, match="statement timeout"):
            cursor.execute(pause)


# --- No connection ---------------------------------------------------------------------------------------------------

DOORS = ["read", "write", "sign in", "stay signed in"]
DOORS += ["console", "list in the console", "writing in the console", "signing in to the console"]


@pytest.fixture
def doors(owner: User, console_for: ConsoleFor) -> dict[str, Callable[[], Any]]:
    """A request through each of DOORS."""
    tokens, console = tokens_of(owner), console_for(owner)
    # Faults of a middleware are signalled as exceptions on their way, which the test client would raise.
    console.raise_request_exception = False
    api, nobody = bearing(tokens["access_token"]), {"username": "nobody", "password": PASSWORD}
    requests = [
        lambda: api.get("/api/campaigns"),
        lambda: api.post("/api/campaigns", campaign_body()),
        lambda: APIClient().post("/api/auth/login", nobody),
        lambda: APIClient().post("/api/auth/refresh", {"refresh_token": tokens["refresh_token"]}),
        lambda: console.get("/admin/"),
        lambda: console.get("/admin/campaigns/campaign/"),
        lambda: console.post("/admin/campaigns/campaign/add/", {"campaign_name": "X"}),
        lambda: Client().post("/admin/login/", nobody),
    ]
    return dict(zip(DOORS, requests, strict=True))


def in_a_thread(request: Callable[[], Any]) -> Any:
    """The answer to a request with a connection of its own."""

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


def test_health_says_so_too() -> None:
    with connecting(pool={"max_size": 1, "timeout": 0.3}), connection.cursor():
        answer = in_a_thread(lambda: APIClient().get("/api/health"))

    assert (answer.status_code, answer["Retry-After"], answer.json()["database"]) == (503, "5", "unreachable")
    assert in_a_thread(lambda: APIClient().get("/api/health")).status_code == 200


@pytest.mark.parametrize("debug", [False, True], ids=["", "DEBUG"])
def test_a_connection_that_dies_before_anybody_knows_who_asks(
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
    assert Cookies.objects.count() == 1, "Nobody was signed out."


def test_a_connection_that_dies_while_reading(api: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    campaign = CampaignFactory()
    as_document = CampaignQuerySet.as_document

    def die_first(rows: Any, user: User) -> Any:
        kill_own_connection()
        return as_document(rows, user)

    with monkeypatch.context() as patched:
        patched.setattr(CampaignQuerySet, "as_document", die_first)
        answer = as_a_server_does(api.get(f"/api/campaigns/{campaign.pk}"))

    assert_unavailable_in_json(answer)
    assert api.get(f"/api/campaigns/{campaign.pk}").status_code == 200


def test_all_connections_of_a_pool_die_and_the_next_request_works(api: APIClient) -> None:
    with connecting(pool={"min_size": 6, "max_size": 6, "timeout": 1}):
        connection.pool.open(wait=True, timeout=60)  # type: ignore[attr-defined]
        with other_connection() as other:
            ended = other.execute(
                "SELECT count(pg_terminate_backend(pid, 60000)) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
            ).fetchone()
        assert ended is not None
        assert ended[0] >= 6

        answers = [create(api).status_code for _ in range(2)]
        assert answers[0] in (201, 503)
        assert answers[1] == 201


def test_a_database_that_was_away_for_a_while_is_found_at_once(api: APIClient) -> None:
    name = connection.settings_dict["NAME"]
    with connecting(pool={"timeout": 1, "reconnect_timeout": 1}), other_connection("postgres") as other:
        other.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        try:
            answers = [create(api) for _ in range(3)]
        finally:
            other.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')

        assert [answer.status_code for answer in answers] == [503] * 3
        assert 201 in (create(api).status_code, create(api).status_code)


def test_a_refusal_that_can_not_be_recorded_is_no_500(cast: Cast) -> None:
    guest = bearing(tokens_of(cast.guest)["access_token"], raise_request_exception=False)
    with whenever("security_events", failing("53100")):
        answer = as_a_server_does(guest.post("/api/campaigns", campaign_body()))

    assert_unavailable_in_json(answer)
    assert not SecurityEvent.objects.filter(kind="permission_refused").exists()
    assert guest.post("/api/campaigns", campaign_body()).status_code == 403


# --- The log ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("door", ["/api/campaigns", "/admin/"])
def test_a_fault_is_one_line_with_the_id_of_the_request(
    door: str, owner: User, console_for: ConsoleFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    client: Any = console_for(owner) if door == "/admin/" else bearing(tokens_of(owner)["access_token"])
    client.raise_request_exception = False
    with connecting(pool={"max_size": 1, "timeout": 0.3}), connection.cursor():
        log = log_lines(monkeypatch)
        in_a_thread(lambda: client.get(door, HTTP_X_REQUEST_ID="trace-me"))

    lines = log.getvalue().splitlines()
    assert len(lines) == 1, lines
    said = f"ERROR campaign_studio.faults [trace-me] Database unavailable at GET {door}: couldn't get a connection"
    assert said in lines[0]


def test_a_bug_is_logged_once_with_the_id_of_the_request(owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    api = bearing(tokens_of(owner)["access_token"], raise_request_exception=False)
    log = log_lines(monkeypatch)
    with whenever(TARGETS, failing("42P01")):
        body = campaign_body(audience_targeting=[{"region": "Europe", "country": "DE"}])
        api.post("/api/campaigns", body, HTTP_X_REQUEST_ID="trace-me")

    written = log.getvalue()
    assert written.count("[trace-me]") == 1
    assert "Unhandled error at /api/campaigns" in written
    assert "sabotage" in written


def test_outside_of_requests_a_line_has_no_id(monkeypatch: pytest.MonkeyPatch) -> None:
    log = log_lines(monkeypatch)
    logging.getLogger("campaign_studio").warning("Hello")

    assert "WARNING campaign_studio [-] Hello" in log.getvalue()


def test_what_is_no_fault_is_none() -> None:
    close_old_connections()
    with pytest.raises(Exception, match="no_such_function") as raised, transaction.atomic():
        connection.cursor().execute("SELECT no_such_function()")

    assert not is_fault(raised.value)
    assert not is_fault(ValueError("x"))
