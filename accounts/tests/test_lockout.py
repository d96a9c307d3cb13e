"""Attempts to sign in are counted before they are evaluated, across the console and the API."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from io import StringIO
from threading import Barrier
from typing import Any

import pytest
import time_machine
from django.contrib.auth.hashers import MD5PasswordHasher
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.choices import SecurityEventKind
from accounts.models import SecurityEvent, SignInAttempts, User
from accounts.tests.factories import PASSWORD, Cast, UserFactory
from campaign_studio.tests.browser import messages_of

pytestmark = pytest.mark.django_db

WRONG_CREDENTIALS = "wrong_credentials"
CONSOLE = "/admin/login/"


class CountingHasher(MD5PasswordHasher):
    """A fast hasher that counts its runs."""

    runs = 0

    def encode(self, password: str, salt: str) -> str:
        CountingHasher.runs += 1
        return super().encode(password, salt)


@pytest.fixture
def counted(settings: Any) -> type[CountingHasher]:
    settings.PASSWORD_HASHERS = ["accounts.tests.test_lockout.CountingHasher"]
    CountingHasher.runs = 0
    return CountingHasher


def login(username: str, password: str = "wrong", address: str = "192.0.2.1", **headers: str) -> Any:
    sent = {"username": username, "password": password}
    return APIClient(REMOTE_ADDR=address).post("/api/auth/login", sent, headers=headers)


def console(username: str, password: str = "wrong", address: str = "192.0.2.1") -> Any:
    return Client(REMOTE_ADDR=address).post(CONSOLE, {"username": username, "password": password})


def evaluated() -> int:
    return SecurityEvent.objects.filter(kind=SecurityEventKind.LOGIN_FAILED).count()


def test_five_failures_lock_the_account_for_the_ip_address_and_the_response_says_how_long() -> None:
    UserFactory(username="uwe")
    with time_machine.travel("2026-11-22T12:00:00Z", tick=False):
        answers = [login("uwe") for _ in range(5)]
        locked = login("uwe", PASSWORD)

    assert [(answer.status_code, answer.data["detail"].code) for answer in answers] == [(401, WRONG_CREDENTIALS)] * 5
    assert locked.status_code == 429
    assert locked["Retry-After"] == "900"
    assert locked.json() == {
        "detail": "Too many failed attempts. Try again in 15 minutes, or ask an administrator to unlock your account."
    }
    assert evaluated() == 5
    assert SecurityEvent.objects.filter(kind=SecurityEventKind.LOCKED_OUT).count() == 1


def test_the_lock_ends_after_the_cool_off_time(settings: Any) -> None:
    UserFactory(username="uwe")
    now = timezone.now()
    with time_machine.travel(now, tick=False):
        for _ in range(6):
            login("uwe")
    for minutes, status in ((14, 429), (16, 200)):
        with time_machine.travel(now + timedelta(minutes=minutes), tick=False):
            assert login("uwe", PASSWORD).status_code == status


def test_old_failures_do_not_count() -> None:
    UserFactory(username="uwe")
    now = timezone.now()
    for minutes in range(0, 80, 16):
        with time_machine.travel(now + timedelta(minutes=minutes), tick=False):
            assert [login("uwe").status_code for _ in range(4)] == [401] * 4


def test_a_success_resets_the_count() -> None:
    UserFactory(username="uwe")
    for _ in range(3):
        for _ in range(4):
            assert login("uwe").status_code == 401
        assert login("uwe", PASSWORD).status_code == 200


def test_the_lock_applies_to_one_account_and_one_ip_address() -> None:
    UserFactory(username="uwe")
    UserFactory(username="eva")
    for _ in range(6):
        login("uwe")

    assert login("uwe", PASSWORD, address="192.0.2.2").status_code == 200
    assert login("eva", PASSWORD).status_code == 200
    assert login("uwe", PASSWORD).status_code == 429


def test_username_and_email_address_in_any_case_are_one_account() -> None:
    user = UserFactory(username="uwe")
    for name in ("uwe", "UWE", user.email, user.email.upper(), "Uwe"):
        assert login(name).status_code == 401

    assert login(user.email, PASSWORD).status_code == 429


def test_console_and_api_share_one_count() -> None:
    UserFactory(username="uwe", role="campaign_manager")
    assert [login("uwe").status_code for _ in range(3)] == [401] * 3
    assert [console("uwe").status_code for _ in range(2)] == [200] * 2

    for answer in (login("uwe", PASSWORD), console("uwe", PASSWORD)):
        assert answer.status_code == 429
        assert 0 < int(answer["Retry-After"]) <= 900
    errors = console("uwe", PASSWORD).context["form"].non_field_errors().as_data()
    assert [error.code for error in errors] == ["locked_out"]
    assert evaluated() == 5


@pytest.mark.parametrize("name", ["nobody", "nobody@example.com"])
def test_unknown_usernames_are_locked_too(name: str) -> None:
    assert [login(name).status_code for _ in range(6)] == [401] * 5 + [429]


def test_forged_forwarding_headers_do_not_help() -> None:
    UserFactory(username="uwe")
    answers = [login("uwe", **{"X-Forwarded-For": f"198.51.100.{number}"}).status_code for number in range(20)]

    assert answers == [401] * 5 + [429] * 15


@pytest.mark.parametrize("name", ["uwe", "nobody", "gone"])
def test_every_failure_costs_one_hash_and_a_refusal_during_the_lock_none(
    name: str, counted: type[CountingHasher]
) -> None:
    UserFactory(username="uwe")
    UserFactory(username="gone", is_active=False)
    counted.runs = 0
    password = PASSWORD if name == "gone" else "wrong"

    costs = []
    for _ in range(6):
        before = counted.runs
        login(name, password)
        costs.append(counted.runs - before)

    assert costs == [1] * 5 + [0]


def guess_at_once(count: int) -> list[int]:
    """Send `count` wrong passwords from 32 threads with forged IP addresses. Returns the status codes."""
    UserFactory(username="uwe")

    def guess(number: int) -> int:
        try:
            forged = {"X-Forwarded-For": f"203.0.113.{number % 250}"}
            return int(login("uwe", f"guess {number}", **forged).status_code)
        finally:
            connection.close()

    with ThreadPoolExecutor(32) as pool:
        return list(pool.map(guess, range(count)))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("count", [100, pytest.param(1000, marks=pytest.mark.matrix)])
def test_five_of_many_simultaneous_guesses_are_evaluated(count: int, counted: type[CountingHasher]) -> None:
    answers = guess_at_once(count)

    assert answers.count(401) == evaluated() == 5
    assert answers.count(429) == count - 5


class MeetingHasher(MD5PasswordHasher):
    """A hasher that waits until eight guesses are being evaluated at the same time."""

    meeting = Barrier(8)

    def verify(self, password: str, encoded: str) -> bool:
        self.meeting.wait(60)
        return super().verify(password, encoded)


@pytest.mark.django_db(transaction=True)
def test_control_more_are_evaluated_if_the_count_is_read_before_it_is_written(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: simultaneous guesses against a count of past failures."""
    settings.PASSWORD_HASHERS = ["accounts.tests.test_lockout.MeetingHasher"]
    monkeypatch.setattr(
        "accounts.signin.attempts.COUNT",
        """WITH held AS (SELECT count(*) + 1 AS attempts FROM security_events WHERE kind = 'login_failed')
        SELECT attempts, %(at)s + %(cooloff)s FROM held
        WHERE %(account)s <> '' AND %(remote_addr)s <> '' AND %(limit)s > 0""",
    )

    assert guess_at_once(8) == [401] * 8


