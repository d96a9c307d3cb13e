"""Time slots: they start and end on a quarter hour, end after they start, and don't overlap."""

from datetime import time
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from ads.models import AdTimeSlot
from ads.tests.factories import AdFactory, AdTimeSlotFactory
from campaign_studio.tests.refusals import assert_database_refuses, assert_model_refuses, codes_of, write_past_the_model

pytestmark = pytest.mark.django_db

START_QUARTER = "time_slot_start_is_on_the_quarter_hour"
END_QUARTER = "time_slot_end_is_on_the_quarter_hour"
END_AFTER_START = "time_slot_ends_after_it_starts"
OVERLAP = "time_slots_of_an_ad_do_not_overlap"


def at(text: str) -> time:
    """`23:45` as a time."""
    return time.fromisoformat(text)


# The constraint, the field of the message, start and end.
SLOT_RULES = [
    (START_QUARTER, "time_slot_start", "07:01", "09:00"),
    (START_QUARTER, "time_slot_start", "07:15:01", "09:00"),
    (START_QUARTER, "time_slot_start", "07:15:00.000001", "09:00"),
    (END_QUARTER, "time_slot_end", "07:00", "09:59"),
    (END_QUARTER, "time_slot_end", "07:00", "09:00:30"),
    (END_QUARTER, "time_slot_end", "07:00", "09:00:00.5"),
    (END_AFTER_START, "time_slot_end", "09:00", "07:00"),
    (END_AFTER_START, "time_slot_end", "09:00", "09:00"),
    (END_AFTER_START, "time_slot_end", "23:45", "00:15"),
]


@pytest.mark.parametrize(("constraint", "field", "start", "end"), SLOT_RULES)
def test_model_and_database_refuse_a_slot_that_violates_a_constraint(
    constraint: str, field: str, start: str, end: str
) -> None:
    slot = AdTimeSlotFactory()
    changes = {"time_slot_start": at(start), "time_slot_end": at(end)}

    assert_database_refuses(constraint, write_past_the_model(slot, **changes))
    assert_model_refuses(slot, field, constraint, **changes)


@pytest.mark.parametrize(
    ("start", "end"),
    [("00:00", "00:15"), ("23:45", "00:00"), ("00:00", "00:00"), ("00:00", "23:45"), ("07:15", "07:30")],
)
def test_a_slot_within_one_day_is_accepted(start: str, end: str) -> None:
    slot = AdTimeSlotFactory(time_slot_start=at(start), time_slot_end=at(end))
    slot.refresh_from_db()

    slot.full_clean()


# The existing slot, the new one, and whether they overlap.
PAIRS = [
    ("07:00-09:00", "09:00-10:00", False),
    ("07:00-09:00", "06:00-07:00", False),
    ("07:00-09:00", "08:45-10:00", True),
    ("07:00-09:00", "06:00-07:15", True),
    ("07:00-09:00", "07:00-09:00", True),
    ("07:00-09:00", "07:30-08:00", True),
    ("07:00-09:00", "06:00-00:00", True),
    ("20:00-00:00", "23:45-00:00", True),
    ("20:00-00:00", "00:00-20:00", False),
    ("00:00-00:00", "12:00-12:15", True),
    ("00:00-00:00", "00:00-00:00", True),
    ("12:00-12:15", "00:00-00:00", True),
]


@pytest.mark.parametrize(("existing", "new", "overlap"), PAIRS)
def test_slots_of_an_ad_may_touch_but_not_overlap(existing: str, new: str, overlap: bool) -> None:
    first = AdTimeSlotFactory(**_slot(existing))
    second = AdTimeSlot(ad=first.ad, **_slot(new))

    if overlap:
        assert_model_refuses(second, "__all__", OVERLAP)
        assert_database_refuses(OVERLAP, lambda: AdTimeSlot.objects.bulk_create([second]))
    else:
        second.full_clean()
        AdTimeSlot.objects.bulk_create([second])


def test_slots_of_different_ads_may_overlap() -> None:
    AdTimeSlotFactory()
    AdTimeSlotFactory().full_clean()


def test_a_slot_does_not_overlap_itself_when_it_changes() -> None:
    slot = AdTimeSlotFactory()
    slot.time_slot_end = time(10)

    slot.full_clean()
    slot.save()


def test_a_slot_that_ends_before_it_starts_is_not_reported_as_overlapping() -> None:
    slot = AdTimeSlotFactory()
    reversed_slot = AdTimeSlot(ad=slot.ad, time_slot_start=time(8, 30), time_slot_end=time(7, 30))

    with pytest.raises(ValidationError) as refused:
        reversed_slot.full_clean()
    assert [error.code for errors in refused.value.error_dict.values() for error in errors] == [END_AFTER_START]


def test_slots_are_deleted_with_their_ad() -> None:
    slot = AdTimeSlotFactory()

    slot.ad.delete()

    assert not AdTimeSlot.objects.exists()


def test_slots_are_sorted_by_time() -> None:
    ad = AdFactory()
    for start, end in (("20:00", "00:00"), ("00:00", "06:00"), ("07:00", "09:00")):
        AdTimeSlotFactory(ad=ad, time_slot_start=at(start), time_slot_end=at(end))

    assert [str(slot) for slot in ad.time_slots.all()] == ["00:00–06:00", "07:00–09:00", "20:00–00:00"]


def _slot(text: str) -> dict[str, Any]:
    start, end = text.split("-")
    return {"time_slot_start": at(start), "time_slot_end": at(end)}


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ("08:15Z", "with_zone"),
        ("10:00+02:00", "with_zone"),
        ("10:00 UTC", "with_zone"),
        ("10:00-0500", "with_zone"),
        ("1015", "invalid"),
        ("１０:15", "invalid"),
        ("10.15", "invalid"),
        ("25:00", "invalid"),
        ("10:60", "invalid"),
        ("10:15 pm", "invalid"),
        ("T10:15", "invalid"),
        (1015, "invalid"),
        (36900, "invalid"),
    ],
)
def test_what_is_not_a_local_time_of_day_is_refused(sent: object, code: str, client_for: Any) -> None:
    ad = AdFactory()

    slot = {"time_slot_start": sent, "time_slot_end": "23:00"}
    answer = client_for(ad.ad_created_by).patch(f"/api/ads/{ad.pk}", {"time_slots": [slot]})

    assert (answer.status_code, codes_of(answer)) == (400, {"time_slots": {0: {"time_slot_start": [code]}}})
