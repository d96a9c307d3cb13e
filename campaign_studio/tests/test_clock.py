"""Whose clock: when a day is over everywhere, and what time it is at a place."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaign_studio.models.places import City
from campaign_studio.places import clock
from campaign_studio.places.clock import already_today, now_at, still_today

BAKER_ISLAND = ZoneInfo("Etc/GMT+12")


@pytest.fixture(autouse=True)
def _no_zones() -> Iterator[None]:
    """Forget the zones of countries, so that the order of tests doesn't matter."""
    clock._zone_of.cache_clear()
    yield
    clock._zone_of.cache_clear()


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        ("2026-11-27T23:59:59+00:00", date(2026, 11, 27)),
        ("2026-11-28T00:00:00+00:00", date(2026, 11, 27)),
        ("2026-11-28T11:59:59.999999+00:00", date(2026, 11, 27)),
        ("2026-11-28T12:00:00+00:00", date(2026, 11, 28)),
        # The same moments by other clocks.
        ("2026-11-28T00:59:59+13:00", date(2026, 11, 26)),
        ("2026-11-28T01:00:00+13:00", date(2026, 11, 27)),
        ("2026-11-28T03:59:59-08:00", date(2026, 11, 27)),
        ("2026-11-28T04:00:00-08:00", date(2026, 11, 28)),
        # Days on which clocks change, the leap day and New Year.
        ("2026-03-29T11:59:59+00:00", date(2026, 3, 28)),
        ("2026-10-25T12:00:00+00:00", date(2026, 10, 25)),
        ("2028-02-29T11:59:59+00:00", date(2028, 2, 28)),
        ("2028-03-01T11:59:59+00:00", date(2028, 2, 29)),
        ("2028-03-01T12:00:00+00:00", date(2028, 3, 1)),
        ("2027-01-01T11:59:59+00:00", date(2026, 12, 31)),
    ],
)
def test_a_day_is_over_everywhere_at_noon_utc_of_the_next(moment: str, day: date) -> None:
    assert still_today(datetime.fromisoformat(moment)) == day
    with time_machine.travel(datetime.fromisoformat(moment), tick=False):
        assert still_today() == day


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        ("2026-11-28T09:59:59+00:00", date(2026, 11, 28)),
        ("2026-11-28T10:00:00+00:00", date(2026, 11, 29)),
        ("2026-11-28T23:59:59+14:00", date(2026, 11, 28)),
        ("2026-11-28T00:00:00-12:00", date(2026, 11, 29)),
        ("2028-02-28T10:00:00+00:00", date(2028, 2, 29)),
    ],
)
def test_a_day_begins_somewhere_at_ten_utc_of_the_day_before(moment: str, day: date) -> None:
    assert already_today(datetime.fromisoformat(moment)) == day
    with time_machine.travel(datetime.fromisoformat(moment), tick=False):
        assert already_today() == day


@pytest.mark.django_db
def test_it_is_neither_an_earlier_nor_a_later_day_in_any_city() -> None:
    zones = [ZoneInfo(name) for name in City.objects.order_by().values_list("timezone", flat=True).distinct()]
    assert len(zones) > 200
    begin = datetime(2028, 2, 28, tzinfo=BAKER_ISLAND)

    for hours in range(72):
        now = begin + timedelta(hours=hours)
        dates = {now.astimezone(zone).date() for zone in zones}
        assert still_today(now) <= min(dates)
        assert already_today(now) >= max(dates)


