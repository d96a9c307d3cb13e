"""Passwords, tokens, keys and numbers are nowhere but where they belong: not in logs, tables, answers or error reports.

`conftest.py` holds the other half: while the whole suite runs, no log line may hold one.
"""

import base64
import logging
import re
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.urls import reverse
from django_otp.oath import totp
from psycopg import sql
from rest_framework.test import APIClient

from accounts.models import TOTPDevice, User
from accounts.tests.factories import PASSWORD, UserFactory
from campaign_studio.tests.bodies import advertiser_body, bank_account_body, bearing, reset_of, wait_for_mail

pytestmark = pytest.mark.django_db

OTHER_PASSWORD = "an entirely other password"
IBAN, NUMBER = "DE89370400440532013000", "532013456789"
CONSOLE = reverse("admin:two_factor")


class Heard:
    """Every answer of an API client and a browser, and every secret that was sent or received."""

    def __init__(self) -> None:
        self.answers: list[str] = []
        self.secrets = {PASSWORD, OTHER_PASSWORD, IBAN, NUMBER}

    def keep(self, answer: Any, *, may_hold: tuple[str, ...] = ()) -> Any:
        """Keep an answer, less the fields that are there to hand a secret out."""
        body = answer.json() if "json" in answer.get("Content-Type", "") and answer.content else {}
        text = f"{answer.content.decode()} {dict(answer.headers)}"
        for name in may_hold:
            self.secrets.add(body[name])
            text = text.replace(body[name], "")
        self.answers.append(text)
        return answer


def sign_in_and_refresh(heard: Heard, **more: str) -> APIClient:
    pair = ("access_token", "refresh_token")
    signed_in = APIClient().post("/api/auth/login", {"username": "uwe", "password": PASSWORD, **more})
    refreshed = APIClient().post(
        "/api/auth/refresh", {"refresh_token": heard.keep(signed_in, may_hold=pair).json()["refresh_token"]}
    )
    return bearing(heard.keep(refreshed, may_hold=pair).json()["access_token"])


def set_up_two_factor(heard: Heard, browser: Client) -> str:
    """Returns a code that still works."""
    heard.secrets.add(re.findall(r"[A-Z2-7]{32}", browser.get(CONSOLE).content.decode())[0])
    device = TOTPDevice.objects.get()
    assert device.key is not None
    code = f"{totp(base64.b32decode(device.key.reveal())):06d}"
    page = browser.post(CONSOLE, {"otp_token": code, "confirm": "", "password": PASSWORD}).content.decode()
    codes = re.findall(r"<li>([a-z2-7-]{27})</li>", page)
    heard.secrets |= {*codes, *(one.replace("-", "") for one in codes)}
    heard.keep(browser.get(CONSOLE))
    return str(codes[0])


def use_everything(heard: Heard, user: User) -> None:
    anybody, browser = APIClient(), Client()
    for wrong in ({"username": PASSWORD, "password": PASSWORD}, {"username": "uwe", "password": OTHER_PASSWORD}):
        heard.keep(anybody.post("/api/auth/login", wrong))
        heard.keep(browser.post("/admin/login/", wrong | {"username": "uwe"}))
    heard.keep(anybody.post("/api/auth/register", {"username": "eva", "email": "no address", "password": PASSWORD}))
    heard.keep(browser.post("/admin/login/", {"username": "uwe", "password": PASSWORD}))
    client = sign_in_and_refresh(heard)
    advertiser = heard.keep(client.post("/api/advertisers", advertiser_body())).json()["advertiser_id"]
    accounts = f"/api/advertisers/{advertiser}/bank-accounts"
    numbers = {"bank_account_iban": IBAN, "bank_account_number": NUMBER}
    heard.keep(client.post(accounts, bank_account_body(**numbers, bank_account_bic="wrong")))
    bank = heard.keep(client.post(accounts, bank_account_body(**numbers))).json()["bank_id"]
    heard.keep(client.post(f"{accounts}/{bank}/reveal"), may_hold=("bank_account_iban", "bank_account_number"))
    for address in (accounts, f"/api/advertisers/{advertiser}", f"/api/advertisers/{advertiser}/history"):
        heard.keep(client.get(address))
    code = set_up_two_factor(heard, browser)
    client = sign_in_and_refresh(heard, otp_token=code)
    ask_for_a_link(heard, anybody)
    for uid, token in (reset_of(user), ("x", reset_of(user)[1])):
        heard.secrets.add(token)
        sent = {"uid": uid, "token": token, "new_password": "short"}
        heard.keep(anybody.post("/api/auth/password/reset/confirm", sent))
    sent = {"current_password": PASSWORD, "new_password": OTHER_PASSWORD}
    heard.keep(client.post("/api/auth/password", sent | {"current_password": OTHER_PASSWORD}))
    heard.keep(client.post("/api/auth/password", sent))
    for address in ("/api/audit-log", "/api/security-events", "/api/auth/sessions", "/api/users", "/api/auth/me"):
        heard.keep(client.get(address))


def ask_for_a_link(heard: Heard, anybody: APIClient) -> None:
    heard.keep(anybody.post("/api/auth/password/reset", {"email": "uwe@example.com"}))
    wait_for_mail()
    heard.secrets.add(re.findall(r"^token: (.+)$", str(mail.outbox[-1].body), re.M)[0])


def everything_stored() -> str:
    """Every row of every table, as text."""
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
        rows = []
        for table in tables:
            cursor.execute(sql.SQL("SELECT {0}::text FROM {0}").format(sql.Identifier(table)))
            rows += [f"{table}: {row}" for (row,) in cursor.fetchall()]
    return "\n".join(rows)


def test_no_secret_is_where_it_does_not_belong(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    user = UserFactory(username="uwe", email="uwe@example.com", role="system_admin")
    heard = Heard()

    use_everything(heard, user)

    assert len(heard.secrets) > 20
    stored, answers = everything_stored(), "\n".join(heard.answers)
    for place, text in (("logs", caplog.text), ("tables", stored), ("answers", answers)):
        assert [secret for secret in heard.secrets if secret in text] == [], place
    assert "uwe" in stored, "the control: what is no secret is found"


def test_an_error_report_holds_no_secret(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.ADMINS = [("Ops", "ops@example.com")]

    def broken(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("something nobody foresaw")

    monkeypatch.setattr("accounts.api.views.authenticate", broken)
    monkeypatch.setattr("accounts.console.forms.authenticate", broken)
    sent = {"username": "uwe", "password": PASSWORD}
    api = APIClient(raise_request_exception=False).post("/api/auth/login", sent)
    console = Client(raise_request_exception=False).post("/admin/login/", sent)

    assert (api.status_code, console.status_code) == (500, 500)
    assert "something nobody foresaw" in caplog.text
    for text in (caplog.text, api.content.decode(), console.content.decode(), repr([one.body for one in mail.outbox])):
        assert PASSWORD not in text
    assert "something nobody foresaw" not in api.content.decode() + console.content.decode()
