"""Bodies that come in parts, as the ASGI entry point gets them from its server."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from campaign_studio import asgi, wsgi
from campaign_studio.api.parsers import ANONYMOUS, LARGE
from campaign_studio.asgi import Event

Ask = Callable[..., list[Event]]

GONE = {"type": "http.disconnect"}


def part(body: bytes, *, more: bool = False) -> Event:
    return {"type": "http.request", "body": body, "more_body": more}


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch) -> Ask:
    """`ask(*parts)`: what is sent for a request with these parts. In place of Django, the body itself is the answer."""

    def echo(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        start_response("200 OK", [("X-Length", "known")])
        return [environ["wsgi.input"].read()]

    monkeypatch.setattr(wsgi, "django_application", echo)

    def asked(*parts: Event) -> list[Event]:
        coming, sent = iter(parts), []

        async def receive() -> Event:
            return next(coming)

        async def send(event: Event) -> None:
            sent.append(event)

        scope = {"method": "POST", "path": "/api/nothing", "query_string": b"", "http_version": "1.1", "headers": []}
        asyncio.run(asgi.application(scope, receive, send))
        return sent

    return asked


def test_a_body_in_parts_is_passed_on_as_a_whole(ask: Ask) -> None:
    start, content = ask(part(b"a=1", more=True), part(b"&b", more=True), part(b"=2"))

    assert start == {"type": "http.response.start", "status": 200, "headers": [(b"x-length", b"known")]}
    assert content == {"type": "http.response.body", "body": b"a=1&b=2"}


def test_a_body_that_is_cut_off_is_not_passed_on(ask: Ask) -> None:
    assert ask(part(b"a=1&b", more=True), GONE)[0]["status"] == 408


def test_a_body_larger_than_any_may_be_is_refused(ask: Ask) -> None:
    half = b"x" * (asgi.LARGEST_BODY // 2)

    assert ask(part(half, more=True), part(half))[0]["status"] == 200
    assert ask(part(half, more=True), part(half, more=True), part(b"x"))[0]["status"] == 413


def test_the_entry_points_have_the_limits_of_the_parser() -> None:
    assert (ANONYMOUS.size, LARGE.size) == (wsgi.LARGEST_UNMEASURED, asgi.LARGEST_BODY)
