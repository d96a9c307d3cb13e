"""Vehicles report views simultaneously, with real threads, connections and transactions."""

import random
from collections import Counter
from collections.abc import Callable
from io import StringIO
from threading import Barrier
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from rest_framework.test import APIClient

from accounts.tests.factories import make_cast
from ads.models import Ad, AdView, AdViewDay, CampaignViewTotals, Device, ViewReceipt
from ads.reporting import counting, known
from ads.reporting.reports import CountedAd, Totals
from ads.tests.factories import AdFactory
from ads.tests.screens import ADDRESS, car, codes, counters, view
from ads.tests.test_recount_views import ALL_CORRECT
from campaign_studio.database.prepared import fetch_all
from campaign_studio.tests.bodies import tokens_of
from campaign_studio.tests.sabotage import other_connection
from campaign_studio.tests.together import at_once
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


@pytest.fixture
def cars() -> list[Device]:
    return [car(f"car-{number}") for number in range(AT_ONCE)]


def posting(device: Device, sent: Any) -> Callable[[APIClient], Any]:
    """A request with which this device reports these views."""

    def post(client: APIClient) -> Any:
        client.credentials(HTTP_AUTHORIZATION=f"Device {device.pk}:{device.new_key}")
        return client.post(ADDRESS, sent)

    return post


