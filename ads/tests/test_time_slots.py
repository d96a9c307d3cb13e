"""Time slots: on the quarter hour, forwards, midnight as 00:00, and never two at once."""

from datetime import time
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from ads.models import AdTimeSlot
from ads.tests.factories import AdFactory, AdTimeSlotFactory
from campaign_studio.tests.refusals import assert_database_refuses, assert_model_refuses, write_past_the_model

pytestmark = pytest.mark.django_db

QUARTER = "Slots start and end on the quarter hour"
END_BEFORE_START = "A slot ends after it starts. For midnight write 00:00."
OVERLAP = "This slot overlaps another slot of the same ad."


def at(text: str) -> time:
    """`23:45` as a time."""
    return time.fromisoformat(text)


# constraint, field the message stands beside, part of the message, start, end
SLOT_RULES = [
    ("time_slot_start_is_on_the_quarter_hour", "time_slot_start", QUARTER, "07:01", "09:00"),
    ("time_slot_start_is_on_the_quarter_hour", "time_slot_start", QUARTER, "07:15:01", "09:00"),
    ("time_slot_start_is_on_the_quarter_hour", "time_slot_start", QUARTER, "07:15:00.000001", "09:00"),
    ("time_slot_end_is_on_the_quarter_hour", "time_slot_end", QUARTER, "07:00", "09:59"),
    ("time_slot_end_is_on_the_quarter_hour", "time_slot_end", QUARTER, "07:00", "09:00:30"),
    ("time_slot_end_is_on_the_quarter_hour", "time_slot_end", QUARTER, "07:00", "09:00:00.5"),
    ("time_slot_ends_after_it_starts", "time_slot_end", END_BEFORE_START, "09:00", "07:00"),
    ("time_slot_ends_after_it_starts", "time_slot_end", END_BEFORE_START, "09:00", "09:00"),
    ("time_slot_ends_after_it_starts", "time_slot_end", END_BEFORE_START, "23:45", "00:15"),
]


@pytest.mark.parametrize(("constraint", "field", "message", "start", "end"), SLOT_RULES)
def test_a_slot_that_breaks_a_rule_is_refused_twice(
    constraint: str, field: str, message: str, start: str, end: str
) -> None:
    slot = AdTimeSlotFactory()
    changes = {"time_slot_start": at(start), "time_slot_end": at(end)}

    assert_database_refuses(constraint, write_past_the_model(slot, **changes))
    assert_model_refuses(slot, field, message, **changes)


@pytest.mark.parametrize(
    ("start", "end"),
    [("00:00", "00:15"), ("23:45", "00:00"), ("00:00", "00:00"), ("00:00", "23:45"), ("07:15", "07:30")],
)
def test_a_slot_within_one_day_is_accepted(start: str, end: str) -> None:
    slot = AdTimeSlotFactory(time_slot_start=at(start), time_slot_end=at(end))
    slot.refresh_from_db()

    slot.full_clean()


# What is there, what comes: overlapping?
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


@pytest.mark.parametrize(("there", "coming", "overlap"), PAIRS)
def test_slots_of_one_ad_may_touch_but_not_overlap(there: str, coming: str, overlap: bool) -> None:
    first = AdTimeSlotFactory(**_slot(there))
    second = AdTimeSlot(ad=first.ad, **_slot(coming))

    if overlap:
        assert_model_refuses(second, "__all__", OVERLAP)
        assert_database_refuses("time_slots_of_an_ad_do_not_overlap", lambda: AdTimeSlot.objects.bulk_create([second]))
    else:
        second.full_clean()
        AdTimeSlot.objects.bulk_create([second])


def test_slots_of_two_ads_may_overlap() -> None:
    AdTimeSlotFactory()
    AdTimeSlotFactory().full_clean()


def test_a_slot_does_not_overlap_itself_when_it_is_moved() -> None:
    slot = AdTimeSlotFactory()
    slot.time_slot_end = time(10)

    slot.full_clean()
    slot.save()


def test_a_slot_that_is_backwards_is_not_called_overlapping() -> None:
    slot = AdTimeSlotFactory()
    backwards = AdTimeSlot(ad=slot.ad, time_slot_start=time(8, 30), time_slot_end=time(7, 30))

    with pytest.raises(ValidationError, match="ends after it starts") as refused:
        backwards.full_clean()
    assert OVERLAP not in str(refused.value)


def test_slots_go_with_their_ad() -> None:
    slot = AdTimeSlotFactory()

    slot.ad.delete()

    assert not AdTimeSlot.objects.exists()


def test_slots_are_listed_by_the_clock() -> None:
    ad = AdFactory()
    for start, end in (("20:00", "00:00"), ("00:00", "06:00"), ("07:00", "09:00")):
        AdTimeSlotFactory(ad=ad, time_slot_start=at(start), time_slot_end=at(end))

    assert [str(slot) for slot in ad.time_slots.all()] == ["00:00–06:00", "07:00–09:00", "20:00–00:00"]


def _slot(text: str) -> dict[str, Any]:
    start, end = text.split("-")
    return {"time_slot_start": at(start), "time_slot_end": at(end)}
