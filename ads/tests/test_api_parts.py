"""Time slots and content ratings, written together with their ad through the API."""

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import User
from accounts.tests.factories import Cast
from ads.tests.factories import AdFactory
from campaign_studio.tests.bodies import ad_body, stored
from campaigns.models import Campaign
from campaigns.tests.factories import CampaignFactory

pytestmark = pytest.mark.django_db

ClientFor = Callable[[User | None], APIClient]
RATED = {"rating_system": "MPAA", "rating_label": "PG", "no_prohibited_content": True}


@pytest.fixture
def client(cast: Cast, client_for: ClientFor) -> APIClient:
    """A client of the campaign's creator."""
    return client_for(cast.owner)


@pytest.fixture
def campaign(cast: Cast) -> Campaign:
    """An active campaign of the owner."""
    made: Campaign = CampaignFactory(campaign_created_by=cast.owner, campaign_status="active")
    return made


@pytest.fixture
def coffee(client: APIClient, campaign: Campaign) -> dict[str, Any]:
    """A rated ad with two time slots."""
    body = ad_body(time_slots=[slot("22:00", "00:00"), slot("07:00", "09:15")], content_rating=RATED)
    answer = client.post(f"/api/campaigns/{campaign.pk}/ads", body)
    assert answer.status_code == 201, answer.content
    document: dict[str, Any] = answer.json()
    return document


def slot(start: Any, end: Any) -> dict[str, Any]:
    return {"time_slot_start": start, "time_slot_end": end}


def at(document: dict[str, Any], *more: str) -> str:
    return "/".join(["/api/ads", document["ad_id"], *more])


def times(document: dict[str, Any]) -> list[tuple[str, str]]:
    return [(one["time_slot_start"], one["time_slot_end"]) for one in document["time_slots"]]


def test_slots_and_rating_are_read_as_they_were_written(client: APIClient, coffee: dict[str, Any]) -> None:
    assert times(coffee) == [("07:00", "09:15"), ("22:00", "00:00")]
    assert {name: coffee["content_rating"][name] for name in RATED} == RATED
    assert coffee["content_rating"]["warning_required"] is True
    assert client.get(at(coffee)).json() == coffee


def test_slots_and_rating_that_are_left_out_stay_as_they_are(client: APIClient, coffee: dict[str, Any]) -> None:
    for answer in (client.patch(at(coffee), {"ad_name": "Tea"}), client.put(at(coffee), ad_body(ad_name="Tea"))):
        assert (answer.status_code, answer.json()["ad_name"]) == (200, "Tea")
        assert answer.json()["time_slots"] == coffee["time_slots"]
        assert answer.json()["content_rating"] == coffee["content_rating"]


def test_time_slots_that_are_sent_replace_the_stored_ones(client: APIClient, coffee: dict[str, Any]) -> None:
    kept = coffee["time_slots"][0]

    answer = client.patch(at(coffee), {"time_slots": [slot("09:15", "22:00"), slot("07:00", "09:15")]})
    assert times(answer.json()) == [("07:00", "09:15"), ("09:15", "22:00")]
    assert answer.json()["time_slots"][0] == kept

    moved = client.patch(at(coffee), {"time_slots": [slot("07:15", "09:30"), slot("09:30", "22:00")]})
    assert times(moved.json()) == [("07:15", "09:30"), ("09:30", "22:00")]

    assert client.patch(at(coffee), {"time_slots": [slot("00:00", "00:00")]}).status_code == 200
    assert client.patch(at(coffee), {"time_slots": []}).json()["time_slots"] == []


def test_a_response_can_be_sent_back_as_a_request(client: APIClient, coffee: dict[str, Any]) -> None:
    forged = {"ad_view_count": 99, "moderation_status": "approved", "ad_created_by_id": None, "moderation_note": "x"}

    answer = client.put(at(coffee), {**coffee, **forged})

    assert answer.status_code == 200, answer.content

    def without_dates(document: dict[str, Any]) -> dict[str, Any]:
        rating = document["content_rating"] | {"updated_at": ""}
        return document | {"updated_at": "", "version": 0, "content_rating": rating}

    assert without_dates(answer.json()) == without_dates(coffee)


def test_a_rating_is_changed_in_part_and_removed_by_null(client: APIClient, coffee: dict[str, Any]) -> None:
    changed = client.patch(at(coffee), {"content_rating": {"rating_label": "R", "content_warnings": ["Abuse"]}})
    assert changed.status_code == 200
    rating = changed.json()["content_rating"]
    assert (rating["rating_id"], rating["rating_label"]) == (coffee["content_rating"]["rating_id"], "R")
    assert (rating["no_prohibited_content"], rating["content_warnings"]) == (True, ["Abuse"])

    assert client.patch(at(coffee), {"content_rating": None}).json()["content_rating"] is None


def test_an_ad_can_be_activated_together_with_its_rating(client: APIClient, campaign: Campaign) -> None:
    created = client.post(f"/api/campaigns/{campaign.pk}/ads", ad_body(ad_status="active", content_rating=RATED))
    assert (created.status_code, created.json()["ad_status"]) == (201, "active")

    draft = AdFactory(campaign=campaign)
    address = f"/api/ads/{draft.pk}"
    before = stored()
    for rating in (None, {}, RATED | {"no_prohibited_content": False}):
        refused = client.patch(address, {"ad_status": "active", "content_rating": rating})
        assert (refused.status_code, list(refused.json())) == (400, ["ad_status"])
    assert stored() == before
    assert client.patch(address, {"ad_status": "active", "content_rating": RATED}).json()["ad_status"] == "active"


def test_the_history_includes_the_ads_slots_and_rating(client: APIClient, coffee: dict[str, Any]) -> None:
    client.patch(at(coffee), {"ad_name": "Tea", "time_slots": [], "content_rating": {"rating_label": "G"}})

    entries = client.get(f"{at(coffee, 'history')}?page_size=100").json()["results"]

    told = [(entry["resource_type"], entry["action"], entry["parent_id"]) for entry in entries]
    ad, campaign = coffee["ad_id"], coffee["campaign_id"]
    assert sorted(told) == sorted(
        [
            ("ad", "create", campaign),
            ("adtimeslot", "create", ad),
            ("adtimeslot", "create", ad),
            ("adcontentrating", "create", ad),
            ("ad", "update", campaign),
            ("adtimeslot", "delete", ad),
            ("adtimeslot", "delete", ad),
            ("adcontentrating", "update", ad),
        ]
    )
    named = next(entry for entry in entries if (entry["resource_type"], entry["action"]) == ("ad", "update"))
    assert named["changes"] == {"ad_name": ["Coffee", "Tea"]}
