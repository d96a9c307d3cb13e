"""Every seal has a format, which names the columns it covers. Formats never change, so a new column breaks no seal."""

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
    """Three old entries sealed in the first format, then two sealed by a release with one more column."""
    write_entries(3)
    forge("UPDATE audit_log SET timestamp = timestamp - interval '200 days'")
    seal_everything()
    monkeypatch.setitem(SEAL_FORMATS, 2, (*SEAL_FORMATS[1], "content_type_id"))
    write_entries(2)
    seal_everything()


def formats() -> list[int]:
    return list(AuditSeal.objects.values_list("format", flat=True))


def test_the_first_format_never_changes() -> None:
    assert " ".join(SEAL_FORMATS[1]) == FORMAT_1


def test_seals_from_a_release_without_formats_have_the_first_format() -> None:
    write_entries(1)
    seal_everything()
    forge("INSERT INTO audit_seals (position, entry_id, seal) SELECT 2, 0, seal FROM audit_seals")

    assert formats() == [1, 1]


def test_a_new_column_leaves_old_seals_valid(format_2: None) -> None:
    assert formats() == [1, 1, 1, 2, 2]
    assert problems() == []


@pytest.mark.parametrize(("position", "claimed"), [(2, 2), (2, 7), (2, 0), (4, 1)])
def test_a_seal_with_the_wrong_format_is_found(format_2: None, position: int, claimed: int) -> None:
    forge("UPDATE audit_seals SET format = %s WHERE position = %s", claimed, position)

    (found,) = problems()
    assert f"at position {position} " in found


def test_the_chain_can_continue_from_a_pruned_seal_of_another_format(format_2: None) -> None:
    call_command("prune_audit_log", "--days", "100", stdout=StringIO())

    assert formats() == [2, 2, 2]
    assert problems() == []


def test_the_export_contains_the_format_of_each_seal(format_2: None) -> None:
    out = StringIO()
    call_command("export_audit_log", stdout=out)
    lines = [json.loads(line) for line in out.getvalue().splitlines()]

    assert [line["format"] for line in lines] == [1, 1, 1, 2, 2]
    assert {" ".join(line) for line in lines} == {f"position seal format {FORMAT_1}"}
