"""Whatever a client sends, the response is never a 5xx, and a refusal changes nothing.

The values are sent to every writable field in the serializers, including nested ones, so a new field is covered at
once.
"""

import json
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.exceptions import ValidationError as ModelValidationError
from django.db import transaction
from rest_framework import serializers
from rest_framework.renderers import JSONRenderer
from rest_framework.test import APIClient

from accounts.tests.factories import Cast
from campaign_studio.api.parsers import SIGNED_IN
from campaign_studio.tests import bodies
from campaign_studio.tests.bodies import bearing, tokens_of
from campaign_studio.tests.scenes import scene
from campaign_studio.tests.writes import WRITES, requests, rows

pytestmark = [pytest.mark.django_db, pytest.mark.matrix]

UUID = "00000000-0000-4000-8000-000000000000"
# Values that no field can store, always answered 400.
NEVER: list[Any] = [
    {"a": 1},
    [[[]]],
    [{}],
    "a\x00b",
    "\ud800",
    ["\ud800"],
    {"\ud800": 1},
]
# Values that are valid for some fields and not for others: 400 or a success.
PERHAPS: list[Any] = [
    *[None, True, "", " ", [], {}, ["a"], [None]],
    *[0, -1, 2**31, 2**63, 10**40, 1.5, 1e308],
    *["0000-01-01", "10000-01-01", "2026-02-30", "9999-12-31", "24:00", "-1:00"],
    *["true", "1", "１", "1e5", "NaN", "1" * 5000, UUID, "{" + UUID + "}"],
    *["<script>alert(1)</script>", "'; DROP TABLE users; --", "%s%d{0}{}", "\u202e", "\r\n\t", "\ufeff"],
    *["http://[", "http://a:99999999/", "javascript:1", "https://exa mple.com/", "a@" + "b" * 300 + ".c"],
    *["x" * 20_000, "𝄞" * 300, "••••", "+" * 50, "DE" + "0" * 32],
]


@pytest.fixture
def world(cast: Cast) -> dict[str, Any]:
    """One object of each kind, by its key."""
    return scene(cast.owner) | {"user_id": cast.user.pk}


@pytest.fixture
def client(cast: Cast) -> APIClient:
    """A client that may do everything."""
    return bearing(tokens_of(cast.system_admin)["access_token"])


NESTED = {"contacts": bodies.contact_body(), "audience_targeting": {"region": "Asia", "country": "JP"}}


def writable(kind: str) -> list[str]:
    return [name for name, field in WRITES[kind][0]().fields.items() if not field.read_only]


def nested(kind: str) -> Iterator[tuple[str, str, bool]]:
    """The fields of nested rows: the name of the row, the name of the field, and whether the rows are a list."""
    for name, field in WRITES[kind][0]().fields.items():
        rows = getattr(field, "child", field)
        if isinstance(rows, serializers.Serializer) and not field.read_only:
            yield from ((name, inner, rows is not field) for inner, one in rows.fields.items() if not one.read_only)


FIELDS = [pytest.param(kind, name, id=f"{kind}: {name}") for kind in WRITES for name in writable(kind)]
INNER = [pytest.param(kind, *place, id=f"{kind}: {place[0]}.{place[1]}") for kind in WRITES for place in nested(kind)]


def send(client: APIClient, method: str, address: str, body: Any) -> int:
    """The status of one hostile request, which is rolled back. Only a success or a plain refusal is allowed."""
    before = rows()
    with transaction.atomic():
        answer = client.generic(method, address, json.dumps(body), content_type="application/json")
        shown = f"{method} {address} {json.dumps(body)[:300]} → {answer.status_code} {answer.content[:300]!r}"
        assert answer.status_code in (200, 201, 400, 412), shown
        assert isinstance(answer.json(), dict), shown
        assert answer.status_code < 400 or rows() == before, shown
        transaction.set_rollback(True)
    return int(answer.status_code)


