"""Views count on the day of the screen's clock. Those on record from before keep their day in UTC."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.core.management import call_command
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rest_framework.test import APIClient

from accounts.models import User
from accounts.tests.factories import Cast
from ads.management.commands.recount_views import _correct, differences
from ads.models import Ad, AdView, AdViewDay, Device
from ads.reporting.partitions import drop_old_views
from ads.reporting.voiding import Period, void, would_void
from ads.tests.factories import AdFactory
from ads.tests.screens import car, count, counters, driving, report, view
from ads.tests.test_recount_views import ALL_CORRECT, found, recount, write
from campaigns.tests.factories import CampaignFactory

pytestmark = pytest.mark.django_db

LAST = date(2026, 11, 27)
LOS_ANGELES, TOKYO = ZoneInfo("America/Los_Angeles"), ZoneInfo("Asia/Tokyo")
EVENING = datetime(2026, 11, 27, 21, tzinfo=LOS_ANGELES)
MORNING = datetime(2026, 11, 28, 8, tzinfo=TOKYO)


@pytest.fixture
def now() -> Iterator[datetime]:
    """A moment after both views: it is the morning of 28 November in UTC."""
    at = datetime(2026, 11, 28, 9, tzinfo=UTC)
    with time_machine.travel(at, tick=False):
        yield at


@pytest.fixture
def device() -> Device:
    return car()


@pytest.fixture
def ad(now: datetime) -> Ad:
    dates = {"campaign_start_date": LAST - timedelta(days=9), "campaign_end_date": LAST}
    return AdFactory(ad_name="Coffee", campaign=CampaignFactory(**dates))


def days() -> list[tuple[date, bool, int]]:
    return list(AdViewDay.objects.order_by("day", "is_local").values_list("day", "is_local", "view_count"))


def counted_before(*, device_id: str = "car-1") -> None:
    """Make the views of the device look as if they had been counted before the day was recorded."""
    write("UPDATE ad_views SET local_day = NULL WHERE device_id = %s", device_id)
    recount()


@pytest.mark.parametrize(
    ("at", "day"),
    [
        (EVENING, LAST),
        (MORNING, date(2026, 11, 28)),
        (datetime(2026, 11, 27, 23, 59, 59, tzinfo=LOS_ANGELES), LAST),
        (datetime(2026, 11, 28, 0, 0, tzinfo=LOS_ANGELES), date(2026, 11, 28)),
        (datetime(2026, 11, 27, 0, 0, tzinfo=timezone(timedelta(hours=14))), LAST),
        (datetime(2026, 11, 27, 20, 50, tzinfo=timezone(timedelta(hours=-12))), LAST),
    ],
)
def test_a_view_counts_on_the_day_of_its_screen(device: Device, ad: Ad, at: datetime, day: date) -> None:
    assert report(driving(device), view(ad, viewed_at=at))["accepted"] == 1

    assert days() == [(day, True, 1)]
    assert AdView.objects.get().local_day == day


def test_just_after_midnight_the_day_is_that_of_the_quarter_hour(device: Device, ad: Ad) -> None:
    late = view(ad, viewed_at=datetime(2026, 11, 26, 23, 50, tzinfo=UTC))
    ended = datetime(2026, 11, 27, 0, 3, tzinfo=UTC).isoformat()

    assert report(driving(device), {**late, "viewed_at": ended})["accepted"] == 1

    assert days() == [(date(2026, 11, 26), True, 1)]


def test_the_last_evening_of_a_campaign_stands_on_its_last_day(
    device: Device, ad: Ad, cast: Cast, client_for: Callable[[User | None], APIClient]
) -> None:
    report(driving(device), view(ad, viewed_at=EVENING), view(ad, viewed_at=MORNING - timedelta(days=10)))

    answer = client_for(cast.colleague).get(f"/api/campaigns/{ad.campaign_id}/performance?to={LAST}").json()

    assert [row["day"] for row in answer["results"]] == ["2026-11-27"]
    assert answer["from"] == "2026-11-18"


def test_by_default_the_report_ends_with_the_latest_date_on_earth(
    device: Device, ad: Ad, cast: Cast, client_for: Callable[[User | None], APIClient]
) -> None:
    with time_machine.travel(datetime(2026, 11, 27, 16, tzinfo=UTC), tick=False):
        first_minutes = datetime(2026, 11, 28, 1, tzinfo=TOKYO) - timedelta(minutes=30)
        report(driving(device), view(ad, viewed_at=first_minutes))

        answer = client_for(cast.colleague).get(f"/api/campaigns/{ad.campaign_id}/performance").json()

    assert (answer["to"], answer["view_count"]) == ("2026-11-28", 1)


@pytest.mark.django_db(transaction=True)
def test_older_views_are_recounted_on_the_day_in_utc_and_newer_ones_on_the_local_day(device: Device, ad: Ad) -> None:
    report(driving(device), view(ad, viewed_at=EVENING), view(ad, viewed_at=EVENING - timedelta(days=1)))
    counted_before()
    report(driving(car("car-2")), view(ad, viewed_at=EVENING))

    assert days() == [(LAST, False, 1), (LAST, True, 1), (date(2026, 11, 28), False, 1)]
    assert recount("--check") == ALL_CORRECT

    write("UPDATE ad_view_days SET view_count = 5, view_seconds = 50 WHERE day = %s", LAST)
    assert found() == [
        f"Ad “Coffee” ({ad.pk}) on 27 Nov 2026{utc} in an unknown place. "
        "Views: 5 stored, 1 counted. Seconds: 50 stored, 10 counted."
        for utc in (" (UTC)", "")
    ]
    recount()
    assert days() == [(LAST, False, 1), (LAST, True, 1), (date(2026, 11, 28), False, 1)]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("period", "left"),
    [
        (Period(), []),
        (Period(first=date(2026, 11, 28)), [(LAST, True, 1)]),
        (Period(last=LAST), [(date(2026, 11, 28), False, 1)]),
    ],
)
def test_older_and_newer_views_are_voided_on_the_day_on_which_they_count(
    device: Device, ad: Ad, period: Period, left: list[Any]
) -> None:
    report(driving(device), view(ad, viewed_at=EVENING))
    counted_before()
    report(driving(device), view(ad, viewed_at=EVENING))
    assert days() == [(LAST, True, 1), (date(2026, 11, 28), False, 1)]

    taken = 2 - len(left)
    assert would_void(device.pk, period)[ad.campaign_id].views == taken
    assert void(device.pk, period)[ad.campaign_id].views == taken

    assert days() == left
    assert counters(ad)[:2] == (len(left), len(left))
    assert recount("--check") == ALL_CORRECT


@pytest.mark.django_db(transaction=True)
def test_a_day_that_began_in_a_dropped_month_is_final(device: Device, ad: Ad, settings: Any) -> None:
    """In Tokyo, 1 November began while it was still October in UTC. In Los Angeles, 31 October ended in November."""
    settings.VIEW_RETENTION_MONTHS = 1
    begun, ended = datetime(2026, 11, 1, 8, tzinfo=TOKYO), datetime(2026, 10, 31, 20, tzinfo=LOS_ANGELES)
    with time_machine.travel(ended, tick=False):
        views = [view(ad, viewed_at=begun), view(ad, viewed_at=ended), view(ad, viewed_at=begun + timedelta(hours=2))]
        assert count(device, *views).accepted == 3

    assert drop_old_views(datetime(2026, 12, 1, tzinfo=UTC)) == ([], 1)

    assert AdViewDay.objects.filter(is_final=True).count() == 2
    assert recount("--check") == ALL_CORRECT
    void(device.pk, Period())
    assert days() == [(date(2026, 11, 1), True, 1)]
    assert recount("--check") == ALL_CORRECT


@pytest.mark.django_db(transaction=True)
def test_sums_from_before_are_kept_and_marked_and_become_one_when_it_is_taken_back(ad: Ad) -> None:
    sums: dict[str, Any] = {"ad": ad, "country": "US", "view_seconds": 10}
    try:
        call_command("migrate", "ads", "0010", verbosity=0)
        write(
            "INSERT INTO ad_view_days (ad_id, day, country, city, view_count, view_seconds)"
            " VALUES (%s, %s, 'US', '', 3, 10)",
            ad.pk,
            LAST,
        )
        call_command("migrate", "ads", verbosity=0)
        assert days() == [(LAST, False, 3)]

        AdViewDay.objects.create(day=LAST, view_count=2, **sums)
        AdViewDay.objects.create(day=LAST, view_count=1, city="Ulm", is_final=True, **sums)
        call_command("migrate", "ads", "0010", verbosity=0)
        with connection.cursor() as cursor:
            cursor.execute("SELECT city, view_count, view_seconds, is_final FROM ad_view_days ORDER BY city")
            assert cursor.fetchall() == [("", 5, 20, False), ("Ulm", 1, 10, True)]
    finally:
        call_command("migrate", "ads", verbosity=0)
    assert sorted(days()) == [(LAST, False, 1), (LAST, False, 5)]


OFFSETS = st.integers(-12 * 4, 14 * 4).map(lambda quarters: timezone(timedelta(minutes=15 * quarters)))
VIEWS = st.lists(st.tuples(st.integers(0, 5 * 24 * 60), OFFSETS, st.booleans()), min_size=1, max_size=12)
DAYS = st.none() | st.integers(-5, 1).map(lambda shift: date(2026, 11, 28) + timedelta(days=shift))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(views=VIEWS, first=DAYS, last=DAYS)
def test_sums_agree_with_any_mixture_of_clocks(
    device: Device, ad: Ad, now: datetime, views: Any, first: date | None, last: date | None
) -> None:
    """Counting, recounting and voiding, compared with the days in plain Python."""
    while void(device.pk, Period()):
        pass
    moments = [((now - timedelta(minutes=ago)).astimezone(zone), is_old) for ago, zone, is_old in views]
    for at, _is_old in moments:
        assert count(device, view(ad, viewed_at=at, duration_seconds=1), now=now).accepted == 1
    assert differences() == []
    assert sums() == Counter((at.date(), True) for at, _is_old in moments)

    AdView.objects.filter(viewed_at__in=[at for at, is_old in moments if is_old]).update(local_day=None)
    _correct(ad.campaign_id)
    old = {at for at, is_old in moments if is_old}
    counted = [(at.astimezone(UTC).date(), False) if at in old else (at.date(), True) for at, _is_old in moments]
    assert sums() == Counter(counted)

    void(device.pk, Period(first, last))
    outside = [(day, is_local) for day, is_local in counted if (first and day < first) or (last and day > last)]
    assert sums() == Counter(outside)
    assert differences() == []


def sums() -> dict[tuple[date, bool], int]:
    return {(day, is_local): views for day, is_local, views in days()}
