"""Filters, search and ordering of the API's ad lists."""

from collections.abc import Callable

import pytest
from rest_framework.test import APIClient

from accounts.models import User
from accounts.tests.factories import Cast
from ads.tests.factories import AdFactory
from campaigns.models import Campaign
from campaigns.tests.factories import CampaignFactory

pytestmark = pytest.mark.django_db

ClientFor = Callable[[User | None], APIClient]


@pytest.fixture
def client(cast: Cast, client_for: ClientFor) -> APIClient:
    """A client of the campaign's creator."""
    return client_for(cast.owner)


@pytest.fixture
def campaign(cast: Cast) -> Campaign:
    """An active campaign of the owner."""
    made: Campaign = CampaignFactory(campaign_created_by=cast.owner, campaign_status="active")
    return made


def test_an_ad_is_found_and_listed_below_its_own_campaign_only(client: APIClient, campaign: Campaign) -> None:
    AdFactory(campaign=campaign)
    other = CampaignFactory()

    assert client.get(f"/api/campaigns/{campaign.pk}/ads").json()["count"] == 1
    assert client.get(f"/api/campaigns/{other.pk}/ads").json()["count"] == 0
    assert client.get("/api/campaigns/00000000-0000-4000-8000-000000000000/ads").status_code == 404


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["First", "Second", "Third"]),
        ("campaign_id={campaign.pk}", ["First", "Second"]),
        ("ad_type_id=center_left_content_ad", ["Second"]),
        ("ad_type_id=center_left_content_ad,top_bar_ad", ["First", "Second", "Third"]),
        ("ad_status=paused", ["Second"]),
        ("ad_status=paused,draft", ["First", "Second", "Third"]),
        ("media_type=html", ["Second"]),
        ("moderation_status=approved", ["Third"]),
        ("moderation_status=pending&media_type=text", ["First"]),
        ("search=IR", ["First", "Third"]),
        ("ordering=-ad_name", ["Third", "Second", "First"]),
    ],
)
def test_ads_are_filtered_searched_and_ordered(
    client: APIClient, campaign: Campaign, query: str, found: list[str]
) -> None:
    AdFactory(campaign=campaign, ad_name="First")
    AdFactory(
        campaign=campaign,
        ad_name="Second",
        ad_type_id="center_left_content_ad",
        media_type="html",
        media_content="<b>x</b>",
        ad_status="paused",
    )
    AdFactory(ad_name="Third", approved=True)

    answer = client.get(f"/api/ads?{query.format(campaign=campaign)}")

    assert answer.status_code == 200
    assert [row["ad_name"] for row in answer.json()["results"]] == found
    assert "time_slots" not in answer.content.decode()
    below = client.get(f"/api/campaigns/{campaign.pk}/ads?ordering=-ad_name").json()["results"]
    assert [row["ad_name"] for row in below] == ["Second", "First"]


@pytest.mark.parametrize("query", ["ad_status=gone", "media_type=film", "campaign_id=1", "ordering=media", "note=x"])
def test_an_unknown_filter_of_ads_is_refused_by_name(client: APIClient, campaign: Campaign, query: str) -> None:
    for address in ("/api/ads", f"/api/campaigns/{campaign.pk}/ads"):
        answer = client.get(f"{address}?{query}")
        assert (answer.status_code, list(answer.json())) == (400, [query.partition("=")[0]])
