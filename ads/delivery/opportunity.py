"""An opportunity to show ads: a screen in a place, at a moment of the screen's local time."""

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from datetime import date, datetime, time, timedelta

from ads.choices import RATING_LEVELS
from ads.time_slots import QUARTERS_OF_A_DAY
from campaign_studio.moments import time_in
from campaign_studio.places import country_code, name_key, postcode_key

# The years that a moment may be in.
FIRST_YEAR, LAST_YEAR = 2000, 2099
FIRST_DAY = date(FIRST_YEAR, 1, 1)
QUARTER = timedelta(minutes=15)
# A turn is from 0 to 59: enough to spread screens over the ads of a position, few enough to share answers.
TURNS = 60
# Higher than the level of every rating label, so that even ads without a label are within the limit.
ANY_LEVEL = 1_000
# `time_in` would accept a date without a time.
TIME_OF_DAY = re.compile(r"[T ]\d\d:?\d\d")


def local_time(text: str) -> datetime:
    """Parse a local time of the screen in ISO 8601, with its offset if there is one. Raises ValueError."""
    moment = time_in(text) if TIME_OF_DAY.search(text) else None
    if moment is None or not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise ValueError(text)
    return moment


def quarter_of(moment: datetime) -> int:
    """The quarter hour of the day that contains `moment`, from 0 to 95."""
    return moment.hour * 4 + moment.minute // 15


def quarter_of_week(moment: datetime) -> int:
    """The quarter hour of the week that contains `moment`, from 0 (Monday at midnight) to 671."""
    return moment.weekday() * QUARTERS_OF_A_DAY + quarter_of(moment)


def turn_of(device_id: str) -> int:
    """The turn of a device, from 0 to 59: the CRC-32 (ISO 3309) of its ID in UTF-8, modulo 60."""
    return zlib.crc32(device_id.encode()) % TURNS


def lacks_city(city: str, postcode: str) -> bool:
    """Whether a place has a postcode but no city."""
    return bool(postcode) and not city


@dataclass(frozen=True)
class Opportunity:
    """A place, a moment and a turn.

    `country` is a code or an English name. `at` is the local time of the screen. Its offset is returned but otherwise
    ignored, so that days on which the clock changes need no special rule. Unknown parts of the place are empty. An
    unknown region is in every region of its country. An unknown city or postcode only matches targets that don't list
    any. `turn` (0 to 59) spreads the ads of a position over screens. `max_rating` is an MPAA or ESRB label.
    """

    country: str
    at: datetime
    region: str = ""
    city: str = ""
    postcode: str = ""
    turn: int = 0
    max_rating: str = ""

    def __post_init__(self) -> None:
        """Strip whitespace and use the code of the country, so that equal places are equal."""
        for field in fields(self):
            if field.name not in ("at", "turn"):
                object.__setattr__(self, field.name, getattr(self, field.name).strip())
        object.__setattr__(self, "country", country_code(self.country) or self.country)

    @property
    def region_key(self) -> str:
        """The key of the region's name, by which every spelling is found; empty if unknown."""
        return name_key(self.region)

    @property
    def city_key(self) -> str:
        """The key of the city's name; empty if unknown."""
        return name_key(self.city)

    @property
    def postcode_key(self) -> str:
        """The key of the postcode; empty if unknown."""
        return postcode_key(self.country, self.postcode)

    @property
    def day(self) -> date:
        """The day, in the screen's local time."""
        return self.at.date()

    @property
    def time(self) -> time:
        """The time of day, in the screen's local time."""
        return self.at.time()

    @property
    def quarter(self) -> int:
        """The quarter hour of the day, from 0 to 95."""
        return quarter_of(self.at)

    @property
    def weekday(self) -> int:
        """The day of the week, in the screen's local time: 1 is Monday."""
        return self.at.isoweekday()

    @property
    def quarter_of_week(self) -> int:
        """The quarter hour of the week, from 0 (Monday at midnight) to 671."""
        return quarter_of_week(self.at)

    @property
    def quarter_number(self) -> int:
        """The number of the quarter hour since the beginning of 1 January 2000, in the screen's local time."""
        return (self.day - FIRST_DAY).days * QUARTERS_OF_A_DAY + self.quarter

    @property
    def rotation(self) -> int:
        """Modulo the number of ads of a position, the index of the one that comes first."""
        return self.turn + self.quarter_number

    @property
    def max_level(self) -> int:
        """The highest level that a rating may have, or `ANY_LEVEL` without `max_rating`."""
        return RATING_LEVELS[self.max_rating] if self.max_rating else ANY_LEVEL

    @property
    def valid_until(self) -> datetime:
        """The next quarter hour, when the answer may change.

        Time slots start and end, days end, the rotation moves on and clocks change on a quarter hour.
        """
        start = self.at.replace(minute=self.at.minute // 15 * 15, second=0, microsecond=0)
        return start + QUARTER

    def at_quarter(self, quarter: int) -> "Opportunity":
        """The same opportunity at the start of another quarter hour of the day (0 to 95)."""
        hour, part = divmod(quarter, 4)
        return replace(self, at=self.at.replace(hour=hour, minute=part * 15, second=0, microsecond=0))

    def quarters(self) -> Iterator["Opportunity"]:
        """The same opportunity in each quarter hour of the day."""
        return (self.at_quarter(quarter) for quarter in range(QUARTERS_OF_A_DAY))
