"""Ads: their dates, their campaign, and who created, changes and sees them."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser

from accounts.tests.factories import Cast
from ads.models import Ad, AdContentRating, AdTimeSlot
from ads.tests.factories import AdFactory, AdTimeSlotFactory
from campaign_studio.acting import acting_as
from campaign_studio.tests.refusals import assert_model_refuses
from campaigns.models import MOVE_BOTH
from campaigns.tests.factories import CampaignFactory

pytestmark = pytest.mark.django_db

START, END = date(2026, 3, 1), date(2026, 3, 31)
ONE_DAY = timedelta(days=1)


def stored(ad: Ad) -> Ad:
    """The ad, loaded again."""
    return Ad.objects.get(pk=ad.pk)


# --- Dates and campaign ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("field", ["ad_start_date", "ad_end_date"])
@pytest.mark.parametrize("day", [START - ONE_DAY, END + ONE_DAY])
def test_the_dates_of_an_ad_must_be_within_those_of_its_campaign(field: str, day: date) -> None:
    ad = AdFactory(campaign=CampaignFactory(campaign_start_date=START, campaign_end_date=END))

    message = "The date must be within the campaign's dates (1 Mar 2026 to 31 Mar 2026)."
    assert_model_refuses(ad, field, f"{message} {MOVE_BOTH}", **{field: day})
    new = AdFactory.build(campaign=ad.campaign, ad_created_by=ad.ad_created_by)
    assert_model_refuses(new, field, message, **{field: day})
    assert_model_refuses(ad, field, "outside_campaign")


@pytest.mark.parametrize(
    ("first", "last", "last_day"), [(START, END, END), (START, START, START), (None, None, END), (END, None, END)]
)
def test_an_ad_without_dates_follows_its_campaign(first: date | None, last: date | None, last_day: date) -> None:
    campaign = CampaignFactory(campaign_start_date=START, campaign_end_date=END)
    ad = AdFactory(campaign=campaign, ad_start_date=first, ad_end_date=last)

    ad.full_clean()

    assert ad.last_day == last_day


@pytest.mark.parametrize(
    ("own_end", "own_expiry", "expiry_day"),
    [(None, None, END + ONE_DAY), (END, None, None), (END, END, END), (None, START, START)],
)
def test_an_ad_without_dates_expires_with_its_campaign(
    own_end: date | None, own_expiry: date | None, expiry_day: date | None
) -> None:
    campaign = CampaignFactory(campaign_start_date=START, campaign_end_date=END, campaign_expiry_date=END + ONE_DAY)

    assert AdFactory(campaign=campaign, ad_end_date=own_end, ad_expiry_date=own_expiry).expiry_day == expiry_day


def test_an_ad_cannot_be_moved_to_another_campaign() -> None:
    ad = stored(AdFactory())

    message = "An ad can't be moved to another campaign. Create a new ad there."
    assert_model_refuses(ad, "campaign", message, campaign=CampaignFactory())
    assert_model_refuses(ad, "campaign", "campaign_is_fixed")


def test_an_ad_keeps_its_number_when_it_is_saved_again() -> None:
    campaign = CampaignFactory()
    AdFactory(campaign=campaign).delete()
    second = AdFactory(campaign=campaign)
    AdFactory(campaign=campaign)

    stored(second).save()

    assert stored(second).ad_number == second.ad_number == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [("ad_name", ""), ("ad_name", "x" * 256), ("ad_description", "x" * 10_001), ("campaign", None)],
)
def test_a_field_refuses_an_invalid_value(field: str, value: object) -> None:
    ad = AdFactory.build(campaign=CampaignFactory())

    assert_model_refuses(ad, field, "", **{field: value})


@pytest.mark.parametrize("ratings", [{}, {"rated": True, "content_rating__no_prohibited_content": False}], ids=str)
def test_an_ad_without_a_content_declaration_cannot_be_activated(ratings: dict[str, Any]) -> None:
    ad = stored(AdFactory(**ratings))

    message = "This ad can't be activated: confirm the content declaration in its content rating first."
    assert_model_refuses(ad, "ad_status", message, ad_status="active")


# --- Who created and changed it --------------------------------------------------------------------------------------


def test_an_ad_records_who_created_and_changed_it(cast: Cast) -> None:
    campaign = CampaignFactory()
    with acting_as(cast.owner):
        ad = Ad(campaign=campaign, ad_type_id="top_bar_ad", ad_name="A", media_type="text", media_content="Hi")
        ad.full_clean()
        ad.save()
    with acting_as(cast.app_admin):
        ad.ad_description = "Better"
        ad.save()
    ad = stored(ad)

    assert ad.ad_created_by == cast.owner
    assert (ad.created_by_name, ad.updated_by_name) == ("campaign_manager", "app_admin")


# --- Who sees it -----------------------------------------------------------------------------------------------------


def test_every_signed_in_user_sees_ads_and_their_parts(cast: Cast) -> None:
    AdTimeSlotFactory(ad=AdFactory(rated=True))

    for model in (Ad, AdTimeSlot, AdContentRating):
        for person in cast:
            may = person.has_perm(f"ads.view_{model._meta.model_name}")
            assert model.objects.visible_to(person).exists() == may, person
        assert not model.objects.visible_to(AnonymousUser()).exists()


@pytest.mark.parametrize("number", [1, 4])
def test_as_document_needs_a_constant_number_of_queries(
    number: int, cast: Cast, django_assert_num_queries: Any
) -> None:
    for _ in range(number):
        AdTimeSlotFactory(ad=AdFactory(rated=True))

    with django_assert_num_queries(2):
        found = [(len(ad.time_slots.all()), str(ad.content_rating)) for ad in Ad.objects.as_document(cast.owner)]

    assert found == [(1, "MPAA G")] * number
