"""After random changes, `?as_of=` returns what the API returned at that time."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, ClassVar

import pytest
import time_machine
from rest_framework.test import APIClient

from accounts.models import User
from accounts.tests.factories import Cast
from ads.choices import ALL_CONTENT_WARNINGS
from advertisers.tests.factories import IBAN, OTHER_IBAN
from campaign_studio.tests.bodies import ad_body, advertiser_body, bank_account_body, contact_body

pytestmark = [pytest.mark.django_db, pytest.mark.matrix]

ClientFor = Callable[[User | None], APIClient]
START = datetime(2026, 3, 1, 8, tzinfo=UTC)
STEPS = 25
# Fields that the audit log doesn't contain, or not always: see accounts/audit/as_of.py.
UNKNOWN = {"version", "ad_view_count"}
SAVES = {"updated_at", "updated_by_name"}
STATES = ["draft", "active", "paused", "inactive"]
PLACES = ["DE", "FR", "IT", "ES", "PL"]


def comparable(document: dict[str, Any]) -> dict[str, Any]:
    """A document without the fields that can't be restored, and without those that are about today."""
    today = {"allowed_actions", "campaign_name"} if "ad_id" in document else {"allowed_actions"}
    return {name: value for name, value in document.items() if name not in UNKNOWN | SAVES | today}


class Scenario:
    """A series of random changes. The documents after each step are remembered."""

    # The names of the methods to choose from. A name that occurs more often is chosen more often.
    steps: ClassVar[list[str]]

    def __init__(self, seed: int, clients: list[APIClient], moderator: APIClient) -> None:
        self.chance = Random(seed)  # noqa: S311 - it must be reproducible
        self.clients = clients
        self.moderator = moderator
        self.number = 0
        self.done = 0
        self.remembered: list[tuple[str, datetime, dict[str, Any]]] = []
        self.now = START
        self.here = ""

    def begin(self) -> None:
        """Create the object and set `here` to its URL path."""
        raise NotImplementedError

    def shown_at(self) -> list[str]:
        """The URL paths to read after each step."""
        return [self.here]

    def text(self) -> str:
        """A new name that starts with a letter which collations sort differently."""
        self.number += 1
        return f"{self.chance.choice(['a', 'B', 'ä', 'Z', 'é', '_'])} {self.number}"

    def ask(self, method: str, address: str, body: Any = None, client: APIClient | None = None) -> Any:
        """One request by one of the users. A refused request counts as a step too."""
        answer = getattr(client or self.chance.choice(self.clients), method)(address, body)
        assert answer.status_code < 500, answer.content
        self.done += answer.status_code in (200, 201, 204)
        return answer

    def read(self, address: str, **query: Any) -> Any:
        """The response that an administrator gets."""
        return self.clients[0].get(address, query)

    def play(self) -> None:
        """Take random steps and remember the documents after each."""
        with time_machine.travel(self.now, tick=False) as clock:
            self.begin()
            for _ in range(STEPS):
                getattr(self, self.chance.choice(self.steps))()
                for address in self.shown_at():
                    answer = self.read(address)
                    self.remembered += [(address, self.now, answer.json())] if answer.status_code == 200 else []
                self.now += timedelta(minutes=self.chance.choice([1, 7, 100]))
                clock.move_to(self.now)

    def check(self) -> int:
        """Compare every remembered document with the restored one, if the object still exists. Returns the number."""
        compared = 0
        with time_machine.travel(self.now + timedelta(days=1), tick=False):
            exists = {address: self.read(address).status_code == 200 for address, _, _ in self.remembered}
            for address, at, real in self.remembered:
                if exists[address]:
                    moment = at + timedelta(seconds=self.chance.choice([0, 30]))
                    rebuilt = self.read(address, as_of=moment.isoformat()).json()
                    assert comparable(rebuilt) == comparable(real), at
                    assert {rebuilt[name] for name in UNKNOWN & set(real)} == {None}
                    assert rebuilt["updated_at"] <= real["updated_at"]
                    compared += 1
        return compared


