"""`?as_of=`: an object with its parts as it was at an earlier time, for users who may read the object."""

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts.audit.as_of import as_it_was
from accounts.models import AuditEntry, User
from accounts.tests.factories import Cast
from ads.models import AdTimeSlot
from ads.tests.factories import AdFactory, AdTimeSlotFactory
from advertisers.tests.factories import (
    IBAN,
    OTHER_IBAN,
    AdvertiserBankAccountFactory,
    AdvertiserContactFactory,
    AdvertiserFactory,
)
from campaign_studio.acting import acting_as
from campaigns.models import Campaign
from campaigns.tests.factories import AudienceTargetingFactory, CampaignFactory

pytestmark = pytest.mark.django_db

ClientFor = Callable[[User | None], APIClient]
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def admin(cast: Cast, client_for: ClientFor) -> APIClient:
    """The client of a user who may see everything."""
    return client_for(cast.system_admin)


def at(hours: int) -> Any:
    """Travel to this number of hours after noon."""
    return time_machine.travel(NOON + timedelta(hours=hours), tick=False)


def moment(hours: int) -> str:
    """That time in the API's format."""
    return (NOON + timedelta(hours=hours)).isoformat().replace("+00:00", "Z")


def read(client: APIClient, row: Any, as_of: str) -> dict[str, Any]:
    answer = client.get(address_of(row), {"as_of": as_of})
    assert answer.status_code == 200, answer.content
    found: dict[str, Any] = answer.json()
    return found


def address_of(row: Any) -> str:
    return f"/api/{row._meta.model_name}s/{row.pk}"


# --- Restored values -------------------------------------------------------------------------------------------------


def test_fields_have_the_values_they_had(admin: APIClient, cast: Cast) -> None:
    with at(0), acting_as(cast.owner):
        campaign = CampaignFactory(campaign_name="Spring")
    with at(1):
        admin.patch(address_of(campaign), {"campaign_name": "Summer", "campaign_status": "inactive"})
    with at(3):
        admin.patch(address_of(campaign), {"campaign_name": "Autumn", "campaign_description": "Leaves"})

    first, second, third = (read(admin, campaign, moment(hours)) for hours in (0, 2, 4))

    assert [one["campaign_name"] for one in (first, second, third)] == ["Spring", "Summer", "Autumn"]
    assert [one["campaign_status"] for one in (first, second, third)] == ["draft", "inactive", "inactive"]
    assert [one["allowed_next_statuses"][0] for one in (first, second)] == ["active", "draft"]
    assert [one["campaign_description"] for one in (first, second, third)] == [None, None, "Leaves"]
    assert [one["updated_by_name"] for one in (first, second)] == ["campaign_manager", "system_admin"]
    assert [one["updated_at"] for one in (first, second, third)] == [moment(0), moment(1), moment(3)]
    assert {one["created_at"] for one in (first, second, third)} == {moment(0)}


def test_parts_are_restored_changed_back_and_removed(admin: APIClient) -> None:
    with at(0):
        ad = AdFactory(ad_name="Old", campaign__campaign_start_date=NOON.date())
        slots_then: list[Any] = [
            AdTimeSlotFactory(ad=ad, time_slot_start=time(hour), time_slot_end=time(hour, 30)) for hour in (1, 2)
        ]
    with at(2):
        AdTimeSlotFactory(ad=ad, time_slot_start=time(20), time_slot_end=time(21))
        slots_then[1].time_slot_end = time(5)
        slots_then[1].save()
        slots_then[0].delete()
    with at(3):
        AdTimeSlotFactory(ad=ad, time_slot_start=time(22), time_slot_end=time(23)).delete()

    def slots(hours: int) -> list[tuple[str, str]]:
        return [(one["time_slot_start"], one["time_slot_end"]) for one in read(admin, ad, moment(hours))["time_slots"]]

    assert slots(1) == [("01:00", "01:30"), ("02:00", "02:30")]
    assert slots(2) == [("02:00", "05:00"), ("20:00", "21:00")]
    assert read(admin, ad, moment(1))["time_slots"][0]["created_at"] == moment(0)


def test_slots_have_the_days_they_had(admin: APIClient) -> None:
    with at(0):
        ad = AdFactory(campaign__campaign_start_date=NOON.date())
        slot: Any = AdTimeSlotFactory(ad=ad, weekdays=[1, 2])
        AdTimeSlotFactory(ad=ad, weekdays=[7])
    with at(2):
        slot.weekdays = [1]
        slot.save()
    with at(4):
        slot.delete()

    def weekdays(hours: int) -> list[list[int]]:
        return [one["weekdays"] for one in read(admin, ad, moment(hours))["time_slots"]]

    assert [weekdays(hours) for hours in (1, 3, 4)] == [[[1, 2], [7]], [[1], [7]], [[7]]]


def test_a_slot_that_was_deleted_before_slots_had_days_was_for_every_day(admin: APIClient) -> None:
    with at(0):
        ad = AdFactory()
    values = {"ad": str(ad.pk), "time_slot_start": "07:00:00", "time_slot_end": "09:00:00"}
    AuditEntry.objects.create(
        content_type=ContentType.objects.get_for_model(AdTimeSlot),
        object_pk=str(uuid4()),
        object_repr="07:00–09:00",
        action=AuditEntry.Action.DELETE,
        changes={name: [value, "None"] for name, value in values.items()},
        timestamp=NOON + timedelta(hours=2),
        additional_data={"parent_id": str(ad.pk)},
        parent_id=ad.pk,
    )

    (slot,) = read(admin, ad, moment(1))["time_slots"]

    assert (slot["time_slot_start"], slot["weekdays"]) == ("07:00", [1, 2, 3, 4, 5, 6, 7])


