"""The screen preview: what a screen shows at a place and time, and why."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, time
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.html import escape

from accounts.models import User
from accounts.tests.factories import Cast
from ads.choices import AdType
from ads.console.creatives import FROM_TOP_TO_BOTTOM, MOST_CREATIVES, MOST_IN_TURN, qr_code_uri
from ads.models import Ad, AdContentRating
from ads.tests.delivery_scene import INVALID_PLACES, showing
from ads.tests.factories import AdTimeSlotFactory
from campaign_studio.tests.shape import ROOT

pytestmark = pytest.mark.django_db
ConsoleFor = Callable[[User | None], Client]
PREVIEW, WHY = "/admin/ads/ad/preview/", "/admin/ads/ad/preview/why/"
BERLIN = {"country": "DE", "city": "Berlin", "postcode": "10115", "day": "2026-11-23"}
AT_0815 = {**BERLIN, "quarter": "33"}
LEFT, TOP = "center_left_content_ad", "top_bar_ad"
ODD = [
    *INVALID_PLACES,
    {"quarter": "96"},
    {"quarter": "-1"},
    {"quarter": "9" * 40},
    {"quarter": "x"},
    {"max_rating": "X"},
    {"ad_type_id": "roof"},
]
MEDIA = {
    "text": {"media_content": "Fresh <b>coffee</b>"},
    "image": {"media_url": "https://cdn.example.com/one.png?a=1&b=2"},
    "gif": {"media_url": "https://cdn.example.com/one.gif"},
    "video": {"media_url": "https://cdn.example.com/one.mp4"},
    "html": {"media_content": "<h1>Hello</h1><script>alert(1)</script>"},
    "news_rss": {"media_url": "https://news.example.com/feed.rss"},
    "events": {"media_content": "Thu 20:00 <i>Jazz</i>"},
    "breaking_news": {"media_content": "Gates open"},
    "alerts": {"media_content": "Black ice"},
}
SENT_NOWHERE = 'loading="lazy" referrerpolicy="no-referrer"'
DRAWN = {
    "text": "Fresh &lt;b&gt;coffee&lt;/b&gt;",
    "image": f'<img src="https://cdn.example.com/one.png?a=1&amp;b=2" alt="One" {SENT_NOWHERE}>',
    "gif": f'<img src="https://cdn.example.com/one.gif" alt="One" {SENT_NOWHERE}>',
    "video": '<video src="https://cdn.example.com/one.mp4" controls muted preload="metadata"',
    "html": '<iframe title="One" sandbox="" referrerpolicy="no-referrer" srcdoc="&lt;!doctype html&gt;',
    "news_rss": "https://news.example.com/feed.rss",
    "events": "Thu 20:00 &lt;i&gt;Jazz&lt;/i&gt;",
    "breaking_news": "Gates open",
    "alerts": "Black ice",
}


@pytest.fixture
def console(cast: Cast, console_for: ConsoleFor) -> Client:
    return console_for(cast.campaign_manager)


def drawn(page: Any) -> dict[str, list[str]]:
    """The names of the ads that show, by position, as far as the page includes them."""
    return {
        placement.position: [creative.ad.ad_name for creative in placement.creatives]
        for placement in page.context["placements"]
        if placement.creatives
    }


def plan_of(page: Any) -> dict[str, dict[str, Any]]:
    """The day as the page's script reads it, with the keys of the ads in place of their numbers."""
    found = re.search(r'<script id="plan" type="application/json">(.*?)</script>', page.content.decode(), re.DOTALL)
    assert found
    day = json.loads(found[1])
    plan: dict[str, dict[str, Any]] = day["quarters"]
    for shown in (shown for positions in plan.values() for shown in positions.values()):
        shown["ads"] = [day["ads"][number] for number in shown["ads"]]
    return plan