class CampaignScenario(Scenario):
    """A campaign with its targets and ads, which have time slots and content ratings."""

    steps: ClassVar[list[str]] = [
        *["change", "target", "move", "add_ad", "change_ad", "rate", "rate", "moderate"],
        *["set_slots", "set_slots", "move_ad", "delete_ad"],
    ]

    def begin(self) -> None:
        """Create a campaign with an ad, and an advertiser for it."""
        dates = {"campaign_start_date": "2026-03-01", "campaign_end_date": "2026-12-01"}
        campaign = self.ask("post", "/api/campaigns", {"campaign_name": "First", **dates}).json()
        self.here = f"/api/campaigns/{campaign['campaign_id']}"
        self.advertiser = self.ask("post", "/api/advertisers", advertiser_body()).json()["advertiser_id"]
        self.ads: list[str] = []
        self.add_ad()

    def shown_at(self) -> list[str]:
        return [self.here, *self.ads]

    def change(self) -> None:
        body = {
            self.chance.choice(["campaign_name", "campaign_description"]): self.text(),
            "advertiser_id": self.chance.choice([None, self.advertiser]),
            "campaign_max_view_count": self.chance.choice([None, 5, 10**6]),
            "campaign_expiry_date": self.chance.choice([None, "2026-12-24"]),
        }
        self.ask("patch", self.here, body)

    def target(self) -> None:
        rows: list[dict[str, Any]] = [
            {"region": self.chance.choice(["Europe", "west", "Äquator"]), "country": country}
            for country in self.chance.sample(PLACES, self.chance.randint(0, 4))
        ]
        for row in rows[::2]:
            row["cities"] = [self.text(), self.text()]
        self.ask("patch", self.here, {"audience_targeting": rows})

    def move(self) -> None:
        self.ask("patch", self.here, {"campaign_status": self.chance.choice(STATES)})

    def add_ad(self) -> None:
        slots = self.chance.choice([[], [{"time_slot_start": "08:00", "time_slot_end": "09:15"}]])
        answer = self.ask("post", f"{self.here}/ads", ad_body(ad_name=self.text(), time_slots=slots))
        self.ads += [f"/api/ads/{answer.json()['ad_id']}"] if answer.status_code == 201 else []

    def change_ad(self) -> None:
        start = self.chance.choice([None, "2026-04-01"])
        self.ask("patch", self.chance.choice(self.ads), {"ad_name": self.text(), "ad_start_date": start})

    def rate(self) -> None:
        warnings = self.chance.sample(ALL_CONTENT_WARNINGS, self.chance.randint(0, 3))
        rating = {"rating_system": "MPAA", "rating_label": self.chance.choice(["G", "PG"])}
        declared = {**rating, "content_warnings": warnings, "no_prohibited_content": True}
        body = {"content_rating": self.chance.choice([declared, declared, None])}
        self.ask("patch", self.chance.choice(self.ads), body, self.chance.choice([None, self.moderator]))

    def moderate(self) -> None:
        verb = self.chance.choice(["approve", "reject"])
        self.ask("post", f"{self.chance.choice(self.ads)}/{verb}", {"note": self.text()}, self.moderator)

    def set_slots(self) -> None:
        hours = sorted(self.chance.sample(range(24), 4))
        pairs = [hours[:2], hours[2:]][: self.chance.randint(0, 2)]
        slots = [{"time_slot_start": f"{start:02}:00", "time_slot_end": f"{end:02}:30"} for start, end in pairs]
        self.ask("patch", self.chance.choice(self.ads), {"time_slots": slots})

    def move_ad(self) -> None:
        self.ask("patch", self.chance.choice(self.ads), {"ad_status": self.chance.choice(STATES)})

    def delete_ad(self) -> None:
        self.add_ad()
        self.ask("delete", self.chance.choice(self.ads))


class AdvertiserScenario(Scenario):
    """An advertiser with contacts and bank accounts. Bank numbers don't change, because they couldn't be restored."""

    steps: ClassVar[list[str]] = [
        *["change", "set_contacts", "set_contacts", "change_contact", "drop_contact"],
        *["add_account", "change_account"],
    ]

    def begin(self) -> None:
        """Create an advertiser with one contact."""
        self.here = (
            f"/api/advertisers/{self.ask('post', '/api/advertisers', advertiser_body()).json()['advertiser_id']}"
        )

    def address_of_a_part(self, kind: str, key: str) -> str:
        """The URL path of one of the parts, or of the advertiser if there are none."""
        rows = self.read(f"{self.here}/{kind}").json()["results"]
        return f"{self.here}/{kind}/{self.chance.choice(rows)[key]}" if rows else self.here

    def change(self) -> None:
        nowhere: dict[str, Any] = {"latitude": None, "longitude": None}
        place = self.chance.choice([nowhere, {"latitude": 52.520008, "longitude": 13.404954}])
        self.ask("patch", self.here, {"city": self.text(), "country": self.chance.choice([None, *PLACES]), **place})

    def set_contacts(self) -> None:
        kept = self.read(self.here).json()["contacts"]
        sent: list[dict[str, Any]] = [
            contact_body(contact_id=one["contact_id"], contact_name=self.text())
            for one in self.chance.sample(kept, self.chance.randint(0, len(kept)))
        ]
        new = range(self.chance.randint(1 - bool(sent), 2))
        sent += [contact_body(contact_name=self.text(), contact_phone="+49 30 901820") for _ in new]
        self.chance.choice(sent)["is_point_of_contact"] = True
        self.ask("patch", self.here, {"contacts": sent})

    def change_contact(self) -> None:
        body = {"contact_name": self.text(), "contact_type": self.chance.choice(["sales", "manager"])}
        self.ask("patch", self.address_of_a_part("contacts", "contact_id"), body)

    def drop_contact(self) -> None:
        self.ask("delete", self.address_of_a_part("contacts", "contact_id"))

    def add_account(self) -> None:
        body = bank_account_body(bank_name=self.text(), bank_account_iban=self.chance.choice([IBAN, OTHER_IBAN]))
        self.ask("post", f"{self.here}/bank-accounts", body)

    def change_account(self) -> None:
        body = {"bank_name": self.text(), "is_default": self.chance.choice([True, False])}
        self.ask("patch", self.address_of_a_part("bank-accounts", "bank_id"), body)


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("kind", [CampaignScenario, AdvertiserScenario])
def test_a_restored_document_is_the_original(
    kind: type[Scenario], seed: int, cast: Cast, client_for: ClientFor
) -> None:
    clients = [client_for(user) for user in (cast.app_admin, cast.owner, cast.system_admin)]
    scenario = kind(seed, clients, client_for(cast.content_moderator))

    scenario.play()

    assert scenario.done > STEPS / 2
    assert scenario.check() >= STEPS
