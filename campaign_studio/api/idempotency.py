"""`Idempotency-Key`: a POST that is sent again gets the first answer and isn't executed again."""

import hashlib
import json
import re
from dataclasses import dataclass
from typing import Self

from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import ParseError
from rest_framework.request import Request
from rest_framework.response import Response

from campaign_studio.acting import kind_of
from campaign_studio.api.documents.written import StudioJSONRenderer
from campaign_studio.api.errors import Conflict
from campaign_studio.api.uploads import digest_of
from campaign_studio.encryption import decrypt, encrypt
from campaign_studio.models import IdempotentAnswer

KEY = re.compile(r"[\x21-\x7e]{1,255}")
KEY_FORMAT = _("The Idempotency-Key must be 1–255 visible ASCII characters without spaces, for example a UUID.")
KEY_WAS_USED = _("This Idempotency-Key has been used for a different request. Use a new key for each request.")
# The headers that are stored with an answer.
LOCATION = "Location"
KEPT_HEADERS = ("ETag", LOCATION, "Cache-Control")
REPLAYED = "Idempotency-Replayed"
# The value of `Cache-Control` of answers that contain secrets.
NO_STORE = "no-store"


class AlreadyAnsweredError(Exception):
    """The request is a repetition. `response` is the first answer."""

    def __init__(self, response: Response) -> None:
        self.response = response
        super().__init__()


@dataclass(frozen=True)
class KeyedRequest:
    """A POST with an `Idempotency-Key`.

    The answer is stored in the same transaction as the changes, so after a crash either both exist or neither does. A
    second request with the same key waits for the first. Refusals aren't stored: they changed nothing, and the
    corrected request may use the same key. Nor are answers with `Cache-Control: no-store`, because they contain secrets
    that would outlive a session, a right or an account. For views without a transaction the answer is stored right
    afterwards.
    """

    key: str
    fingerprint: str

    @classmethod
    def of(cls, request: Request) -> Self | None:
        """The request if it has a key. Raises ParseError (400) for a malformed key or body."""
        if request.method != "POST" or "Idempotency-Key" not in request.headers:
            return None
        return cls(_key_of(request), _fingerprint(request))

    def replay(self) -> None:
        """Wait for other requests with this key.

        Raises AlreadyAnsweredError if this request has been answered, Conflict (409) if the key belongs to a different
        request.
        """
        _lock(self.key)
        answer = self.find_answer()
        if answer is None:
            return
        if answer.fingerprint != self.fingerprint:
            raise Conflict(KEY_WAS_USED, "idempotency_key_used")
        body = json.loads(answer.body.reveal()) if answer.body else None
        kept = {name: value for name, value in answer.headers.items() if name != LOCATION}
        headers = {**kept, **_location_of(answer), REPLAYED: "true"}
        raise AlreadyAnsweredError(Response(body, status=answer.status, headers=headers))

    def find_answer(self) -> IdempotentAnswer | None:
        """The stored answer to this key, unless it has expired."""
        answer = IdempotentAnswer.objects.filter(pk=self.key).first()
        return answer if answer and answer.counts(at=timezone.now()) else None

    def keep(self, response: Response) -> None:
        """Store the answer to this key in the request's transaction, unless no one may store it."""
        if REPLAYED in response or NO_STORE in response.headers.get("Cache-Control", ""):
            return
        IdempotentAnswer.objects.update_or_create(
            pk=self.key,
            defaults={
                "fingerprint": self.fingerprint,
                "status": response.status_code,
                "headers": {name: _kept(name, response[name]) for name in KEPT_HEADERS if name in response},
                "body": None if response.data is None else StudioJSONRenderer().render(response.data).decode(),
                "answered_at": timezone.now(),
            },
        )

    def unlock(self) -> None:
        """Let the next request with this key go on. A lock taken in a transaction ends with the transaction."""
        if not connection.in_atomic_block:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [_number(self.key)])


def _kept(name: str, value: str) -> str:
    """A header as it is stored. The URL of a new object names it, so it is as secret as the body."""
    return encrypt(value) if name == LOCATION else value


def _location_of(answer: IdempotentAnswer) -> dict[str, str]:
    """The stored `Location`, if there is one and its key hasn't been removed since."""
    try:
        return {LOCATION: decrypt(answer.headers[LOCATION])}
    except (KeyError, ImproperlyConfigured):
        return {}


def _key_of(request: Request) -> str:
    """A hash of the client's key and its user, device or IP address, so that clients can't use each other's keys.

    Raises ParseError (400).
    """
    sent = request.headers["Idempotency-Key"]
    if not KEY.fullmatch(sent):
        raise ParseError(KEY_FORMAT, "idempotency_key_format")
    asker = request.user
    who = f"{kind_of(asker)}:{asker.pk}" if asker.is_authenticated else f"address:{request.META.get('REMOTE_ADDR')}"
    return hashlib.sha256(f"{who} {sent}".encode()).hexdigest()


def _fingerprint(request: Request) -> str:
    """A keyed hash of the request, because bodies contain passwords. Raises what parsing the body raises."""
    body = json.dumps(request.data, sort_keys=True, default=digest_of)
    content = f"{request.method} {request.get_full_path()} {body}"
    return salted_hmac("campaign_studio.idempotency", content, algorithm="sha256").hexdigest()


def _lock(key: str) -> None:
    """Lock the key until the transaction ends, or until `unlock()` outside a transaction."""
    function = "pg_advisory_xact_lock" if connection.in_atomic_block else "pg_advisory_lock"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(%s)", [_number(key)])


def _number(key: str) -> int:
    return int.from_bytes(bytes.fromhex(key[:16]), signed=True)
