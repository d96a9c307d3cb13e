"""Time slots as people write them, in the API and the console: days, 24:00, past midnight, and overlaps by name."""

from collections.abc import Callable
from datetime import time
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from accounts.audit.models import AuditEntry
from accounts.models import User
from accounts.tests.factories import Cast
from ads.models import Ad
from ads.tests.factories import AdFactory, AdTimeSlotFactory
from campaign_studio.tests.browser import error_codes_of, errors_of, form_data
from campaign_studio.tests.refusals import codes_of

pytestmark = pytest.mark.django_db

Typed = tuple[str, str, list[Any]]
# Replaces the slots of the ad by these, through a door. Returns the codes of the errors.
Replace = Callable[[list[Typed]], list[str]]
EVERY_DAY = [1, 2, 3, 4, 5, 6, 7]
WORKDAYS = [1, 2, 3, 4, 5]
OVERLAP = "time_slots_of_an_ad_do_not_overlap"


@pytest.fixture
def ad(cast: Cast) -> Ad:
    made: Ad = AdFactory(campaign__campaign_created_by=cast.owner)
    return made


@pytest.fixture
def client(cast: Cast, client_for: Callable[[User | None], APIClient]) -> APIClient:
    return client_for(cast.owner)


@pytest.fixture
def browser(cast: Cast, console_for: Callable[[User | None], Client]) -> Client:
    return console_for(cast.owner)


def sent(*slots: Typed) -> dict[str, Any]:
    return {
        "time_slots": [
            {"time_slot_start": start, "time_slot_end": end, "weekdays": weekdays} for start, end, weekdays in slots
        ]
    }


def page_of(ad: Ad) -> str:
    return f"/admin/ads/ad/{ad.pk}/change/"


def typed(slots: list[Typed], since: int = 0) -> dict[str, Any]:
    """The form data of these slots in new rows, after `since` stored ones."""
    data: dict[str, Any] = {"time_slots-TOTAL_FORMS": str(since + len(slots))}
    for number, (start, end, weekdays) in enumerate(slots, since):
        row = {"time_slot_start": start, "time_slot_end": end, "weekdays": [str(day) for day in weekdays]}
        data |= {f"time_slots-{number}-{name}": value for name, value in row.items()}
    return data


@pytest.fixture(params=["API", "console"])
def replace(request: pytest.FixtureRequest, ad: Ad, client: APIClient, browser: Client) -> Replace:
    def in_the_api(slots: list[Typed]) -> list[str]:
        answer = client.patch(f"/api/ads/{ad.pk}", sent(*slots))
        if answer.status_code == 200:
            return []
        rows = codes_of(answer)["time_slots"].values()
        return [code for row in rows for codes in row.values() for code in codes]

    def in_the_console(slots: list[Typed]) -> list[str]:
        count = ad.time_slots.count()
        deleted = {f"time_slots-{number}-DELETE": "on" for number in range(count)}
        data = form_data(browser.get(page_of(ad)), **typed(slots, since=count), **deleted, _save="Save")
        answer = browser.post(page_of(ad), data)
        return [] if answer.status_code == 302 else error_codes_of(answer)

    return in_the_api if request.param == "API" else in_the_console


def slots_of(ad: Ad) -> list[str]:
    return [str(slot) for slot in ad.time_slots.all()]


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ([("07:00", "09:00", WORKDAYS)], ["Mon–Fri 07:00–09:00"]),
        ([("22:00", "24:00", EVERY_DAY)], ["22:00–00:00"]),
        ([("00:00", "24:00", [7])], ["Sun 00:00–00:00"]),
        ([("22:00", "00:00", [7])], ["Sun 22:00–00:00"]),
        ([("22:00", "02:00", EVERY_DAY)], ["00:00–02:00", "22:00–00:00"]),
        ([("22:00", "02:00", WORKDAYS)], ["Tue–Sat 00:00–02:00", "Mon–Fri 22:00–00:00"]),
        ([("22:00", "02:00", [7])], ["Mon 00:00–02:00", "Sun 22:00–00:00"]),
        ([("22:00", "02:00", [6, 7])], ["Mon,Sun 00:00–02:00", "Sat,Sun 22:00–00:00"]),
        ([("00:15", "00:00", [1]), ("23:45", "00:15", [7])], ["Mon 00:00–00:15", "Mon 00:15–00:00", "Sun 23:45–00:00"]),
        ([("23:45", "23:30", [1])], ["Tue 00:00–23:30", "Mon 23:45–00:00"]),
        ([("07:00", "09:00", [7, 1])], ["Mon,Sun 07:00–09:00"]),
    ],
)
def test_slots_are_stored_as_they_are_meant(ad: Ad, replace: Replace, written: list[Typed], stored: list[str]) -> None:
    assert replace(written) == []
    assert slots_of(ad) == stored


