"""`Idempotency-Key`: a repeated POST gets the first answer and isn't executed again."""

import json
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from threading import Barrier
from typing import Any

import pytest
import time_machine
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import AuditEntry, User
from accounts.tests.factories import PASSWORD, Cast, make_cast
from ads.tests.factories import AdFactory
from advertisers.models import Advertiser
from advertisers.tests.factories import AdvertiserFactory
from campaign_studio.api import idempotency
from campaign_studio.api.base import StudioView
from campaign_studio.api.idempotency import KEY_FORMAT, KEY_WAS_USED
from campaign_studio.models import IdempotentAnswer
from campaign_studio.tests.bodies import (
    ad_body,
    advertiser_body,
    bank_account_body,
    bearing,
    campaign_body,
    contact_body,
    tokens_of,
    user_body,
)
from campaign_studio.tests.together import at_once
from campaigns.models import Campaign
from campaigns.tests.factories import CampaignFactory

pytestmark = pytest.mark.django_db
ClientFor = Callable[[User | None], APIClient]
KEY = {"Idempotency-Key": "0f9f1c1e-4a52-4a2c-9f1f-6f6a3c1d2b3a"}


@pytest.fixture
def client(cast: Cast, client_for: ClientFor) -> APIClient:
    """A system administrator's client."""
    return client_for(cast.system_admin)


class Crash(BaseException):
    """Simulates the death of the process."""


def below(parts: str) -> str:
    return f"/api/advertisers/{AdvertiserFactory().pk}/{parts}"


# Every POST with a body whose answer is kept, by URL.
POSTS: dict[str, tuple[Callable[[], str], Callable[[], dict[str, Any]]]] = {
    "campaign": (lambda: "/api/campaigns", campaign_body),
    "ad": (lambda: "/api/ads", lambda: ad_body(campaign_id=str(CampaignFactory().pk))),
    "ad below its campaign": (lambda: f"/api/campaigns/{CampaignFactory().pk}/ads", ad_body),
    "approve": (lambda: f"/api/ads/{AdFactory(rated=True).pk}/approve", lambda: {"note": "Fine"}),
    "reject": (lambda: f"/api/ads/{AdFactory(rated=True).pk}/reject", lambda: {"note": "Too loud"}),
    "shift": (lambda: f"/api/campaigns/{CampaignFactory().pk}/shift", lambda: {"days": 1}),
    "duplicate": (lambda: f"/api/campaigns/{CampaignFactory().pk}/duplicate", dict),
    "publish": (lambda: f"/api/campaigns/{CampaignFactory().pk}/publish", dict),
    "advertiser": (lambda: "/api/advertisers", advertiser_body),
    "contact": (lambda: below("contacts"), contact_body),
    "bank account": (lambda: below("bank-accounts"), bank_account_body),
    "user": (lambda: "/api/users", user_body),
}


@pytest.mark.parametrize("name", POSTS)
def test_a_repeated_request_gets_the_first_answer_and_is_not_executed_again(client: APIClient, name: str) -> None:
    new_address, new_body = POSTS[name]
    address, body = new_address(), new_body()

    first = client.post(address, body, headers=KEY)
    entries = AuditEntry.objects.count()
    second = client.post(address, body, headers=KEY)

    assert first.status_code in (200, 201), first.content
    assert (second.status_code, second.content) == (first.status_code, first.content)
    assert second.get("ETag") == first.get("ETag")
    assert ("Idempotency-Replayed" in first, second["Idempotency-Replayed"]) == (False, "true")
    assert AuditEntry.objects.count() == entries


@pytest.mark.parametrize(
    ("address", "body"), [("/api/campaigns", campaign_body(campaign_name="Other")), ("/api/users", campaign_body())]
)
def test_a_key_used_for_a_different_request_is_refused(client: APIClient, address: str, body: dict[str, Any]) -> None:
    client.post("/api/campaigns", campaign_body(), headers=KEY)

    answer = client.post(address, body, headers=KEY)

    assert (answer.status_code, answer.json()) == (409, {"detail": KEY_WAS_USED})
    assert Campaign.objects.count() == 1


def test_the_order_of_fields_does_not_matter(client: APIClient) -> None:
    body = campaign_body()
    first = client.post("/api/campaigns", body, headers=KEY)

    assert client.post("/api/campaigns", dict(reversed(body.items())), headers=KEY).content == first.content


def test_each_client_has_its_own_keys(cast: Cast, client_for: ClientFor) -> None:
    answers = [
        client_for(user).post("/api/campaigns", campaign_body(), headers=KEY) for user in (cast.owner, cast.colleague)
    ]

    assert [answer.status_code for answer in answers] == [201, 201]
    assert Campaign.objects.count() == 2


def test_a_refused_request_can_be_corrected_and_sent_with_the_same_key(client: APIClient) -> None:
    refused = client.post("/api/campaigns", campaign_body(campaign_name=""), headers=KEY)
    mended = client.post("/api/campaigns", campaign_body(), headers=KEY)

    assert (refused.status_code, mended.status_code) == (400, 201)


@pytest.mark.parametrize("key", ["", "two words", "schlüssel", "x" * 256, "tab\tulator"])
def test_a_malformed_key_is_refused(client: APIClient, key: str) -> None:
    answer = client.post("/api/campaigns", campaign_body(), HTTP_IDEMPOTENCY_KEY=key)

    assert (answer.status_code, answer.json()) == (400, {"detail": KEY_FORMAT})
    assert not Campaign.objects.exists()


