"""The history of an object by the API: readable, by person and field, and no more than its reader may know."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import User
from accounts.tests.factories import Cast
from ads.choices import ALL_CONTENT_WARNINGS
from ads.tests.factories import AdContentRatingFactory, AdFactory, AdTimeSlotFactory
from advertisers.tests.factories import (
    IBAN,
    AdvertiserBankAccountFactory,
    AdvertiserContactFactory,
    AdvertiserFactory,
)
from campaign_studio.acting import acting_as
from campaigns.tests.factories import AudienceTargetingFactory, CampaignFactory

pytestmark = pytest.mark.django_db

ClientFor = Callable[[User | None], APIClient]
KEYS = {
    *["timestamp", "actor", "action", "door", "remote_addr", "request_id", "resource_type", "resource_id"],
    *["resource_name", "parent_id", "changes", "kind", "readable"],
}
Told = dict[str, tuple[str | None, str | None]]


@pytest.fixture
def admin(cast: Cast, client_for: ClientFor) -> APIClient:
    """Somebody who may see everything."""
    return client_for(cast.system_admin)


def history(client: APIClient, row: Any, **query: Any) -> list[dict[str, Any]]:
    """The newest entries first."""
    answer = client.get(f"/api/{row._meta.model_name}s/{row.pk}/history", query)
    assert answer.status_code == 200, answer.content
    found: list[dict[str, Any]] = answer.json()["results"]
    return found


def told(entry: dict[str, Any]) -> Told:
    """Label → old and new."""
    return {one["label"]: (one["old"], one["new"]) for one in entry["readable"]}


# --- Readable --------------------------------------------------------------------------------------------------------


def test_names_stand_for_keys_and_labels_for_columns_and_choices(admin: APIClient) -> None:
    campaign = CampaignFactory(campaign_max_view_duration_value=2, campaign_max_view_duration_unit="hours")
    campaign.advertiser = AdvertiserFactory(advertiser_name="ACME")
    campaign.campaign_status = "inactive"
    campaign.campaign_max_view_duration_value = campaign.campaign_max_view_duration_unit = None
    campaign.save()

    changed, created = history(admin, campaign)

    assert set(changed) == KEYS
    assert told(changed) == {
        "advertiser": (None, "ACME"),
        "status": ("Draft", "Inactive"),
        "viewing-time cap": ("2", None),
        "unit": ("Hours", None),
    }
    assert {one["field"] for one in changed["readable"]} == set(changed["changes"])
    assert told(created)["created by"] == (None, str(campaign.campaign_created_by))
    assert told(created)["start date"] == (None, str(campaign.campaign_start_date))


def test_parts_are_told_with_their_kind_their_name_and_their_whole(admin: APIClient) -> None:
    ad = AdFactory(ad_name="Coffee")
    AdTimeSlotFactory(ad=ad)
    AdContentRatingFactory(ad=ad, content_warnings=ALL_CONTENT_WARNINGS[:2])

    rating, slot, created = history(admin, ad)

    assert [one["kind"] for one in (rating, slot, created)] == ["content rating", "time slot", "ad"]
    assert [one["parent_id"] for one in (rating, slot)] == [str(ad.pk)] * 2
    assert (slot["resource_name"], rating["resource_name"]) == ("07:00–09:00", "MPAA G")
    assert told(slot) == {"ad": (None, "Coffee"), "from": (None, "07:00"), "until": (None, "09:00")}
    assert told(rating)["content warnings"] == (None, ", ".join(ALL_CONTENT_WARNINGS[:2]))
    assert told(rating)["warning required"] == (None, "yes")
    assert told(created)["campaign"] == (None, ad.campaign.campaign_name)


def test_what_is_deleted_is_told_as_it_was(admin: APIClient) -> None:
    target = AudienceTargetingFactory(cities=["Berlin", "Köln"])
    target.delete()

    deleted = history(admin, target.campaign)[0]

    assert (deleted["action"], deleted["kind"], deleted["resource_name"]) == (
        "delete",
        "target",
        "Germany, Europe",
    )
    assert told(deleted)["country"] == ("Germany", None)
    assert told(deleted)["cities"] == ("Berlin, Köln", None)


def test_a_decision_is_told_with_its_moment(admin: APIClient, cast: Cast) -> None:
    ad = AdFactory()
    ad.reject(cast.content_moderator, at=timezone.now(), note="Too loud")

    decided = told(history(admin, ad)[0])

    assert decided["review"] == ("Waiting for review", "Rejected")
    assert decided["reviewed by"] == (None, "content_moderator")
    assert decided["reviewed at"] == (None, f"{ad.moderated_at:%Y-%m-%d %H:%M:%S} UTC")


def test_numbers_are_told_to_have_changed_and_no_more(cast: Cast, client_for: ClientFor) -> None:
    account = AdvertiserBankAccountFactory()
    account.bank_account_iban = IBAN
    account.save()

    answer = client_for(cast.owner).get(f"/api/advertisers/{account.advertiser_id}/history")

    assert told(answer.json()["results"][0]) == {"IBAN": (None, "[changed]")}
    assert IBAN[:8] not in answer.content.decode()


def test_names_of_rows_out_of_sight_stay_keys(cast: Cast, client_for: ClientFor) -> None:
    advertiser = AdvertiserFactory(advertiser_name="Known to staff")
    campaign = CampaignFactory(advertiser=advertiser)

    staff, guest = (told(history(client_for(user), campaign)[0]) for user in (cast.owner, cast.guest))

    assert staff["advertiser"] == (None, "Known to staff")
    assert guest["advertiser"] == (None, str(advertiser.pk))
    assert staff["created by"] == (None, str(campaign.campaign_created_by_id))


# --- By person, field and time ----------------------------------------------------------------------------------------


def test_a_history_is_narrowed_down_to_a_person(admin: APIClient, cast: Cast) -> None:
    with acting_as("expire_campaigns"):
        campaign = CampaignFactory()
    with acting_as(cast.owner):
        AudienceTargetingFactory(campaign=campaign)

    def actions(actor: str) -> list[str]:
        return [entry["kind"] for entry in history(admin, campaign, actor=actor)]

    assert actions("campaign_manager") == actions("Campaign_Manager") == actions(str(cast.owner.pk)) == ["target"]
    assert actions("expire_campaigns") == ["campaign"]
    assert actions("guest") == actions(str(cast.guest.pk)) == actions("nobody at all") == []


def test_a_history_is_narrowed_down_to_a_field(admin: APIClient) -> None:
    campaign = CampaignFactory()
    AudienceTargetingFactory(campaign=campaign)
    admin.patch(f"/api/campaigns/{campaign.pk}", {"campaign_name": "Other"})
    admin.patch(f"/api/campaigns/{campaign.pk}", {"campaign_description": "Other"})

    def actions(field: str) -> list[str]:
        return [entry["action"] for entry in history(admin, campaign, field=field)]

    assert actions("campaign_name") == ["update", "create"]
    assert actions("campaign_description") == ["update"]
    assert actions("cities") == actions("country") == ["create"]
    assert actions("campaign_expiry_date") == []


def test_a_history_is_narrowed_down_in_time(admin: APIClient) -> None:
    campaign = CampaignFactory()
    middle = timezone.now()
    AudienceTargetingFactory(campaign=campaign)

    def kinds(**query: Any) -> list[str]:
        return [entry["kind"] for entry in history(admin, campaign, **query)]

    at = middle.isoformat().replace("+00:00", "Z")
    assert kinds(**{"from": at}) == ["target"]
    assert kinds(to=at) == ["campaign"]
    assert kinds(**{"from": at, "to": (middle + timedelta(days=1)).isoformat(), "field": "campaign_name"}) == []


def test_filters_and_pages_go_together(admin: APIClient) -> None:
    campaign = CampaignFactory()
    for number in range(3):
        admin.patch(f"/api/campaigns/{campaign.pk}", {"campaign_name": f"Name {number}"})

    page = admin.get(f"/api/campaigns/{campaign.pk}/history?field=campaign_name&actor=system_admin&page_size=2").json()

    assert (page["count"], len(page["results"])) == (3, 2)
    assert {"field=campaign_name", "actor=system_admin", "page=2"} <= set(page["next"].partition("?")[2].split("&"))


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("field=name", "field"),
        ("field=password", "field"),
        ("field=updated_at", "field"),
        ("field=contact_name", "field"),
        ("field=", None),
        ("actor=", None),
        ("actor=" + "a" * 201, "actor"),
        ("actor=guest&actor=user", "actor"),
        ("from=yesterday", "from"),
        ("to=9999999", "to"),
        ("ordering=timestamp", "ordering"),
        ("as_of=2026-01-01", "as_of"),
        ("search=x", "search"),
    ],
)
def test_filters_are_as_strict_as_everywhere(query: str, parameter: str | None, admin: APIClient) -> None:
    answer = admin.get(f"/api/campaigns/{CampaignFactory().pk}/history?{query}")

    assert answer.status_code == (400 if parameter else 200)
    assert parameter is None or list(answer.json()) == [parameter]


def test_a_field_of_hidden_parts_can_not_be_asked_for(cast: Cast, client_for: ClientFor) -> None:
    account = AdvertiserBankAccountFactory(advertiser__contact=True)
    AdvertiserContactFactory(advertiser=account.advertiser)
    address = f"/api/advertisers/{account.advertiser_id}/history"
    manager, moderator = client_for(cast.campaign_manager), client_for(cast.content_moderator)

    assert manager.get(address, {"field": "bank_name"}).json()["count"] == 1
    refused = moderator.get(address, {"field": "bank_name"})
    assert refused.status_code == 400
    assert moderator.get(address, {"field": "contact_name"}).json()["count"] == 2
    assert {entry["kind"] for entry in history(moderator, account.advertiser)} == {"advertiser", "contact"}
