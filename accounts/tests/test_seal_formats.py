"""Every seal has a format, which names the columns it covers. Formats never change, so a new column breaks no seal."""

import json
from io import StringIO

import pytest
from django.core.management import call_command

from accounts.audit.sealing import seal_everything
from accounts.audit.seals import SEAL_FORMATS, SealFormat
from accounts.models import AuditSeal
from accounts.tests.forgeries import forge, problems, write_entries

pytestmark = pytest.mark.django_db

FORMAT_1 = (
    "id timestamp action content_type object_pk object_id object_repr changes changes_text serialized_data "
    "additional_data parent_id actor_id actor_username actor_name actor_email door remote_addr remote_port cid"
)


FORMAT_3 = "event_id happened_at kind user_id username actor_username remote_addr user_agent door request_id detail"


@pytest.fixture
def format_4(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three old entries sealed in this release, then two sealed by a release with one more column."""
    write_entries(3)
    forge("UPDATE audit_log SET timestamp = timestamp - interval '200 days'")
    seal_everything()
    with_one_more = SealFormat("entry", (*SEAL_FORMATS[2].columns, "content_type_id"), is_keyed=True)
    monkeypatch.setitem(SEAL_FORMATS, 4, with_one_more)
    write_entries(2)
    seal_everything()


def formats() -> list[int]:
    return list(AuditSeal.objects.values_list("format", flat=True))


def test_the_formats_never_change() -> None:
    assert {
        1: ("entry", tuple(FORMAT_1.split()), False),
        2: ("entry", tuple(FORMAT_1.split()), True),
        3: ("event", tuple(FORMAT_3.split()), True),
    } == SEAL_FORMATS


def test_a_new_column_leaves_old_seals_valid(format_4: None) -> None:
    assert formats() == [2, 2, 2, 4, 4]
    assert problems() == []


@pytest.mark.parametrize(("position", "claimed"), [(2, 4), (2, 3), (2, 7), (2, 0), (2, 1), (4, 2), (4, 1), (5, 2)])
def test_a_seal_with_the_wrong_format_is_found(format_4: None, position: int, claimed: int) -> None:
    forge("UPDATE audit_seals SET format = %s WHERE position = %s", claimed, position)

    (found,) = problems()
    assert f"at position {position} " in found


def test_the_chain_can_continue_from_a_pruned_seal_of_another_format(format_4: None) -> None:
    call_command("prune_audit_log", "--days", "100", stdout=StringIO())

    assert formats() == [4, 4, 4]
    assert problems() == []


def test_the_export_contains_the_format_of_each_seal(format_4: None) -> None:
    out = StringIO()
    call_command("export_audit_log", stdout=out)
    lines = [json.loads(line) for line in out.getvalue().splitlines()]

    assert [line["format"] for line in lines] == [2, 2, 2, 4, 4]
    assert {" ".join(line) for line in lines} == {f"position previous_seal seal format {FORMAT_1}"}


def test_a_server_of_this_release_makes_no_step_back_after_a_newer_one(
    format_4: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While servers are being replaced: it leaves the sealing to the newer ones."""
    newer = SEAL_FORMATS[4]
    monkeypatch.delitem(SEAL_FORMATS, 4)
    write_entries(1)
    assert seal_everything() == 0

    monkeypatch.setitem(SEAL_FORMATS, 4, newer)
    assert seal_everything() == 1
    assert problems() == []
