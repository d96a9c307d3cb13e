"""Reads the times that clients write, in every parameter in the same way, and writes those that have an offset."""

import re
from datetime import UTC, datetime

from django.utils.dateparse import parse_datetime

# In a query string a plus sign is a space: `…T08:15:00+01:00` arrives with one.
BLANK_OFFSET = re.compile(r"(:\d\d(?:[.,]\d+)?) (\d\d(?::?\d\d)?)$", re.ASCII)


def time_in(text: str) -> datetime | None:
    """The date and time that a text in ISO 8601 means, with its offset if there is one; None if it isn't one."""
    try:
        return parse_datetime(BLANK_OFFSET.sub(r"\1+\2", text.strip()))
    except ValueError:
        return None


def moment_in(text: str) -> datetime | None:
    """As `time_in()`, in UTC. Without an offset, it is UTC."""
    found = time_in(text)
    try:
        return found and (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except OverflowError:
        return None


def text_of(moment: datetime) -> str:
    """A moment in ISO 8601 with the offset that it has. UTC is `Z`, as in all other answers."""
    return moment.isoformat().replace("+00:00", "Z")
