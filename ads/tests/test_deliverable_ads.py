"""The table that decisions are found in follows every change, by whichever door: the database keeps it itself."""

from collections.abc import Callable
from datetime import datetime
from threading import Barrier, BrokenBarrierError
from typing import Any

import pytest
from django.db import connection, transaction

from ads.delivery.engine import decide
from ads.delivery.opportunity import Opportunity
from ads.models import Ad, DeliverableAd
from ads.tests.delivery_scene import HERE, showing
from campaign_studio.tests.together import at_once
from campaigns.models import Campaign

LOCK = "PERFORM 1 FROM campaigns WHERE campaign_id = changed FOR NO KEY UPDATE;"
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
    return Opportunity(HERE["country"], datetime.fromisoformat(HERE["at"]), city="Berlin", postcode="10115")


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
    assert not DeliverableAd.objects.exists()


@pytest.mark.django_db
def test_nothing_is_left_of_a_campaign_that_is_deleted() -> None:
    showing().campaign.delete()

    assert not DeliverableAd.objects.exists()


@pytest.mark.django_db
def test_counting_views_and_renaming_leave_the_table_alone() -> None:
    ad = showing()
    before = list(DeliverableAd.objects.values_list("pk"))

    Ad.objects.filter(pk=ad.pk).update(ad_view_count=5, ad_name="Other")
    Campaign.objects.update(campaign_name="Other")

    assert list(DeliverableAd.objects.values_list("pk")) == before


def _together(lock: bool) -> set[str]:
    """Activate a paused ad and its paused campaign at the same moment, by hand; what shows then."""
    ad = showing()
    run("UPDATE ads SET ad_status = 'paused'")
    run("UPDATE campaigns SET campaign_status = 'paused'")
    if not lock:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_get_functiondef('find_deliverable_ads(uuid)'::regprocedure)")
            (source,) = cursor.fetchone()
            cursor.execute(
                source.replace("PERFORM 1 FROM campaigns WHERE campaign_id = changed FOR NO KEY UPDATE;", "")
            )
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
