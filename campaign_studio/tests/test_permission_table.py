"""Who may do what, in one table: every URL × method × role × own or other object, tried through the API.

Each line is a method and a URL. `own` and `other` say whose object it concerns: an own object was created by the user
who sends the request, perhaps while they were a manager. After each refusal all stored rows are compared. A new URL
without a line here fails the last test.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction
from django.urls import URLPattern, URLResolver, get_resolver
from rest_framework.test import APIClient

from accounts.choices import RoleName
from accounts.tests.factories import PASSWORD, Cast, UserFactory
from ads.models import Device
from advertisers.models import Advertiser
from campaign_studio.tests import bodies
from campaign_studio.tests.scenes import scene
from campaigns.changesets import applying
from campaigns.models import Campaign

pytestmark = [pytest.mark.django_db, pytest.mark.matrix]

ROLES = ["system_admin", "app_admin", "campaign_manager", "content_moderator", "user", "guest", "anonymous"]

CAMPAIGNS, CAMPAIGN = "/api/campaigns", "/api/campaigns/{campaign_id}"
ADS, AD = "/api/ads", "/api/ads/{ad_id}"
ADVERTISERS, ADVERTISER = "/api/advertisers", "/api/advertisers/{advertiser_id}"
DELIVERY, HERE = "/api/delivery", "country=DE&city=Berlin&postcode=10115"
SETS, SET = "/api/change-sets", "/api/change-sets/{change_set_id}"
DEVICES, DEVICE = "/api/devices", "/api/devices/{device_id}"
CONTACT, ACCOUNT = ADVERTISER + "/contacts/{contact_id}", ADVERTISER + "/bank-accounts/{bank_id}"

# Method, URL, whose object; then the status for each of ROLES, in order.
TABLE = f"""
GET    /api                              any              200 200 200 200 200 200 200
GET    /api/live                         any              200 200 200 200 200 200 200
GET    /api/health                       any              200 200 200 200 200 200 200
GET    /api/openapi.json                 any              200 200 200 200 200 200 200
GET    /api/docs                         any              200 200 200 200 200 200 200
GET    /api/redoc                        any              200 200 200 200 200 200 200
POST   /api/auth/register                any              201 201 201 201 201 201 201
POST   /api/auth/login                   any              200 200 200 200 200 200 200
POST   /api/auth/refresh                 any              200 200 200 200 200 200 200
POST   /api/auth/logout                  own              204 204 204 204 204 204 401
GET    /api/auth/me                      own              200 200 200 200 200 200 401
PATCH  /api/auth/me                      own              200 200 200 200 200 200 401
POST   /api/auth/password                own              204 204 204 204 204 204 401
POST   /api/auth/password/reset          any              200 200 200 200 200 200 200
POST   /api/auth/password/reset/confirm  any              204 204 204 204 204 204 204
POST   /api/auth/email                   own              200 200 200 200 200 200 401
POST   /api/auth/email/confirm           any              204 204 204 204 204 204 204
GET    /api/auth/sessions                own              200 200 200 200 200 200 401
DELETE /api/auth/sessions/{{session_id}} own              204 204 204 204 204 204 401
DELETE /api/auth/sessions/{{session_id}} other            204 204 404 404 404 404 401
DELETE /api/auth/sessions/{{session_id}} system_admin     204 404 404 404 404 404 401
GET    /api/security-events              any              200 200 403 403 403 403 401
GET    /api/meta                         any              200 200 200 200 200 200 401
GET    /api/moderation-queue             any              200 200 403 200 403 403 401
GET    /api/roles                        any              200 200 200 200 200 200 401
GET    /api/audit-log                    any              200 200 403 403 403 403 401

GET    /api/users                        any              200 200 403 403 403 403 401
POST   /api/users                        any              201 201 403 403 403 403 401
GET    /api/users/{{user_id}}            own              200 200 200 200 200 200 401
GET    /api/users/{{user_id}}            other            200 200 404 404 404 404 401
GET    /api/users/{{user_id}}            system_admin     200 404 404 404 404 404 401
PUT    /api/users/{{user_id}}            own              200 200 200 200 200 200 401
PUT    /api/users/{{user_id}}            other            200 200 404 404 404 404 401
PUT    /api/users/{{user_id}}            system_admin     200 404 404 404 404 404 401
PATCH  /api/users/{{user_id}}            own              200 200 200 200 200 200 401
PATCH  /api/users/{{user_id}}            other            200 200 404 404 404 404 401
PATCH  /api/users/{{user_id}}            system_admin     200 404 404 404 404 404 401
PUT    /api/users/{{user_id}}/password   own              403 403 403 403 403 403 401
PUT    /api/users/{{user_id}}/password   other            204 204 403 403 403 403 401
PUT    /api/users/{{user_id}}/password   system_admin     204 404 403 403 403 403 401
DELETE /api/users/{{user_id}}            own              204 403 403 403 403 403 401
DELETE /api/users/{{user_id}}            other            204 403 403 403 403 403 401
DELETE /api/users/{{user_id}}            system_admin     204 403 403 403 403 403 401