def test_a_campaign_has_the_ads_it_had(admin: APIClient) -> None:
    with at(0):
        campaign = CampaignFactory()
        gone = AdFactory(campaign=campaign, ad_name="Gone")
        renamed = AdFactory(campaign=campaign, ad_name="Before")
    with at(2):
        admin.delete(address_of(gone))
        admin.patch(address_of(renamed), {"ad_name": "After"})
        AdFactory(campaign=campaign, ad_name="New")

    names = [{one["ad_name"] for one in read(admin, campaign, moment(hours))["ads"]} for hours in (1, 3)]

    assert names == [{"Gone", "Before"}, {"After", "New"}]


def test_bank_numbers_show_only_the_mask(admin: APIClient) -> None:
    with at(0):
        advertiser = AdvertiserFactory(contact=True)
        kept, changed, deleted = (
            AdvertiserBankAccountFactory(advertiser=advertiser, bank_name=name, bank_account_iban=IBAN)
            for name in ("kept", "other", "gone")
        )
        none = AdvertiserBankAccountFactory(advertiser=advertiser, bank_name="none")
    with at(2):
        for account in (changed, none):
            account.bank_account_iban = OTHER_IBAN
            account.save()
        deleted.delete()

    answer = admin.get(address_of(advertiser), {"as_of": moment(1)})

    shown = {one["bank_name"]: one["bank_account_iban"] for one in answer.json()["bank_accounts"]}
    assert shown == {"kept": "••••3000", "other": "••••", "gone": "••••", "none": None}
    assert kept.bank_account_iban.reveal() not in answer.content.decode()


def test_values_that_are_not_logged_are_null(admin: APIClient) -> None:
    ad = AdFactory()

    past = read(admin, ad, moment_now())

    assert (past["version"], past["ad_view_count"]) == (None, None)


def test_the_document_has_the_same_fields_but_no_etag(admin: APIClient) -> None:
    for row in (CampaignFactory(), AdFactory(), AdvertiserFactory(contact=True)):
        today = admin.get(address_of(row))
        past = admin.get(address_of(row), {"as_of": moment_now()})

        assert list(past.json()) == list(today.json())
        assert "ETag" in today.headers
        assert "ETag" not in past.headers


def moment_now() -> str:
    """The current time in the API's format."""
    return datetime.now(UTC).isoformat()


# --- Permissions -----------------------------------------------------------------------------------------------------


def test_parts_that_a_user_may_not_see_stay_hidden(cast: Cast, client_for: ClientFor) -> None:
    with at(0):
        advertiser = AdvertiserFactory(contact=True)
        account = AdvertiserBankAccountFactory(advertiser=advertiser, bank_name="Known to few")
    with at(2):
        account.delete()

    for user, sees in ((cast.campaign_manager, True), (cast.content_moderator, False)):
        answer = client_for(user).get(address_of(advertiser), {"as_of": moment(1)})
        assert len(answer.json()["contacts"]) == 1
        assert ("Known to few" in answer.content.decode(), "bank_accounts" in answer.json()) == (sees, sees)


@pytest.mark.parametrize(("role", "code"), [("user", 403), ("guest", 403), ("anonymous", 401)])
def test_only_users_who_may_read_the_object_can_read_its_past(
    role: str, code: int, cast: Cast, client_for: ClientFor
) -> None:
    client = client_for(None if role == "anonymous" else cast.in_role(role))

    assert client.get(address_of(AdvertiserFactory()), {"as_of": moment_now()}).status_code == code
    expected = 401 if role == "anonymous" else 200
    assert client.get(address_of(CampaignFactory()), {"as_of": moment_now()}).status_code == expected


# --- Consistency and cost --------------------------------------------------------------------------------------------


def test_concurrent_changes_do_not_show(cast: Cast) -> None:
    with at(0):
        campaign = CampaignFactory(campaign_name="Then")
    present = Campaign.objects.get(pk=campaign.pk)
    with at(2):
        campaign.campaign_name = "Changed"
        campaign.save()
        AdFactory(campaign=campaign)

    past = as_it_was(present, NOON + timedelta(hours=1), reader=cast.system_admin)

    assert (past.campaign_name, past.ads.all()) == ("Then", [])


@pytest.mark.parametrize("kind", ["campaign", "ad", "advertiser"])
def test_the_number_of_queries_does_not_depend_on_the_number_of_changes(kind: str, admin: APIClient) -> None:
    advertiser = AdvertiserFactory(contact=True)
    AdvertiserBankAccountFactory(advertiser=advertiser)
    ad = AdFactory()
    AdTimeSlotFactory(ad=ad)
    AudienceTargetingFactory(campaign=ad.campaign)
    row = {"campaign": ad.campaign, "ad": ad, "advertiser": advertiser}[kind]
    then = moment_now()

    def cost() -> int:
        with CaptureQueriesContext(connection) as seen:
            read(admin, row, then)
        return len(seen)

    cost()
    for_one = cost()
    for number in range(5):
        admin.patch(address_of(row), {f"{kind}_name": f"Name {number}"})
        AdvertiserContactFactory(advertiser=advertiser)
        AdTimeSlotFactory(ad=ad, time_slot_start=time(10 + number), time_slot_end=time(10 + number, 30))
        AudienceTargetingFactory(campaign=ad.campaign, region=f"Region {number}")
        AdFactory(campaign=ad.campaign)

    assert cost() == for_one <= 10
