"""How often one client may do something, counted across all processes that share the cache.

While the cache server is down, nothing is limited. The lockout after failed sign-ins doesn't depend on the cache.
"""

import logging
import math
import time
from functools import lru_cache
from typing import NamedTuple

from django.core.cache import cache

from campaign_studio.addresses import networks_of

logger = logging.getLogger(__name__)

# A refused request costs a user as much as this many requests, so that a long series of them ends in a 429.
COST_OF_A_REFUSAL = 10
# Refusals of one client are counted together for this many seconds.
REFUSALS_PERIOD = 600
# The numbers of refusals within a period that are an event.
SUMMED_UP = {10**exponent for exponent in range(10)}
PERIODS = {"sec": 1, "second": 1, "min": 60, "minute": 60, "hour": 3600, "day": 86_400}


class Rate(NamedTuple):
    """`limit` requests in each window of `period` seconds."""

    limit: int
    period: int


@lru_cache
def rate(text: str) -> Rate:
    """Parse `100/min`. Raises ValueError for anything else."""
    limit, _, period = text.partition("/")
    if not (limit.isascii() and limit.isdigit() and int(limit) > 0 and period in PERIODS):
        raise ValueError(f"{text!r} is not a rate.")
    return Rate(int(limit), PERIODS[period])


class Usage(NamedTuple):
    """The result of counting one request: what is left of the window, and when it ends (in Unix time)."""

    is_allowed: bool
    limit: int
    remaining: int
    ends: int
    seconds_left: int


def count(who: str, allowed: Rate, *, times: int = 1) -> Usage:
    """Count a request of `who` in the current window, `times` over. Concurrent requests are counted one by one."""
    now = time.time()
    window = int(now // allowed.period)
    ends = (window + 1) * allowed.period
    number = _number(f"rate:{who}:{window}", allowed.period, times)
    remaining = max(0, allowed.limit - number)
    return Usage(number <= allowed.limit, allowed.limit, remaining, ends, math.ceil(ends - now))


def count_address(address: str, allowed: Rate, *, kind: str = "address") -> Usage:
    """Count one request from an IP address, or from its networks if it is IPv6. Each `kind` is counted by itself.

    Returns the usage of the narrowest network that has exceeded its limit, or else of the one with the least left.
    """
    usages = []
    for network in networks_of(address):
        usages.append(count(f"{kind}:{network.name}", Rate(allowed.limit * network.factor, allowed.period)))
        if not usages[-1].is_allowed:
            # A refused request costs its wider network nothing.
            return usages[-1]
    return min(usages, key=lambda usage: usage.remaining)


def is_summed_up(number: int) -> bool:
    """Whether the refusal of this number is an event: the 1st, the 10th, the 100th and so on."""
    return number in SUMMED_UP


def count_refusal(who: str) -> int:
    """Count a refused request of `who`. Returns its number in the current period, or 0 while the cache is down."""
    return _number(f"refused:{who}:{int(time.time() // REFUSALS_PERIOD)}", REFUSALS_PERIOD, 1)


def _incremented(key: str, period: int, times: int) -> int:
    try:
        return cache.incr(key, times)
    except ValueError:
        # The first of its period.
        cache.add(key, 0, timeout=2 * period)
    try:
        return cache.incr(key, times)
    except ValueError:
        # A full cache evicted the key between the two calls.
        return times


def _number(key: str, period: int, times: int) -> int:
    try:
        return _incremented(key, period, times)
    except Exception as error:
        # Imported only now: most installations of one process have no Redis, and it takes 4 MB.
        from redis.exceptions import RedisError

        if not isinstance(error, RedisError):
            raise
        logger.warning("The cache does not answer, so requests are not limited: %s", error)
        return 0
