"""Every text that a person reads goes through gettext: pages, refusals, help and emails, in the pseudo-language."""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from django.apps import apps
from django.core import mail
from django.core.management import get_commands, load_command_class
from django.core.management.base import BaseCommand
from django.test import Client
from rest_framework import serializers
from rest_framework.test import APIClient

from accounts.choices import RoleName
from accounts.models import User
from accounts.tests.factories import Cast, UserFactory
from ads.models import Device
from campaign_studio.models import City, PlaceName
from campaign_studio.places import country_choices, currency_choices, timezone_choices
from campaign_studio.tests import pseudo
from campaign_studio.tests.attackers import NOWHERE, client_of, send
from campaign_studio.tests.bodies import wait_for_mail
from campaign_studio.tests.console_permissions import lines
from campaign_studio.tests.scenes import scene
from campaign_studio.tests.shape import LAYERS, ROOT
from campaign_studio.tests.test_console_table import keys_of, query_of
from campaign_studio.tests.writes import WRITES, requests

pytestmark = [pytest.mark.django_db, pytest.mark.matrix, pytest.mark.usefixtures("_accents")]

STAFF = ["system_admin", "app_admin", "campaign_manager", "content_moderator"]
PAGES = sorted({(address, whose, what) for method, address, whose, what, _ in lines() if method == "GET"})
WRONG: list[Any] = ["", "xyzzy", -1, None, ["xyzzy"], {}]
WORD = re.compile(r"[A-Za-z]{2,}")
# Names of the product and of standards, and keys of the keyboard: the same in every language.
NAMES = {
    "Campaign",
    "Studio",
    "IBAN",
    "BIC",
    "SWIFT",
    "MPAA",
    "ESRB",
    "SEPA",
    "ISO",
    "IANA",
    "URL",
    "UTC",
    "API",
    *["YYYY", "MM", "DD"],
}
KEYS = {"esc"}
OPENAPI = ROOT / "campaign_studio" / "tests" / "openapi.json"
# Commands of Django that the project adapts.
DJANGOS = {"makemigrations", "migrate"}
# Codes, field names, URLs and quoted input.
VERBATIM = re.compile(
    r"&\w+;|https?://\S+|\S+@\S+|/\w[\w/{}.-]*|[\w-]*_[\w-]*|“[^”]*”|`[^`]*`|\b(?=\w*\d)[\w-]{12,}|--[\w-]+|[A-Z_]{4,}\b"
)


@pytest.fixture
def _accents() -> Iterator[None]:
    with pseudo.activated():
        yield


@cache
def names() -> set[str]:
    """Words that are the same in every language: names from standards, codes of choices and names in the API."""
    known: list[Any] = [*country_choices(), *currency_choices(), *timezone_choices(), "xyzzy"]
    for model in apps.get_models():
        known += [field.name for field in model._meta.get_fields()]
        known += [value for field in model._meta.fields for value, _ in field.flatchoices]
    known += re.findall(r'"name": "(\w+)"|^ +"(\w+)": {', OPENAPI.read_text(), re.MULTILINE)
    return NAMES | KEYS | set(WORD.findall(repr(known)))


def data() -> set[str]:
    """Words of values that are stored."""
    known: list[Any] = [
        name.capitalize() for model in (User, Device) for name in map(str, model._default_manager.all())
    ]
    # Nothing shows the gazetteer, which has a word for everything.
    for model in set(apps.get_models()) - {City, PlaceName}:
        known += model._default_manager.values_list()
    return set(WORD.findall(repr(known)))


def unmarked(texts: list[str]) -> list[str]:
    """The texts that contain a word without accents that isn't data."""
    known = names() | data()
    return sorted({text for text in texts if set(WORD.findall(VERBATIM.sub("", text))) - known})


def messages(body: Any) -> Iterator[str]:
    """Every message in the body of an error response."""
    if isinstance(body, str):
        yield body
    else:
        for part in body.values() if isinstance(body, dict) else body:
            yield from messages(part)


@pytest.mark.parametrize(("address", "whose", "what"), PAGES)
def test_every_text_of_a_page_is_translated(cast: Cast, address: str, whose: str, what: str) -> None:
    UserFactory(username="anna", role=RoleName.CONTENT_MODERATOR)
    keys = keys_of(cast, whose, what)
    found = {}
    for role in STAFF:
        client = Client()
        client.force_login(cast.in_role(role))
        answer = client.get(address.format(**keys), query_of(address, what), follow=True)
        if "html" in answer.get("Content-Type", ""):
            found[role] = unmarked(pseudo.texts_of(answer.content.decode()))

    assert not any(found.values()), found


