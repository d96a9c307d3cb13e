"""The ASGI entry point, for servers without a proxy that buffers bodies. The demo is served by it.

    granian --interface asginl campaign_studio.asgi:application

It runs the application of `campaign_studio.wsgi` in a thread, but not before the whole body is there. So a body that
is still on its way holds no thread, and one that doesn't come is given up. Behind a proxy (`deploy/`), WSGI is faster.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from tempfile import SpooledTemporaryFile
from typing import IO, Any, NamedTuple

from asgiref.wsgi import WsgiToAsgiInstance
from django.conf import settings
from django.utils.translation import gettext, override

from campaign_studio import wsgi

# An ASGI event, and the two functions of a connection (ASGI 3.0, HTTP).
Event = dict[str, Any]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]

BODY_SECONDS = 10
# As in campaign_studio/api/parsers.py.
LARGEST_BODY = 12 * 1024 * 1024
# Of a longer body, the rest waits on the disk.
LARGEST_IN_MEMORY = 64 * 1024
THREADS = ThreadPoolExecutor(16)


class Answer(NamedTuple):
    """A whole response."""

    status: int
    headers: list[tuple[str, str]]
    content: bytes


async def application(scope: Event, receive: Receive, send: Send) -> None:
    """Answer one request. 408 if its body isn't there after 10 seconds, 413 if it is larger than any body may be.

    A body that is cut off gets a 408 too, because half a form looks like a whole one.
    """
    with SpooledTemporaryFile(LARGEST_IN_MEMORY) as body:
        try:
            async with asyncio.timeout(BODY_SECONDS):
                answer = await _read(receive, body)
        except (TimeoutError, ConnectionResetError):
            with override(settings.LANGUAGE_CODE):
                message = gettext("The body didn't arrive within %(seconds)d seconds. Send all of it at once.")
            answer = _refusal(408, message % {"seconds": BODY_SECONDS})
        if answer is None:
            body.seek(0)
            answer = await asyncio.get_running_loop().run_in_executor(THREADS, _answer, scope, body)
    headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.content})


async def _read(receive: Receive, body: IO[bytes]) -> Answer | None:
    """Write the body to a file. Returns the refusal of a body that is too large.

    Raises ConnectionResetError if the client stops sending before the end.
    """
    while True:
        part = await receive()
        if part["type"] == "http.disconnect":
            raise ConnectionResetError
        body.write(part.get("body", b""))
        if body.tell() > LARGEST_BODY:
            with override(settings.LANGUAGE_CODE):
                return _refusal(413, gettext("The body is larger than any body may be. Split the request."))
        if not part.get("more_body"):
            return None


def _answer(scope: Event, body: IO[bytes]) -> Answer:
    """Run the WSGI application (PEP 3333)."""
    bridge: Any = WsgiToAsgiInstance(wsgi.application)  # type: ignore[no-untyped-call]  # asgiref has no types here
    bridge.scope = scope
    try:
        environ = bridge.build_environ(scope, body)
    except ValueError:
        with override(settings.LANGUAGE_CODE):
            return _refusal(400, gettext("The server can't read this request. Check its URL and headers."))
    started: list[tuple[int, list[tuple[str, str]]]] = []

    def start_response(status: str, headers: list[tuple[str, str]], error: object = None, /) -> Callable[[bytes], Any]:
        started[:] = [(int(status.split(" ", 1)[0]), headers)]
        return bytes

    response: Any = wsgi.application(environ, start_response)
    try:
        content = b"".join(response)
    finally:
        if hasattr(response, "close"):
            response.close()
    return Answer(*started[0], content)


def _refusal(status: int, detail: str) -> Answer:
    content = json.dumps({"detail": detail}).encode()
    headers = {"Content-Type": "application/json", "Content-Length": str(len(content)), "Connection": "close"}
    return Answer(status, list(headers.items()), content)
