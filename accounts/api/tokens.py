"""Sign-in, refresh and sign-out as far as tokens go."""

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
    """What a client gets to stay signed in. `expires_in` is the access token's life in seconds."""

    access_token: str
    refresh_token: str
    token_type: str
    expires_in: int


def start_session(user: User, *, at: datetime) -> TokenPair:
    """A new session for a user who has proved who they are; returns its token pair."""
    refresh = RefreshToken()
    lasts = timedelta(days=settings.REFRESH_TOKEN_EXPIRE_DAYS)
    session = Session.start(user, door=Door.API, at=at, lasts=lasts, refresh_id=refresh["jti"])
    user.last_login = at
    user.save(update_fields=["last_login"])
    return _pair(session, refresh)


def refresh_session(token: str) -> TokenPair | None:
    """A new token pair for a refresh token; the old one is dead. None when it is refused.

    A token used a second time ends its session, which is committed although the client gets an error.
    """
    claims = read_claims(RefreshToken, token)
    session = (
        Session.objects.select_related("user").filter(pk=claims["sid"], user=claims["sub"]).first() if claims else None
    )
    if claims is None or session is None or not session.user.is_active:
        return None
    following = session.rotate(claims["jti"], at=timezone.now())
    if following is None:
        return None
    refresh = RefreshToken()
    refresh["jti"] = following
    return _pair(session, refresh)


def _pair(session: Session, refresh: Token) -> TokenPair:
    return {
        "access_token": str(_claiming(AccessToken(), session)),
        "refresh_token": str(_claiming(refresh, session)),
        "token_type": "bearer",
        "expires_in": settings.ACCESS_TOKEN_EXPIRE_MINUTES * 60,
    }


def _claiming(token: Token, session: Session) -> Token:
    user = session.user
    # The role is told for the frontend's sake; the server never reads it from here.
    token["sub"], token["sid"] = str(user.pk), str(session.pk)
    token["username"], token["email"], token["role"] = user.username, user.email, user.role_id
    return token
