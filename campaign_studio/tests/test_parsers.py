"""The parsers accept strict JSON and refuse everything else by name."""

import json
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from rest_framework.exceptions import APIException, ParseError, ValidationError
from rest_framework.test import APIClient

from accounts.models import User
from accounts.tests.factories import Cast
from campaign_studio.api.parsers import DEEPEST, StrictJSONListParser, StrictJSONParser
from campaign_studio.tests.bodies import send_bytes, stored

ClientFor = Callable[[User | None], APIClient]


def parse(body: bytes) -> dict[str, Any]:
    return StrictJSONParser().parse(BytesIO(body))


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"a": [1, -2.5, 1e300, None, True, "ü𝄞\n", {"b": []}]},
        {"": ""},
        {"big": 10**400},
        {"nul": "a\x00b"},
    ],
)
def test_a_json_object_is_parsed(document: dict[str, Any]) -> None:
    assert parse(json.dumps(document).encode()) == document
    assert parse(json.dumps(document, ensure_ascii=False).encode()) == document


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"not json",
        b"{",
        b"{}}",
        b"{'a': 1}",
        b'{"a": 1,}',
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": -Infinity}',
        b"[]",
        b'[{"a": 1}]',
        b"1",
        b"null",
        b"true",
        b'"text"',
        b'{"a": "\xff"}',
        b'{"a": "\xed\xa0\x80"}',
        '{"a": 1}'.encode("utf-16"),
        b'{"a": "\n"}',
        b'{"a": 1' + b"0" * 5000 + b"}",
        b"[" * 50_000,
        b'{"a":' * 50_000,
        b'{"a":' + b"[" * 50_000 + b"]" * 50_000 + b"}",
    ],
)
def test_anything_but_a_json_object_is_refused(body: bytes) -> None:
    with pytest.raises((ParseError, ValidationError)) as refused:
        parse(body)
    assert refused.value.status_code == 400


@pytest.mark.parametrize(
    ("body", "codes"),
    [
        (rb'{"a": "\ud800"}', {"a": ["not_text"]}),
        (
            rb'{"a": [1, {"b": "\udfff"}]}',
            {"a": {1: {"b": ["not_text"]}}},
        ),
        (rb'{"\ud800": 1}', {"?": ["not_text"]}),
        (b'{"a": 1e999}', {"a": ["too_large"]}),
        (b'{"a": [-1e999]}', {"a": {0: ["too_large"]}}),
        (b'{"a": 1, "b": 2, "a": 3}', {"a": ["repeated_key"]}),
        (b'{"a": {"b": 1, "b": 1}}', {"b": ["repeated_key"]}),
        (rb'{"a": 1, "\u0061": 2}', {"a": ["repeated_key"]}),
    ],
)
def test_values_that_can_not_be_stored_are_refused_by_name(body: bytes, codes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as refused:
        parse(body)
    assert refused.value.get_codes() == codes


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (rb'"\ud800"', "This is not valid text: it contains half of a surrogate pair."),
        (b"1e999", "This number is too large."),
        (b'1, "a": 1', "This key appears more than once."),
    ],
)
def test_a_refused_value_is_explained(value: bytes, message: str) -> None:
    with pytest.raises(ValidationError) as refused:
        parse(b'{"a": ' + value + b"}")
    assert refused.value.detail == {"a": [message]}


@pytest.mark.parametrize(("depth", "fine"), [(DEEPEST - 1, True), (DEEPEST, False), (500, False)])
def test_nesting_is_limited(depth: int, fine: bool) -> None:
    body = b'{"a":' + b"[" * depth + b"]" * depth + b"}"

    if fine:
        assert "a" in parse(body)
        return
    with pytest.raises(APIException) as refused:
        parse(body)
    assert "This is nested more than 20 levels deep." in json.dumps(refused.value.detail)


def test_a_pair_of_surrogates_is_one_character() -> None:
    assert parse(rb'{"a": "\ud834\udd1e"}') == {"a": "𝄞"}


@pytest.mark.django_db
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"1",
        b"null",
        b'""',
        b"not json",
        b"\xff",
        b"[" * 50_000,
        b'{"a":' * 50_000,
        rb'{"campaign_name": "\ud800"}',
        rb'{"\ud800": 1}',
        b'{"campaign_name": "a", "campaign_name": "b"}',
        b'{"campaign_name": NaN}',
        b'{"campaign_max_view_count": 1e999}',
        b'{"campaign_max_view_count": 1' + b"0" * 5000 + b"}",
    ],
)
@pytest.mark.parametrize(("method", "address"), [("POST", "/api/campaigns"), ("PATCH", "/api/auth/me")])
def test_the_api_answers_bad_json_with_400_and_changes_nothing(
    cast: Cast, client_for: ClientFor, method: str, address: str, body: bytes
) -> None:
    client = client_for(cast.owner)
    before = stored()

    answer = send_bytes(client, method, address, body)

    assert answer.status_code == 400 or (body == b"" and method == "PATCH" and answer.status_code == 200)
    if answer.status_code == 400:
        assert all(isinstance(key, str) for key in answer.json())
        assert stored() == before


def parse_list(body: bytes) -> list[Any]:
    return StrictJSONListParser().parse(BytesIO(body))


@pytest.mark.parametrize("document", [[], [1, "a", None], [{"a": [1, {"b": 2.5}]}, {"a": 1}]])
def test_a_json_list_is_parsed_where_one_is_expected(document: list[Any]) -> None:
    assert parse_list(json.dumps(document).encode()) == document


@pytest.mark.parametrize("body", [b"", b"{}", b'{"a": []}', b"1", b"null", b'"[]"', b"[", b"[1,]", b"[NaN]", b"[]]"])
def test_anything_but_a_json_list_is_refused_where_one_is_expected(body: bytes) -> None:
    with pytest.raises(ParseError):
        parse_list(body)


@pytest.mark.parametrize(
    ("body", "codes"),
    [
        (rb'[{}, {"a": "\ud800"}]', {1: {"a": ["not_text"]}}),
        (b"[1, 2, 1e999]", {2: ["too_large"]}),
        (b'[{"a": 1}, {"a": 1, "a": 2}]', {"a": ["repeated_key"]}),
    ],
)
def test_values_in_a_list_that_can_not_be_stored_are_refused_by_index(body: bytes, codes: dict[Any, Any]) -> None:
    with pytest.raises(ValidationError) as refused:
        parse_list(body)
    assert refused.value.get_codes() == codes


@pytest.mark.parametrize(("depth", "fine"), [(DEEPEST, True), (DEEPEST + 1, False)])
def test_a_list_is_nested_no_deeper_than_an_object(depth: int, fine: bool) -> None:
    body = b"[" * depth + b"]" * depth

    if fine:
        assert len(parse_list(body)) == 1
        return
    with pytest.raises(ValidationError):
        parse_list(body)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"a": 1,}', "This is not valid JSON: see line 1, column 9."),
        (b'{"a":\n"\xff"}', "The body is not encoded in UTF-8."),
        (b'{"a": NaN}', "This is not valid JSON: NaN is not a number. Send null or a number."),
        (b'{"a": ' + b"9" * 5000 + b"}", "This is not valid JSON: it contains a number with too many digits."),
    ],
)
def test_what_is_not_json_is_explained(body: bytes, message: str) -> None:
    with pytest.raises(ParseError) as refused:
        parse(body)
    assert refused.value.detail == message
