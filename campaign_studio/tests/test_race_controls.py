"""Controls of the race tests: without its lock or constraint, each invariant breaks.

Where a rule reads before it writes, a barrier makes all threads read before any writes.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import time
from threading import Barrier
from typing import Any

import pytest
from django.db import connection, models

from accounts.models import AuditEntry
from accounts.tests.factories import make_cast
from ads.models import Ad, AdTimeSlot
from ads.tests.factories import AdFactory
from ads.tests.test_races import race
from advertisers.models import AdvertiserBankAccount
from advertisers.tests.factories import AdvertiserBankAccountFactory, AdvertiserFactory
from campaign_studio.api.viewsets import StudioViewSet
from campaign_studio.models.versioned import VersionedModel
from campaign_studio.tests.bodies import tokens_of
from campaign_studio.tests.together import at_once
from campaigns.choices import Status
from campaigns.models import Campaign
from campaigns.tests.factories import CampaignFactory

pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def without(model: type[models.Model], name: str) -> Iterator[None]:
    """Drop a constraint inside the block. Rows that violate it are deleted before it is restored."""
    constraint = next(one for one in model._meta.constraints if one.name == name)
    with connection.schema_editor() as editor:
        editor.remove_constraint(model, constraint)
    try:
        yield
    finally:
        model._default_manager.all().delete()
        with connection.schema_editor() as editor:
            editor.add_constraint(model, constraint)


def saved_after_all_are_validated(rows: list[Any]) -> list[str]:
    """Save the rows after all of them have been validated."""
    validated = Barrier(len(rows))

    def step(row: Any) -> None:
        row.full_clean()
        validated.wait(timeout=30)
        row.save()

    return race(*[lambda row=row: step(row) for row in rows])


def test_two_default_bank_accounts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the lock the constraint refuses the second one. Without both there are two."""
    monkeypatch.setattr(AdvertiserBankAccount, "take_flag", lambda account: None)
    advertiser = AdvertiserFactory()
    accounts = AdvertiserBankAccountFactory.create_batch(2, advertiser=advertiser)
    for account in accounts:
        account.is_default = True

    assert sorted(saved_after_all_are_validated(accounts)) == ["advertiser_has_one_default_bank_account", "done"]
    accounts = list(AdvertiserBankAccount.objects.filter(advertiser=advertiser))
    for account in accounts:
        account.is_default = True
    with without(AdvertiserBankAccount, "advertiser_has_one_default_bank_account"):
        assert saved_after_all_are_validated(accounts) == ["done", "done"]
        assert advertiser.bank_accounts.filter(is_default=True).count() == 2


def test_overlapping_slots() -> None:
    ad = AdFactory()
    slots = [AdTimeSlot(ad=ad, time_slot_start=time(start), time_slot_end=time(start + 2)) for start in (7, 8)]

    with without(AdTimeSlot, "time_slots_of_an_ad_do_not_overlap"):
        assert saved_after_all_are_validated(slots) == ["done", "done"]
        assert ad.time_slots.count() == 2


@pytest.fixture
def unlocked(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """`unlocked(n)`: rows are no longer locked, and n requests read before the first one writes."""

    def switch_off(requests: int) -> None:
        read = Barrier(requests)
        get_object = StudioViewSet.get_object

        def read_together(view: Any) -> Any:
            row = get_object(view)
            read.wait(timeout=30)
            return row

        # The short way to a row locks it by a statement of its own.
        monkeypatch.setattr(StudioViewSet, "reads_all_visible", lambda view: False)
        monkeypatch.setattr(StudioViewSet, "get_queryset", lambda view: view.visible_rows())
        monkeypatch.setattr(StudioViewSet, "get_object", read_together)

    return switch_off


def test_a_double_publish(unlocked: Callable[[int], None], monkeypatch: pytest.MonkeyPatch) -> None:
    owner = make_cast().owner
    campaign = CampaignFactory(campaign_created_by=owner)
    path, token = f"/api/campaigns/{campaign.pk}", tokens_of(owner)["access_token"]
    unlocked(4)
    monkeypatch.setattr(VersionedModel, "_do_update", models.Model._do_update)

    at_once(*[lambda client: client.patch(path, {"campaign_status": Status.ACTIVE.value})] * 4, token=token)

    entries = AuditEntry.objects.filter(object_pk=str(campaign.pk), changes__has_key="campaign_status")
    assert [entry.changes["campaign_status"] for entry in entries].count(["draft", "active"]) > 1


def test_a_double_publish_is_refused_even_without_the_lock(unlocked: Callable[[int], None]) -> None:
    """The comparison of versions suffices."""
    owner = make_cast().owner
    path = f"/api/campaigns/{CampaignFactory(campaign_created_by=owner).pk}"
    token = tokens_of(owner)["access_token"]
    unlocked(4)

    answers = at_once(*[lambda client: client.patch(path, {"campaign_status": Status.ACTIVE.value})] * 4, token=token)

    assert sorted(answer.status_code for answer in answers) == [200, 412, 412, 412]
    assert len({answer["ETag"] for answer in answers}) == 1


def test_a_double_delete(unlocked: Callable[[int], None]) -> None:
    owner = make_cast().owner
    path = f"/api/campaigns/{CampaignFactory(campaign_created_by=owner).pk}"
    token = tokens_of(owner)["access_token"]
    unlocked(4)

    answers = at_once(*[lambda client: client.delete(path)] * 4, token=token)

    assert [answer.status_code for answer in answers].count(204) > 1


FOREIGN_KEY = """SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint
    WHERE contype = 'f' AND conrelid = 'ads'::regclass AND confrelid = 'campaigns'::regclass"""


def test_a_delete_while_children_are_added() -> None:
    owner = make_cast().owner
    campaign = CampaignFactory(campaign_created_by=owner)
    with connection.cursor() as cursor:
        cursor.execute(FOREIGN_KEY)
        name, definition = cursor.fetchone()
        cursor.execute(f"ALTER TABLE ads DROP CONSTRAINT {name}")
    arriving = AdFactory.build(campaign=campaign, ad_created_by=owner, ad_number=1)
    try:
        assert race(Campaign.objects.get(pk=campaign.pk).delete) == ["done"]
        assert race(lambda: Ad.objects.bulk_create([arriving])) == ["done"]
        assert Ad.objects.filter(campaign_id=campaign.pk).exists()
    finally:
        Ad.objects.all().delete()
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE ads ADD CONSTRAINT {name} {definition}")
