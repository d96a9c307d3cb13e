"""Hostile bodies, parameters and headers are never answered with a 5xx, and a refusal changes nothing."""

import json
from typing import Any

import pytest
from django.db import transaction
from rest_framework.test import APIClient

from accounts.tests.factories import Cast
from campaign_studio.tests import bodies
from campaign_studio.tests.bodies import bearing, send_bytes, tokens_of
from campaign_studio.tests.scenes import scene
from campaign_studio.tests.writes import WRITES, requests, rows

pytestmark = [pytest.mark.django_db, pytest.mark.matrix]


BODIES = [
    b"",
    b"[]",
    b"1",
    b"null",
    b'""',
    b"true",
    b"not json",
    b"\x00",
    b"\xff\xfe",
    b"{" * 50_000,
    b"[" * 50_000,
    b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    b'{"a": 1, "a": 2}',
    b'{"a": NaN}',
    b'{"a": Infinity}',
    b'{"a": -Infinity}',
    b'{"a": 1e999}',
    b'{"a": -1e999}',
    b'{"a": 1' + b"0" * 5_000 + b"}",
    rb'{"\ud800": 1}',
    rb'{"a": "\udc00"}',
    rb'{"\u0000": 1}',
    b'{"__proto__": 1}',
    b'{"pk": 1, "id": 2, "_state": 3, "save": 4}',
]


@pytest.fixture
def world(cast: Cast) -> dict[str, Any]:
    """One object of each kind, by its key."""
    return scene(cast.system_admin) | {"user_id": cast.user.pk}


@pytest.fixture
def client(cast: Cast) -> APIClient:
    """A client that may do everything."""
    return bearing(tokens_of(cast.system_admin)["access_token"])


@pytest.mark.parametrize("kind", WRITES)
def test_no_body_causes_an_error(kind: str, world: dict[str, Any], client: APIClient, record_property: Any) -> None:
    sent = 0
    before = rows()

    for body in BODIES:
        for method, address, _ in requests(kind, world, {}):
            with transaction.atomic():
                answer = send_bytes(client, method, address, body)
                # An empty body is a change of nothing, or of what has a default, such as an approval without a note.
                harmless = body == b"" and (method == "PATCH" or kind in ("approval", "copy", "publication"))
                assert answer.status_code in (400, 413) or harmless, (method, address, body[:50], answer.content[:200])
                assert rows() == before or harmless
                transaction.set_rollback(True)
            sent += 1

    record_property("hostile_inputs", sent)


QUERY_VALUES = [
    ",,",
    "-",
    "--",
    "?",
    "a,b,c",
    "1,2",
    "*",
    "__",
    "password",
    "user__password",
    "%E2%80%AE",
    "00000000-0000-4000-8000-000000000000",
    "DE",
    "active",
    "",
    "%00",
    "a%00b",
    "%ED%A0%80",
    "%FF",
    "-1",
    "0",
    "1.5",
    "99999999999999999999",
    "NaN",
    "%25",
    "_",
    "(",
]
LISTS = {
    "/api/campaigns": "campaign_status advertiser_id campaign_created_by_id country city running_on "
    "campaign_start_date_after campaign_start_date_before campaign_end_date_after campaign_end_date_before search",
    "/api/ads": "campaign_id ad_type_id ad_status media_type moderation_status search",
    "/api/campaigns/{campaign_id}/ads": "ad_type_id ad_status media_type moderation_status search",
    "/api/campaigns/{campaign_id}/history": "actor field from to",
    "/api/campaigns/{campaign_id}": "as_of",
    "/api/ads/{ad_id}": "as_of",
    "/api/advertisers/{advertiser_id}": "as_of",
    "/api/advertisers": "advertiser_type country city search",
    "/api/advertisers/{advertiser_id}/contacts": "",
    "/api/advertisers/{advertiser_id}/bank-accounts": "",
    "/api/devices": "fleet is_active search",
    "/api/devices/{device_id}": "as_of",
    "/api/users": "role is_active search",
    "/api/roles": "",
    "/api/audit-log": "actor resource_type resource_id action from to",
}
# These take several values, and so may be sent twice.
SEVERAL = {"campaign_status", "ad_status"}
EVERYWHERE = ["page", "page_size", "ordering", "nonsense", "password", "campaign_name__regex", "%00", "%FF", "a%5Bb%5D"]


@pytest.mark.parametrize("address", LISTS)
def test_no_parameter_causes_an_error(
    address: str, world: dict[str, Any], client: APIClient, record_property: Any
) -> None:
    sent = 0
    names = [*LISTS[address].split(), *EVERYWHERE]

    for name in names:
        for value in QUERY_VALUES:
            for query in (f"{name}={value}", f"{name}={value}&{name}={value}"):
                answer = client.get(f"{address.format(**world)}?{query.replace('?', '%3F')}")
                sent += 1
                assert answer.status_code in (200, 400, 404), (query, answer.content[:200])
                if "&" in query and name not in SEVERAL:
                    assert answer.status_code == 400, query
                if answer.status_code == 400:
                    assert len(answer.json()) == 1, answer.content
                if name not in LISTS[address].split() and name not in ("page", "page_size", "ordering"):
                    assert answer.status_code == 400, query

    record_property("hostile_inputs", sent)


HEADERS = {
    "HTTP_X_FORWARDED_FOR": ["unknown", "1.2.3.4, ::1", "\x00", "x" * 5000, "'", "[::1]:80"],
    "HTTP_X_FORWARDED_PORT": ["http", "-1", "99999999"],
    "HTTP_X_FORWARDED_PROTO": ["gopher", "https, http"],
    "HTTP_X_FORWARDED_HOST": ["evil.example.com", "a b"],
    "HTTP_X_REQUEST_ID": ["x" * 300, "\x00", "ÿ", "a b", "'"],
    "HTTP_ACCEPT_LANGUAGE": ["x" * 5000, "\x00", "de;q=NaN"],
    "HTTP_ACCEPT": ["x/" + "y" * 5000, "\x00", ";;;,,,"],
    "HTTP_ORIGIN": ["null", "http://[", "\x00"],
    "HTTP_COOKIE": ["sessionid=\x00", "csrftoken=" + "x" * 5000, "=;=;"],
    "HTTP_USER_AGENT": ["\x00", "ÿ" * 500, "x" * 5000],
    "HTTP_IF_MODIFIED_SINCE": ["yesterday", "Thu, 01 Jan 99999 00:00:00 GMT"],
    "HTTP_CONTENT_ENCODING": ["identity", "\x00"],
    "HTTP_X_HTTP_METHOD_OVERRIDE": ["DELETE"],
}


@pytest.mark.parametrize("header", HEADERS)
def test_no_header_causes_an_error(header: str, world: dict[str, Any], client: APIClient, record_property: Any) -> None:
    sent = 0
    login = json.dumps({"username": "user", "password": "correct horse battery staple"})

    for value in HEADERS[header]:
        extra: dict[str, Any] = {header: value}
        with transaction.atomic():
            read = client.get("/api/campaigns", **extra)
            write = client.generic(
                "POST", "/api/campaigns", json.dumps(bodies.campaign_body()), "application/json", **extra
            )
            signed = APIClient().generic("POST", "/api/auth/login", login, "application/json", **extra)
            transaction.set_rollback(True)
        sent += 3
        answers = (read.status_code, write.status_code, signed.status_code)
        # Servers refuse null bytes in headers. If one doesn't, they are refused before they are stored.
        assert answers == (200, 201, 200) or ("\x00" in value and max(answers) == 400), (header, value)

    record_property("hostile_inputs", sent)
