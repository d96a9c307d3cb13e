"""The endpoint of the content rating, for users who may rate an ad but change nothing else."""

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import User
from accounts.tests.factories import Cast
from ads.models import Ad
from ads.tests.factories import AdContentRatingFactory
from campaign_studio.tests.bodies import stored
from campaigns.tests.factories import CampaignFactory

pytestmark = pytest.mark.django_db

ClientFor = Callable[[User | None], APIClient]
TEEN = {"rating_system": "ESRB", "rating_label": "T", "content_warnings": ["Abuse"], "no_prohibited_content": True}


@pytest.fixture
def ad(cast: Cast) -> Ad:
    """A rated ad in the owner's campaign."""
    campaign = CampaignFactory(campaign_created_by=cast.owner)
    made: Ad = AdContentRatingFactory(ad__campaign=campaign, ad__ad_created_by=cast.owner).ad
    return made


@pytest.fixture
def moderator(cast: Cast, client_for: ClientFor) -> APIClient:
    return client_for(cast.content_moderator)


def address_of(ad: Ad) -> str:
    return f"/api/ads/{ad.pk}/content-rating"


@pytest.mark.parametrize("is_rated", [True, False])
def test_rating_an_ad_answers_with_the_whole_ad(moderator: APIClient, ad: Ad, is_rated: bool) -> None:
    if not is_rated:
        ad.content_rating.delete()

    answer = moderator.put(address_of(ad), TEEN)

    assert answer.status_code == 200, answer.content
    rating = answer.json()["content_rating"]
    assert {name: rating[name] for name in TEEN} == TEEN
    assert (rating["rating_id"] == str(ad.content_rating.pk)) is is_rated
    whole = moderator.get(f"/api/ads/{ad.pk}")
    assert (answer.json(), answer["ETag"]) == (whole.json(), whole["ETag"])


@pytest.mark.parametrize("status", ["draft", "paused", "inactive", "expired"])
def test_an_ad_is_rated_whatever_its_status(moderator: APIClient, ad: Ad, status: str) -> None:
    Ad.objects.filter(pk=ad.pk).update(ad_status=status)

    assert moderator.put(address_of(ad), TEEN).status_code == 200


def test_a_field_left_out_keeps_its_value(moderator: APIClient, ad: Ad) -> None:
    moderator.put(address_of(ad), TEEN)

    rating = moderator.put(address_of(ad), {"rating_label": "M"}).json()["content_rating"]

    assert {name: rating[name] for name in TEEN} == TEEN | {"rating_label": "M"}


@pytest.mark.parametrize("who", ["owner", "system_admin", "app_admin"])
def test_the_owner_and_admins_rate_too(cast: Cast, client_for: ClientFor, ad: Ad, who: str) -> None:
    assert client_for(getattr(cast, who)).put(address_of(ad), TEEN).status_code == 200


@pytest.mark.parametrize("who", ["colleague", "user", "guest"])
def test_other_users_may_not_rate(cast: Cast, client_for: ClientFor, ad: Ad, who: str) -> None:
    before = stored()

    assert client_for(getattr(cast, who)).put(address_of(ad), TEEN).status_code == 403
    assert stored() == before


def test_a_changed_rating_sends_a_reviewed_ad_back_to_review(moderator: APIClient, ad: Ad) -> None:
    moderator.put(address_of(ad), {"no_prohibited_content": True})
    assert moderator.post(f"/api/ads/{ad.pk}/approve", {}).status_code == 200

    assert moderator.put(address_of(ad), TEEN).json()["moderation_status"] == "pending"


@pytest.mark.parametrize("is_rated", [True, False])
def test_a_rating_is_refused_when_the_ad_has_changed_since_it_was_read(
    moderator: APIClient, cast: Cast, client_for: ClientFor, ad: Ad, is_rated: bool
) -> None:
    if not is_rated:
        ad.content_rating.delete()
    seen = moderator.get(f"/api/ads/{ad.pk}")["ETag"]
    assert client_for(cast.owner).patch(f"/api/ads/{ad.pk}", {"ad_name": "Tea"}).status_code == 200
    before = stored()

    refused = moderator.put(address_of(ad), TEEN, headers={"If-Match": seen})

    present = moderator.get(f"/api/ads/{ad.pk}")["ETag"]
    assert (refused.status_code, refused["ETag"]) == (412, present)
    assert stored() == before
    assert moderator.put(address_of(ad), TEEN, headers={"If-Match": present}).status_code == 200


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"rating_system": "ESRB", "rating_label": "PG"}, ["rating_label"]),
        ({"content_warnings": ["Boredom"]}, ["content_warnings"]),
        ({"stars": 5, "warning_required": "perhaps"}, ["warning_required", "stars"]),
        ({"ad": 1, "ad_name": "Taken over"}, ["ad", "ad_name"]),
        ({"warning_required": None}, ["warning_required"]),
        ([], ["detail"]),
    ],
    ids=str,
)
@pytest.mark.parametrize("is_rated", [True, False])
def test_invalid_ratings_are_refused_by_field(
    moderator: APIClient, ad: Ad, body: Any, fields: list[str], is_rated: bool
) -> None:
    if not is_rated:
        ad.content_rating.delete()
    before = stored()

    answer = moderator.put(address_of(ad), body)

    assert (answer.status_code, list(answer.json())) == (400, fields)
    assert stored() == before


def test_an_unknown_ad_is_not_found(moderator: APIClient, ad: Ad) -> None:
    assert moderator.put(f"/api/ads/{ad.campaign_id}/content-rating", TEEN).status_code == 404
    assert moderator.get(address_of(ad)).status_code == 405
