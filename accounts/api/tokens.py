"""Sign-in, refresh and sign-out as far as tokens go (2-api "JWT")."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils import timezone
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken

from accounts.api.authentication import read_claims
from accounts.models import Session, User


def start_session(user: User, *, remote_addr: str | None, user_agent: str, at: datetime) -> dict[str, Any]:
    """A new session for a user who has proved who they are; returns its token pair."""
    session = Session(
        user=user, remote_addr=remote_addr, user_agent=user_agent.replace("\x00", "")[:255], last_seen_at=at
    )
    refresh = _token(RefreshToken, session)
    session.refresh_hash = Session.hash_of(refresh["jti"])
    session.save()
    user.last_login = at
    user.save(update_fields=["last_login"])
    return _pair(session, refresh)


def refresh_session(token: str) -> dict[str, Any] | None:
    """A new token pair for a refresh token; the old one is dead. None when it is refused.

    A token used a second time ends its session, which is committed although the client gets an error.
    """
    claims = read_claims(RefreshToken, token)
    session = (
        Session.objects.select_related("user").filter(pk=claims["sid"], user=claims["sub"]).first() if claims else None
    )
    if claims is None or session is None or not session.user.is_active:
        return None
    refresh = _token(RefreshToken, session)
    if not session.rotate(claims["jti"], refresh["jti"], at=timezone.now()):
        return None
    return _pair(session, refresh)


def _pair(session: Session, refresh: Any) -> dict[str, Any]:
    return {
        "access_token": str(_token(AccessToken, session)),
        "refresh_token": str(refresh),
        "token_type": "bearer",
        "expires_in": settings.ACCESS_TOKEN_EXPIRE_MINUTES * 60,
    }


def _token(kind: Any, session: Session) -> Any:
    user = session.user
    token = kind()
    # The role is told for the frontend's sake; the server never reads it from here (R16).
    token["sub"], token["sid"] = str(user.pk), str(session.pk)
    token["username"], token["email"], token["role"] = user.username, user.email, user.role_id
    return token
