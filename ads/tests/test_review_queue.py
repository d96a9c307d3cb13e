"""The review queue: the same ads in the API and the console, in the order in which they go live."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import User
from accounts.tests.factories import Cast
from ads.console.moderation import NOTHING_SELECTED, relative_day
from ads.models import Ad
from ads.moderation import FOUR_EYES
from ads.tests.factories import AdFactory
from advertisers.tests.factories import AdvertiserFactory
from campaign_studio.tests.browser import messages_of
from campaigns.tests.factories import CampaignFactory

pytestmark = pytest.mark.django_db
ClientFor = Callable[[User | None], APIClient]
ConsoleFor = Callable[[User | None], Client]
QUEUE = "/admin/ads/ad/queue/"
STAFF = {"system_admin": True, "app_admin": True, "campaign_manager": False, "content_moderator": True}


@pytest.fixture
def moderator(cast: Cast, client_for: ClientFor) -> APIClient:
    return client_for(cast.content_moderator)


@pytest.fixture
def console(cast: Cast, console_for: ConsoleFor) -> Client:
    return console_for(cast.content_moderator)


def waiting(name: str, starts_in: int, **fields: Any) -> Ad:
    """An ad whose campaign starts in `starts_in` days and runs for 30."""
    start = timezone.localdate() + timedelta(days=starts_in)
    campaign = CampaignFactory(campaign_start_date=start, campaign_end_date=start + timedelta(days=30))
    ad: Ad = AdFactory(campaign=campaign, ad_name=name, **fields)
    return ad


def fill() -> None:
    """Four ads that are pending review, and others that aren't in the queue."""
    today = timezone.localdate()
    waiting("next week", 7)
    waiting("today", 0, rated=True)
    waiting("running already", -3)
    waiting("from tomorrow on", -3, ad_start_date=today + timedelta(days=1))
    waiting("approved", 0, approved=True)
    waiting("over", -40)
    waiting("over by itself", -3, ad_start_date=today - timedelta(days=3), ad_end_date=today - timedelta(days=2))
    expired = waiting("expired", 0)
    Ad.objects.filter(pk=expired.pk).update(ad_status="expired")


IN_ORDER = ["running already", "today", "from tomorrow on", "next week"]


def test_the_api_lists_ads_in_the_order_in_which_they_go_live(moderator: APIClient) -> None:
    fill()

    answer = moderator.get("/api/moderation-queue").json()

    assert [row["ad_name"] for row in answer["results"]] == IN_ORDER
    assert answer["count"] == 4
    first = answer["results"][0]
    ad = Ad.objects.get(ad_name="running already")
    assert first["goes_live_on"] == str(ad.campaign.campaign_start_date)
    assert first["campaign_name"] == ad.campaign.campaign_name
    assert {"ad_id", "version", "moderation_status", "media_content"} <= set(first)


def test_the_api_filters_and_orders_the_queue(moderator: APIClient) -> None:
    fill()
    ad = Ad.objects.get(ad_name="today")
    video = waiting("video", 2, media_type="html", ad_type_id="center_left_content_ad", media_content="<b>x</b>")

    def names(query: str) -> list[str]:
        return [row["ad_name"] for row in moderator.get(f"/api/moderation-queue?{query}").json()["results"]]

    assert names(f"campaign_id={ad.campaign_id}") == ["today"]
    assert names("media_type=html") == names("ad_type_id=center_left_content_ad") == [video.ad_name]
    assert names("ordering=-goes_live_on&media_type=text") == IN_ORDER[::-1]
    for odd in ("media_type=smell", "campaign_id=7", "moderation_status=approved", "ordering=campaign", "page=0"):
        assert moderator.get(f"/api/moderation-queue?{odd}").status_code == 400, odd


