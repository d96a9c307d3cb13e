"""Creating and changing ads through the API, with their time slots and content rating."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import User
from accounts.tests.factories import Cast
from ads.constraints import CAMPAIGN_IS_FULL
from ads.moderation import NO_DECLARATION
from ads.tests.factories import AdFactory
from ads.tests.test_constraints import MESSAGES
from campaign_studio.api.fields import NOT_A_LIST
from campaign_studio.api.serializers import NOT_AN_OBJECT, UNKNOWN_FIELD
from campaign_studio.tests.bodies import ad_body, stored
from campaigns.models import Campaign
from campaigns.tests.factories import CampaignFactory

pytestmark = pytest.mark.django_db

ClientFor = Callable[[User | None], APIClient]
UNKNOWN = [UNKNOWN_FIELD]
RATED = {"rating_system": "MPAA", "rating_label": "PG", "no_prohibited_content": True}
QUARTER = MESSAGES["time_slot_start_is_on_the_quarter_hour"]
TIME = "“noon” is not a time of day. Send the screen's local time as HH:MM, such as 08:15."
OVERLAP = "07:00–08:00 and 07:45–10:00 overlap on Monday. Change or delete one of the two time slots."


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


def test_an_ad_can_be_created_through_both_urls(client: APIClient, cast: Cast, campaign: Campaign) -> None:
    for address, body in (
        ("/api/ads", ad_body(campaign_id=str(campaign.pk))),
        (f"/api/campaigns/{campaign.pk}/ads", ad_body()),
        (f"/api/campaigns/{campaign.pk}/ads", ad_body(campaign_id=str(campaign.pk))),
    ):
        answer = client.post(address, body)

        assert answer.status_code == 201, answer.content
        document = answer.json()
        assert (document["campaign_id"], document["ad_created_by_id"]) == (str(campaign.pk), str(cast.owner.pk))
        assert (document["ad_status"], document["moderation_status"]) == ("draft", "pending")
        assert (document["time_slots"], document["content_rating"], document["ad_view_count"]) == ([], None, 0)
        assert client.get(at(document)).json() == document
    listed = client.get(f"/api/campaigns/{campaign.pk}").json()["ads"]
    assert len(listed) == 3


def test_every_field_of_an_ad_can_be_written(client: APIClient, campaign: Campaign) -> None:
    day = str(campaign.campaign_start_date)
    body = {
        "ad_type_id": "center_right_content_ad",
        "ad_name": "Film",
        "ad_description": "Long",
        "media_type": "video",
        "media_url": "https://cdn.example.com/film.mp4",
        "media_content": None,
        "ad_impression_duration_value": 30,
        "ad_impression_duration_unit": "seconds",
        "ad_advertiser_forwarding_url": "http://example.com/",
        "ad_start_date": day,
        "ad_end_date": day,
        "ad_expiry_date": str(campaign.campaign_end_date + timedelta(days=9)),
        "ad_in_view_duration_value": 1,
        "ad_in_view_duration_unit": "minutes",
        "ad_status": "inactive",
    }

    document = client.post(f"/api/campaigns/{campaign.pk}/ads", body).json()

    assert {name: document[name] for name in body} == body


def test_the_campaign_is_required_and_must_match_the_url(client: APIClient, campaign: Campaign) -> None:
    other = CampaignFactory(campaign_created_by=campaign.campaign_created_by)
    before = stored()

    unnamed = client.post("/api/ads", ad_body())
    assert (unnamed.status_code, unnamed.json()) == (400, {"campaign_id": ["This field is required."]})
    two = client.post(f"/api/campaigns/{campaign.pk}/ads", ad_body(campaign_id=str(other.pk)))
    assert (two.status_code, list(two.json())) == (400, ["campaign_id"])
    gone = client.post("/api/ads", ad_body(campaign_id="00000000-0000-4000-8000-000000000000"))
    assert (gone.status_code, list(gone.json())) == (400, ["campaign_id"])
    nowhere = client.post("/api/campaigns/00000000-0000-4000-8000-000000000000/ads", ad_body())
    assert nowhere.status_code == 404
    assert stored() == before


def test_an_ad_stays_in_its_campaign(client: APIClient, campaign: Campaign, coffee: dict[str, Any]) -> None:
    other = CampaignFactory(campaign_created_by=campaign.campaign_created_by)
    before = stored()

    answer = client.patch(at(coffee), {"campaign_id": str(other.pk)})

    assert (answer.status_code, list(answer.json())) == (400, ["campaign_id"])
    assert answer.data["campaign_id"][0].code == "campaign_is_fixed"
    assert stored() == before
    assert client.patch(at(coffee), {"campaign_id": str(campaign.pk)}).status_code == 200


@pytest.mark.parametrize("address", ["/api/ads", "/api/campaigns/{campaign.pk}/ads"])
def test_the_seventh_ad_is_refused_until_one_is_deleted(client: APIClient, campaign: Campaign, address: str) -> None:
    body = ad_body(campaign_id=str(campaign.pk))
    made = [client.post(address.format(campaign=campaign), body).json() for _ in range(6)]
    before = stored()

    answer = client.post(address.format(campaign=campaign), body)
    assert (answer.status_code, answer.json()) == (400, {"non_field_errors": [CAMPAIGN_IS_FULL]})
    assert stored() == before

    assert client.delete(at(made[2])).status_code == 204
    assert client.post(address.format(campaign=campaign), body).status_code == 201


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        (
            {"media_type": "video", "media_url": "https://example.com/a.mp4"},
            {"media_type": [MESSAGES["ad_position_takes_the_media"]]},
        ),
        (
            {"media_content": None},
            {"non_field_errors": [MESSAGES["ad_has_what_its_media_needs"]]},
        ),
        (
            {"media_type": "image", "media_url": "ftp://example.com/a.png"},
            {"media_url": ["This URL begins with ftp:. Use one that begins with https:// or http://."]},
        ),
        (
            {"ad_advertiser_forwarding_url": "javascript:alert(1)"},
            {
                "ad_advertiser_forwarding_url": [
                    "This URL begins with javascript:. Use one that begins with https:// or http://."
                ]
            },
        ),
        ({"ad_type_id": "roof_ad"}, {"ad_type_id": ['"roof_ad" is not a valid choice.']}),
        (
            {"ad_impression_duration_value": 3},
            {"non_field_errors": [MESSAGES["ad_impression_duration_value_and_unit_together"]]},
        ),
        (
            {"ad_in_view_duration_value": 0, "ad_in_view_duration_unit": "seconds"},
            {"ad_in_view_duration_value": [MESSAGES["ad_in_view_duration_is_positive"]]},
        ),
        (
            {"ad_in_view_duration_value": 1, "ad_in_view_duration_unit": "days"},
            {"ad_in_view_duration_unit": ['"days" is not a valid choice.']},
        ),
        (
            {"ad_status": "active"},
            {"ad_status": [NO_DECLARATION]},
        ),
        ({"colour": "red"}, {"colour": UNKNOWN}),
        ({"time_slots": "always"}, {"time_slots": [NOT_A_LIST]}),
        (
            {"time_slots": [slot("07:00", "08:00") | {"days": []}, slot("noon", None)]},
            {
                "time_slots": {
                    "0": {"days": UNKNOWN},
                    "1": {
                        "time_slot_start": [TIME],
                        "time_slot_end": ["This field may not be null."],
                    },
                }
            },
        ),
        (
            {"time_slots": [slot("07:00", "08:00"), slot("08:07", "09:00"), slot("07:45", "10:00")]},
            {"time_slots": {"1": {"time_slot_start": [QUARTER]}, "2": {"non_field_errors": [OVERLAP]}}},
        ),
        (
            {"time_slots": [slot("09:00", "09:00")]},
            {"time_slots": {"0": {"time_slot_end": [MESSAGES["time_slot_ends_after_it_starts"]]}}},
        ),
        (
            {"time_slots": [slot("07:00:30", "08:00")]},
            {"time_slots": {"0": {"time_slot_start": [QUARTER]}}},
        ),
        (
            {"content_rating": {"rating_system": "ESRB", "rating_label": "PG"}},
            {"content_rating": {"rating_label": [MESSAGES["rating_label_belongs_to_the_system"]]}},
        ),
        (
            {"content_rating": {"content_warnings": ["Abuse", "Boredom"]}},
            {"content_rating": {"content_warnings": {"1": ['"Boredom" is not a valid choice.']}}},
        ),
        ({"content_rating": {"stars": 5}}, {"content_rating": {"stars": UNKNOWN}}),
        (
            {"content_rating": [RATED]},
            {"content_rating": {"non_field_errors": [NOT_AN_OBJECT.format()]}},
        ),
    ],
)
def test_an_invalid_ad_is_refused_by_field(
    client: APIClient, campaign: Campaign, changes: dict[str, Any], error: dict[str, Any]
) -> None:
    existing = AdFactory(campaign=campaign)
    before = stored()

    created = client.post(f"/api/campaigns/{campaign.pk}/ads", ad_body(**changes))
    changed = client.patch(f"/api/ads/{existing.pk}", changes)

    assert (created.status_code, created.json()) == (400, error)
    assert (changed.status_code, changed.json()) == (400, error)
    assert stored() == before


@pytest.mark.parametrize(("days", "field"), [(-1, "ad_start_date"), (31, "ad_end_date")])
def test_the_dates_of_an_ad_must_be_within_its_campaigns(
    client: APIClient, campaign: Campaign, days: int, field: str
) -> None:
    day = str(campaign.campaign_start_date + timedelta(days=days))

    answer = client.post(f"/api/campaigns/{campaign.pk}/ads", ad_body(**{field: day}))

    assert (answer.status_code, list(answer.json())) == (400, [field])
    assert not campaign.ads.exists()


def test_an_ad_that_has_ended_cannot_be_activated(client: APIClient, cast: Cast) -> None:
    past = timezone.localdate() - timedelta(days=3)
    campaign = CampaignFactory(campaign_created_by=cast.owner, campaign_start_date=past)

    answer = client.post(
        f"/api/campaigns/{campaign.pk}/ads",
        ad_body(ad_status="active", content_rating=RATED, ad_end_date=str(past)),
    )

    assert (answer.status_code, list(answer.json())) == (400, ["ad_status"])
    assert not campaign.ads.exists()
