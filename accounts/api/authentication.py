"""`Authorization: Bearer …`: thin, because every request pays for it."""

import uuid
from typing import Any, TypedDict, cast

from django.utils import timezone
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.tokens import Token

from accounts.api.jwt import AccessToken
from accounts.models import Session, User
from accounts.signin.two_factor import is_required_of

SIGN_IN_AGAIN = "This token is not valid, or no longer. Sign in again with POST /api/auth/login."
NEEDS_SECOND_FACTOR = "Your role signs in with two-factor now. Sign in again, with a code."
# What permissions, answers and the audit log need of the user, and no more.
COLUMNS = [
    f"user__{name}" for name in ("user_id", "username", "email", "first_name", "last_name", "role_id", "is_active")
]


class Claims(TypedDict):
    """What every token of ours says: its session, its user, its own id."""

    sid: str
    sub: str
    jti: str


class BearerAuthentication(BaseAuthentication):
    """One query finds session and user with the present role: what has been revoked is refused at once."""

    def authenticate(self, request: Request) -> tuple[User, Session] | None:
        """The user and their session; None without a token. Raises AuthenticationFailed (401)."""
        scheme, _, token = get_authorization_header(request).partition(b" ")
        if not scheme:
            return None
        if scheme.lower() != b"bearer":
            raise AuthenticationFailed("Send the token as `Authorization: Bearer …`.")
        session = self._session(token.strip())
        if is_required_of(session.user) and not session.second_factor:
            raise AuthenticationFailed(NEEDS_SECOND_FACTOR)
        session.seen(at=timezone.now())
        # The user's own attribute: who asks and in which session belong together, down to what `save()` spares.
        session.user.current_session = session
        return session.user, session

    def authenticate_header(self, request: Request) -> str:
        """Makes a missing or refused token a 401."""
        return "Bearer"

    @staticmethod
    def _session(token: bytes) -> Session:
        claims = read_claims(AccessToken, token)
        if claims is None:
            raise AuthenticationFailed(SIGN_IN_AGAIN)
        session = (
            Session.objects.filter(
                pk=claims["sid"], user_id=claims["sub"], user__is_active=True, revoked_at__isnull=True
            )
            .select_related("user")
            .only("session_id", "revoked_at", "last_seen_at", "remote_addr", "second_factor", *COLUMNS)
            .first()
        )
        if session is None:
            raise AuthenticationFailed(SIGN_IN_AGAIN)
        return session


def read_claims(kind: type[Token], token: bytes | str) -> Claims | None:
    """The claims of a signed, unexpired token of this kind with usable ids; None for anything else."""
    try:
        encoded: Any = token.encode() if isinstance(token, str) else token
        claims = cast("Claims", kind(encoded).payload)
        uuid.UUID(claims["sid"])
        uuid.UUID(claims["sub"])
        claims["jti"].encode()
    except (TokenError, KeyError, ValueError, AttributeError, TypeError):
        return None
    return claims
