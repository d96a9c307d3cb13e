"""Authentication by bearer token, with as few queries as possible, because it runs on every request."""

import time
import uuid
from functools import lru_cache
from typing import Any, NamedTuple, TypedDict, cast

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.tokens import Token

from accounts.api.jwt import CLOCK_LEEWAY, AccessToken, KeyRing, key_ring
from accounts.models import Session, User
from accounts.signin.two_factor import is_required_of

SIGN_IN_AGAIN = _("This token is invalid or has expired. Sign in again with POST /api/auth/login.")
NEEDS_SECOND_FACTOR = _(
    "Your role now requires two-factor authentication. Sign in again with a code from your authenticator app."
)
NOT_FOR_DEVICES = _(
    "Devices may only use GET /api/delivery and POST /api/delivery/views. For anything else, sign in as a user with "
    "POST /api/auth/login."
)
NOT_BEARER = _("Send the token as “Authorization: Bearer <token>”.")


# As many access tokens as a process remembers, of about half a kilobyte each.
TOKENS = 2048


class Claims(TypedDict):
    """The claims of every token: the ids of its session, of its user and of the token itself."""

    sid: str
    sub: str
    jti: str
    role: str | None
    exp: int


class Access(NamedTuple):
    """What an access token claims. `role` is that of the sign-in. `expires_at` is in Unix time."""

    session_id: uuid.UUID
    user_id: uuid.UUID
    role: str | None
    expires_at: int


def credentials_of(request: Request | HttpRequest) -> tuple[str, bytes]:
    """The scheme of `Authorization`, in lower case, and what follows it. Both are empty without that header."""
    # Not `request.headers`, which first turns the names of all headers into a table.
    header: str = request.META.get("HTTP_AUTHORIZATION", "")
    # As bytes: a text would also be stripped of what is no whitespace in a header.
    scheme, _space, credentials = header.encode("latin-1").partition(b" ")
    return scheme.lower().decode("latin-1"), credentials.strip()


class BearerAuthentication(BaseAuthentication):
    """Loads the session and the user with their current role in one statement, so a revocation takes effect at once."""

    # Its statement does what `set_database_actor()` would do.
    tells_database_actor = True

    def authenticate(self, request: Request) -> tuple[User, Session] | None:
        """The user and their session, or None without a token. Raises AuthenticationFailed (401)."""
        scheme, token = credentials_of(request)
        if not scheme:
            return None
        if scheme == "device":
            raise AuthenticationFailed(NOT_FOR_DEVICES, "not_for_devices")
        if scheme != "bearer":
            raise AuthenticationFailed(NOT_BEARER, "not_bearer")
        access = self.access(token)
        return self.accepted(Session.of_a_request(access.session_id, access.user_id))

    def authenticate_header(self, request: Request) -> str:
        """Turns a missing or refused token into a 401."""
        return "Bearer"

    @staticmethod
    def access(token: bytes) -> Access:
        """What a valid token claims. Raises AuthenticationFailed for any other."""
        try:
            access = _verified(token, key_ring())
        except InvalidTokenError:
            access = None
        if access is None or access.expires_at <= time.time() - CLOCK_LEEWAY.total_seconds():
            raise AuthenticationFailed(SIGN_IN_AGAIN, "invalid_token")
        return access

    @staticmethod
    def accepted(session: Session | None) -> tuple[User, Session]:
        """The user and the session that a token names, if there is one. Raises AuthenticationFailed."""
        if session is None:
            raise AuthenticationFailed(SIGN_IN_AGAIN, "invalid_token")
        if is_required_of(session.user) and not session.second_factor:
            raise AuthenticationFailed(NEEDS_SECOND_FACTOR, "two_factor_required")
        session.seen(at=timezone.now())
        # `save()` ends the user's other sessions, so the user must know which session this is.
        session.user.current_session = session
        return session.user, session


class InvalidTokenError(Exception):
    """No key verifies the token, it has expired, or its claims aren't those of an access token."""


@lru_cache(maxsize=TOKENS)
def _verified(token: bytes, _keys: KeyRing) -> Access:
    """The claims of an access token that was valid once. Raises InvalidTokenError.

    They are remembered, because the same bytes always have the same signature. Whether the token has expired, and
    whether its session goes on, is asked each time. A refusal isn't remembered.
    """
    claims = read_claims(AccessToken, token)
    if claims is None:
        raise InvalidTokenError
    role = claims.get("role")
    # Nothing else is the key of a role, nor can it be one of a statement.
    role = role if isinstance(role, str) else None
    return Access(uuid.UUID(claims["sid"]), uuid.UUID(claims["sub"]), role, claims["exp"])


def read_claims(kind: type[Token], token: bytes | str) -> Claims | None:
    """The claims of a signed, unexpired token of this kind with well-formed ids, or None for anything else."""
    try:
        encoded: Any = token.encode() if isinstance(token, str) else token
        claims = cast("Claims", kind(encoded).payload)
        uuid.UUID(claims["sid"])
        uuid.UUID(claims["sub"])
        claims["jti"].encode()
    except (TokenError, KeyError, ValueError, AttributeError, TypeError):
        return None
    return claims
