"""`POST /api/campaigns/{campaign_id}/publish`: a campaign and its ads become active together."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import AuditEntry, User
from accounts.tests.factories import Cast
from ads.models import Ad
from ads.tests.delivery_scene import HERE, showing, shown
from ads.tests.factories import AdFactory
from campaign_studio.tests.attackers import NOWHERE
from campaign_studio.tests.bodies import bearing, stored, tokens_of
from campaign_studio.tests.refusals import codes_of, write_past_the_model
from campaigns.choices import Status
from campaigns.models import LONGEST_TEXT, Campaign
from campaigns.tests.factories import CampaignFactory

pytestmark = pytest.mark.django_db

ClientFor = Callable[[User | None], APIClient]
TODAY = timezone.localdate()
LONG_AGO = TODAY - timedelta(days=20)


@pytest.fixture
def client(cast: Cast, client_for: ClientFor) -> APIClient:
    return client_for(cast.owner)


@pytest.fixture
def campaign(cast: Cast) -> Campaign:
    """A draft that began 30 days ago, with a rated ad."""
    draft: Campaign = CampaignFactory(
        campaign_created_by=cast.owner,
        campaign_start_date=TODAY - timedelta(days=30),
        campaign_end_date=TODAY + timedelta(days=30),
    )
    AdFactory(campaign=draft, ad_name="Rated", rated=True)
    return draft


def at(campaign: Campaign) -> str:
    return f"/api/campaigns/{campaign.pk}/publish"


def statuses(campaign: Campaign) -> dict[str, str]:
    """The status of the campaign and of each ad by its name, as they are stored."""
    ads = Ad.objects.filter(campaign=campaign).values_list("ad_name", "ad_status")
    return {"campaign": Campaign.objects.get(pk=campaign.pk).campaign_status, **dict(ads)}


def test_the_campaign_and_its_ads_become_active(client: APIClient, campaign: Campaign) -> None:
    answer = client.post(at(campaign), {})

    assert answer.status_code == 200, answer.content
    assert statuses(campaign) == {"campaign": "active", "Rated": "active"}
    present = client.get(f"/api/campaigns/{campaign.pk}")
    assert answer.json() == {"campaign": present.json(), "refused": []}
    assert answer["ETag"] == present["ETag"]


def test_ads_that_cannot_be_activated_are_listed_with_the_reason(client: APIClient, campaign: Campaign) -> None:
    unrated = AdFactory(campaign=campaign, ad_name="Unrated")
    over = AdFactory(campaign=campaign, ad_name="Over", rated=True, ad_end_date=LONG_AGO)

    answer = client.post(at(campaign), {"ads": True})

    assert answer.status_code == 200
    assert statuses(campaign) == {"campaign": "active", "Rated": "active", "Unrated": "draft", "Over": "draft"}
    refused = answer.json()["refused"]
    assert [(one["ad_id"], one["ad_name"], one["code"]) for one in refused] == [
        (str(unrated.pk), "Unrated", "no_declaration"),
        (str(over.pk), "Over", "ended"),
    ]
    alone = client.patch(f"/api/ads/{over.pk}", {"ad_status": "active"})
    assert alone.json() == {"ad_status": [refused[1]["message"]]}


@pytest.mark.parametrize("status", Status.values)
def test_nothing_changes_if_the_campaign_cannot_be_activated(
    client: APIClient, campaign: Campaign, status: str
) -> None:
    AdFactory(campaign=campaign, rated=True, ad_end_date=LONG_AGO)
    write_past_the_model(campaign, campaign_end_date=LONG_AGO, campaign_status=status)()
    before = stored()

    answer = client.post(at(campaign), {})

    if status == Status.ACTIVE:
        # It is active already, and its ads have ended.
        assert [one["code"] for one in answer.json()["refused"]] == ["ended", "ended"]
    else:
        assert (answer.status_code, codes_of(answer)) == (400, {"campaign_status": ["ended"]})
    assert stored() == before


def test_ads_stay_as_they_are_if_only_the_campaign_is_published(client: APIClient, campaign: Campaign) -> None:
    answer = client.post(at(campaign), {"ads": False})

    assert (answer.status_code, answer.json()["refused"]) == (200, [])
    assert statuses(campaign) == {"campaign": "active", "Rated": "draft"}


def test_what_is_active_already_is_left_alone(client: APIClient, campaign: Campaign) -> None:
    client.post(at(campaign), {})
    before, etag = stored(), client.get(f"/api/campaigns/{campaign.pk}")["ETag"]

    answer = client.post(at(campaign), {})

    assert (answer.status_code, answer["ETag"]) == (200, etag)
    assert stored() == before

    AdFactory(campaign=campaign, ad_name="Late", rated=True)
    version = Campaign.objects.get(pk=campaign.pk).version
    assert client.post(at(campaign), {}).status_code == 200
    assert statuses(campaign)["Late"] == "active"
    assert Campaign.objects.get(pk=campaign.pk).version == version


@pytest.mark.parametrize("status", ["paused", "inactive"])
def test_what_was_paused_or_deactivated_is_activated(client: APIClient, campaign: Campaign, status: str) -> None:
    Campaign.objects.update(campaign_status=status)
    Ad.objects.update(ad_status=status)

    assert client.post(at(campaign), {}).status_code == 200
    assert set(statuses(campaign).values()) == {"active"}


def test_an_expired_campaign_runs_again_in_one_step(cast: Cast, client_for: ClientFor) -> None:
    ad = showing(ad_status="expired", campaign__campaign_status="expired")
    admin = client_for(cast.system_admin)
    assert shown(admin.get("/api/delivery", HERE)) == set()
    before = set(AuditEntry.objects.values_list("pk", flat=True))

    answer = admin.post(at(ad.campaign), {})

    assert (answer.status_code, answer.json()["refused"]) == (200, [])
    # The approval is kept, so it shows at once.
    assert shown(admin.get("/api/delivery", HERE)) == {str(ad.pk)}
    entries = AuditEntry.objects.exclude(pk__in=before).order_by("pk")
    assert [entry.changes for entry in entries] == [
        {"campaign_status": ["expired", "draft"]},
        {"campaign_status": ["draft", "active"]},
        {"ad_status": ["expired", "draft"]},
        {"ad_status": ["draft", "active"]},
    ]
    assert len({entry.timestamp for entry in entries}) == 1


def test_an_expired_ad_that_is_refused_does_not_become_a_draft(client: APIClient, campaign: Campaign) -> None:
    expired = AdFactory(campaign=campaign, ad_name="Unrated", ad_status="expired")
    odd = AdFactory(campaign=campaign, rated=True, ad_status="expired")
    write_past_the_model(odd, ad_description="x" * (LONGEST_TEXT + 1))()
    before = stored()["ads.Ad"]

    answer = client.post(at(campaign), {})

    assert [one["code"] for one in answer.json()["refused"]] == ["no_declaration", "max_length"]
    left = {str(expired.pk), str(odd.pk)}
    after = stored()["ads.Ad"]
    assert [row for row in after if row["ad_id"] in left] == [row for row in before if row["ad_id"] in left]
    assert not AuditEntry.objects.filter(changes__ad_status=["expired", "draft"]).exists()


@pytest.mark.parametrize(
    ("body", "codes"),
    [
        ({"ads": None}, {"ads": ["null"]}),
        ({"ads": "perhaps"}, {"ads": ["invalid"]}),
        ({"ads": []}, {"ads": ["invalid"]}),
        ({"ad": True}, {"ad": ["unknown_field"]}),
    ],
    ids=str,
)
def test_other_bodies_are_refused(client: APIClient, campaign: Campaign, body: Any, codes: Any) -> None:
    before = stored()

    answer = client.post(at(campaign), body)

    assert (answer.status_code, codes_of(answer)) == (400, codes)
    assert stored() == before


def test_only_users_who_may_change_the_campaign_may_publish_it(
    cast: Cast, client_for: ClientFor, campaign: Campaign
) -> None:
    before = stored()
    for user in (cast.colleague, cast.content_moderator, cast.stranger, cast.guest):
        assert client_for(user).post(at(campaign), {}).status_code == 403
    assert client_for(None).post(at(campaign), {}).status_code == 401
    assert client_for(cast.owner).post(f"/api/campaigns/{NOWHERE}/publish", {}).status_code == 404
    assert stored() == before
    assert client_for(cast.app_admin).post(at(campaign), {}).status_code == 200


def test_a_campaign_that_has_changed_is_not_published(client: APIClient, campaign: Campaign) -> None:
    seen = client.get(f"/api/campaigns/{campaign.pk}")["ETag"]
    client.patch(f"/api/campaigns/{campaign.pk}", {"campaign_name": "Other"})
    before = stored()

    assert client.post(at(campaign), {}, headers={"If-Match": seen}).status_code == 412
    assert stored() == before


def test_a_repeated_request_gets_the_first_answer(client: APIClient, campaign: Campaign) -> None:
    first = client.post(at(campaign), {}, headers={"Idempotency-Key": "publish-once"})
    client.patch(f"/api/campaigns/{campaign.pk}", {"campaign_status": "paused"})

    again = client.post(at(campaign), {}, headers={"Idempotency-Key": "publish-once"})

    assert (again.json(), again["Idempotency-Replayed"]) == (first.json(), "true")
    assert statuses(campaign)["campaign"] == "paused"


def test_it_takes_a_bounded_number_of_statements(cast: Cast) -> None:
    client = bearing(tokens_of(cast.owner)["access_token"])

    def cost(ads: int) -> int:
        campaign = CampaignFactory(campaign_created_by=cast.owner)
        AdFactory.create_batch(ads, campaign=campaign, rated=True)
        with CaptureQueriesContext(connection) as seen:
            assert client.post(at(campaign), {}).status_code == 200
        return len(seen)

    # Content types are cached per process.
    cost(1)
    with_one = cost(1)
    assert with_one <= 30
    assert cost(6) <= with_one + 5 * 12
