"""Rate limits of the console. They count in the same windows as the API's."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from campaign_studio.doors import is_page
from campaign_studio.rate_limits import Usage, count, count_address, rate


class ConsoleThrottleMiddleware:
    """Answers 429 to a user, or an IP address that isn't signed in, with too many requests.

    It stands behind the session, which says who the user is. Static files are answered before. The API limits itself,
    and uploaded files are as cheap as static ones.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not is_page(request.path_info):
            return self.get_response(request)
        usage = _count(request)
        return self.get_response(request) if usage.is_allowed else _too_many(usage.seconds_left)


def _count(request: HttpRequest) -> Usage:
    user = request.user
    if user.is_authenticated:
        return count(f"user:{user.pk}", rate(settings.THROTTLE_CONSOLE))
    return count_address(request.META.get("REMOTE_ADDR", ""), rate(settings.THROTTLE_ANON))


def _too_many(seconds: int) -> HttpResponse:
    # Rendered without the request, whose context processors would query the database.
    page = render_to_string("429.html", {"seconds": seconds})
    return HttpResponse(page, status=429, headers={"Retry-After": str(seconds), "Cache-Control": "no-store"})
