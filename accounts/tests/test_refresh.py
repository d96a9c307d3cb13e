"""Refreshing: each token is replaced by one successor, and using it again after the grace period ends the session."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import jwt
import pytest
import time_machine
from django.conf import settings as django_settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.utils import timezone
from environ import Env
from rest_framework.test import APIClient

from accounts.choices import SecurityEventKind
from accounts.models import SecurityEvent, Session
from accounts.tests.factories import UserFactory
from campaign_studio.env import whole_number
from campaign_studio.tests.bodies import bearing, tokens_of

pytestmark = pytest.mark.django_db

INVALID_REFRESH_TOKEN = {"detail": "This refresh token is invalid, has expired or was already used. Sign in again."}
GRACE = 30


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """The time stands still until a test moves it."""
    with time_machine.travel(timezone.now(), tick=False) as traveller:
        yield traveller


def refresh(token: str) -> Any:
    return APIClient().post("/api/auth/refresh", {"refresh_token": token})


def successor_of(token: str) -> str:
    answer = refresh(token)
    assert answer.status_code == 200, answer.content
    return str(answer.json()["refresh_token"])


def claims_of(token: str) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(token, django_settings.SECRET_KEY, algorithms=["HS256"])
    return claims


def is_alive(access_token: str) -> bool:
    return bool(bearing(access_token).get("/api/auth/me").status_code == 200)


def test_a_refresh_token_works_once_and_its_reuse_ends_the_session(clock: time_machine.Traveller) -> None:
    first = tokens_of(UserFactory())
    second = refresh(first["refresh_token"])
    assert second.status_code == 200
    assert set(second.json()) == {"access_token", "refresh_token", "token_type", "expires_in"}
    assert is_alive(second.json()["access_token"])

    clock.shift(GRACE + 1)
    reused = refresh(first["refresh_token"])

    assert (reused.status_code, reused.json()) == (401, INVALID_REFRESH_TOKEN)
    assert reused["WWW-Authenticate"] == "Bearer"
    assert not is_alive(second.json()["access_token"])
    assert refresh(second.json()["refresh_token"]).status_code == 401
    assert SecurityEvent.objects.filter(kind=SecurityEventKind.REFRESH_REUSED).count() == 1


def test_the_old_token_gets_the_same_successor_for_thirty_seconds(clock: time_machine.Traveller) -> None:
    first = tokens_of(UserFactory())["refresh_token"]
    second = successor_of(first)

    later = []
    for _ in range(3):
        clock.shift(10)
        later.append(successor_of(first))

    assert later == [second] * 3, "the very same token, with the same expiry"
    assert successor_of(second) not in (first, second)


def test_the_grace_period_is_a_setting(clock: time_machine.Traveller, settings: Any) -> None:
    settings.REFRESH_GRACE_SECONDS = 90
    first = tokens_of(UserFactory())["refresh_token"]
    second = successor_of(first)
    clock.shift(89)
    assert successor_of(first) == second

    settings.REFRESH_GRACE_SECONDS = 0

    assert refresh(first).status_code == 401


@pytest.mark.parametrize("value", ["-1", "601", "soon", "1.5"])
def test_an_impossible_grace_period_is_refused_at_start(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REFRESH_GRACE_SECONDS", value)
    env = Env()
    env.smart_cast = False

    with pytest.raises(ImproperlyConfigured, match="REFRESH_GRACE_SECONDS must be a"):
        whole_number(env, "REFRESH_GRACE_SECONDS", default=30, within=range(601))


def test_reuse_does_not_end_the_other_sessions_of_the_user(clock: time_machine.Traveller) -> None:
    user = UserFactory()
    stolen, other = tokens_of(user), tokens_of(user)
    successor_of(successor_of(stolen["refresh_token"]))

    assert refresh(stolen["refresh_token"]).status_code == 401
    assert not is_alive(stolen["access_token"])
    assert is_alive(other["access_token"])


def test_only_the_previous_token_has_a_grace_period(clock: time_machine.Traveller) -> None:
    first = tokens_of(UserFactory())["refresh_token"]
    third = refresh(successor_of(first)).json()

    assert refresh(first).status_code == 401, "two generations old, even within the grace period"
    assert not is_alive(third["access_token"])


def test_a_grace_period_begins_once(clock: time_machine.Traveller) -> None:
    first = tokens_of(UserFactory())["refresh_token"]
    successor_of(first)
    clock.shift(GRACE - 1)
    successor_of(first)
    clock.shift(2)

    assert refresh(first).status_code == 401


def test_a_server_with_a_newer_key_gives_the_same_successor(clock: time_machine.Traveller, settings: Any) -> None:
    first = tokens_of(UserFactory())["refresh_token"]
    second = claims_of(successor_of(first))
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another secret key of more than 32 characters"

    assert claims_of(successor_of(first))["jti"] == second["jti"]


def test_no_part_of_a_refresh_token_is_stored() -> None:
    tokens = [str(tokens_of(UserFactory())["refresh_token"])]
    tokens.append(successor_of(tokens[0]))
    with connection.cursor() as cursor:
        cursor.execute("SELECT sessions::text FROM sessions")
        row = cursor.fetchone()[0]

    for token in tokens:
        assert not [part for part in [*token.split("."), claims_of(token)["jti"]] if part in row]


@pytest.mark.django_db(transaction=True)
def test_simultaneous_refreshes_with_one_token_get_the_same_successor() -> None:
    user = UserFactory()
    for _ in range(5):
        pair = tokens_of(user)
        ready = Barrier(8)

        def ask(token: str = pair["refresh_token"], ready: Barrier = ready) -> Any:
            try:
                connection.ensure_connection()
                ready.wait(timeout=30)
                return refresh(token)
            finally:
                connection.close()

        with ThreadPoolExecutor(8) as pool:
            answers = [future.result() for future in [pool.submit(ask) for _ in range(8)]]

        assert {answer.status_code for answer in answers} == {200}
        assert len({answer.json()["refresh_token"] for answer in answers}) == 1
        assert all(is_alive(answer.json()["access_token"]) for answer in answers)


@pytest.mark.django_db(transaction=True)
def test_control_without_the_grace_period_the_second_refresh_ends_the_session(settings: Any) -> None:
    settings.REFRESH_GRACE_SECONDS = -86_400
    pair = tokens_of(UserFactory())

    assert refresh(pair["refresh_token"]).status_code == 200
    assert refresh(pair["refresh_token"]).status_code == 401
    assert not is_alive(pair["access_token"])


# --- One token for the whole session ---------------------------------------------------------------------------------


@pytest.fixture
def _kept(settings: Any) -> None:
    settings.REFRESH_TOKEN_ROTATION = False


@pytest.mark.usefixtures("_kept")
def test_without_rotation_the_token_stays_the_same_until_it_expires(clock: time_machine.Traveller) -> None:
    first = tokens_of(UserFactory())["refresh_token"]
    for _ in range(6):
        clock.shift(timedelta(days=1))
        answer = refresh(first).json()
        assert answer["refresh_token"] == first
        assert is_alive(answer["access_token"])
    assert Session.objects.get().last_seen_at == timezone.now()

    clock.shift(timedelta(days=1, seconds=11))

    assert refresh(first).status_code == 401
    assert not SecurityEvent.objects.filter(kind=SecurityEventKind.REFRESH_REUSED).exists()


@pytest.mark.usefixtures("_kept")
def test_without_rotation_the_token_ends_with_its_session(clock: time_machine.Traveller) -> None:
    pair = tokens_of(UserFactory())
    bearing(pair["access_token"]).post("/api/auth/logout")

    assert refresh(pair["refresh_token"]).status_code == 401


def test_a_token_that_was_replaced_before_rotation_ended_stays_replaced(
    clock: time_machine.Traveller, settings: Any
) -> None:
    first = tokens_of(UserFactory())["refresh_token"]
    second = successor_of(first)
    settings.REFRESH_TOKEN_ROTATION = False
    assert successor_of(first) == second
    clock.shift(GRACE - 1)
    assert successor_of(second) == second
    clock.shift(2)

    assert refresh(first).status_code == 401, "the use of its successor gives it no further grace"
    assert refresh(second).status_code == 401