@pytest.mark.parametrize("address", [address for address, *_ in PAGES if address.endswith(("/add/", "/change/"))])
def test_every_text_of_a_refused_form_is_translated(cast: Cast, address: str) -> None:
    keys = keys_of(cast, "own", "-")
    client = Client()
    client.force_login(cast.system_admin)

    answer = client.post(address.format(**keys), {}, follow=True)

    assert unmarked(pseudo.texts_of(answer.content.decode())) == []


@pytest.mark.parametrize("kind", WRITES)
def test_every_message_of_an_api_refusal_is_translated(cast: Cast, kind: str) -> None:
    keys, client = scene(cast.colleague), client_of(cast, "system_admin")
    keys["user_id"] = cast.guest.pk
    serializer: type[serializers.Serializer[Any]] = WRITES[kind][0]
    found = set()
    for name in [*serializer().fields, "nonsense"]:
        for wrong in WRONG:
            for method, address, body in requests(kind, keys, {name: wrong}):
                answer = send(client, method, address, body)
                if answer.status_code >= 400:
                    found |= set(messages(answer.json()))

    assert found
    assert unmarked(list(found)) == []


def test_refusals_that_do_not_depend_on_a_field_are_translated(cast: Cast) -> None:
    admin, guest, anonymous = client_of(cast, "system_admin"), client_of(cast, "guest"), APIClient()
    key = scene(cast.colleague)["campaign_id"]
    answers = [
        anonymous.get("/api/campaigns"),
        anonymous.get("/api/campaigns", headers={"Authorization": "Bearer x"}),
        anonymous.post("/api/auth/login", {"username": "x", "password": "x"}, format="json"),
        admin.get("/api/nowhere"),
        admin.get(f"/api/campaigns/{NOWHERE}"),
        admin.get("/api/campaigns?nonsense=1&page=x&ordering=x&campaign_status=x&created_after=x"),
        admin.delete("/api/campaigns"),
        admin.post("/api/campaigns", "{", content_type="application/json"),
        admin.post("/api/campaigns", "x", content_type="text/plain"),
        admin.patch(f"/api/campaigns/{key}", {}, format="json", headers={"If-Match": '"stale"'}),
        guest.patch(f"/api/campaigns/{key}", {"campaign_name": "x"}, format="json"),
        guest.get("/api/audit-log"),
        admin.get("/api/delivery"),
        admin.get("/api/delivery?country=xyzzy&at=x&device=x"),
    ]

    assert all(answer.status_code >= 400 for answer in answers)
    assert unmarked([text for answer in answers for text in messages(answer.json())]) == []


def test_the_help_of_every_command_is_translated() -> None:
    plain = {action.dest for action in BaseCommand().create_parser("manage.py", "plain")._actions}
    ours = {name: app for name, app in get_commands().items() if str(app) in LAYERS and name not in DJANGOS}
    found = {}
    for name, app in ours.items():
        command = load_command_class(app, name)
        actions = [one for one in command.create_parser("manage.py", name)._actions if one.dest not in plain]
        found[name] = unmarked([str(command.help), *(str(action.help or "") for action in actions)])

    assert len(ours) > 10
    assert {name: texts for name, texts in found.items() if texts} == {}


@pytest.mark.django_db(transaction=True)
def test_emails_are_translated(settings: Any) -> None:
    settings.SPREAD_FAILURE_LIMIT = 1
    # A greeting by name needs a name without letters here.
    user = UserFactory(is_verified=True, first_name="7")

    APIClient().post("/api/auth/login", {"username": user.username, "password": "wrong"}, format="json")
    APIClient().post("/api/auth/password/reset", {"email": user.email}, format="json")
    Client().post("/admin/password_reset/", {"email": user.email})
    user.set_password("another-long-password-2026")
    user.email = "new@example.com"
    user.save()
    wait_for_mail()

    assert len({str(one.subject) for one in mail.outbox}) == 5
    for one in mail.outbox:
        assert unmarked([str(one.subject), re.sub(r"^(uid|token): .+$", "", str(one.body), flags=re.M)]) == []
