"""Readiness in the console's lists: whether a campaign can run, and whether an ad can still show."""

import re
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.choices import RoleName
from accounts.models import User
from accounts.tests.factories import Cast, UserFactory
from ads.models import Ad
from ads.tests.delivery_scene import showing
from ads.tests.factories import AdFactory, AdTimeSlotFactory
from campaign_studio.tests.browser import messages_of
from campaigns.models import CampaignAudienceTargeting
from campaigns.tests.factories import AudienceTargetingFactory, CampaignFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("on_monday")]
ConsoleFor = Callable[[User | None], Client]
CAMPAIGNS, ADS = "/admin/campaigns/campaign/", "/admin/ads/ad/"


@pytest.fixture
def client(cast: Cast, console_for: ConsoleFor) -> Client:
    return console_for(cast.campaign_manager)


def lights(page: Any) -> dict[str, str]:
    """The text of each light, by the URL of its link."""
    found = re.findall(r'<a href="(/admin/ads/ad/[^"]*why/[^"]*)" [^>]*>(.*?)</a>', page.content.decode(), re.S)
    return {address: text.strip() for address, text in found}


def light_of(client: Client, campaign: Any) -> str:
    return lights(client.get(CAMPAIGNS))[reverse("admin:ads_ad_why_campaign", args=[campaign.pk])]


def outside_its_campaign(**dates: date) -> Ad:
    """An ad whose own dates are outside of its campaign's, from 1 to 31 December: a change past the model."""
    ad = showing(campaign__campaign_start_date=date(2026, 12, 1))
    Ad.objects.filter(pk=ad.pk).update(**dates)
    return ad


def on_saturdays(**values: Any) -> Ad:
    """An ad with a time slot on Saturday only. Today is Monday."""
    ad = showing(**values)
    AdTimeSlotFactory(ad=ad, weekdays=[6])
    return ad


def rejected() -> Ad:
    """An ad that a moderator has rejected, alone in its campaign."""
    ad = showing()
    ad.reject(UserFactory(role=RoleName.CONTENT_MODERATOR), at=timezone.now(), note="Too loud")
    return ad


def test_a_campaign_that_can_run_is_ready(client: Client) -> None:
    assert light_of(client, showing().campaign) == "Ready"


def test_a_campaign_with_an_ad_that_cannot_show_has_warnings(client: Client) -> None:
    ad = showing()
    showing(campaign=ad.campaign, ad_status="paused")

    assert light_of(client, ad.campaign) == "Has warnings"


@pytest.mark.parametrize("target", [{"cities": ["Vienna"]}, {"region": "Asia"}])
def test_a_campaign_with_a_place_that_is_elsewhere_has_warnings(target: dict[str, Any], client: Client) -> None:
    ad = showing()
    AudienceTargetingFactory(campaign=ad.campaign, **{"region": "Bavaria", **target})

    assert light_of(client, ad.campaign) == "Has warnings"
    assert lights(client.get(ADS)) == {reverse("admin:ads_ad_why", args=[ad.pk]): "Can show"}


def test_a_campaign_whose_regions_are_all_elsewhere_is_not_ready_nor_can_its_ads_show(client: Client) -> None:
    ad = showing()
    CampaignAudienceTargeting.objects.update(region="Asia")

    assert light_of(client, ad.campaign) == "Not ready"
    assert lights(client.get(ADS)) == {reverse("admin:ads_ad_why", args=[ad.pk]): "Can&#x27;t show"}


