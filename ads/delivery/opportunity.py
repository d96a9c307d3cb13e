"""The moment that is asked about: a screen in a place, at a time by the screen's own clock."""

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from datetime import date, datetime, time, timedelta
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Expression, Field, Func, Value

from ads.choices import ALL_DAY, RATING_LEVELS
from campaign_studio.places import country_code

QUARTER = timedelta(minutes=15)
QUARTERS_OF_A_DAY = 96
# Above every level that a rating can have: nothing is too strong, rated or not.
ANY_LEVEL = 1_000


def quarter_of(moment: datetime) -> int:
    """The quarter hour of the day that it lies in, 0 to 95."""
    return moment.hour * 4 + moment.minute // 15


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

        Slots begin and end on it, days end on it, whose turn it is changes with it, and clocks are changed on it.
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


# What conditions may ask of an opportunity, with the type that the database takes it for.
ASKABLE: "dict[str, tuple[Field[Any, Any], str]]" = {
    "country": (models.TextField(), "text"),
    "region": (models.TextField(), "text"),
    "city": (models.TextField(), "text"),
    "postcode": (models.TextField(), "text"),
    "day": (models.DateField(), "date"),
    "time": (models.TimeField(), "time"),
    "quarter": (models.SmallIntegerField(), "smallint"),
    "max_level": (models.IntegerField(), "integer"),
}


@dataclass(frozen=True)
class Blank:
    """Stands among the parameters of a statement for what will be asked."""

    name: str


class Asked(Expression):
    """A part of an opportunity within a condition."""

    def __init__(self, name: str, value: Any) -> None:
        output_field, self.cast = ASKABLE[name]
        super().__init__(output_field=output_field)
        self.value = value

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        """One parameter of a known type."""
        return f"%s::{self.cast}", (self.value,)


class Question:
    """What conditions are written about: each part of an opportunity as an expression.

    Without an opportunity every part is a `Blank`, so that a statement is compiled once and filled in per request.
    """

    def __init__(self, opportunity: Opportunity | None = None) -> None:
        self.opportunity = opportunity

    def __getattr__(self, name: str) -> Asked:
        """`question.day`, `question.city` …"""
        if name not in ASKABLE:
            raise AttributeError(name)
        return Asked(name, Blank(name) if self.opportunity is None else getattr(self.opportunity, name))

    def places(self) -> Func:
        """The words that a deliverable ad in this country, or this city, is found by."""
        return self._words(self.city)

    def postcodes(self) -> Func:
        """The words that a deliverable ad in this country, or this postcode, is found by."""
        return self._words(self.postcode)

    def moments(self) -> Func:
        """This quarter hour, and all day."""
        return _array(models.SmallIntegerField(), self.quarter, Value(ALL_DAY))

    def _words(self, narrower: Asked) -> Func:
        return _array(models.TextField(), _word(self.country), _word(self.country, narrower))


def _word(*parts: Expression) -> Func:
    """`de/berlin`, or `de`."""
    joined = {"template": "lower(%(expressions)s)", "arg_joiner": ") || '/' || lower("}
    return Func(*parts, **joined, output_field=models.TextField())


def _array(entry: "Field[Any, Any]", *entries: Expression) -> Func:
    return Func(*entries, template="ARRAY[%(expressions)s]", output_field=ArrayField(entry))
