"""The status and the history of campaigns in the API."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import User
from accounts.tests.factories import Cast
from campaign_studio.tests.bodies import bearing, campaign_body, tokens_of
from campaign_studio.tests.refusals import codes_of
from campaigns.models import Campaign
from campaigns.tests.factories import CampaignFactory

pytestmark = pytest.mark.django_db

ClientFor = Callable[[User | None], APIClient]


@pytest.fixture
def client(cast: Cast, client_for: ClientFor) -> APIClient:
    """Signed in as a campaign manager."""
    return client_for(cast.owner)


@pytest.fixture
def summer(client: APIClient) -> dict[str, Any]:
    """A campaign with two target countries."""
    targets = [
        {"region": "Europe", "country": "Germany", "cities": [" Berlin", "", "berlin", "Bonn"], "postcodes": ["10115"]},
        {"region": "Europe", "country": "FRA"},
    ]
    answer = client.post("/api/campaigns", campaign_body(audience_targeting=targets))
    assert answer.status_code == 201, answer.content
    document: dict[str, Any] = answer.json()
    return document


def at(document: dict[str, Any], *more: str) -> str:
    return "/".join(["/api/campaigns", document["campaign_id"], *more])


@pytest.mark.parametrize(
    ("start", "status"), [("draft", "paused"), ("active", "draft"), ("paused", "draft"), ("inactive", "paused")]
)
def test_a_status_that_may_not_follow_is_refused(client: APIClient, start: str, status: str) -> None:
    document = client.post("/api/campaigns", campaign_body(campaign_status=start)).json()

    answer = client.patch(at(document), {"campaign_status": status})

    assert (answer.status_code, codes_of(answer)) == (400, {"campaign_status": ["transition"]})
    assert client.get(at(document)).json() == document


def test_a_campaign_changes_its_status_step_by_step(client: APIClient, summer: dict[str, Any]) -> None:
    for status in ("active", "paused", "active", "expired", "draft", "inactive", "draft", "active", "inactive"):
        answer = client.patch(at(summer), {"campaign_status": status})
        assert (answer.status_code, answer.json()["campaign_status"]) == (200, status)


def test_a_campaign_that_has_ended_cannot_be_activated(client: APIClient, cast: Cast) -> None:
    past = timezone.localdate() - timedelta(days=2)
    campaign = CampaignFactory(campaign_start_date=past, campaign_end_date=past, campaign_created_by=cast.owner)
    address = f"/api/campaigns/{campaign.pk}"

    refused = client.patch(address, {"campaign_status": "active"})
    assert (refused.status_code, codes_of(refused)) == (400, {"campaign_status": ["ended"]})
    assert Campaign.objects.get().campaign_status == "draft"

    moved = {"campaign_status": "active", "campaign_end_date": str(timezone.localdate())}
    assert client.patch(address, moved).json()["campaign_status"] == "active"


def test_a_deleted_campaign_is_not_found(client: APIClient, summer: dict[str, Any]) -> None:
    assert client.delete(at(summer)).status_code == 204
    assert client.delete(at(summer)).status_code == 404
    assert client.get(at(summer)).status_code == 404
    assert client.patch(at(summer), {"campaign_name": "x"}).status_code == 404


def test_the_history_records_who_changed_what_from_where(cast: Cast, client_for: ClientFor) -> None:
    mia = bearing(tokens_of(cast.owner)["access_token"])
    headers: dict[str, Any] = {"REMOTE_ADDR": "2001:db8::7", "HTTP_X_REQUEST_ID": "req-1"}
    targets = [{"region": "Europe", "country": "DE"}]
    document = mia.post("/api/campaigns", campaign_body(audience_targeting=targets), **headers).json()
    mia.patch(
        at(document),
        {"campaign_name": "New", "audience_targeting": [{**targets[0], "cities": ["Bonn"]}]},
        **headers | {"HTTP_X_REQUEST_ID": "req-2"},
    )

    answer = client_for(cast.app_admin).get(f"{at(document, 'history')}?page_size=100")

    assert answer.status_code == 200
    entries = answer.json()["results"]
    assert answer.json()["count"] == len(entries)
    who = {"user_id": str(cast.owner.pk), "username": "campaign_manager"}
    for entry in entries:
        assert (entry["actor"], entry["door"], entry["remote_addr"]) == (who, "api", "2001:db8::7")
    second = {entry["resource_type"]: entry for entry in entries if entry["request_id"].endswith("/req-2")}
    assert second["campaign"]["changes"] == {"campaign_name": ["Summer", "New"]}
    assert second["campaign"]["parent_id"] is None
    assert second["campaignaudiencetargeting"]["parent_id"] == document["campaign_id"]
    first = [entry["resource_type"] for entry in entries if entry["request_id"].endswith("/req-1")]
    assert sorted(first) == ["campaign", "campaignaudiencetargeting"]
    assert [entry["timestamp"] for entry in entries] == sorted((entry["timestamp"] for entry in entries), reverse=True)


def test_a_history_covers_only_its_own_campaign(client: APIClient, summer: dict[str, Any]) -> None:
    other = client.post("/api/campaigns", campaign_body(campaign_name="Other")).json()

    names = {entry["resource_name"] for entry in client.get(at(other, "history")).json()["results"]}

    assert names == {"Other"}
    assert client.get(f"{at(other, 'history')}?search=x").status_code == 400
    assert client.get(f"{at(other, 'history')}?page=2").status_code == 404
