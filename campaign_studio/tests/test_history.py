"""The history of an object in the API: readable, filtered by user and field, and without hidden values."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import timezone, translation
from django.utils.formats import date_format
from rest_framework.test import APIClient

from accounts.api.history import AuditEntrySerializer
from accounts.audit.history import readable, timestamp
from accounts.models import AuditEntry, User
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
Changes = dict[str, tuple[str | None, str | None]]


@pytest.fixture
def admin(cast: Cast, client_for: ClientFor) -> APIClient:
    """The client of a user who may see everything."""
    return client_for(cast.system_admin)


def history(client: APIClient, row: Any, **query: Any) -> list[dict[str, Any]]:
    """The entries, newest first."""
    answer = client.get(f"/api/{row._meta.model_name}s/{row.pk}/history", query)
    assert answer.status_code == 200, answer.content
    found: list[dict[str, Any]] = answer.json()["results"]
    return found


def changes_of(entry: dict[str, Any]) -> Changes:
    """Label → old and new value."""
    return {one["label"]: (one["old"], one["new"]) for one in entry["readable"]}


# --- Readable form ---------------------------------------------------------------------------------------------------


def test_keys_are_shown_as_names_and_columns_and_choices_as_labels(admin: APIClient) -> None:
    campaign = CampaignFactory(campaign_max_view_duration_value=2, campaign_max_view_duration_unit="hours")
    campaign.advertiser = AdvertiserFactory(advertiser_name="ACME")
    campaign.campaign_status = "inactive"
    campaign.campaign_max_view_duration_value = campaign.campaign_max_view_duration_unit = None
    campaign.save()

    changed, created = history(admin, campaign)

    assert set(changed) == KEYS
    assert changes_of(changed) == {
        "advertiser": (None, "ACME"),
        "status": ("Draft", "Inactive"),
        "viewing-time cap": ("2", None),
        "unit": ("Hours", None),
    }
    assert {one["field"] for one in changed["readable"]} == set(changed["changes"])
    assert changes_of(created)["created by"] == (None, str(campaign.campaign_created_by))
    assert changes_of(created)["start date"] == (None, date_format(campaign.campaign_start_date))


def test_parts_are_shown_with_their_kind_name_and_whole(admin: APIClient) -> None:
    ad = AdFactory(ad_name="Coffee")
    AdTimeSlotFactory(ad=ad, weekdays=[6, 7])
    AdContentRatingFactory(ad=ad, content_warnings=ALL_CONTENT_WARNINGS[:2])

    rating, slot, created = history(admin, ad)

    assert [one["kind"] for one in (rating, slot, created)] == ["content rating", "time slot", "ad"]
    assert [one["parent_id"] for one in (rating, slot)] == [str(ad.pk)] * 2
    assert (slot["resource_name"], rating["resource_name"]) == ("Sat,Sun 07:00–09:00", "MPAA G")
    assert changes_of(slot) == {
        "ad": (None, "Coffee"),
        "from": (None, "07:00"),
        "until": (None, "09:00"),
        "days of the week": (None, "Saturday, Sunday"),
    }
    assert changes_of(rating)["content warnings"] == (None, ", ".join(ALL_CONTENT_WARNINGS[:2]))
    assert changes_of(rating)["warning required"] == (None, "yes")
    assert changes_of(created)["campaign"] == (None, ad.campaign.campaign_name)


def test_a_deleted_part_is_shown_as_it_was(admin: APIClient) -> None:
    target = AudienceTargetingFactory(cities=["Berlin", "Köln"])
    target.delete()

    deleted = history(admin, target.campaign)[0]

    assert (deleted["action"], deleted["kind"], deleted["resource_name"]) == (
        "delete",
        "target",
        "Germany, Europe",
    )
    assert changes_of(deleted)["country"] == ("Germany", None)
    assert changes_of(deleted)["cities"] == ("Berlin, Köln", None)


def test_a_review_is_shown_with_its_time(admin: APIClient, cast: Cast) -> None:
    ad = AdFactory()
    ad.reject(cast.content_moderator, at=timezone.now(), note="Too loud")

    decided = changes_of(history(admin, ad)[0])

    assert decided["review"] == ("Pending review", "Rejected")
    assert decided["reviewed by"] == (None, "content_moderator")
    assert decided["reviewed at"] == (None, timestamp(ad.moderated_at))


def test_only_the_fact_that_a_bank_number_changed_is_shown(cast: Cast, client_for: ClientFor) -> None:
    account = AdvertiserBankAccountFactory()
    account.bank_account_iban = IBAN
    account.save()

    answer = client_for(cast.owner).get(f"/api/advertisers/{account.advertiser_id}/history")

    assert changes_of(answer.json()["results"][0]) == {"IBAN": (None, "[changed]")}
    assert IBAN[:8] not in answer.content.decode()


def test_rows_that_the_reader_may_not_see_are_shown_as_keys(cast: Cast, client_for: ClientFor) -> None:
    advertiser = AdvertiserFactory(advertiser_name="Known to staff")
    campaign = CampaignFactory(advertiser=advertiser)

    admin, manager = (changes_of(history(client_for(user), campaign)[0]) for user in (cast.app_admin, cast.owner))

    assert admin["advertiser"] == manager["advertiser"] == (None, "Known to staff")
    assert admin["created by"] == (None, str(campaign.campaign_created_by))
    assert manager["created by"] == (None, str(campaign.campaign_created_by_id))


def test_a_history_is_shown_in_the_active_language(cast: Cast) -> None:
    campaign = CampaignFactory(campaign_start_date=date(2026, 3, 1))
    entry = AuditEntry.objects.all().as_rows().get(object_pk=str(campaign.pk))

    with translation.override("de"):
        (shown,) = readable([entry], reader=cast.system_admin)

    assert {change.field: change.new for change in shown.changes}["campaign_start_date"] == "1. März 2026"
    assert entry.changes["campaign_start_date"] == [None, "2026-03-01"]


def test_the_code_of_an_action_does_not_depend_on_the_active_language() -> None:
    entry = AuditEntry.objects.all().as_rows().get(object_pk=str(CampaignFactory().pk))

    # The library brings a Japanese catalogue.
    with translation.override("ja"):
        assert entry.get_action_display() != "create"
        assert AuditEntrySerializer(entry).data["action"] == "create"


# --- By user, field and time -----------------------------------------------------------------------------------------


def test_a_history_can_be_filtered_by_user(admin: APIClient, cast: Cast) -> None:
    with acting_as("expire_campaigns"):
        campaign = CampaignFactory()
    with acting_as(cast.owner):
        AudienceTargetingFactory(campaign=campaign)

    def actions(actor: str) -> list[str]:
        return [entry["kind"] for entry in history(admin, campaign, actor=actor)]

    assert actions("campaign_manager") == actions("Campaign_Manager") == actions(str(cast.owner.pk)) == ["target"]
    assert actions("expire_campaigns") == ["campaign"]
    assert actions("guest") == actions(str(cast.guest.pk)) == actions("unknown") == []


def test_a_history_can_be_filtered_by_field(admin: APIClient) -> None:
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


def test_a_history_can_be_filtered_by_time(admin: APIClient) -> None:
    campaign = CampaignFactory()
    middle = timezone.now()
    AudienceTargetingFactory(campaign=campaign)

    def kinds(**query: Any) -> list[str]:
        return [entry["kind"] for entry in history(admin, campaign, **query)]

    at = middle.isoformat().replace("+00:00", "Z")
    assert kinds(**{"from": at}) == ["target"]
    assert kinds(to=at) == ["campaign"]
    assert kinds(**{"from": at, "to": (middle + timedelta(days=1)).isoformat(), "field": "campaign_name"}) == []


def test_filters_and_pages_can_be_combined(admin: APIClient) -> None:
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
def test_invalid_filters_are_refused_by_name(query: str, parameter: str | None, admin: APIClient) -> None:
    answer = admin.get(f"/api/campaigns/{CampaignFactory().pk}/history?{query}")

    assert answer.status_code == (400 if parameter else 200)
    assert parameter is None or list(answer.json()) == [parameter]


def test_a_history_can_not_be_filtered_by_a_field_of_hidden_parts(cast: Cast, client_for: ClientFor) -> None:
    account = AdvertiserBankAccountFactory(advertiser__contact=True)
    AdvertiserContactFactory(advertiser=account.advertiser)
    address = f"/api/advertisers/{account.advertiser_id}/history"
    manager, moderator = client_for(cast.campaign_manager), client_for(cast.content_moderator)

    assert manager.get(address, {"field": "bank_name"}).json()["count"] == 1
    refused = moderator.get(address, {"field": "bank_name"})
    assert refused.status_code == 400
    assert moderator.get(address, {"field": "contact_name"}).json()["count"] == 2
    assert {entry["kind"] for entry in history(moderator, account.advertiser)} == {"advertiser", "contact"}
