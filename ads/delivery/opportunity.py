"""The moment that is asked about: a screen in a place, at a time by the screen's own clock."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from datetime import date, datetime, time, timedelta

from django.utils.dateparse import parse_datetime

from ads.choices import RATING_LEVELS
from campaign_studio.places import country_code

# The years in which a moment can lie.
FIRST_YEAR, LAST_YEAR = 2000, 2099
QUARTER = timedelta(minutes=15)
QUARTERS_OF_A_DAY = 96
# Above every level that a rating can have: nothing is too strong, rated or not.
ANY_LEVEL = 1_000
# `parse_datetime` takes a mere date for its midnight.
TIME_OF_DAY = re.compile(r"[T ]\d\d:?\d\d")


def local_time(text: str) -> datetime:
    """A moment by the screen's clock, in ISO 8601, with the offset where one is given. Raises ValueError."""
    moment = parse_datetime(text) if TIME_OF_DAY.search(text) else None
    if moment is None or not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise ValueError(text)
    return moment


def quarter_of(moment: datetime) -> int:
    """The quarter hour of the day that it lies in, 0 to 95."""
    return moment.hour * 4 + moment.minute // 15


def lacks_city(city: str, postcode: str) -> bool:
    """Whether a place is told by half: a postcode belongs to a city, as a city belongs to a country."""
    return bool(postcode) and not city


@dataclass(frozen=True)
class Opportunity:
    """A place, a moment and a device.

    `country` is a code or an English name, `at` the local time of the screen: an offset is kept for the answer and
    ignored otherwise, so that days on which the clock is changed need no rule of their own. What isn't known of the
    place is "": then only ads that aim at all of the level above match. `max_rating` is an MPAA or ESRB label.
    """

    country: str
    at: datetime
    region: str = ""
    city: str = ""
    postcode: str = ""
    device_id: str = ""
    max_rating: str = ""

    def __post_init__(self) -> None:
        """Tidy, so that one place is always written in one way."""
        for field in fields(self):
            if field.name != "at":
                object.__setattr__(self, field.name, getattr(self, field.name).strip())
        object.__setattr__(self, "country", country_code(self.country) or self.country)

    @property
    def day(self) -> date:
        """The day by the screen's clock."""
        return self.at.date()

    @property
    def time(self) -> time:
        """The time of day by the screen's clock."""
        return self.at.time()

    @property
    def quarter(self) -> int:
        """The quarter hour of the day, 0 to 95."""
        return quarter_of(self.at)

    @property
    def max_level(self) -> int:
        """How strong a rating may be; `ANY_LEVEL` when that wasn't asked."""
        return RATING_LEVELS[self.max_rating] if self.max_rating else ANY_LEVEL

    @property
    def valid_until(self) -> datetime:
        """The next instant at which the answer can change by the clock: the next quarter hour.

        Slots begin and end on it, days end on it, the rotation moves on with it, and clocks are changed on it.
        """
        start = self.at.replace(minute=self.at.minute // 15 * 15, second=0, microsecond=0)
        return start + QUARTER

    def at_quarter(self, quarter: int) -> "Opportunity":
        """The same on the same day, at the start of a quarter hour (0 to 95)."""
        hour, part = divmod(quarter, 4)
        return replace(self, at=self.at.replace(hour=hour, minute=part * 15, second=0, microsecond=0))

    def quarters(self) -> Iterator["Opportunity"]:
        """Each quarter hour of the day."""
        return (self.at_quarter(quarter) for quarter in range(QUARTERS_OF_A_DAY))
