"""Whether every sum of views says what the views say, and how it is made to."""

from collections.abc import Callable
from datetime import UTC, datetime
from io import StringIO
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import connection
from rest_framework.test import APIClient

from accounts.models import AuditEntry
from accounts.tests.factories import make_cast
from ads.management.commands import recount_views
from ads.models import Ad, AdView, AdViewDay, CampaignViewTotals
from ads.tests.factories import AdFactory
from ads.tests.test_counting_views import counters, report, view

# The command reads in a transaction of its own, of one moment.
pytestmark = pytest.mark.django_db(transaction=True)

EVERYTHING_IS_RIGHT = ["Every sum is right."]


@pytest.fixture
def client(client_for: Callable[..., APIClient]) -> APIClient:
    return client_for(make_cast().user)


@pytest.fixture
def ad(client: APIClient) -> Ad:
    """An ad with three views, two of them in Ulm; another ad of its campaign has one."""
    ad = AdFactory(ad_name="Coffee", campaign__campaign_name="Summer")
    sibling = AdFactory(campaign=ad.campaign, ad_name="Tea")
    report(client, view(ad, city="Ulm", country="DE"), view(ad, city="Ulm", country="DE"), view(ad), view(sibling))
    return ad


def recount(*arguments: str) -> list[str]:
    out = StringIO()
    call_command("recount_views", *arguments, stdout=out)
    return out.getvalue().splitlines()


def found() -> list[str]:
    """What `--check` finds; it must end as a failure then."""
    out = StringIO()
    with pytest.raises(CommandError, match=r"\d+ sums differ\. Run recount_views without --check to repair them\."):
        call_command("recount_views", "--check", stdout=out)
    return out.getvalue().splitlines()


def write(sql: str, *values: Any) -> None:
    """Behind everybody's back."""
    with connection.cursor() as cursor:
        cursor.execute(sql, values)


def everything() -> list[list[Any]]:
    return [
        list(
            AdViewDay.objects.order_by("ad", "day", "city").values(
                "ad", "day", "country", "city", "view_count", "view_seconds"
            )
        ),
        list(Ad.objects.order_by("pk").values()),
        list(CampaignViewTotals.objects.values()),
    ]


def test_what_was_counted_is_right(ad: Ad) -> None:
    before = everything()

    assert recount("--check") == recount() == EVERYTHING_IS_RIGHT
    assert everything() == before


def test_nothing_is_right_too() -> None:
    AdFactory()

    assert recount("--check") == EVERYTHING_IS_RIGHT
    assert not CampaignViewTotals.objects.exists()


TAMPERED = {
    "a day's views": (
        "UPDATE ad_view_days SET view_count = 7 WHERE city = 'Ulm'",
        "Ad “Coffee” ({ad}) on {day} in Ulm, DE: stored 7 views and 20 seconds, counted 2 and 20.",
    ),
    "a day's seconds": (
        "UPDATE ad_view_days SET view_seconds = 0 WHERE city = 'Ulm'",
        "Ad “Coffee” ({ad}) on {day} in Ulm, DE: stored 2 views and 0 seconds, counted 2 and 20.",
    ),
    "a day that is gone": (
        "DELETE FROM ad_view_days WHERE city = 'Ulm'",
        "Ad “Coffee” ({ad}) on {day} in Ulm, DE: stored 0 views and 0 seconds, counted 2 and 20.",
    ),
    "a day too many": (
        "INSERT INTO ad_view_days (ad_id, day, country, city, view_count, view_seconds)"
        " SELECT ad_id, day, '', 'Nowhere', 3, 30 FROM ad_view_days WHERE city = 'Ulm'",
        "Ad “Coffee” ({ad}) on {day} in Nowhere: stored 3 views and 30 seconds, counted 0 and 0.",
    ),
    "an ad": (
        "UPDATE ads SET ad_view_count = 9 WHERE ad_name = 'Coffee'",
        "Ad “Coffee” ({ad}): stored 9 views, counted 3.",
    ),
    "a campaign's views": (
        "UPDATE campaign_view_totals SET view_count = 0",
        "Campaign “Summer” ({campaign}): stored 0 views and 40 seconds, counted 4 and 40.",
    ),
    "a campaign's seconds": (
        "UPDATE campaign_view_totals SET view_seconds = 41",
        "Campaign “Summer” ({campaign}): stored 4 views and 41 seconds, counted 4 and 40.",
    ),
    "totals that are gone": (
        "DELETE FROM campaign_view_totals",
        "Campaign “Summer” ({campaign}): stored 0 views and 0 seconds, counted 4 and 40.",
    ),
}