def post_at_once(cars: list[Device], reports: list[list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Send all reports at once, each from the next car, and return the answers, which must all be 200."""
    answers = at_once(*[posting(cars[number % len(cars)], sent) for number, sent in enumerate(reports)])
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


def test_sixteen_reports_of_one_view_count_once(cars: list[Device]) -> None:
    ad = AdFactory()
    sent = view(ad)

    assert total(post_at_once(cars[:1], [[sent]] * AT_ONCE)) == (1, AT_ONCE - 1, 0)
    assert counters(ad) == (1, 1, 10, [(1, 10)])


def test_one_sequence_of_many_ads_counts_once_for_each(cars: list[Device]) -> None:
    ads = AdFactory.create_batch(AT_ONCE)

    answers = post_at_once(cars[:1], [[view(ad, sequence=0), view(ad, sequence=0)] for ad in ads])

    assert total(answers) == (AT_ONCE, AT_ONCE, 0)
    assert AdView.objects.count() == ViewReceipt.objects.count() == AT_ONCE


def seconds_at_once(cars: list[Device]) -> Counter[str]:
    """Report 16 × 100 seconds at once for one position of one device. Returns what became of them."""
    ads = AdFactory.create_batch(4)
    sent = [[view(ads[number % 4], city=f"City {number}", duration_seconds=100)] for number in range(AT_ONCE)]
    answers = post_at_once(cars[:1], sent)
    return Counter(next(iter(codes(answer).values()), "accepted") for answer in answers)


def test_a_quarter_hour_has_900_seconds_however_many_reports_share_it(cars: list[Device]) -> None:
    assert seconds_at_once(cars) == {"accepted": 9, "too_long": 7}
    assert sum(AdView.objects.values_list("duration_seconds", flat=True)) == 900


def test_control_without_the_lock_of_the_device_a_quarter_hour_is_exceeded(
    cars: list[Device], monkeypatch: pytest.MonkeyPatch
) -> None:
    without_lock = counting._lock_reporting_device().replace("FOR NO KEY UPDATE", "")
    monkeypatch.setattr(counting, "_lock_reporting_device", lambda: without_lock)
    together = Barrier(AT_ONCE)

    def read_together(sql: str, parameters: Any) -> Any:
        found = fetch_all(sql, parameters)
        together.wait(timeout=30)
        return found

    monkeypatch.setattr(known, "fetch_all", read_together)
    monkeypatch.setattr(counting, "_lock", _without_locks)

    assert seconds_at_once(cars) == {"accepted": AT_ONCE}


def _without_locks(views: Any, *, make_totals: bool) -> Any:
    """The ads without locks, so that all reports can read before the first one commits."""
    uncapped = CountedAd(Totals(), needed_seconds=0, most_views=900, max_views=None, max_seconds=None)
    return {one.shown: uncapped for one in views}


def test_a_device_that_is_deactivated_in_the_meantime_is_refused(cars: list[Device]) -> None:
    """While a report waits for the lock of its device, the device is deactivated."""
    ad = AdFactory()

    def deactivate(client: APIClient) -> None:
        while not waiting():
            pass
        other.execute("UPDATE devices SET is_active = false")
        other.commit()

    with other_connection() as other:
        other.autocommit = False
        other.execute("SELECT FROM devices FOR UPDATE")
        answer, _ = at_once(posting(cars[0], [view(ad)]), deactivate)

    assert answer.status_code == 401
    assert not AdView.objects.exists()
    assert not CampaignViewTotals.objects.exists()


@pytest.mark.parametrize("cap", [1, 7, 40])
def test_exactly_as_many_views_count_as_the_cap_allows(cars: list[Device], cap: int) -> None:
    ads = AdFactory.create_batch(3, campaign=CampaignFactory(campaign_max_view_count=cap))

    answers = post_at_once(cars, [[view(ads[(number + more) % 3]) for more in range(3)] for number in range(16)])

    assert total(answers) == (cap, 0, 48 - cap)
    assert CampaignViewTotals.objects.get().view_count == AdView.objects.count() == ViewReceipt.objects.count() == cap
    assert sum(Ad.objects.values_list("ad_view_count", flat=True)) == cap


def test_no_view_counts_once_the_viewing_time_cap_is_reached(cars: list[Device]) -> None:
    campaign = CampaignFactory(campaign_max_view_duration_value=45, campaign_max_view_duration_unit="seconds")
    ad = AdFactory(campaign=campaign)

    assert total(post_at_once(cars, [[view(ad)] for _ in range(AT_ONCE)])) == (5, 0, AT_ONCE - 5)
    assert counters(ad) == (5, 5, 50, [(5, 50)])


def test_control_without_the_lock_the_cap_is_exceeded(cars: list[Device], monkeypatch: pytest.MonkeyPatch) -> None:
    campaign = CampaignFactory(campaign_max_view_count=4)
    ads = AdFactory.create_batch(4, campaign=campaign)
    CampaignViewTotals.objects.create(campaign=campaign, view_count=3)
    read = Barrier(4)

    def read_together(sql: str, parameters: Any) -> Any:
        found = fetch_all(sql.replace("FOR NO KEY UPDATE OF ads", ""), parameters)
        if sql == counting.LOCK_ADS:
            read.wait(timeout=30)
        return found

    monkeypatch.setattr(counting, "LOCK_TOTALS", "SELECT %s::text")
    monkeypatch.setattr(counting, "fetch_all", read_together)

    assert total(post_at_once(cars, [[view(ad)] for ad in ads])) == (4, 0, 0)
    assert AdView.objects.count() == 4, "three more than the cap allows"


def test_reports_of_the_same_views_in_any_order_do_not_deadlock(cars: list[Device]) -> None:
    """The same views in different orders: none is lost or counted twice."""
    ads = [ad for _ in range(4) for ad in AdFactory.create_batch(2, campaign=CampaignFactory())]
    views = [view(ad, city=f"City {number}") for ad in ads for number in range(5)]
    shuffle = random.Random(5)  # noqa: S311 - a seed, so that a failure can be repeated
    reports = [shuffle.sample(views, len(views)) for _ in range(AT_ONCE)]

    assert total(post_at_once(cars[:4], reports)) == (4 * 40, 40 * (AT_ONCE - 4), 0)
    assert [counters(ad)[:2] for ad in ads] == [(20, 40)] * 8
    assert recounted().splitlines() == ALL_CORRECT


def test_simultaneous_first_views_create_one_row_of_totals(cars: list[Device]) -> None:
    campaign = CampaignFactory()
    ads = AdFactory.create_batch(6, campaign=campaign)

    post_at_once(cars, [[view(ads[number % 6])] for number in range(AT_ONCE)])

    assert CampaignViewTotals.objects.get().view_count == AT_ONCE


def test_simultaneous_edits_and_views_are_all_kept(people: Any, cars: list[Device]) -> None:
    campaign = CampaignFactory(campaign_created_by=people.owner)
    ad = AdFactory(campaign=campaign)
    token = tokens_of(people.owner)["access_token"]

    answers = at_once(
        *[posting(device, [view(ad)]) for device in cars[:8]],
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
    people: Any, cars: list[Device], what: str, counted_before: bool
) -> None:
    ad = AdFactory(campaign=CampaignFactory(campaign_created_by=people.owner))
    if counted_before:
        CampaignViewTotals.objects.create(campaign=ad.campaign)
    address = f"/api/ads/{ad.pk}" if what == "ad" else f"/api/campaigns/{ad.campaign_id}"

    def delete(client: APIClient) -> Any:
        return client.delete(address)

    answers = at_once(
        *[posting(device, [view(ad)]) for device in cars[:6]],
        delete,
        *[posting(device, [view(ad)]) for device in cars[6:12]],
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


def test_the_cap_is_read_under_the_lock(cars: list[Device]) -> None:
    """While a report waits for the lock, the cap is lowered to what has been used up."""
    campaign = CampaignFactory(campaign_max_view_count=100)
    ad = AdFactory(campaign=campaign)
    CampaignViewTotals.objects.create(campaign=campaign, view_count=5)

    def lower_the_cap(client: APIClient) -> None:
        while not waiting():
            pass
        other.execute("UPDATE campaigns SET campaign_max_view_count = 5")
        other.commit()

    with other_connection() as other:
        other.autocommit = False
        other.execute("SELECT FROM campaign_view_totals FOR UPDATE")
        answer, _ = at_once(posting(cars[0], [view(ad)]), lower_the_cap)

    assert total([answer.json()]) == (0, 0, 1)


def waiting() -> bool:
    """Whether a connection waits for another one's lock."""
    with connection.cursor() as cursor:
        cursor.execute(WAITING)
        return bool(cursor.fetchone()[0])


def test_random_simultaneous_reports_leave_all_sums_correct(cars: list[Device]) -> None:
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
        accepted, duplicates, rejected = total(post_at_once(cars, [random_report() for _ in range(8)]))
        assert accepted + duplicates + rejected == 8 * 18

    assert recounted().splitlines() == ALL_CORRECT
    assert (
        AdView.objects.count() == ViewReceipt.objects.count() == sum(Ad.objects.values_list("ad_view_count", flat=True))
    )
    for row in CampaignViewTotals.objects.select_related("campaign"):
        assert row.view_count <= (row.campaign.campaign_max_view_count or row.view_count)


@pytest.mark.usefixtures("months_are_dropped")
def test_views_that_are_reported_while_partitions_are_created_are_kept(cars: list[Device]) -> None:
    ad = AdFactory()
    post_at_once(cars, [[view(ad) for _ in range(50)]])

    answers = at_once(
        *[posting(device, [view(ad)]) for device in cars[:8]],
        lambda client: call_command("partition_views", stdout=StringIO()),
        *[posting(device, [view(ad)]) for device in cars[8:]],
    )

    assert Counter(answer.status_code for answer in answers if answer) == {200: 16}
    assert AdView.objects.count() == counters(ad)[0] == 66
    assert recounted().splitlines() == ALL_CORRECT
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM ad_views_other")
        assert cursor.fetchone() == (0,)


def test_views_that_are_reported_while_others_are_voided_are_counted_correctly(cars: list[Device]) -> None:
    ads = AdFactory.create_batch(3, campaign=CampaignFactory())
    post_at_once(cars[:8], [[view(ad) for ad in ads] for _ in range(8)])

    def void(client: APIClient) -> None:
        call_command("void_views", "--device", cars[0].pk, stdout=StringIO())
        call_command("void_views", "--device", cars[1].pk, stdout=StringIO())

    answers = at_once(*[posting(cars[number % 8], [view(ad) for ad in ads]) for number in range(15)], void)

    assert Counter(answer.status_code for answer in answers if answer) == {200: 15}
    assert recounted().splitlines() == ALL_CORRECT
    assert AdView.objects.exclude(device_id__in=[cars[0].pk, cars[1].pk]).count() == 3 * (6 + 11)
    assert ViewReceipt.objects.count() == 3 * (8 + 15)
