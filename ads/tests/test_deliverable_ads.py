"""The table that decisions are found in follows every change, by whichever door: the database keeps it itself."""

from collections.abc import Callable
from datetime import datetime
from threading import Barrier, BrokenBarrierError
from typing import Any

import pytest
from django.db import connection, transaction

from ads.delivery.engine import decide
from ads.delivery.opportunity import Opportunity
from ads.models import Ad, DeliverableAd, DeliverablePlace
from ads.tests.delivery_scene import HERE, showing
from ads.tests.factories import AdTimeSlotFactory
from campaign_studio.tests.together import at_once
from campaigns.models import Campaign, CampaignAudienceTargeting
from campaigns.tests.factories import AudienceTargetingFactory

LOCK = "PERFORM 1 FROM campaigns WHERE campaign_id = changed FOR NO KEY UPDATE;"
MORNING = datetime.fromisoformat(HERE["at"])
BY_HAND = {
    "campaign paused": ("UPDATE campaigns SET campaign_status = 'paused'", "SET campaign_status = 'active'"),
    "campaign moved": ("UPDATE campaigns SET campaign_end_date = '2026-11-10'", "SET campaign_end_date = '2026-12-31'"),
    "ad paused": ("UPDATE ads SET ad_status = 'paused'", "SET ad_status = 'active'"),
    "ad rejected": ("UPDATE ads SET moderation_status = 'rejected'", "SET moderation_status = 'approved'"),
    "ad moved": ("UPDATE ads SET ad_start_date = '2026-12-01'", "SET ad_start_date = NULL"),
    "ad expired": ("UPDATE ads SET ad_expiry_date = '2026-11-10'", "SET ad_expiry_date = NULL"),
    "city changed": (
        "UPDATE campaign_audience_targeting SET cities = '{Hamburg}'",
        "SET cities = '{}'",
    ),
    "not sworn": (
        "UPDATE ad_content_ratings SET no_prohibited_content = false",
        "SET no_prohibited_content = true",
    ),
}


def opportunity() -> Opportunity:
    return Opportunity("DE", MORNING, city="Berlin", postcode="10115")


def run(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


@pytest.mark.django_db
@pytest.mark.parametrize("change", BY_HAND)
def test_a_change_by_hand_in_the_database_changes_the_answer_and_undoing_it_too(change: str) -> None:
    ad = showing()
    there, back = BY_HAND[change]

    run(there)
    assert decide(opportunity()).keys() == set()

    table = there.split()[1]
    run(f"UPDATE {table} {back}")
    assert decide(opportunity()).keys() == {str(ad.pk)}


@pytest.mark.django_db
@pytest.mark.parametrize("deletion", ["DELETE FROM ad_content_ratings", "DELETE FROM campaign_audience_targeting"])
def test_parts_deleted_by_hand_take_the_ad_off(deletion: str) -> None:
    showing()

    run(deletion)

    assert decide(opportunity()).keys() == set()
    assert not DeliverablePlace.objects.exists()


@pytest.mark.django_db
def test_nothing_is_left_of_a_campaign_that_is_deleted() -> None:
    showing().campaign.delete()

    assert not DeliverableAd.objects.exists()
    assert not DeliverablePlace.objects.exists()


def written() -> tuple[list[Any], list[Any]]:
    """Where each row of both tables lies: elsewhere once it was written anew."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT ad_id, ctid::text FROM deliverable_ads ORDER BY ad_id")
        ads = cursor.fetchall()
        cursor.execute("SELECT audience_id, ctid::text FROM deliverable_places ORDER BY audience_id")
        return ads, cursor.fetchall()


@pytest.mark.django_db
def test_counting_views_and_renaming_leave_the_tables_alone() -> None:
    ad = showing()
    before = written()

    Ad.objects.filter(pk=ad.pk).update(ad_view_count=5, ad_name="Other")
    Campaign.objects.update(campaign_name="Other")

    assert written() == before
    assert before[0]
    assert before[1]


@pytest.mark.django_db
def test_a_change_costs_what_it_touches() -> None:
    """However many places a campaign is aimed at: a slot writes none of them anew, and one place no other."""
    ad = showing()
    AudienceTargetingFactory(campaign=ad.campaign, country="FR")
    ads, places = written()

    AdTimeSlotFactory(ad=ad)
    Campaign.objects.update(campaign_max_view_count=7)

    changed, same = written()
    assert changed != ads
    assert same == places

    CampaignAudienceTargeting.objects.filter(country="FR").update(cities=["Paris"])

    same, changed = written()
    assert len(set(places) & set(changed)) == len(places) - 1 == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("city", "postcodes", "asked"),
    [
        ("*", ["*"], Opportunity("DE", MORNING, city="Berlin", postcode="10115")),
        ("*", ["*"], Opportunity("DE", MORNING)),
        ("Berlin", [], Opportunity("DE/Berlin", MORNING)),
        ("Berlin/Mitte", [], Opportunity("DE/Berlin", MORNING, city="Mitte")),
    ],
)
def test_no_name_of_a_place_means_more_than_itself(city: str, postcodes: list[str], asked: Opportunity) -> None:
    ad = showing()
    CampaignAudienceTargeting.objects.update(cities=[city], postcodes=postcodes)

    assert decide(asked).keys() == set()

    there = Opportunity("DE", MORNING, city=city, postcode=next(iter(postcodes), ""))
    assert decide(there).keys() == {str(ad.pk)}


def _together(lock: bool) -> set[str]:
    """Activate a paused ad and its paused campaign at the same moment, by hand; what shows then."""
    ad = showing()
    run("UPDATE ads SET ad_status = 'paused'")
    run("UPDATE campaigns SET campaign_status = 'paused'")
    if not lock:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_get_functiondef('find_deliverable_ads(uuid)'::regprocedure)")
            (source,) = cursor.fetchone()
            cursor.execute(source.replace(LOCK, ""))
    ready = _Meeting()

    def activate(sql: str) -> Callable[[Any], None]:
        def request(client: Any) -> None:
            with transaction.atomic():
                with connection.cursor() as cursor:
                    cursor.execute(sql)
                ready.meet()

        return request

    at_once(
        activate("UPDATE ads SET ad_status = 'active'"),
        activate("UPDATE campaigns SET campaign_status = 'active'"),
    )
    assert Ad.objects.filter(pk=ad.pk, ad_status="active", campaign__campaign_status="active").exists()
    return decide(opportunity()).keys()


class _Meeting:
    """Both have written before either commits, unless one of them has to wait for the other."""

    def __init__(self) -> None:
        self.barrier = Barrier(2)

    def meet(self) -> None:
        try:
            self.barrier.wait(timeout=1)
        except BrokenBarrierError:
            return


@pytest.mark.django_db(transaction=True)
def test_two_changes_at_once_that_need_each_other_are_both_seen() -> None:
    assert len(_together(lock=True)) == 1


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_they_miss_each_other() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_functiondef('find_deliverable_ads(uuid)'::regprocedure)")
        (source,) = cursor.fetchone()
    try:
        assert _together(lock=False) == set()
    finally:
        run(source)
