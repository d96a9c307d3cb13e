"""Two server processes on one database respect each other's locks and constraints.

Each round sends its requests concurrently, half of them to each process. test_race_controls.py shows that the
invariants break without the locks.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

from accounts.models import AuditEntry, User
from accounts.tests.factories import UserFactory, make_cast
from ads.models import Ad, AdTimeSlot, AdView, Device
from ads.tests.factories import DEVICE_KEY, AdFactory, DeviceFactory
from ads.tests.screens import ADDRESS as VIEWS
from ads.tests.screens import view
from advertisers.models import AdvertiserBankAccount
from advertisers.tests.factories import AdvertiserFactory
from campaign_studio.tests.bodies import ad_body, bank_account_body, campaign_body, tokens_of
from campaign_studio.tests.servers import Answer, running, send
from campaigns.choices import Status
from campaigns.models import Campaign
from campaigns.tests.factories import CampaignFactory

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.matrix]

# A normal run has a few rounds; `RACE_ROUNDS=200` has many.
ROUNDS = int(os.environ.get("RACE_ROUNDS", "3"))
AT_ONCE = 16


@pytest.fixture
def servers() -> Iterator[list[str]]:
    """Restarted for each test, because they cache keys of rows that the tests' clean-up reuses."""
    with running(2) as addresses:
        yield addresses


@pytest.fixture
def proxied() -> Iterator[list[str]]:
    """Servers that believe the proxy on this computer, which says where a request comes from."""
    production = {"DEBUG": "false", "PUBLIC_URL": "https://studio.example.com", "SECURE_SSL_REDIRECT": "false"}
    with running(2, TRUSTED_PROXIES="127.0.0.1", **production) as addresses:
        yield addresses


@pytest.fixture
def owner() -> User:
    return make_cast().owner


def at_once(servers: list[str], owner: User, requests: list[tuple[str, str, Any]], **headers: str) -> list[Answer]:
    """Send the requests (method, path, body) concurrently to both processes in turn; return the responses in order."""
    token = tokens_of(owner)["access_token"]
    ready = Barrier(len(requests))

    def one(number: int) -> Answer:
        method, path, body = requests[number]
        ready.wait(timeout=30)
        return send(method, f"{servers[number % len(servers)]}{path}", body, token, **headers)

    with ThreadPoolExecutor(len(requests)) as pool:
        return list(pool.map(one, range(len(requests))))


def statuses(answers: list[Answer]) -> Counter[int]:
    return Counter(answer.status for answer in answers)


def each_round(play: Callable[[], None], record_property: Callable[[str, object], None]) -> None:
    for _ in range(ROUNDS):
        play()
    record_property("race_rounds", ROUNDS)


def test_the_seventh_ad(servers: list[str], owner: User, record_property: Any) -> None:
    def play() -> None:
        campaign = CampaignFactory(campaign_created_by=owner)
        AdFactory.create_batch(5, campaign=campaign)
        body = ad_body(campaign_id=str(campaign.pk))

        answers = at_once(servers, owner, [("POST", "/api/ads", body)] * AT_ONCE)

        assert statuses(answers) == {201: 1, 400: AT_ONCE - 1}, answers
        assert campaign.ads.count() == 6

    each_round(play, record_property)


def test_the_second_default_bank_account(servers: list[str], owner: User, record_property: Any) -> None:
    def play() -> None:
        advertiser = AdvertiserFactory()
        path = f"/api/advertisers/{advertiser.pk}/bank-accounts"

        answers = at_once(servers, owner, [("POST", path, bank_account_body(is_default=True))] * AT_ONCE)

        assert statuses(answers) == {201: AT_ONCE}, answers
        assert AdvertiserBankAccount.objects.filter(advertiser=advertiser, is_default=True).count() == 1

    each_round(play, record_property)


def test_overlapping_slots(servers: list[str], owner: User, record_property: Any) -> None:
    def play() -> None:
        ad = AdFactory(campaign=CampaignFactory(campaign_created_by=owner))
        slots = [
            [{"time_slot_start": f"{hour:02}:00", "time_slot_end": f"{hour + 2:02}:00"}] for hour in range(AT_ONCE)
        ]

        answers = at_once(servers, owner, [("PATCH", f"/api/ads/{ad.pk}", {"time_slots": slot}) for slot in slots])

        assert statuses(answers) == {200: AT_ONCE}, answers
        assert AdTimeSlot.objects.filter(ad=ad).count() == 1, "each list replaces the one before"

    each_round(play, record_property)


def test_a_double_delete(servers: list[str], owner: User, record_property: Any) -> None:
    def play() -> None:
        campaign = AdFactory(campaign=CampaignFactory(campaign_created_by=owner)).campaign

        answers = at_once(servers, owner, [("DELETE", f"/api/campaigns/{campaign.pk}", None)] * AT_ONCE)

        assert statuses(answers) == {204: 1, 404: AT_ONCE - 1}, answers

    each_round(play, record_property)


def test_a_delete_while_children_are_added(servers: list[str], owner: User, record_property: Any) -> None:
    def play() -> None:
        campaign = CampaignFactory(campaign_created_by=owner)
        arriving = ("POST", "/api/ads", ad_body(campaign_id=str(campaign.pk)))

        answers = at_once(servers, owner, [("DELETE", f"/api/campaigns/{campaign.pk}", None), *[arriving] * 7])

        assert answers[0].status == 204, answers
        assert set(statuses(answers[1:])) <= {201, 400}, answers
        assert not Ad.objects.filter(campaign_id=campaign.pk).exists()
        assert not Campaign.objects.filter(pk=campaign.pk).exists()

    each_round(play, record_property)


