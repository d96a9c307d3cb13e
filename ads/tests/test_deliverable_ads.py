"""The database keeps the tables of deliverable ads and places up to date with every change."""

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
SQL_CHANGES = {
    "campaign paused": ("UPDATE campaigns SET campaign_status = 'paused'", "SET campaign_status = 'active'"),
    "campaign rescheduled": (
        "UPDATE campaigns SET campaign_end_date = '2026-11-10'",
        "SET campaign_end_date = '2026-12-31'",
    ),
    "ad paused": ("UPDATE ads SET ad_status = 'paused'", "SET ad_status = 'active'"),
    "ad rejected": ("UPDATE ads SET moderation_status = 'rejected'", "SET moderation_status = 'approved'"),
    "ad rescheduled": ("UPDATE ads SET ad_start_date = '2026-12-01'", "SET ad_start_date = NULL"),
    "ad expired": ("UPDATE ads SET ad_expiry_date = '2026-11-10'", "SET ad_expiry_date = NULL"),
    "city changed": (
        "UPDATE campaign_audience_targeting SET cities = '{Hamburg}'",
        "SET cities = '{}'",
    ),
    "no content declaration": (
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
@pytest.mark.parametrize(
    ("table", "silent", "shown"),
    [
        ("campaigns", "campaign_status = 'draft', campaign_end_date = '2026-12-30'", "campaign_status = 'active'"),
        ("ads", "ad_status = 'paused', ad_name = 'Other'", "ad_status = 'active'"),
        ("ads", "ad_status = 'active', moderation_status = 'rejected'", "moderation_status = 'approved'"),
    ],
)
def test_a_row_that_shows_nothing_before_and_after_is_changed_without_a_search(
    table: str, silent: str, shown: str
) -> None:
    showing()
    kept = DeliverableAd.objects.get()
    run("UPDATE campaigns SET campaign_status = 'inactive'; UPDATE ads SET ad_status = 'inactive'")
    # A search would remove it again.
    kept.save(force_insert=True)

    run(f"UPDATE {table} SET {silent}")  # noqa: S608 - a constant
    assert DeliverableAd.objects.count() == 1
    run(f"UPDATE {table} SET {shown}")  # noqa: S608 - a constant
    assert DeliverableAd.objects.count() == 0


@pytest.mark.django_db
@pytest.mark.parametrize("change", SQL_CHANGES)
def test_a_change_in_sql_and_its_reversal_change_the_answer(change: str) -> None:
    ad = showing()
    do, undo = SQL_CHANGES[change]

    run(do)
    assert decide(opportunity()).keys() == set()

    table = do.split()[1]
    run(f"UPDATE {table} {undo}")
    assert decide(opportunity()).keys() == {str(ad.pk)}


@pytest.mark.django_db
@pytest.mark.parametrize("deletion", ["DELETE FROM ad_content_ratings", "DELETE FROM campaign_audience_targeting"])
def test_deleting_parts_in_sql_makes_the_ad_undeliverable(deletion: str) -> None:
    showing()

    run(deletion)

    assert decide(opportunity()).keys() == set()
    assert not DeliverablePlace.objects.exists()


@pytest.mark.django_db
def test_nothing_remains_of_a_deleted_campaign() -> None:
    showing().campaign.delete()

    assert not DeliverableAd.objects.exists()
    assert not DeliverablePlace.objects.exists()


def locations() -> tuple[list[Any], list[Any]]:
    """The physical location of each row of both tables, which changes when a row is rewritten."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT ad_id, ctid::text FROM deliverable_ads ORDER BY ad_id")
        ads = cursor.fetchall()
        cursor.execute("SELECT audience_id, ctid::text FROM deliverable_places ORDER BY audience_id")
        return ads, cursor.fetchall()


@pytest.mark.django_db
def test_counting_views_and_renaming_do_not_touch_the_tables() -> None:
    ad = showing()
    before = locations()

    Ad.objects.filter(pk=ad.pk).update(ad_view_count=5, ad_description="Other")
    Campaign.objects.update(campaign_name="Other")

    assert locations() == before
    assert before[0]
    assert before[1]


@pytest.mark.django_db
def test_a_change_rewrites_only_the_affected_rows() -> None:
    """A new time slot rewrites no target of the campaign, and a changed target rewrites no other one."""
    ad = showing()
    AudienceTargetingFactory(campaign=ad.campaign, country="FR")
    ads, places = locations()

    AdTimeSlotFactory(ad=ad)
    Campaign.objects.update(campaign_max_view_count=7)

    changed, same = locations()
    assert changed != ads
    assert same == places

    CampaignAudienceTargeting.objects.filter(country="FR").update(cities=["Paris"])

    same, changed = locations()
    assert len(set(places) & set(changed)) == len(places) - 1 == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("city", "postcodes", "opportunity"),
    [
        ("*", ["*"], Opportunity("DE", MORNING, city="Berlin", postcode="10115")),
        ("*", ["*"], Opportunity("DE", MORNING)),
        ("Berlin", [], Opportunity("DE/Berlin", MORNING)),
        ("Berlin/Mitte", [], Opportunity("DE/Berlin", MORNING, city="Mitte")),
    ],
)
def test_a_place_with_special_characters_matches_only_itself(
    city: str, postcodes: list[str], opportunity: Opportunity
) -> None:
    ad = showing()
    CampaignAudienceTargeting.objects.update(cities=[city], postcodes=postcodes)

    assert decide(opportunity).keys() == set()

    there = Opportunity("DE", MORNING, city=city, postcode=next(iter(postcodes), ""))
    assert decide(there).keys() == {str(ad.pk)}


def _activate_both(lock: bool) -> set[str]:
    """Activate a paused ad and its paused campaign simultaneously in SQL. Returns what shows afterwards."""
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
    """Lets both write before either commits, unless one has to wait for the other."""

    def __init__(self) -> None:
        self.barrier = Barrier(2)

    def meet(self) -> None:
        try:
            self.barrier.wait(timeout=1)
        except BrokenBarrierError:
            return


@pytest.mark.django_db(transaction=True)
def test_two_simultaneous_changes_that_need_each_other_are_both_seen() -> None:
    assert len(_activate_both(lock=True)) == 1


@pytest.mark.django_db(transaction=True)
def test_control_without_the_lock_the_changes_miss_each_other() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_functiondef('find_deliverable_ads(uuid)'::regprocedure)")
        (source,) = cursor.fetchone()
    try:
        assert _activate_both(lock=False) == set()
    finally:
        run(source)
