"""Bodies are limited by length before they are read, and by their contents before anything is built from them."""

import time
import tracemalloc
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import Client, RequestFactory
from rest_framework.exceptions import APIException, ParseError
from rest_framework.request import Request
from rest_framework.test import APIClient

from accounts.models import User
from accounts.tests.factories import Cast
from campaign_studio.api.parsers import (
    ANONYMOUS,
    LARGE,
    MOST_KEYS,
    MOST_PARTS,
    SIGNED_IN,
    BodyLimits,
    BodyTooLarge,
    StrictJSONParser,
)
from campaign_studio.tests.bodies import bearing, send_bytes, tokens_of
from campaigns.tests.factories import CampaignFactory

ClientFor = Callable[[User | None], APIClient]
LIMITS = [ANONYMOUS, SIGNED_IN, LARGE]


class Unread(BytesIO):
    """A body that fails the test when it is read."""

    def read(self, size: int | None = -1) -> bytes:
        """Fail."""
        raise AssertionError("The body was read.")


class Place:
    """A view with these limits."""

    def __init__(self, limits: BodyLimits) -> None:
        self.body_limits = limits


def context(limits: BodyLimits, length: str = "") -> dict[str, Any]:
    """The context of a request with a token (unless the limits are those without), and this `Content-Length`."""
    request = Request(RequestFactory().post("/"))
    request.user = User() if limits is not ANONYMOUS else AnonymousUser()
    request._request.META["CONTENT_LENGTH"] = length
    return {"request": request, "view": Place(limits)}


def parse(body: bytes, limits: BodyLimits = SIGNED_IN) -> Any:
    return StrictJSONParser().parse(BytesIO(body), parser_context=context(limits, str(len(body))))


def text_of(size: int) -> bytes:
    """A body of this many bytes."""
    return b'{"a": "' + b"x" * (size - 9) + b'"}'


@pytest.mark.parametrize("limits", LIMITS)
def test_a_body_may_be_as_long_as_its_limit(limits: BodyLimits) -> None:
    assert len(parse(text_of(limits.size), limits)["a"]) == limits.size - 9

    with pytest.raises(BodyTooLarge):
        parse(text_of(limits.size + 1), limits)


@pytest.mark.parametrize("limits", LIMITS)
@pytest.mark.parametrize("length", ["{over}", "99999999999999999999", "9" * 5000, "0{over}"])
def test_a_body_that_says_to_be_longer_is_refused_unread(limits: BodyLimits, length: str) -> None:
    said = length.format(over=limits.size + 1)

    with pytest.raises(BodyTooLarge):
        StrictJSONParser().parse(Unread(), parser_context=context(limits, said))


@pytest.mark.parametrize("limits", LIMITS)
@pytest.mark.parametrize("length", ["", "0", "-1", "nonsense", "²"])
def test_of_a_body_without_a_length_no_more_than_the_limit_is_read(limits: BodyLimits, length: str) -> None:
    stream = BytesIO(text_of(2 * LARGE.size))

    with pytest.raises(BodyTooLarge):
        StrictJSONParser().parse(stream, parser_context=context(limits, length))

    assert stream.tell() == limits.size + 1


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        (ANONYMOUS, "The body is larger than 64.0\xa0KB, the limit without a token. Sign in first."),
        (SIGNED_IN, "The body is larger than 1.0\xa0MB. Split the request."),
        (LARGE, "The body is larger than 12.0\xa0MB. Split the request."),
    ],
)
def test_the_limit_is_named(limits: BodyLimits, message: str) -> None:
    assert BodyTooLarge(limits).detail == message


@pytest.mark.django_db
def test_a_valid_token_raises_the_limit_and_campaigns_have_the_highest(cast: Cast, client_for: ClientFor) -> None:
    token = tokens_of(cast.owner)["access_token"]
    campaign = CampaignFactory(campaign_created_by=cast.owner)

    def status(client: Any, method: str, address: str, size: int) -> int:
        return int(send_bytes(client, method, address, text_of(size)).status_code)

    for client in (client_for(None), bearing("nonsense"), bearing(token + "x")):
        assert status(client, "POST", "/api/auth/login", ANONYMOUS.size) == 400
        assert status(client, "POST", "/api/auth/login", ANONYMOUS.size + 1) == 413
    assert status(bearing("nonsense"), "POST", "/api/campaigns", ANONYMOUS.size + 1) == 401
    # A token isn't looked at where none is needed.
    assert status(bearing(token), "POST", "/api/auth/login", ANONYMOUS.size + 1) == 413
    for address in ("/api/ads", "/api/advertisers", f"/api/campaigns/{campaign.pk}/ads"):
        assert status(bearing(token), "POST", address, SIGNED_IN.size) == 400
        assert status(bearing(token), "POST", address, SIGNED_IN.size + 1) == 413
    for method, address in (("POST", "/api/campaigns"), ("PATCH", f"/api/campaigns/{campaign.pk}")):
        assert status(bearing(token), method, address, LARGE.size) == 400
        assert status(bearing(token), method, address, LARGE.size + 1) == 413


@pytest.mark.django_db
def test_forms_of_the_console_are_limited_before_they_are_read() -> None:
    client = Client()
    headers = {"CONTENT_LENGTH": str(2_621_441), "wsgi.input": Unread()}

    for address in ("/admin/login/", "/admin/password_reset/", "/nothing"):
        answer = client.post(address, **headers)  # type: ignore[arg-type]
        assert answer.status_code == 413
        assert answer.json()["detail"] == "The form is larger than 2.5 MB. Send less at once."


