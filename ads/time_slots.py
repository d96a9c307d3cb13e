"""Times and days as people write them: slots on some weekdays, 24:00, and slots that run past midnight."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import time
from itertools import groupby

from django.core.exceptions import ValidationError
from django.utils.dates import WEEKDAYS_ABBR
from django.utils.translation import gettext_lazy as _

from ads.choices import EVERY_DAY, WEEKDAYS, every_day

QUARTERS_OF_A_DAY = 96
QUARTERS_OF_A_WEEK = 7 * QUARTERS_OF_A_DAY
# As the end of a slot, midnight is the end of the day.
MIDNIGHT = time(0)
OVERLAP_CODE = "time_slots_of_an_ad_do_not_overlap"
NO_WEEKDAYS = _("Choose at least one day of the week.")

_END_OF_DAY = re.compile(r"24:00(:00(\.0+)?)?", re.ASCII)


def is_end_of_day(text: str) -> bool:
    """Whether `text` is 24:00, which `datetime.time` doesn't know (ISO 8601-1:2019/Amd 1). It is stored as 00:00."""
    return bool(_END_OF_DAY.fullmatch(text.strip()))


def weekdays_of(days: Iterable[int] | None) -> list[int]:
    """The days of the week in their order. Raises ValidationError if there are none, for unknown and repeated ones."""
    listed = list(days or ())
    if not listed:
        raise ValidationError(NO_WEEKDAYS, code="no_weekdays")
    for position, day in enumerate(listed):
        if day not in WEEKDAYS:
            message = _("%(day)s is not a day of the week. Use the numbers from 1 (Monday) to 7 (Sunday).")
            raise ValidationError(message, code="unknown_weekday", params={"day": day})
        if day in listed[:position]:
            message = _("%(day)s is listed more than once. List each day of the week once.")
            raise ValidationError(message, code="repeated_weekday", params={"day": WEEKDAYS[day]})
    return sorted(listed)


@dataclass(frozen=True)
class Slot:
    """A time of day on some days of the week (1 is Monday), by the screen's clock. An end of 00:00 is midnight.

    As text, it is `Mon–Fri 06:15–09:45`, or `06:15–09:45` for every day.
    """

    start: time
    end: time
    weekdays: Sequence[int] = field(default_factory=every_day)

    def __str__(self) -> str:
        hours = f"{self.start:%H:%M}–{self.end:%H:%M}"
        return hours if list(self.weekdays) == EVERY_DAY else f"{words_of_days(self.weekdays)} {hours}"

    def values(self) -> dict[str, object]:
        """The values of the fields of an `AdTimeSlot`."""
        return {"time_slot_start": self.start, "time_slot_end": self.end, "weekdays": list(self.weekdays)}

    def as_sent(self) -> dict[str, object]:
        """Its values as in a request body."""
        return self.values() | {"time_slot_start": f"{self.start:%H:%M}", "time_slot_end": f"{self.end:%H:%M}"}

    def on(self, day: int) -> "Slot":
        """The same time on one more day of the week."""
        return replace(self, weekdays=sorted({*self.weekdays, day}))

    def parts(self) -> "list[Slot]":
        """The slots that are stored: one that runs past midnight becomes two, the second on the following days."""
        if self.end == MIDNIGHT or self.end >= self.start:
            return [self]
        following = sorted(day % 7 + 1 for day in self.weekdays)
        return [Slot(self.start, MIDNIGHT, self.weekdays), Slot(MIDNIGHT, self.end, following)]

    def includes(self, at: time) -> bool:
        """Whether a time of day is in the slot, whatever the day."""
        return self.start <= at and (at < self.end or self.end == MIDNIGHT)

    def overlap(self, other: "Slot") -> int | None:
        """The first day of the week on which both include the same time. None if there is none."""
        if not (self.includes(other.start) or other.includes(self.start)):
            return None
        return min(set(self.weekdays) & set(other.weekdays), default=None)

    def refusal(self, others: "Iterable[Slot]") -> ValidationError | None:
        """Names the first of the others that overlaps this one, and the day. None if there is none."""
        for other in others:
            if day := self.overlap(other):
                message = _("%(one)s and %(other)s overlap on %(day)s. Change or delete one of the two time slots.")
                params = {"one": str(other), "other": str(self), "day": WEEKDAYS[day]}
                return ValidationError(message, code=OVERLAP_CODE, params=params)
        return None


def words_of_days(weekdays: Sequence[int], *, separator: str = ",") -> str:
    """`Mon–Fri`, `Sat,Sun` or `Mon,Wed–Fri`, in the active language."""
    words = []
    # Consecutive days have the same difference from their position.
    for _key, run in groupby(enumerate(weekdays), key=lambda pair: pair[1] - pair[0]):
        names = [str(WEEKDAYS_ABBR[day - 1]) for _position, day in run]
        words += names if len(names) < 3 else [f"{names[0]}–{names[-1]}"]
    return separator.join(words)
