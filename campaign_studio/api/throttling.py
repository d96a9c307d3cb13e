"""Rate limits at the API's door, and the headers that tell of them."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from campaign_studio.rate_limits import count, rate


class StudioThrottle(BaseThrottle):
    """Counts requests of a user, or of an address without a token, in windows of fixed length.

    The framework's own throttles read, then write: requests at once slip through. Here the cache itself counts.
    """

    seconds_left = 0

    def allow_request(self, request: Request, view: Any) -> bool:
        """Count this one; False when it is one too many. A request whose transaction is tried again was counted."""
        if hasattr(request._request, "rate_limit"):
            return True
        user = request.user
        if user is not None and user.is_authenticated:
            allowed, who = rate(settings.THROTTLE_USER), f"user:{user.pk}"
        else:
            allowed, who = rate(settings.THROTTLE_ANON), f"address:{request.META.get('REMOTE_ADDR', '')}"
        counted = count(who, allowed)
        self.seconds_left = counted.seconds_left
        request._request.rate_limit = (allowed.limit, counted.remaining, counted.ends)  # type: ignore[attr-defined]
        return counted.is_allowed

    def wait(self) -> float:
        """Seconds until the next window, for `Retry-After`."""
        return self.seconds_left


class EarlyThrottleMixin:
    """Counts before it asks for rights: whoever is refused for want of a token, or for a bad one, is counted too."""

    def perform_authentication(self, request: Request) -> None:
        """Find out who asks, then count."""
        try:
            super().perform_authentication(request)  # type: ignore[misc]
        except APIException:
            super().check_throttles(request)  # type: ignore[misc]
            raise
        super().check_throttles(request)  # type: ignore[misc]

    def check_throttles(self, request: Request) -> None:
        """Nothing: it is counted by now."""


class RateLimitMiddleware:
    """Tells how much is left: `X-RateLimit-Limit`, `-Remaining` and `-Reset` (when it starts anew, in Unix time)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Handle one request."""
        response = self.get_response(request)
        counted = getattr(request, "rate_limit", None)
        if counted:
            for name, value in zip(("Limit", "Remaining", "Reset"), counted, strict=True):
                response[f"X-RateLimit-{name}"] = str(value)
        return response
