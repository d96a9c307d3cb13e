"""Passwords, tokens, keys and account numbers never appear in logs, tables, responses or error reports.

`conftest.py` contains the other half: no log line of the whole test suite may contain one.
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
from campaign_studio.tests.bodies import (
    advertiser_body,
    bank_account_body,
    bearing,
    device_body,
    link_in,
    mailing,
    reset_of,
)

pytestmark = pytest.mark.django_db

OTHER_PASSWORD = "an entirely other password"
IBAN, NUMBER = "DE89370400440532013000", "532013456789"
CONSOLE = reverse("admin:two_factor")


class Record:
    """Every response to an API client and a browser, and every secret that was sent or received."""

    def __init__(self) -> None:
        self.answers: list[str] = []
        self.secrets = {PASSWORD, OTHER_PASSWORD, IBAN, NUMBER}

    def keep(self, answer: Any, *, may_contain: tuple[str, ...] = ()) -> Any:
        """Record a response without the fields in `may_contain`, whose purpose is to reveal a secret."""
        body = answer.json() if "json" in answer.get("Content-Type", "") and answer.content else {}
        text = f"{answer.content.decode()} {dict(answer.headers)}"
        for name in may_contain:
            self.secrets.add(body[name])
            text = text.replace(body[name], "")
        self.answers.append(text)
        return answer


def sign_in_and_refresh(record: Record, **more: str) -> APIClient:
    pair = ("access_token", "refresh_token")
    signed_in = APIClient().post("/api/auth/login", {"username": "uwe", "password": PASSWORD, **more})
    refreshed = APIClient().post(
        "/api/auth/refresh", {"refresh_token": record.keep(signed_in, may_contain=pair).json()["refresh_token"]}
    )
    return bearing(record.keep(refreshed, may_contain=pair).json()["access_token"])


def set_up_two_factor(record: Record, browser: Client) -> str:
    """Return a recovery code that hasn't been used."""
    record.secrets.add(re.findall(r"[A-Z2-7]{32}", browser.get(CONSOLE).content.decode())[0])
    device = TOTPDevice.objects.get()
    assert device.key is not None
    code = f"{totp(base64.b32decode(device.key.reveal())):06d}"
    page = browser.post(CONSOLE, {"otp_token": code, "confirm": "", "password": PASSWORD}).content.decode()
    codes = re.findall(r"<li>([a-z2-7-]{27})</li>", page)
    record.secrets |= {*codes, *(one.replace("-", "") for one in codes)}
    record.keep(browser.get(CONSOLE))
    return str(codes[0])


def use_everything(record: Record, user: User) -> None:
    anonymous, browser = APIClient(), Client()
    for wrong in ({"username": PASSWORD, "password": PASSWORD}, {"username": "uwe", "password": OTHER_PASSWORD}):
        record.keep(anonymous.post("/api/auth/login", wrong))
        record.keep(browser.post("/admin/login/", wrong | {"username": "uwe"}))
    record.keep(anonymous.post("/api/auth/register", {"username": "eva", "email": "no address", "password": PASSWORD}))
    record.keep(browser.post("/admin/login/", {"username": "uwe", "password": PASSWORD}))
    client = sign_in_and_refresh(record)
    advertiser = record.keep(client.post("/api/advertisers", advertiser_body())).json()["advertiser_id"]
    accounts = f"/api/advertisers/{advertiser}/bank-accounts"
    numbers = {"bank_account_iban": IBAN, "bank_account_number": NUMBER}
    record.keep(client.post(accounts, bank_account_body(**numbers, bank_account_bic="wrong")))
    bank = record.keep(client.post(accounts, bank_account_body(**numbers))).json()["bank_id"]
    record.keep(client.post(f"{accounts}/{bank}/reveal"), may_contain=("bank_account_iban", "bank_account_number"))
    for address in (accounts, f"/api/advertisers/{advertiser}", f"/api/advertisers/{advertiser}/history"):
        record.keep(client.get(address))
    record.keep(client.post("/api/devices", device_body()), may_contain=("key",))
    record.keep(client.post("/api/devices/car-17/rotate-key"), may_contain=("key",))
    for address in ("/api/devices", "/api/devices/car-17", "/api/devices/car-17/history"):
        record.keep(client.get(address))
    code = set_up_two_factor(record, browser)
    client = sign_in_and_refresh(record, otp_token=code)
    request_a_reset(record, anonymous)
    for uid, token in (reset_of(user), ("x", reset_of(user)[1])):
        record.secrets.add(token)
        sent = {"uid": uid, "token": token, "new_password": "short"}
        record.keep(anonymous.post("/api/auth/password/reset/confirm", sent))
    sent = {"current_password": PASSWORD, "new_password": OTHER_PASSWORD}
    record.keep(client.post("/api/auth/password", sent | {"current_password": OTHER_PASSWORD}))
    record.keep(client.post("/api/auth/password", sent))
    for address in ("/api/audit-log", "/api/security-events", "/api/auth/sessions", "/api/users", "/api/auth/me"):
        record.keep(client.get(address))


def request_a_reset(record: Record, anonymous: APIClient) -> None:
    with mailing() as sent:
        record.keep(anonymous.post("/api/auth/password/reset", {"email": "uwe@example.com"}))
    record.secrets.add(link_in(sent[0])[1])


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
    record = Record()

    use_everything(record, user)

    assert len(record.secrets) > 20
    stored, answers = everything_stored(), "\n".join(record.answers)
    for place, text in (("logs", caplog.text), ("tables", stored), ("answers", answers)):
        assert [secret for secret in record.secrets if secret in text] == [], place
    assert "uwe" in stored, "control: a value that isn't secret is found"


def test_an_error_report_contains_no_secret(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.ADMINS = [("Ops", "ops@example.com")]

    def broken(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("an unforeseen error")

    monkeypatch.setattr("accounts.api.views.authenticate", broken)
    monkeypatch.setattr("accounts.console.forms.authenticate", broken)
    sent = {"username": "uwe", "password": PASSWORD}
    api = APIClient(raise_request_exception=False).post("/api/auth/login", sent)
    console = Client(raise_request_exception=False).post("/admin/login/", sent)

    assert (api.status_code, console.status_code) == (500, 500)
    assert "an unforeseen error" in caplog.text
    for text in (caplog.text, api.content.decode(), console.content.decode(), repr([one.body for one in mail.outbox])):
        assert PASSWORD not in text
    assert "an unforeseen error" not in api.content.decode() + console.content.decode()
