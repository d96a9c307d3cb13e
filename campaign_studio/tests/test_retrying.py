"""Colliding transactions: one of them is rolled back and retried, unnoticed by clients."""

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from threading import Barrier, BrokenBarrierError
from typing import Any

import pytest
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.cache import cache
from django.core.management import call_command
from django.db import OperationalError, connection, transaction
from django.db.models.signals import post_save
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import AuditEntry, User
from accounts.tests.factories import Cast
from advertisers.models import AdvertiserBankAccount
from advertisers.tests.factories import AdvertiserBankAccountFactory
from campaign_studio import retrying
from campaign_studio.console.base import StudioAdmin
from campaign_studio.encryption import Secret
from campaign_studio.tests.bodies import bearing, campaign_body, stored, tokens_of
from campaign_studio.tests.browser import form_data, messages_of
from campaign_studio.tests.sabotage import failing, failing_first, whenever
from campaign_studio.tests.together import at_once
from campaigns.models import Campaign
from campaigns.tests.factories import CampaignFactory

pytestmark = pytest.mark.django_db(transaction=True)

ConsoleFor = Callable[[User | None], Client]
TARGETS = "campaign_audience_targeting"
DEADLOCK, NOT_SERIALIZABLE = "40P01", "40001"
BOTH = pytest.mark.parametrize("code", [DEADLOCK, NOT_SERIALIZABLE], ids=["deadlock", "serialization failure"])
EITHER_TIME = pytest.mark.parametrize("at_commit", [False, True], ids=["while writing", "at COMMIT"])


@pytest.fixture
def api(cast: Cast) -> APIClient:
    return bearing(tokens_of(cast.owner)["access_token"])


def create(api: APIClient) -> Any:
    """Create a campaign with a target, which is written last."""
    return api.post("/api/campaigns", campaign_body(audience_targeting=[{"region": "Europe", "country": "DE"}]))


# --- A real deadlock -------------------------------------------------------------------------------------------------


@contextmanager
def crossing() -> Iterator[None]:
    """Each request that changes a campaign locks the other one too, as soon as both have locked theirs."""
    both_have_theirs = Barrier(2)

    def reach(sender: Any, instance: Campaign, **kwargs: Any) -> None:
        # A retry runs alone and finds the barrier broken.
        with suppress(BrokenBarrierError):
            both_have_theirs.wait(timeout=30)
        both_have_theirs.abort()
        list(Campaign.objects.exclude(pk=instance.pk).select_for_update().values("pk"))

    post_save.connect(reach, sender=Campaign)
    try:
        yield
    finally:
        post_save.disconnect(reach, sender=Campaign)


def rename_two_at_once(owner: User) -> list[int]:
    """The statuses of two requests that deadlock."""
    campaigns = CampaignFactory.create_batch(2, campaign_created_by=owner)

    def rename(campaign: Campaign) -> Callable[[APIClient], Any]:
        return lambda api: api.patch(f"/api/campaigns/{campaign.pk}", {"campaign_name": f"New {campaign.pk}"})

    with crossing():
        answers = at_once(*map(rename, campaigns), token=tokens_of(owner)["access_token"])
    return sorted(answer.status_code for answer in answers)


def renamed() -> list[str]:
    """The campaigns with their new name and exactly one audit entry for it."""
    names = [campaign.campaign_name for campaign in Campaign.objects.all()]
    logged = AuditEntry.objects.filter(action=AuditEntry.Action.UPDATE).values_list("object_pk", flat=True)
    assert sorted(f"New {key}" for key in logged) == sorted(name for name in names if name.startswith("New "))
    return [name for name in names if name.startswith("New ")]


def test_two_requests_that_deadlock_both_succeed(cast: Cast) -> None:
    assert rename_two_at_once(cast.owner) == [200, 200]
    assert len(renamed()) == 2


def test_control_without_a_retry_one_of_them_fails(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retrying, "RETRIES", 0)

    assert rename_two_at_once(cast.owner) == [200, 503]
    assert len(renamed()) == 1


# --- Number of attempts, and side effects ----------------------------------------------------------------------------


@BOTH
@EITHER_TIME
def test_there_are_three_retries_at_most(code: str, at_commit: bool, api: APIClient) -> None:
    with whenever(TARGETS, failing_first(3, code), at_commit=at_commit):
        assert create(api).status_code == 201
    before = stored()
    with whenever(TARGETS, failing_first(4, code), at_commit=at_commit):
        answer = create(api)

    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert stored() == before
    assert Campaign.objects.count() == 1


@pytest.mark.parametrize("code", ["53100", "55P03", "57014"])
def test_a_permanent_error_is_not_retried(code: str, api: APIClient) -> None:
    with whenever(TARGETS, failing_first(1, code)):
        assert create(api).status_code == 503
        assert create(api).status_code == 201


def test_a_nested_transaction_is_not_retried() -> None:
    tried = []

    def write() -> None:
        tried.append(1)
        with transaction.atomic():
            connection.cursor().execute(f"DO $$BEGIN {failing(DEADLOCK)} END$$")

    with pytest.raises(OperationalError), transaction.atomic():
        retrying.retried(write)
    assert len(tried) == 1
    with pytest.raises(OperationalError):
        retrying.retried(write)
    assert len(tried) == 1 + 1 + retrying.RETRIES


