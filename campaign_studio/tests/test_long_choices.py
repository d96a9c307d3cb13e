"""Countries, currencies and time zones in the console: lines of text with suggestions. A page has each list once."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from accounts.tests.factories import Cast
from advertisers.tests.factories import AdvertiserFactory
from campaign_studio.places import country_choices, timezone_choices
from campaign_studio.tests.browser import errors_of, form_data
from campaigns.models import Campaign
from campaigns.tests.factories import AudienceTargetingFactory, CampaignFactory

pytestmark = pytest.mark.django_db

COUNTRY = "audience_targeting-0-country"


@pytest.fixture
def browser(cast: Cast, console_for: Callable[[User | None], Client]) -> Client:
    return console_for(cast.system_admin)


@pytest.fixture
def campaign(db: None) -> Campaign:
    campaign: Campaign = AudienceTargetingFactory().campaign
    return campaign


def page_of(campaign: Campaign) -> str:
    return reverse("admin:campaigns_campaign_change", args=[campaign.pk])


def country_after(browser: Client, campaign: Campaign, typed: str) -> Any:
    answer = browser.post(page_of(campaign), form_data(browser.get(page_of(campaign)), **{COUNTRY: typed}))
    assert answer.status_code == 302, errors_of(answer)
    return campaign.audience_targeting.values_list("country", flat=True).get()


def test_the_field_shows_the_name_of_the_stored_country(browser: Client, campaign: Campaign) -> None:
    assert form_data(browser.get(page_of(campaign)))[COUNTRY] == ["Germany"]


@pytest.mark.parametrize("typed", ["France", "FR", "fr", " france "])
def test_a_country_is_understood_by_its_name_and_its_code(typed: str, browser: Client, campaign: Campaign) -> None:
    assert country_after(browser, campaign, typed) == "FR"


def test_what_is_not_in_the_list_is_refused_and_stays_in_the_field(browser: Client, campaign: Campaign) -> None:
    answer = browser.post(page_of(campaign), form_data(browser.get(page_of(campaign)), **{COUNTRY: "Atlantis"}))

    assert "“Atlantis” is not in the list. Choose one of the suggestions." in answer.content.decode()
    assert form_data(answer)[COUNTRY] == ["Atlantis"]


def test_each_list_is_in_the_page_once(browser: Client) -> None:
    content = browser.get(
        reverse("admin:advertisers_advertiser_change", args=[AdvertiserFactory().pk])
    ).content.decode()

    assert content.count('<datalist id="countries">') == content.count('<datalist id="timezones">') == 1
    assert content.count('list="countries"') > 1
    assert content.count("<option>") >= len(country_choices()) + len(timezone_choices())


def test_a_target_takes_few_bytes(browser: Client) -> None:
    campaign = CampaignFactory()

    def size() -> int:
        return len(browser.get(page_of(campaign)).content)

    AudienceTargetingFactory(campaign=campaign, region="Region 0")
    few = size()
    for number in range(1, 11):
        AudienceTargetingFactory(campaign=campaign, region=f"Region {number}")
    assert (size() - few) / 10 <= 10_500