GET    {CAMPAIGNS}                       any              200 200 200 200 200 200 401
POST   {CAMPAIGNS}                       any              201 201 201 403 403 403 401
GET    {CAMPAIGNS}/counts                any              200 200 200 200 200 200 401
GET    {CAMPAIGN}                        own              200 200 200 200 200 200 401
GET    {CAMPAIGN}                        other            200 200 200 200 200 200 401
PUT    {CAMPAIGN}                        own              200 200 200 403 403 403 401
PUT    {CAMPAIGN}                        other            200 200 403 403 403 403 401
PATCH  {CAMPAIGN}                        own              200 200 200 403 403 403 401
PATCH  {CAMPAIGN}                        other            200 200 403 403 403 403 401
DELETE {CAMPAIGN}                        own              204 204 204 403 403 403 401
DELETE {CAMPAIGN}                        other            204 204 403 403 403 403 401
GET    {CAMPAIGN}/history                own              200 200 200 200 403 403 401
GET    {CAMPAIGN}/history                other            200 200 200 200 403 403 401
GET    {CAMPAIGN}/ads                    own              200 200 200 200 200 200 401
GET    {CAMPAIGN}/ads                    other            200 200 200 200 200 200 401
POST   {CAMPAIGN}/ads                    own              201 201 201 403 403 403 401
POST   {CAMPAIGN}/ads                    other            201 201 403 403 403 403 401

GET    {ADS}                             any              200 200 200 200 200 200 401
POST   {ADS}                             own              201 201 201 403 403 403 401
POST   {ADS}                             other            201 201 403 403 403 403 401
GET    {ADS}/counts                      any              200 200 200 200 200 200 401
GET    {AD}                              own              200 200 200 200 200 200 401
GET    {AD}                              other            200 200 200 200 200 200 401
PUT    {AD}                              own              200 200 200 403 403 403 401
PUT    {AD}                              other            200 200 403 403 403 403 401
PATCH  {AD}                              own              200 200 200 403 403 403 401
PATCH  {AD}                              other            200 200 403 403 403 403 401
PUT    {AD}/content-rating               own              200 200 200 200 403 403 401
PUT    {AD}/content-rating               other            200 200 403 200 403 403 401
DELETE {AD}                              own              204 204 204 403 403 403 401
DELETE {AD}                              other            204 204 403 403 403 403 401
POST   {AD}/approve                      own              403 403 403 403 403 403 401
POST   {AD}/approve                      other            200 200 403 200 403 403 401
POST   {AD}/reject                       own              200 200 403 200 403 403 401
POST   {AD}/reject                       other            200 200 403 200 403 403 401
GET    {AD}/history                      own              200 200 200 200 403 403 401
GET    {AD}/history                      other            200 200 200 200 403 403 401
GET    {AD}/qr.svg                       other            200 200 200 200 200 200 401

POST   {CAMPAIGN}/shift                  own              200 200 200 403 403 403 401
POST   {CAMPAIGN}/shift                  other            200 200 403 403 403 403 401
POST   {CAMPAIGN}/duplicate              own              201 201 201 403 403 403 401
POST   {CAMPAIGN}/duplicate              other            201 201 201 403 403 403 401
POST   {CAMPAIGN}/publish                own              200 200 200 403 403 403 401
POST   {CAMPAIGN}/publish                other            200 200 403 403 403 403 401
GET    {CAMPAIGN}/readiness              other            200 200 200 200 403 403 401
GET    {CAMPAIGN}/performance            other            200 200 200 200 403 403 401
GET    {DELIVERY}?{HERE}                any              200 200 200 200 200 200 401
GET    {DELIVERY}/explain?{HERE}&ad_id={{ad_id}} other   200 200 200 200 403 403 401
POST   {DELIVERY}/views                 other            403 403 403 403 403 403 401

POST   /api/media                        any              201 201 201 403 403 403 401

GET    {SETS}                            any              200 200 200 200 403 403 401
POST   {SETS}                            any              201 201 201 201 403 403 401
GET    {SET}                             own              200 200 200 200 403 403 401
GET    {SET}                             other            200 200 404 404 403 403 401
POST   {SET}/apply                       own              200 200 200 200 403 403 401
POST   {SET}/apply                       other            200 200 404 404 403 403 401
POST   {SET}/undo                        own              200 200 200 200 403 403 401
POST   {SET}/undo                        other            200 200 404 404 403 403 401