@pytest.mark.parametrize(
    "make",
    [
        CampaignFactory,
        lambda: showing(campaign__campaign_status="paused").campaign,
        lambda: showing(campaign__campaign_status="draft").campaign,
        lambda: showing(campaign__campaign_end_date=date(2026, 11, 9)).campaign,
        lambda: showing(ad_status="paused").campaign,
        lambda: showing(ad_start_date=date(2026, 12, 20), ad_expiry_date=date(2026, 12, 10)).campaign,
        lambda: outside_its_campaign(ad_end_date=date(2026, 11, 25)).campaign,
        lambda: outside_its_campaign(ad_start_date=date(2027, 1, 2)).campaign,
        lambda: rejected().campaign,
        lambda: on_saturdays(ad_end_date=date(2026, 11, 27)).campaign,
    ],
)
def test_a_campaign_that_cannot_run_is_not_ready(make: Callable[[], Any], client: Client) -> None:
    assert light_of(client, make()) == "Not ready"


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({}, "Can show"),
        ({"campaign__campaign_start_date": date(2026, 12, 1)}, "Can show"),
        ({"ad_status": "paused"}, "Can&#x27;t show"),
        ({"approved": False}, "Can&#x27;t show"),
        ({"ad_status": "draft", "approved": False}, "Can&#x27;t show"),
        ({"ad_end_date": date(2026, 11, 21)}, "Can&#x27;t show"),
        ({"campaign__campaign_status": "expired"}, "Can&#x27;t show"),
        ({"ad_start_date": date(2026, 12, 20), "ad_expiry_date": date(2026, 12, 20)}, "Can show"),
        ({"ad_start_date": date(2026, 12, 20), "ad_expiry_date": date(2026, 12, 19)}, "Can&#x27;t show"),
    ],
)
def test_the_light_of_an_ad_says_whether_it_can_still_show(values: dict[str, Any], says: str, client: Client) -> None:
    ad = showing(**values)

    assert lights(client.get(ADS)) == {reverse("admin:ads_ad_why", args=[ad.pk]): says}


@pytest.mark.parametrize(("last", "says"), [(27, "Can&#x27;t show"), (28, "Can show")])
def test_an_ad_on_saturdays_needs_a_saturday(last: int, says: str, client: Client) -> None:
    ad = on_saturdays(ad_end_date=date(2026, 11, last))

    assert lights(client.get(ADS)) == {reverse("admin:ads_ad_why", args=[ad.pk]): says}


@pytest.mark.parametrize("dates", [{"ad_end_date": date(2026, 11, 25)}, {"ad_start_date": date(2027, 1, 2)}])
def test_an_ad_outside_of_its_campaign_cannot_show(dates: dict[str, date], client: Client) -> None:
    ad = outside_its_campaign(**dates)

    assert lights(client.get(ADS)) == {reverse("admin:ads_ad_why", args=[ad.pk]): "Can&#x27;t show"}


def test_each_row_has_its_own_light(client: Client) -> None:
    good, bad = showing(), showing(ad_status="paused")

    shown = lights(client.get(ADS))

    assert shown == {
        reverse("admin:ads_ad_why", args=[good.pk]): "Can show",
        reverse("admin:ads_ad_why", args=[bad.pk]): "Can&#x27;t show",
    }


@pytest.mark.parametrize("address", [CAMPAIGNS, ADS])
def test_the_number_of_queries_does_not_grow_with_the_list(address: str, client: Client) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            assert client.get(address).status_code == 200
        return len(seen)

    AdTimeSlotFactory(ad=showing())
    CampaignAudienceTargeting.objects.update(cities=["Wien"])
    queries()
    for_one = queries()
    for number in range(6):
        ad = showing()
        AdTimeSlotFactory(ad=AdFactory(campaign=ad.campaign))
        AudienceTargetingFactory(campaign=ad.campaign, region=f"Region {number}", cities=["Wien", "Nowhere"])

    assert queries() == for_one <= 12


@pytest.mark.parametrize("address", [CAMPAIGNS, ADS])
def test_an_empty_list_and_a_bulk_action_work(address: str, client: Client) -> None:
    assert client.get(address, {"q": "nothing like it"}).status_code == 200

    answer = client.post(address, {"action": "pause_selected", "_selected_action": str(showing().pk)}, follow=True)
    assert answer.status_code == 200
    assert len(messages_of(answer)) <= 1
