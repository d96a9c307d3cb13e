"""An email address is verified once its owner has followed the link that was sent to it, and no longer."""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
import time_machine
from django.contrib.auth.tokens import default_token_generator
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django import Settings
from rest_framework.test import APIClient

from accounts.choices import SecurityEventKind
from accounts.models import AuditEntry, SecurityEvent, User
from accounts.tests.factories import PASSWORD, Cast, UserFactory
from campaign_studio.tests.bodies import (
    bearing,
    confirmation_of,
    link_in,
    mailing,
    reset_of,
    send_bytes,
    stored,
    tokens_of,
    user_body,
)
from campaign_studio.tests.browser import form_data

pytestmark = pytest.mark.django_db

CONFIRM, AGAIN = "/api/auth/email/confirm", "/api/auth/email"


def confirm(uid: str, token: str) -> int:
    return int(APIClient().post(CONFIRM, {"uid": uid, "token": token}).status_code)


def is_verified(user: User) -> bool:
    return User.objects.get(pk=user.pk).is_verified


def kinds(user: User) -> list[str]:
    return list(SecurityEvent.objects.filter(user=user).order_by("happened_at").values_list("kind", flat=True))


def test_a_registered_user_is_verified_by_the_link_in_the_mail() -> None:
    with mailing() as sent:
        registered = APIClient().post("/api/auth/register", user_body())
    user = User.objects.get(username="newcomer")
    assert registered.json()["is_verified"] is False

    answer = APIClient().post(CONFIRM, dict(zip(("uid", "token"), link_in(sent[0]), strict=True)))

    assert (answer.status_code, answer.content) == (204, b"")
    assert is_verified(user)
    assert kinds(user) == [SecurityEventKind.EMAIL_CONFIRMED]
    assert AuditEntry.objects.filter(object_pk=str(user.pk)).latest("pk").changes == {"is_verified": [False, True]}


def test_a_link_works_once_even_if_an_administrator_takes_the_mark_back() -> None:
    user = UserFactory()
    pair = confirmation_of(user)
    assert confirm(*pair) == 204

    assert confirm(*pair) == 400
    user.refresh_from_db()
    user.is_verified = False
    user.save()

    assert confirm(*pair) == 400
    assert not is_verified(user)


def test_a_link_expires_after_three_days() -> None:
    user = UserFactory()
    pair = confirmation_of(user)

    for hours, status in ((73, 400), (71, 204)):
        with time_machine.travel(timezone.now() + timedelta(hours=hours), tick=False):
            assert confirm(*pair) == status


def test_a_token_has_one_purpose() -> None:
    user = UserFactory()
    (uid, confirming), (_, resetting) = confirmation_of(user), reset_of(user)
    reset = {"uid": uid, "token": confirming, "new_password": "another-long-password-2026"}

    assert confirm(uid, resetting) == 400
    assert APIClient().post("/api/auth/password/reset/confirm", reset).status_code == 400
    assert not default_token_generator.check_token(user, confirming)
    assert not is_verified(user)


def test_a_token_is_for_one_user_and_one_address() -> None:
    user, other = UserFactory(), UserFactory()
    uid, token = confirmation_of(user)
    assert confirm(confirmation_of(other)[0], token) == 400
    user.email = "second@example.com"
    user.save()

    assert confirm(uid, token) == 400
    assert confirm(*confirmation_of(user)) == 204
    user.refresh_from_db()
    user.email = f"{user.username}@example.com"
    user.save()
    assert confirm(uid, token) == 400, "the address is the first one again, but the link is old"


@pytest.mark.parametrize("uid", ["x", "AAAA", "_-_-", "MTIz", "AA" * 100, "é", "\x00"])
@pytest.mark.parametrize("token", ["x", "x.y", "..", "1vO3bN.", "é.é", "c9kxyz-0000"])
def test_a_malformed_link_is_refused(uid: str, token: str) -> None:
    user = UserFactory()

    assert confirm(uid, token) == 400
    assert confirm(confirmation_of(user)[0], token) == 400
    assert Client().get(f"/admin/email/{uid.replace(chr(0), 'n')}/{token}/").status_code == 200
    assert not is_verified(user)


def test_a_link_stays_void_when_the_address_is_changed_back() -> None:
    user = UserFactory(email="first@example.com")
    pair = confirmation_of(user)
    for address in ("second@example.com", "first@example.com"):
        user.email = address
        user.save()

    assert confirm(*pair) == 400


HOSTILE = [
    None,
    True,
    0,
    1e308,
    "",
    " ",
    [],
    ["x"],
    {},
    {"a": 1},
    "a\x00b",
    "\ud800",
    "x" * 300,
    "é" * 300,
    "\u202e",
    "%s",
    "../..",
]