@pytest.mark.parametrize(
    ("written", "codes"),
    [
        ([("07:00", "07:00", EVERY_DAY)], ["time_slot_ends_after_it_starts"]),
        ([("07:00", "24:15", EVERY_DAY)], ["invalid"]),
        ([("24:00", "07:00", EVERY_DAY)], ["invalid"]),
        ([("22:00", "02:07", [1])], ["time_slot_end_is_on_the_quarter_hour"]),
        ([("07:00", "09:00", WORKDAYS), ("08:00", "10:00", [5, 6])], [OVERLAP]),
        ([("22:00", "02:00", [7]), ("01:00", "03:00", [1])], [OVERLAP]),
        ([("01:00", "03:00", [1]), ("22:00", "02:00", [7])], [OVERLAP]),
        ([("22:00", "02:00", [1]), ("23:00", "01:00", [1])], [OVERLAP]),
    ],
)
def test_what_cannot_be_meant_is_refused(ad: Ad, replace: Replace, written: list[Typed], codes: list[str]) -> None:
    AdTimeSlotFactory(ad=ad, weekdays=[3])
    before = slots_of(ad)

    assert replace(written) == codes
    assert slots_of(ad) == before


@pytest.mark.parametrize(
    ("weekdays", "codes"),
    [
        ([], ["no_weekdays"]),
        ([0], ["unknown_weekday"]),
        ([1, 8], ["unknown_weekday"]),
        ([2, 1, 2], ["repeated_weekday"]),
        ("Mon", ["not_a_list"]),
        (None, ["null"]),
        (["Mon"], {0: ["invalid"]}),
        ([True], {0: ["invalid"]}),
    ],
)
def test_the_api_refuses_other_days(ad: Ad, client: APIClient, weekdays: Any, codes: Any) -> None:
    answer = client.patch(f"/api/ads/{ad.pk}", sent(("07:00", "09:00", weekdays)))

    assert (answer.status_code, codes_of(answer)) == (400, {"time_slots": {0: {"weekdays": codes}}})
    assert slots_of(ad) == []


def test_the_console_refuses_a_slot_without_days_and_unknown_ones(ad: Ad, browser: Client) -> None:
    page = browser.get(page_of(ad))

    none = browser.post(page_of(ad), form_data(page, **typed([("07:00", "09:00", [])])))
    unknown = browser.post(page_of(ad), form_data(page, **typed([("07:00", "09:00", [8])])))
    twice = browser.post(page_of(ad), form_data(page, **typed([("07:00", "09:00", [1, 1])])))

    assert errors_of(none) == ["Choose at least one day of the week."]
    assert error_codes_of(unknown) == ["invalid_choice"]
    assert error_codes_of(twice) == ["repeated_weekday"]
    assert slots_of(ad) == []


def test_the_days_and_times_of_each_slot_have_names(ad: Ad, browser: Client) -> None:
    AdTimeSlotFactory(ad=ad)
    page = browser.get(page_of(ad)).content.decode()

    # The stored slot and the empty row that new ones are made from.
    assert page.count('role="group" aria-label="Days of the week"') == 2
    assert page.count('aria-label="From"') == page.count('aria-label="Until"') == 2


def test_users_who_may_not_change_an_ad_read_the_days_in_words(
    ad: Ad, cast: Cast, console_for: Callable[[User | None], Client]
) -> None:
    AdTimeSlotFactory(ad=ad, weekdays=[1, 3, 4, 5, 7])

    assert "Mon, Wed–Fri, Sun" in console_for(cast.content_moderator).get(page_of(ad)).content.decode()


