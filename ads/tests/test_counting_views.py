"""Reported views are counted once, up to the campaign's caps."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid5

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import AuditEntry
from accounts.tests.factories import UserFactory
from ads.models import Ad, AdView, AdViewDay, CampaignViewTotals, Device, ViewReceipt
from ads.reporting import known
from ads.reporting.reports import NAMESPACE, Refusal
from ads.tests.factories import AdFactory
from ads.tests.screens import ADDRESS, NOTHING, car, count, counters, driving, id_of, reasons, refused, report, view
from campaign_studio.database.prepared import fetch_all
from campaigns.choices import in_seconds
from campaigns.models import Campaign
from campaigns.tests.factories import CampaignFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def device() -> Device:
    return car()


@pytest.fixture
def client(device: Device) -> APIClient:
    """The client of a vehicle."""
    return driving(device)


@pytest.fixture
def ad() -> Ad:
    return AdFactory()


def test_a_view_is_stored_and_added_to_every_sum(client: APIClient, ad: Ad) -> None:
    at = datetime.now(UTC).replace(microsecond=0)
    sent = view(ad, viewed_at=at.isoformat(), country="Germany", city=" Berlin ", postcode="10115")

    assert report(client, sent) == {**NOTHING, "accepted": 1}

    kept = AdView.objects.get()
    assert (kept.view_id, kept.ad_id, kept.viewed_at, kept.duration_seconds) == (id_of(sent), ad.pk, at, 10)
    assert (kept.country, kept.city, kept.postcode, kept.device_id) == ("DE", "Berlin", "10115", "car-1")
    start = at.replace(minute=at.minute // 15 * 15, second=0)
    assert (kept.position, kept.quarter) == (ad.ad_type_id, start)
    assert counters(ad) == (1, 1, 10, [(1, 10)])
    assert AdViewDay.objects.values_list("day", "country", "city").get() == (at.date(), "DE", "Berlin")


def test_views_add_up_by_ad_campaign_day_and_city(client: APIClient, ad: Ad) -> None:
    sibling = AdFactory(campaign=ad.campaign)
    yesterday = (timezone.now() - timedelta(days=1)).isoformat()
    report(client, view(ad, city="Ulm"), view(ad, city="Bonn"), view(sibling, duration_seconds=5))
    report(client, view(ad, city="Ulm", duration_seconds=1), view(ad, viewed_at=yesterday))

    assert counters(ad) == (4, 5, 36, [(1, 10), (1, 10), (2, 11)])
    assert counters(sibling) == (1, 5, 36, [(1, 5)])


def test_city_and_postcode_may_be_unknown(client: APIClient, ad: Ad) -> None:
    assert report(client, view(ad, country="DE"))["accepted"] == 1

    assert AdView.objects.values_list("country", "city", "postcode").get() == ("DE", "", "")


def test_a_view_counts_once_even_if_it_is_sent_several_times(client: APIClient, ad: Ad) -> None:
    sent = view(ad)

    assert report(client, sent, sent) == {"accepted": 1, "duplicates": 1, "rejected": []}
    assert report(client, sent) == {**NOTHING, "duplicates": 1}
    assert report(client, {**sent, "duration_seconds": 99}) == {**NOTHING, "duplicates": 1}
    assert counters(ad) == (1, 1, 10, [(1, 10)])


def test_a_counted_view_is_a_duplicate_even_if_it_would_now_be_rejected(client: APIClient) -> None:
    ad = AdFactory(campaign=CampaignFactory(campaign_max_view_count=1))
    sent = view(ad)
    report(client, sent)

    assert report(client, sent)["duplicates"] == 1, "although the cap is used up"
    assert report(client, {**sent, "viewed_at": "2000-01-01T00:00:00Z"})["duplicates"] == 1
    assert report(client, {**sent, "duration_seconds": 9_999})["duplicates"] == 1


def test_a_counted_view_is_a_duplicate_within_the_same_report(client: APIClient, ad: Ad) -> None:
    sent = view(ad)

    assert report(client, sent, {**sent, "viewed_at": "2000-01-01T00:00:00Z"}) == {
        **NOTHING,
        "accepted": 1,
        "duplicates": 1,
    }


def test_a_rejected_view_may_be_sent_again(client: APIClient) -> None:
    campaign = CampaignFactory(campaign_max_view_count=1)
    ad = AdFactory(campaign=campaign)
    first, second = view(ad), view(ad)

    assert list(reasons(report(client, first, second))) == [1]
    assert list(ViewReceipt.objects.values_list("pk", flat=True)) == [id_of(first)]
    Campaign.objects.filter(pk=campaign.pk).update(campaign_max_view_count=2)
    assert report(client, second) == {**NOTHING, "accepted": 1}


def test_the_same_sequence_counts_once_for_each_impression_and_device(client: APIClient, ad: Ad) -> None:
    elsewhere = view(ad, city="Ulm", sequence=0)

    assert report(client, view(ad, sequence=0), elsewhere)["accepted"] == 2
    assert report(driving(car("car-2")), elsewhere)["accepted"] == 1
    assert report(client, elsewhere)["duplicates"] == 1
    assert counters(ad)[0] == 3


def test_a_deleted_ad_is_rejected_with_its_index(client: APIClient, ad: Ad) -> None:
    deleted = AdFactory()
    sent = view(deleted)
    deleted.delete()

    assert reasons(report(client, view(ad), sent)) == {1: refused(Refusal.UNKNOWN_AD)}


@pytest.mark.parametrize(
    ("value", "unit", "too_short"),
    [(11, "seconds", True), (10, "seconds", False), (1, "minutes", True), (1, "hours", True), (None, None, False)],
)
def test_a_view_must_last_the_in_view_duration(
    client: APIClient, value: int | None, unit: str | None, too_short: bool
) -> None:
    ad = AdFactory(ad_in_view_duration_value=value, ad_in_view_duration_unit=unit)

    answer = report(client, view(ad))

    assert answer["accepted"] == (not too_short)
    if too_short:
        needed = in_seconds(value, unit)
        assert reasons(answer) == {0: refused(Refusal.TOO_SHORT, needed=needed, lasted=10)}


def test_any_duration_counts_without_an_in_view_duration(client: APIClient, ad: Ad) -> None:
    assert report(client, view(ad, duration_seconds=0), view(ad, duration_seconds=899))["accepted"] == 2


@pytest.mark.parametrize(("minutes", "accepted"), [(4, 1), (6, 0)])
def test_a_clock_may_be_five_minutes_ahead(client: APIClient, ad: Ad, minutes: int, accepted: int) -> None:
    answer = report(client, view(ad, viewed_at=(timezone.now() + timedelta(minutes=minutes)).isoformat()))

    assert answer["accepted"] == accepted
    assert reasons(answer) == ({} if accepted else {0: refused(Refusal.IN_FUTURE)})


def test_views_beyond_the_cap_are_rejected_in_the_order_of_the_report(client: APIClient) -> None:
    ad = AdFactory(campaign=CampaignFactory(campaign_max_view_count=3))
    views = [view(ad) for _ in range(5)]

    assert reasons(report(client, *views)) == dict.fromkeys([3, 4], refused(Refusal.VIEW_CAP_REACHED, cap=3))
    assert counters(ad) == (3, 3, 30, [(3, 30)])
    assert set(AdView.objects.values_list("view_id", flat=True)) == {id_of(one) for one in views[:3]}


@pytest.mark.parametrize(
    ("value", "unit", "seconds"), [(25, "seconds", 25), (1, "minutes", 60), (1, "hours", 3600), (1, "days", 86_400)]
)
def test_the_last_view_may_exceed_the_viewing_time_cap(client: APIClient, value: int, unit: str, seconds: int) -> None:
    campaign = CampaignFactory(campaign_max_view_duration_value=value, campaign_max_view_duration_unit=unit)
    ad = AdFactory(campaign=campaign)
    CampaignViewTotals.objects.create(campaign=campaign, view_seconds=seconds - 20)

    answer = report(client, view(ad, duration_seconds=19), view(ad, duration_seconds=40), view(ad, duration_seconds=0))

    assert reasons(answer) == {2: refused(Refusal.VIEW_DURATION_CAP_REACHED, cap=seconds)}
    assert counters(ad)[:3] == (2, 2, seconds + 39)


def test_a_cap_is_shared_by_the_ads_of_its_campaign_only(client: APIClient, ad: Ad) -> None:
    campaign = CampaignFactory(campaign_max_view_count=2)
    one, two = AdFactory.create_batch(2, campaign=campaign)

    answer = report(client, view(one), view(two), view(one), view(ad), view(two))

    assert list(reasons(answer)) == [2, 4]
    assert (counters(one)[:2], counters(two)[:2], counters(ad)[:2]) == ((1, 2), (1, 2), (1, 1))


def test_unknown_parameters_are_refused(client: APIClient, ad: Ad) -> None:
    assert client.post(f"{ADDRESS}?ad_id=1", [view(ad)]).status_code == 400


def test_counting_does_not_change_the_ad(client: APIClient, ad: Ad) -> None:
    reader = APIClient()
    reader.force_authenticate(UserFactory())
    before = reader.get(f"/api/ads/{ad.pk}")
    entries, stamp = AuditEntry.objects.count(), Ad.objects.values("version", "updated_at").get(pk=ad.pk)

    report(client, view(ad))

    after = reader.get(f"/api/ads/{ad.pk}")
    assert (before.json()["ad_view_count"], after.json()["ad_view_count"]) == (0, 1)
    assert after["ETag"].partition("-")[0] == before["ETag"].partition("-")[0]
    assert AuditEntry.objects.count() == entries
    assert Ad.objects.values("version", "updated_at").get(pk=ad.pk) == stamp


def test_saving_an_ad_does_not_reset_its_views(client: APIClient, ad: Ad) -> None:
    read_before = Ad.objects.get(pk=ad.pk)
    report(client, view(ad))

    read_before.ad_name = "Renamed"
    read_before.save()

    assert Ad.objects.get(pk=ad.pk).ad_view_count == 1


def test_a_report_repeated_with_its_idempotency_key_has_the_same_answer(client: APIClient, ad: Ad) -> None:
    sent, key = [view(ad)], {"Idempotency-Key": "report-1"}
    first = client.post(ADDRESS, sent, headers=key)
    second = client.post(ADDRESS, sent, headers=key)

    assert first.json() == second.json() == {**NOTHING, "accepted": 1}
    assert second["Idempotency-Replayed"] == "true"
    assert client.post(ADDRESS, [view(ad)], headers=key).status_code == 409
    assert counters(ad)[0] == 1


def statements(client: APIClient, views: list[dict[str, Any]]) -> int:
    """How many statements a report of these views takes, without those of the transaction."""
    with CaptureQueriesContext(connection) as seen:
        report(client, *views)
    return sum("SAVEPOINT" not in one["sql"] for one in seen.captured_queries)


def test_a_report_takes_the_same_statements_whatever_the_number_of_views(device: Device) -> None:
    """Who sends it, locked; what is known; totals and ads; what is written. Long ones are read after who sends them."""
    client = driving(device)
    ads = [AdFactory(campaign=CampaignFactory(campaign_max_view_count=60)) for _ in range(10)]
    report(client, view(ads[0]))

    assert statements(client, [view(ads[0], city="Ulm")]) == 5
    many = [view(ads[number % 10], city=f"City {number % 60}", duration_seconds=2) for number in range(390)]
    assert statements(client, many + many[:110]) == 8, "one more makes the totals of campaigns without views"
    assert AdView.objects.count() == 392
    assert statements(client, [view(ads[number % 10]) for number in range(500)]) == 8, "with one security event"


def test_the_id_of_a_view_is_the_uuid_of_its_device_impression_and_sequence(client: APIClient, ad: Ad) -> None:
    """Receipts are kept for ever, so the ids must never be made in another way."""
    at = datetime.now(UTC).replace(microsecond=0)
    report(client, view(ad, viewed_at=at.isoformat(), sequence=7, country="DE", city="Ulm", postcode="89 073"))

    quarter = at.replace(minute=at.minute // 15 * 15, second=0, tzinfo=None).isoformat()
    parts = ("car-1", str(ad.pk), ad.ad_type_id, quarter, "DE", "ulm", "89 073")
    impression = uuid5(NAMESPACE, "\0".join(parts))
    assert AdView.objects.values_list("impression_id", "view_id").get() == (impression, uuid5(impression, "7"))


def test_what_a_device_has_shown_is_found_without_reading_the_views_of_others(
    device: Device, ad: Ad, monkeypatch: pytest.MonkeyPatch
) -> None:
    plans = []

    def explained(sql: str, parameters: Any) -> Any:
        plans.append("\n".join(line for (line,) in fetch_all(f"EXPLAIN {sql}", parameters)))
        return fetch_all(sql, parameters)

    monkeypatch.setattr(known, "fetch_all", explained)
    count(device, view(ad))

    (plan,) = plans
    assert len(re.findall(r"Index Scan using ad_views_other_(?:of_quarters|of_impressions)", plan)) == 2
    assert not re.findall("ad_views_.*_pkey|Seq Scan", plan)


def test_a_report_without_a_valid_view_writes_nothing(device: Device, ad: Ad) -> None:
    client = driving(device)
    report(client, view(ad))

    assert statements(client, [{} for _ in range(500)]) <= 7
    assert statements(client, [view(ad, impression="AQ", sequence=0) for _ in range(500)]) <= 8, "one security event"
