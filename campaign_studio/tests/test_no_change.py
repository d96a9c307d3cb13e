"""What changes nothing writes nothing: no version, no ETag, no audit entry, in the API and the console."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from accounts.audit.models import AuditEntry
from accounts.models import User
from accounts.tests.factories import Cast
from ads.models import Ad
from campaign_studio.tests.browser import form_data
from campaign_studio.tests.scenes import scene
from campaigns.models import Campaign

pytestmark = pytest.mark.django_db

OBJECTS = {
    "campaign": "/api/campaigns/{campaign_id}",
    "ad": "/api/ads/{ad_id}",
    "advertiser": "/api/advertisers/{advertiser_id}",
    "contact": "/api/advertisers/{advertiser_id}/contacts/{contact_id}",
    "bank account": "/api/advertisers/{advertiser_id}/bank-accounts/{bank_id}",
    "device": "/api/devices/{device_id}",
    "user": "/api/users/{user_id}",
    "oneself": "/api/auth/me",
}
PAGES = {
    "campaign": "/admin/campaigns/campaign/{campaign_id}/change/",
    "ad": "/admin/ads/ad/{ad_id}/change/",
    "advertiser": "/admin/advertisers/advertiser/{advertiser_id}/change/",
    "user": "/admin/accounts/user/{user_id}/change/",
}


@pytest.fixture
def keys(cast: Cast) -> dict[str, Any]:
    return scene(cast.campaign_manager) | {"user_id": cast.user.pk}


@pytest.fixture
def client(cast: Cast, client_for: Callable[[User | None], APIClient]) -> APIClient:
    return client_for(cast.system_admin)


@pytest.mark.parametrize("kind", OBJECTS)
def test_a_body_of_equal_values_leaves_no_trace(kind: str, keys: dict[str, Any], client: APIClient) -> None:
    address = OBJECTS[kind].format(**keys)
    before = client.get(address)
    entries = AuditEntry.objects.count()
    writable = {name: value for name, value in before.json().items() if not name.startswith("last_")}

    answers = [client.patch(address, {}), client.patch(address, writable), client.get(address)]
    if kind != "oneself":
        answers.append(client.put(address, writable))

    assert [answer.status_code for answer in answers] == [200] * len(answers), [one.content for one in answers]
    assert [answer.json() for answer in answers] == [before.json()] * len(answers)
    assert {answer.get("ETag") for answer in answers} == {before.get("ETag")}
    assert AuditEntry.objects.count() == entries


def test_a_change_of_a_part_says_who_has_changed_the_whole(keys: dict[str, Any], cast: Cast, client: APIClient) -> None:
    address = OBJECTS["campaign"].format(**keys)
    before = client.get(address).json()

    after = client.patch(address, {"audience_targeting": []}).json()

    assert after["version"] > before["version"]
    assert after["updated_by_name"] == cast.system_admin.display_name
    assert after["updated_at"] > before["updated_at"]


@pytest.mark.parametrize("kind", PAGES)
def test_opening_a_page_and_saving_it_leaves_no_trace(
    kind: str, keys: dict[str, Any], cast: Cast, client: APIClient, console_for: Callable[[User | None], Client]
) -> None:
    Campaign.objects.get(pk=keys["campaign_id"]).audience_targeting.update(
        cities=["Washington, D.C.", 'The "Old" Town', "Boston"], postcodes=["10001", "10002"], country="US"
    )
    address, page = OBJECTS[kind].format(**keys), PAGES[kind].format(**keys)
    before, entries = client.get(address).json(), AuditEntry.objects.count()
    browser = console_for(cast.system_admin)

    saved = browser.post(page, form_data(browser.get(page)) | {"_save": "Save"})

    assert saved.status_code == 302
    assert client.get(address).json() == before
    assert AuditEntry.objects.count() == entries


def test_a_moderator_who_changes_the_rating_alone_leaves_the_ad_to_its_owner(
    keys: dict[str, Any], cast: Cast, console_for: Callable[[User | None], Client]
) -> None:
    page = PAGES["ad"].format(**keys)
    browser = console_for(cast.content_moderator)
    before = Ad.objects.get(pk=keys["ad_id"])

    data = form_data(browser.get(page))
    rating = {name: value for name, value in data.items() if name.endswith("rating_label")}
    browser.post(page, data | dict.fromkeys(rating, "") | {"_save": "Save"})

    after = Ad.objects.get(pk=keys["ad_id"])
    assert after.updated_by_name == before.updated_by_name
