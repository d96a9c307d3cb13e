"""`manage.py recount_views`: wrong sums of views are found and corrected."""

from datetime import UTC, datetime
from io import StringIO
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils.formats import date_format
from rest_framework.test import APIClient

from accounts.models import AuditEntry
from ads.management.commands import recount_views
from ads.models import Ad, AdView, AdViewDay, CampaignViewTotals, Device
from ads.tests.factories import AdFactory
from ads.tests.screens import car, count, counters, driving, report, view

# The command reads a snapshot in its own transaction.
pytestmark = pytest.mark.django_db(transaction=True)

ALL_CORRECT = ["All sums are correct."]


@pytest.fixture
def device() -> Device:
    return car()


@pytest.fixture
def client(device: Device) -> APIClient:
    return driving(device)


@pytest.fixture
def ad(client: APIClient) -> Ad:
    """An ad with three views, two of them in Ulm. Another ad of its campaign has one view."""
    ad = AdFactory(ad_name="Coffee", campaign__campaign_name="Summer")
    sibling = AdFactory(campaign=ad.campaign, ad_name="Tea")
    report(client, view(ad, city="Ulm", country="DE"), view(ad, city="Ulm", country="DE"), view(ad), view(sibling))
    return ad


def recount(*arguments: str) -> list[str]:
    out = StringIO()
    call_command("recount_views", *arguments, stdout=out)
    return out.getvalue().splitlines()


def found() -> list[str]:
    """What `--check` finds. It must fail with CommandError."""
    out = StringIO()
    with pytest.raises(CommandError, match=r"\d+ sums? differs?\. Run recount_views without --check to correct"):
        call_command("recount_views", "--check", stdout=out)
    return out.getvalue().splitlines()


def write(sql: str, *values: Any) -> None:
    """Change the database directly."""
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


def test_sums_are_correct_after_counting(ad: Ad) -> None:
    before = everything()

    assert recount("--check") == recount() == ALL_CORRECT
    assert everything() == before


def test_sums_are_correct_without_any_views() -> None:
    AdFactory()

    assert recount("--check") == ALL_CORRECT
    assert not CampaignViewTotals.objects.exists()


TAMPERED = {
    "a day's views": (
        "UPDATE ad_view_days SET view_count = 7 WHERE city = 'Ulm'",
        "Ad “Coffee” ({ad}) on {day} in Ulm, DE. Views: 7 stored, 2 counted. Seconds: 20 stored, 20 counted.",
    ),
    "a day's seconds": (
        "UPDATE ad_view_days SET view_seconds = 0 WHERE city = 'Ulm'",
        "Ad “Coffee” ({ad}) on {day} in Ulm, DE. Views: 2 stored, 2 counted. Seconds: 0 stored, 20 counted.",
    ),
    "a deleted day": (
        "DELETE FROM ad_view_days WHERE city = 'Ulm'",
        "Ad “Coffee” ({ad}) on {day} in Ulm, DE. Views: 0 stored, 2 counted. Seconds: 0 stored, 20 counted.",
    ),
    "an extra day": (
        "INSERT INTO ad_view_days (ad_id, day, is_local, country, city, view_count, view_seconds)"
        " SELECT ad_id, day, is_local, '', 'Nowhere', 3, 30 FROM ad_view_days WHERE city = 'Ulm'",
        "Ad “Coffee” ({ad}) on {day} in Nowhere. Views: 3 stored, 0 counted. Seconds: 30 stored, 0 counted.",
    ),
    "an ad": (
        "UPDATE ads SET ad_view_count = 9 WHERE ad_name = 'Coffee'",
        "Ad “Coffee” ({ad}). Views: 9 stored, 3 counted.",
    ),
    "a campaign's views": (
        "UPDATE campaign_view_totals SET view_count = 0",
        "Campaign “Summer” ({campaign}). Views: 0 stored, 4 counted. Seconds: 40 stored, 40 counted.",
    ),
    "a campaign's seconds": (
        "UPDATE campaign_view_totals SET view_seconds = 41",
        "Campaign “Summer” ({campaign}). Views: 4 stored, 4 counted. Seconds: 41 stored, 40 counted.",
    ),
    "deleted totals": (
        "DELETE FROM campaign_view_totals",
        "Campaign “Summer” ({campaign}). Views: 0 stored, 4 counted. Seconds: 0 stored, 40 counted.",
    ),
}


