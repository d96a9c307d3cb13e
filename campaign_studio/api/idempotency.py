"""`Idempotency-Key`: a POST that is sent again is answered again, not done again."""

import hashlib
import json
import re
from dataclasses import dataclass
from typing import Self

from django.db import connection
from django.utils import timezone
from django.utils.crypto import salted_hmac
from rest_framework.exceptions import ParseError
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from campaign_studio.api.errors import Conflict
from campaign_studio.models import IdempotentAnswer

KEY = re.compile(r"[\x21-\x7e]{1,255}")
KEY_FORMAT = "Idempotency-Key takes 1 to 255 visible ASCII characters without blanks. A UUID is a good one."
KEY_WAS_USED = "This Idempotency-Key was sent with another request before. Take a new key for every new request."
# What of an answer's headers belongs to its content.
KEPT_HEADERS = ("ETag", "Location", "Cache-Control")
REPLAYED = "Idempotency-Replayed"


class AlreadyAnsweredError(Exception):
    """The request was made before; `response` is what was answered then."""

    def __init__(self, response: Response) -> None:
        self.response = response
        super().__init__()


@dataclass(frozen=True)
class KeyedRequest:
    """A POST with the header.

    The answer is kept in the transaction that does what was asked, so both are there or neither is, whatever crashes.
    A second request with the key waits for the first. What was refused is not kept: it has changed nothing, and may be
    sent again with the mistake mended. Where a view has no transaction of its own (signing in, passwords) the answer
    is kept right after.
    """

    key: str
    fingerprint: str

    @classmethod
    def of(cls, request: Request) -> Self | None:
        """The request, if it has a key. Raises ParseError (400) for an odd one, and what parsing the body raises."""
        if request.method != "POST" or "Idempotency-Key" not in request.headers:
            return None
        return cls(_key_of(request), _fingerprint(request))

    def replay(self) -> None:
        """Wait for others with the key. Raises AlreadyAnsweredError, Conflict (409) if the key was for another body."""
        _lock(self.key)
        answer = self.find_answer()
        if answer is None:
            return
        if answer.fingerprint != self.fingerprint:
            raise Conflict(KEY_WAS_USED)
        body = json.loads(answer.body.reveal()) if answer.body else None
        raise AlreadyAnsweredError(Response(body, status=answer.status, headers=answer.headers | {REPLAYED: "true"}))

    def find_answer(self) -> IdempotentAnswer | None:
        """What was answered to this key, while that is remembered."""
        answer = IdempotentAnswer.objects.filter(pk=self.key).first()
        return answer if answer and answer.counts(at=timezone.now()) else None

    def keep(self, response: Response) -> None:
        """Store the first answer to this key, in the transaction of the request."""
        if REPLAYED in response:
            return
        IdempotentAnswer.objects.update_or_create(
            pk=self.key,
            defaults={
                "fingerprint": self.fingerprint,
                "status": response.status_code,
                "headers": {name: response[name] for name in KEPT_HEADERS if name in response},
                "body": None if response.data is None else JSONRenderer().render(response.data).decode(),
                "answered_at": timezone.now(),
            },
        )

    def unlock(self) -> None:
        """Let the next one with this key go on; a lock that was taken in a transaction ends with it."""
        if not connection.in_atomic_block:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [_number(self.key)])


def _key_of(request: Request) -> str:
    """The client's key, as nobody else can send it. Raises ParseError (400)."""
    sent = request.headers["Idempotency-Key"]
    if not KEY.fullmatch(sent):
        raise ParseError(KEY_FORMAT)
    who = f"user:{request.user.pk}" if request.user.is_authenticated else f"address:{request.META.get('REMOTE_ADDR')}"
    return hashlib.sha256(f"{who} {sent}".encode()).hexdigest()


def _fingerprint(request: Request) -> str:
    """What was asked for, in a form that can't be guessed back: bodies hold passwords. Raises what parsing raises."""
    content = f"{request.method} {request.get_full_path()} {json.dumps(request.data, sort_keys=True)}"
    return salted_hmac("campaign_studio.idempotency", content, algorithm="sha256").hexdigest()


def _lock(key: str) -> None:
    """Wait for other requests with this key: until the transaction ends, or until `unlock()`."""
    function = "pg_advisory_xact_lock" if connection.in_atomic_block else "pg_advisory_lock"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(%s)", [_number(key)])


def _number(key: str) -> int:
    return int.from_bytes(bytes.fromhex(key[:16]), signed=True)