def test_other_methods_ignore_the_key(client: APIClient) -> None:
    address = f"/api/campaigns/{CampaignFactory().pk}"
    for name in ("A", "B"):
        assert client.patch(address, {"campaign_name": name}, headers=KEY).json()["campaign_name"] == name


def test_an_answer_is_kept_for_a_day(client: APIClient) -> None:
    now = timezone.now()
    first = client.post("/api/campaigns", campaign_body(), headers=KEY)
    body = campaign_body()

    with time_machine.travel(now + timedelta(hours=23, minutes=59), tick=False):
        again = client.post("/api/campaigns", body, headers=KEY)
        call_command("prune_idempotency_keys", stdout=StringIO())
        assert IdempotentAnswer.objects.count() == 1
    with time_machine.travel(now + timedelta(hours=24, minutes=1), tick=False):
        anew = client.post("/api/campaigns", body, headers=KEY)

    assert again.content == first.content
    assert anew.status_code == 201
    assert anew.json()["campaign_id"] != first.json()["campaign_id"]


def test_a_command_deletes_old_answers(client: APIClient) -> None:
    client.post("/api/campaigns", campaign_body(), headers=KEY)
    out = StringIO()

    with time_machine.travel(timezone.now() + timedelta(hours=24, minutes=1), tick=False):
        call_command("prune_idempotency_keys", stdout=out)

    assert out.getvalue() == "Deleted 1 stored response.\n"
    assert not IdempotentAnswer.objects.exists()


def test_kept_answers_can_not_be_read_in_the_database(client: APIClient) -> None:
    created = client.post("/api/users", user_body(), headers=KEY)
    assert created.status_code == 201

    with connection.cursor() as cursor:
        cursor.execute("SELECT idempotent_answers::text FROM idempotent_answers")
        rows = [row for (row,) in cursor.fetchall()]

    assert len(rows) == 1
    for secret in (PASSWORD, "newcomer", created.json()["user_id"], KEY["Idempotency-Key"]):
        assert not any(secret in row for row in rows), secret


def eight_at_once() -> list[Any]:
    """Send the same request eight times concurrently."""
    token = tokens_of(make_cast().owner)["access_token"]
    body = campaign_body()
    return at_once(*[lambda client: client.post("/api/campaigns", body, headers=KEY)] * 8, token=token)


@pytest.mark.django_db(transaction=True)
def test_concurrent_requests_wait_for_the_first_answer() -> None:
    answers = eight_at_once()

    assert [answer.status_code for answer in answers] == [201] * 8
    assert len({answer.content for answer in answers}) == 1
    assert Counter("Idempotency-Replayed" in answer for answer in answers) == {True: 7, False: 1}
    assert Campaign.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_control_without_the_lock_the_request_is_executed_more_than_once(monkeypatch: pytest.MonkeyPatch) -> None:
    looked = Barrier(8)
    find_answer = idempotency.KeyedRequest.find_answer

    def look_up_together(keyed: idempotency.KeyedRequest) -> IdempotentAnswer | None:
        found = find_answer(keyed)
        looked.wait(timeout=30)
        return found

    monkeypatch.setattr(idempotency, "_lock", lambda key: None)
    monkeypatch.setattr(idempotency.KeyedRequest, "find_answer", look_up_together)

    eight_at_once()

    assert Campaign.objects.count() > 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", ["campaign", "advertiser"])
def test_after_a_crash_between_commit_and_response_the_request_is_not_executed_again(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = bearing(tokens_of(make_cast().system_admin)["access_token"])
    new_address, new_body = POSTS[name]
    address, body = new_address(), new_body()
    dispatch = StudioView.dispatch

    def dies(view: Any, *args: Any, **kwargs: Any) -> Any:
        dispatch(view, *args, **kwargs)
        raise Crash

    monkeypatch.setattr(StudioView, "dispatch", dies)
    with pytest.raises(Crash):
        client.post(address, body, headers=KEY)
    monkeypatch.undo()
    answer = client.post(address, body, headers=KEY)

    assert (answer.status_code, answer["Idempotency-Replayed"]) == (201, "true")
    assert (Campaign.objects.count(), Advertiser.objects.count()) in ((1, 0), (0, 1))


@pytest.mark.django_db(transaction=True)
def test_after_a_crash_before_the_commit_the_request_can_be_repeated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    client = bearing(tokens_of(make_cast().owner)["access_token"])

    def dies(*args: Any) -> None:
        raise Crash

    monkeypatch.setattr(idempotency.KeyedRequest, "keep", dies)
    with pytest.raises(Crash):
        client.post("/api/campaigns", campaign_body(), headers=KEY)
    monkeypatch.undo()
    assert not Campaign.objects.exists()

    answer = client.post("/api/campaigns", campaign_body(), headers=KEY)
    assert (answer.status_code, "Idempotency-Replayed" in answer) == (201, False)


def test_every_post_documents_the_header_unless_it_is_ignored() -> None:
    document = json.loads(Client().get("/api/openapi.json").content)
    silent = [
        path
        for path, operations in document["paths"].items()
        if "post" in operations
        and "Idempotency-Key" not in {one["name"] for one in operations["post"].get("parameters", [])}
    ]

    others = [path for path in silent if not path.startswith("/api/auth/") and not path.endswith("/reveal")]
    assert others == ["/api/devices", "/api/devices/{device_id}/rotate-key"], "their answers contain a key"
    assert len(silent) >= 8
