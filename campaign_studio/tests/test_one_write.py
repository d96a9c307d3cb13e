"""Each request is one write: its audit entries share a timestamp and are inserted by one statement."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import time, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts.models import AuditEntry, User
from accounts.tests.factories import Cast
from ads.tests.factories import AdFactory, AdTimeSlotFactory
from campaign_studio.acting import acting_as
from campaign_studio.tests.bodies import ad_body, campaign_body
from campaign_studio.tests.browser import form_data
from campaign_studio.tests.console_bodies import added
from campaign_studio.writing import one_write
from campaigns.models import Campaign
from campaigns.tests.factories import CampaignFactory

pytestmark = pytest.mark.django_db

ClientFor = Callable[[User | None], APIClient]
TARGETS = [
    {"region": "Bavaria", "country": "DE", "cities": ["Munich"], "postcodes": []},
    {"region": "Tyrol", "country": "AT", "cities": [], "postcodes": []},
]
SLOTS = [
    {"time_slot_start": "07:00", "time_slot_end": "09:00"},
    {"time_slot_start": "16:00", "time_slot_end": "19:00"},
]


@contextmanager
def written(*, inserts: int = 1) -> Iterator[list[AuditEntry]]:
    """Yield the new entries in order; check the number of INSERT statements."""
    before = set(AuditEntry.objects.values_list("pk", flat=True))
    entries: list[AuditEntry] = []
    with CaptureQueriesContext(connection) as seen:
        yield entries
    entries += AuditEntry.objects.exclude(pk__in=before).order_by("pk")
    assert len([one for one in seen if one["sql"].startswith('INSERT INTO "audit_log"')]) == inserts


def summary_of(entries: list[AuditEntry]) -> list[tuple[str, str]]:
    return [(entry.content_type.model, entry.get_action_display()) for entry in entries]


def slots(ad: dict[str, Any]) -> list[tuple[str, str]]:
    return [(slot["time_slot_start"], slot["time_slot_end"]) for slot in ad["time_slots"]]


def test_a_new_campaign_with_its_targeting_is_one_write(cast: Cast, client_for: ClientFor) -> None:
    client = client_for(cast.owner)
    with written() as entries:
        document = client.post("/api/campaigns", campaign_body(audience_targeting=TARGETS)).json()

    target = ("campaignaudiencetargeting", "create")
    assert summary_of(entries) == [("campaign", "create"), target, target]
    (at,) = {entry.timestamp for entry in entries}
    assert {entry.actor_name for entry in entries} == {cast.owner.display_name}
    then = client.get(f"/api/campaigns/{document['campaign_id']}", {"as_of": at.isoformat()}).json()
    assert [target["region"] for target in then["audience_targeting"]] == ["Bavaria", "Tyrol"]
    too_early = at - timedelta(microseconds=1)
    assert client.get(f"/api/campaigns/{document['campaign_id']}", {"as_of": too_early.isoformat()}).status_code == 404


def test_a_change_of_an_ad_and_its_slots_is_one_write(cast: Cast, client_for: ClientFor) -> None:
    client = client_for(cast.owner)
    ad: Any = AdFactory(campaign__campaign_created_by=cast.owner, ad_name="Before")
    AdTimeSlotFactory(ad=ad, time_slot_start=time(1), time_slot_end=time(2))
    before = client.get(f"/api/ads/{ad.pk}").json()
    with written() as entries:
        after = client.patch(f"/api/ads/{ad.pk}", {"ad_name": "After", "time_slots": SLOTS}).json()

    slot = "adtimeslot"
    assert summary_of(entries) == [("ad", "update"), (slot, "delete"), (slot, "create"), (slot, "create")]
    (at,) = {entry.timestamp for entry in entries}
    for moment, document in ((at, after), (at - timedelta(microseconds=1), before)):
        then = client.get(f"/api/ads/{ad.pk}", {"as_of": moment.isoformat()}).json()
        assert (then["ad_name"], slots(then)) == (document["ad_name"], slots(document))


def test_a_refused_request_leaves_no_entry(cast: Cast, client_for: ClientFor) -> None:
    """The overlap is found after the ad has been written."""
    campaign: Any = CampaignFactory(campaign_created_by=cast.owner)
    with written(inserts=0) as entries:
        body = ad_body(time_slots=[SLOTS[0], SLOTS[0]])
        answer = client_for(cast.owner).post(f"/api/campaigns/{campaign.pk}/ads", body)

    assert answer.status_code == 400, answer.content
    assert entries == []


def test_a_form_of_the_console_is_one_write(cast: Cast, console_for: Callable[[User], Client]) -> None:
    browser = console_for(cast.owner)
    campaign: Any = CampaignFactory(campaign_created_by=cast.owner)
    address = f"/admin/campaigns/campaign/{campaign.pk}/change/"
    form = form_data(browser.get(address), campaign_name="Other")
    body = added(form, "audience_targeting", region="Bavaria", country="DE")
    with written() as entries:
        assert browser.post(address, body).status_code == 302

    assert summary_of(entries) == [("campaign", "update"), ("campaignaudiencetargeting", "create")]
    assert len({entry.timestamp for entry in entries}) == 1


def test_a_bulk_action_is_one_write_without_the_refused_rows(cast: Cast, console_for: Callable[[User], Client]) -> None:
    mine: list[Any] = CampaignFactory.create_batch(2, campaign_created_by=cast.owner)
    others: Any = CampaignFactory(campaign_created_by=cast.colleague)
    body = {"action": "activate_selected", "_selected_action": [str(one.pk) for one in (*mine, others)]}
    with written() as entries:
        assert console_for(cast.owner).post("/admin/campaigns/campaign/", body).status_code == 302

    assert {entry.object_pk for entry in entries} == {str(one.pk) for one in mine}
    assert len({entry.timestamp for entry in entries}) == 1


@pytest.mark.parametrize(
    ("verb", "body", "changed"),
    [
        ("shift", {"days": 1}, [("campaign", "update"), ("ad", "update")]),
        ("publish", {}, [("campaign", "update"), ("ad", "update")]),
        (
            "duplicate",
            {},
            [("campaign", "create"), ("ad", "create"), ("adcontentrating", "create"), *[("adtimeslot", "create")] * 2],
        ),
    ],
)
def test_what_changes_a_campaign_with_its_ads_is_one_write(
    cast: Cast, client_for: ClientFor, verb: str, body: dict[str, Any], changed: list[tuple[str, str]]
) -> None:
    campaign: Any = CampaignFactory(campaign_created_by=cast.owner)
    ad = AdFactory(campaign=campaign, ad_start_date=campaign.campaign_start_date, rated=True)
    for hour in (1, 3):
        AdTimeSlotFactory(ad=ad, time_slot_start=time(hour), time_slot_end=time(hour + 1))
    with written() as entries:
        answer = client_for(cast.owner).post(f"/api/campaigns/{campaign.pk}/{verb}", body)

    assert answer.status_code in (200, 201), answer.content
    assert summary_of(entries) == changed
    assert len({entry.timestamp for entry in entries}) == 1
    assert {entry.actor_name for entry in entries} == {cast.owner.display_name}


def rename(campaign: Campaign, name: str) -> None:
    campaign.campaign_name = name
    campaign.save()


def test_a_rolled_back_savepoint_loses_its_own_entries_only() -> None:
    campaign: Any = CampaignFactory()
    with written() as entries, one_write():
        rename(campaign, "First")
        with suppress(RuntimeError), transaction.atomic():
            rename(campaign, "Undone")
            with one_write():
                rename(campaign, "Undone as well")
            raise RuntimeError
        campaign.refresh_from_db()
        with transaction.atomic():
            rename(campaign, "Second")
        with suppress(RuntimeError), one_write():
            rename(campaign, "Undone again")
            raise RuntimeError

    assert [entry.changes["campaign_name"][1] for entry in entries] == ["First", "Second"]


@pytest.mark.parametrize("outer", [transaction.atomic, one_write])
def test_a_failed_write_leaves_nothing(outer: Callable[[], Any]) -> None:
    campaign: Any = CampaignFactory()
    with written(inserts=0) as entries, suppress(RuntimeError), outer(), one_write():
        rename(campaign, "Undone")
        raise RuntimeError
    with written() as later, one_write():
        campaign.refresh_from_db()
        rename(campaign, "Next")

    assert entries == []
    assert [entry.changes["campaign_name"][1] for entry in later] == ["Next"]


def test_a_write_marked_for_rollback_leaves_nothing() -> None:
    campaign: Any = CampaignFactory()
    with written(inserts=0) as entries, one_write():
        rename(campaign, "Undone")
        transaction.set_rollback(True)

    assert entries == []


def test_a_nested_write_belongs_to_the_outer_one_and_each_entry_to_its_actor(cast: Cast) -> None:
    one, other = CampaignFactory.create_batch(2)
    with written() as entries, acting_as(cast.owner), one_write():
        rename(one, "Outside")
        with acting_as("some_command"), one_write():
            rename(other, "Inside")

    assert [entry.actor_name for entry in entries] == [cast.owner.display_name, "some_command"]
    assert len({entry.timestamp for entry in entries}) == 1


def test_outside_a_write_each_entry_is_written_immediately() -> None:
    campaign: Any = CampaignFactory()
    with written(inserts=2) as entries:
        rename(campaign, "First")
        rename(campaign, "Second")

    assert len({entry.timestamp for entry in entries}) == 2
