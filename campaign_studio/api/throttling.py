"""Rate limits of the API and their response headers."""

from typing import TYPE_CHECKING

from django.conf import settings
from django.http import HttpRequest
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from campaign_studio.acting import kind_of
from campaign_studio.rate_limits import Usage, count, count_address, rate

if TYPE_CHECKING:
    # Only for types: DRF imports this module while it is still defining APIView.
    from rest_framework.views import APIView


class StudioThrottle(BaseThrottle):
    """Counts the requests of a user, a device, or an IP address or network without a token, in windows of fixed length.

    DRF's own throttles read the count and then write it, so concurrent requests slip through. Here the cache itself
    increments the count.
    """

    def __init__(self) -> None:
        self._usage: Usage | None = None

    def allow_request(self, request: Request | HttpRequest, view: "APIView") -> bool:
        """Count the request; False if it exceeds the limit. A request whose transaction is retried is counted once."""
        return True if self._usage is not None else self.allows(request)

    def allows(self, request: Request | HttpRequest) -> bool:
        """Count a request whose user is known; False if it exceeds the limit."""
        user = request.user
        if user is not None and user.is_authenticated:
            kind = kind_of(user)
            allowed = rate(settings.THROTTLE_USER if kind == "user" else settings.THROTTLE_DEVICE)
            self._usage = count(f"{kind}:{user.pk}", allowed)
        else:
            self._usage = count_address(request.META.get("REMOTE_ADDR", ""), rate(settings.THROTTLE_ANON))
        return self._usage.is_allowed

    def wait(self) -> float:
        """Seconds until the next window, for `Retry-After`."""
        return self._usage.seconds_left if self._usage else 0

    def headers(self) -> dict[str, str]:
        """The limit of a window, how many requests are left, and when the next window begins (in Unix time)."""
        if self._usage is None:
            return {}
        limits = {"Limit": self._usage.limit, "Remaining": self._usage.remaining, "Reset": self._usage.ends}
        return {f"X-RateLimit-{name}": str(value) for name, value in limits.items()}