@pytest.mark.parametrize("value", HOSTILE, ids=repr)
def test_a_hostile_value_confirms_nothing_and_causes_no_error(value: Any) -> None:
    uid, token = confirmation_of(UserFactory())

    for body in ({"uid": value, "token": token}, {"uid": uid, "token": value}, {"uid": value}, {"token": token}, value):
        answer = send_bytes(APIClient(), "POST", CONFIRM, json.dumps(body).encode())
        assert (answer.status_code, type(answer.json())) == (400, dict)
    assert confirm(uid, token) == 204


def test_a_deactivated_user_confirms_nothing() -> None:
    user = UserFactory()
    pair = confirmation_of(user)
    user.is_active = False
    user.save()

    assert confirm(*pair) == 400


@pytest.mark.django_db(transaction=True)
def test_one_of_four_simultaneous_uses_of_a_link_succeeds() -> None:
    for _ in range(5):
        pair, ready = confirmation_of(UserFactory()), Barrier(4)

        def use(number: int, pair: tuple[str, str] = pair, ready: Barrier = ready) -> int:
            try:
                connection.ensure_connection()
                ready.wait(timeout=30)
                return confirm(*pair)
            finally:
                connection.close()

        with ThreadPoolExecutor(4) as pool:
            assert sorted(pool.map(use, range(4))) == [204, 400, 400, 400]


# --- A changed address -----------------------------------------------------------------------------------------------


def by_oneself(cast: Cast, user: User) -> Any:
    return bearing(tokens_of(user)["access_token"]).patch("/api/auth/me", {"email": "new@example.com"})


def by_an_administrator(cast: Cast, user: User) -> Any:
    client = bearing(tokens_of(cast.app_admin)["access_token"])
    return client.patch(f"/api/users/{user.pk}", {"email": "new@example.com", "is_verified": True})


def in_the_console(cast: Cast, user: User) -> Any:
    browser = Client()
    browser.force_login(cast.app_admin)
    page = f"/admin/accounts/user/{user.pk}/change/"
    return browser.post(page, form_data(browser.get(page), email="new@example.com"), follow=True)


@pytest.mark.parametrize("change", [by_oneself, by_an_administrator, in_the_console])
def test_a_changed_address_is_unverified_and_both_addresses_are_told(change: Any, cast: Cast) -> None:
    user = UserFactory(email="old@example.com", is_verified=True, first_name="Uwe")
    former = confirmation_of(user)

    with mailing() as sent:
        assert change(cast, user).status_code == 200

    assert not is_verified(user)
    assert [one.to for one in sent] == [["old@example.com"], ["new@example.com"]]
    assert not any("new@example.com" in str(one.body) or "Uwe" in str(one.body) for one in sent)
    assert SecurityEventKind.EMAIL_CHANGED in kinds(user)
    assert confirm(*former) == 400
    assert confirm(*link_in(sent[1])) == 204
    assert is_verified(user)


def test_a_save_of_the_address_alone_takes_the_mark_back_too() -> None:
    user = UserFactory(is_verified=True)
    user.email = "new@example.com"

    with mailing() as sent:
        user.save(update_fields=["email"])

    assert not is_verified(user)
    assert len(sent) == 2


def test_another_spelling_of_the_same_address_changes_nothing() -> None:
    user = UserFactory(email="uwe@example.com", is_verified=True)
    user.email = "UWE@example.com"

    with mailing() as sent:
        user.save()

    assert (is_verified(user), sent) == (True, [])


def test_other_changes_leave_the_mark_and_send_nothing() -> None:
    user = UserFactory(is_verified=True)
    client = bearing(tokens_of(user)["access_token"])

    with mailing() as sent:
        answer = client.patch("/api/auth/me", {"first_name": "Uwe", "email": user.email, "is_verified": False})

    assert answer.status_code == 200
    assert (is_verified(user), sent) == (True, [])


def test_nobody_is_flooded_with_mails(settings: Settings) -> None:
    clients = [bearing(tokens_of(UserFactory())["access_token"]) for _ in range(settings.LOGIN_FAILURE_LIMIT + 2)]

    with mailing() as sent:
        for number, client in enumerate(clients):
            for address in ("victim@example.com", f"mine{number}@example.com"):
                assert client.patch("/api/auth/me", {"email": address}).status_code == 200

    mails = [str(one.subject) for one in sent if one.to == ["victim@example.com"]]
    assert sum("Confirm" in subject for subject in mails) == settings.LOGIN_FAILURE_LIMIT
    assert sum("Confirm" not in subject for subject in mails) == settings.LOGIN_FAILURE_LIMIT


