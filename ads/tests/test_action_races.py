"""A campaign changes with its ads while someone else changes one of them: real threads, connections and transactions.

Each race has a control: without the locks of `lock_with_ads()`, it ends as no order of the requests allows.
"""

from collections.abc import Callable
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db.models import prefetch_related_objects
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import User
from accounts.tests.factories import UserFactory, make_cast
from ads.actions import duplicating, publishing, shifting
from ads.actions.duplicating import duplicate
from ads.actions.publishing import publish
from ads.actions.shifting import shift
from ads.models import Ad
from ads.tests.factories import AdFactory, AdTimeSlotFactory
from ads.tests.test_races import race
from campaign_studio.acting import acting_as
from campaign_studio.tests.bodies import ad_body, tokens_of
from campaign_studio.tests.together import at_once
from campaigns.models import Campaign
from campaigns.tests.factories import CampaignFactory

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 5
TODAY = timezone.localdate()
Request = Callable[[APIClient], Any]


def owned(owner: User, **values: Any) -> Campaign:
    """A campaign from today until 30 days later."""
    campaign: Campaign = CampaignFactory(campaign_created_by=owner, campaign_start_date=TODAY, **values)
    return campaign


def posting(address: str, body: dict[str, Any]) -> Request:
    """A `POST` for `at_once()`."""
    return lambda client: client.post(address, body)


def patching(address: str, body: dict[str, Any]) -> Request:
    """A `PATCH` for `at_once()`."""
    return lambda client: client.patch(address, body)


def deleting(address: str) -> Request:
    """A `DELETE` for `at_once()`."""
    return lambda client: client.delete(address)


def unlocked(monkeypatch: pytest.MonkeyPatch, room: Any, *meetings: Barrier, with_ads: bool) -> None:
    """Have the verb of this module read without locks, and then meet the other thread.

    It reads the ads before that if `with_ads`, else afterwards.
    """

    def read(campaign: Campaign) -> list[Ad]:
        campaign.refresh_from_db()
        if with_ads:
            prefetch_related_objects([campaign], "ads")
        for meeting in meetings:
            meeting.wait(timeout=30)
        return list(campaign.ads.all())

    monkeypatch.setattr(room, "lock_with_ads", read)


def in_campaign(ad: Ad) -> bool:
    """Whether the stored dates of the ad are within those of its campaign."""
    ad = Ad.objects.select_related("campaign").get(pk=ad.pk)
    days = [day for day in (ad.ad_start_date, ad.ad_end_date) if day]
    return all(ad.campaign.campaign_start_date <= day <= ad.campaign.campaign_end_date for day in days)


def test_an_ad_whose_dates_change_during_a_shift_moves_along_or_is_refused() -> None:
    owner = make_cast().owner
    token = tokens_of(owner)["access_token"]
    for _turn in range(ROUNDS):
        ad = AdFactory(campaign=owned(owner))

        shifted, changed = at_once(
            posting(f"/api/campaigns/{ad.campaign_id}/shift", {"days": 60}),
            patching(f"/api/ads/{ad.pk}", {"ad_start_date": str(TODAY)}),
            token=token,
        )

        assert shifted.status_code == 200, shifted.content
        assert changed.status_code in (200, 400), changed.content
        start = Ad.objects.get(pk=ad.pk).ad_start_date
        assert start == (TODAY + timedelta(days=60) if changed.status_code == 200 else None)
        assert in_campaign(ad)


def test_an_ad_that_is_added_during_a_shift_moves_along_or_is_refused() -> None:
    owner = make_cast().owner
    token = tokens_of(owner)["access_token"]
    for _turn in range(ROUNDS):
        campaign = owned(owner)

        shifted, added = at_once(
            posting(f"/api/campaigns/{campaign.pk}/shift", {"days": 60}),
            posting(f"/api/campaigns/{campaign.pk}/ads", ad_body(ad_start_date=str(TODAY))),
            token=token,
        )

        assert shifted.status_code == 200, shifted.content
        assert added.status_code in (201, 400), added.content
        assert all(in_campaign(ad) for ad in campaign.ads.all())


def test_an_ad_that_was_validated_before_its_campaign_moved_is_refused() -> None:
    campaign = owned(UserFactory())
    stored = AdFactory(campaign=campaign)
    new = AdFactory.build(campaign=campaign, ad_created_by=campaign.campaign_created_by, ad_number=None)
    for ad in (stored, new):
        ad.ad_start_date = TODAY
        ad.full_clean()
    shift(Campaign.objects.get(pk=campaign.pk), 60)
    stored.version = Ad.objects.get(pk=stored.pk).version

    for ad in (stored, new):
        with pytest.raises(ValidationError, match="must be within the campaign's dates"):
            ad.save()


def test_control_without_locks_a_shift_leaves_an_ad_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    ad = AdFactory(campaign=owned(UserFactory()))
    read, changed = Barrier(2), Barrier(2)
    unlocked(monkeypatch, shifting, read, changed, with_ads=True)

    def change_the_ad() -> None:
        read.wait(timeout=30)
        mine = Ad.objects.get(pk=ad.pk)
        mine.ad_start_date = TODAY
        mine.full_clean()
        mine.save()
        changed.wait(timeout=30)

    campaign = Campaign.objects.get(pk=ad.campaign_id)
    assert race(lambda: shift(campaign, 60), change_the_ad) == ["done", "done"]
    assert not in_campaign(ad)


