"""The security log, which administrators read in the console and the API."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.choices import SecurityEventKind as Kind
from accounts.models import SecurityEvent, User
from accounts.tests.factories import PASSWORD, Cast, UserFactory
from advertisers.tests.factories import AdvertiserBankAccountFactory
from campaign_studio.tests.bodies import bearing, tokens_of

pytestmark = pytest.mark.django_db

ConsoleFor = Callable[[User | None], Client]
EVENTS = "/api/security-events"
LIST = reverse("admin:accounts_securityevent_changelist")


def login(username: str, password: str = PASSWORD, **options: Any) -> Any:
    return APIClient(**options).post("/api/auth/login", {"username": username, "password": password})


def of_kind(kind: Kind) -> list[SecurityEvent]:
    return list(SecurityEvent.objects.filter(kind=kind))


def test_an_event_records_user_time_ip_address_and_channel() -> None:
    user = UserFactory(username="uwe")
    with time_machine.travel("2026-11-22T12:00:00Z", tick=False):
        client = APIClient(REMOTE_ADDR="192.0.2.7", HTTP_USER_AGENT="curl/8.0", HTTP_X_REQUEST_ID="request-1")
        client.post("/api/auth/login", {"username": "UWE", "password": "wrong"})
    admin = bearing(tokens_of(UserFactory(role="app_admin"))["access_token"])

    (found,) = admin.get(EVENTS, {"kind": "login_failed"}).json()["results"]

    assert found.pop("event_id")
    assert found.pop("request_id").endswith("/request-1")
    assert found == {
        "happened_at": "2026-11-22T12:00:00Z",
        "kind": "login_failed",
        "user_id": str(user.pk),
        "username": "uwe",
        "actor_username": None,
        "remote_addr": "192.0.2.7",
        "user_agent": "curl/8.0",
        "door": "api",
        "detail": "",
    }


def test_sign_ins_failures_and_sign_outs_are_events_in_the_api_and_the_console() -> None:
    user = UserFactory(username="uwe", role="campaign_manager")
    bearing(login("uwe").json()["access_token"]).post("/api/auth/logout")
    login("nobody")
    browser = Client()
    for password in ("wrong", PASSWORD):
        browser.post("/admin/login/", {"username": "uwe", "password": password})
    browser.post(reverse("admin:logout"))

    listed = SecurityEvent.objects.order_by("happened_at").values_list("kind", "door", "user_id")
    assert list(listed) == [
        (Kind.LOGIN_OK, "api", user.pk),
        (Kind.LOGGED_OUT, "api", user.pk),
        (Kind.LOGIN_FAILED, "api", None),
        (Kind.LOGIN_FAILED, "admin", user.pk),
        (Kind.LOGIN_OK, "admin", user.pk),
        (Kind.LOGGED_OUT, "admin", user.pk),
    ]


def test_a_denied_permission_is_an_event_although_its_transaction_is_rolled_back(
    cast: Cast, console_for: ConsoleFor
) -> None:
    bearing(tokens_of(cast.guest)["access_token"]).post("/api/campaigns", {})
    console_for(cast.campaign_manager).get(LIST)

    refused = [(event.username, event.door, event.detail) for event in of_kind(Kind.PERMISSION_REFUSED)]
    assert sorted(refused) == [
        ("campaign_manager", "admin", f"GET {LIST}"),
        ("guest", "api", "POST /api/campaigns"),
    ]


def test_anonymous_refusals_are_not_recorded(settings: Any) -> None:
    settings.REGISTRATION_OPEN = False
    refused = Client(enforce_csrf_checks=True).post("/admin/login/", {"username": "x", "password": "x"})
    closed = APIClient().post("/api/auth/register", {})

    assert (refused.status_code, closed.status_code) == (403, 403)
    assert not SecurityEvent.objects.exists()


def test_revealing_a_bank_account_number_is_an_event_in_the_api_and_the_console(
    cast: Cast, console_for: ConsoleFor
) -> None:
    account = AdvertiserBankAccountFactory()
    url = f"/api/advertisers/{account.advertiser_id}/bank-accounts/{account.pk}/reveal"
    bearing(tokens_of(cast.app_admin)["access_token"]).post(url)
    page = reverse("admin:advertisers_bank_account_reveal", args=[account.advertiser_id, account.pk])
    console_for(cast.app_admin).post(page)

    events = of_kind(Kind.BANK_NUMBER_REVEALED)
    assert {(event.username, event.door) for event in events} == {("app_admin", "api"), ("app_admin", "admin")}
    assert all(str(account.pk) in event.detail for event in events)


def test_an_event_names_the_account_and_the_administrator_who_caused_it(cast: Cast) -> None:
    client = bearing(tokens_of(cast.app_admin)["access_token"])
    client.patch(f"/api/users/{cast.guest.pk}", {"role": "user"})
    client.patch(f"/api/users/{cast.guest.pk}", {"is_active": False})

    for kind in (Kind.ROLE_CHANGED, Kind.DEACTIVATED):
        (event,) = of_kind(kind)
        assert (event.username, event.actor_username) == ("guest", "app_admin")


def test_an_event_outlives_its_user(cast: Cast, console_for: ConsoleFor) -> None:
    login("guest")
    cast.guest.delete()

    page = console_for(cast.system_admin).get(LIST)

    assert "guest" in page.content.decode()
    assert SecurityEvent.objects.filter(username="guest").exists()


def test_the_log_can_be_filtered(cast: Cast) -> None:
    client = bearing(tokens_of(cast.system_admin)["access_token"])
    now = timezone.now()
    with time_machine.travel(now - timedelta(days=2), tick=False):
        login("guest", REMOTE_ADDR="192.0.2.9")
    login("guest", "wrong")

    def count(**params: Any) -> int:
        return int(client.get(EVENTS, params).json()["count"])

    assert count(user_id=cast.guest.pk) == 2
    assert count(user_id=cast.guest.pk, kind="login_ok") == 1
    assert count(remote_addr="192.0.2.9") == 1
    assert count(user_id=cast.guest.pk, to=(now - timedelta(days=1)).isoformat()) == 1
    assert count(user_id=cast.guest.pk, **{"from": (now - timedelta(days=1)).isoformat()}) == 1


@pytest.mark.parametrize(
    "params", [{"kind": "x"}, {"user_id": "x"}, {"remote_addr": "x"}, {"to": "x"}, {"ordering": "detail"}, {"q": "x"}]
)
def test_an_invalid_query_parameter_is_named_in_the_refusal(params: dict[str, str], cast: Cast) -> None:
    answer = bearing(tokens_of(cast.system_admin)["access_token"]).get(EVENTS, params)

    assert (answer.status_code, list(answer.json())) == (400, list(params))


@pytest.mark.parametrize("path", ["change", "history", "delete"])
def test_the_log_cannot_be_changed_in_the_console(path: str, cast: Cast, console_for: ConsoleFor) -> None:
    login("guest")
    event = SecurityEvent.objects.latest("happened_at")
    page = reverse(f"admin:accounts_securityevent_{path}", args=[event.pk])
    browser = console_for(cast.system_admin)

    assert browser.get(page).status_code == {"change": 200, "history": 404, "delete": 403}[path]
    assert browser.post(page, {"detail": "other"}).status_code in (403, 404)
    assert SecurityEvent.objects.get(pk=event.pk).detail == event.detail
