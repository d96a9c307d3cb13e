"""Guesses from many addresses at one account: IPv6 networks count as one, and unknown addresses are slowed down."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from io import StringIO
from threading import Barrier
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts.choices import RoleName, SecurityEventKind
from accounts.models import SecurityEvent, SignInAttempts, TOTPDevice, User
from accounts.signin import guessing
from accounts.tests.factories import PASSWORD, UserFactory
from accounts.tests.test_two_factor import code_of, next_code
from campaign_studio.tests.bodies import bearing, mailing, reset_of

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOME = "203.0.113.7"


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """Noon. The time stands still until a test moves it."""
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


def login(password: str = "wrong", address: str = HOME, username: str = "uwe", **more: str) -> Any:
    sent = {"username": username, "password": password, **more}
    return APIClient(REMOTE_ADDR=address).post("/api/auth/login", sent)


def console(password: str = "wrong", address: str = HOME) -> Any:
    return Client(REMOTE_ADDR=address).post("/admin/login/", {"username": "uwe", "password": password})


def guesses(count: int, *, username: str = "uwe", start: int = 0) -> list[int]:
    """The status codes of `count` wrong passwords, each from an address of its own."""
    return [
        login(f"guess {number}", f"198.51.100.{number}", username).status_code for number in range(start, start + count)
    ]


def events(kind: SecurityEventKind) -> int:
    return SecurityEvent.objects.filter(kind=kind).count()


# --- IPv6 ------------------------------------------------------------------------------------------------------------


def test_five_failures_from_one_ipv6_network_lock_it() -> None:
    UserFactory(username="uwe")

    answers = [login(address=f"2001:db8:1:1::{number}").status_code for number in range(12)]

    assert answers == [401] * 5 + [429] * 7
    assert events(SecurityEventKind.LOCKED_OUT) == 1
    assert login(PASSWORD, "2001:db8:1:2::1").status_code == 200, "another network isn't locked"


def test_sixteen_times_as_many_failures_lock_a_site(settings: Any) -> None:
    settings.LOGIN_FAILURE_LIMIT, settings.SPREAD_FAILURE_LIMIT = 1, 1000
    UserFactory(username="uwe")

    answers = [login(address=f"2001:db8:1:{number}::1").status_code for number in range(20)]

    assert answers == [401] * 16 + [429] * 4
    assert login(PASSWORD, "2001:db8:2::1").status_code == 200


def test_an_ipv4_address_written_as_ipv6_is_the_same_address() -> None:
    UserFactory(username="uwe")

    answers = [login(address=("::ffff:192.0.2.1", "192.0.2.1")[number % 2]).status_code for number in range(7)]

    assert answers == [401] * 5 + [429] * 2


def test_a_success_resets_the_count_of_the_network() -> None:
    UserFactory(username="uwe")
    for _ in range(3):
        assert [login(address=f"2001:db8::{number}").status_code for number in range(4)] == [401] * 4
        assert login(PASSWORD, "2001:db8::9").status_code == 200


def test_the_command_unlocks_a_network_by_any_of_its_addresses() -> None:
    UserFactory(username="uwe")
    for number in range(6):
        login(address=f"2001:db8::{number}")

    call_command("unlock", "uwe", "--address", "2001:db8::99", stdout=StringIO())

    assert login(PASSWORD, "2001:db8::1").status_code == 200


# --- Many addresses --------------------------------------------------------------------------------------------------


def test_after_twenty_failures_unknown_addresses_wait_longer_and_longer(clock: time_machine.Traveller) -> None:
    UserFactory(username="uwe")
    assert guesses(22) == [401] * 20 + [429] * 2

    waits = []
    for number in range(100, 108):
        refused = login(PASSWORD, "198.51.100.99")
        waits.append(int(refused["Retry-After"]))
        clock.shift(waits[-1])
        assert login("wrong", f"198.51.100.{number}").status_code == 401

    assert waits == [15, 30, 60, 120, 240, 480, 900, 900]
    assert events(SecurityEventKind.LOGIN_FAILED) == 28


def test_an_unknown_address_is_told_when_to_try_again_and_may_then(clock: time_machine.Traveller) -> None:
    UserFactory(username="uwe")
    guesses(20)

    refused = login(PASSWORD, HOME)
    clock.shift(int(refused["Retry-After"]))

    assert (refused.status_code, refused.json()) == (
        429,
        {
            "detail": "Too many failed attempts on this account from different IP addresses. Try again in 1 minute, or "
            "set a new password with a link by email."
        },
    )
    assert login(PASSWORD, HOME).status_code == 200


@pytest.mark.usefixtures("clock")
def test_impatience_locks_no_address(settings: Any) -> None:
    settings.SPREAD_FAILURE_LIMIT = 3
    UserFactory(username="uwe")
    guesses(3)

    assert {int(login(PASSWORD, HOME)["Retry-After"]) for _ in range(20)} == {15}


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize("known", [HOME, "2001:db8:7:7::1"])
def test_addresses_that_have_signed_in_before_are_not_affected(known: str) -> None:
    UserFactory(username="uwe", role=RoleName.CAMPAIGN_MANAGER)
    token = login(PASSWORD, known).json()["access_token"]
    guesses(22)

    # Another address of the same IPv6 network is as well known.
    again = known if known == HOME else "2001:db8:7:7:ffff::2"
    assert login(PASSWORD, again).status_code == 200
    assert console(PASSWORD, again).status_code == 302
    sent = {"current_password": PASSWORD, "new_password": "another long password"}
    assert bearing(token, REMOTE_ADDR=again).post("/api/auth/password", sent).status_code == 204
    assert login("another long password", "198.51.100.200").status_code == 429


@pytest.mark.usefixtures("clock")
def test_a_known_address_is_still_locked_after_five_failures() -> None:
    UserFactory(username="uwe")
    login(PASSWORD, HOME)
    guesses(20)

    assert [login().status_code for _ in range(7)] == [401] * 5 + [429] * 2


@pytest.mark.usefixtures("clock")
def test_another_users_known_address_is_unknown() -> None:
    UserFactory(username="uwe")
    login(PASSWORD, HOME, UserFactory(username="eva").username)
    guesses(20)

    assert login(PASSWORD, HOME).status_code == 429
    assert login(PASSWORD, "192.0.2.9", "eva").status_code == 200, "only the account that is guessed at is slow"


@pytest.mark.usefixtures("clock")
def test_the_address_at_which_the_owner_of_the_mailbox_set_a_new_password_is_known() -> None:
    user = UserFactory(username="uwe")
    uid, token = reset_of(user)
    sent = {"uid": uid, "token": token, "new_password": "another long password"}
    assert APIClient(REMOTE_ADDR=HOME).post("/api/auth/password/reset/confirm", sent).status_code == 204
    assert guesses(22) == [401] * 20 + [429] * 2

    assert login("another long password", HOME).status_code == 200


@pytest.mark.usefixtures("clock")
def test_wrong_two_factor_codes_count_too(settings: Any) -> None:
    settings.SPREAD_FAILURE_LIMIT = 3
    user = UserFactory(username="uwe", role=RoleName.CAMPAIGN_MANAGER)
    TOTPDevice.objects.begin(user)
    TOTPDevice.objects.begin(user).confirm(code_of(user))

    answers = [login(PASSWORD, f"198.51.100.{number}", otp_token="000000").status_code for number in range(3)]

    assert answers == [400] * 3
    assert login(PASSWORD, HOME, otp_token=next_code(user)).status_code == 429
    assert events(SecurityEventKind.GUESSING_SPREAD) == 1


@pytest.mark.usefixtures("clock")
def test_console_api_and_password_changes_share_one_count(settings: Any) -> None:
    settings.SPREAD_FAILURE_LIMIT = 3
    UserFactory(username="uwe", role=RoleName.CAMPAIGN_MANAGER)
    token = login(PASSWORD, HOME).json()["access_token"]
    assert console(address="198.51.100.1").status_code == 200
    assert login(address="198.51.100.2").status_code == 401
    sent = {"current_password": "wrong", "new_password": "another long password"}
    assert bearing(token, REMOTE_ADDR="198.51.100.3").post("/api/auth/password", sent).status_code == 400

    refused = console(PASSWORD, "198.51.100.4")
    assert (refused.status_code, refused["Retry-After"]) == (429, "15")
    assert login(PASSWORD, "198.51.100.5").status_code == 429
    assert bearing(token, REMOTE_ADDR="198.51.100.6").post("/api/auth/password", sent).status_code == 429


@pytest.mark.usefixtures("clock")
def test_unknown_usernames_are_slowed_down_too() -> None:
    """Otherwise the answer would tell which accounts exist."""
    UserFactory(username="uwe")

    assert guesses(22, username="uwe") == guesses(22, username="nobody") == [401] * 20 + [429] * 2

    costs = []
    for name in ("uwe", "nobody"):
        with CaptureQueriesContext(connection) as queries:
            assert login(PASSWORD, HOME, name).status_code == 429
        costs.append(len(queries))
    assert costs[0] == costs[1], "the response time tells nothing either"


@pytest.mark.usefixtures("clock")
def test_a_users_own_mistakes_are_forgotten_with_the_success(settings: Any) -> None:
    settings.SPREAD_FAILURE_LIMIT = 6
    UserFactory(username="uwe")
    for number in range(5):
        address = f"192.0.2.{number}"
        assert [login("wrong", address).status_code for _ in range(4)] == [401] * 4
        assert login(PASSWORD, address).status_code == 200

    assert events(SecurityEventKind.GUESSING_SPREAD) == 0


def test_it_ends_an_hour_after_the_last_failure(clock: time_machine.Traveller) -> None:
    UserFactory(username="uwe")
    guesses(20)
    for start in (90, 92):
        clock.shift(timedelta(minutes=59))
        assert guesses(2, start=start) == [401, 429]
    clock.shift(timedelta(minutes=61))

    assert guesses(22, start=100) == [401] * 20 + [429] * 2
    assert events(SecurityEventKind.GUESSING_SPREAD) == 2, "once per episode"


def test_a_server_whose_clock_is_behind_counts_like_the_others(clock: time_machine.Traveller) -> None:
    UserFactory(username="uwe")
    answers = []
    for number in range(22):
        clock.move_to(NOON + timedelta(seconds=number % 2))
        answers.append(login("wrong", f"198.51.100.{number}").status_code)

    assert answers == [401] * 20 + [429] * 2


@pytest.mark.usefixtures("clock")
def test_unlocking_the_user_clears_all_of_it() -> None:
    UserFactory(username="uwe")
    guesses(22)

    call_command("unlock", "uwe", stdout=StringIO())

    assert not SignInAttempts.objects.exists()
    assert login(PASSWORD, "192.0.2.1").status_code == 200


@pytest.mark.usefixtures("clock")
def test_unlocking_one_address_lets_it_in() -> None:
    UserFactory(username="uwe")
    guesses(22)

    call_command("unlock", "uwe", "--address", HOME, stdout=StringIO())

    assert login(PASSWORD, HOME).status_code == 200


# --- Telling the owner -----------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("clock")
def test_the_owner_gets_one_mail_and_the_log_one_event() -> None:
    user = UserFactory(username="uwe", is_verified=True)

    with mailing() as sent:
        guesses(30)

    event = SecurityEvent.objects.get(kind=SecurityEventKind.GUESSING_SPREAD)
    assert (event.user_id, event.detail) == (user.pk, "20 failures within an hour")
    assert [message.to for message in sent] == [[user.email]]
    assert f"{settings.PUBLIC_URL}/admin/password_reset/" in str(sent[0].body)


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize("missing", ["is_verified", "is_active"])
def test_an_unverified_address_or_an_inactive_user_gets_no_mail(missing: str) -> None:
    UserFactory(username="uwe", **{"is_verified": True, missing: False})

    with mailing() as sent:
        guesses(30)

    assert sent == []
    assert events(SecurityEventKind.GUESSING_SPREAD) == 1


@pytest.mark.usefixtures("clock")
def test_a_mail_server_that_is_down_breaks_nothing(settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    UserFactory(username="uwe", is_verified=True)

    with mailing() as sent:
        assert guesses(22) == [401] * 20 + [429] * 2

    assert sent == []


# --- Simultaneous guesses --------------------------------------------------------------------------------------------


def guess_at_once(count: int) -> list[int]:
    """Wrong passwords from as many addresses, 32 at the same time. The clock stands still."""
    UserFactory(username="uwe")

    def guess(number: int) -> int:
        try:
            return int(login(f"guess {number}", f"198.51.{number // 250}.{number % 250}").status_code)
        finally:
            connection.close()

    with ThreadPoolExecutor(32) as pool:
        return list(pool.map(guess, range(count)))


@pytest.mark.usefixtures("clock")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("count", [200, pytest.param(1000, marks=pytest.mark.matrix)])
def test_of_many_simultaneous_guesses_from_many_addresses_twenty_are_evaluated(count: int) -> None:
    answers = guess_at_once(count)

    assert answers.count(401) == events(SecurityEventKind.LOGIN_FAILED) == 20
    assert answers.count(429) == count - 20
    assert events(SecurityEventKind.GUESSING_SPREAD) == 1


@pytest.mark.usefixtures("clock")
@pytest.mark.django_db(transaction=True)
def test_control_more_are_evaluated_if_the_count_is_read_before_it_is_written(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: each guess reads the log of failures, until all of them have."""
    settings.SPREAD_FAILURE_LIMIT = 3
    everyone_has_read = Barrier(16)

    def read(account: User | str, *, at: datetime) -> int | None:
        failures = events(SecurityEventKind.LOGIN_FAILED)
        everyone_has_read.wait(60)
        return failures + 1 if failures < 3 else None

    monkeypatch.setattr(guessing, "_count_among_all", read)

    assert guess_at_once(16) == [401] * 16