def field_codes(field: serializers.Field[Any, Any, Any, Any], value: Any) -> str:
    """The codes with which the field refuses a value, or nothing. Any other exception fails the test.

    "" is skipped where it means null, because the serializer converts it before the field sees it.
    """
    if value == "" and field.allow_null:
        return ""
    try:
        field.run_validation(value)
    except serializers.SkipField:
        # Sending the mask back leaves the value unchanged.
        return ""
    except serializers.ValidationError as error:
        JSONRenderer().render(error.detail)
        return str(error.get_codes())
    except ModelValidationError as error:
        # Serializers answer it like their own.
        return str([one.code for one in error.error_list])
    return ""


def attack(
    client: APIClient, field: serializers.Field[Any, Any, Any, Any], offers: Callable[[Any], list[tuple[str, str, Any]]]
) -> int:
    """Validate every odd value by the field, send those that differ to the server, and return how many were sent.

    Values that no field can store, and the first value of each kind of refusal, are sent by each request that can
    contain them. A value that the field accepts is sent once, by the requests in turn: they all treat it alike.
    """
    sent = 0
    seen = set()
    for value in NEVER:
        for request in offers(value):
            assert send(client, *request) == 400, request
            sent += 1
    for turn, value in enumerate(PERHAPS):
        refusal = field_codes(field, value)
        requests = offers(value)
        if not refusal:
            requests = [requests[turn % len(requests)]]
        elif refusal in seen:
            requests = []
        for request in requests:
            assert send(client, *request) == 400 or not refusal, request
        seen.add(refusal)
        sent += len(requests)
    return sent


@pytest.mark.parametrize(("kind", "name"), FIELDS)
def test_no_value_of_any_field_causes_an_error(
    kind: str, name: str, cast: Cast, world: dict[str, Any], client: APIClient, record_property: Any
) -> None:
    field = WRITES[kind][0](context={"request": SimpleNamespace(user=cast.system_admin)}).fields[name]

    sent = attack(client, field, lambda value: list(requests(kind, world, {name: value})))

    record_property("hostile_inputs", sent)


@pytest.mark.parametrize(("kind", "rows_name", "name", "is_list"), INNER)
def test_no_value_of_any_nested_field_causes_an_error(
    kind: str,
    rows_name: str,
    name: str,
    is_list: bool,
    cast: Cast,
    world: dict[str, Any],
    client: APIClient,
    record_property: Any,
) -> None:
    outer: Any = WRITES[kind][0](context={"request": SimpleNamespace(user=cast.system_admin)}).fields[rows_name]
    field = (outer.child if is_list else outer).fields[name]

    def offers(value: Any) -> list[tuple[str, str, Any]]:
        row = {**NESTED.get(rows_name, {}), name: value}
        return list(requests(kind, world, {rows_name: [row] if is_list else row}))

    record_property("hostile_inputs", attack(client, field, offers))


@pytest.mark.parametrize("kind", WRITES)
@pytest.mark.parametrize("length", [1_000_000, 10_000_000])
def test_a_text_of_megabytes_is_refused_by_field_or_as_too_large(
    kind: str, length: int, world: dict[str, Any], client: APIClient, record_property: Any
) -> None:
    sent = 0
    texts = [
        name
        for name, field in WRITES[kind][0]().fields.items()
        if not field.read_only and isinstance(field, serializers.CharField)
    ][:4]

    for name in texts:
        for method, address, body in requests(kind, world, {name: "x" * length}):
            with transaction.atomic():
                answer = client.generic(method, address, json.dumps(body), content_type="application/json")
                transaction.set_rollback(True)
            sent += 1
            # Nothing is known about a client that registers.
            fits = kind == "campaign" or (length < SIGNED_IN.size and kind != "registration")
            assert answer.status_code == (400 if fits else 413), (method, address, name)
            assert name in answer.json() or not fits
            assert len(answer.content) < 10_000, "the answer must not send it all back"

    record_property("hostile_inputs", sent)
