"""What is wrong with a date or a number that someone wrote. The doors put it into words."""

import re
from calendar import monthrange
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from django.utils.text import Truncator

ISO = re.compile(r"(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})(?P<time>[T ].+)?", re.ASCII)
DAY_FIRST = re.compile(r"(?P<day>\d{1,2})(?P<sign>[./-])(?P<month>\d{1,2})(?P=sign)(?P<year>\d{4})", re.ASCII)
MONTHS = 12
DECIMAL_COMMA = re.compile(r"[+-]?\d{1,3},\d+", re.ASCII)
LONGEST_QUOTE = 60


def quoted(value: object) -> str:
    """A value as a message quotes it: not longer than a line."""
    return Truncator(str(value)).chars(LONGEST_QUOTE)


class DateFault(StrEnum):
    """Why a text isn't accepted as a date."""

    NO_SUCH_MONTH = "no_such_month"
    NO_SUCH_DAY = "no_such_day"
    WITH_TIME = "with_time"
    OTHER_FORM = "other_form"
    NOT_A_DATE = "invalid"


# The faults of what is otherwise a date and a time.
NOT_IN_THE_CALENDAR = (DateFault.NO_SUCH_MONTH, DateFault.NO_SUCH_DAY)


class FaultOfDate(NamedTuple):
    """A fault, with the first day of the month that is named, or for OTHER_FORM the date."""

    kind: DateFault
    of: date | None = None
    days: int = 0


def fault_of_date(text: str) -> FaultOfDate:
    """The fault of a text that a date field has refused."""
    found = ISO.fullmatch(text) or DAY_FIRST.fullmatch(text)
    if not found or not int(found["year"]):
        return FaultOfDate(DateFault.NOT_A_DATE)
    year, month, day = (int(found[name]) for name in ("year", "month", "day"))
    if not 1 <= month <= MONTHS:
        return FaultOfDate(DateFault.NO_SUCH_MONTH)
    days = monthrange(year, month)[1]
    if not 1 <= day <= days:
        return FaultOfDate(DateFault.NO_SUCH_DAY, date(year, month, 1), days)
    if found.re is ISO:
        return FaultOfDate(DateFault.WITH_TIME if found["time"] else DateFault.NOT_A_DATE)
    # 01/02/2027 is the first of February or the second of January.
    is_clear = found["sign"] == "." or day > MONTHS
    return FaultOfDate(DateFault.OTHER_FORM, date(year, month, day)) if is_clear else FaultOfDate(DateFault.NOT_A_DATE)


def with_point(text: str) -> str | None:
    """The number with a decimal point, if the text is one with a decimal comma: `52,52` → `52.52`."""
    return text.replace(",", ".") if DECIMAL_COMMA.fullmatch(text) else None
