"""Issuing token pairs at sign-in and refresh."""

from datetime import datetime, timedelta
from typing import TypedDict

from django.conf import settings
from django.utils import timezone
from rest_framework_simplejwt.tokens import Token

from accounts.api.authentication import read_claims
from accounts.api.jwt import AccessToken, RefreshToken
from accounts.choices import Door
from accounts.models import Session, User


class TokenPair(TypedDict):
    """The tokens of a session. `expires_in` is the lifetime of the access token in seconds."""

    access_token: str
    refresh_token: str
    token_type: str
    expires_in: int


def start_session(user: User, *, at: datetime) -> TokenPair:
    """Start a session for an authenticated user and return its token pair."""
    refresh = RefreshToken()
    lasts = timedelta(days=settings.REFRESH_TOKEN_EXPIRE_DAYS)
    session = Session.start(user, door=Door.API, at=at, lasts=lasts, refresh_id=refresh["jti"])
    user.last_login = at
    user.save(update_fields=["last_login"])
    return _pair(session, str(_claiming(refresh, session)))


def refresh_session(token: str) -> TokenPair | None:
    """Exchange a refresh token for a new token pair. None if the token is refused.

    Using a token that was replaced ends the session, so don't call this in a transaction that a refusal would roll
    back. Two requests with the same token get the same refresh token, unless the user was renamed in between.
    """
    claims = read_claims(RefreshToken, token)
    session = (
        Session.objects.select_related("user").filter(pk=claims["sid"], user=claims["sub"]).first() if claims else None
    )
    if claims is None or session is None or not session.user.is_active:
        return None
    following = session.refresh(claims["jti"], at=timezone.now())
    if following is None:
        return None
    if following.token_id == claims["jti"]:
        return _pair(session, token)
    refresh = RefreshToken()
    refresh["jti"] = following.token_id
    refresh.set_iat(at_time=following.issued_at)
    refresh.set_exp(from_time=following.issued_at)
    return _pair(session, str(_claiming(refresh, session)))


def _pair(session: Session, refresh: str) -> TokenPair:
    return {
        "access_token": str(_claiming(AccessToken(), session)),
        "refresh_token": refresh,
        "token_type": "bearer",
        "expires_in": settings.ACCESS_TOKEN_EXPIRE_MINUTES * 60,
    }


def _claiming(token: Token, session: Session) -> Token:
    user = session.user
    # The role is for frontends. The server goes by that of the user.
    token["sub"], token["sid"] = str(user.pk), str(session.pk)
    token["username"], token["email"], token["role"] = user.username, user.email, user.role_id
    return token