@pytest.mark.parametrize("what", TAMPERED)
def test_a_wrong_sum_is_found_named_and_corrected(ad: Ad, what: str) -> None:
    sql, words = TAMPERED[what]
    right, entries = everything(), AuditEntry.objects.count()
    write(sql)
    wrong = everything()
    assert wrong != right
    said = words.format(ad=ad.pk, campaign=ad.campaign_id, day=datetime.now(UTC).date())

    assert found() == [said]
    assert everything() == wrong, "looking changes nothing"
    assert recount() == [said, "Repaired: 1."]
    assert everything() == right, "the version and the stamps as well"
    assert recount("--check") == EVERYTHING_IS_RIGHT
    assert AuditEntry.objects.count() == entries


def test_everything_wrong_at_once_is_corrected(ad: Ad) -> None:
    right = everything()
    for what in ("a day too many", "a day's views", "an ad", "a campaign's views"):
        write(TAMPERED[what][0])

    assert len(found()) == 4
    assert recount()[-1] == "Repaired: 4."
    assert everything() == right


def test_a_view_that_is_gone_is_found_in_every_sum(ad: Ad) -> None:
    write("DELETE FROM ad_views WHERE view_id = (SELECT min(view_id::text)::uuid FROM ad_views WHERE city = 'Ulm')")

    assert len(found()) == 3
    assert recount()[-1] == "Repaired: 3."
    assert counters(ad) == (2, 3, 30, [(1, 10), (1, 10)])


@pytest.mark.usefixtures("months_are_dropped")
def test_of_dropped_months_the_sums_are_believed(client: APIClient, ad: Ad, settings: Any) -> None:
    month = datetime(2026, 1, 20, 12, tzinfo=UTC)
    with time_machine.travel(month, tick=False):
        report(client, view(ad, viewed_at=month.isoformat()))
    assert recount("--check") == EVERYTHING_IS_RIGHT
    settings.VIEW_RETENTION_MONTHS = 1
    call_command("partition_views", stdout=StringIO())
    assert AdView.objects.count() == 4

    assert recount("--check") == EVERYTHING_IS_RIGHT
    write("UPDATE ads SET ad_view_count = 3 WHERE ad_id = %s", ad.pk)
    assert found() == [f"Ad “Coffee” ({ad.pk}): stored 3 views, counted 4."]


@pytest.mark.usefixtures("months_are_dropped")
def test_a_late_view_of_a_dropped_month_is_added_to_what_is_believed(client: APIClient, ad: Ad, settings: Any) -> None:
    month = datetime(2026, 1, 20, 12, tzinfo=UTC)
    with time_machine.travel(month, tick=False):
        report(client, view(ad, viewed_at=month.isoformat()))
    settings.VIEW_RETENTION_MONTHS = 1
    call_command("partition_views", stdout=StringIO())
    settings.VIEW_RETENTION_MONTHS = 1_200

    report(client, view(ad, viewed_at=month.isoformat()), view(ad, viewed_at=month.isoformat(), city="Ulm"))

    assert recount("--check") == EVERYTHING_IS_RIGHT
    assert counters(ad)[0] == 6


def test_views_that_are_all_gone_are_missed(ad: Ad) -> None:
    AdView.objects.all().delete()

    assert len(found()) == 6


def test_what_is_counted_while_it_corrects_is_not_lost(
    client: APIClient, ad: Ad, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look and the repair."""
    write("UPDATE ads SET ad_view_count = 9 WHERE ad_id = %s", ad.pk)
    repair = recount_views._correct

    def count_one_more_first(campaign: Any) -> int:
        report(client, view(ad, city="Ulm", country="DE"))
        return repair(campaign)

    monkeypatch.setattr(recount_views, "_correct", count_one_more_first)

    assert recount()[-1] == "Repaired: 1."
    assert counters(ad) == (4, 5, 50, [(1, 10), (3, 30)])
    assert recount("--check") == EVERYTHING_IS_RIGHT


def test_only_the_campaign_that_is_wrong_is_touched(client: APIClient, ad: Ad) -> None:
    other = AdFactory()
    report(client, view(other))
    write("UPDATE ads SET ad_view_count = 9 WHERE ad_id = %s", ad.pk)

    assert recount()[-1] == "Repaired: 1."
    assert counters(other) == (1, 1, 10, [(1, 10)])
