"""A seal says its format: which columns it covers. Formats never change, so a new column breaks no seal."""

import json
from io import StringIO

import pytest
from django.core.management import call_command

from accounts.audit.models import SEAL_FORMATS
from accounts.audit.sealing import seal_everything
from accounts.models import AuditSeal
from accounts.tests.forgeries import forge, problems, write_entries

pytestmark = pytest.mark.django_db

FORMAT_1 = (
    "id timestamp action content_type object_pk object_id object_repr changes changes_text serialized_data "
    "additional_data parent_id actor_id actor_username actor_name actor_email door remote_addr remote_port cid"
)


@pytest.fixture
def format_2(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three old entries in the first format, then two that a release with one more column has sealed."""
    write_entries(3)
    forge("UPDATE audit_log SET timestamp = timestamp - interval '200 days'")
    seal_everything()
    monkeypatch.setitem(SEAL_FORMATS, 2, (*SEAL_FORMATS[1], "content_type_id"))
    write_entries(2)
    seal_everything()


def formats() -> list[int]:
    return list(AuditSeal.objects.values_list("format", flat=True))


def test_the_first_format_is_what_it_always_was() -> None:
    assert " ".join(SEAL_FORMATS[1]) == FORMAT_1


def test_seals_of_a_release_without_formats_are_of_the_first() -> None:
    write_entries(1)
    seal_everything()
    forge("INSERT INTO audit_seals (position, entry_id, seal) SELECT 2, 0, seal FROM audit_seals")

    assert formats() == [1, 1]


def test_a_new_column_leaves_old_seals_whole(format_2: None) -> None:
    assert formats() == [1, 1, 1, 2, 2]
    assert problems() == []


@pytest.mark.parametrize(("position", "claimed"), [(2, 2), (2, 7), (2, 0), (4, 1)])
def test_another_format_than_the_one_it_was_sealed_in_is_found(format_2: None, position: int, claimed: int) -> None:
    forge("UPDATE audit_seals SET format = %s WHERE position = %s", claimed, position)

    (found,) = problems()
    assert f"at position {position} " in found


def test_what_stays_after_a_removal_goes_on_from_a_seal_of_another_format(format_2: None) -> None:
    out = StringIO()
    call_command("prune_audit_log", "--days", "100", stdout=out)

    assert out.getvalue() == "Removed: audit entries 3, security events 0.\n"
    assert formats() == [2, 2, 2]
    assert problems() == []


def test_the_export_says_each_format_and_names_its_columns_by_itself(format_2: None) -> None:
    out = StringIO()
    call_command("export_audit_log", stdout=out)
    lines = [json.loads(line) for line in out.getvalue().splitlines()]

    assert [line["format"] for line in lines] == [1, 1, 1, 2, 2]
    assert {" ".join(line) for line in lines} == {f"position seal format {FORMAT_1}"}
