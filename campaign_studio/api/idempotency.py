"""`Idempotency-Key`: a POST that is sent again is answered again, not done again (2-api "Headers")."""

import hashlib
import json
import re
from typing import Any

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.crypto import salted_hmac
from rest_framework.exceptions import ParseError
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from campaign_studio.api.errors import Conflict
from campaign_studio.models import IdempotentAnswer

KEY = re.compile(r"[\x21-\x7e]{1,255}")
NO_KEY = "Idempotency-Key takes 1 to 255 visible ASCII characters without blanks. A UUID is a good one."
USED = "This Idempotency-Key was sent with another request before. Take a new key for every new request."
# What of an answer's headers belongs to its content.
KEPT_HEADERS = ("ETag", "Location", "Cache-Control")


class AlreadyAnsweredError(Exception):
    """The request was made before; `response` is what was answered then."""

    def __init__(self, response: Response) -> None:
        self.response = response
        super().__init__()


class IdempotencyMixin:
    """Honours the header on every POST of a view.

    The answer is kept in the transaction that does what was asked, so both are there or neither is, whatever crashes.
    A second request with the key waits for the first. What was refused is not kept: it has changed nothing, and may be
    sent again with the mistake mended. Where a view has no transaction of its own (signing in, passwords) the answer
    is kept right after.
    """

    _key: str | None = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Once it is known who asks: whether they have asked before. Raises AlreadyAnsweredError, Conflict (409)."""
        super().initial(request, *args, **kwargs)  # type: ignore[misc]
        if request.method == "POST" and "Idempotency-Key" in request.headers:
            self._key = _key_of(request)
            _lock(self._key)
            self._look_up(request)

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Handle one request, and keep its answer."""
        try:
            response: Any = super().dispatch(request, *args, **kwargs)  # type: ignore[misc]
            if self._key and not response.exception and "Idempotency-Replayed" not in response:
                self._keep(response)
            return response
        finally:
            if self._key and not connection.in_atomic_block:
                _unlock(self._key)

    def handle_exception(self, exc: Exception) -> Response:
        """An answer that was given before is no error."""
        if isinstance(exc, AlreadyAnsweredError):
            return exc.response
        return super().handle_exception(exc)  # type: ignore[misc]

    def _look_up(self, request: Request) -> None:
        self._fingerprint = _fingerprint(request)
        answer = IdempotentAnswer.objects.filter(pk=self._key).first()
        if answer is None or not answer.counts(at=timezone.now()):
            return
        if answer.fingerprint != self._fingerprint:
            raise Conflict(USED)
        body = json.loads(answer.body.reveal()) if answer.body else None
        headers = answer.headers | {"Idempotency-Replayed": "true"}
        raise AlreadyAnsweredError(Response(body, status=answer.status, headers=headers))

    def _keep(self, response: Response) -> None:
        IdempotentAnswer.objects.update_or_create(
            pk=self._key,
            defaults={
                "fingerprint": self._fingerprint,
                "status": response.status_code,
                "headers": {name: response[name] for name in KEPT_HEADERS if name in response},
                "body": None if response.data is None else JSONRenderer().render(response.data).decode(),
                "answered_at": timezone.now(),
            },
        )


def _key_of(request: Request) -> str:
    """The client's key, as nobody else can send it. Raises ParseError (400)."""
    sent = request.headers["Idempotency-Key"]
    if not KEY.fullmatch(sent):
        raise ParseError(NO_KEY)
    who = f"user:{request.user.pk}" if request.user.is_authenticated else f"address:{request.META.get('REMOTE_ADDR')}"
    return hashlib.sha256(f"{who} {sent}".encode()).hexdigest()


def _fingerprint(request: Request) -> str:
    """What was asked for, in a form that can't be guessed back: bodies hold passwords. Raises what parsing raises."""
    asked = f"{request.method} {request.get_full_path()} {json.dumps(request.data, sort_keys=True)}"
    return salted_hmac("campaign_studio.idempotency", asked, algorithm="sha256").hexdigest()


def _lock(key: str) -> None:
    """Wait for whoever else works with this key: until the transaction ends, or until `_unlock`."""
    function = "pg_advisory_xact_lock" if connection.in_atomic_block else "pg_advisory_lock"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(%s)", [_number(key)])


def _unlock(key: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_unlock(%s)", [_number(key)])


def _number(key: str) -> int:
    return int.from_bytes(bytes.fromhex(key[:16]), signed=True)
