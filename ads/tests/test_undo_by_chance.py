"""After random change sets, undoing them restores exactly what `?as_of=` shows of the time before, or is refused."""

from random import Random
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.tests.factories import Cast
from ads.models import Ad
from campaign_studio.tests.attackers import client_of, send
from campaign_studio.tests.bodies import ad_body, advertiser_body, campaign_body, contact_body
from campaigns.models import Campaign

pytestmark = [pytest.mark.django_db, pytest.mark.matrix]

SETS = 6
# New with each save, or not in the audit log.
LEFT_OUT = frozenset({"version", "updated_at", "updated_by_name", "ad_view_count", "allowed_actions"})
STATES = ["draft", "active", "paused", "inactive", "expired"]
POSITIONS = ["top_bar_ad", "bottom_left_ad", "bottom_right_ad", "bottom_center_ad"]


def comparable(value: Any) -> Any:
    """A document without what can't be equal, in nested rows too."""
    if isinstance(value, dict):
        return {name: comparable(one) for name, one in value.items() if name not in LEFT_OUT}
    return [comparable(one) for one in value] if isinstance(value, list) else value


def differences(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """What isn't equal, by object and field."""
    return {
        f"{key} {name}": (value, (after[key] or {}).get(name))
        for key, document in before.items()
        for name, value in (document or {"": after[key]}).items()
        if value != (after[key] or {}).get(name)
    }


class World:
    """Campaigns with ads, and random operations on them."""

    def __init__(self, seed: int, client: APIClient) -> None:
        self.chance = Random(seed)  # noqa: S311 - it must be reproducible
        self.client = client
        self.advertisers = [self.make("advertisers", advertiser_body(contacts=self.contacts())) for _ in range(2)]
        self.campaigns = [
            self.make("campaigns", campaign_body(campaign_name=f"C{number}", audience_targeting=self.targets()))
            for number in range(3)
        ]
        self.ads = [self.make("ads", self.ad(key)) for key in self.campaigns for _ in range(2)]

    def make(self, collection: str, body: dict[str, Any]) -> str:
        answer = send(self.client, "POST", f"/api/{collection}", body)
        assert answer.status_code == 201, answer.content
        return str(answer["Location"].rpartition("/")[2])

    def contacts(self) -> list[dict[str, Any]]:
        number = self.chance.randint(1, 3)
        return [contact_body(contact_name=f"P{one}", is_point_of_contact=one == 0) for one in range(number)]

    def targets(self) -> list[dict[str, Any]]:
        return [{"country": country} for country in self.chance.sample(["DE", "FR", "AT", "IT"], 2)]

    def ad(self, campaign: str) -> dict[str, Any]:
        rating = {"rating_system": "MPAA", "rating_label": "G", "no_prohibited_content": True}
        slots = self.chance.choice([[], [{"time_slot_start": "08:00", "time_slot_end": "09:15"}]])
        return ad_body(campaign_id=campaign, time_slots=slots, content_rating=rating)

    def operation(self) -> dict[str, Any]:
        """One of many changes, some of which are refused."""
        pick, name = self.chance.choice, f"N{self.chance.random()}"
        campaign, ad, advertiser = pick(self.campaigns), pick(self.ads), pick(self.advertisers)
        on = {"campaign": campaign, "ad": ad, "advertiser": advertiser}
        op, resource, changes = pick(
            [
                ("update", "campaign", {"campaign_name": name, "campaign_status": pick(STATES)}),
                ("update", "campaign", {"audience_targeting": self.targets()}),
                ("move", "campaign", {"advertiser_id": pick([None, *self.advertisers])}),
                ("shift", "campaign", {"days": self.chance.randint(-9, 9)}),
                ("publish", "campaign", {}),
                ("delete", "campaign", {}),
                ("update", "ad", {"ad_name": name, "time_slots": self.ad(campaign)["time_slots"]}),
                ("update", "ad", {"ad_status": pick(STATES)}),
                ("update", "ad", {"content_rating": pick([None, {"rating_label": "R"}])}),
                ("move", "ad", {"ad_type_id": pick(POSITIONS)}),
                ("approve", "ad", {}),
                ("reject", "ad", {"note": name}),
                ("delete", "ad", {}),
                ("update", "advertiser", {"advertiser_name": name, "contacts": self.contacts()}),
                ("create", "campaign", campaign_body()),
                ("create", "ad", self.ad(campaign)),
            ]
        )
        return {
            "op": op,
            "resource": resource,
            "id": str(uuid4()) if op == "create" else on[resource],
            "changes": changes,
        }

    def documents(self, **query: str) -> dict[str, Any]:
        """What the API answers about everything that there is."""
        found = {}
        for collection, keys in (("campaigns", self.campaigns), ("ads", self.ads), ("advertisers", self.advertisers)):
            for key in keys:
                answer = self.client.get(f"/api/{collection}/{key}", query)
                found[key] = comparable(answer.json()) if answer.status_code == 200 else None
        return found


@pytest.mark.parametrize("seed", range(4))
def test_what_is_undone_is_as_it_was(cast: Cast, seed: int) -> None:
    world = World(seed, client_of(cast, "app_admin"))
    # The ads are the colleague's, so that four eyes see them.
    Ad.objects.update(ad_created_by=cast.colleague)
    Campaign.objects.update(campaign_created_by=cast.colleague)
    undone = 0
    for _number in range(SETS):
        before, then = world.documents(), timezone.now()
        operations = [world.operation() for _ in range(world.chance.randint(2, 8))]
        planned = send(world.client, "POST", "/api/change-sets", {"operations": operations})
        assert planned.status_code == 201, planned.content
        assert world.documents() == before
        address = f"/api/change-sets/{planned.json()['change_set_id']}"
        applied = send(world.client, "POST", f"{address}/apply")
        assert applied.status_code == 200, applied.content

        answer = send(world.client, "POST", f"{address}/undo")

        assert answer.status_code == 200, (operations, answer.content)
        assert differences(before, world.documents()) == {}, operations
        present = {key: one for key, one in before.items() if one is not None}
        past = world.documents(as_of=then.isoformat())
        assert differences(present, past) == {}
        undone += planned.json()["change_count"]
    assert undone > SETS
