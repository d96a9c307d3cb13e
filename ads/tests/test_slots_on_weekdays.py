"""Time slots are for days of the week: which lists of days are stored, how they read, and when slots overlap."""

from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.utils import translation

from ads.delivery.engine import decide, plan_of_day
from ads.delivery.opportunity import Opportunity
from ads.models import AdTimeSlot
from ads.tests.delivery_scene import showing
from ads.tests.factories import AdTimeSlotFactory
from ads.time_slots import Slot, words_of_days
from campaign_studio.tests.refusals import assert_database_refuses, assert_model_refuses, write_past_the_model

NO_DAYS = "time_slot_has_weekdays"
SORTED = "time_slot_weekdays_are_sorted"
OVERLAP = "time_slots_of_an_ad_do_not_overlap"
EVERY_DAY = [1, 2, 3, 4, 5, 6, 7]
WORKDAYS = [1, 2, 3, 4, 5]


def slot(hours: str, weekdays: list[int]) -> Slot:
    """`slot("07:00-09:00", [1])`."""
    start, end = (time.fromisoformat(text) for text in hours.split("-"))
    return Slot(start, end, weekdays)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("constraint", "weekdays"),
    [
        (NO_DAYS, []),
        (SORTED, [0]),
        (SORTED, [8]),
        (SORTED, [12]),
        (SORTED, [1, 8]),
        (SORTED, [-1]),
        (SORTED, [3, 3]),
        (SORTED, [*EVERY_DAY, 7]),
        (SORTED, [2, 1]),
        (SORTED, [None]),
        (SORTED, [1, None]),
    ],
)
def test_the_database_stores_days_once_and_in_their_order(constraint: str, weekdays: list[Any]) -> None:
    assert_database_refuses(constraint, write_past_the_model(AdTimeSlotFactory(), weekdays=weekdays))


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("weekdays", "code"),
    [
        ([], "no_weekdays"),
        (None, "no_weekdays"),
        ([0], "unknown_weekday"),
        ([1, 8], "unknown_weekday"),
        (["Mon"], "unknown_weekday"),
        ([3, 1, 3], "repeated_weekday"),
    ],
)
def test_the_model_refuses_other_days(weekdays: Any, code: str) -> None:
    assert_model_refuses(AdTimeSlotFactory(), "weekdays", code, weekdays=weekdays)


@pytest.mark.django_db
def test_every_set_of_days_is_stored_in_its_order() -> None:
    one = AdTimeSlotFactory()
    for number in range(1, 2**7):
        days = [day for day in EVERY_DAY if number & 1 << day]
        if days:
            one.weekdays = days[::-1]
            one.full_clean()
            one.save()
            one.refresh_from_db()
            assert one.weekdays == days


@pytest.mark.django_db
def test_a_slot_is_for_every_day_unless_it_names_some() -> None:
    ad = AdTimeSlotFactory().ad
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO ad_time_slots (time_slot_id, ad_id, time_slot_start, time_slot_end, created_at) "
            "VALUES (gen_random_uuid(), %s, '10:00', '11:00', now())",
            [ad.pk],
        )

    assert [slot.weekdays for slot in ad.time_slots.all()] == [EVERY_DAY, EVERY_DAY]


@pytest.mark.parametrize(
    ("weekdays", "words"),
    [
        (EVERY_DAY, "Mon–Sun"),
        (WORKDAYS, "Mon–Fri"),
        ([6, 7], "Sat,Sun"),
        ([1, 3, 4, 5], "Mon,Wed–Fri"),
        ([1, 7], "Mon,Sun"),
        ([4], "Thu"),
    ],
)
def test_days_are_short_words(weekdays: list[int], words: str) -> None:
    assert words_of_days(weekdays) == words


def test_a_slot_is_named_by_its_days_and_times_in_the_active_language() -> None:
    commuters = slot("06:15-09:45", WORKDAYS)

    assert str(commuters) == "Mon–Fri 06:15–09:45"
    assert str(slot("22:00-00:00", EVERY_DAY)) == "22:00–00:00"
    with translation.override("de"):
        assert str(commuters) == "Mo–Fr 06:15–09:45"


