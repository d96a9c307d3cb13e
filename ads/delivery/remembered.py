"""Which ads are eligible where and when, as this process has found out before.

Nothing here is believed without asking. The statement that answers the next request first looks for changes since then
(`DeliveryChange`), and decides anew if there are any. docs/adr/0016 says why that is exact.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Mapping
from typing import NamedTuple

from django.db import connection

from ads.delivery.opportunity import Opportunity

# How long a decision is remembered: what cities are called changes without a `DeliveryChange`, in an upgrade.
SECONDS = 900
# A process remembers decisions with up to as many keys, of 16 bytes each, and up to as many decisions.
MOST_KEYS = 250_000
MOST_DECISIONS = 2_000

# Whatever a decision depends on, apart from what is stored. The turn only rotates it.
Question = tuple[object, ...]


class Remembered(NamedTuple):
    """The keys of eligible ads by position, in their order and each as 16 bytes.

    `first_later` is the first transaction that wasn't over yet, on the server that started then.
    """

    keys: Mapping[str, bytes]
    first_later: str
    server_started: str
    until: float


_decisions: OrderedDict[Question, Remembered] = OrderedDict()
_lock = threading.Lock()
_size = 0


def find(opportunity: Opportunity) -> Remembered | None:
    """The decision for this opportunity, if it is remembered. It may be out of date."""
    if connection.in_atomic_block:
        # It may have changed something itself.
        return None
    question = _question(opportunity)
    with _lock:
        found = _decisions.get(question)
        if found is None:
            return None
        if found.until < time.monotonic():
            _forget(question)
            return None
        _decisions.move_to_end(question)
        return found


def remember(opportunity: Opportunity, keys: Mapping[str, bytes], *, first_later: str, server_started: str) -> None:
    """Remember a decision instead of those that haven't been asked for the longest time."""
    global _size
    if connection.in_atomic_block:
        return
    question, until = _question(opportunity), time.monotonic() + SECONDS
    with _lock:
        _forget(question)
        _decisions[question] = Remembered(keys, first_later, server_started, until)
        _size += _keys_in(keys)
        while _decisions and (_size > MOST_KEYS or len(_decisions) > MOST_DECISIONS):
            _forget(next(iter(_decisions)))


def forget_all() -> None:
    """Forget all decisions, for tests that empty the database."""
    with _lock:
        for question in list(_decisions):
            _forget(question)


def _question(opportunity: Opportunity) -> Question:
    return (
        connection.settings_dict["NAME"],
        opportunity.country,
        opportunity.region,
        opportunity.city,
        opportunity.postcode,
        opportunity.day,
        opportunity.quarter,
        opportunity.max_rating,
    )


def _forget(question: Question) -> None:
    global _size
    if (found := _decisions.pop(question, None)) is not None:
        _size -= _keys_in(found.keys)


def _keys_in(keys: Mapping[str, bytes]) -> int:
    return sum(map(len, keys.values())) // 16