@pytest.mark.parametrize("what", TAMPERED)
def test_a_wrong_sum_is_reported_and_corrected(ad: Ad, what: str) -> None:
    sql, message = TAMPERED[what]
    right, entries = everything(), AuditEntry.objects.count()
    write(sql)
    wrong = everything()
    assert wrong != right
    message = message.format(ad=ad.pk, campaign=ad.campaign_id, day=date_format(datetime.now(UTC)))

    assert found() == [message]
    assert everything() == wrong, "checking changes nothing"
    assert recount() == [message, "Corrected 1 sum."]
    assert everything() == right, "including the versions and timestamps"
    assert recount("--check") == ALL_CORRECT
    assert AuditEntry.objects.count() == entries


def test_several_wrong_sums_are_corrected_at_once(ad: Ad) -> None:
    right = everything()
    for what in ("an extra day", "a day's views", "an ad", "a campaign's views"):
        write(TAMPERED[what][0])

    assert len(found()) == 4
    assert recount()[-1] == "Corrected 4 sums."
    assert everything() == right


def test_a_deleted_view_is_found_in_every_sum(ad: Ad) -> None:
    write("DELETE FROM ad_views WHERE view_id = (SELECT min(view_id::text)::uuid FROM ad_views WHERE city = 'Ulm')")

    assert len(found()) == 3
    assert recount()[-1] == "Corrected 3 sums."
    assert counters(ad) == (2, 3, 30, [(1, 10), (1, 10)])


@pytest.mark.usefixtures("months_are_dropped")
def test_the_sums_of_dropped_months_count_as_correct(client: APIClient, ad: Ad, settings: Any) -> None:
    month = datetime(2026, 1, 20, 12, tzinfo=UTC)
    with time_machine.travel(month, tick=False):
        report(client, view(ad, viewed_at=month.isoformat()))
    assert recount("--check") == ALL_CORRECT
    settings.VIEW_RETENTION_MONTHS = 1
    call_command("partition_views", stdout=StringIO())
    assert AdView.objects.count() == 4

    assert recount("--check") == ALL_CORRECT
    write("UPDATE ads SET ad_view_count = 3 WHERE ad_id = %s", ad.pk)
    assert found() == [f"Ad “Coffee” ({ad.pk}). Views: 3 stored, 4 counted."]


@pytest.mark.usefixtures("months_are_dropped")
def test_a_late_view_of_a_dropped_month_is_added_to_its_sum(
    device: Device, client: APIClient, ad: Ad, settings: Any
) -> None:
    month = datetime(2026, 1, 20, 12, tzinfo=UTC)
    with time_machine.travel(month, tick=False):
        report(client, view(ad, viewed_at=month.isoformat()))
    settings.VIEW_RETENTION_MONTHS = 1
    call_command("partition_views", stdout=StringIO())
    # Counting that began before the month was dropped.
    late = [view(ad, viewed_at=month.isoformat()), view(ad, viewed_at=month.isoformat(), city="Ulm")]
    assert count(device, *late, now=month).accepted == 2

    assert recount("--check") == ALL_CORRECT
    assert counters(ad)[0] == 6


def test_sums_whose_views_are_all_gone_are_reported(ad: Ad) -> None:
    AdView.objects.all().delete()

    assert len(found()) == 6


def test_a_view_counted_during_the_correction_is_not_lost(
    client: APIClient, ad: Ad, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A view is counted between the comparison and the correction."""
    write("UPDATE ads SET ad_view_count = 9 WHERE ad_id = %s", ad.pk)
    correct = recount_views._correct

    def count_one_more_first(campaign: Any) -> int:
        report(client, view(ad, city="Ulm", country="DE"))
        return correct(campaign)

    monkeypatch.setattr(recount_views, "_correct", count_one_more_first)

    assert recount()[-1] == "Corrected 1 sum."
    assert counters(ad) == (4, 5, 50, [(1, 10), (3, 30)])
    assert recount("--check") == ALL_CORRECT


def test_only_the_campaign_with_wrong_sums_is_changed(client: APIClient, ad: Ad) -> None:
    other = AdFactory()
    report(client, view(other))
    write("UPDATE ads SET ad_view_count = 9 WHERE ad_id = %s", ad.pk)

    assert recount()[-1] == "Corrected 1 sum."
    assert counters(other) == (1, 1, 10, [(1, 10)])
