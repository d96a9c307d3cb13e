"""Requests that arrive at the same moment: real threads, real connections, real transactions."""

from collections import Counter
from typing import Any

import pytest

from accounts.tests.factories import make_cast
from ads.constraints import CAMPAIGN_IS_FULL
from ads.models import Ad
from ads.tests.factories import AdFactory
from advertisers.models import AdvertiserContact
from advertisers.tests.factories import AdvertiserContactFactory, AdvertiserFactory
from campaign_studio.tests.bodies import ad_body, tokens_of, user_body
from campaign_studio.tests.together import at_once
from campaigns.tests.factories import CampaignFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("there", [0, 5])
def test_only_six_of_eight_simultaneous_ads_are_created(there: int) -> None:
    owner = make_cast().owner
    campaign = CampaignFactory(campaign_created_by=owner)
    AdFactory.create_batch(there, campaign=campaign)
    token = tokens_of(owner)["access_token"]
    body = ad_body(campaign_id=str(campaign.pk), content_rating={}, time_slots=[])
    addresses = ["/api/ads", f"/api/campaigns/{campaign.pk}/ads"] * 4

    answers = at_once(*[lambda client, to=to: client.post(to, body) for to in addresses], token=token)

    assert Counter(answer.status_code for answer in answers) == {201: 6 - there, 400: 2 + there}
    for answer in answers:
        if answer.status_code == 400:
            assert answer.json() == {"non_field_errors": [CAMPAIGN_IS_FULL]}
    assert sorted(campaign.ads.values_list("ad_number", flat=True)) == [1, 2, 3, 4, 5, 6]
    kept = {answer.json()["ad_id"] for answer in answers if answer.status_code == 201}
    assert kept <= {str(key) for key in campaign.ads.values_list("pk", flat=True)}


def test_only_one_of_eight_simultaneous_registrations_of_a_username_succeeds() -> None:
    answers = at_once(*[lambda client: client.post("/api/auth/register", user_body())] * 8)

    assert Counter(answer.status_code for answer in answers) == {201: 1, 400: 7}
    for answer in answers:
        assert answer.status_code == 201 or set(answer.json()) <= {"username", "email"}


def test_only_one_of_eight_simultaneous_deletes_succeeds() -> None:
    owner = make_cast().owner
    ad = AdFactory(campaign=CampaignFactory(campaign_created_by=owner), rated=True)
    token = tokens_of(owner)["access_token"]

    answers = at_once(*[lambda client: client.delete(f"/api/ads/{ad.pk}")] * 8, token=token)

    assert Counter(answer.status_code for answer in answers) == {204: 1, 404: 7}


def test_changes_of_different_fields_at_once_are_both_kept() -> None:
    owner = make_cast().owner
    ad = AdFactory(campaign=CampaignFactory(campaign_created_by=owner))
    token = tokens_of(owner)["access_token"]
    changes: list[dict[str, Any]] = [
        {"ad_name": "Other"},
        {"ad_description": "Other"},
        {"media_content": "Other"},
        {"content_rating": {"warning_required": False}},
    ]

    answers = at_once(
        *[lambda client, change=change: client.patch(f"/api/ads/{ad.pk}", change) for change in changes], token=token
    )

    assert [answer.status_code for answer in answers] == [200] * 4
    stored = Ad.objects.get(pk=ad.pk)
    assert (stored.ad_name, stored.ad_description, stored.media_content) == ("Other", "Other", "Other")
    assert stored.content_rating.warning_required is False


def test_deleting_a_campaign_while_ads_are_added_leaves_no_ads() -> None:
    owner = make_cast().owner
    campaign = CampaignFactory(campaign_created_by=owner)
    token = tokens_of(owner)["access_token"]
    body = ad_body(campaign_id=str(campaign.pk))

    answers = at_once(
        lambda client: client.delete(f"/api/campaigns/{campaign.pk}"),
        *[lambda client: client.post("/api/ads", body)] * 6,
        token=token,
    )

    deleted, *created = (answer.status_code for answer in answers)
    assert deleted == 204
    assert set(created) <= {201, 400, 404}
    assert not Ad.objects.exists()


def test_two_contacts_deleted_at_once_leave_the_last_one() -> None:
    manager = make_cast().campaign_manager
    advertiser = AdvertiserFactory()
    contacts = AdvertiserContactFactory.create_batch(2, advertiser=advertiser)
    token = tokens_of(manager)["access_token"]
    address = f"/api/advertisers/{advertiser.pk}/contacts"

    answers = at_once(*[lambda client, one=one: client.delete(f"{address}/{one.pk}") for one in contacts], token=token)

    assert Counter(answer.status_code for answer in answers) == {204: 1, 409: 1}
    assert AdvertiserContact.objects.count() == 1
