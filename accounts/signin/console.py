"""Links the console's cookies to session rows, so that console sessions are listed and ended like those of the API."""

from datetime import timedelta

from django.conf import settings
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.utils import timezone

from accounts.choices import Door, SecurityEventKind
from accounts.models import Session, User

SESSION_KEY = "studio_session"


def signed_in(request: HttpRequest) -> User:
    """The signed-in user. Raises PermissionDenied for anonymous requests."""
    if not request.user.is_authenticated:
        raise PermissionDenied
    return request.user


def start(sender: object, request: HttpRequest, user: User, **kwargs: object) -> None:
    """Create a session row when a user signs in to the console."""
    lasts = timedelta(seconds=settings.SESSION_COOKIE_AGE)
    user.current_session = Session.start(user, door=Door.ADMIN, at=timezone.now(), lasts=lasts)
    request.session[SESSION_KEY] = str(user.current_session.pk)


def end(sender: object, request: HttpRequest, user: User | None, **kwargs: object) -> None:
    """End the session row when the user signs out."""
    if user is not None and user.current_session is not None:
        user.current_session.revoke(SecurityEventKind.LOGGED_OUT, at=timezone.now())


def connect() -> None:
    """Listen to Django's signals, which every sign-in and sign-out to the console sends."""
    user_logged_in.connect(start, dispatch_uid="accounts.signin.console.start")
    user_logged_out.connect(end, dispatch_uid="accounts.signin.console.end")