@pytest.mark.parametrize("role", ["system_admin", "app_admin", "campaign_manager", "content_moderator"])
def test_all_staff_find_it_in_the_sidebar_and_may_open_it(role: str, cast: Cast, console_for: ConsoleFor) -> None:
    client = console_for(cast.in_role(role))

    assert PREVIEW in client.get("/admin/").content.decode()
    assert [client.get(page, AT_0815).status_code for page in (PREVIEW, WHY)] == [200, 200]


@pytest.mark.parametrize("role", ["user", "guest"])
@pytest.mark.parametrize("page", [PREVIEW, WHY])
def test_others_are_sent_to_sign_in(role: str, page: str, cast: Cast, console_for: ConsoleFor) -> None:
    answer = console_for(cast.in_role(role)).get(page, AT_0815)

    assert answer["Location"].startswith("/admin/login/")


def test_every_media_type_is_drawn_with_its_content_escaped(console: Client) -> None:
    for medium, values in MEDIA.items():
        Ad.objects.all().delete()
        showing(ad_name="One", ad_type_id=LEFT, media_type=medium, **values)
        page = console.get(PREVIEW, AT_0815)

        assert drawn(page) == {LEFT: ["One"]}, medium
        assert DRAWN[medium] in page.content.decode(), medium


def test_an_html_ad_is_fully_sandboxed(console: Client) -> None:
    showing(ad_type_id=LEFT, media_type="html", media_content="<script>alert(1)</script>")
    content = console.get(PREVIEW, AT_0815).content.decode()

    assert 'sandbox=""' in content
    assert "Content-Security-Policy" in content
    for right in ("allow-scripts", "allow-same-origin", "<script>alert(1)"):
        assert right not in content


def test_only_this_page_loads_media_from_other_hosts(console: Client) -> None:
    def sources(address: str, directive: str) -> set[str]:
        policy = console.get(address)["Content-Security-Policy"]
        parts = {part.split()[0]: set(part.split()[1:]) for part in policy.split(";")}
        return parts.get(directive, set())

    for directive in ("img-src", "media-src"):
        assert sources(PREVIEW, directive) == {"'self'", "data:", "http:", "https:"}
        for other in ("/admin/ads/ad/board/", "/admin/ads/ad/", "/admin/ads/ad/queue/"):
            assert not sources(other, directive) & {"http:", "https:"}
    assert sources(PREVIEW, "script-src") == sources("/admin/", "script-src")


def test_the_page_has_no_inline_scripts(console: Client) -> None:
    showing(ad_name="</script><script>alert(1)</script>")
    scripts = re.findall(r"<script\b([^>]*)>", console.get(PREVIEW, AT_0815).content.decode())

    assert all(re.search(r'\bsrc="/|type="application/json"', attributes) for attributes in scripts)


def test_rating_content_warnings_and_forwarding_url_are_shown(console: Client) -> None:
    ad = showing(ad_advertiser_forwarding_url="https://shop.example.com/?a=1&b=2")
    # Updated in the database, because saving the model would send the ad back to review.
    AdContentRating.objects.filter(ad=ad).update(content_warnings=["Gambling Content"], rating_label="PG-13")
    content = console.get(PREVIEW, AT_0815).content.decode()

    assert 'alt="QR code for https://shop.example.com/?a=1&amp;b=2"' in content
    assert 'src="data:image/svg+xml' in content
    for text in ("PG-13", "Gambling Content", ">https://shop.example.com/?a=1&amp;b=2</a>"):
        assert text in content


def test_a_url_that_is_too_long_for_a_qr_code_is_shown_as_text(console: Client) -> None:
    url = "https://shop.example.com/" + "🚗" * 1500
    showing(ad_advertiser_forwarding_url=url)
    content = console.get(PREVIEW, AT_0815).content.decode()

    assert qr_code_uri(url) is None
    assert "QR code for" not in content
    assert f">{url}</a>" in content


