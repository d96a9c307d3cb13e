"""Check delivery: the console's pages that say why an ad shows or doesn't, at a place and time."""

from collections.abc import Callable
from datetime import UTC, datetime, time
from uuid import uuid4

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.html import escape

from accounts.models import User
from accounts.tests.factories import Cast
from ads.choices import AdType
from ads.console.wording import NOT_CHECKED_BEFORE
from ads.delivery.criteria import CRITERIA
from ads.tests.delivery_scene import INVALID_PLACES, MONDAY, showing
from ads.tests.factories import AdFactory, AdTimeSlotFactory
from ads.tests.why_scene import BERLIN, at_night, link_in, rows, targeting, why, why_campaign
from campaign_studio.tests.browser import form_data, messages_of
from campaigns.tests.factories import AudienceTargetingFactory, CampaignFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("on_monday")]
ConsoleFor = Callable[[User | None], Client]
ODD = [
    *INVALID_PLACES,
    {"quarter": "96"},
    {"quarter": "-1"},
    {"quarter": "x"},
    {"quarter": "9" * 40},
    {"max_rating": "X"},
]


@pytest.fixture
def admin(cast: Cast, console_for: ConsoleFor) -> Client:
    """A client that may change everything."""
    return console_for(cast.app_admin)


def test_an_ad_that_shows_has_a_row_for_every_criterion_in_order(admin: Client) -> None:
    page = admin.get(why(showing()), BERLIN | {"max_rating": "PG"})

    assert list(rows(page)) == [criterion.code for criterion in CRITERIA]
    assert {state for state, _ in rows(page).values()} == {"holds"}
    assert "Shows" in page.content.decode()
    assert "16 of 16 criteria met" in page.content.decode()


def test_readiness_names_places_that_are_elsewhere_with_a_link_to_the_targeting(admin: Client) -> None:
    ad = targeting(country="DE", cities=["Wien", "<b>Nowhere</b>"])

    page = admin.get(why_campaign(ad.campaign), BERLIN)

    said = [(one["message"], one["link_text"]) for one in page.context["warnings"]]
    assert said == [
        ("“Wien” is known in Austria, but not in Germany.", "Go to the campaign's targeting"),
        ("“<b>Nowhere</b>” isn't known as a city in Germany.", "Go to the campaign's targeting"),
    ]
    assert "<b>Nowhere" not in page.content.decode()


def test_a_criterion_that_was_not_checked_is_neither_green_nor_red(admin: Client) -> None:
    said = rows(admin.get(why(targeting(country="FR")), BERLIN))

    assert {code for code, (state, _) in said.items() if state == "fails"} == {"country"}
    assert {code for code, (state, _) in said.items() if state == "open"} == {
        "region",
        "city",
        "postcode",
        "max_rating",
    }
    assert escape(str(NOT_CHECKED_BEFORE["country"])) in said["postcode"][1]


def test_met_and_unmet_criteria_differ_in_more_than_colour(admin: Client) -> None:
    said = rows(admin.get(why(showing(ad_status="paused")), BERLIN))

    assert ('aria-label="Not met">✗' in said["ad_active"][1]) is ('aria-label="Met">✓' in said["approved"][1]) is True


def test_a_criterion_turns_green_when_the_linked_field_is_fixed(admin: Client) -> None:
    ad = showing(campaign__campaign_status="paused")
    page = admin.get(why(ad), BERLIN)
    address = link_in(rows(page)["campaign_active"][1]).split("#")[0]

    admin.post(address, form_data(admin.get(address), campaign_status="active"))
    page = admin.get(why(ad), BERLIN)

    assert rows(page)["campaign_active"][0] == "holds"
    assert page.context["answers"][0]["outcome"] == "Shows"


def test_ads_that_share_a_bar_name_the_one_that_shows(admin: Client) -> None:
    ads = [showing(ad_name=f"<Ad {number}>") for number in range(3)]
    pages = {ad: admin.get(why(ad), BERLIN) for ad in ads}
    (winner,) = [ad for ad, page in pages.items() if page.context["answers"][0]["outcome"] == "Shows"]

    for ad in ads:
        content = pages[ad].content.decode()
        rotates = f'The ad takes turns with <a class="underline" href="{why(winner)}?'
        assert (rotates in content) is (ad != winner)
        assert (f">{escape(winner.ad_name)}</a>" in content) is True


def test_the_page_starts_with_the_campaigns_first_target_now(admin: Client) -> None:
    ad = targeting(cities=["Berlin", "Hamburg"], postcodes=["10115"])

    with time_machine.travel(datetime(2026, 11, 22, 23, 20, tzinfo=UTC), tick=False):
        page = admin.get(why(ad))

    asked = {name: page.context["form"].cleaned_data[name] for name in BERLIN}
    assert asked == BERLIN | {"day": MONDAY, "quarter": 1}
    assert page.context["answers"][0]["outcome"] == "Shows"
    assert "Berlin 10115, Germany" in page.content.decode()