def test_a_retried_request_is_counted_once(api: APIClient, settings: Any) -> None:
    settings.THROTTLE_USER = "100/day"
    cache.clear()
    with whenever(TARGETS, failing_first(2, DEADLOCK)):
        answer = create(api)

    assert (answer.status_code, answer["X-RateLimit-Remaining"]) == (201, "99")
    cache.clear()


def test_a_retried_request_with_an_idempotency_key_keeps_its_answer(api: APIClient) -> None:
    body = campaign_body(audience_targeting=[{"region": "Europe", "country": "DE"}])
    with whenever(TARGETS, failing_first(2, DEADLOCK), at_commit=True):
        first = api.post("/api/campaigns", body, HTTP_IDEMPOTENCY_KEY="once")

    again = api.post("/api/campaigns", body, HTTP_IDEMPOTENCY_KEY="once")
    assert (first.status_code, again.status_code, again.json()) == (201, 201, first.json())
    assert Campaign.objects.count() == 1


# --- The console -----------------------------------------------------------------------------------------------------


@BOTH
@EITHER_TIME
def test_the_console_retries_and_shows_its_message_once(
    code: str, at_commit: bool, cast: Cast, console_for: ConsoleFor
) -> None:
    address = f"/admin/campaigns/campaign/{CampaignFactory(campaign_created_by=cast.owner).pk}/change/"
    console = console_for(cast.owner)
    typed = form_data(console.get(address), campaign_name="Changed")
    with whenever("campaigns", failing_first(2, code), at_commit=at_commit):
        answer = console.post(address, typed, follow=True)

    assert answer.status_code == 200
    assert len(messages_of(answer)) == 1
    assert Campaign.objects.get().campaign_name == "Changed"
    assert AuditEntry.objects.filter(action=AuditEntry.Action.UPDATE).count() == 1


def test_messages_of_a_rolled_back_attempt_are_dropped(
    cast: Cast, console_for: ConsoleFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f"/admin/campaigns/campaign/{CampaignFactory(campaign_created_by=cast.owner).pk}/change/"
    console, attempts = console_for(cast.owner), []
    typed = form_data(console.get(address), campaign_name="Changed")
    respond = StudioAdmin.response_change

    def fail_late(self: Any, request: Any, obj: Any) -> Any:
        response = respond(self, request, obj)
        attempts.append(1)
        if len(attempts) < 3:
            connection.cursor().execute(f"DO $$BEGIN {failing(DEADLOCK)} END$$")
        return response

    monkeypatch.setattr(StudioAdmin, "response_change", fail_late)
    answer = console.post(address, typed, follow=True)

    assert len(attempts) == 3
    assert len(messages_of(answer)) == 1


@BOTH
@pytest.mark.parametrize("how", ["page", "action"])
def test_the_console_deletes_in_the_second_attempt(code: str, how: str, cast: Cast, console_for: ConsoleFor) -> None:
    campaign = CampaignFactory(campaign_created_by=cast.owner)
    console = console_for(cast.owner)
    page, sent = f"/admin/campaigns/campaign/{campaign.pk}/delete/", {"post": "yes"}
    if how == "action":
        page = "/admin/campaigns/campaign/"
        sent |= {"action": "delete_selected", ACTION_CHECKBOX_NAME: str(campaign.pk)}
    with whenever("audit_log", failing_first(1, code)):
        answer = console.post(page, sent, follow=True)

    assert not Campaign.objects.exists()
    assert len(messages_of(answer)) == 1
    assert AuditEntry.objects.filter(action=AuditEntry.Action.DELETE).count() == 1


# --- Commands --------------------------------------------------------------------------------------------------------


@BOTH
def test_expire_campaigns_retries(code: str, cast: Cast) -> None:
    day = timezone.localdate()
    over = CampaignFactory(campaign_start_date=day, campaign_end_date=day, campaign_status="active")
    out = io.StringIO()
    with whenever("campaigns", failing_first(2, code)):
        call_command("expire_campaigns", "--on", str(day + timedelta(days=1)), stdout=out)

    over.refresh_from_db()
    assert over.campaign_status == "expired"
    assert out.getvalue().startswith("1 ")


@BOTH
def test_re_encrypting_retries_and_counts_each_value_once(code: str, settings: Any) -> None:
    settings.ENCRYPTION_KEYS = ["old-key" * 6]
    AdvertiserBankAccountFactory.create_batch(3)
    numbers = list(AdvertiserBankAccount.objects.order_by("pk").values_list("bank_account_number", flat=True))
    settings.ENCRYPTION_KEYS = ["new-key" * 6, "old-key" * 6]
    out = io.StringIO()
    with whenever("advertiser_bank_accounts", failing_first(2, code)):
        call_command("rotate_encryption_key", stdout=out)

    settings.ENCRYPTION_KEYS = ["new-key" * 6]
    assert "Re-encrypted: 3." in out.getvalue()
    found = AdvertiserBankAccount.objects.order_by("pk").values_list("bank_account_number", flat=True)
    assert list(found) == numbers
    assert all(isinstance(number, Secret) for number in numbers)
