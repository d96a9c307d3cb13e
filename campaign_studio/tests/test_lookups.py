"""The look-ups `ilike` (contains, in any case) and `has_entry` (an entry of a list, in any case)."""

import pytest
from django.db import connection

from advertisers.models import Advertiser
from advertisers.tests.factories import AdvertiserFactory
from campaigns.models import Campaign, CampaignAudienceTargeting
from campaigns.tests.factories import AudienceTargetingFactory, CampaignFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("summer", True),
        ("SUMMER", True),
        ("mer sa", True),
        ("100%", True),
        ("a\\b", True),
        ("un_der", True),
        ("", True),
        ("winter", False),
        ("%", True),
        ("s%r", False),
        ("1_0%", False),
        ("under", False),
        ("ä", True),
        ("Ä", True),
        ("'; --", False),
    ],
)
def test_ilike_finds_text_in_any_case(text: str, found: bool) -> None:
    CampaignFactory(campaign_name="Summer Sale 100% a\\b un_der Ä")

    assert Campaign.objects.filter(campaign_name__ilike=text).exists() == found


def test_a_percent_sign_is_not_a_wildcard() -> None:
    AdvertiserFactory(advertiser_name="Acme")

    assert not Advertiser.objects.filter(advertiser_name__ilike="%").exists()
    assert not Advertiser.objects.filter(advertiser_name__ilike="_").exists()


def test_ilike_uses_the_trigram_index() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    plan = Campaign.objects.filter(campaign_name__ilike="summer").order_by().explain()

    assert "campaigns_name_trigrams" in plan


@pytest.mark.parametrize(
    ("city", "found"),
    [
        ("Berlin", True),
        ("berlin", True),
        ("BERLIN", True),
        ("KÖLN", True),
        ("Ber", False),
        ("%", False),
        ("Berlin,Köln", False),
        ("", False),
    ],
)
def test_has_entry_finds_whole_names_in_any_case(city: str, found: bool) -> None:
    AudienceTargetingFactory(cities=["Berlin", "Köln"])

    assert CampaignAudienceTargeting.objects.filter(cities__has_entry=city).exists() == found


def test_an_empty_list_has_no_entries() -> None:
    AudienceTargetingFactory(cities=[])

    assert not CampaignAudienceTargeting.objects.filter(cities__has_entry="Berlin").exists()