def test_a_campaign_without_targets_asks_for_a_place(admin: Client) -> None:
    ad = AdFactory(campaign=CampaignFactory())

    page = admin.get(why(ad))

    assert page.status_code == 200
    assert "Choose a country to check." in page.content.decode()
    assert not rows(page)
    assert rows(admin.get(why(ad), BERLIN))["country"][0] == "fails"


def test_a_campaigns_page_lists_all_its_ads_closest_to_eligible_first(admin: Client) -> None:
    paused = showing(ad_status="paused", ad_name="paused")
    running = showing(campaign=paused.campaign, ad_name="running")
    showing(ad_name="elsewhere", ad_type_id=AdType.BOTTOM_LEFT)

    page = admin.get(why_campaign(paused.campaign), BERLIN)

    assert [(one["ad"].ad_name, one["outcome"]) for one in page.context["answers"]] == [
        ("running", "Shows"),
        ("paused", "Doesn't show: 1 reason"),
    ]
    assert running.ad_name in page.content.decode()


def test_both_pages_show_readiness_with_links(admin: Client) -> None:
    ad = showing(campaign__campaign_status="paused", ad_status="paused")

    for address in (why(ad), why_campaign(ad.campaign)):
        page = admin.get(address, BERLIN)
        assert page.context["light"][0] == "Not ready"
        links = [one["link"] for one in page.context["blockers"]]
        assert [link.split("#")[1] for link in links] == ["id_campaign_status", "id_ad_status"]
        assert all(link in page.content.decode() for link in links)


@pytest.mark.matrix
@pytest.mark.parametrize("odd", ODD)
def test_invalid_input_is_refused_at_its_field(odd: dict[str, str], admin: Client) -> None:
    ad = showing()

    for address in (why(ad), why_campaign(ad.campaign)):
        page = admin.get(address, BERLIN | odd)
        assert page.status_code == 200
        assert page.context["form"].errors
        assert not rows(page)


@pytest.mark.parametrize("query", ["country=DE", "day=&quarter=", "nope=1", "ad_type_id=x"])
def test_other_unusual_query_strings_are_answered(query: str, admin: Client) -> None:
    assert rows(admin.get(f"{why(showing())}?{query}"))


@pytest.mark.parametrize("key", ["no-uuid", "267e86a9-37ea-40fe-98ed-74e60c8388f0"])
def test_an_unknown_ad_is_refused(key: str, admin: Client) -> None:
    answer = admin.get(f"/admin/ads/ad/{key}/why/", follow=True)

    assert "exist" in messages_of(answer)[0]


def test_an_unknown_campaign_is_not_found(admin: Client) -> None:
    assert admin.get(f"/admin/ads/ad/why/{uuid4()}/").status_code == 404


@pytest.mark.parametrize("role", ["app_admin", "campaign_manager", "content_moderator"])
def test_every_ad_and_campaign_has_a_button_for_staff(role: str, cast: Cast, console_for: ConsoleFor) -> None:
    ad = showing()
    client = console_for(getattr(cast, role))
    of_campaign = reverse("admin:campaigns_campaign_why", args=[ad.campaign_id])

    assert f'href="{why(ad)}"' in client.get(reverse("admin:ads_ad_change", args=[ad.pk])).content.decode()
    page = client.get(reverse("admin:campaigns_campaign_change", args=[ad.campaign_id])).content.decode()
    assert f'href="{of_campaign}"' in page
    assert client.get(of_campaign)["Location"] == why_campaign(ad.campaign)
    assert client.get(why(ad)).status_code == client.get(why_campaign(ad.campaign)).status_code == 200


def test_moderators_keep_their_own_buttons(cast: Cast, console_for: ConsoleFor) -> None:
    ad = showing()
    page = console_for(cast.content_moderator).get(reverse("admin:ads_ad_change", args=[ad.pk])).content.decode()

    assert all(reverse(f"admin:ads_ad_{view}", args=[ad.pk]) in page for view in ("why", "approve", "reject"))


@pytest.mark.parametrize("role", ["user", "guest", None])
def test_others_are_sent_to_sign_in(role: str | None, cast: Cast, console_for: ConsoleFor) -> None:
    ad = showing()
    client = console_for(getattr(cast, role) if role else None)

    for address in (why(ad), why_campaign(ad.campaign)):
        assert client.get(address)["Location"].startswith("/admin/login/")


def test_the_number_of_queries_does_not_grow(admin: Client) -> None:
    ad = at_night()

    def queries(address: str) -> int:
        with CaptureQueriesContext(connection) as seen:
            assert admin.get(address, BERLIN).status_code == 200
        return len(seen)

    pages = [why(ad), why_campaign(ad.campaign)]
    queries(pages[0])
    before = [queries(page) for page in pages]
    for number in range(5):
        AdTimeSlotFactory(ad=showing(campaign=ad.campaign, ad_status="paused"), time_slot_start=time(number))
        AudienceTargetingFactory(campaign=ad.campaign, region=f"Region {number}")

    assert [queries(page) for page in pages] == before
    assert max(before) <= 15