def test_one_user_has_no_mails_sent_to_any_number_of_addresses(settings: Settings) -> None:
    client = bearing(tokens_of(UserFactory(email="first@example.com"))["access_token"])

    with mailing() as sent:
        for number in range(20):
            client.patch("/api/auth/me", {"email": f"stranger{number}@example.com"})

    links = [one for one in sent if "confirm" in str(one.subject).lower()]
    notices = [one for one in sent if one not in links]
    assert len(links) == len(notices) == settings.LOGIN_FAILURE_LIMIT
    assert ["first@example.com"] in [one.to for one in notices]


def test_requests_for_links_do_not_keep_the_notice_of_a_change_back() -> None:
    user = UserFactory(email="old@example.com")
    client = bearing(tokens_of(user)["access_token"])
    for _ in range(8):
        client.post(AGAIN)

    with mailing() as sent:
        client.patch("/api/auth/me", {"email": "new@example.com"})

    assert [one.to for one in sent] == [["old@example.com"]], "the link to the new address is asked for later"


# --- Another link ----------------------------------------------------------------------------------------------------


def test_users_request_another_link_until_there_have_been_too_many(settings: Settings) -> None:
    client = bearing(tokens_of(UserFactory(email="uwe@example.com"))["access_token"])

    with mailing() as sent:
        answers = [client.post(AGAIN) for _ in range(settings.LOGIN_FAILURE_LIMIT + 2)]

    assert [one.status_code for one in answers] == [200] * settings.LOGIN_FAILURE_LIMIT + [429] * 2
    assert int(answers[-1]["Retry-After"]) > 0
    assert {one.to[0] for one in sent} == {"uwe@example.com"}
    assert len(sent) == settings.LOGIN_FAILURE_LIMIT
    assert confirm(*link_in(sent[0])) == 204


def test_a_verified_user_gets_no_other_link() -> None:
    client = bearing(tokens_of(UserFactory(is_verified=True))["access_token"])

    with mailing() as sent:
        answer = client.post(AGAIN)

    assert (answer.status_code, sent) == (409, [])
    assert answer.json() == {"detail": "Your email address is already confirmed."}


# --- The page behind the link ----------------------------------------------------------------------------------------


def test_the_page_behind_the_link_confirms_when_its_button_is_pressed_and_not_when_it_is_opened() -> None:
    user = UserFactory()
    with mailing() as sent:
        bearing(tokens_of(user)["access_token"]).post(AGAIN)
    url = re.findall(r"https://studio.example.com(/admin/email/\S+)", str(sent[0].body))[0]
    browser = Client(enforce_csrf_checks=True)
    before = stored()

    page = browser.get(url)
    browser.head(url)
    refused = browser.post(url)

    assert (page.status_code, refused.status_code) == (200, 403)
    assert "no-store" in page["Cache-Control"]
    assert stored() == before
    token = re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', page.content.decode())[0]
    done = browser.post(url, {"csrfmiddlewaretoken": token}, follow=True, headers={"Referer": "https://testserver/"})
    assert "Your email address is confirmed" in done.content.decode()
    assert is_verified(user)
    for void in (browser.get(url), browser.post(url, {"csrfmiddlewaretoken": token})):
        assert "This link no longer works" in void.content.decode()


def test_the_link_signs_nobody_in() -> None:
    browser = Client()
    uid, token = confirmation_of(UserFactory(role="system_admin"))

    browser.post(f"/admin/email/{uid}/{token}/")

    assert browser.get("/admin/").status_code == 302


def test_the_password_signs_in_before_the_address_is_confirmed() -> None:
    user = UserFactory()

    answer = APIClient().post("/api/auth/login", {"username": user.username, "password": PASSWORD})

    assert (answer.status_code, answer.json()["user"]["is_verified"]) == (200, False)


def test_staff_request_another_link_in_the_console_and_see_the_button_until_the_address_is_confirmed() -> None:
    user = UserFactory(role="campaign_manager", email="uwe@example.com")
    browser = Client()
    browser.force_login(user)
    page = f"/admin/accounts/user/{user.pk}/change/"
    assert "to-email" in browser.get(page).content.decode()
    shown = browser.get(f"/admin/accounts/user/{user.pk}/to-email/", follow=True).content.decode()
    assert "uwe@example.com" in shown

    with mailing() as sent:
        answer = browser.post("/admin/accounts/user/email/", follow=True)

    assert "The link has been sent." in answer.content.decode()
    assert confirm(*link_in(sent[0])) == 204
    assert "to-email" not in browser.get(page).content.decode()
    with mailing() as sent:
        browser.post("/admin/accounts/user/email/")
        offered = browser.get("/admin/accounts/user/email/", follow=True).content.decode()
    assert sent == []
    assert "already confirmed" in offered
    assert "A link will be sent" not in offered
