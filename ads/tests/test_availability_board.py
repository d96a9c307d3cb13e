"""The availability board: the quarter hours of a day by position, free, booked or shared."""

from collections.abc import Callable
from datetime import time
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from accounts.tests.factories import Cast
from ads.choices import AdType
from ads.console.availability import MOST_NAMES, MOST_NAMES_IN_ALL
from ads.console.place_forms import clock
from ads.models import Ad
from ads.tests.delivery_scene import INVALID_PLACES, showing
from ads.tests.factories import AdTimeSlotFactory

pytestmark = pytest.mark.django_db
ConsoleFor = Callable[[User | None], Client]
BOARD = "/admin/ads/ad/board/"
BERLIN = {"country": "DE", "city": "Berlin", "day": "2026-11-23"}
TOP, LEFT = "top_bar_ad", "center_left_content_ad"


@pytest.fixture
def console(cast: Cast, console_for: ConsoleFor) -> Client:
    return console_for(cast.campaign_manager)


def slotted(start: time, end: time, **values: Any) -> Ad:
    """An ad that shows in Berlin from one time to another."""
    ad = showing(**values)
    AdTimeSlotFactory(ad=ad, time_slot_start=start, time_slot_end=end)
    return ad


def row(page: Any, position: str) -> list[tuple[str, str, list[str]]]:
    """A position's intervals: hours, kind, names."""
    found = next(row for row in page.context["rows"] if row.position == position)
    return [(one.hours, one.kind, [ad["ad_name"] for ad in one.ads]) for one in found.intervals]


@pytest.mark.parametrize("role", ["system_admin", "app_admin", "campaign_manager", "content_moderator"])
def test_all_staff_find_it_in_the_sidebar_and_may_open_it(role: str, cast: Cast, console_for: ConsoleFor) -> None:
    client = console_for(cast.in_role(role))

    assert BOARD in client.get("/admin/").content.decode()
    assert client.get(BOARD, BERLIN).status_code == 200


@pytest.mark.parametrize("role", ["user", "guest"])
def test_others_are_sent_to_sign_in(role: str, cast: Cast, console_for: ConsoleFor) -> None:
    assert console_for(cast.in_role(role)).get(BOARD, BERLIN)["Location"].startswith("/admin/login/")


def test_consecutive_quarter_hours_with_the_same_ads_are_one_cell_that_names_them(console: Client) -> None:
    slotted(time(7), time(9, 30), ad_name="Morning")
    slotted(time(9), time(0), ad_name="Late")
    page = console.get(BOARD, BERLIN)
    content = page.content.decode()

    assert row(page, TOP) == [
        ("00:00–07:00", "free", []),
        ("07:00–09:00", "booked", ["Morning"]),
        ("09:00–09:30", "shared", ["Late", "Morning"]),
        ("09:30–24:00", "booked", ["Late"]),
    ]
    assert row(page, LEFT) == [("00:00–24:00", "free", [])]
    assert '<td colspan="8" class="board-booked">' in content
    assert '<td colspan="2" class="board-shared">' in content
    assert 'title="09:00–09:30: Shared by Late, Morning"' in content
    assert "71% of the day booked" in content
    assert "Free: 00:00–07:00" in content


def test_the_rotation_does_not_split_a_cell(console: Client) -> None:
    for name in ("A", "B", "C"):
        showing(ad_name=name)

    assert row(console.get(BOARD, BERLIN), TOP) == [("00:00–24:00", "shared", ["A", "B", "C"])]


def test_cells_link_to_the_screen_at_that_time_and_names_to_the_ads(console: Client) -> None:
    ad = slotted(time(7), time(9), ad_name="<Morning>")
    content = console.get(BOARD, BERLIN).content.decode()

    assert "/admin/ads/ad/preview/?country=DE&amp;city=Berlin&amp;day=2026-11-23&amp;quarter=28" in content
    assert f'href="/admin/ads/ad/{ad.pk}/change/"' in content
    assert "<Morning>" not in content


def test_without_a_postcode_ads_anywhere_in_the_city_count(console: Client) -> None:
    ad = showing()
    ad.campaign.audience_targeting.update(cities=["Berlin"], postcodes=["10115"])

    def kinds(**asked: str) -> list[str]:
        return [kind for _, kind, _ in row(console.get(BOARD, BERLIN | asked), TOP)]

    assert kinds() == kinds(postcode="10115") == ["booked"]
    assert kinds(postcode="10117") == kinds(city="Hamburg") == kinds(city="") == ["free"]


def test_a_place_where_nothing_is_booked_says_so(console: Client) -> None:
    page = console.get(BOARD, BERLIN | {"city": "Nowhere"})

    assert "Nothing is booked here on this day." in page.content.decode()
    assert page.content.decode().count("Free all day.") == len(AdType)


