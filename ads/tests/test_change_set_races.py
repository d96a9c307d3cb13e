"""Change sets while others write: real threads, connections and transactions.

Without the lock of the change set, two applications both succeed; without the bases, an edit is overwritten.
"""

from threading import Barrier
from typing import Any
from uuid import uuid4

import pytest
from rest_framework.test import APIClient

from accounts.models import User
from accounts.tests.factories import make_cast
from ads.tests.factories import AdFactory
from campaign_studio.acting import acting_as
from campaign_studio.tests.bodies import campaign_body, tokens_of
from campaign_studio.tests.together import at_once
from campaigns.changesets import applying
from campaigns.changesets.models import ChangeSet, State
from campaigns.changesets.operations import Operation
from campaigns.changesets.planning import plan
from campaigns.models import Campaign
from campaigns.tests.factories import CampaignFactory

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 4


def planned_by(user: User, *operations: Operation) -> str:
    """The URL of a stored plan."""
    with acting_as(user):
        return f"/api/change-sets/{plan(operations, by=user).pk}"


def posting(address: str) -> Any:
    return lambda client: client.post(address)


def creation() -> Operation:
    """The creation of a campaign."""
    return Operation("create", "campaign", uuid4(), campaign_body())


def test_a_change_set_is_applied_once() -> None:
    owner = make_cast().campaign_manager
    token = tokens_of(owner)["access_token"]
    for number in range(1, ROUNDS + 1):
        address = planned_by(owner, creation())

        answers = at_once(*[posting(f"{address}/apply")] * 3, token=token)

        assert sorted(answer.status_code for answer in answers) == [200, 409, 409]
        assert Campaign.objects.count() == number


def test_without_its_lock_a_change_set_is_applied_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control. The second one meets the rows of the first, and is refused by nothing else."""
    owner = make_cast().campaign_manager
    token = tokens_of(owner)["access_token"]
    campaign = CampaignFactory(campaign_created_by=owner, campaign_name="Old")
    address = planned_by(owner, Operation("shift", "campaign", campaign.pk, {"days": 1}))
    read = Barrier(2)

    def unlocked(key: Any, state: State, otherwise: Any) -> ChangeSet:
        change_set = ChangeSet.objects.get(pk=key)
        assert change_set.state == state
        read.wait(timeout=30)
        return change_set

    monkeypatch.setattr(applying, "in_state", unlocked)
    monkeypatch.setattr(applying, "moved", lambda noted, present: [])
    monkeypatch.setattr("ads.api.changesets.ChangeSetViewSet._locked", lambda view, request: ChangeSet.objects.get())

    answers = at_once(*[posting(f"{address}/apply")] * 2, token=token)

    assert [answer.status_code for answer in answers] == [200, 200]
    moved_by = Campaign.objects.get().campaign_start_date - campaign.campaign_start_date
    assert moved_by.days == 2


def test_an_edit_and_an_application_are_never_both_kept() -> None:
    owner = make_cast().campaign_manager
    token = tokens_of(owner)["access_token"]
    campaigns = CampaignFactory.create_batch(3, campaign_created_by=owner)
    for number in range(ROUNDS):
        operations = [Operation("update", "campaign", one.pk, {"campaign_name": f"Set {number}"}) for one in campaigns]
        address = planned_by(owner, *operations)
        edited = f"/api/campaigns/{campaigns[number % 3].pk}"

        def edit(client: APIClient, address: str = edited, number: int = number) -> Any:
            tag = client.get(address)["ETag"]
            return client.patch(address, {"campaign_name": f"Edit {number}"}, HTTP_IF_MATCH=tag)

        applied, patched = at_once(posting(f"{address}/apply"), edit, token=token)

        assert {applied.status_code, patched.status_code} <= {200, 409, 412}
        names = set(Campaign.objects.values_list("campaign_name", flat=True))
        if applied.status_code == 200 and patched.status_code != 200:
            assert names == {f"Set {number}"}
        if applied.status_code == 409:
            assert patched.status_code == 200
            assert f"Set {number}" not in names
        if (applied.status_code, patched.status_code) == (200, 200):
            # The edit came after it, and knew it.
            assert names == {f"Set {number}", f"Edit {number}"}


def test_an_ad_that_is_added_during_a_deletion_or_its_undoing_is_lost_by_neither() -> None:
    owner = make_cast().campaign_manager
    token = tokens_of(owner)["access_token"]
    for _round in range(ROUNDS):
        campaign = CampaignFactory(campaign_created_by=owner)
        AdFactory(campaign=campaign)
        address = planned_by(owner, Operation("delete", "campaign", campaign.pk))
        body = {"ad_name": "Meanwhile", "ad_type_id": "top_bar_ad", "media_type": "text", "media_content": "x"}

        def add(client: APIClient, campaign: Campaign = campaign, body: dict[str, Any] = body) -> Any:
            return client.post(f"/api/campaigns/{campaign.pk}/ads", body)

        applied, added = at_once(posting(f"{address}/apply"), add, token=token)

        assert (applied.status_code, added.status_code) in [(200, 404), (200, 400), (409, 201)]
        assert Campaign.objects.filter(pk=campaign.pk).exists() is (applied.status_code == 409)


def test_undoing_races_with_undoing_and_with_an_edit() -> None:
    owner = make_cast().campaign_manager
    token = tokens_of(owner)["access_token"]
    campaign = CampaignFactory(campaign_created_by=owner, campaign_name="Before")
    for _round in range(ROUNDS):
        address = planned_by(owner, Operation("update", "campaign", campaign.pk, {"campaign_name": "After"}))
        with acting_as(owner):
            applying.apply(ChangeSet.objects.latest("created_at").pk, by=owner)

        def edit(client: APIClient) -> Any:
            return client.patch(f"/api/campaigns/{campaign.pk}", {"campaign_description": "Edited"})

        first, second, _edited = at_once(posting(f"{address}/undo"), posting(f"{address}/undo"), edit, token=token)

        codes = sorted((first.status_code, second.status_code))
        assert codes in ([200, 409], [409, 409])
        present = Campaign.objects.get()
        assert present.campaign_name == ("Before" if codes[0] == 200 else "After")
        Campaign.objects.filter(pk=campaign.pk).update(campaign_name="Before", campaign_description=None)
