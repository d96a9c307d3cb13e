"""Changing a password and resetting a forgotten one, in the API and the console."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.db import connection
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.choices import SecurityEventKind
from accounts.models import SecurityEvent, User
from accounts.tests.factories import PASSWORD, UserFactory
from campaign_studio.tests.bodies import bearing, link_in, mailing, reset_of, tokens_of

pytestmark = pytest.mark.django_db

NEW = "an entirely new password"
RESET, CONFIRM = "/api/auth/password/reset", "/api/auth/password/reset/confirm"


def is_alive(token: str) -> bool:
    return bool(bearing(token).get("/api/auth/me").status_code == 200)


def change(client: APIClient, current: str = PASSWORD, new: str = NEW) -> Any:
    return client.post("/api/auth/password", {"current_password": current, "new_password": new})


def ask(email: str) -> Any:
    """Request a link, and wait until the mail has been sent."""
    with mailing():
        return APIClient().post(RESET, {"email": email})


def link() -> tuple[str, str]:
    """`uid` and `token` for apps, from the last mail."""
    return link_in(mail.outbox[-1])


def confirm(uid: str, token: str, new: str = NEW) -> Any:
    return APIClient().post(CONFIRM, {"uid": uid, "token": token, "new_password": new})


def test_a_new_password_ends_all_other_sessions() -> None:
    user = UserFactory()
    mine, other = tokens_of(user), tokens_of(user)

    answer = change(bearing(mine["access_token"]))

    assert (answer.status_code, answer.content) == (204, b"")
    assert is_alive(mine["access_token"])
    assert not is_alive(other["access_token"])
    user.refresh_from_db()
    assert user.check_password(NEW)
    assert SecurityEvent.objects.filter(kind=SecurityEventKind.PASSWORD_CHANGED, user=user).count() == 1


@pytest.mark.parametrize(
    ("current", "new", "field"),
    [
        ("wrong", NEW, "current_password"),
        (PASSWORD, "short", "new_password"),
        (PASSWORD, "password1234", "new_password"),
        (PASSWORD, "uwe-the-great", "new_password"),
        (PASSWORD, "x" * 1025, "new_password"),
        (PASSWORD, "", "new_password"),
    ],
)
def test_a_refused_change_names_the_field(current: str, new: str, field: str) -> None:
    user = UserFactory(username="uwe-the-great")
    client = bearing(tokens_of(user)["access_token"])

    answer = change(client, current, new)

    assert (answer.status_code, list(answer.json())) == (400, [field])
    user.refresh_from_db()
    assert user.check_password(PASSWORD)


def test_guesses_with_a_stolen_token_are_locked_out() -> None:
    user = UserFactory()
    client = bearing(tokens_of(user)["access_token"])

    answers = [change(client, f"guess {number}").status_code for number in range(7)]

    assert answers == [400] * 5 + [429] * 2
    locked = change(client)
    assert (locked.status_code, int(locked["Retry-After"]) > 0) == (429, True)


def test_a_password_set_by_an_administrator_ends_every_session(
    cast: Any, console_for: Callable[[User], Client]
) -> None:
    token = tokens_of(cast.guest)["access_token"]
    typed = {"password1": NEW, "password2": NEW}

    answer = console_for(cast.app_admin).post(f"/admin/accounts/user/{cast.guest.pk}/password/", typed)

    assert answer.status_code == 302
    assert not is_alive(token)


def test_rehashing_the_same_password_ends_no_session(settings: Any) -> None:
    user = UserFactory()
    token = tokens_of(user)["access_token"]
    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.PBKDF2PasswordHasher",
        "django.contrib.auth.hashers.MD5PasswordHasher",
    ]

    assert user.check_password(PASSWORD)

    user.refresh_from_db()
    assert user.password.startswith("pbkdf2")
    assert is_alive(token)


def test_the_link_sets_a_new_password_once_and_ends_all_sessions() -> None:
    user = UserFactory(username="uwe", email="uwe@example.com")
    token = tokens_of(user)["access_token"]
    assert ask("UWE@example.com").status_code == 200
    assert mail.outbox[-1].to == ["uwe@example.com"]

    answer = confirm(*link())

    assert (answer.status_code, answer.content) == (204, b"")
    assert not is_alive(token)
    user.refresh_from_db()
    assert user.check_password(NEW)
    again = confirm(*link(), "yet another password")
    assert (again.status_code, list(again.json())) == (400, ["token"])
    kinds = set(SecurityEvent.objects.filter(user=user).values_list("kind", flat=True))
    assert kinds >= {SecurityEventKind.RESET_REQUESTED, SecurityEventKind.PASSWORD_RESET}


def test_the_response_is_the_same_for_known_and_unknown_email_addresses() -> None:
    UserFactory(email="uwe@example.com")
    UserFactory(email="gone@example.com", is_active=False)

    answers = [ask(email) for email in ("uwe@example.com", "gone@example.com", "nobody@example.com")]

    assert len({(answer.status_code, answer.content) for answer in answers}) == 1
    assert [message.to for message in mail.outbox] == [["uwe@example.com"]]


def test_a_link_cannot_be_requested_by_username() -> None:
    UserFactory(username="uwe")

    assert ask("uwe").status_code == 400
    assert mail.outbox == []


def test_an_email_address_gets_a_limited_number_of_mails() -> None:
    UserFactory(email="uwe@example.com")

    answers = {ask("uwe@example.com").status_code for _ in range(8)}

    assert answers == {200}
    assert len(mail.outbox) == 5


def test_a_link_expires_after_an_hour() -> None:
    UserFactory(email="uwe@example.com")
    ask("uwe@example.com")

    for minutes, status in ((61, 400), (59, 204)):
        with time_machine.travel(timezone.now() + timedelta(minutes=minutes), tick=False):
            assert confirm(*link()).status_code == status


def test_a_link_is_void_once_the_user_is_inactive_or_has_a_new_password() -> None:
    user = UserFactory()
    uid, token = reset_of(user)
    user.is_active = False
    user.save()
    assert confirm(uid, token).status_code == 400

    user.is_active = True
    user.set_password("something else entirely")
    user.save()
    assert confirm(uid, token).status_code == 400


@pytest.mark.parametrize("uid", ["", "x", "AAAA", "_-_-", "MTIz", "AA" * 100, "é"])
@pytest.mark.parametrize("token", ["x", "x-y", "c9kxyz-0000"])
def test_a_malformed_link_is_refused(uid: str, token: str) -> None:
    assert confirm(uid, token).status_code == 400


def test_a_link_still_works_after_a_weak_password_was_refused() -> None:
    user = UserFactory()
    uid, token = reset_of(user)

    weak = confirm(uid, token, "short")

    assert (weak.status_code, list(weak.json())) == (400, ["new_password"])
    assert confirm(uid, token).status_code == 204


def test_a_new_password_unlocks_the_user() -> None:
    user = UserFactory(username="uwe")
    for _ in range(6):
        APIClient().post("/api/auth/login", {"username": "uwe", "password": "wrong"})

    confirm(*reset_of(user))

    assert APIClient().post("/api/auth/login", {"username": "uwe", "password": NEW}).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_one_of_four_simultaneous_uses_of_a_link_succeeds() -> None:
    for _ in range(5):
        uid, token = reset_of(UserFactory())
        ready = Barrier(4)

        def use(number: int, uid: str = uid, token: str = token, ready: Barrier = ready) -> int:
            try:
                connection.ensure_connection()
                ready.wait(timeout=30)
                return int(confirm(uid, token, f"a new password by thread {number}").status_code)
            finally:
                connection.close()

        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(use, range(4)))

        assert sorted(answers) == [204, 400, 400, 400]


def test_a_forgotten_password_is_reset_in_the_console() -> None:
    user = UserFactory(username="uwe", email="uwe@example.com", role="campaign_manager")
    browser = Client()
    page = browser.get("/admin/login/")
    assert page.context["title"] == "Sign in"
    assert "Forgotten your password?" in page.content.decode()
    with mailing():
        sent = browser.post("/admin/password_reset/", {"email": "uwe@example.com"}, follow=True)
    assert "Check your inbox" in sent.content.decode()
    url = re.findall(r"https://studio.example.com(/admin/reset/\S+)", str(mail.outbox[-1].body))[0]

    page = browser.get(url, follow=True)
    weak = browser.post(page.request["PATH_INFO"], {"new_password1": "short", "new_password2": "short"})
    done = browser.post(page.request["PATH_INFO"], {"new_password1": NEW, "new_password2": NEW}, follow=True)

    assert "uid" not in page.request["PATH_INFO"]
    assert link()[1] not in page.request["PATH_INFO"], "the token isn't in the URL of a page with links"
    errors = weak.context["form"].errors.as_data()["new_password2"]
    assert "password_too_short" in [error.code for error in errors]
    assert "Your new password is set" in done.content.decode()
    user.refresh_from_db()
    assert user.check_password(NEW)
    void = Client().get(url, follow=True)
    assert void.context["title"] == "This link no longer works"
    assert void.context["title"] in void.content.decode()
