"""Verifying the audit log: every entry that was altered, moved, inserted or deleted is found and named."""

import hashlib
import hmac
import json
import random
from collections.abc import Callable
from io import StringIO
from weakref import WeakSet

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import transaction

from accounts.audit.history import timestamp
from accounts.audit.sealing import seal_everything
from accounts.audit.seals import BEGINNING, SEAL_FORMATS, newest_format, seal_of, values_of
from accounts.audit.verifying import unsealed, walk
from accounts.models import AuditEntry, AuditSeal, SecurityEvent
from accounts.tests.forgeries import WAYS, forge, problems, problems_of_seals, unguarded, write_entries

pytestmark = pytest.mark.django_db
MUTATIONS = 1000


def verified(*arguments: str) -> str:
    out = StringIO()
    call_command("verify_audit_log", *arguments, stdout=out)
    return out.getvalue()


def test_an_intact_log_is_summarised() -> None:
    write_entries(5)

    *_, intact, times, head = verified().splitlines()

    assert intact == "The audit log is intact. Seals checked: 5."
    first, last = AuditEntry.objects.earliest("pk").timestamp, AuditEntry.objects.latest("pk").timestamp
    assert times == f"The first entry is from {timestamp(first)}, the last one from {timestamp(last)}."
    position, seal = head.split(":")
    assert AuditSeal.objects.get(position=int(position)).seal == seal


def test_an_empty_log_is_intact() -> None:
    assert verified().endswith(" 0.\n")


@pytest.mark.matrix
def test_every_mutation_is_found_and_named(record_property: Callable[[str, object], None]) -> None:
    write_entries(20)
    seal_everything()
    keys = dict(AuditSeal.objects.values_list("position", "entry_id"))
    with unguarded():
        for number in range(MUTATIONS):
            chance = random.Random(number)  # noqa: S311 - a seed, so that a failure can be repeated
            way = WAYS[number % len(WAYS)]
            with transaction.atomic():
                touched = way(chance)
                found = [*problems_of_seals(), *unsealed()]
                transaction.set_rollback(True)
            for position in touched:
                names = (
                    f"Entry {keys.get(position, 0)} ",
                    f"at position {position} ",
                    f"Position {position} is",
                    f"Positions {position} to ",
                )
                assert any(name in text for name in names for text in found), (number, way.__name__, touched, found)
            # If a seal itself was changed, the entry after it no longer continues the chain.
            most = 2 * len(touched) if "seal" in way.__name__ else len(touched)
            assert len(found) <= most, (number, way.__name__, touched, found)

    assert problems() == []
    record_property("audit_mutations_found", MUTATIONS)


def test_a_problem_is_reported_with_the_object_and_makes_the_command_fail() -> None:
    write_entries(3)
    seal_everything()
    forge("UPDATE audit_log SET actor_name = 'Nobody' WHERE object_repr = 'Campaign 1'")
    out = StringIO()

    with pytest.raises(CommandError, match=r"not intact\. Problems found: 1\. Seals checked: 3\."):
        call_command("verify_audit_log", stdout=out)

    entry = AuditEntry.objects.get(object_repr="Campaign 1")
    when = timestamp(entry.timestamp)
    assert out.getvalue().startswith(f"Entry {entry.pk} at position 2 (“Campaign 1”, {when}) was altered or moved, or ")
    assert out.getvalue().count("\n") == 1


def test_an_expected_seal_reveals_that_the_end_of_the_log_was_deleted() -> None:
    write_entries(5)
    noted = verified().splitlines()[-1]
    assert verified("--expect", noted)
    forge("DELETE FROM audit_log WHERE object_repr IN ('Campaign 3', 'Campaign 4')")
    forge("DELETE FROM audit_seals WHERE position > 3")

    assert verified(), "the database alone contains no trace of it"
    with pytest.raises(CommandError, match="not intact"):
        verified("--expect", noted)