HONOLULU, LOS_ANGELES = ("US", "Honolulu"), ("US", "Los Angeles")
BERLIN, AUCKLAND = ("DE", "Berlin"), ("NZ", "Auckland")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("utc", "place", "local"),
    [
        ("2026-11-28T00:10:00", HONOLULU, "2026-11-27T14:10:00-10:00"),
        ("2026-11-28T00:10:00", LOS_ANGELES, "2026-11-27T16:10:00-08:00"),
        ("2026-11-27T23:59:59", BERLIN, "2026-11-28T00:59:59+01:00"),
        ("2026-11-27T22:59:59", BERLIN, "2026-11-27T23:59:59+01:00"),
        ("2026-11-27T12:00:00", AUCKLAND, "2026-11-28T01:00:00+13:00"),
        ("2026-11-27T10:59:59", AUCKLAND, "2026-11-27T23:59:59+13:00"),
        ("2026-07-01T12:00:00", AUCKLAND, "2026-07-02T00:00:00+12:00"),
        # The hours in which clocks change.
        ("2026-03-29T00:59:59", BERLIN, "2026-03-29T01:59:59+01:00"),
        ("2026-03-29T01:00:00", BERLIN, "2026-03-29T03:00:00+02:00"),
        ("2026-10-25T00:59:59", BERLIN, "2026-10-25T02:59:59+02:00"),
        ("2026-10-25T01:00:00", BERLIN, "2026-10-25T02:00:00+01:00"),
        ("2026-03-08T10:00:00", LOS_ANGELES, "2026-03-08T03:00:00-07:00"),
        ("2026-11-01T09:00:00", LOS_ANGELES, "2026-11-01T01:00:00-08:00"),
        # The leap day.
        ("2028-03-01T00:00:00", LOS_ANGELES, "2028-02-29T16:00:00-08:00"),
        ("2028-02-28T23:00:00", BERLIN, "2028-02-29T00:00:00+01:00"),
        # Spellings; names of several cities; places that the gazetteer doesn't know.
        ("2026-11-28T00:10:00", ("DE", "MUENCHEN"), "2026-11-28T01:10:00+01:00"),
        ("2026-11-28T00:10:00", ("US", "los  angeles"), "2026-11-27T16:10:00-08:00"),
        ("2026-11-28T00:10:00", ("US", "Portland"), "2026-11-27T16:10:00-08:00"),
        ("2026-11-28T00:10:00", ("US", ""), "2026-11-27T19:10:00-05:00"),
        ("2026-11-28T00:10:00", ("US", "Atlantis"), "2026-11-27T19:10:00-05:00"),
        ("2026-11-28T00:10:00", ("AU", ""), "2026-11-28T11:10:00+11:00"),
        ("2026-11-28T00:10:00", ("XX", "Berlin"), "2026-11-28T00:10:00+00:00"),
        ("2026-11-28T00:10:00", ("", ""), "2026-11-28T00:10:00+00:00"),
    ],
)
def test_now_is_the_time_at_the_place(utc: str, place: tuple[str, str], local: str) -> None:
    with time_machine.travel(f"{utc}+00:00", tick=False):
        assert now_at(*place).isoformat() == local


@pytest.mark.django_db
def test_a_quarter_hour_later_is_right_when_the_clock_changes() -> None:
    """A time in a zone plus 15 minutes would be on the other side of the change."""
    with time_machine.travel("2026-10-25T00:50:00+00:00", tick=False):
        now = now_at(*BERLIN)

    assert (now + timedelta(minutes=15)).timestamp() - now.timestamp() == 900


@pytest.mark.django_db
def test_a_city_takes_one_query_and_a_known_country_none() -> None:
    def queries(*place: str) -> list[str]:
        with CaptureQueriesContext(connection) as seen:
            now_at(*place)
        return [one["sql"] for one in seen]

    assert len(queries("DE")) == 1
    assert queries("DE") == []
    (sql,) = queries("DE", "Köln")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {sql}")
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "gazetteer_cities_by_key" in plan
    assert "Index Cond" in plan
    assert "ANY" in plan.partition("Index Cond")[2].partition("\n")[0]


@pytest.mark.django_db
def test_a_country_without_cities_is_asked_about_again() -> None:
    City.objects.filter(country="DE").delete()
    with time_machine.travel("2026-11-28T00:10:00+00:00", tick=False):
        assert now_at("DE").isoformat() == "2026-11-28T00:10:00+00:00"

        place = {"name": "Berlin", "name_key": "berlin", "latitude": 52.5, "longitude": 13.4, "population": 1}
        City.objects.create(geoname_id=1, country="DE", timezone="Europe/Berlin", **place)
        assert now_at("DE").isoformat() == "2026-11-28T01:10:00+01:00"


@pytest.mark.django_db
def test_a_zone_that_the_computer_does_not_know_is_utc() -> None:
    City.objects.filter(country="DE").update(timezone="Europe/Nowhere")
    with time_machine.travel("2026-11-28T00:10:00+00:00", tick=False):
        assert now_at(*BERLIN).isoformat() == now_at("DE").isoformat() == "2026-11-28T00:10:00+00:00"
