"""Seals have a key that the database doesn't know: whoever can write everything there can't make them anew."""

import hashlib
import json
from importlib import import_module
from io import StringIO
from typing import Any

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection, transaction

from accounts.audit.sealing import seal_everything
from accounts.audit.seals import BEGINNING, SEAL_FORMATS, seal_of, values_of
from accounts.choices import SecurityEventKind
from accounts.models import AuditEntry, AuditEntryToSeal, AuditSeal, SecurityEvent
from accounts.tests.forgeries import forge, problems, unguarded, write_entries

pytestmark = pytest.mark.django_db

OLD, NEW = "an-old-key-of-seals-of-more-than-32-characters", "the-new-key-of-seals-of-more-than-32-characters"


def seal_without_key() -> None:
    """Seal as the release before keys did: in format 1."""
    last = AuditSeal.objects.last()
    position, seal = (last.position, last.seal) if last else (0, BEGINNING)
    with unguarded():
        for entry in AuditEntry.objects.exclude(pk__in=AuditSeal.objects.values("entry_id")).order_by("pk"):
            position, seal = position + 1, seal_of(seal, values_of(entry, SEAL_FORMATS[1].columns), key=None)
            AuditSeal.objects.create(position=position, entry_id=entry.pk, seal=seal, format=1)
    AuditEntryToSeal.objects.filter(event_id=None).delete()


def test_a_key_can_be_changed_and_old_seals_stay_valid(settings: Any) -> None:
    settings.SEAL_KEYS = [OLD]
    write_entries(3)
    seal_everything()
    settings.SEAL_KEYS = [NEW, OLD]
    write_entries(2)
    seal_everything()

    assert problems() == []
    settings.SEAL_KEYS = [OLD, NEW]
    assert problems() == []


@pytest.mark.parametrize(("listed", "sealed_with_another"), [([NEW], [1, 2, 3]), ([OLD], [4, 5])])
def test_each_seal_whose_key_is_not_listed_is_named(
    listed: list[str], sealed_with_another: list[int], settings: Any
) -> None:
    test_a_key_can_be_changed_and_old_seals_stay_valid(settings)
    settings.SEAL_KEYS = listed

    found = problems()
    assert len(found) == len(sealed_with_another)
    for position, problem in zip(sealed_with_another, found, strict=True):
        assert f"at position {position} " in problem
        assert "or sealed with a key that isn't in SEAL_KEYS" in problem


def test_events_are_sealed_in_the_same_chain() -> None:
    write_entries(1)
    SecurityEvent.objects.record(SecurityEventKind.LOGIN_OK, None)
    write_entries(1)
    seal_everything()

    assert list(AuditSeal.objects.values_list("position", "format")) == [(1, 2), (2, 3), (3, 2)]
    assert AuditSeal.objects.get(position=2).event_id == SecurityEvent.objects.get().pk
    assert problems() == []


def test_a_log_of_events_alone_is_verified() -> None:
    SecurityEvent.objects.record(SecurityEventKind.LOGIN_FAILED, None)
    out = StringIO()
    call_command("verify_audit_log", stdout=out)

    assert out.getvalue() == f"The audit log is intact. Seals checked: 1.\n{AuditSeal.objects.get()}\n"


def test_an_event_waits_for_its_seal_however_it_was_written() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO security_events (event_id, happened_at, kind, user_agent, detail)"
            " VALUES (gen_random_uuid(), now(), 'login_ok', '', '')"
        )

    assert seal_everything() == 1
    assert problems() == []


@pytest.mark.django_db(transaction=True)
def test_an_event_in_a_transaction_of_its_own_is_sealed_although_the_request_fails(monkeypatch: Any) -> None:
    monkeypatch.setattr("accounts.audit.sealing.EVERY", 0)
    SecurityEvent.objects.record(SecurityEventKind.PERMISSION_REFUSED, None)
    with transaction.atomic():
        SecurityEvent.objects.record(SecurityEventKind.LOGIN_OK, None)
        transaction.set_rollback(True)

    assert [seal.event_id for seal in AuditSeal.objects.all()] == [SecurityEvent.objects.get().pk]
    assert problems() == []


def test_what_is_sealed_already_gets_no_second_seal() -> None:
    write_entries(2)
    seal_everything()
    forge("INSERT INTO audit_entries_to_seal (entry_id) SELECT entry_id FROM audit_seals")
    write_entries(1)
    seal_everything()

    assert AuditSeal.objects.count() == 3
    assert not AuditEntryToSeal.objects.exists()
    assert problems() == []


def test_what_was_deleted_while_waiting_does_not_stop_the_sealing() -> None:
    forge("INSERT INTO audit_entries_to_seal (entry_id) VALUES (0)")
    write_entries(1)

    assert seal_everything() == 1
    assert problems() == ["Entry 0 is missing: it was deleted before it was sealed."]


def test_seals_without_a_key_stay_valid_up_to_the_first_with_one() -> None:
    write_entries(2)
    seal_without_key()
    hand_over()
    write_entries(1)
    seal_everything()

    assert list(AuditSeal.objects.values_list("format", flat=True)) == [1, 1, 2, 2]
    assert problems() == []


def hand_over() -> None:
    """As the migration does for an installation of the release before."""
    import_module("accounts.migrations.0011_keyed_seals").hand_over(apps, None)


def test_the_first_seal_with_a_key_vouches_for_those_before() -> None:
    write_entries(2)
    seal_without_key()
    hand_over()
    forge("UPDATE audit_log SET actor_name = 'Nobody' WHERE object_repr = 'Campaign 0'")
    forge("DELETE FROM audit_seals WHERE format = 1")
    previous = BEGINNING
    for position, entry in enumerate(AuditEntry.objects.filter(object_repr__startswith="Campaign").order_by("pk"), 1):
        previous = seal_of(previous, values_of(entry, SEAL_FORMATS[1].columns), key=None)
        values = (position, entry.pk, previous)
        forge("INSERT INTO audit_seals (position, entry_id, seal, format) VALUES (%s, %s, %s, 1)", *values)

    (found,) = problems()
    assert "at position 3 (“Audit log”" in found


def test_a_chain_made_anew_without_a_key_is_found_and_not_continued() -> None:
    write_entries(3)
    seal_everything()
    forge("UPDATE audit_log SET actor_name = 'Nobody' WHERE object_repr = 'Campaign 1'")
    forge("DELETE FROM audit_seals")
    seal_without_key()
    write_entries(1)

    assert seal_everything() == 0, "a seal with a key would vouch for the forgery"
    (found,) = problems()
    assert found.startswith("The seal at position 3, the last one, has format 1, which needs no key")


def test_the_handover_is_sealed_with_the_key_and_described() -> None:
    write_entries(1)
    seal_without_key()
    hand_over()
    hand_over()

    entry = AuditEntry.objects.get(object_repr="Audit log")
    assert entry.changes == {"seals": ["SHA-256", "HMAC-SHA256"], "up_to_position": [None, "1"]}
    assert (entry.actor_name, entry.get_action_display()) == ("migrate", "update")
    assert not AuditEntryToSeal.objects.exists()


def test_a_seal_without_a_key_is_computed_as_ever() -> None:
    text = json.dumps({"a": 1}, separators=(",", ":"))

    assert seal_of(BEGINNING, {"a": 1}, key=None) == hashlib.sha256(f"{BEGINNING}\n{text}".encode()).hexdigest()
