"""“Check delivery” in the screen preview: what shows in a position, and why each other ad doesn't."""

from collections.abc import Callable
from datetime import time

import pytest
from django.test import Client
from django.utils.html import escape

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


def test_the_ad_that_shows_comes_first_then_those_in_rotation_then_the_others(console: Client) -> None:
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
    assert f"The ad takes turns with “{winner}”" in content
    anchors = {one["ad"].ad_name: [reason["link"].split("#")[1] for reason in one["reasons"]] for one in explained[2:]}
    assert anchors == {"Paused": ["id_ad_status"], "Late": ["time_slots-group"]}
    for reason in [reason for one in explained for reason in one["reasons"]]:
        assert all(escape(reason[part]) in content for part in ("message", "fix", "link", "link_text"))
    assert f"/admin/ads/ad/{paused.pk}/change/" in content
    assert "Elsewhere" not in content
    assert "<html" not in content


def test_a_reason_links_to_the_field_of_the_campaign(console: Client) -> None:
    ad = showing()
    ad.campaign.audience_targeting.update(region="Hesse")
    page = console.get(WHY, AT_0815 | {"region": "Bavaria"})
    content = page.content.decode()

    (reason,) = page.context["why"]["explained"][0]["reasons"]
    assert escape(reason["message"]) in content
    assert f"/admin/campaigns/campaign/{ad.campaign_id}/change/#audience_targeting-group" in content


def test_ads_that_target_other_countries_are_only_counted(console: Client) -> None:
    showing()
    content = console.get(WHY, AT_0815 | {"country": "FR"}).content.decode()

    assert "1 ad for this position targets other countries only." in content


def test_the_ads_closest_to_eligible_are_listed_and_the_others_counted(console: Client) -> None:
    campaign = None
    for number in range(MOST_EXPLAINED + 2):
        if number % 6 == 0:
            campaign = AudienceTargetingFactory().campaign
        AdFactory(campaign=campaign)
    shown = showing(ad_name="Shown")

    page = console.get(WHY, AT_0815)

    explained = page.context["why"]["explained"]
    assert (len(explained), explained[0]["ad"]) == (MOST_EXPLAINED, shown)
    assert (
        "3 more ads for this position target other places or are further from being eligible." in page.content.decode()
    )


def test_the_preview_explains_the_position_in_its_query_string(console: Client) -> None:
    showing(ad_name="Paused", ad_status="paused")
    page = console.get(PREVIEW, AT_0815 | {"ad_type_id": TOP})
    content = page.content.decode()

    assert "Check delivery: Top bar, 08:15" in content
    assert page.context["why"]["explained"][0]["reasons"][0]["link"].endswith("#id_ad_status")
    assert 'form="place" name="ad_type_id" value="top_bar_ad"' in content