# The existing slot, the new one, and the first day on which they overlap.
PAIRS = [
    (("07:00-09:00", WORKDAYS), ("07:00-09:00", [6, 7]), None),
    (("07:00-09:00", WORKDAYS), ("08:45-10:00", [5, 6]), "Friday"),
    (("07:00-09:00", [1, 3]), ("08:00-08:15", [2, 3, 4]), "Wednesday"),
    (("07:00-09:00", EVERY_DAY), ("09:00-10:00", EVERY_DAY), None),
    (("20:00-00:00", [7]), ("00:00-02:00", [1]), None),
    (("20:00-00:00", [7]), ("23:45-00:00", EVERY_DAY), "Sunday"),
    (("00:00-00:00", [1]), ("00:00-00:15", [2]), None),
    (("00:00-00:00", [1, 2]), ("12:00-12:15", [2]), "Tuesday"),
]


@pytest.mark.django_db
@pytest.mark.parametrize(("existing", "new", "day"), PAIRS)
def test_slots_overlap_only_on_a_day_they_share(existing: Any, new: Any, day: str | None) -> None:
    first = AdTimeSlotFactory(**slot(*existing).values())
    second = AdTimeSlot(ad=first.ad, **slot(*new).values())

    if day:
        with pytest.raises(ValidationError) as refused:
            second.full_clean()
        assert [error.code for error in refused.value.error_dict["__all__"]] == [OVERLAP]
        assert refused.value.messages == [
            f"{first} and {second} overlap on {day}. Change or delete one of the two time slots."
        ]
        assert_database_refuses(OVERLAP, lambda: AdTimeSlot.objects.bulk_create([second]))
    else:
        second.full_clean()
        AdTimeSlot.objects.bulk_create([second])


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("hours", "weekdays", "quarters"),
    [
        ("00:00-00:15", [1], [(0, 1)]),
        ("23:45-00:00", [7], [(671, 672)]),
        ("00:00-00:00", EVERY_DAY, [(0, 672)]),
        ("07:00-09:30", [1, 2, 7], [(28, 38), (124, 134), (604, 614)]),
        ("09:00-07:00", [1], []),
        ("07:00-08:00", [], []),
    ],
)
def test_the_database_counts_the_quarter_hours_of_the_week(hours: str, weekdays: list[int], quarters: Any) -> None:
    start, end = hours.split("-")
    with connection.cursor() as cursor:
        cursor.execute("SELECT quarters_of_week(%s::smallint[], %s::time, %s::time)", [weekdays, start, end])
        ((found,),) = cursor.fetchall()

    assert [(span.lower, span.upper) for span in found] == quarters


def shown_between(since: str, until: str) -> list[datetime]:
    """The quarter hours in which something shows, from one to the other."""
    first, quarter = datetime.fromisoformat(since), timedelta(minutes=15)
    quarters = [first + number * quarter for number in range((datetime.fromisoformat(until) - first) // quarter)]
    return [at for at in quarters if decide(Opportunity("DE", at)).keys()]


@pytest.mark.django_db
def test_an_ad_shows_on_the_days_of_its_slots_across_weeks_and_the_years_end() -> None:
    # From Thursday, 31 December 2026.
    ad = showing(campaign__campaign_end_date=date(2027, 1, 31))
    for hours, weekdays in (("23:30-00:00", [4, 7]), ("00:00-00:30", [1, 5])):
        AdTimeSlotFactory(ad=ad, **slot(hours, weekdays).values())

    found = shown_between("2026-12-31T12:00", "2027-01-04T12:00")

    assert [f"{at:%a %d %H:%M}" for at in found] == [
        *("Thu 31 23:30", "Thu 31 23:45", "Fri 01 00:00", "Fri 01 00:15"),
        *("Sun 03 23:30", "Sun 03 23:45", "Mon 04 00:00", "Mon 04 00:15"),
    ]


@pytest.mark.django_db
def test_the_plan_of_a_day_knows_its_weekday() -> None:
    AdTimeSlotFactory(ad=showing(), **slot("23:45-00:00", [7]).values())

    def taken(day: int) -> list[int]:
        plan = plan_of_day(Opportunity("DE", datetime.fromisoformat(f"2026-11-{day}")))
        return [number for number, decision in enumerate(plan) if decision.keys()]

    assert [taken(day) for day in range(21, 25)] == [[], [95], [], []]
