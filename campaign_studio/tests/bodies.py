"""Minimal valid bodies of each resource, real tokens, and a snapshot of all stored rows."""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import cache
from typing import Any, NamedTuple

from django.apps import apps
from django.contrib.auth.tokens import default_token_generator
from django.core import mail
from django.core.mail import EmailMessage
from django.db import connection, models
from django.test import TestCase
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.api.tokens import start_session
from accounts.choices import Door
from accounts.models import Session, User
from accounts.signin import confirmation, mails
from accounts.tests.factories import PASSWORD
from ads.models import Device
from ads.tests.factories import DEVICE_KEY
from ads.tests.uploads import MULTIPART, form, picture
from campaign_studio.encryption import EncryptedTextField, decrypt

# The only tables that a refused request writes to.
TRACES = ("accounts.SecurityEvent", "accounts.AuditEntryToSeal", "accounts.SignInAttempts")
STORED_IN = ("accounts", "advertisers", "campaigns", "ads")


def campaign_body(**changes: Any) -> dict[str, Any]:
    """A campaign that runs for thirty days from today."""
    today = timezone.localdate()
    dates = {"campaign_start_date": str(today), "campaign_end_date": str(today + timedelta(days=30))}
    return {"campaign_name": "Summer", **dates, **changes}


def ad_body(**changes: Any) -> dict[str, Any]:
    """A text ad in the top bar, without its campaign."""
    return {
        "ad_type_id": "top_bar_ad",
        "ad_name": "Coffee",
        "media_type": "text",
        "media_content": "Fresh coffee at the next exit",
        **changes,
    }


def view_body(**changes: Any) -> dict[str, Any]:
    """A view of five seconds that ends now, in the right form but without proof."""
    now = timezone.now().isoformat()
    return {"impression": "AQ", "sequence": 0, "viewed_at": now, "duration_seconds": 5, **changes}


def contact_body(**changes: Any) -> dict[str, Any]:
    """A contact with a phone number."""
    return {"contact_name": "Ann Example", "contact_email": "ann@example.com", **changes}


def advertiser_body(**changes: Any) -> dict[str, Any]:
    """A business with one contact."""
    return {"advertiser_name": "ACME", "advertiser_type": "business", "contacts": [contact_body()], **changes}


def bank_account_body(**changes: Any) -> dict[str, Any]:
    """An account with a valid IBAN."""
    return {
        "bank_name": "Example Bank",
        "bank_account_name": "ACME Ltd",
        "bank_account_iban": "DE89 3704 0044 0532 0130 00",
        **changes,
    }


def device_body(**changes: Any) -> dict[str, Any]:
    """A new device."""
    return {"device_id": "car-17", "fleet": "Taxis", **changes}


class Form(NamedTuple):
    """A body that isn't JSON."""

    content: bytes
    content_type: str


def upload_body(content: bytes | None = None, **fields: str) -> Form:
    """An upload of a small picture, or of this content."""
    return Form(form(picture() if content is None else content, **fields), MULTIPART)


def user_body(**changes: Any) -> dict[str, Any]:
    """A new user."""
    return {"username": "newcomer", "email": "newcomer@example.com", "password": PASSWORD, **changes}


def change_set_body(**changes: Any) -> dict[str, Any]:
    """A new campaign."""
    return {"operations": [{"op": "create", "resource": "campaign", "changes": campaign_body()}], **changes}


def tokens_of(user: User) -> dict[str, Any]:
    """The tokens of a new session of the user."""
    return {**start_session(user, at=timezone.now())}


def session_of(user: User) -> Session:
    """A new session of the user."""
    return Session.start(user, door=Door.API, at=timezone.now(), lasts=timedelta(days=7))


def reset_of(user: User) -> tuple[str, str]:
    """The `uid` and `token` of a password reset email."""
    return mails.uid_of(user), default_token_generator.make_token(user)


def confirmation_of(user: User) -> tuple[str, str]:
    """The `uid` and `token` of an email that asks the user to confirm their present address."""
    return mails.uid_of(user), confirmation.token_of(user)


@contextmanager
def mailing() -> Iterator[list[EmailMessage]]:
    """Yield a list that contains, at the end of the block, the mails sent by what happened inside, in order."""
    before = len(mail.outbox)
    sent: list[EmailMessage] = []
    # A test's transaction is never committed, but mails wait for that. Each has a thread of its own.
    with TestCase.captureOnCommitCallbacks() as callbacks:
        yield sent
    for callback in callbacks:
        callback()
        wait_for_mail()
    sent += mail.outbox[before:]


def wait_for_mail() -> None:
    """Wait for the threads that send mails."""
    for thread in threading.enumerate():
        if thread.name == mails.THREAD:
            thread.join()


def link_in(message: EmailMessage) -> tuple[str, str]:
    """`uid` and `token` for apps, from a mail."""
    body = str(message.body)
    return re.findall(r"^uid: (.+)$", body, re.M)[0], re.findall(r"^token: (.+)$", body, re.M)[0]


def bearing(token: str, **options: Any) -> APIClient:
    """A client that authenticates by this access token only."""
    client = APIClient(**options)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client


def as_device(device: Device, key: str = DEVICE_KEY, **options: Any) -> APIClient:
    """A client that authenticates as this device."""
    client = APIClient(**options)
    client.credentials(HTTP_AUTHORIZATION=f"Device {device.pk}:{key}")
    return client


def send_bytes(client: Any, method: str, address: str, body: bytes, content_type: str = "application/json") -> Any:
    """Send a raw body, which needn't be JSON."""
    return client.generic(method, address, body, content_type=content_type)


def stored() -> dict[str, list[dict[str, Any]]]:
    """All rows of the project's tables as JSON, to check that a refused request changed nothing."""
    with connection.cursor() as cursor:
        cursor.execute(_all_rows())
        found: dict[str, list[dict[str, Any]]] = {label: json.loads(rows) for label, rows in cursor.fetchall()}
    for label, rows in found.items():
        for name in _secrets(label):
            # A secret is encrypted differently each time it is stored.
            rows[:] = [row | {name: row[name] and decrypt(row[name])} for row in rows]
    return found


@cache
def _secrets(label: str) -> list[str]:
    fields = apps.get_model(label)._meta.concrete_fields
    return [field.attname for field in fields if isinstance(field, EncryptedTextField)]


@cache
def _all_rows() -> str:
    """One statement that selects all rows, with columns named as in the models."""
    ours = [
        model
        for label in STORED_IN
        for model in apps.get_app_config(label).get_models()
        if model._meta.label not in TRACES
    ]
    return " UNION ALL ".join(
        f"SELECT '{model._meta.label}', coalesce(json_agg(one ORDER BY {_key(model)}), '[]')::text "  # noqa: S608 - our names
        f"FROM (SELECT {_columns(model)} FROM {model._meta.db_table}) one"
        for model in ours
    )


def _key(model: type[models.Model]) -> str:
    return ", ".join(f"one.{field.attname}" for field in model._meta.pk_fields)


def _columns(model: type[models.Model]) -> str:
    return ", ".join(f"{field.column} AS {field.attname}" for field in model._meta.concrete_fields)
