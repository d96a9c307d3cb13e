"""Time slots and days in the screen's local time: midnight, the last quarter hour, and clock changes."""

from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from ads.delivery.engine import decide
from ads.delivery.opportunity import Opportunity
from ads.tests.delivery_scene import MONDAY, showing
from ads.tests.factories import AdTimeSlotFactory

pytestmark = pytest.mark.django_db


def shows(at: datetime) -> bool:
    return bool(decide(Opportunity("DE", at)).keys())


@pytest.mark.parametrize(
    ("start", "end", "at", "expected"),
    [
        ("07:00", "09:00", "06:59:59", False),
        ("07:00", "09:00", "07:00:00", True),
        ("07:00", "09:00", "08:59:59", True),
        ("07:00", "09:00", "09:00:00", False),
        ("22:00", "00:00", "23:44:59", True),
        ("22:00", "00:00", "23:45:00", True),
        ("22:00", "00:00", "23:59:59", True),
        ("22:00", "00:00", "00:00:00", False),
        ("23:45", "00:00", "23:44:59", False),
        ("23:45", "00:00", "23:59:59", True),
        ("00:00", "00:15", "00:00:00", True),
        ("00:00", "00:15", "00:15:00", False),
        ("00:00", "00:00", "00:00:00", True),
        ("00:00", "00:00", "12:00:00", True),
        ("00:00", "00:00", "23:59:59", True),
    ],
)
def test_a_slot_includes_its_start_and_excludes_its_end(start: str, end: str, at: str, expected: bool) -> None:
    ad = showing()
    AdTimeSlotFactory(ad=ad, time_slot_start=time.fromisoformat(start), time_slot_end=time.fromisoformat(end))

    assert shows(datetime.combine(MONDAY, time.fromisoformat(at))) is expected


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-10-31T23:59:59", False),
        ("2026-11-01T00:00:00", True),
        ("2026-12-31T23:59:59", True),
        ("2027-01-01T00:00:00", False),
    ],
)
def test_a_day_lasts_from_midnight_to_midnight(at: str, expected: bool) -> None:
    showing()

    assert shows(datetime.fromisoformat(at)) is expected


@pytest.mark.parametrize("offset", ["", "+00:00", "+14:00", "-12:00"])
def test_the_offset_is_ignored(offset: str) -> None:
    AdTimeSlotFactory(ad=showing(), time_slot_start=time(8), time_slot_end=time(9))

    assert shows(datetime.fromisoformat(f"2026-11-23T08:30:00{offset}"))
    assert not shows(datetime.fromisoformat(f"2026-11-23T07:30:00{offset}"))


@pytest.mark.parametrize(
    ("at", "until"),
    [
        ("2026-11-23T08:15:00", "2026-11-23T08:30:00"),
        ("2026-11-23T08:29:59.999999", "2026-11-23T08:30:00"),
        ("2026-11-23T23:45:00", "2026-11-24T00:00:00"),
        ("2026-12-31T23:59:59", "2027-01-01T00:00:00"),
        ("2028-02-28T23:50:00+01:00", "2028-02-29T00:00:00+01:00"),
    ],
)
def test_an_answer_is_valid_until_the_next_quarter_hour(at: str, until: str) -> None:
    assert Opportunity("DE", datetime.fromisoformat(at)).valid_until == datetime.fromisoformat(until)


@pytest.mark.parametrize(
    ("day", "quarters"),
    [("2026-03-29", 92), ("2026-10-25", 100), ("2026-11-23", 96)],
    ids=["spring", "autumn", "ordinary"],
)
def test_every_quarter_hour_of_a_day_of_any_length_has_an_answer(day: str, quarters: int) -> None:
    berlin = ZoneInfo("Europe/Berlin")
    midnight = datetime.fromisoformat(day).replace(tzinfo=berlin)
    following = (datetime.fromisoformat(day) + timedelta(days=1)).replace(tzinfo=berlin)
    AdTimeSlotFactory(
        ad=showing(campaign__campaign_start_date=midnight.date(), campaign__campaign_end_date=midnight.date()),
        time_slot_start=time(1, 45),
        time_slot_end=time(3, 15),
    )
    instants: list[Any] = []
    instant = midnight.timestamp()
    while instant < following.timestamp():
        instants.append(datetime.fromtimestamp(instant, berlin))
        instant += 900

    showing_at = [moment for moment in instants if shows(moment)]

    assert len(instants) == quarters
    # From 01:45 to 03:15 on the wall clock: an hour less in spring, an hour more in autumn.
    assert len(showing_at) == 6 + (quarters - 96)
    assert {f"{moment:%H:%M}" for moment in showing_at} <= {"01:45", "02:00", "02:15", "02:30", "02:45", "03:00"}
    for moment in instants:
        answer = Opportunity("DE", moment)
        assert (answer.valid_until.replace(tzinfo=None) - moment.replace(tzinfo=None)).total_seconds() == 900
