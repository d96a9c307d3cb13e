"""The querysets of campaigns and targets."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser

from accounts.tests.factories import Cast
from ads.tests.factories import AdFactory
from campaigns.choices import Status
from campaigns.models import Campaign, CampaignAudienceTargeting
from campaigns.tests.factories import AudienceTargetingFactory, CampaignFactory

pytestmark = pytest.mark.django_db

DAY = date(2026, 3, 15)
ONE_DAY = timedelta(days=1)


@pytest.mark.parametrize("status", Status.values)
def test_only_active_campaigns_run(status: str) -> None:
    CampaignFactory(campaign_status=status, campaign_start_date=DAY, campaign_end_date=DAY)

    assert Campaign.objects.running_on(DAY).exists() == (status == "active")


@pytest.mark.parametrize(("day", "runs"), [(DAY - ONE_DAY, False), (DAY, True), (DAY + ONE_DAY, False)])
def test_a_campaign_runs_from_its_first_to_its_last_day(day: date, runs: bool) -> None:
    CampaignFactory(campaign_status="active", campaign_start_date=DAY, campaign_end_date=DAY)

    assert Campaign.objects.running_on(day).exists() == runs


@pytest.mark.parametrize(
    ("status", "day", "over"),
    [
        ("active", DAY, False),
        ("active", DAY + ONE_DAY, True),
        ("paused", DAY + ONE_DAY, True),
        ("inactive", DAY + ONE_DAY, True),
        ("draft", DAY + ONE_DAY, False),
        ("expired", DAY + ONE_DAY, False),
    ],
)
def test_a_campaign_is_over_after_its_last_day(status: str, day: date, over: bool) -> None:
    CampaignFactory(campaign_status=status, campaign_start_date=DAY, campaign_end_date=DAY)

    assert Campaign.objects.over_on(day).exists() == over


@pytest.mark.parametrize(
    ("place", "found"),
    [
        ({"country": "DE"}, True),
        ({"country": "de"}, True),
        ({"country": "FR"}, True),
        ({"country": "IT"}, False),
        ({"city": "Berlin"}, True),
        ({"city": "BERLIN"}, True),
        ({"city": "Ber"}, False),
        ({"city": "B%"}, False),
        ({"country": "DE", "city": "berlin"}, True),
        ({"country": "FR", "city": "Berlin"}, False),
        ({}, True),
    ],
    ids=str,
)
def test_country_and_city_must_be_in_the_same_target(place: dict[str, str], found: bool) -> None:
    campaign = AudienceTargetingFactory(country="DE", cities=["Berlin", "Köln"]).campaign
    AudienceTargetingFactory(campaign=campaign, country="FR", cities=["Paris"])

    assert list(Campaign.objects.targeted_at(**place)) == ([campaign] if found else [])


def test_a_campaign_with_several_matching_targets_is_found_once() -> None:
    campaign = AudienceTargetingFactory(region="Europe", country="DE", cities=["Berlin"]).campaign
    AudienceTargetingFactory(campaign=campaign, region="Brandenburg", country="DE", cities=["Berlin"])

    assert list(Campaign.objects.targeted_at(city="berlin")) == [campaign]


def test_the_ads_of_each_campaign_are_counted() -> None:
    none, two = CampaignFactory(), CampaignFactory()
    AdFactory.create_batch(2, campaign=two)

    counted = dict(Campaign.objects.with_ad_count().values_list("pk", "ad_count"))

    assert counted == {none.pk: 0, two.pk: 2}


def test_all_signed_in_users_see_campaigns_and_targets(cast: Cast) -> None:
    AudienceTargetingFactory()

    for person in cast:
        assert Campaign.objects.visible_to(person).exists() == person.has_perm("campaigns.view_campaign")
        assert CampaignAudienceTargeting.objects.visible_to(person).exists()
    assert not Campaign.objects.visible_to(AnonymousUser()).exists()
    assert not CampaignAudienceTargeting.objects.visible_to(AnonymousUser()).exists()


@pytest.mark.parametrize("number", [1, 5])
def test_loading_campaigns_takes_a_constant_number_of_queries(
    number: int, cast: Cast, django_assert_num_queries: Any
) -> None:
    for _ in range(number):
        AdFactory.create_batch(2, campaign=AudienceTargetingFactory().campaign)

    with django_assert_num_queries(3):
        documents = list(Campaign.objects.as_document(cast.owner))
        found = [(len(one.audience_targeting.all()), len(one.ads.all())) for one in documents]

    assert found == [(1, 2)] * number


def test_newest_campaigns_come_first_in_a_total_order() -> None:
    CampaignFactory.create_batch(3)

    keys = [(campaign.created_at, campaign.pk) for campaign in Campaign.objects.all()]

    assert keys == sorted(keys, reverse=True)