def test_refusals_name_the_day_in_this_input(ad: Ad, client: APIClient) -> None:
    def said(*weekdays: Any) -> str:
        answer = client.patch(f"/api/ads/{ad.pk}", sent(("07:00", "09:00", list(weekdays))))
        message: str = answer.json()["time_slots"]["0"]["weekdays"][0]
        return message

    assert said(9) == "9 is not a day of the week. Use the numbers from 1 (Monday) to 7 (Sunday)."
    assert said(3, 3) == "Wednesday is listed more than once. List each day of the week once."
    assert said() == "Choose at least one day of the week."


def test_an_overlap_names_both_slots_and_the_day_in_the_console(ad: Ad, browser: Client) -> None:
    slots: list[Typed] = [("07:00", "09:00", WORKDAYS), ("22:00", "08:00", [5])]
    AdTimeSlotFactory(ad=ad, time_slot_start=time(6), time_slot_end=time(6, 30), weekdays=[6])

    answer = browser.post(page_of(ad), form_data(browser.get(page_of(ad)), **typed(slots, since=1)))

    assert errors_of(answer) == [
        "Sat 06:00–06:30 and Sat 00:00–08:00 overlap on Saturday. Change or delete one of the two time slots."
    ]


def test_a_slot_without_days_is_for_every_day_in_the_api(ad: Ad, client: APIClient) -> None:
    answer = client.patch(f"/api/ads/{ad.pk}", {"time_slots": [{"time_slot_start": "07:00", "time_slot_end": "09:00"}]})

    assert [slot["weekdays"] for slot in answer.json()["time_slots"]] == [EVERY_DAY]


def test_days_in_another_order_change_nothing(ad: Ad, client: APIClient) -> None:
    AdTimeSlotFactory(ad=ad, weekdays=[1, 5])
    before, entries = client.get(f"/api/ads/{ad.pk}").json(), AuditEntry.objects.count()

    after = client.patch(f"/api/ads/{ad.pk}", sent(("07:00", "09:00", [5, 1]))).json()

    assert after == before
    assert AuditEntry.objects.count() == entries


def test_a_slot_past_midnight_that_is_sent_again_changes_nothing(ad: Ad, client: APIClient) -> None:
    written = sent(("22:00", "02:00", WORKDAYS))
    first = client.patch(f"/api/ads/{ad.pk}", written).json()
    entries = AuditEntry.objects.count()

    assert client.patch(f"/api/ads/{ad.pk}", written).json() == first
    assert AuditEntry.objects.count() == entries


def test_pages_and_documents_with_days_can_be_saved_unchanged(ad: Ad, client: APIClient, browser: Client) -> None:
    client.patch(f"/api/ads/{ad.pk}", sent(("22:00", "02:00", [7]), ("07:00", "09:00", WORKDAYS)))
    before, entries = client.get(f"/api/ads/{ad.pk}").json(), AuditEntry.objects.count()

    answer = browser.post(page_of(ad), form_data(browser.get(page_of(ad)), _save="Save"))
    again = client.put(f"/api/ads/{ad.pk}", before)

    assert (answer.status_code, again.status_code) == (302, 200)
    assert client.get(f"/api/ads/{ad.pk}").json() == before
    assert AuditEntry.objects.count() == entries


def test_a_stored_slot_is_made_to_run_past_midnight_in_the_console(ad: Ad, browser: Client) -> None:
    AdTimeSlotFactory(ad=ad, time_slot_start=time(20), time_slot_end=time(22), weekdays=[7])

    data = form_data(browser.get(page_of(ad)), **{"time_slots-0-time_slot_end": "01:00", "_save": "Save"})
    answer = browser.post(page_of(ad), data)

    assert answer.status_code == 302, errors_of(answer)
    assert slots_of(ad) == ["Mon 00:00–01:00", "Sun 20:00–00:00"]


def test_a_new_row_in_the_console_has_every_day_ticked(ad: Ad, browser: Client) -> None:
    blank = form_data(browser.get(page_of(ad)))

    assert blank["time_slots-__prefix__-weekdays"] == list("1234567")


def test_users_who_may_not_change_the_slots_read_their_days_in_words(
    ad: Ad, cast: Cast, console_for: Callable[[User | None], Client]
) -> None:
    AdTimeSlotFactory(ad=ad, weekdays=WORKDAYS)

    page = console_for(cast.content_moderator).get(page_of(ad)).content.decode()

    assert "Mon–Fri" in page
    assert "time_slots-0-weekdays" not in page
