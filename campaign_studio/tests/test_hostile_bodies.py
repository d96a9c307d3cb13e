"""Mutated bodies, headers and query strings at every endpoint that writes. No answer is a 5xx or large.

The mutations are the same in each run.
"""

import json
import random
from typing import Any

import pytest
from django.db import transaction

from accounts.tests.factories import PASSWORD, Cast
from ads.tests.delivery_scene import showing
from ads.tests.screens import car, driving, view
from campaign_studio.tests.bodies import bearing, session_of, tokens_of
from campaign_studio.tests.scenes import scene
from campaign_studio.tests.test_hostile_input import NEVER, PERHAPS
from campaign_studio.tests.test_hostile_requests import HEADERS, QUERY_VALUES
from campaign_studio.tests.test_openapi import ADDRESSES
from campaign_studio.tests.writes import WRITES, rows

pytestmark = [pytest.mark.django_db, pytest.mark.matrix]

# How many requests each endpoint gets. A deletion has no body to read.
EACH = {"POST": 300, "PUT": 300, "PATCH": 300, "DELETE": 60}
LARGEST_ANSWER = 100_000
WRITING = {"post", "put", "patch", "delete"}
OPERATIONS = [
    (method.upper(), address)
    for address, *methods in map(str.split, ADDRESSES.strip().splitlines())
    for method in methods
    if method in WRITING
]
# Valid values of the endpoints without a line in WRITES, each of which takes some of them.
OTHERS: dict[str, Any] = {
    "username": "user",
    "password": PASSWORD,
    "new_password": PASSWORD,
    "current_password": PASSWORD,
    "email": "a@example.com",
    "refresh_token": "x",
    "uid": "x",
    "token": "x",
    "otp_token": "123456",
    "rating_system": "MPAA",
    "rating_label": "PG",
    "content_warnings": [],
    "no_prohibited_content": True,
}
PARTS = [b'{"a":1}', b"[]", b"{}", b'"', b"\\", b"\\u0000", rb"\ud800", b"\xff", b"\x00", b"1e999", b"NaN", b"-", b","]
TYPES = ["application/json", "application/json; charset=utf-8", "application/JSON;v=1", "text/plain", ""]


def valid_body(address: str) -> dict[str, Any]:
    """What the endpoint accepts, as far as it is known here."""
    for _serializer, body, *addresses in WRITES.values():
        if address in addresses:
            return {**body()}
    return {**OTHERS}


def mutated(body: Any, chance: random.Random) -> bytes:
    """The body with some values replaced, removed, repeated or nested, and some bytes changed."""
    values = [*NEVER, *PERHAPS]
    for _turn in range(chance.randint(0, 3)):
        name = chance.choice([*body, "colour", "\ud800", "__proto__"])
        value = chance.choice(values)
        body = {**body, name: chance.choice([value, [value] * chance.randint(1, 30), {name: value}])}
        if chance.random() < 0.3:
            body.pop(chance.choice(list(body)))
    sent = json.dumps(body).encode()
    if chance.random() < 0.2:
        sent = sent[:-1] + b"," + sent[1:]
    for _turn in range(chance.choice([0, 0, 0, 1, 2])):
        place = chance.randint(0, len(sent))
        sent = sent[:place] + chance.choice(PARTS) * chance.choice([1, 1, 30]) + sent[place + chance.randint(0, 9) :]
    return sent


def extras(chance: random.Random) -> dict[str, Any]:
    """A hostile header and an odd media type, now and then."""
    headers = {} if chance.random() < 0.7 else {(name := chance.choice(list(HEADERS))): chance.choice(HEADERS[name])}
    return {"content_type": chance.choice(TYPES if chance.random() < 0.1 else TYPES[:1]), **headers}


def attack(client: Any, method: str, address: str, body: Any, record_property: Any) -> None:
    """Send mutations, each of which is rolled back, and record their number."""
    chance = random.Random(f"{method} {address}")  # noqa: S311 - the same in each run
    before = rows()
    for _turn in range(EACH[method]):
        sent = mutated(body, chance)
        if "impression" in body:
            sent = b"[" + sent + b"]"
        query = "" if chance.random() < 0.9 else f"?q={chance.choice(QUERY_VALUES)}".replace("?q=?", "?q=%3F")
        with transaction.atomic():
            answer = client.generic(method, address + query, sent, **extras(chance))
            transaction.set_rollback(True)
        shown = (method, address + query, sent[:300], answer.status_code, answer.content[:300])
        assert answer.status_code < 500, shown
        assert len(answer.content) < LARGEST_ANSWER, shown
        assert answer.status_code == 204 or isinstance(json.loads(answer.content), dict), shown
    assert rows() == before
    record_property("hostile_inputs", EACH[method])


@pytest.mark.parametrize(("method", "address"), OPERATIONS, ids=map(" ".join, OPERATIONS))
def test_no_mutated_request_causes_an_error(method: str, address: str, cast: Cast, record_property: Any) -> None:
    if address == "/api/delivery/views":
        body = view(showing(), duration_seconds=1)
        attack(driving(car()), method, address, body, record_property)
        return
    keys = scene(cast.system_admin) | {"user_id": cast.user.pk, "session_id": session_of(cast.user).pk}
    client = bearing(tokens_of(cast.system_admin)["access_token"])

    attack(client, method, address.format(**keys), valid_body(address), record_property)
