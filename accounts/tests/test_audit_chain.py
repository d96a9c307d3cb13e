"""The audit log proves itself: whatever is altered, moved, put in or taken away is found and named."""

import hashlib
import json
import random
from collections.abc import Callable
from io import StringIO
from weakref import WeakSet

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from accounts.audit.models import BEGINNING, SEAL_FORMATS, seal_of, values_of
from accounts.audit.sealing import seal_everything
from accounts.audit.verifying import walk
from accounts.models import AuditEntry, AuditSeal
from accounts.tests.forgeries import WAYS, forge, problems, write_entries

pytestmark = pytest.mark.django_db
# Each of so many mutations is found.
MUTATIONS = 1000


def verified(*arguments: str) -> str:
    out = StringIO()
    call_command("verify_audit_log", *arguments, stdout=out)
    return out.getvalue()


def test_a_whole_log_is_whole() -> None:
    write_entries(5)

    *_, whole, times, head = verified().splitlines()

    assert whole == "The audit log is whole. Entries: 5."
    first, last = AuditEntry.objects.earliest("pk").timestamp, AuditEntry.objects.latest("pk").timestamp
    assert times == f"From {first:%Y-%m-%d %H:%M:%S} UTC to {last:%Y-%m-%d %H:%M:%S} UTC."
    position, seal = head.split(":")
    assert AuditSeal.objects.get(position=int(position)).seal == seal


def test_an_empty_log_is_whole() -> None:
    assert verified() == "The audit log is whole. Entries: 0.\n"


@pytest.mark.matrix
def test_every_mutation_is_found_and_named(record_property: Callable[[str, object], None]) -> None:
    write_entries(20)
    seal_everything()
    keys = dict(AuditSeal.objects.values_list("position", "entry_id"))
    for number in range(MUTATIONS):
        chance = random.Random(number)  # noqa: S311 - a seed, so that a failure can be repeated
        way = WAYS[number % len(WAYS)]
        with transaction.atomic():
            touched = way(chance)
            found = problems()
            transaction.set_rollback(True)
        for position in touched:
            names = (f"Entry {keys.get(position, 0)} ", f"at position {position} ", f"Positions {position} to ")
            assert any(name in text for name in names for text in found), (number, way.__name__, touched, found)
        # Where a seal itself was touched, the entry after it has lost what it continued.
        most = 2 * len(touched) if "seal" in way.__name__ else len(touched)
        assert len(found) <= most, (number, way.__name__, touched, found)

    assert problems() == []
    record_property("audit_mutations_found", MUTATIONS)


def test_what_is_wrong_is_said_with_the_object_and_the_exit_code() -> None:
    write_entries(3)
    seal_everything()
    forge("UPDATE audit_log SET actor_name = 'Nobody' WHERE object_repr = 'Campaign 1'")
    out = StringIO()

    with pytest.raises(CommandError, match=r"not whole\. Problems: 1\. Entries checked: 3\."):
        call_command("verify_audit_log", stdout=out)

    entry = AuditEntry.objects.get(object_repr="Campaign 1")
    assert f"Entry {entry.pk} at position 2 (“Campaign 1”, " in out.getvalue()


def test_a_place_that_was_noted_tells_of_an_end_that_was_taken_away() -> None:
    write_entries(5)
    noted = verified().splitlines()[-1]
    assert "whole" in verified("--expect", noted)
    forge("DELETE FROM audit_log WHERE object_repr IN ('Campaign 3', 'Campaign 4')")
    forge("DELETE FROM audit_seals WHERE position > 3")

    assert "whole" in verified(), "nothing inside the database can tell"
    with pytest.raises(CommandError, match="not whole"):
        verified("--expect", noted)


def test_a_gap_hides_nothing_else() -> None:
    """Two seals and the entry behind them are gone: each of both is named."""
    write_entries(5)
    seal_everything()
    entry = AuditSeal.objects.get(position=4).entry_id
    forge("DELETE FROM audit_seals WHERE position IN (2, 3)")
    forge("DELETE FROM audit_log WHERE id = %s", entry)

    found = problems()
    assert found[:2] == ["Positions 2 to 3 are missing", f"Entry {entry} at position 4 is missing"]
    assert [text.partition("has no seal")[1] for text in found[2:]] == ["has no seal"] * 2


def test_a_place_that_was_noted_tells_of_a_chain_made_anew() -> None:
    write_entries(3)
    noted = verified().splitlines()[-1]
    forge("UPDATE audit_log SET actor_name = 'Nobody'")
    forge("DELETE FROM audit_seals")
    forge("INSERT INTO audit_entries_to_seal SELECT id FROM audit_log")

    assert "whole" in verified()
    with pytest.raises(CommandError, match="not whole"):
        verified("--expect", noted)


@pytest.mark.parametrize("odd", ["", "7", "7:abc", "x:" + "0" * 64, "-1:" + "0" * 64])
def test_a_place_that_is_none_is_refused(odd: str) -> None:
    with pytest.raises(CommandError, match="POSITION:SEAL"):
        call_command("verify_audit_log", f"--expect={odd}")


def test_the_seal_is_what_the_documentation_says() -> None:
    write_entries(1)
    seal_everything()
    out = StringIO()
    call_command("export_audit_log", stdout=out)
    values = json.loads(out.getvalue())
    seal, _, number = values.pop("seal"), values.pop("position"), values.pop("format")

    text = json.dumps(values, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    assert hashlib.sha256(f"{BEGINNING}\n{text}".encode()).hexdigest() == seal == seal_of(BEGINNING, values)
    assert number == max(SEAL_FORMATS)
    assert set(values) == set(SEAL_FORMATS[number])
    columns = {field.name for field in AuditEntry._meta.concrete_fields}
    assert columns - {"actor"} == set(SEAL_FORMATS[number]) - {"actor_id"}, "every column is sealed"


@pytest.mark.parametrize("size", [100, 400])
def test_memory_does_not_grow_with_the_log(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Entries are fetched by the chunk, and a chunk is let go before the next one comes."""
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
