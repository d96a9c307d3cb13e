"""Every line of `console_permissions`, requested by a browser in each role.

Where nothing may change, all stored rows are compared with those before. A page without a line fails the last test.
"""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.contrib.messages import get_messages
from django.db import transaction
from django.test import Client
from django.urls import URLResolver, get_resolver
from django.utils import timezone

from accounts.choices import RoleName
from accounts.models import AuditEntry, SecurityEvent, User
from accounts.tests.factories import Cast, UserFactory
from ads.models import Ad
from advertisers.models import Advertiser
from campaign_studio.tests import bodies, console_bodies
from campaign_studio.tests.console_permissions import ROLES, lines
from campaign_studio.tests.scenes import scene
from campaigns.models import Campaign

pytestmark = [pytest.mark.django_db, pytest.mark.matrix]

LINES = list(lines())
APP_OF = {model._meta.model_name: model._meta.app_label for model in apps.get_models()}


@pytest.mark.parametrize(
    ("method", "address", "whose", "what", "answers"),
    [pytest.param(*line, id=" ".join(line[:4])) for line in LINES],
)
def test_each_role_gets_the_outcome_in_the_table(
    cast: Cast, method: str, address: str, whose: str, what: str, answers: list[str]
) -> None:
    UserFactory(username="anna", role=RoleName.CONTENT_MODERATOR)
    keys = keys_of(cast, whose, what)
    forms = console_bodies.Forms(UserFactory(role=RoleName.SYSTEM_ADMIN))
    got = {}

    for role in ROLES:
        with transaction.atomic():
            actor = cast.in_role("user" if role == "anonymous" else role)
            if whose == "own":
                hand_over(keys, actor)
            if (address, whose) == ("/admin/accounts/user/{user_id}/delete/", "own"):
                # A user who has created something could not be deleted at all.
                Campaign.objects.all().delete()
                Advertiser.objects.all().delete()
            got[role] = ask(actor if role != "anonymous" else None, method, address, what, keys, forms)
            transaction.set_rollback(True)

    assert got == dict(zip(ROLES, answers, strict=True))


def ask(
    user: User | None, method: str, address: str, what: str, keys: dict[str, Any], forms: console_bodies.Forms
) -> str:
    """The outcome for this user. Asserts that it changed what it should, or nothing."""
    console_bodies.prepare(what, keys)
    table, sent = "", query_of(address, what)
    if method == "POST":
        table, sent = forms.posted(address, what, keys)
    client = Client()
    if user is not None:
        client.force_login(user)
    before = everything(table)

    answer = getattr(client, method.lower())(address.format(**keys), sent)

    after = everything(table)
    got = outcome_of(answer, is_done=timeless(after) != timeless(before))
    assert (after != before) is (got in ("ok", "shown")), f"{user} gets {got}; rows changed: {after != before}"
    if got == "ok" and table:
        assert after[table] != before[table], f"{user} gets ok, but {table} hasn't changed"
    return got


def keys_of(cast: Cast, whose: str, what: str) -> dict[str, Any]:
    """Values for the placeholders in an address: objects of a colleague."""
    person = UserFactory(role=RoleName.SYSTEM_ADMIN if whose == "system_admin" else RoleName.GUEST)
    session = bodies.session_of(person)
    uid, token = bodies.reset_of(person)
    return scene(cast.colleague) | {
        "user_id": person.pk,
        "session_id": session.pk,
        "securityevent_id": SecurityEvent.objects.latest("happened_at").pk,
        "uid": uid,
        "token": token,
        "email_token": bodies.confirmation_of(person)[1],
        "role_id": person.role.pk,
        "auditentry_id": AuditEntry.objects.filter(object_pk=str(person.pk)).earliest("pk").pk,
        "app_label": what,
        "url": "nowhere/",
    }


def hand_over(keys: dict[str, Any], actor: User) -> None:
    """Make the actor the owner of all these objects."""
    Campaign.objects.filter(pk=keys["campaign_id"]).update(campaign_created_by=actor)
    Ad.objects.filter(pk=keys["ad_id"]).update(ad_created_by=actor)
    Advertiser.objects.filter(pk=keys["advertiser_id"]).update(created_by=actor)
    keys["user_id"] = actor.pk
    keys["session_id"] = bodies.session_of(actor).pk


def query_of(address: str, what: str) -> dict[str, str]:
    """The query of pages that search, and of those that show an earlier version."""
    if what == "as_of":
        return {"as_of": f"{timezone.now():%Y-%m-%d}"}
    if not address.endswith("/autocomplete/"):
        return {"s": "a", "extended": "1"} if address.endswith("/search/") else {}
    model, field = what.split(".")
    return {"app_label": APP_OF[model], "model_name": model, "field_name": field, "term": "a"}


def everything(table: str) -> dict[str, list[dict[str, Any]]]:
    """All stored rows, including `table` even if it is one that only records what happened."""
    return bodies.stored() | ({table: console_bodies.rows_of(table)} if table else {})


def timeless(tables: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    """The same rows without the time and number of changes."""
    return {
        table: [{name: value for name, value in row.items() if name not in ("updated_at", "version")} for row in rows]
        for table, rows in tables.items()
    }


def outcome_of(answer: Any, *, is_done: bool) -> str:
    """The response in the terms of the table."""
    is_post = answer.wsgi_request.method == "POST"
    if answer.status_code == 302:
        if answer["Location"].startswith("/admin/login/"):
            return "login"
        if any("exist" in str(message) for message in get_messages(answer.wsgi_request)):
            return "gone"
        return ("ok" if is_done else "kept") if is_post else "on"
    assert answer.status_code < 500, answer.content
    if is_post and answer.status_code == 200:
        if is_done:
            return "shown"
        return "kept" if "cl" in (answer.context or {}) else "200"
    return str(answer.status_code)


def test_the_table_is_complete_and_has_no_line_twice(record_property: Any) -> None:
    requests = [line[:4] for line in LINES]
    cells = len(requests) * len(ROLES)
    record_property("permission_cells", cells)

    assert cells >= 1300
    assert len(requests) == len(set(requests))


def nameless(address: str) -> str:
    """The address with unnamed placeholders: `/admin/ads/ad/{}/change/`."""
    return re.sub(r"\{\w+\}", "{}", address)


def addresses(patterns: list[Any], prefix: str = "/") -> Iterator[str]:
    """All addresses below /admin that the resolver knows."""
    for entry in patterns:
        written = str(entry.pattern).replace("^", "").replace("$", "")
        text = re.sub(r"\(\?P<\w+>[^)]*\)|<[^>]*>", "{}", written)
        if isinstance(entry, URLResolver):
            yield from addresses(entry.url_patterns, prefix + text)
        elif (prefix + text).startswith("/admin"):
            yield prefix + text


def test_every_page_has_a_line() -> None:
    listed = {nameless(address) for _, address, *_ in LINES}
    existing = set(addresses(get_resolver().url_patterns))

    assert existing - listed == set(), "Add lines for each of these to TABLE."
    assert listed - existing == set(), "These lines name addresses that don't exist."
