"""The screen preview's “Why?”: what shows in a position, who waits, and what keeps every other ad away."""

from collections.abc import Callable
from datetime import time

import pytest
from django.test import Client

from accounts.models import User
from accounts.tests.factories import Cast
from ads.console.preview import MOST_EXPLAINED
from ads.tests.delivery_scene import showing
from ads.tests.factories import AdFactory, AdTimeSlotFactory
from campaigns.tests.factories import AudienceTargetingFactory

pytestmark = pytest.mark.django_db
ConsoleFor = Callable[[User | None], Client]
PREVIEW, WHY = "/admin/ads/ad/preview/", "/admin/ads/ad/preview/why/"
AT_0815 = {"country": "DE", "city": "Berlin", "postcode": "10115", "day": "2026-11-23", "quarter": "33"}
LEFT, TOP = "center_left_content_ad", "top_bar_ad"


@pytest.fixture
def console(cast: Cast, console_for: ConsoleFor) -> Client:
    return console_for(cast.campaign_manager)


def test_why_names_what_shows_who_waits_and_what_keeps_the_others_away(console: Client) -> None:
    names = {showing(ad_name=name).ad_name for name in ("One", "Two")}
    paused = showing(ad_name="Paused", ad_status="paused")
    late = showing(ad_name="Late")
    AdTimeSlotFactory(ad=late, time_slot_start=time(22), time_slot_end=time(0))
    showing(ad_name="Elsewhere on the screen", ad_type_id=LEFT)
    winner = console.get(PREVIEW, AT_0815).context["placements"][0].creatives[0].ad.ad_name

    page = console.get(WHY, AT_0815 | {"ad_type_id": TOP})
    content = page.content.decode()

    explained = page.context["why"]["explained"]
    assert [one["ad"].ad_name for one in explained][:2] == [winner, *(names - {winner})]
    assert {one["ad"].ad_name for one in explained[2:]} == {"Paused", "Late"}
    assert f"the turn of\n                                    “{winner}”" in content
    for text in (
        "The ad is paused, not active.",
        "08:15 lies in none of its time slots.",
        "Add a time slot from 08:15",
    ):
        assert text in content
    assert f"/admin/ads/ad/{paused.pk}/change/" in content
    assert "Elsewhere" not in content
    assert "<html" not in content


def test_why_leads_to_the_field_of_the_campaign_that_is_to_blame(console: Client) -> None:
    ad = showing()
    content = console.get(WHY, AT_0815 | {"region": "Bavaria"}).content.decode()

    assert "In DE it is not aimed at Bavaria." in content
    assert f"/admin/campaigns/campaign/{ad.campaign_id}/change/#audience_targeting-group" in content


def test_why_only_counts_what_is_aimed_at_other_countries(console: Client) -> None:
    showing()
    content = console.get(WHY, AT_0815 | {"country": "FR"}).content.decode()

    assert "1 ad of this position is aimed at other countries." in content


def test_why_lists_the_nearest_and_counts_the_rest(console: Client) -> None:
    campaign = None
    for number in range(MOST_EXPLAINED + 2):
        if number % 6 == 0:
            campaign = AudienceTargetingFactory().campaign
        AdFactory(campaign=campaign)
    shown = showing(ad_name="Shown")

    page = console.get(WHY, AT_0815)

    explained = page.context["why"]["explained"]
    assert (len(explained), explained[0]["ad"]) == (MOST_EXPLAINED, shown)
    assert "3 more ads of this position are aimed elsewhere, or further from showing." in page.content.decode()


def test_the_page_itself_explains_what_its_address_asks_about(console: Client) -> None:
    showing(ad_name="Paused", ad_status="paused")
    content = console.get(PREVIEW, AT_0815 | {"ad_type_id": TOP}).content.decode()

    assert "Top bar at 08:15: why?" in content
    assert "The ad is paused, not active." in content
    assert 'form="place" name="ad_type_id" value="top_bar_ad"' in content
