"""The ASGI entry point, for servers without a proxy that buffers bodies. The demo is served by it.

    granian --interface asginl campaign_studio.asgi:application

It runs the application of `campaign_studio.wsgi` in a thread, but not before the whole body is there. So a body that
is still on its way holds no thread, and one that doesn't come is given up. Behind a proxy (`deploy/`), WSGI is faster.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

from asgiref.sync import ThreadSensitiveContext
from asgiref.wsgi import WsgiToAsgi
from django.conf import settings
from django.utils.translation import gettext, override

from campaign_studio import wsgi

# An ASGI event, and the two functions of a connection (ASGI 3.0, HTTP).
Event = dict[str, Any]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]

BODY_SECONDS = 10
LARGEST_BODY = 12 * 1024 * 1024


async def application(scope: Event, receive: Receive, send: Send) -> None:
    """Answer one request. 408 if its body isn't there after 10 seconds, 413 if it is larger than any body may be."""

    async def send_event(event: Event) -> None:
        # The bridge wants a coroutine function, which the server's own isn't.
        await send(event)

    try:
        async with ThreadSensitiveContext():
            await bridge(scope, _bounded(receive), send_event)
    except _RefusedBodyError as refused:
        body = json.dumps({"detail": str(refused)}).encode()
        length = str(len(body)).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", length), (b"connection", b"close")]
        await send({"type": "http.response.start", "status": refused.status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


class _RefusedBodyError(Exception):
    """The body is too slow or too large. As text, it says so to the client."""

    def __init__(self, status: int, message: str) -> None:
        self.status = status
        super().__init__(message)


def _bounded(receive: Receive) -> Receive:
    """Receives the parts of one body until the deadline. Raises _RefusedBodyError."""
    deadline = asyncio.get_running_loop().time() + BODY_SECONDS
    left = LARGEST_BODY

    async def receive_part() -> Event:
        nonlocal left
        try:
            async with asyncio.timeout_at(deadline):
                part = await receive()
        except TimeoutError:
            with override(settings.LANGUAGE_CODE):
                message = gettext("The body didn't arrive within %(seconds)d seconds. Send all of it at once.")
            raise _RefusedBodyError(408, message % {"seconds": BODY_SECONDS}) from None
        left -= len(part.get("body", b""))
        if left < 0:
            with override(settings.LANGUAGE_CODE):
                raise _RefusedBodyError(413, gettext("The body is larger than any body may be. Split the request."))
        return part

    return receive_part


def _closing(environ: WSGIEnvironment, start_response: StartResponse) -> Iterator[bytes]:
    """The WSGI application. Its response is closed at the end, which the bridge leaves out (PEP 3333)."""
    response = wsgi.application(environ, start_response)
    try:
        yield from response
    finally:
        if hasattr(response, "close"):
            response.close()


bridge = WsgiToAsgi(_closing)  # type: ignore[no-untyped-call]  # asgiref has no types here