GET    {DEVICES}                         any              200 200 403 403 403 403 401
POST   {DEVICES}                         any              201 201 403 403 403 403 401
GET    {DEVICE}                          other            200 200 403 403 403 403 401
PUT    {DEVICE}                          other            200 200 403 403 403 403 401
PATCH  {DEVICE}                          other            200 200 403 403 403 403 401
DELETE {DEVICE}                          other            204 204 403 403 403 403 401
POST   {DEVICE}/rotate-key               other            200 200 403 403 403 403 401
GET    {DEVICE}/history                  other            200 200 403 403 403 403 401

GET    {ADVERTISERS}                     any              200 200 200 200 403 403 401
POST   {ADVERTISERS}                     any              201 201 201 403 403 403 401
GET    {ADVERTISER}                      own              200 200 200 200 403 403 401
GET    {ADVERTISER}                      other            200 200 200 200 403 403 401
PUT    {ADVERTISER}                      own              200 200 200 403 403 403 401
PUT    {ADVERTISER}                      other            200 200 200 403 403 403 401
PATCH  {ADVERTISER}                      own              200 200 200 403 403 403 401
PATCH  {ADVERTISER}                      other            200 200 200 403 403 403 401
DELETE {ADVERTISER}                      own              204 204 403 403 403 403 401
DELETE {ADVERTISER}                      other            204 204 403 403 403 403 401
GET    {ADVERTISER}/history              other            200 200 200 200 403 403 401
GET    {ADVERTISER}/contacts             other            200 200 200 200 403 403 401
POST   {ADVERTISER}/contacts             other            201 201 201 403 403 403 401
GET    {CONTACT}                         other            200 200 200 200 403 403 401
PUT    {CONTACT}                         other            200 200 200 403 403 403 401
PATCH  {CONTACT}                         other            200 200 200 403 403 403 401
DELETE {CONTACT}                         other            204 204 204 403 403 403 401
GET    {ADVERTISER}/bank-accounts        other            200 200 200 403 403 403 401
POST   {ADVERTISER}/bank-accounts        other            201 201 201 403 403 403 401
GET    {ACCOUNT}                         other            200 200 200 403 403 403 401
PUT    {ACCOUNT}                         other            200 200 200 403 403 403 401
PATCH  {ACCOUNT}                         other            200 200 200 403 403 403 401
DELETE {ACCOUNT}                         other            204 204 204 403 403 403 401
POST   {ACCOUNT}/reveal                  own              200 200 403 403 403 403 401
POST   {ACCOUNT}/reveal                  other            200 200 403 403 403 403 401
"""

# The catch-all that answers other URLs under /api/ with 404 needs no permission.
CATCH_ALL = "no_such_address"

LINES = [line.split() for line in TABLE.splitlines() if line.strip()]


def body_for(method: str, address: str, keys: dict[str, Any], tokens: dict[str, Any]) -> Any:
    """The minimal body that succeeds and changes something."""
    if method in ("GET", "DELETE"):
        return None
    if address == "/api/auth/email/confirm":
        return {"uid": keys["uid"], "token": keys["email_token"]}
    if address == "/api/users/{user_id}/password":
        return {"new_password": "another-long-password-2026"}
    last = address.rsplit("/", 1)[-1]
    if method == "PATCH":
        return CHANGES[last]
    return {
        "register": bodies.user_body(),
        "login": {"username": "anna", "password": PASSWORD},
        "refresh": {"refresh_token": tokens.get("refresh_token")},
        "logout": None,
        "email": None,
        "password": {"current_password": PASSWORD, "new_password": "another-long-password-2026"},
        "reset": {"email": "anna@example.com"},
        "confirm": {"uid": keys["uid"], "token": keys["token"], "new_password": "another-long-password-2026"},
        "users": bodies.user_body(),
        "{user_id}": {"username": "renamed", "email": "renamed@example.com"},
        "campaigns": bodies.campaign_body(),
        "{campaign_id}": bodies.campaign_body(campaign_name="Renamed"),
        "ads": bodies.ad_body(campaign_id=str(keys["campaign_id"])),
        "{ad_id}": bodies.ad_body(ad_name="Renamed"),
        "advertisers": bodies.advertiser_body(),
        "{advertiser_id}": bodies.advertiser_body(advertiser_name="Renamed"),
        "contacts": bodies.contact_body(),
        "{contact_id}": bodies.contact_body(contact_name="Renamed"),
        "bank-accounts": bodies.bank_account_body(),
        "devices": bodies.device_body(),
        "{device_id}": {"fleet": "Renamed"},
        "rotate-key": None,
        "{bank_id}": bodies.bank_account_body(bank_name="Renamed"),
        "content-rating": {"rating_label": "R"},
        "approve": {},
        "reject": {"note": "Too loud"},
        "reveal": None,
        "views": [bodies.view_body()],
        "shift": {"days": 1},
        "duplicate": {},
        "publish": {},
        "media": bodies.upload_body(),
        "change-sets": bodies.change_set_body(),
        "apply": None,
        "undo": None,
    }[last]


CHANGES: dict[str, dict[str, Any]] = {
    "me": {"first_name": "Changed"},
    "{user_id}": {"first_name": "Changed"},
    "{campaign_id}": {"campaign_name": "Changed"},
    "{ad_id}": {"ad_name": "Changed"},
    "{advertiser_id}": {"advertiser_name": "Changed"},
    "{contact_id}": {"contact_name": "Changed"},
    "{bank_id}": {"bank_name": "Changed"},
    "{device_id}": {"fleet": "Changed"},
}


@pytest.mark.parametrize(
    ("method", "address", "whose", "answers"),
    [pytest.param(*line[:3], line[3:], id=" ".join(line[:3])) for line in LINES],
)
def test_each_role_gets_the_status_in_the_table(
    cast: Cast, method: str, address: str, whose: str, answers: list[str]
) -> None:
    UserFactory(username="anna")
    got = {}

    for role in ROLES:
        with transaction.atomic():
            got[role] = ask(cast, method, address, whose, role)
            transaction.set_rollback(True)

    assert got == dict(zip(ROLES, map(int, answers), strict=True))


def ask(cast: Cast, method: str, address: str, whose: str, role: str) -> int:
    """The status for a user in this role. Checks that a refusal changes nothing and a success changes something."""
    actor = cast.in_role("user" if role == "anonymous" else role)
    is_own = whose == "own"
    keys = scene(actor if is_own else cast.colleague)
    target = cast.other_system_admin if whose == "system_admin" else UserFactory(role=RoleName.GUEST)
    keys["user_id"] = actor.pk if is_own else target.pk
    keys["session_id"] = bodies.session_of(actor if is_own else target).pk
    keys["uid"], keys["token"] = bodies.reset_of(target)
    keys["email_token"] = bodies.confirmation_of(target)[1]
    if (method, address, whose) == ("DELETE", "/api/users/{user_id}", "own"):
        # A user who has created something could not be deleted at all.
        Campaign.objects.all().delete()
        Advertiser.objects.all().delete()
        Device.objects.all().delete()
    if address.endswith("/undo"):
        applying.apply(keys["change_set_id"], by=actor if is_own else cast.colleague)
    tokens = bodies.tokens_of(actor)
    client = APIClient() if role == "anonymous" else bodies.bearing(tokens["access_token"])
    body = body_for(method, address, keys, tokens)
    if not isinstance(body, bodies.Form):
        body = bodies.Form(b"" if body is None else json.dumps(body).encode(), "application/json")
    before = bodies.stored()

    answer = bodies.send_bytes(client, method, address.format(**keys), *body)

    after = bodies.stored()
    status = int(answer.status_code)
    assert status < 500, answer.content
    if status >= 400:
        assert after == before, f"{role} gets {status}, but stored rows have changed"
        assert list(answer.json()) == ["detail"]
    else:
        # The control: a permitted request does change something.
        assert (after == before) is (method == "GET" or address.endswith(("/reset", "/email")))
    return status


def test_the_table_is_complete(record_property: Any) -> None:
    lines = [(method, address, whose) for method, address, whose, *_ in LINES]
    cells = len(lines) * len(ROLES)
    record_property("permission_cells", cells)

    assert cells >= 390
    assert len(lines) == len(set(lines))


def routes(patterns: list[Any], prefix: str = "/") -> Iterator[tuple[str, str]]:
    """`("GET", "/api/campaigns/{campaign_id}")` for every route under /api."""
    for entry in patterns:
        text = str(entry.pattern).replace("^", "").replace("$", "")
        if isinstance(entry, URLResolver):
            yield from routes(entry.url_patterns, prefix + text)
        elif isinstance(entry, URLPattern) and getattr(entry.callback, "__name__", "") != CATCH_ALL:
            address = prefix + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", text)
            if not address.startswith("/api"):
                continue
            view: Any = entry.callback
            known = getattr(view, "actions", None) or {
                name: name for name in ("get", "post", "put", "patch", "delete") if hasattr(view.view_class, name)
            }
            yield from ((method.upper(), address) for method in known if method != "head")


def test_every_url_has_a_line() -> None:
    listed = {(method, address.partition("?")[0]) for method, address, *_ in LINES}
    existing = set(routes(get_resolver().url_patterns))

    assert existing - listed == set(), "Add a line for each of these to TABLE."
    assert listed - existing == set(), "These lines name URLs that don't exist."
