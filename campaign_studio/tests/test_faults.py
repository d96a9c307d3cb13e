"""A database fault is answered 503 with `Retry-After`, leaves nothing half-written, and the next request works.

The faults are real: connections are ended, locks held, the pool drained. test_faults_embedded.py sends signals to the
embedded server.
"""

import logging
from collections.abc import Callable
from typing import Any

import pytest
from django.core.management.sql import emit_post_migrate_signal, emit_pre_migrate_signal
from django.db import OperationalError, close_old_connections, connection, transaction
from django.db.models.signals import post_save
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import User
from accounts.tests.factories import Cast
from campaign_studio.database.unavailable import is_fault
from campaign_studio.tests.bodies import bearing, campaign_body, stored, tokens_of
from campaign_studio.tests.browser import form_data
from campaign_studio.tests.sabotage import (
    KILL,
    as_a_server_does,
    assert_unavailable_in_json,
    assert_unavailable_page,
    connecting,
    create,
    failing,
    log_lines,
    other_connection,
    whenever,
)
from campaigns.models import Campaign
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


# --- Interrupted writes --------------------------------------------------------------------------------------------

FAULTS = {
    "the connection is killed": KILL,
    "the disk is full": failing("53100"),
    "memory runs out": failing("53200"),
    "a file can't be read": failing("58030"),
    "a lock isn't available": failing("55P03"),
    "an administrator cancels it": failing("57014"),
    "it deadlocks each time": failing("40P01"),
}


@pytest.mark.parametrize("at_commit", [False, True], ids=["while writing", "at COMMIT"])
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_an_interrupted_write_leaves_nothing_and_can_be_repeated(fault: str, at_commit: bool, api: APIClient) -> None:
    before = stored()
    with whenever(TARGETS, fault, at_commit=at_commit):
        answer = create(api)

    assert_unavailable_in_json(answer)
    assert stored() == before
    assert create(api).status_code == 201


@pytest.mark.parametrize("at_commit", [False, True], ids=["while writing", "at COMMIT"])
@pytest.mark.parametrize("fault", [KILL, failing("53100")], ids=["killed", "full"])
def test_the_console_answers_a_fault_with_its_own_page(
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


def test_a_constraint_violation_at_commit_is_not_a_fault(api: APIClient) -> None:
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


# --- Time limits -----------------------------------------------------------------------------------------------------


def test_a_slow_statement_is_cancelled(api: APIClient) -> None:
    before = stored()
    with connecting(limits="-c statement_timeout=300ms"), whenever(TARGETS, "PERFORM pg_sleep(600);"):
        assert_unavailable_in_json(create(api))

    assert stored() == before
    assert create(api).status_code == 201


def test_waiting_for_a_lock_is_limited(owner: User, api: APIClient) -> None:
    campaign = CampaignFactory(campaign_created_by=owner)
    address = f"/api/campaigns/{campaign.pk}"
    before = stored()
    with connecting(limits="-c lock_timeout=300ms"), other_connection() as other, other.transaction():
        other.execute("SELECT 1 FROM campaigns FOR UPDATE")
        assert_unavailable_in_json(as_a_server_does(api.patch(address, {"campaign_name": "Mine"})))
        assert stored() == before

    assert api.patch(address, {"campaign_name": "Mine"}).status_code == 200


def test_an_idle_transaction_is_ended_and_releases_its_locks(owner: User, api: APIClient) -> None:
    campaign = CampaignFactory(campaign_created_by=owner)
    address = f"/api/campaigns/{campaign.pk}"

    def wait_for_the_row(**kwargs: Any) -> None:
        with other_connection() as other:
            # Waits for the row that the request has locked.
            other.execute("SELECT 1 FROM campaigns FOR UPDATE")

    before = stored()
    with connecting(limits="-c idle_in_transaction_session_timeout=300ms"):
        post_save.connect(wait_for_the_row, sender=Campaign)
        try:
            answer = as_a_server_does(api.patch(address, {"campaign_name": "Mine"}))
        finally:
            post_save.disconnect(wait_for_the_row, sender=Campaign)

    assert_unavailable_in_json(answer)
    assert stored() == before
    assert api.patch(address, {"campaign_name": "Mine"}).status_code == 200


def test_the_limits_are_set_on_every_connection() -> None:
    limits = "-c statement_timeout=11s -c lock_timeout=12s -c idle_in_transaction_session_timeout=13s"
    names = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
    with connecting(limits=limits), connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(f'current_setting({name!r})' for name in names)}")
        assert cursor.fetchone() == ("11s", "12s", "13s")


def test_statements_of_migrations_have_no_limit() -> None:
    pause = "SELECT pg_sleep(0.4)"
    with connecting(limits="-c statement_timeout=200ms"), connection.cursor() as cursor:
        emit_pre_migrate_signal(verbosity=0, interactive=False, db="default")
        cursor.execute(pause)
        emit_post_migrate_signal(verbosity=0, interactive=False, db="default")
        with pytest.raises(OperationalError, match="statement timeout"):
            cursor.execute(pause)


# --- The log ---------------------------------------------------------------------------------------------------------


def test_a_bug_is_logged_once_with_the_id_of_the_request(owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    api = bearing(tokens_of(owner)["access_token"], raise_request_exception=False)
    log = log_lines(monkeypatch)
    with whenever(TARGETS, failing("42P01")):
        body = campaign_body(audience_targeting=[{"region": "Europe", "country": "DE"}])
        api.post("/api/campaigns", body, HTTP_X_REQUEST_ID="trace-me")

    written = log.getvalue()
    assert written.count("/trace-me]") == 1
    assert "Unhandled error at /api/campaigns" in written
    assert "sabotage" in written


def test_log_lines_outside_requests_have_no_id(monkeypatch: pytest.MonkeyPatch) -> None:
    log = log_lines(monkeypatch)
    logging.getLogger("campaign_studio").warning("Hello")

    assert "WARNING campaign_studio [-] Hello" in log.getvalue()


def test_other_errors_are_not_faults() -> None:
    close_old_connections()
    with pytest.raises(Exception, match="no_such_function") as raised, transaction.atomic():
        connection.cursor().execute("SELECT no_such_function()")

    assert not is_fault(raised.value)
    assert not is_fault(ValueError("x"))