def test_a_campaign_that_is_deleted_is_copied_as_a_whole_or_not_at_all() -> None:
    owner = make_cast().owner
    token = tokens_of(owner)["access_token"]
    for turn in range(ROUNDS):
        campaign = owned(owner, campaign_name=f"Campaign {turn}")
        for _ad in range(6):
            AdTimeSlotFactory(ad=AdFactory(campaign=campaign, rated=True))

        copied, deleted = at_once(
            posting(f"/api/campaigns/{campaign.pk}/duplicate", {}),
            deleting(f"/api/campaigns/{campaign.pk}"),
            token=token,
        )

        assert deleted.status_code == 204
        assert copied.status_code in (201, 404), copied.content
        copies = Campaign.objects.filter(campaign_name=f"Campaign {turn} (copy)")
        assert copies.count() == (copied.status_code == 201)
        for copy in copies:
            ads = copy.ads.select_related("content_rating").prefetch_related("time_slots")
            assert [(ad.content_rating.rating_label, len(ad.time_slots.all())) for ad in ads] == [("G", 1)] * 6


def test_control_without_locks_a_copy_loses_what_is_deleted(monkeypatch: pytest.MonkeyPatch) -> None:
    owner = make_cast().owner
    campaign = owned(owner)
    AdFactory.create_batch(6, campaign=campaign)
    read, deleted = Barrier(2), Barrier(2)
    unlocked(monkeypatch, duplicating, read, deleted, with_ads=False)

    def copy() -> None:
        with acting_as(owner):
            duplicate(Campaign.objects.get(pk=campaign.pk))

    def delete() -> None:
        read.wait(timeout=30)
        Campaign.objects.get(pk=campaign.pk).delete()
        deleted.wait(timeout=30)

    assert race(copy, delete) == ["done", "done"]
    assert [one.ads.count() for one in Campaign.objects.all()] == [0]


def test_two_copies_at_once_have_different_names() -> None:
    owner = make_cast().owner
    campaign = owned(owner, campaign_name="March")

    answers = at_once(
        *[posting(f"/api/campaigns/{campaign.pk}/duplicate", {})] * 3,
        token=tokens_of(owner)["access_token"],
    )

    names = sorted(answer.json()["campaign_name"] for answer in answers)
    assert names == ["March (copy 2)", "March (copy 3)", "March (copy)"]


def test_a_campaign_that_is_published_while_it_expires_is_one_or_the_other() -> None:
    """Both requests succeed in either order, and the later one wins."""
    owner = make_cast().owner
    token = tokens_of(owner)["access_token"]
    for _turn in range(ROUNDS):
        campaign = owned(owner, campaign_status="inactive")
        ad = AdFactory(campaign=campaign, rated=True)
        address = f"/api/campaigns/{campaign.pk}"

        published, expired = at_once(
            posting(f"{address}/publish", {}),
            patching(address, {"campaign_status": "expired"}),
            token=token,
        )

        assert (published.status_code, expired.status_code) == (200, 200), (published.content, expired.content)
        assert published.json()["campaign"]["campaign_status"] == "active"
        campaign.refresh_from_db()
        # By way of inactive to expired to draft to active, or of inactive to active to expired.
        assert campaign.campaign_status == ("active" if campaign.version == 4 else "expired")
        assert Ad.objects.get(pk=ad.pk).ad_status == "active"


def test_an_ad_that_loses_its_declaration_is_not_activated_afterwards() -> None:
    owner = make_cast().owner
    token = tokens_of(owner)["access_token"]
    for _turn in range(ROUNDS):
        ad = AdFactory(campaign=owned(owner), rated=True)

        published, changed = at_once(
            posting(f"/api/campaigns/{ad.campaign_id}/publish", {}),
            patching(f"/api/ads/{ad.pk}", {"content_rating": None}),
            token=token,
        )

        assert (published.status_code, changed.status_code) == (200, 200), (published.content, changed.content)
        refused = [one["code"] for one in published.json()["refused"]]
        status = Ad.objects.get(pk=ad.pk).ad_status
        assert (status, refused) in [("active", []), ("draft", ["no_declaration"])]


def test_control_without_locks_publishing_meets_an_edit_conflict(monkeypatch: pytest.MonkeyPatch) -> None:
    """The comparison of versions refuses it even so, but with the lock it succeeds."""
    campaign = owned(UserFactory(), campaign_status="inactive")
    read, expired = Barrier(2), Barrier(2)
    unlocked(monkeypatch, publishing, read, expired, with_ads=True)

    def expire() -> None:
        read.wait(timeout=30)
        Campaign.objects.get(pk=campaign.pk).move_to("expired")
        expired.wait(timeout=30)

    mine = Campaign.objects.get(pk=campaign.pk)
    assert race(lambda: publish(mine), expire) == ["stale", "done"]
