"""Requests that the WSGI entry point refuses before Django sees them."""

import json
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from django.test import RequestFactory

from campaign_studio import wsgi

Answer = tuple[str, dict[str, str], bytes]


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Answer]:
    """`ask(PATH_INFO=…)`: the response to a WSGI request; `200 passed` if the shim passes it on."""

    def passed(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        start_response("200 passed", [])
        return [environ["PATH_INFO"].encode("latin-1")]

    monkeypatch.setattr(wsgi, "django_application", passed)

    def send(**environ: Any) -> Answer:
        response: dict[str, Any] = {}

        def start_response(
            status: str, headers: list[tuple[str, str]], error: object = None, /
        ) -> Callable[[bytes], object]:
            response.update(status=status, headers=dict(headers))
            return bytes

        base = {"REQUEST_METHOD": "GET", "PATH_INFO": "/api/health", "QUERY_STRING": "", "wsgi.input": BytesIO()}
        body = b"".join(wsgi.application(base | environ, start_response))
        return response["status"], response["headers"], body

    return send


def latin(text: str) -> str:
    """The text as WSGI passes it: UTF-8 decoded as Latin-1."""
    return text.encode().decode("latin-1")


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"PATH_INFO": ""},
        {"PATH_INFO": latin("/api/münchen/東京")},
        {"CONTENT_TYPE": "application/json"},
        {"CONTENT_TYPE": "application/json; charset=UTF-8"},
        {"CONTENT_TYPE": 'application/json; charset="utf8"; v=1'},
        {"CONTENT_TYPE": "application/json; charset="},
        {"CONTENT_TYPE": "multipart/form-data; boundary=charset"},
    ],
)
def test_a_valid_request_is_passed_on(ask: Callable[..., Answer], environ: dict[str, str]) -> None:
    assert ask(**environ)[0] == "200 passed"


@pytest.mark.parametrize(
    ("environ", "status"),
    [
        ({"CONTENT_TYPE": "application/json; charset=zlib"}, "415 Unsupported Media Type"),
        ({"CONTENT_TYPE": "application/json; CHARSET = 'utf-16'"}, "415 Unsupported Media Type"),
        ({"CONTENT_TYPE": "text/html;a=b;charset=idna"}, "415 Unsupported Media Type"),
        ({"CONTENT_TYPE": "application/json; charset=\x00"}, "415 Unsupported Media Type"),
        ({"PATH_INFO": "/api/\xff"}, "400 Bad Request"),
        ({"PATH_INFO": "/api/\xed\xa0\x80"}, "400 Bad Request"),
    ],
)
def test_an_invalid_request_is_refused_in_json(
    ask: Callable[..., Answer], environ: dict[str, str], status: str
) -> None:
    got, headers, body = ask(**environ)

    assert got == status
    assert headers == {"Content-Type": "application/json", "Content-Length": str(len(body))}
    assert list(json.loads(body)) == ["detail"]


def chunked(ask: Callable[..., Answer], size: int) -> Answer:
    """The answer to a body of this size without a length."""
    return ask(HTTP_TRANSFER_ENCODING="chunked", **{"wsgi.input": BytesIO(b"x" * size)})


def test_a_body_without_a_length_gets_one_and_may_not_be_long(ask: Callable[..., Answer]) -> None:
    assert chunked(ask, wsgi.LARGEST_UNMEASURED)[0] == "200 passed"
    status, _headers, body = chunked(ask, wsgi.LARGEST_UNMEASURED + 1)

    assert status == "411 Length Required"
    assert json.loads(body)["detail"] == (
        "The body is larger than 64.0\xa0KB and has no Content-Length. Send it with one."
    )


@pytest.mark.django_db
def test_django_reads_a_body_without_a_length() -> None:
    environ = RequestFactory().generic("POST", "/api/auth/login", b"", "application/json").environ
    environ |= {"CONTENT_TYPE": "application/json"}
    environ |= {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input": BytesIO(b'{"colour": 1}')}
    environ.pop("CONTENT_LENGTH", None)

    def start_response(status: str, headers: object, error: object = None, /) -> Callable[[bytes], object]:
        return bytes

    assert "colour" in json.loads(b"".join(wsgi.application(environ, start_response)))


@pytest.mark.django_db
def test_django_answers_behind_the_shim() -> None:
    statuses: list[str] = []

    def start_response(
        status: str, headers: list[tuple[str, str]], error: object = None, /
    ) -> Callable[[bytes], object]:
        statuses.append(status)
        return bytes

    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/api/nothing",
        "QUERY_STRING": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "wsgi.input": BytesIO(),
        "wsgi.url_scheme": "http",
    }

    body = b"".join(wsgi.application(environ, start_response))

    assert statuses == ["404 Not Found"]
    assert list(json.loads(body)) == ["detail"]
