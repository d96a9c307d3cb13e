"""Whose clock: when a day is over everywhere, and what time it is at a place (docs/delivery.md, “Whose clock”)."""

from datetime import date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from django.db.models import BooleanField, DateField, F, Func, QuerySet, Value
from django.utils import timezone

from campaign_studio.models.places import City

# The zone in which a day ends last, at 12:00 UTC of the next day. IANA calls it “Etc/GMT+12”.
LAST_ZONE = timezone.get_fixed_timezone(-12 * 60)
# The zone in which a day begins first, at 10:00 UTC of the day before.
FIRST_ZONE = timezone.get_fixed_timezone(14 * 60)


def still_today(now: datetime | None = None) -> date:
    """The earliest date that it still is somewhere: the date in UTC−12. Every earlier day is over on every clock.

    `now` is an aware datetime, by default the current time.
    """
    return (now or timezone.now()).astimezone(LAST_ZONE).date()


class StillToday(Func):
    """`still_today()` by the clock of the database."""

    template = "(statement_timestamp() AT TIME ZONE 'UTC' - interval '12 hours')::date"
    output_field = DateField()


def already_today(now: datetime | None = None) -> date:
    """The latest date that it already is somewhere: the date in UTC+14. No later day has begun on any clock.

    `now` is an aware datetime, by default the current time.
    """
    return (now or timezone.now()).astimezone(FIRST_ZONE).date()


def now_at(country: str, city: str = "") -> datetime:
    """The current local time at a place, with its offset. `country` is a code; `city` may be in any spelling.

    The time zone is that of the most populous city with this name. For an unknown city or none, it is that of the most
    populous city of the country, and for an unknown country UTC. Takes a query for the city, and one for each country
    once per process.
    """
    here = timezone.now().astimezone(_zone_at(country, city))
    # With a fixed offset, because adding a quarter hour to a time in a zone is wrong when its clock changes.
    return here.replace(tzinfo=timezone.get_fixed_timezone(here.utcoffset() or timedelta()))


def _zone_at(country: str, city: str) -> ZoneInfo:
    try:
        of_country = City.objects.filter(country=country)
        if city and (zone := _largest(of_country.filter(_is_called(country, city)))):
            return ZoneInfo(zone)
        return _zone_of(country)
    # Also for a zone that this computer doesn't know.
    except LookupError:
        return ZoneInfo("UTC")


@cache
def _zone_of(country: str) -> ZoneInfo:
    """Raises LookupError if the gazetteer has no city there, which isn't remembered: it may be loaded later."""
    if zone := _largest(City.objects.filter(country=country)):
        return ZoneInfo(zone)
    raise LookupError(country)


def _is_called(country: str, city: str) -> Func:
    """`name_key = ANY(city_keys(…))`, for which Django has no lookup."""
    keys = Func(Value(country), Value(city), function="city_keys")
    equal_to_any = {"template": "%(expressions)s)", "arg_joiner": " = ANY("}
    return Func(F("name_key"), keys, output_field=BooleanField(), **equal_to_any)


def _largest(cities: "QuerySet[City]") -> str | None:
    """The time zone of the most populous city."""
    return cities.order_by("-population", "geoname_id").values_list("timezone", flat=True).first()
