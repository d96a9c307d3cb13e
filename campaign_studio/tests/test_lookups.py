"""The look-up `ilike`: contains, in any case."""

import pytest
from django.db import connection

from advertisers.models import Advertiser
from advertisers.tests.factories import AdvertiserFactory
from campaigns.models import Campaign
from campaigns.tests.factories import CampaignFactory

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
