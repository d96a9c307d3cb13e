"""The life cycle of campaigns and ads."""

from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from django.core.exceptions import ValidationError

from ads.models import Ad
from ads.tests.factories import AdContentRatingFactory, AdFactory
from campaign_studio.tests.refusals import assert_model_refuses
from campaigns.choices import Status
from campaigns.lifecycle import LifecycleModel
from campaigns.models import Campaign
from campaigns.tests.factories import CampaignFactory

pytestmark = pytest.mark.django_db

TODAY = date(2026, 3, 15)
YESTERDAY, TOMORROW = TODAY - timedelta(days=1), TODAY + timedelta(days=1)

ALLOWED = {
    "draft": ["active", "inactive"],
    "active": ["paused", "inactive", "expired"],
    "paused": ["active", "inactive", "expired"],
    "inactive": ["draft", "active", "expired"],
    "expired": ["draft"],
}
EVERY_STEP = [(old, new) for old in Status.values for new in Status.values if old != new]


@pytest.fixture(autouse=True)
def _today() -> Any:
    with time_machine.travel(f"{TODAY} 12:00 +0000", tick=False):
        yield


def campaign_in(status: str, **changes: Any) -> Campaign:
    """A campaign that runs today, as loaded from the database."""
    dates = {"campaign_start_date": TODAY - timedelta(days=10), "campaign_end_date": TOMORROW}
    return Campaign.objects.get(pk=CampaignFactory(**dates | {"campaign_status": status} | changes).pk)


def ad_in(status: str, **changes: Any) -> Ad:
    """An ad with a confirmed content declaration in a campaign that runs today, as loaded from the database."""
    return Ad.objects.get(pk=AdFactory(campaign=campaign_in("draft"), ad_status=status, rated=True, **changes).pk)


@pytest.mark.parametrize("make", [campaign_in, ad_in])
@pytest.mark.parametrize(("old", "new"), EVERY_STEP)
def test_each_status_change_is_allowed_or_refused(make: Any, old: str, new: str) -> None:
    row: LifecycleModel = make(old)

    if new in ALLOWED[old]:
        row.move_to(new)
        row.refresh_from_db()
        assert row.status == new
    else:
        assert_model_refuses(row, row.status_field, "transition", **{row.status_field: new})
        assert type(row)._base_manager.get(pk=row.pk).status == old


@pytest.mark.parametrize(
    ("make", "refusal"),
    [
        (campaign_in, "This campaign can't change from “Active” to “Draft”. Choose Paused, Inactive or Expired."),
        (ad_in, "This ad can't change from “Active” to “Draft”. Choose Paused, Inactive or Expired."),
    ],
)
def test_a_refused_change_names_the_statuses_that_may_follow(make: Any, refusal: str) -> None:
    row: LifecycleModel = make("active")

    assert_model_refuses(row, row.status_field, refusal, **{row.status_field: "draft"})


@pytest.mark.parametrize("make", [campaign_in, ad_in])
@pytest.mark.parametrize("status", Status.values)
def test_a_row_can_keep_its_status(make: Any, status: str) -> None:
    make(status).full_clean()


@pytest.mark.parametrize("status", ["draft", "active", "paused", "inactive"])
def test_a_new_campaign_can_have_any_status_but_expired(status: str) -> None:
    new = _unsaved_campaign(campaign_status=status)

    new.full_clean()

    assert new.allowed_next() == ["draft", "active", "paused", "inactive"]


def test_a_new_campaign_or_ad_cannot_be_expired() -> None:
    campaign = campaign_in("draft")
    ad = AdFactory.build(campaign=campaign, ad_created_by=campaign.campaign_created_by)

    assert_model_refuses(
        _unsaved_campaign(),
        "campaign_status",
        "A new campaign can't have the status “Expired”. Choose Draft, Active, Paused or Inactive.",
        campaign_status="expired",
    )
    assert_model_refuses(
        ad,
        "ad_status",
        "A new ad can't have the status “Expired”. Choose Draft, Active, Paused or Inactive.",
        ad_status="expired",
    )


def test_each_change_is_checked_against_the_stored_status() -> None:
    campaign = campaign_in("active")
    campaign.move_to("inactive")
    campaign.move_to("draft")

    assert_model_refuses(campaign, "campaign_status", "can't change from “Draft”", campaign_status="paused")


def test_an_allowed_change_can_follow_a_refused_one() -> None:
    campaign = campaign_in("active")
    with pytest.raises(ValidationError):
        campaign.move_to("draft")

    campaign.move_to("paused")

    assert Campaign.objects.get(pk=campaign.pk).campaign_status == "paused"


# --- Activating ------------------------------------------------------------------------------------------------------


def test_a_campaign_can_be_activated_on_its_last_day() -> None:
    campaign_in("draft", campaign_end_date=TODAY).move_to("active")


def test_a_campaign_that_has_ended_cannot_be_activated() -> None:
    campaign = campaign_in("paused", campaign_end_date=YESTERDAY)

    assert_model_refuses(
        campaign,
        "campaign_status",
        "This campaign can't be activated: it ended on 14 Mar 2026. Change the end date first.",
        campaign_status="active",
    )


def test_a_new_campaign_that_has_ended_cannot_be_active() -> None:
    over = _unsaved_campaign(campaign_status="active", campaign_end_date=YESTERDAY)

    assert_model_refuses(over, "campaign_status", "ended")


