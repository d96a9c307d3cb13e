"""How often one client may do something, counted once for all processes that share the cache.

While a cache server is gone nothing is limited; the lock-out after failed sign-ins doesn't depend on it.
"""

import logging
import math
import time
from typing import NamedTuple

from django.core.cache import cache
from redis.exceptions import RedisError

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


class Usage(NamedTuple):
    """What became of one more request. `ends` is in Unix time."""

    is_allowed: bool
    limit: int
    remaining: int
    ends: int
    seconds_left: int


def count(who: str, allowed: Rate) -> Usage:
    """Count one more request of `who`, in a window of fixed length. Requests at once are counted one by one."""
    now = time.time()
    window = int(now // allowed.period)
    ends = (window + 1) * allowed.period
    number = _number(f"rate:{who}:{window}", allowed.period)
    remaining = max(0, allowed.limit - number)
    return Usage(number <= allowed.limit, allowed.limit, remaining, ends, math.ceil(ends - now))


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