@pytest.mark.parametrize(
    ("day", "around"),
    [
        ("2026-12-31", ["2026-12-30", "2027-01-01"]),
        ("2000-01-01", [None, "2000-01-02"]),
        ("2099-12-31", ["2099-12-30", None]),
    ],
)
def test_the_previous_and_the_next_day_are_linked(day: str, around: list[str | None], console: Client) -> None:
    page = console.get(BOARD, BERLIN | {"day": day})

    assert [other and str(other["day"]) for other in (page.context["before"], page.context["after"])] == around
    for other in filter(None, around):
        assert f"?country=DE&amp;city=Berlin&amp;day={other}" in page.content.decode()


def test_a_cell_with_many_ads_names_some_and_counts_the_others(console: Client) -> None:
    for number in range(MOST_NAMES + 2):
        showing(ad_name=f"Ad {number:02}")
    content = console.get(BOARD, BERLIN).content.decode()

    assert f"Ad {MOST_NAMES - 1:02} and 2 more" in content
    assert f"Ad {MOST_NAMES:02}" not in content


def test_a_cell_asks_for_the_screen_at_its_time(console: Client) -> None:
    slotted(time(7), time(9), ad_name="Morning")
    content = console.get(BOARD, BERLIN).content.decode()

    assert '<form method="get" action="/admin/ads/ad/preview/"' in content
    for name, value in BERLIN.items():
        assert f'<input type="hidden" name="{name}" value="{value}">' in content
    # The name of the button is its title: what it shows besides is hidden from screen readers.
    cell = '<button name="quarter" value="28" title="07:00–09:00: Booked by Morning"><span aria-hidden="true">Morning<'
    assert cell in content


@pytest.fixture
def long_board(db: None) -> None:
    """Ads that share the bar all day, and one more that joins them in the first half of every hour."""
    for number in range(MOST_NAMES):
        showing(ad_name=f"Ad {number}")
    guest = showing(ad_name="Guest")
    for hour in range(24):
        AdTimeSlotFactory(ad=guest, time_slot_start=time(hour), time_slot_end=time(hour, 30))


def test_a_long_board_names_one_ad_in_each_cell_and_lists_one_position_at_a_time(
    long_board: None, console: Client
) -> None:
    content = console.get(BOARD, BERLIN).content.decode()
    listed = console.get(BOARD, BERLIN | {"position": TOP})

    assert 48 * MOST_NAMES > MOST_NAMES_IN_ALL
    assert f'title="07:00–07:30: Shared by Ad 0 and {MOST_NAMES} more"' in content
    assert "board-hours" not in content
    assert f"day=2026-11-23&amp;position={TOP}" in content
    assert [row.position for row in listed.context["rows"]] == [TOP]
    assert 'title="07:30–08:00: Shared by Ad 0, Ad 1, Ad 2, Ad 3, Ad 4"' in listed.content.decode()
    assert listed.content.decode().count("board-hours") == 48
    assert f"day=2026-11-24&amp;position={TOP}" in listed.content.decode()


def test_a_cell_of_a_long_board_takes_few_bytes(long_board: None, console: Client) -> None:
    def table(page: str) -> int:
        return page.index("</table>") - page.index('<table class="board">')

    long = console.get(BOARD, BERLIN).content.decode()
    Ad.objects.filter(ad_name="Guest").update(ad_status="paused")
    short = console.get(BOARD, BERLIN).content.decode()
    assert (table(long) - table(short)) / 47 <= 150


def test_an_unknown_position_is_all_positions(console: Client) -> None:
    showing()

    assert len(console.get(BOARD, BERLIN | {"position": "roof"}).context["rows"]) == len(AdType)


@pytest.mark.parametrize("odd", INVALID_PLACES)
def test_invalid_values_are_refused(odd: dict[str, str], console: Client) -> None:
    page = console.get(BOARD, BERLIN | odd)

    assert page.status_code == 200
    assert page.context["form"].errors
    assert "rows" not in page.context


def test_it_asks_for_a_place_if_no_campaign_is_running(console: Client) -> None:
    assert "No campaign is running." in console.get(BOARD).content.decode()


def test_the_number_of_queries_does_not_grow(console: Client) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert console.get(BOARD, BERLIN).status_code == 200
        return len(captured)

    console.get("/admin/")
    slotted(time(7), time(9))
    before = queries()
    for number in range(6):
        slotted(time(number), time(10 + number))

    assert queries() == before


@pytest.mark.parametrize(("quarter", "text"), [(0, "00:00"), (33, "08:15"), (95, "23:45"), (96, "24:00")])
def test_a_quarter_hour_is_shown_as_a_time(quarter: int, text: str) -> None:
    assert clock(quarter) == text
