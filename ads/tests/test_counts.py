"""`/api/campaigns/counts` and `/api/ads/counts`: as many as the list has, by each value, in one query."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts.models import User
from accounts.tests.factories import Cast
from ads.tests.factories import AdFactory
from campaign_studio.tests.bodies import bearing, tokens_of
from campaigns.tests.factories import AudienceTargetingFactory, CampaignFactory

pytestmark = pytest.mark.django_db
ClientFor = Callable[[User | None], APIClient]


@pytest.fixture
def rows(cast: Cast) -> None:
    """Campaigns and ads in several states."""
    for status, number in (("active", 3), ("draft", 2), ("paused", 1)):
        for _one in range(number):
            campaign: Any = CampaignFactory(
                campaign_status=status, campaign_created_by=cast.owner, campaign_name=f"{status} sale"
            )
            AudienceTargetingFactory(campaign=campaign, country="DE" if status == "active" else "FR")
            AudienceTargetingFactory(campaign=campaign, country="DE", region="Berlin", cities=["Berlin"])
            AdFactory(campaign=campaign, ad_name=f"{status} ad")
    AdFactory(ad_type_id="center_left_content_ad", media_type="html", media_content="<b>x</b>", ad_status="paused")
    AdFactory(approved=True)


COLUMNS = {"campaigns": ["campaign_status"], "ads": ["ad_status", "moderation_status", "ad_type_id", "media_type"]}


@pytest.mark.parametrize(
    ("kind", "query"),
    [
        ("campaigns", ""),
        ("campaigns", "search=sale"),
        ("campaigns", "country=DE&campaign_status=active,draft"),
        ("campaigns", "country=DE&city=Berlin&campaign_status=active&campaign_status=draft"),
        ("campaigns", "campaign_created_by_id=me"),
        ("campaigns", "created_at_after=2099-01-01T00:00:00Z"),
        ("ads", ""),
        ("ads", "search=paused"),
        ("ads", "moderation_status=approved"),
        ("ads", "ad_status=paused,draft&media_type=html"),
    ],
)
def test_counts_are_those_of_the_list_with_the_same_filters(
    cast: Cast, rows: None, client_for: ClientFor, kind: str, query: str
) -> None:
    client = client_for(cast.owner)
    listed = client.get(f"/api/{kind}?page_size=100&{query}").json()["results"]

    counts = client.get(f"/api/{kind}/counts?{query}").json()

    assert counts.pop("total") == len(listed)
    assert list(counts) == COLUMNS[kind]
    for column, numbers in counts.items():
        values = [row[column] for row in listed]
        assert numbers == {value: values.count(value) for value in numbers}
        assert sum(numbers.values()) == len(listed)


@pytest.mark.parametrize("kind", COLUMNS)
def test_counting_takes_one_query_besides_that_of_the_session(cast: Cast, rows: None, kind: str) -> None:
    client = bearing(tokens_of(cast.guest)["access_token"])

    with CaptureQueriesContext(connection) as seen:
        assert client.get(f"/api/{kind}/counts?search=a").status_code == 200

    assert len(seen) == 2


def test_what_a_list_refuses_and_pages_are_refused_by_name(cast: Cast, client_for: ClientFor) -> None:
    client = client_for(cast.guest)

    for name, value in [
        ("page", "1"),
        ("page_size", "5"),
        ("cursor", ""),
        ("ordering", "created_at"),
        ("campaign_status", "gone"),
        ("country", "Atlantis"),
        ("search", "a" * 201),
        ("colour", "red"),
    ]:
        answer = client.get("/api/campaigns/counts", {name: value})
        assert (answer.status_code, list(answer.json())) == (400, [name]), name
