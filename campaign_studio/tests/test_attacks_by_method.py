"""Unknown methods and methods disguised as others, at every URL and in every role."""

from typing import Any

import pytest
from django.db import transaction
from django.urls import get_resolver

from accounts.tests.factories import Cast
from campaign_studio.tests import bodies
from campaign_studio.tests.attackers import EVERY_ROLE, NOWHERE, client_of, refused, send
from campaign_studio.tests.bodies import stored
from campaign_studio.tests.scenes import scene
from campaign_studio.tests.test_permission_table import routes

pytestmark = [pytest.mark.django_db, pytest.mark.matrix]

KNOWN: dict[str, set[str]] = {}
for known_method, known_address in routes(get_resolver().url_patterns):
    KNOWN.setdefault(known_address, set()).add(known_method)
# The documentation has formats of its own and reads no data.
DOCUMENTS = {"/api/openapi.json", "/api/docs", "/api/redoc"}
RESOURCES = [address for address in KNOWN if address not in DOCUMENTS]
OPEN = {
    *DOCUMENTS,
    *["/api", "/api/live", "/api/health", "/api/auth/register", "/api/auth/login", "/api/auth/refresh"],
    *["/api/auth/password/reset", "/api/auth/password/reset/confirm", "/api/auth/email/confirm"],
}
ROLES = ["anonymous", *EVERY_ROLE]
WRITING = ["POST", "PUT", "PATCH", "DELETE"]
ODD = ["TRACE", "CONNECT", "PROPFIND", "QUERY", "FOO"]
OVERRIDES = ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"]
WHOLE = ["/api/campaigns/{campaign_id}", "/api/ads/{ad_id}", "/api/advertisers/{advertiser_id}", "/api/users/{user_id}"]


@pytest.fixture
def keys(cast: Cast) -> dict[str, Any]:
    """The key of one object of each kind, and the other values that URLs contain."""
    return scene(cast.campaign_manager) | {"user_id": cast.user.pk, "session_id": NOWHERE}


def assert_is_plain_error(answer: Any, status: int, where: Any) -> None:
    """The response is a JSON error with a single message."""
    assert answer.status_code == status, (where, answer.status_code, answer.content[:200])
    assert answer["Content-Type"] == "application/json", where
    assert list(answer.json()) == ["detail"], where


def requires_signing_in(role: str, address: str) -> bool:
    """Whether the role has no user and the URL requires one."""
    return role == "anonymous" and address not in OPEN


@pytest.mark.parametrize("address", RESOURCES)
def test_head_is_answered_like_get_without_a_body(cast: Cast, keys: dict[str, Any], address: str) -> None:
    clients = {role: client_of(cast, role) for role in ROLES}
    before = stored()

    for role, client in clients.items():
        for one in (address.format(**keys), address.format(**dict.fromkeys(keys, NOWHERE))):
            got, head = send(client, "GET", one), send(client, "HEAD", one)
            assert (head.status_code, head.content) == (got.status_code, b""), role
            assert head["Content-Type"] == got["Content-Type"], role
            assert "GET" in KNOWN[address] or got.status_code in (401, 405), role

    assert stored() == before


@pytest.mark.parametrize("address", RESOURCES)
def test_options_reveal_nothing(cast: Cast, keys: dict[str, Any], address: str) -> None:
    clients = {role: client_of(cast, role) for role in ROLES}
    before = stored()

    for role, client in clients.items():
        there, nowhere = (
            send(client, "OPTIONS", one, {"campaign_name": "x"})
            for one in (address.format(**keys), address.format(**dict.fromkeys(keys, NOWHERE)))
        )

        if requires_signing_in(role, address):
            assert_is_plain_error(there, 401, role)
        else:
            assert (there.status_code, there.content) == (204, b""), role
            assert KNOWN[address] <= set(there["Allow"].split(", ")), role
        assert (there.content, there.headers.get("Allow")) == (nowhere.content, nowhere.headers.get("Allow")), role

    assert stored() == before