def test_a_double_publish(servers: list[str], owner: User, record_property: Any) -> None:
    def play() -> None:
        campaign = CampaignFactory(campaign_created_by=owner)

        answers = at_once(
            servers,
            owner,
            [("PATCH", f"/api/campaigns/{campaign.pk}", {"campaign_status": Status.ACTIVE.value})] * AT_ONCE,
        )

        assert statuses(answers) == {200: AT_ONCE}, answers
        entries = AuditEntry.objects.filter(object_pk=str(campaign.pk), changes__has_key="campaign_status")
        published = [entry for entry in entries if entry.changes["campaign_status"] == ["draft", "active"]]
        assert len(published) == 1

    each_round(play, record_property)


def test_the_same_version_changed_twice(servers: list[str], owner: User, record_property: Any) -> None:
    def play() -> None:
        path = f"/api/campaigns/{CampaignFactory(campaign_created_by=owner).pk}"
        etag = at_once(servers, owner, [("GET", path, None)])[0].headers["ETag"]

        answers = at_once(
            servers,
            owner,
            [("PATCH", path, {"campaign_name": f"Number {number}"}) for number in range(AT_ONCE)],
            **{"If-Match": etag},
        )

        assert statuses(answers) == {200: 1, 412: AT_ONCE - 1}, answers

    each_round(play, record_property)


def test_the_same_idempotency_key(servers: list[str], owner: User, record_property: Any) -> None:
    rounds = iter(range(ROUNDS))

    def play() -> None:
        before = Campaign.objects.count()

        answers = at_once(
            servers,
            owner,
            [("POST", "/api/campaigns", campaign_body())] * AT_ONCE,
            **{"Idempotency-Key": f"round-{next(rounds)}"},
        )

        assert statuses(answers) == {201: AT_ONCE}, answers
        assert len({answer.body["campaign_id"] for answer in answers}) == 1
        assert Campaign.objects.count() == before + 1

    each_round(play, record_property)


def test_a_refresh_token(servers: list[str], owner: User, record_property: Any) -> None:
    def play() -> None:
        token = tokens_of(owner)["refresh_token"]

        answers = at_once(servers, owner, [("POST", "/api/auth/refresh", {"refresh_token": token})] * AT_ONCE)

        assert statuses(answers) == {200: AT_ONCE}, answers
        assert len({answer.body["refresh_token"] for answer in answers}) == 1

    each_round(play, record_property)


def test_guesses_from_one_ipv6_network(proxied: list[str], record_property: Any) -> None:
    def play() -> None:
        user = UserFactory()
        body = {"username": user.username, "password": "wrong"}

        def guess(number: int) -> Answer:
            forwarded = {"X-Forwarded-For": f"2001:db8:1:1::{number}"}
            return send("POST", f"{proxied[number % 2]}/api/auth/login", body, **forwarded)

        with ThreadPoolExecutor(AT_ONCE) as pool:
            answers = list(pool.map(guess, range(AT_ONCE)))

        assert statuses(answers) == {401: 5, 429: AT_ONCE - 5}, answers

    each_round(play, record_property)


def test_guesses_from_many_addresses(proxied: list[str], record_property: Any) -> None:
    def play() -> None:
        user = UserFactory()
        body = {"username": user.username, "password": "wrong"}

        def guess(number: int) -> Answer:
            forwarded = {"X-Forwarded-For": f"198.51.100.{number}"}
            return send("POST", f"{proxied[number % 2]}/api/auth/login", body, **forwarded)

        with ThreadPoolExecutor(AT_ONCE) as pool:
            answers = list(pool.map(guess, range(40)))

        assert statuses(answers) == {401: 20, 429: 20}, answers

    each_round(play, record_property)


def test_the_same_view(servers: list[str], owner: User, record_property: Any) -> None:
    def play() -> None:
        device = DeviceFactory()
        body = [view(AdFactory())]

        answers = at_once(servers, owner, [("POST", VIEWS, body)] * AT_ONCE, Authorization=credentials(device))

        assert statuses(answers) == {200: AT_ONCE}, answers
        assert sum(answer.body["accepted"] for answer in answers) == 1
        assert sum(answer.body["duplicates"] for answer in answers) == AT_ONCE - 1

    each_round(play, record_property)


def test_more_seconds_than_a_quarter_hour_has(servers: list[str], owner: User, record_property: Any) -> None:
    def play() -> None:
        device, ads = DeviceFactory(), AdFactory.create_batch(4)
        bodies = [[view(ads[city % 4], city=f"City {city}", duration_seconds=100)] for city in range(AT_ONCE)]

        reports = [("POST", VIEWS, body) for body in bodies]
        answers = at_once(servers, owner, reports, Authorization=credentials(device))

        assert statuses(answers) == {200: AT_ONCE}, answers
        assert sum(answer.body["accepted"] for answer in answers) == 9
        assert {one["code"] for answer in answers for one in answer.body["rejected"]} == {"too_long"}
        assert sum(AdView.objects.filter(device_id=device.pk).values_list("duration_seconds", flat=True)) == 900

    each_round(play, record_property)


def credentials(device: Device) -> str:
    return f"Device {device.pk}:{DEVICE_KEY}"