def test_a_gap_hides_no_other_problem() -> None:
    """If two seals and the entry after them are missing, both problems are named."""
    write_entries(5)
    seal_everything()
    entry = AuditSeal.objects.get(position=4).entry_id
    forge("DELETE FROM audit_seals WHERE position IN (2, 3)")
    forge("DELETE FROM audit_log WHERE id = %s", entry)

    found = problems()
    assert found[:2] == ["Positions 2 to 3 are missing.", f"Entry {entry} at position 4 is missing."]
    assert [text.partition("has no seal")[1] for text in found[2:]] == ["has no seal"] * 2


def test_a_single_missing_position_is_named_in_the_singular() -> None:
    write_entries(3)
    seal_everything()
    forge("DELETE FROM audit_seals WHERE position = 2")
    assert problems()[0] == "Position 2 is missing."

    forge("DELETE FROM audit_seals WHERE position = 1")
    forge("UPDATE audit_seals SET position = 2 WHERE position = 3")
    assert problems()[0] == "Position 1 is missing, and no audit entry records that it was pruned."


def test_an_expected_seal_reveals_that_all_seals_were_replaced() -> None:
    write_entries(3)
    noted = verified().splitlines()[-1]
    forge("UPDATE audit_log SET actor_name = 'Nobody'")
    forge("DELETE FROM audit_seals")
    forge("INSERT INTO audit_entries_to_seal SELECT id FROM audit_log")

    assert verified()
    with pytest.raises(CommandError, match="not intact"):
        verified("--expect", noted)


@pytest.mark.parametrize("value", ["", "7", "7:abc", "x:" + "0" * 64, "-1:" + "0" * 64])
def test_a_malformed_expected_seal_is_refused(value: str) -> None:
    with pytest.raises(CommandError, match="POSITION:SEAL"):
        call_command("verify_audit_log", f"--expect={value}")


def test_a_seal_is_computed_as_documented() -> None:
    write_entries(1)
    seal_everything()
    out = StringIO()
    call_command("export_audit_log", stdout=out)
    values = json.loads(out.getvalue())
    seal, number = values.pop("seal"), values.pop("format")
    assert (values.pop("position"), values.pop("previous_seal")) == (1, BEGINNING)

    message = f"{BEGINNING}\n{json.dumps(values, sort_keys=True, ensure_ascii=False, separators=(',', ':'))}".encode()
    key = settings.SEAL_KEYS[0]
    assert hmac.new(key.encode(), message, hashlib.sha256).hexdigest() == seal == seal_of(BEGINNING, values, key=key)
    assert hashlib.sha256(message).hexdigest() == seal_of(BEGINNING, values, key=None)
    assert number == newest_format("entry")
    assert set(values) == set(SEAL_FORMATS[number].columns)


def test_every_column_is_sealed() -> None:
    entry, event = (SEAL_FORMATS[newest_format(kind)].columns for kind in ("entry", "event"))

    assert {field.attname for field in AuditEntry._meta.concrete_fields} - {"content_type_id"} == {*entry} - {
        "content_type"
    }
    assert {field.attname for field in SecurityEvent._meta.concrete_fields} == {*event}


@pytest.mark.parametrize("size", [100, 400])
def test_memory_does_not_grow_with_the_log(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Entries are fetched in chunks, and each chunk is released before the next one is fetched."""
    write_entries(size)
    seal_everything()
    monkeypatch.setattr("accounts.audit.verifying.CHUNK", 50)
    alive: WeakSet[AuditEntry] = WeakSet()
    most = 0

    def watched(entry: AuditEntry, columns: tuple[str, ...]) -> dict[str, object]:
        nonlocal most
        alive.add(entry)
        most = max(most, len(alive))
        return values_of(entry, columns)

    monkeypatch.setattr("accounts.audit.verifying.values_of", watched)

    assert sum(1 for _ in walk()) == size
    assert most <= 100
