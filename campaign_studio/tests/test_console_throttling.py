"""Pages of the console are limited by user, or by IP address for visitors, and count together with the API."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from rest_framework.test import APIClient

from accounts.models import User
from accounts.tests.factories import UserFactory
from campaign_studio.rate_limits import count, rate
from campaign_studio.tests.bodies import bearing, tokens_of
from campaign_studio.tests.test_settings import CONFIGURED, settings_from

pytestmark = pytest.mark.django_db

ConsoleFor = Callable[[User | None], Client]
HOME = reverse("admin:index")


@pytest.fixture(autouse=True)
def _limits(settings: Any) -> Iterator[None]:
    settings.THROTTLE_ANON, settings.THROTTLE_USER, settings.THROTTLE_CONSOLE = "3/min", "2/hour", "4/hour"
    with time_machine.travel("2026-11-22T12:59:50Z", tick=False):
        yield


@pytest.fixture
def manager() -> User:
    user: User = UserFactory(role="campaign_manager")
    return user


def test_a_user_of_the_console_is_limited_and_told_when_to_retry(manager: User, console_for: ConsoleFor) -> None:
    answers = [console_for(manager).get(HOME, REMOTE_ADDR=f"192.0.2.{one}") for one in range(5)]

    assert [answer.status_code for answer in answers] == [200] * 4 + [429]
    refused = answers[-1]
    assert (refused["Retry-After"], refused["Cache-Control"]) == ("10", "no-store")
    assert "Reload this page in 10 seconds." in refused.content.decode()
    assert "<title>Too many requests | Campaign Studio</title>" in refused.content.decode()
    assert console_for(UserFactory(role="campaign_manager")).get(HOME).status_code == 200


@pytest.mark.parametrize("path", [HOME, reverse("admin:login"), "/admin/password_reset/", "/admin/none/", "/none"])
def test_visitors_are_limited_by_ip_address(path: str) -> None:
    answers = [Client().get(path, REMOTE_ADDR="192.0.2.7").status_code for _ in range(5)]

    assert answers[:3] == [answers[0]] * 3
    assert answers[0] in (200, 302, 404)
    assert answers[3:] == [429, 429]
    assert Client().get(path, REMOTE_ADDR="192.0.2.8").status_code == answers[0]


def test_the_console_and_the_api_count_together(manager: User, console_for: ConsoleFor) -> None:
    assert console_for(manager).get(HOME).status_code == 200
    client = bearing(tokens_of(manager)["access_token"])
    assert [client.get("/api/roles").status_code for _ in range(2)] == [200, 429]
    assert [console_for(manager).get(HOME).status_code for _ in range(2)] == [200, 429]
    assert [APIClient().get("/api/roles").status_code for _ in range(2)] == [401, 401]
    assert [Client().get("/admin/login/").status_code for _ in range(2)] == [200, 429]


def test_static_files_and_the_health_are_not_limited(manager: User, console_for: ConsoleFor) -> None:
    client = console_for(manager)
    for path in ("/static/admin_console/favicon.svg", "/api/health"):
        for _ in range(6):
            answer = client.get(path)
            # Reading a file to its end closes it.
            assert (answer.status_code, bool(b"".join(answer))) == (200, True)


def test_the_default_leaves_room_for_a_busy_hour() -> None:
    """A page every five seconds for an hour, each with three look-ups while the user types."""
    default = rate(settings_from(**CONFIGURED)["THROTTLE_CONSOLE"])

    assert all(count("someone", default).is_allowed for _ in range(720 * 4))