def test_a_bar_shows_one_ad_and_says_how_many_are_in_rotation(console: Client) -> None:
    names = {showing(ad_name=name).ad_name for name in ("A", "B", "C")}
    seen = [drawn(console.get(PREVIEW, {**BERLIN, "quarter": str(quarter)}))[TOP] for quarter in (33, 34, 35)]

    assert [len(one) for one in seen] == [1, 1, 1]
    assert {one[0] for one in seen} == names
    assert "3 in rotation" in console.get(PREVIEW, AT_0815).content.decode()


def test_a_content_position_shows_the_first_ad_and_includes_the_others(console: Client) -> None:
    ads = [showing(ad_type_id=LEFT, ad_name=name) for name in ("A", "B")]
    page = console.get(PREVIEW, AT_0815)
    content = page.content.decode()

    assert set(drawn(page)[LEFT]) == {"A", "B"}
    assert "1 of 2" in content
    for ad in ads:
        assert f'<template data-creative="{ad.pk}">' in content


def test_the_plan_of_the_day_says_which_ads_show_when(console: Client) -> None:
    ad = showing()
    AdTimeSlotFactory(ad=ad, time_slot_start=time(7), time_slot_end=time(9, 30))
    other = showing(ad_type_id=LEFT)
    page = console.get(PREVIEW, AT_0815)
    plan = plan_of(page)

    assert list(plan) == [str(quarter) for quarter in range(96)]
    top, left = {"ads": [str(ad.pk)], "of": 1}, {"ads": [str(other.pk)], "of": 1}
    assert [quarter for quarter, shown in plan.items() if TOP in shown] == [str(quarter) for quarter in range(28, 38)]
    assert plan["27"] == {LEFT: left}
    assert plan["28"] == plan["33"] == {TOP: top, LEFT: left}
    assert drawn(page) == {TOP: [ad.ad_name], LEFT: [other.ad_name]}
    assert drawn(console.get(PREVIEW, {**BERLIN, "quarter": "38"})) == {LEFT: [other.ad_name]}


def test_the_page_includes_a_limited_number_of_ads_those_nearest_in_time_first(console: Client) -> None:
    ad = showing(ad_name="of the hour")
    AdTimeSlotFactory(ad=ad, time_slot_start=time(8, 15), time_slot_end=time(8, 30))
    for _ in range(MOST_CREATIVES + 5):
        showing(ad_type_id=LEFT)
    page = console.get(PREVIEW, AT_0815)
    plan = plan_of(page)

    assert page.content.decode().count("<template data-creative=") == MOST_CREATIVES
    assert drawn(page)[TOP] == ["of the hour"]
    assert plan["33"][LEFT]["of"] == MOST_CREATIVES + 5
    assert len(plan["33"][LEFT]["ads"]) == len(drawn(page)[LEFT]) == MOST_IN_TURN


def test_without_parameters_it_starts_where_something_shows_now(cast: Cast, console_for: ConsoleFor) -> None:
    ad = showing()
    ad.campaign.audience_targeting.update(cities=["Potsdam", "Berlin"], postcodes=["14467", "10115"])
    with time_machine.travel(datetime(2026, 11, 24, 8, 20, tzinfo=UTC), tick=False):
        page = console_for(cast.content_moderator).get(PREVIEW)

    assert page.context["place"] == "Potsdam 14467, Germany"
    assert str(page.context["day"]) == "2026-11-24"
    assert (page.context["quarter"], page.context["time"]) == (37, "09:15")
    assert drawn(page) == {TOP: [ad.ad_name]}


def test_it_asks_for_a_place_if_no_campaign_is_running(console: Client) -> None:
    assert "No campaign is running." in console.get(PREVIEW).content.decode()
    assert "Choose a place first" in console.get(WHY).content.decode()