@pytest.mark.parametrize("address", RESOURCES)
def test_an_unknown_method_is_refused(cast: Cast, keys: dict[str, Any], address: str) -> None:
    clients = {role: client_of(cast, role) for role in ROLES}
    before = stored()

    for role, client in clients.items():
        for method in [*ODD, *(one for one in WRITING if one not in KNOWN[address])]:
            answer = send(client, method, address.format(**keys), {"note": "x"})
            assert_is_plain_error(answer, 401 if requires_signing_in(role, address) else 405, (role, method))

    assert stored() == before


@pytest.mark.parametrize("address", sorted(DOCUMENTS))
@pytest.mark.parametrize("method", [*WRITING, *ODD])
def test_the_documentation_is_read_only(cast: Cast, address: str, method: str) -> None:
    assert_is_plain_error(refused(client_of(cast, "system_admin"), method, address, {}), 405, method)


@pytest.mark.parametrize("address", RESOURCES)
def test_no_header_turns_a_read_into_a_write(cast: Cast, keys: dict[str, Any], address: str) -> None:
    one = address.format(**keys)
    clients = {role: client_of(cast, role) for role in ROLES}
    before = stored()

    for role, client in clients.items():
        plain = send(client, "GET", one).status_code
        for method in WRITING:
            overrides = dict.fromkeys(OVERRIDES, method)
            answer = send(client, "GET", one, bodies.campaign_body(campaign_name="Taken over"), **overrides)
            assert answer.status_code == plain, (role, method)

    assert stored() == before


@pytest.mark.parametrize("way", [*OVERRIDES, "query", "body", "form"])
@pytest.mark.parametrize("address", WHOLE)
def test_a_post_to_an_object_does_not_delete_or_change_it(
    cast: Cast, keys: dict[str, Any], address: str, way: str
) -> None:
    clients = {role: client_of(cast, role) for role in ROLES}
    before = stored()

    for role, client in clients.items():
        for method in ("DELETE", "PATCH", "PUT"):
            answer = post_as(client, method, way, address.format(**keys), {"ad_name": "Taken over"})
            assert answer.status_code == (401 if role == "anonymous" else 405), (role, method)

    assert stored() == before


def post_as(client: Any, method: str, way: str, address: str, body: dict[str, Any]) -> Any:
    """A POST that asks to be treated as another method."""
    if way == "form":
        return client.generic("POST", address, f"_method={method}", "application/x-www-form-urlencoded")
    query = f"?_method={method}" if way == "query" else ""
    sent = body | ({"_method": method} if way == "body" else {})
    return send(client, "POST", address + query, sent, **({way: method} if way in OVERRIDES else {}))


@pytest.mark.parametrize("way", [*OVERRIDES, "query", "body"])
@pytest.mark.parametrize(
    ("address", "body"),
    [
        ("/api/campaigns", bodies.campaign_body()),
        ("/api/advertisers", bodies.advertiser_body()),
        ("/api/users", bodies.user_body()),
        ("/api/campaigns/{campaign_id}/ads", bodies.ad_body()),
        ("/api/advertisers/{advertiser_id}/contacts", bodies.contact_body()),
        ("/api/devices", bodies.device_body()),
    ],
)
def test_a_post_to_a_list_stays_a_post(
    cast: Cast, keys: dict[str, Any], way: str, address: str, body: dict[str, Any]
) -> None:
    client = client_of(cast, "system_admin")
    before = stored()

    for method in ("DELETE", "PATCH", "GET"):
        with transaction.atomic():
            answer = post_as(client, method, way, address.format(**keys), body)
            assert answer.status_code == (201 if way in OVERRIDES else 400)
            assert way in OVERRIDES or list(answer.json()) == ["_method"]
            left = stored()
            assert all(len(left[label]) >= len(rows) for label, rows in before.items())
            transaction.set_rollback(True)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("method", ["delete", "Delete", "patch"])
def test_a_method_in_lower_case_needs_the_same_permission(
    cast: Cast, keys: dict[str, Any], role: str, method: str
) -> None:
    client = client_of(cast, role)
    address = f"/api/campaigns/{keys['campaign_id']}"

    with transaction.atomic():
        by_the_book = send(client, method.upper(), address, {"campaign_name": "Other"}).status_code
        transaction.set_rollback(True)
    before = stored()
    answer = send(client, method, address, {"campaign_name": "Other"})

    assert answer.status_code == by_the_book
    assert by_the_book < 400 or stored() == before