def test_an_active_campaign_that_has_ended_can_still_be_renamed() -> None:
    campaign = campaign_in("active", campaign_end_date=YESTERDAY)
    campaign.campaign_name = "Renamed"

    campaign.full_clean()


@pytest.mark.parametrize(
    ("ad_end_date", "campaign_end_date"), [(YESTERDAY, TOMORROW), (None, YESTERDAY)], ids=["its own", "its campaign's"]
)
def test_an_ad_that_has_ended_cannot_be_activated(ad_end_date: date | None, campaign_end_date: date) -> None:
    ad = ad_in("draft", ad_end_date=ad_end_date)
    Campaign.objects.filter(pk=ad.campaign_id).update(campaign_end_date=campaign_end_date)

    refusal = "This ad can't be activated: it ended on 14 Mar 2026. Change the end date first."
    assert_model_refuses(Ad.objects.get(pk=ad.pk), "ad_status", refusal, ad_status="active")


def test_an_ad_without_a_rating_cannot_be_activated() -> None:
    ad = AdFactory(campaign=campaign_in("draft"))

    assert_model_refuses(ad, "ad_status", "no_declaration", ad_status="active")


def test_an_ad_without_a_content_declaration_cannot_be_activated() -> None:
    ad = AdContentRatingFactory(ad__campaign=campaign_in("draft"), no_prohibited_content=False).ad

    assert_model_refuses(Ad.objects.get(pk=ad.pk), "ad_status", "no_declaration", ad_status="active")


def test_a_new_ad_cannot_be_active_because_it_has_no_rating_yet() -> None:
    campaign = campaign_in("active")
    ad = AdFactory.build(campaign=campaign, ad_created_by=campaign.campaign_created_by, ad_status="active")

    assert_model_refuses(ad, "ad_status", "no_declaration")


# --- Returning from expired ------------------------------------------------------------------------------------------


def test_an_expired_campaign_can_return_to_draft_with_a_later_end_date() -> None:
    campaign = campaign_in("expired", campaign_end_date=YESTERDAY)
    refusal = "This campaign can't return to draft: it ended on 14 Mar 2026. Change the end date first."
    assert_model_refuses(campaign, "campaign_status", refusal, campaign_status="draft")

    campaign.campaign_end_date = TODAY
    campaign.move_to("draft")

    assert Campaign.objects.get(pk=campaign.pk).campaign_status == "draft"


# --- The calendar ----------------------------------------------------------------------------------------------------

# status, end date, expiry date → the status that the calendar requires, None for no change
CALENDAR = [
    ("active", TODAY, None, None),
    ("active", YESTERDAY, None, "expired"),
    ("active", YESTERDAY, YESTERDAY, "expired"),
    ("active", YESTERDAY, TODAY, "inactive"),
    ("active", YESTERDAY, TOMORROW, "inactive"),
    ("paused", YESTERDAY, None, "expired"),
    ("paused", YESTERDAY, TOMORROW, "inactive"),
    ("inactive", YESTERDAY, TOMORROW, None),
    ("inactive", YESTERDAY, YESTERDAY, "expired"),
    ("inactive", YESTERDAY, None, "expired"),
    ("inactive", TOMORROW, None, None),
    ("draft", YESTERDAY, None, None),
    ("expired", YESTERDAY, None, None),
]


@pytest.mark.parametrize(("status", "end", "expiry", "becomes"), CALENDAR)
def test_the_calendar_changes_the_status_of_a_campaign(
    status: str, end: date, expiry: date | None, becomes: str | None
) -> None:
    campaign = campaign_in(status, campaign_end_date=end, campaign_expiry_date=expiry)

    assert campaign.status_by_calendar(on=TODAY) == becomes
    assert (campaign in Campaign.objects.over_on(TODAY)) or becomes is None


@pytest.mark.parametrize(("status", "end", "expiry", "becomes"), CALENDAR)
def test_the_calendar_changes_the_status_of_an_ad_by_its_own_dates(
    status: str, end: date, expiry: date | None, becomes: str | None
) -> None:
    ad = ad_in(status, ad_end_date=end, ad_expiry_date=expiry)

    assert ad.status_by_calendar(on=TODAY) == becomes
    assert (ad in Ad.objects.over_on(TODAY)) or becomes is None


@pytest.mark.parametrize(("expiry", "becomes"), [(None, "expired"), (TOMORROW, "inactive")])
def test_an_ad_without_dates_follows_those_of_its_campaign(expiry: date | None, becomes: str) -> None:
    campaign = campaign_in("draft", campaign_end_date=YESTERDAY, campaign_expiry_date=expiry)
    ad = AdFactory(campaign=campaign, ad_status="active")

    assert ad.status_by_calendar(on=TODAY) == becomes
    assert list(Ad.objects.over_on(TODAY)) == [ad]


@pytest.mark.parametrize("make", [campaign_in, ad_in])
def test_every_change_by_the_calendar_is_allowed(make: Any) -> None:
    for status in ("active", "paused", "inactive"):
        row = make(status)
        for due in ("inactive", "expired"):
            assert due == status or due in row.allowed_next()


def _unsaved_campaign(**changes: Any) -> Campaign:
    saved = campaign_in("draft")
    new: Campaign = CampaignFactory.build(
        **{
            "campaign_start_date": TODAY - timedelta(days=10),
            "campaign_end_date": TOMORROW,
            "campaign_created_by": saved.campaign_created_by,
        }
        | changes
    )
    return new
