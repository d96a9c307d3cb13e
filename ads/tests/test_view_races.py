"""Vehicles report views simultaneously, with real threads, connections and transactions."""

import random
from collections import Counter
from datetime import UTC, datetime
from io import StringIO
from threading import Barrier
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from rest_framework.test import APIClient

from accounts.tests.factories import make_cast
from ads.models import Ad, AdView, AdViewDay, CampaignViewTotals, Device, ViewReceipt
from ads.reporting import counting
from ads.tests.factories import AdFactory
from ads.tests.test_counting_views import ADDRESS, counters, view
from ads.tests.test_recount_views import ALL_CORRECT
from campaign_studio.tests.bodies import as_device, tokens_of
from campaign_studio.tests.sabotage import other_connection
from campaign_studio.tests.together import at_once
from campaigns.models import Campaign
from campaigns.tests.factories import CampaignFactory

pytestmark = pytest.mark.django_db(transaction=True)

AT_ONCE = 16
WAITING = """
SELECT EXISTS (
    SELECT FROM pg_stat_activity WHERE datname = current_database() AND cardinality(pg_blocking_pids(pid)) > 0
)
"""


@pytest.fixture
def people() -> Any:
    return make_cast()


def post_at_once(device: Device, reports: list[list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Send all reports at once and return the answers, which must all be 200."""
    answers = at_once(*[lambda _, sent=sent: as_device(device).post(ADDRESS, sent) for sent in reports])
    assert Counter(answer.status_code for answer in answers) == {200: len(reports)}
    return [answer.json() for answer in answers]


def total(answers: list[dict[str, Any]]) -> tuple[int, int, int]:
    """The numbers of accepted views, duplicates and rejected views."""
    return (
        sum(answer["accepted"] for answer in answers),
        sum(answer["duplicates"] for answer in answers),
        sum(len(answer["rejected"]) for answer in answers),
    )


def recounted() -> str:
    out = StringIO()
    call_command("recount_views", "--check", stdout=out)
    return out.getvalue()


def test_sixteen_reports_of_one_view_count_once(device: Device) -> None:
    ad = AdFactory()
    sent = view(ad)

    assert total(post_at_once(device, [[sent]] * AT_ONCE)) == (1, AT_ONCE - 1, 0)
    assert counters(ad) == (1, 1, 10, [(1, 10)])


def test_one_view_id_reported_for_many_campaigns_counts_once(device: Device) -> None:
    ads = AdFactory.create_batch(AT_ONCE)
    sent = view(ads[0])

    answers = post_at_once(device, [[{**sent, "ad_id": str(ad.pk)}] for ad in ads])

    assert total(answers) == (1, AT_ONCE - 1, 0)
    assert AdView.objects.count() == ViewReceipt.objects.count() == 1


def test_control_without_receipts_every_report_counts(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    ad = AdFactory()
    sent = view(ad)
    monkeypatch.setattr(counting, "_take_receipts", set)
    monkeypatch.setattr(counting, "_row", lambda one: AdView(viewed_at=datetime.now(UTC), **_columns(one)))

    assert total(post_at_once(device, [[sent]] * AT_ONCE)) == (AT_ONCE, 0, 0)


def _columns(one: counting.ReportedView) -> dict[str, Any]:
    return {"view_id": one.view_id, "ad_id": one.ad_id, "duration_seconds": one.duration_seconds}


@pytest.mark.parametrize("cap", [1, 7, 40])
def test_exactly_as_many_views_count_as_the_cap_allows(device: Device, cap: int) -> None:
    ads = AdFactory.create_batch(3, campaign=CampaignFactory(campaign_max_view_count=cap))

    answers = post_at_once(device, [[view(ads[(number + more) % 3]) for more in range(3)] for number in range(16)])

    assert total(answers) == (cap, 0, 48 - cap)
    assert CampaignViewTotals.objects.get().view_count == AdView.objects.count() == ViewReceipt.objects.count() == cap
    assert sum(Ad.objects.values_list("ad_view_count", flat=True)) == cap


def test_no_view_counts_once_the_viewing_time_cap_is_reached(device: Device) -> None:
    campaign = CampaignFactory(campaign_max_view_duration_value=45, campaign_max_view_duration_unit="seconds")
    ad = AdFactory(campaign=campaign)

    assert total(post_at_once(device, [[view(ad)] for _ in range(AT_ONCE)])) == (5, 0, AT_ONCE - 5)
    assert counters(ad) == (5, 5, 50, [(5, 50)])


def test_control_without_the_lock_the_cap_is_exceeded(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    campaign = CampaignFactory(campaign_max_view_count=4)
    ads = AdFactory.create_batch(4, campaign=campaign)
    CampaignViewTotals.objects.create(campaign=campaign, view_count=3)
    read = Barrier(4)

    def read_together(campaigns: Any) -> dict[Any, CampaignViewTotals]:
        found = {row.pk: row for row in CampaignViewTotals.objects.filter(pk__in=campaigns)}
        read.wait(timeout=30)
        return found

    monkeypatch.setattr(counting, "lock_totals", read_together)

    assert total(post_at_once(device, [[view(ad)] for ad in ads])) == (4, 0, 0)
    assert AdView.objects.count() == 4, "three more than the cap allows"


def test_reports_of_the_same_views_in_any_order_do_not_deadlock(device: Device) -> None:
    """The same views in different orders: none is lost or counted twice."""
    ads = [ad for _ in range(4) for ad in AdFactory.create_batch(2, campaign=CampaignFactory())]
    views = [view(ad, city=f"City {number}") for ad in ads for number in range(5)]
    shuffle = random.Random(5)  # noqa: S311 - a seed, so that a failure can be repeated
    reports = [shuffle.sample(views, len(views)) for _ in range(AT_ONCE)]

    assert total(post_at_once(device, reports)) == (40, 40 * (AT_ONCE - 1), 0)
    assert [counters(ad)[:2] for ad in ads] == [(5, 10)] * 8
    assert recounted().splitlines() == ALL_CORRECT


def test_simultaneous_first_views_create_one_row_of_totals(device: Device) -> None:
    campaign = CampaignFactory()
    ads = AdFactory.create_batch(6, campaign=campaign)

    post_at_once(device, [[view(ads[number % 6])] for number in range(AT_ONCE)])

    assert CampaignViewTotals.objects.get().view_count == AT_ONCE


def test_simultaneous_edits_and_views_are_all_kept(people: Any, device: Device) -> None:
    campaign = CampaignFactory(campaign_created_by=people.owner)
    ad = AdFactory(campaign=campaign)
    token = tokens_of(people.owner)["access_token"]

    answers = at_once(
        *[lambda _: as_device(device).post(ADDRESS, [view(ad)])] * 8,
        lambda client: client.patch(f"/api/ads/{ad.pk}", {"ad_name": "Other"}),
        lambda client: client.patch(f"/api/campaigns/{campaign.pk}", {"campaign_name": "Other"}),
        lambda client: client.patch(f"/api/ads/{ad.pk}", {"ad_description": "Other"}),
        token=token,
    )

    assert Counter(answer.status_code for answer in answers) == {200: 11}
    ad.refresh_from_db()
    assert (ad.ad_view_count, ad.ad_name, ad.ad_description) == (8, "Other", "Other")


@pytest.mark.parametrize("what", ["ad", "campaign"])
@pytest.mark.parametrize("counted_before", [True, False])
def test_deleting_while_views_are_reported_either_succeeds_or_is_refused(
    people: Any, device: Device, what: str, counted_before: bool
) -> None:
    ad = AdFactory(campaign=CampaignFactory(campaign_created_by=people.owner))
    if counted_before:
        CampaignViewTotals.objects.create(campaign=ad.campaign)
    address = f"/api/ads/{ad.pk}" if what == "ad" else f"/api/campaigns/{ad.campaign_id}"

    def delete(client: APIClient) -> Any:
        return client.delete(address)

    answers = at_once(
        *[lambda _: as_device(device).post(ADDRESS, [view(ad)])] * 6,
        delete,
        *[lambda _: as_device(device).post(ADDRESS, [view(ad)])] * 6,
        token=tokens_of(people.owner)["access_token"],
    )

    deleted = answers.pop(6).status_code
    assert Counter(answer.status_code for answer in answers) == {200: 12}
    accepted = total([answer.json() for answer in answers])[0]
    if deleted == 204:
        assert accepted == AdView.objects.count() == AdViewDay.objects.count() == 0
        assert not Ad.objects.exists()
    else:
        # 400 if the first view was counted while the deletion was under way.
        assert deleted in (409, 400)
        assert accepted == 12
        assert counters(ad)[0] == 12


def test_the_cap_is_read_under_the_lock(device: Device) -> None:
    """While a report waits for the lock, the cap is lowered to what has been used up."""
    campaign = CampaignFactory(campaign_max_view_count=100)
    ad = AdFactory(campaign=campaign)
    CampaignViewTotals.objects.create(campaign=campaign, view_count=5)

    def lower_the_cap(client: APIClient) -> None:
        while not waiting():
            pass
        Campaign.objects.filter(pk=campaign.pk).update(campaign_max_view_count=5)
        other.rollback()

    with other_connection() as other:
        other.autocommit = False
        other.execute("SELECT FROM campaign_view_totals FOR UPDATE")
        answer, _ = at_once(lambda _: as_device(device).post(ADDRESS, [view(ad)]), lower_the_cap)

    assert total([answer.json()]) == (0, 0, 1)


def waiting() -> bool:
    """Whether a connection waits for another one's lock."""
    with connection.cursor() as cursor:
        cursor.execute(WAITING)
        return bool(cursor.fetchone()[0])


def test_random_simultaneous_reports_leave_all_sums_correct(device: Device) -> None:
    dice = random.Random(17)  # noqa: S311 - a seed, so that a failure can be repeated
    ads = []
    for cap in (None, 20, 60):
        ads += AdFactory.create_batch(3, campaign=CampaignFactory(campaign_max_view_count=cap))
    known = [view(dice.choice(ads)) for _ in range(30)]

    def random_report() -> list[dict[str, Any]]:
        fresh = [
            view(dice.choice(ads), city=dice.choice(["", "Ulm", "ulm"]), duration_seconds=dice.choice([0, 7, -1]))
            for _ in range(10)
        ]
        return dice.sample(fresh + dice.sample(known, 8), 18)

    for _ in range(3):
        accepted, duplicates, rejected = total(post_at_once(device, [random_report() for _ in range(8)]))
        assert accepted + duplicates + rejected == 8 * 18

    assert recounted().splitlines() == ALL_CORRECT
    assert (
        AdView.objects.count() == ViewReceipt.objects.count() == sum(Ad.objects.values_list("ad_view_count", flat=True))
    )
    for row in CampaignViewTotals.objects.select_related("campaign"):
        assert row.view_count <= (row.campaign.campaign_max_view_count or row.view_count)


@pytest.mark.usefixtures("months_are_dropped")
def test_views_that_are_reported_while_partitions_are_created_are_kept(device: Device) -> None:
    ad = AdFactory()
    post_at_once(device, [[view(ad) for _ in range(50)]])

    answers = at_once(
        *[lambda _: as_device(device).post(ADDRESS, [view(ad)])] * 8,
        lambda client: call_command("partition_views", stdout=StringIO()),
        *[lambda _: as_device(device).post(ADDRESS, [view(ad)])] * 8,
    )

    assert Counter(answer.status_code for answer in answers if answer) == {200: 16}
    assert AdView.objects.count() == counters(ad)[0] == 66
    assert recounted().splitlines() == ALL_CORRECT
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM ad_views_other")
        assert cursor.fetchone() == (0,)
