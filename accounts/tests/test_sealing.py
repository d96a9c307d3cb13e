"""Sealing the audit log: in batches, by one process at a time, and without blocking writes."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from io import StringIO
from threading import Barrier
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.test import Client

from accounts.audit import sealing
from accounts.audit.sealing import lock_chain_head, seal_entries, seal_everything
from accounts.audit.seals import values_of
from accounts.models import AuditEntry, AuditEntryToSeal, AuditSeal, User
from accounts.tests.factories import UserFactory, make_cast
from accounts.tests.forgeries import problems, write_entries
from campaign_studio.tests.bodies import bearing, campaign_body, tokens_of
from campaigns.tests.factories import CampaignFactory

pytestmark = pytest.mark.django_db


def test_sealing_continues_where_it_stopped() -> None:
    write_entries(5)
    assert [seal_entries(limit=2) for _ in range(4)] == [2, 2, 1, 0]
    write_entries(1)
    assert seal_entries() == 1

    assert list(AuditSeal.objects.values_list("position", flat=True)) == [1, 2, 3, 4, 5, 6]
    assert not AuditEntryToSeal.objects.exists()
    assert problems() == []


def sealed_by_many(count: int) -> list[Any]:
    """Eight threads seal at the same time. Returns what each sealed, or the name of its error."""
    ready = Barrier(8)

    def seal() -> Any:
        try:
            connection.ensure_connection()
            ready.wait(timeout=30)
            return seal_entries()
        except Exception as error:
            return type(error).__name__
        finally:
            connection.close()

    write_entries(count)
    with ThreadPoolExecutor(8) as pool:
        return [one.result() for one in [pool.submit(seal) for _ in range(8)]]


@pytest.mark.django_db(transaction=True)
def test_simultaneous_sealing_makes_one_chain() -> None:
    sealed = sealed_by_many(50)
    seal_everything()

    assert all(isinstance(one, int) for one in sealed), sealed
    assert list(AuditSeal.objects.values_list("position", flat=True)) == list(range(1, 51))
    assert problems() == []


@pytest.mark.django_db(transaction=True)
def test_control_without_the_lock_simultaneous_sealing_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    read = Barrier(8)

    def unlocked(*, wait: bool) -> bool:
        return True

    def read_together(entry: AuditEntry, columns: tuple[str, ...]) -> dict[str, object]:
        read.wait(timeout=30)
        return values_of(entry, columns)

    monkeypatch.setattr(sealing, "lock_chain_head", unlocked)
    monkeypatch.setattr(sealing, "values_of", read_together)

    assert "IntegrityError" in sealed_by_many(1)


@pytest.mark.django_db(transaction=True)
def test_a_write_does_not_wait_for_sealing(monkeypatch: pytest.MonkeyPatch) -> None:
    client = bearing(tokens_of(make_cast().owner)["access_token"])
    seal_everything()
    monkeypatch.setattr(sealing, "EVERY", 0)

    def write() -> int:
        try:
            return int(client.post("/api/campaigns", campaign_body()).status_code)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool, transaction.atomic():
        lock_chain_head(wait=True)
        assert pool.submit(write).result(timeout=30) == 201
        assert AuditEntryToSeal.objects.exists()


@pytest.mark.parametrize("limit", ["lock_timeout", "statement_timeout"])
def test_a_command_waits_for_the_lock_without_a_time_limit(limit: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL {limit} = '1s'")
        lock_chain_head(wait=True)
        cursor.execute(f"SHOW {limit}")
        assert cursor.fetchone() == ("0",)


@pytest.mark.django_db(transaction=True)
def test_entries_are_sealed_once_they_are_committed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "EVERY", 0)
    CampaignFactory()
    assert AuditEntry.objects.count() == AuditSeal.objects.count() > 0

    with transaction.atomic():
        CampaignFactory()
        assert AuditEntryToSeal.objects.exists(), "not sealed before the commit"
    assert not AuditEntryToSeal.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_entries_that_are_rolled_back_are_not_sealed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "EVERY", 0)
    with transaction.atomic():
        with suppress(RuntimeError), transaction.atomic():
            CampaignFactory()
            raise RuntimeError
        CampaignFactory()

    assert AuditEntry.objects.count() == AuditSeal.objects.count() > 0
    assert problems() == []


@pytest.mark.django_db(transaction=True)
def test_a_burst_is_sealed_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "EVERY", float("inf"))
    for _ in range(3):
        CampaignFactory()
    assert not AuditSeal.objects.exists()

    out = StringIO()
    call_command("seal_audit_log", stdout=out)
    assert out.getvalue() == f"Sealed {AuditEntry.objects.count()} entries and events.\n"
    assert AuditSeal.objects.count() == AuditEntry.objects.count()


def test_the_last_seal_of_each_batch_is_logged_by_the_server(
    caplog: pytest.LogCaptureFixture, django_capture_on_commit_callbacks: Any
) -> None:
    write_entries(5)
    caplog.set_level("INFO", logger="accounts.audit.sealing")
    with django_capture_on_commit_callbacks(execute=True):
        seal_entries(limit=3)
        seal_entries()

    heads = [str(AuditSeal.objects.get(position=position)) for position in (3, 5)]
    assert caplog.messages == [f"Audit log sealed up to {head}" for head in heads]


@pytest.mark.django_db(transaction=True)
def test_a_failure_to_seal_does_not_affect_the_write(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*args: Any) -> str:
        raise RuntimeError

    client = bearing(tokens_of(make_cast().owner)["access_token"])
    monkeypatch.setattr(sealing, "seal_of", fails)
    monkeypatch.setattr(sealing, "EVERY", 0)

    assert client.post("/api/campaigns", campaign_body()).status_code == 201
    monkeypatch.undo()
    assert seal_everything() > 0


def test_the_page_of_an_entry_shows_its_seal(console_for: Callable[[User | None], Client]) -> None:
    browser = console_for(UserFactory(role_id="system_admin"))
    write_entries(1)
    page = f"/admin/accounts/auditentry/{AuditEntry.objects.get(object_repr='Campaign 0').pk}/change/"

    assert "Not sealed yet" in browser.get(page).text
    seal_everything()
    seal = AuditSeal.objects.get(entry_id=AuditEntry.objects.get(object_repr="Campaign 0").pk)
    assert f"{seal.position}:{seal.seal}" in browser.get(page).text
