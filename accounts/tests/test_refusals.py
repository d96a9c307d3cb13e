"""Refused requests are counted together: a series of them is a few security events, and ends in a 429."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import time_machine
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import SecurityEvent, User
from accounts.tests.factories import Cast
from campaign_studio.tests.bodies import bearing, tokens_of

pytestmark = pytest.mark.django_db

ConsoleFor = Callable[[User | None], Client]
LOG = "/admin/accounts/auditentry/"


@pytest.fixture(autouse=True)
def _noon() -> Iterator[None]:
    with time_machine.travel("2026-11-22T12:00:00Z", tick=False):
        yield


@pytest.fixture
def guest(cast: Cast) -> APIClient:
    """A guest with a real token."""
    return bearing(tokens_of(cast.guest)["access_token"])


def details() -> list[str]:
    events = SecurityEvent.objects.filter(kind="permission_refused")
    return sorted(events.values_list("detail", flat=True), key=len)


def test_a_thousand_refusals_of_a_user_are_four_events(guest: APIClient) -> None:
    answers = {guest.get("/api/users").status_code for _ in range(1000)}

    assert answers == {403}
    assert details() == [
        "GET /api/users",
        *[f"{number} times within 10 minutes (403), the latest: GET /api/users" for number in (10, 100, 1000)],
    ]


def test_refusals_in_the_console_and_the_api_count_together(cast: Cast, console_for: ConsoleFor) -> None:
    client = bearing(tokens_of(cast.campaign_manager)["access_token"])
    for _ in range(5):
        client.get("/api/users")
        console_for(cast.campaign_manager).get(LOG)

    assert details() == ["GET /api/users", f"10 times within 10 minutes (403), the latest: GET {LOG}"]


def test_each_user_and_each_ten_minutes_begin_anew(cast: Cast, guest: APIClient) -> None:
    for _ in range(3):
        guest.get("/api/users")
    bearing(tokens_of(cast.user)["access_token"]).get("/api/users")
    with time_machine.travel("2026-11-22T12:10:00Z", tick=False):
        guest.get("/api/users")

    assert details() == ["GET /api/users"] * 3


def test_many_refusals_end_in_a_429(guest: APIClient, settings: Any) -> None:
    settings.THROTTLE_USER = "50/hour"

    answers = [guest.get("/api/users").status_code for _ in range(7)]

    assert answers == [403] * 5 + [429] * 2
    assert guest.get("/api/roles").status_code == 429


def test_many_refusals_in_the_console_end_in_a_429(cast: Cast, console_for: ConsoleFor, settings: Any) -> None:
    settings.THROTTLE_CONSOLE = "50/hour"
    client = console_for(cast.campaign_manager)

    assert [client.get(LOG).status_code for _ in range(6)] == [403] * 5 + [429]


def test_requests_over_the_limit_are_an_event_from_the_tenth_on(settings: Any) -> None:
    settings.THROTTLE_ANON = "1/min"
    for _ in range(30):
        APIClient(REMOTE_ADDR="192.0.2.7").get("/api/roles")

    assert details() == ["10 times within 10 minutes (429), the latest: GET /api/roles"]
    event = SecurityEvent.objects.get()
    assert (event.user_id, event.username, event.remote_addr) == (None, None, "192.0.2.7")