# --- Contents --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("limits", LIMITS)
def test_the_number_of_values_is_limited(limits: BodyLimits) -> None:
    assert len(parse(b'{"a":[' + b"0," * (limits.values - 1) + b"0]}", limits)["a"]) == limits.values

    with pytest.raises(ParseError) as refused:
        parse(b'{"a":[' + b"0," * limits.values + b"0]}", limits)
    assert refused.value.get_codes() == "too_many_values"


def test_the_number_of_keys_lists_and_objects_is_limited() -> None:
    for one in (b"[],", b"{},"):
        assert parse(b'{"a":[' + one * (MOST_PARTS - 4) + b"[]]}")
    with pytest.raises(ParseError) as refused:
        parse(b'{"a":[' + b"[" * MOST_PARTS)
    assert refused.value.get_codes() == "too_many_values"


def test_the_number_of_keys_of_one_object_is_limited() -> None:
    def body(count: int) -> bytes:
        return b'{"a":{' + b",".join(b'"k%d":0' % number for number in range(count)) + b"}}"

    assert len(parse(body(MOST_KEYS))["a"]) == MOST_KEYS
    with pytest.raises(ParseError) as refused:
        parse(body(MOST_KEYS + 1))
    assert refused.value.detail == "An object in the body has more than 1000 keys."


@pytest.mark.parametrize("text", [r",:[{", r"\\", r"\"", r"\\\",", '", ["'])
def test_characters_within_strings_are_no_values(text: str) -> None:
    long = text * 30_000 if '", [' not in text else r"\", [" * 30_000
    body = ('{"a": "' + long + '"}').encode()

    assert len(body) < SIGNED_IN.size
    assert list(parse(body)) == ["a"]


# --- Cost ------------------------------------------------------------------------------------------------------------


def good(limits: BodyLimits) -> bytes:
    """An accepted body of the full length, with as many values as permitted."""
    count = min(limits.values - 10, (limits.size - 100) // 5)
    each = (limits.size - 100) // count - 3
    body = b'{"a":[' + (b'"' + b"x" * each + b'",') * count + b'""]}'
    return body.ljust(limits.size)


def hostile(limits: BodyLimits) -> dict[str, bytes]:
    """Refused bodies of the full length."""
    size = limits.size

    def filled(start: bytes, part: bytes, end: bytes = b"") -> bytes:
        return (start + part * ((size - len(start) - len(end)) // len(part)) + end).ljust(size)

    keys = b",".join(b'"k%07d":0' % number for number in range((size - 20) // 13))
    few = b",".join(b'"k%03d":0' % number for number in range(MOST_KEYS - 1))
    return {
        "keys with a duplicate": (b"{" + keys + b',"k0000000":0}').ljust(size),
        "a thousand keys with a duplicate": (b"{" + few + b',"k998":0}').ljust(size),
        "objects with a duplicate": filled(b'{"a":[', b'{"b":1,"b":2},', b"0]}"),
        "nested lists": filled(b'{"a":', b"["),
        "nested objects": filled(b"", b'{"a":'),
        "empty lists": filled(b'{"username":[', b"[],", b"[]]}"),
        "empty objects": filled(b'{"username":[', b"{},", b"{}]}"),
        "zeros": filled(b'{"a":[', b"0,", b"0]}"),
        "cities": filled(b'{"a":[', b'"ab",', b"NaN]}"),
        "a number": filled(b'{"a":', b"1", b"}"),
        "a fraction": filled(b'{"a":0.', b"1", b"e999}"),
        "large numbers": filled(b'{"a":[', b"1e999,", b"0]}"),
        "lone surrogates": filled(b'{"a":[', rb'"\ud800",', b"0]}"),
        "a text of surrogates": filled(b'{"a":"', rb"\ud800", b'"}'),
        "no end": filled(b'{"a":"', rb"\"", b""),
        "quotes": filled(b'{"a":', b'"'),
        "backslashes": filled(b'{"a":"', b"\\"),
        "commas in strings": filled(b'{"a":["', b",[:{", b'",NaN]}'),
        "another list": filled(b"[", b'"ab",', b"0]"),
    }


def cpu(parsed: Callable[[], Any]) -> float:
    """The least of several measurements of CPU time, in seconds."""
    found = []
    for _turn in range(5):
        start = time.process_time()
        parsed()
        found.append(time.process_time() - start)
    return min(found)


def memory(parsed: Callable[[], Any]) -> int:
    """The peak of memory, in bytes."""
    tracemalloc.start()
    try:
        parsed()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def refusing(body: bytes, limits: BodyLimits) -> None:
    with pytest.raises(APIException):
        parse(body, limits)


@pytest.mark.parametrize("limits", [ANONYMOUS, SIGNED_IN, pytest.param(LARGE, marks=pytest.mark.matrix)])
def test_a_refused_body_costs_at_most_three_times_as_much_as_a_good_one(limits: BodyLimits) -> None:
    accepted = good(limits)
    base_cpu, base_memory = cpu(lambda: parse(accepted, limits)), memory(lambda: parse(accepted, limits))

    for name, body in hostile(limits).items():
        assert len(body) == limits.size, name
        assert cpu(lambda body=body: refusing(body, limits)) <= 3 * base_cpu, name  # type: ignore[misc]
        assert memory(lambda body=body: refusing(body, limits)) <= 3 * base_memory, name  # type: ignore[misc]
