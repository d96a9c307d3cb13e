"""Mails contain nothing that a stranger typed, lead to PUBLIC_URL alone, and never get in the way of a request."""

import re
import socket
from typing import Any

import pytest
from django.core.mail.backends.locmem import EmailBackend
from django.db import transaction
from django.test import Client
from pytest_django import Settings
from rest_framework.test import APIClient

from accounts.models import User
from accounts.signin import mails
from accounts.tests.factories import UserFactory
from campaign_studio.tests.bodies import mailing, user_body

pytestmark = pytest.mark.django_db

BAIT = "Win 1000 at evil.example and call 555"
# What a stranger may have stored before names had rules.
HOSTILE = [
    "dear customer, open https://evil.example/login",
    "a\r\nBcc: victim@example.com",
    "\u202egnp.exe",
    "{{ url }}",
    BAIT,
]


@pytest.mark.parametrize("words", HOSTILE)
@pytest.mark.parametrize("field", ["username", "first_name", "last_name"])
def test_no_mail_to_an_unconfirmed_address_contains_what_was_typed(field: str, words: str) -> None:
    user = UserFactory(email="victim@example.com")
    setattr(user, field, words)
    User.objects.filter(pk=user.pk).update(**{field: words})

    with mailing() as sent:
        APIClient().post("/api/auth/password/reset", {"email": "victim@example.com"}, headers={"X-Word": words})
        user.refresh_from_db()
        user.set_password("another-long-password-2026")
        user.email = "other@example.com"
        user.save()

    assert len(sent) == 4
    plain = UserFactory(email="plain@example.com")
    with mailing() as usual:
        APIClient().post("/api/auth/password/reset", {"email": "plain@example.com"})
        plain.refresh_from_db()
        plain.set_password("another-long-password-2026")
        plain.email = "other-plain@example.com"
        plain.save()
    assert [without_links(one) for one in sent] == [without_links(one) for one in usual]


def without_links(message: Any) -> tuple[str, str, dict[str, str]]:
    """What is the same in mails to different users."""
    body = re.sub(r"^(uid|token): .*$|https://studio\.example\.com\S*", "", str(message.body), flags=re.M)
    return str(message.subject), body, message.extra_headers


def test_a_registration_mail_contains_nothing_that_was_typed() -> None:
    with mailing() as sent:
        typed = user_body(username="evil.example", first_name="Dear customer", last_name="Your account is locked")
        assert APIClient().post("/api/auth/register", typed).status_code == 201

    assert [one.to for one in sent] == [["newcomer@example.com"]]
    text = f"{sent[0].subject} {sent[0].body}"
    assert not any(word in text for word in ("evil.example", "Dear customer", "locked"))


def test_a_confirmed_address_is_greeted_by_name() -> None:
    UserFactory(first_name="Uwe", last_name="Bahn", email="uwe@example.com", is_verified=True)

    with mailing() as sent:
        APIClient().post("/api/auth/password/reset", {"email": "uwe@example.com"})

    assert str(sent[0].body).startswith("Hello Uwe Bahn,")


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "studio.example.com:9999"},
        {"X-Forwarded-Host": "evil.example"},
        {"X-Forwarded-Proto": "http", "X-Forwarded-Port": "9999"},
        {"Forwarded": "host=evil.example"},
        {"X-Original-URL": "https://evil.example/", "Origin": "https://evil.example"},
    ],
    ids=str,
)
def test_links_lead_to_the_public_url_whatever_the_headers_say(headers: dict[str, str], settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    settings.TRUSTED_PROXIES = ["127.0.0.1"]
    UserFactory(email="uwe@example.com")

    with mailing() as sent:
        APIClient().post("/api/auth/password/reset", {"email": "uwe@example.com"}, headers=headers)
        Client().post("/admin/password_reset/", {"email": "uwe@example.com"}, headers=headers)
        APIClient().post("/api/auth/register", user_body(), headers=headers)

    hosts = [re.findall(r"\w+://([^/\s]+)", str(one.body)) for one in sent]
    assert hosts == [["studio.example.com", "studio.example.com"]] * 3
    assert not any("evil" in str(one.message()) or "9999" in str(one.message()) for one in sent)


def test_a_mail_is_sent_only_if_the_change_is_kept() -> None:
    user = UserFactory()

    with mailing() as sent, transaction.atomic():
        user.email = "other@example.com"
        user.save()
        transaction.set_rollback(True)

    assert sent == []


def test_a_dry_mail_server_breaks_no_request(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    def broken(*args: object) -> int:
        raise RuntimeError("secret-of-the-mail-server")

    monkeypatch.setattr(EmailBackend, "send_messages", broken)

    with mailing() as sent:
        answer = APIClient().post("/api/auth/register", user_body())

    assert (answer.status_code, sent) == (201, [])
    assert "A mail could not be sent: RuntimeError" in caplog.text
    assert "secret-of-the-mail-server" not in caplog.text
    assert "newcomer@example.com" not in caplog.text


def test_a_mail_server_that_never_answers_holds_a_thread_for_a_while_only(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    assert settings.EMAIL_TIMEOUT
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = silent.getsockname()
        settings.EMAIL_TIMEOUT = 0.05

        with mailing():
            answer = APIClient().post("/api/auth/register", user_body())

    assert answer.status_code == 201
    assert "A mail could not be sent: SMTPServerDisconnected" in caplog.text


def test_a_new_password_is_told_to_its_owner() -> None:
    user = UserFactory(email="uwe@example.com")
    user.set_password("another-long-password-2026")

    with mailing() as sent:
        user.save()

    assert [(one.to, one.subject) for one in sent] == [
        (["uwe@example.com"], "Your Campaign Studio password was changed")
    ]
    assert "https://studio.example.com/admin/password_reset/" in sent[0].body


def test_an_id_that_is_no_text_is_no_id_in_a_link() -> None:
    with pytest.raises(ValueError, match="codec"):
        mails.key_in("_-_-")
