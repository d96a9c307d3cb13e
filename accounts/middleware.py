"""Who stands at the door: the console's sessions, two-factor for the roles that need it, and who was turned away."""

from collections.abc import Callable

from django.contrib import auth
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from accounts.choices import SecurityEventKind
from accounts.models import SecurityEvent, Session, User
from accounts.signin.console import SESSION_KEY
from accounts.signin.two_factor import is_required_of
from campaign_studio import acting
from campaign_studio.acting import is_api

# What somebody reaches who has yet to set up the second factor their role needs.
WITHOUT_SECOND_FACTOR = {"admin:two_factor", "admin:logout", "admin:jsi18n", "admin:login"}


class ConsoleSessionMiddleware(AuthenticationMiddleware):
    """Signs people in to the console as long as their session row lives: one query more than the framework's own.

    Under `/api/` cookies mean nothing: there the bearer token alone says who it is.
    """

    def process_request(self, request: HttpRequest) -> None:
        """Say who it is, as soon as somebody asks."""
        super().process_request(request)
        if is_api(request.path_info):
            request.user = AnonymousUser()
        else:
            request.user = SimpleLazyObject(lambda: _console_user(request))  # type: ignore[assignment]

    def process_view(self, request: HttpRequest, view: object, args: object, kwargs: object) -> HttpResponse | None:
        """Send those whose role needs two-factor to where they set it up."""
        match = request.resolver_match
        if match is None or match.namespace != "admin" or match.view_name in WITHOUT_SECOND_FACTOR:
            return None
        user = request.user
        if not isinstance(user, User) or not is_required_of(user):
            return None
        session = user.present_session
        return None if session and session.second_factor else redirect("admin:two_factor")


def _console_user(request: HttpRequest) -> User | AnonymousUser:
    user = auth.get_user(request)
    if not isinstance(user, User):
        return AnonymousUser()
    now = timezone.now()
    session = Session.objects.alive(at=now).filter(pk=request.session.get(SESSION_KEY), user=user).first()
    if session is None:
        return AnonymousUser()
    session.seen(at=now)
    session.user = user
    user.present_session = session
    return user


class ForbiddenLogMiddleware:
    """Records who was refused for want of a right, in API and console alike. Somebody unknown leaves no trace here:
    they are asked to sign in, and what they send could fill the log.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Handle one request; the event is written after its transaction was undone."""
        response = self.get_response(request)
        if response.status_code == 403:
            user = acting.current_user()
            if user is not None:
                attempted = f"{request.method} {request.path_info}"
                SecurityEvent.objects.record(SecurityEventKind.PERMISSION_REFUSED, user, detail=attempted)
        return response