def test_the_number_of_queries_does_not_grow(moderator: APIClient, console: Client) -> None:
    def queries(client: Any, address: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(address).status_code == 200
        return len(captured)

    waiting("first", 0, rated=True)
    before = [queries(moderator, "/api/moderation-queue"), queries(console, QUEUE)]
    for number in range(8):
        waiting(f"another {number}", number, rated=True)

    assert [queries(moderator, "/api/moderation-queue"), queries(console, QUEUE)] == before


@pytest.mark.parametrize(("role", "may"), [*STAFF.items(), ("user", False), ("guest", False)])
def test_only_moderators_and_admins_see_the_queue(
    role: str, may: bool, cast: Cast, client_for: ClientFor, console_for: ConsoleFor
) -> None:
    user = cast.in_role(role)

    assert client_for(user).get("/api/moderation-queue").status_code == (200 if may else 403)
    if role in STAFF:
        client = console_for(user)
        assert client.get(QUEUE).status_code == (200 if may else 403)
        assert (QUEUE in client.get("/admin/").content.decode()) is may


def test_the_console_shows_everything_a_review_needs(console: Client) -> None:
    fill()
    ad = Ad.objects.get(ad_name="today")
    ad.campaign.advertiser = AdvertiserFactory(advertiser_name="Acme Roadside")
    ad.campaign.save()

    page = console.get(QUEUE)

    assert [row[0].ad_name for row in page.context["ads"]] == IN_ORDER
    assert [row[2] for row in page.context["ads"]] == ["3 days overdue", "today", "tomorrow", "in 7 days"]
    content = page.content.decode()
    for text in (
        "Acme Roadside",
        "Fresh coffee at the next exit",
        "Not rated yet",
        "Content rating: ",
        "4 ads are pending review",
    ):
        assert text in content, text


def test_html_is_shown_in_a_fully_sandboxed_frame(console: Client) -> None:
    waiting(
        "html", 0, media_type="html", ad_type_id="center_left_content_ad", media_content="<script>alert(1)</script>"
    )

    content = console.get(QUEUE).content.decode()

    assert "<iframe class=" in content
    assert 'sandbox=""' in content
    assert "<script>alert(1)" not in content


@pytest.mark.parametrize("title", ["Ads", "Review queue"])
def test_the_sidebar_marks_the_current_page(console: Client, title: str) -> None:
    ad = waiting("one", 0)
    pages = {"Ads": f"/admin/ads/ad/{ad.pk}/change/", "Review queue": QUEUE}

    groups = console.get(pages[title]).context["sidebar_navigation"]

    assert [item["title"] for group in groups for item in group["items"] if item["active"]] == [title]


def test_an_empty_queue_says_so(console: Client) -> None:
    assert "The review queue is empty." in console.get(QUEUE).content.decode()


@pytest.mark.parametrize("page", ["2", "99", "x", "-1"])
def test_invalid_page_numbers_are_answered(console: Client, page: str) -> None:
    waiting("one", 0)

    assert console.get(QUEUE, {"p": page}).status_code == 200


@pytest.mark.parametrize(("days", "words"), [(0, "today"), (1, "tomorrow"), (-1, "1 day overdue"), (9, "in 9 days")])
def test_the_day_an_ad_goes_live_is_relative_to_today(days: int, words: str) -> None:
    assert relative_day(date(2026, 5, 10) + timedelta(days=days), date(2026, 5, 10)) == words


@pytest.mark.parametrize("review", ["approve", "reject"])
def test_a_review_returns_to_the_queue(console: Client, review: str) -> None:
    ad = waiting("one", 0, rated=True)
    page = console.get(f"/admin/ads/ad/{ad.pk}/{review}?queue=1", follow=True)

    assert 'name="queue" value="1"' in page.content.decode()
    answer = console.post(page.request["PATH_INFO"], {"decide": "", "note": "Because", "queue": "1"})

    assert (answer.status_code, answer["Location"]) == (302, QUEUE)
    assert Ad.objects.get().moderation_status != "pending"


@pytest.mark.parametrize(("action", "status"), [("approve_selected", "approved"), ("reject_selected", "rejected")])
def test_several_ads_are_reviewed_from_the_queue(console: Client, action: str, status: str) -> None:
    ads = [waiting("one", 0, rated=True), waiting("other", 1, rated=True)]
    chosen = {"action": action, "_selected_action": [str(ad.pk) for ad in ads], "queue": "1"}
    asked = console.post("/admin/ads/ad/", chosen)
    assert asked.status_code == 200
    answer = console.post("/admin/ads/ad/", chosen | {"decide": "", "note": "Seen"}, follow=True)

    assert answer.redirect_chain[-1][0] == QUEUE
    assert {ad.moderation_status for ad in Ad.objects.all()} == {status}
    assert messages_of(answer) == [f"2 ads were {status}."]


def test_a_bulk_review_without_selected_ads_is_refused(console: Client) -> None:
    waiting("one", 0)

    answer = console.post("/admin/ads/ad/", {"action": "approve_selected", "queue": "1"}, follow=True)

    assert answer.redirect_chain[-1][0] == QUEUE
    assert messages_of(answer) == [str(NOTHING_SELECTED)]


def test_the_queue_is_paged(console: Client) -> None:
    for number in range(26):
        waiting(f"ad {number}", number)

    first, second = console.get(QUEUE), console.get(QUEUE, {"p": "2"})

    assert [len(page.context["ads"]) for page in (first, second)] == [25, 1]
    assert second.context["ads"][0][0].ad_name == "ad 25"
    assert 'href="?p=2"' in first.content.decode()


def test_your_own_ad_has_no_approve_button(cast: Cast, console_for: ConsoleFor) -> None:
    AdFactory(campaign=CampaignFactory(campaign_created_by=cast.app_admin))
    content = console_for(cast.app_admin).get(QUEUE).content.decode()

    assert "Someone else must approve this ad." in content
    assert "/approve/" not in content
    assert "/reject/" in content
    assert str(FOUR_EYES) not in content
