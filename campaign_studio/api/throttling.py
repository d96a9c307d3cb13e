"""Rate limits and the headers that tell of them (2-api "Limits", 8-reliability R14)."""

import logging
import math
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from redis.exceptions import RedisError
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

logger = logging.getLogger(__name__)

PERIODS = {"sec": 1, "second": 1, "min": 60, "minute": 60, "hour": 3600, "day": 86_400}


class Rate(NamedTuple):
    """`limit` requests in each window of `period` seconds."""

    limit: int
    period: int


def rate(text: str) -> Rate:
    """`100/min` as numbers. Raises ValueError for anything else."""
    limit, _, period = text.partition("/")
    if not (limit.isascii() and limit.isdigit() and int(limit) > 0 and period in PERIODS):
        raise ValueError(f"{text!r} is no rate. Write a number, a slash and one of {', '.join(PERIODS)}: 100/min.")
    return Rate(int(limit), PERIODS[period])


class StudioThrottle(BaseThrottle):
    """Counts requests of a user, or of an address without a token, in windows of fixed length.

    The framework's own throttles read, then write: requests at once slip through. Here the cache itself counts, once
    for all processes that share it. While a cache server is gone nothing is limited; the lock-out doesn't depend on it.
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


class Counted(NamedTuple):
    """What became of one more request. `ends` is in Unix time."""

    is_allowed: bool
    remaining: int
    ends: int
    seconds_left: int


def count(who: str, allowed: Rate) -> Counted:
    """Count one more request of `who`, in a window of fixed length."""
    now = time.time()
    window = int(now // allowed.period)
    ends = (window + 1) * allowed.period
    number = _number(f"rate:{who}:{window}", allowed.period)
    return Counted(number <= allowed.limit, max(0, allowed.limit - number), ends, math.ceil(ends - now))


def _number(key: str, period: int) -> int:
    try:
        cache.add(key, 0, timeout=2 * period)
        return cache.incr(key)
    except ValueError:
        # Thrown out between the two calls, by a cache that was full.
        return 1
    except RedisError as error:
        logger.warning("The cache does not answer, so nothing is limited: %s", error)
        return 0


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
