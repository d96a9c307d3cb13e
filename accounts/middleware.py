"""The console's sessions, two-factor authentication for the roles that require it, and a log of refused requests."""

from collections.abc import Callable
from http import HTTPStatus

from django.conf import settings
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
from campaign_studio.addresses import networks_of
from campaign_studio.doors import PagesOnly
from campaign_studio.rate_limits import COST_OF_A_REFUSAL, REFUSALS_PERIOD, count, count_refusal, is_summed_up, rate

REFUSALS = {HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS}
# The console pages open to users who still have to set up the two-factor authentication that their role requires.
OPEN_WITHOUT_TWO_FACTOR = {"admin:two_factor", "admin:logout", "admin:jsi18n", "admin:login"}


class ConsoleSessionMiddleware(PagesOnly, AuthenticationMiddleware):
    """Authenticates console requests by their session row, with one more query than Django's middleware.

    Cookies are ignored under `/api/`, where only the bearer token identifies the user.
    """

    def process_request(self, request: HttpRequest) -> None:
        """Set `request.user`, loaded on first access."""
        super().process_request(request)
        request.user = SimpleLazyObject(lambda: _console_user(request))  # type: ignore[assignment]

    def process_view(self, request: HttpRequest, view: object, args: object, kwargs: object) -> HttpResponse | None:
        """Redirect users whose role requires two-factor authentication to the page where they set it up."""
        match = request.resolver_match
        if match is None or match.namespace != "admin" or match.view_name in OPEN_WITHOUT_TWO_FACTOR:
            return None
        user = request.user
        if not isinstance(user, User) or not is_required_of(user):
            return None
        session = user.current_session
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
    user.current_session = session
    return user


class RefusalLogMiddleware:
    """Counts the refused requests (403 and 429) of each user, or of each IP address that isn't signed in.

    The security log has the first 403 of a user within ten minutes, then the 10th, the 100th and so on: one event with
    their number, not one per request. Of 429s, and of an IP address, it has those from the 10th on, because anyone
    could fill it. A 403 also costs the user as much as ten requests.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Handle one request. The event is written after the request's transaction was rolled back."""
        response = self.get_response(request)
        if response.status_code in REFUSALS:
            _count_refusal(request, response.status_code)
        return response


def _count_refusal(request: HttpRequest, status: int) -> None:
    user = acting.current_user()
    who = f"user:{user.pk}" if user else f"address:{networks_of(acting.current_address())[0].name}"
    if user and status == HTTPStatus.FORBIDDEN:
        limit = settings.THROTTLE_USER if is_api(request.path_info) else settings.THROTTLE_CONSOLE
        count(who, rate(limit), times=COST_OF_A_REFUSAL - 1)
    number = count_refusal(f"{status}:{who}")
    latest = f"{request.method} {request.path_info}"
    if number > 1 and is_summed_up(number):
        minutes = REFUSALS_PERIOD // 60
        detail = f"{number} times within {minutes} minutes ({status}), the latest: {latest}"
        SecurityEvent.objects.record(SecurityEventKind.PERMISSION_REFUSED, user, detail=detail)
    elif number <= 1 and user and status == HTTPStatus.FORBIDDEN:
        SecurityEvent.objects.record(SecurityEventKind.PERMISSION_REFUSED, user, detail=latest)
