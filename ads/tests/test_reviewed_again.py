"""Which changes in the console send a reviewed ad back to review, and which don't."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from accounts.tests.factories import Cast
from ads.models import Ad
from ads.tests.factories import AdFactory
from campaign_studio.tests.browser import form_data
from campaigns.tests.factories import CampaignFactory

pytestmark = pytest.mark.django_db

ConsoleFor = Callable[[User | None], Client]
# Within the dates of every campaign in this module, even if the tests run past midnight.
SOON = (timezone.localdate() + timedelta(days=3)).isoformat()

SEEN: list[dict[str, Any]] = [
    {"ad_type_id": "bottom_left_ad"},
    {"ad_name": "Tea"},
    {"media_type": "image"},
    {"media_url": "https://example.com/other"},
    {"media_content": "Tea at the next exit"},
    {"ad_advertiser_forwarding_url": "https://example.com/shop"},
    {"ad_impression_duration_value": "5", "ad_impression_duration_unit": "seconds"},
    {"content_rating-0-rating_label": "R"},
    {"content_rating-0-rating_system": "ESRB", "content_rating-0-rating_label": "E"},
    {"content_rating-0-content_warnings": ["Abuse"]},
    {"content_rating-0-warning_required": None},
    {"content_rating-0-no_prohibited_content": None},
    {"content_rating-0-DELETE": "on"},
]
UNSEEN: list[dict[str, Any]] = [
    {},
    {"ad_description": "For the night shift"},
    {"ad_start_date": SOON},
    {"ad_end_date": SOON},
    {"ad_start_date": SOON, "ad_end_date": SOON, "ad_expiry_date": SOON},
    {"ad_in_view_duration_value": "5", "ad_in_view_duration_unit": "seconds"},
    {
        "time_slots-TOTAL_FORMS": "1",
        "time_slots-0-time_slot_start": "07:00",
        "time_slots-0-time_slot_end": "08:00",
        "time_slots-0-weekdays": ["6", "7"],
    },
]


def after(typed: dict[str, Any], review: str, cast: Cast, client: Client) -> Ad:
    """The ad after it was reviewed and its page then saved with these values."""
    campaign = CampaignFactory(campaign_created_by=cast.owner)
    ad: Ad = AdFactory(campaign=campaign, rated=True, media_url="https://example.com/spot")
    ad.refresh_from_db()
    getattr(ad, review)(cast.content_moderator, at=timezone.now(), note="Seen")
    page = reverse("admin:ads_ad_change", args=[ad.pk])
    assert client.post(page, form_data(client.get(page), **typed)).status_code == 302
    return Ad.objects.get()


@pytest.mark.matrix
@pytest.mark.parametrize("review", ["approve", "reject"])
@pytest.mark.parametrize("typed", SEEN, ids=lambda typed: "+".join(typed))
def test_a_change_that_viewers_see_sends_the_ad_back_to_review(
    typed: dict[str, Any], review: str, cast: Cast, console_for: ConsoleFor
) -> None:
    ad = after(typed, review, cast, console_for(cast.owner))

    assert (ad.moderation_status, ad.moderated_by, ad.moderated_at, ad.moderation_note) == ("pending", None, None, None)


@pytest.mark.matrix
@pytest.mark.parametrize("review", ["approve", "reject"])
@pytest.mark.parametrize("typed", UNSEEN, ids=lambda typed: "+".join(typed) or "nothing")
def test_a_change_that_viewers_do_not_see_keeps_the_review(
    typed: dict[str, Any], review: str, cast: Cast, console_for: ConsoleFor
) -> None:
    ad = after(typed, review, cast, console_for(cast.owner))

    status = {"approve": "approved", "reject": "rejected"}[review]
    assert (ad.moderation_status, ad.moderated_by, ad.moderation_note) == (status, cast.content_moderator, "Seen")


def test_a_moderator_who_rates_an_ad_for_the_first_time_leaves_it_pending(cast: Cast, console_for: ConsoleFor) -> None:
    ad = AdFactory(campaign=CampaignFactory(campaign_created_by=cast.owner))
    client = console_for(cast.content_moderator)
    page = reverse("admin:ads_ad_change", args=[ad.pk])
    typed = {"content_rating-0-rating_system": "MPAA", "content_rating-0-rating_label": "G"}

    assert client.post(page, form_data(client.get(page), **typed)).status_code == 302

    stored = Ad.objects.get()
    assert (stored.content_rating.rating_label, stored.moderation_status) == ("G", "pending")