def test_the_command_unlocks_a_user() -> None:
    user = UserFactory(username="uwe")
    for _ in range(6):
        login("uwe")
    out = StringIO()

    call_command("unlock", user.email, stdout=out)

    assert out.getvalue() == "uwe can sign in again.\n"
    assert login("uwe", PASSWORD).status_code == 200
    event = SecurityEvent.objects.get(kind=SecurityEventKind.UNLOCKED)
    assert (event.username, event.actor_username, event.door) == ("uwe", "unlock", "command")


def test_the_command_unlocks_a_user_for_one_ip_address() -> None:
    UserFactory(username="uwe")
    for address in ("192.0.2.1", "192.0.2.2"):
        for _ in range(6):
            login("uwe", address=address)

    call_command("unlock", "uwe", "--address", "192.0.2.1", stdout=StringIO())

    assert login("uwe", PASSWORD, address="192.0.2.1").status_code == 200
    assert login("uwe", PASSWORD, address="192.0.2.2").status_code == 429


def test_the_command_says_when_there_is_nothing_to_unlock_or_no_such_user() -> None:
    UserFactory(username="uwe")
    out = StringIO()
    call_command("unlock", "uwe", stdout=out)
    assert out.getvalue() == "uwe was not locked out.\n"
    with pytest.raises(CommandError, match="No such user: “nobody”"):
        call_command("unlock", "nobody")


@pytest.mark.parametrize("role", ["system_admin", "app_admin", "campaign_manager"])
def test_administrators_unlock_users_in_the_console(
    role: str, cast: Cast, console_for: Callable[[User | None], Client]
) -> None:
    user = UserFactory(username="uwe")
    for _ in range(6):
        login("uwe")
    chosen = {"action": "unlock", "_selected_action": [str(user.pk)]}
    answer = console_for(cast.in_role(role)).post(reverse("admin:accounts_user_changelist"), chosen, follow=True)

    if role == "campaign_manager":
        assert answer.status_code == 403
        assert login("uwe", PASSWORD).status_code == 429
    else:
        assert messages_of(answer) == ["Unlocked: uwe."]
        assert login("uwe", PASSWORD).status_code == 200


def test_what_was_typed_is_not_stored_in_plain_text() -> None:
    login("my secret password by mistake")

    rows = [*SignInAttempts.objects.values_list("account", flat=True)]
    assert all(re.fullmatch(r"[0-9a-f]{64}", row) for row in rows)
    assert "mistake" not in repr([*SecurityEvent.objects.values()])


def test_attempts_are_counted_once_per_account_and_address() -> None:
    row = {"account": "a" * 64, "remote_addr": "192.0.2.1", "attempts": 1, "ends_at": timezone.now()}
    SignInAttempts.objects.create(**row)

    with pytest.raises(ValidationError, match="already being counted"):
        SignInAttempts(**row).full_clean()
    with pytest.raises(IntegrityError, match="attempts_are_counted_once"), transaction.atomic():
        SignInAttempts.objects.create(**row)