@pytest.mark.parametrize("place", [{"city": "Nowhere"}, {"country": "FR"}, {"day": "2031-01-01"}])
def test_a_place_that_no_campaign_targets_has_an_empty_screen(place: dict[str, str], console: Client) -> None:
    ad = showing()
    ad.campaign.audience_targeting.update(cities=["Berlin"])
    page = console.get(PREVIEW, AT_0815 | place)

    assert drawn(page) == {}
    assert "Nothing shows here on this day." in page.content.decode()
    assert page.content.decode().count('<p class="position-nothing">Free</p>') == len(AdType) + 1


def test_a_country_may_be_given_by_name(console: Client) -> None:
    showing()

    assert drawn(console.get(PREVIEW, AT_0815 | {"country": "germany"})) != {}


def test_the_strongest_rating_limits_what_shows(console: Client) -> None:
    ad = showing()
    AdContentRating.objects.filter(ad=ad).update(rating_label="R")

    assert drawn(console.get(PREVIEW, AT_0815 | {"max_rating": "M"})) == {TOP: [ad.ad_name]}
    assert drawn(console.get(PREVIEW, AT_0815 | {"max_rating": "T"})) == {}


@pytest.mark.parametrize("odd", ODD)
def test_invalid_values_are_refused(odd: dict[str, str], console: Client) -> None:
    showing()
    page = console.get(PREVIEW, AT_0815 | odd)
    asked = console.get(WHY, AT_0815 | odd)

    assert (page.status_code, asked.status_code) == (200, 400)
    assert "placements" not in page.context
    said = [str(error) for errors in page.context["form"].errors.values() for error in errors]
    assert said
    for answer in (page, asked):
        assert escape(said[0]) in answer.content.decode()


def test_a_day_that_does_not_exist_is_refused_for_that(console: Client) -> None:
    page = console.get(PREVIEW, AT_0815 | {"day": "2027-02-29"})

    assert page.context["form"].errors["day"] == ["“2027-02-29” doesn't exist: February 2027 has 28 days."]


@pytest.mark.parametrize("query", ["%F0%9F%9A%97", "%27%22%3C", "%25_%5C", "%E2%80%AE"])
def test_nothing_shows_in_a_place_with_an_unusual_name(query: str, console: Client) -> None:
    showing().campaign.audience_targeting.update(cities=["Berlin"])
    page = console.get(f"{PREVIEW}?country=DE&day=2026-11-23&quarter=33&city={query}")

    assert drawn(page) == {}


def test_the_number_of_queries_does_not_grow(cast: Cast, console_for: ConsoleFor) -> None:
    def queries(client: Client, address: str, asked: dict[str, str]) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(address, asked).status_code == 200
        return len(captured)

    pages = [(PREVIEW, AT_0815), (WHY, AT_0815), (PREVIEW, AT_0815 | {"ad_type_id": TOP}), (PREVIEW, {})]
    with time_machine.travel(datetime(2026, 11, 23, 8, 20, tzinfo=UTC), tick=False):
        client = console_for(cast.campaign_manager)
        client.get("/admin/")
        AdTimeSlotFactory(ad=showing())
        showing(ad_status="paused")
        before = [queries(client, *page) for page in pages]
        for number in range(5):
            AdTimeSlotFactory(ad=showing(ad_type_id=LEFT if number % 2 else TOP))
            showing(ad_status="paused")

        assert [queries(client, *page) for page in pages] == before


def test_every_position_has_its_place_on_the_screen() -> None:
    css = (ROOT / "campaign_studio/static/admin_console/screen.css").read_text()
    areas = re.findall(r'"([^"]*)"', re.search(r"grid-template-areas:([^;]*);", css)[1])  # type: ignore[index]
    drawn = dict(re.findall(r"\.position-(\w+) { grid-area: ([\w-]+)", css))

    assert sorted(FROM_TOP_TO_BOTTOM) == sorted(AdType)
    assert sorted(drawn) == sorted(AdType)
    assert set(drawn.values()) <= set(" ".join(areas).split())
