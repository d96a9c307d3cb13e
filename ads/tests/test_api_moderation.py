"""Approving and rejecting ads through the API, and which changes send an ad back to review."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import User
from accounts.tests.factories import Cast
from ads.models import Ad
from ads.moderation import NOTE_MISSING
from ads.tests.factories import AdFactory
from campaign_studio.tests.bodies import ad_body, stored
from campaigns.tests.factories import CampaignFactory

pytestmark = pytest.mark.django_db

ClientFor = Callable[[User | None], APIClient]
# Within the dates of every campaign in this module, even if the tests run past midnight.
SOON = (timezone.localdate() + timedelta(days=3)).isoformat()


@pytest.fixture
def moderator(cast: Cast, client_for: ClientFor) -> APIClient:
    """A content moderator's client."""
    return client_for(cast.content_moderator)


@pytest.fixture
def ad(cast: Cast) -> Ad:
    """A rated ad in a manager's campaign."""
    made: Ad = AdFactory(campaign=CampaignFactory(campaign_created_by=cast.owner), rated=True)
    return made


def review(document: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(document[name] for name in ("moderation_status", "moderated_by_id", "moderated_at", "moderation_note"))


def test_a_moderator_approves(moderator: APIClient, cast: Cast, ad: Ad) -> None:
    answer = moderator.post(f"/api/ads/{ad.pk}/approve", {"note": " Lovely "})

    assert answer.status_code == 200
    status, by, at, note = review(answer.json())
    assert (status, by, note) == ("approved", str(cast.content_moderator.pk), "Lovely")
    assert at.endswith("Z")
    assert moderator.get(f"/api/ads/{ad.pk}").json() == answer.json()


def test_an_approval_needs_no_body(moderator: APIClient, ad: Ad) -> None:
    answer = moderator.post(f"/api/ads/{ad.pk}/approve")

    assert (answer.status_code, answer.json()["moderation_status"]) == (200, "approved")
    assert answer.json()["moderation_note"] is None


@pytest.mark.parametrize("body", [{}, {"note": ""}, {"note": "   "}, {"note": None}])
def test_a_rejection_needs_a_note(moderator: APIClient, ad: Ad, body: dict[str, Any]) -> None:
    before = stored()

    answer = moderator.post(f"/api/ads/{ad.pk}/reject", body)

    assert (answer.status_code, answer.json()) == (400, {"note": [NOTE_MISSING]})
    assert stored() == before


@pytest.mark.parametrize("body", [{"note": "x" * 10_001}, {"note": ["x"]}, {"reason": "x", "note": "y"}])
def test_an_invalid_review_is_refused_by_field(moderator: APIClient, ad: Ad, body: dict[str, Any]) -> None:
    before = stored()

    for action in ("approve", "reject"):
        answer = moderator.post(f"/api/ads/{ad.pk}/{action}", body)
        assert (answer.status_code, list(answer.json())) == (400, [next(iter(body))])
    assert stored() == before


def test_the_creator_can_read_the_note(moderator: APIClient, cast: Cast, client_for: ClientFor, ad: Ad) -> None:
    moderator.post(f"/api/ads/{ad.pk}/reject", {"note": "Too loud"})

    document = client_for(cast.owner).get(f"/api/ads/{ad.pk}").json()

    assert review(document)[::3] == ("rejected", "Too loud")


@pytest.mark.parametrize("action", ["approve", "reject"])
@pytest.mark.parametrize("role", ["campaign_manager", "other_campaign_manager", "user", "guest"])
def test_other_users_may_not_review(cast: Cast, client_for: ClientFor, ad: Ad, role: str, action: str) -> None:
    before = stored()

    answer = client_for(cast.in_role(role)).post(f"/api/ads/{ad.pk}/{action}", {"note": "x"})

    assert answer.status_code == 403
    assert stored() == before


def test_a_moderator_may_not_change_the_ad_itself(moderator: APIClient, ad: Ad) -> None:
    before = stored()
    refused: list[dict[str, Any]] = [
        {"ad_name": "x"},
        {"ad_name": "x", "content_rating": {"rating_label": "M"}},
        {"content_rating": {"rating_label": "M"}},
        {"time_slots": []},
        {},
    ]
    for body in refused:
        assert moderator.patch(f"/api/ads/{ad.pk}", body).status_code == 403
    assert moderator.put(f"/api/ads/{ad.pk}", ad_body(content_rating={})).status_code == 403
    assert moderator.put(f"/api/ads/{ad.pk}", {"content_rating": {"rating_label": "M"}}).status_code == 403
    assert stored() == before


@pytest.mark.parametrize(
    "change",
    [
        {"ad_name": "Other"},
        {"media_content": "Other"},
        {"media_url": "https://example.com/a.png"},
        {"media_type": "image", "media_url": "https://example.com/a.png"},
        {"ad_type_id": "bottom_left_ad"},
        {"ad_advertiser_forwarding_url": "https://example.com/"},
        {"ad_impression_duration_value": 5, "ad_impression_duration_unit": "seconds"},
        {"content_rating": {"rating_label": "R"}},
        {"content_rating": {"content_warnings": ["Abuse"]}},
        {"content_rating": None},
    ],
)
@pytest.mark.parametrize("action", ["approve", "reject"])
def test_a_change_of_what_viewers_see_sends_the_ad_back(
    moderator: APIClient, cast: Cast, client_for: ClientFor, ad: Ad, change: dict[str, Any], action: str
) -> None:
    owner = client_for(cast.owner)
    assert moderator.post(f"/api/ads/{ad.pk}/{action}", {"note": "seen"}).status_code == 200

    answer = owner.patch(f"/api/ads/{ad.pk}", change)

    assert answer.status_code == 200
    assert review(answer.json()) == ("pending", None, None, None)
    assert owner.get(f"/api/ads/{ad.pk}").json() == answer.json()


@pytest.mark.parametrize(
    "change",
    [
        {"ad_description": "Other"},
        {"ad_status": "inactive"},
        {"ad_start_date": SOON, "ad_end_date": SOON, "ad_expiry_date": SOON},
        {"ad_in_view_duration_value": 5, "ad_in_view_duration_unit": "seconds"},
        {"time_slots": [{"time_slot_start": "07:00", "time_slot_end": "08:00"}]},
        {"ad_name": "Coffee"},
        {"content_rating": {"rating_label": "G"}},
    ],
)
def test_other_changes_keep_the_review(
    moderator: APIClient, cast: Cast, client_for: ClientFor, ad: Ad, change: dict[str, Any]
) -> None:
    owner = client_for(cast.owner)
    owner.patch(f"/api/ads/{ad.pk}", {"ad_name": "Coffee"})
    reviewed = moderator.post(f"/api/ads/{ad.pk}/approve", {}).json()

    answer = owner.patch(f"/api/ads/{ad.pk}", change)

    assert answer.status_code == 200
    assert review(answer.json()) == review(reviewed)
