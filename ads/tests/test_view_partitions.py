"""Monthly partitions of views: created ahead, filled from the default partition, dropped when too old."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import connection
from rest_framework.test import APIClient

from ads.models import Ad, AdView, AdViewDay, ViewReceipt
from ads.reporting.partitions import kept_from, make_partitions
from ads.tests.factories import AdFactory
from ads.tests.screens import car, counters, driving, id_of, report, view
from campaign_studio.tests.together import at_once

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 15, 12, tzinfo=UTC)


def partition_views(*arguments: str, on: datetime = NOON) -> list[str]:
    out = StringIO()
    with time_machine.travel(on, tick=False):
        call_command("partition_views", *arguments, stdout=out)
    return out.getvalue().splitlines()


def partition_of(sent: dict[str, Any]) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tableoid::regclass::text FROM ad_views WHERE view_id = %s", [id_of(sent)])
        return str(cursor.fetchone()[0])


@pytest.fixture
def client(db: None) -> APIClient:
    return driving(car())


@pytest.fixture
def ad(db: None) -> Ad:
    return AdFactory()


@pytest.fixture
def shown(client: APIClient, ad: Ad) -> Callable[[datetime], dict[str, Any]]:
    """`shown(at)` reports a view of the ad at that moment and returns what was sent."""

    def send(at: datetime) -> dict[str, Any]:
        sent = view(ad, viewed_at=at.isoformat())
        with time_machine.travel(at, tick=False):
            assert report(client, sent)["accepted"] == 1
        return sent

    return send


def test_this_month_and_the_next_three_are_created() -> None:
    assert partition_views() == [
        "Created ad_views_2026_11.",
        "Created ad_views_2026_12.",
        "Created ad_views_2027_01.",
        "Created ad_views_2027_02.",
    ]


def test_a_second_run_changes_nothing() -> None:
    partition_views("--months-ahead", "1")

    assert partition_views("--months-ahead", "1") == ["Nothing to do."]
    assert partition_views("--months-ahead", "2") == ["Created ad_views_2027_01."]
    assert partition_views("--months-ahead", "0") == ["Nothing to do."]


def test_future_views_are_stored_in_their_month(shown: Callable[[datetime], dict[str, Any]]) -> None:
    partition_views()

    at = {
        "ad_views_2026_11": datetime(2026, 11, 30, 23, 59, 59, 999_999, tzinfo=UTC),
        "ad_views_2026_12": datetime(2026, 12, 1, tzinfo=UTC),
        "ad_views_2027_02": datetime(2027, 2, 28, 23, tzinfo=UTC),
        "ad_views_other": datetime(2027, 3, 1, tzinfo=UTC),
    }
    assert [partition_of(shown(moment)) for moment in at.values()] == list(at)


def test_views_in_the_default_partition_move_into_their_month(
    ad: Ad, shown: Callable[[datetime], dict[str, Any]]
) -> None:
    early = shown(datetime(2026, 9, 30, 23, tzinfo=UTC))
    late = [shown(NOON - timedelta(hours=hours)) for hours in (1, 2)]
    before = list(AdView.objects.order_by("view_id").values()), counters(ad)
    assert {partition_of(sent) for sent in [early, *late]} == {"ad_views_other"}

    assert partition_views("--months-ahead", "0") == [
        "Created ad_views_2026_09 and moved 1 view into it.",
        "Created ad_views_2026_10.",
        "Created ad_views_2026_11 and moved 2 views into it.",
    ]

    assert partition_of(early) == "ad_views_2026_09"
    assert {partition_of(sent) for sent in late} == {"ad_views_2026_11"}
    assert (list(AdView.objects.order_by("view_id").values()), counters(ad)) == before


def sums() -> list[tuple[Any, ...]]:
    return list(AdViewDay.objects.order_by("pk").values_list("pk", "day", "view_count", "view_seconds"))


def test_dropping_a_month_keeps_every_sum_and_its_views_are_not_counted_again(
    client: APIClient, ad: Ad, shown: Callable[[datetime], dict[str, Any]], settings: Any
) -> None:
    settings.VIEW_RETENTION_MONTHS = 2
    old = shown(NOON)
    partition_views("--months-ahead", "1")
    kept = shown(datetime(2026, 12, 1, tzinfo=UTC))
    before = counters(ad), sums()

    assert partition_views("--months-ahead", "0", on=datetime(2027, 1, 31, 23, tzinfo=UTC)) == [
        "Created ad_views_2027_01."
    ]
    february = datetime(2027, 2, 1, tzinfo=UTC)
    assert partition_views("--months-ahead", "0", on=february) == [
        "Dropped ad_views_2026_11.",
        "Created ad_views_2027_02.",
    ]

    assert AdView.objects.get().view_id == id_of(kept)
    assert (counters(ad), sums()) == before
    with time_machine.travel(february, tick=False):
        assert report(client, old, {**old, "viewed_at": february.isoformat()})["duplicates"] == 2
        assert list(report(client, view(ad, viewed_at=NOON.isoformat()))["rejected"]) != []
    assert counters(ad) == before[0]


def test_old_views_in_the_default_partition_are_deleted(
    ad: Ad, shown: Callable[[datetime], dict[str, Any]], settings: Any
) -> None:
    settings.VIEW_RETENTION_MONTHS = 1
    for month, day in ((8, 1), (9, 30), (10, 1)):
        shown(datetime(2026, month, day, tzinfo=UTC))

    assert partition_views("--months-ahead", "0") == [
        "Deleted 2 old views that had no monthly partition.",
        "Created ad_views_2026_10 and moved 1 view into it.",
        "Created ad_views_2026_11.",
    ]
    assert (AdView.objects.count(), ViewReceipt.objects.count(), counters(ad)[0]) == (1, 3, 3)


@pytest.mark.parametrize(
    ("months", "first"), [(1, (2026, 10)), (10, (2026, 1)), (11, (2025, 12)), (12, (2025, 11)), (25, (2024, 10))]
)
def test_whole_months_are_kept(settings: Any, months: int, first: tuple[int, int]) -> None:
    settings.VIEW_RETENTION_MONTHS = months

    assert kept_from(NOON) == datetime(*first, 1, tzinfo=UTC)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("months_are_dropped")
def test_simultaneous_runs_create_each_month_once() -> None:
    later = NOON.replace(year=2041)

    answers = at_once(*[lambda client: make_partitions(later, months_ahead=2)] * 4)

    names = sorted(name for made in answers for name, _ in made)
    assert names == ["ad_views_2041_11", "ad_views_2041_12", "ad_views_2042_01"]


@pytest.mark.parametrize("months", ["-1", "121", "soon", "1.5", "²"])
def test_an_invalid_number_of_months_is_refused(months: str) -> None:
    with pytest.raises(CommandError, match="enter a whole number from 0 to 120"):
        partition_views(f"--months-ahead={months}")
