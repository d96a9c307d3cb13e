"""The last day of a campaign ends where its screens are: in Los Angeles eight hours after it has ended in UTC."""

import io
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.http import QueryDict
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import User
from accounts.tests.factories import Cast
from ads.console.place_forms import PlaceForm, bound_form
from ads.delivery.criteria import BY_CODE
from ads.delivery.facts import Problem, Step
from ads.delivery.opportunity import Opportunity
from ads.delivery.readiness import readiness_of
from ads.models import Ad
from ads.tests.delivery_scene import caller, showing, shown
from ads.tests.factories import AdFactory
from campaigns.models import Campaign

pytestmark = pytest.mark.django_db

LAST = date(2026, 11, 27)
# 16:10 and 03:59 in Los Angeles; 12:00 is when the day is over everywhere.
EVENING, LAST_MINUTE, OVER = "2026-11-28T00:10:00+00:00", "2026-11-28T11:59:59+00:00", "2026-11-28T12:00:00+00:00"
LOS_ANGELES = {"country": "US", "city": "Los Angeles"}
ConsoleFor = Callable[[User | None], Client]


@pytest.fixture
def ad() -> Ad:
    """An ad in Los Angeles, of a campaign whose last day is 27 November."""
    ad = showing(campaign__campaign_end_date=LAST, ad_end_date=LAST)
    ad.campaign.audience_targeting.update(region="North America", country="US", cities=["Los Angeles"])
    return ad


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(EVENING, tick=False) as traveller:
        yield traveller


def run() -> str:
    """What the daily run says that was scheduled now."""
    out = io.StringIO()
    call_command("expire_campaigns", stdout=out)
    return out.getvalue()


def statuses(ad: Ad) -> tuple[str, str]:
    ad = Ad.objects.select_related("campaign").get(pk=ad.pk)
    return ad.campaign.campaign_status, ad.ad_status


def test_the_last_evening_shows_and_the_calendar_waits_for_it(
    ad: Ad, clock: time_machine.Traveller, client_for: Any
) -> None:
    client = client_for(caller())
    for moment, showing_now in ((EVENING, True), ("2026-11-28T07:59:00+00:00", True), (LAST_MINUTE, False)):
        clock.move_to(moment, tick=False)
        assert run() == "Nothing to do on 27 Nov 2026.\n"
        assert statuses(ad) == ("active", "active")
        assert (shown(client.get("/api/delivery", LOS_ANGELES)) == {str(ad.pk)}) is showing_now

    clock.move_to(OVER, tick=False)
    assert run() == "1 campaign has expired.\n1 ad has expired.\n"
    assert statuses(ad) == ("expired", "expired")


@pytest.mark.parametrize(("moment", "is_over"), [(EVENING, False), (LAST_MINUTE, False), (OVER, True)])
@pytest.mark.parametrize("of_campaign", [True, False])
def test_it_can_be_activated_and_return_to_draft_until_it_is_over_everywhere(
    ad: Ad, clock: time_machine.Traveller, moment: str, is_over: bool, of_campaign: bool
) -> None:
    clock.move_to(moment, tick=False)
    row = ad.campaign if of_campaign else ad
    for before, after in (("paused", "active"), ("expired", "draft")):
        type(row).objects.filter(pk=row.pk).update(**{row.status_field: before})
        stored = type(row).objects.get(pk=row.pk)
        if is_over:
            with pytest.raises(ValidationError, match="it ended on 27 Nov 2026"):
                stored.move_to(after)
        else:
            stored.move_to(after)


@pytest.mark.parametrize(("moment", "is_over"), [(EVENING, False), (LAST_MINUTE, False), (OVER, True)])
def test_readiness_lists_and_queue_agree(
    ad: Ad,
    clock: time_machine.Traveller,
    moment: str,
    is_over: bool,
    cast: Cast,
    client_for: Callable[[User], APIClient],
    console_for: ConsoleFor,
) -> None:
    clock.move_to(moment, tick=False)
    pending = AdFactory(campaign=ad.campaign, ad_name="Pending")
    moderator, console = client_for(cast.content_moderator), console_for(cast.content_moderator)
    manager = console_for(cast.campaign_manager)

    found = moderator.get(f"/api/campaigns/{ad.campaign_id}/readiness").json()
    assert found["ready"] is not is_over
    assert ("campaign_dates" in [one["code"] for one in found["blockers"]]) is is_over
    assert (manager.get("/admin/campaigns/campaign/").content.decode().count("Not ready") > 0) is is_over
    assert ("Can show" in manager.get("/admin/ads/ad/").content.decode()) is not is_over
    why = manager.get(f"/admin/ads/ad/{ad.pk}/why/")
    assert (str(why.context["light"][0]) == "Not ready") is is_over
    in_queue = [row["ad_name"] for row in moderator.get("/api/moderation-queue").json()["results"]]
    assert in_queue == ([] if is_over else [pending.ad_name])
    assert ("Pending" in console.get("/admin/ads/ad/queue/").content.decode()) is not is_over


def test_no_warning_counts_days_below_zero(ad: Ad, clock: time_machine.Traveller) -> None:
    Ad.objects.update(ad_end_date=LAST - timedelta(days=1))
    found = {}
    for moment in ("2026-11-27T11:00:00+00:00", EVENING):
        clock.move_to(moment, tick=False)
        (readiness,) = readiness_of([Campaign.objects.get()], at=timezone.now()).values()
        found[moment] = [(one.problem, one.params["days"]) for one in readiness.warnings if "days" in one.params]

    # In the first, both the campaign's last day and the ad's are still somewhere; the ad's is yesterday in UTC.
    assert found["2026-11-27T11:00:00+00:00"] == [(Problem.ENDS_TODAY, 0), (Problem.ENDS_TODAY, 0)]
    # In the second, the ad's is over everywhere.
    assert found[EVENING] == [(Problem.ENDS_TODAY, 0)]


def test_a_day_that_still_is_somewhere_ends_instead_of_having_ended(ad: Ad, clock: time_machine.Traveller) -> None:
    Ad.objects.update(ad_expiry_date=LAST)
    Campaign.objects.update(campaign_expiry_date=LAST)
    stored = Ad.objects.select_related("campaign").get()
    ends = {
        "campaign_dates": "ENDS",
        "ad_dates": "ENDS",
        "campaign_expiry_date": "EXPIRES",
        "ad_expiry_date": "EXPIRES",
    }
    ended = {code: problem.replace("ENDS", "ENDED").replace("EXPIRES", "EXPIRED") for code, problem in ends.items()}
    for moment, problems in ((EVENING, ends), (LAST_MINUTE, ends), (OVER, ended)):
        clock.move_to(moment, tick=False)
        opportunity = Opportunity("US", timezone.now())
        assert {code: BY_CODE[code].reason(stored, opportunity).problem for code in problems} == {
            code: Problem[problem] for code, problem in problems.items()
        }


def test_the_advice_to_activate_moves_the_end_date_only_when_it_is_over(ad: Ad, clock: time_machine.Traveller) -> None:
    Campaign.objects.update(campaign_status="paused")
    Ad.objects.update(ad_status="paused")
    stored = Ad.objects.select_related("campaign", "content_rating").get()
    for moment, fields in ((EVENING, 1), (LAST_MINUTE, 1), (OVER, 2)):
        clock.move_to(moment, tick=False)
        opportunity = Opportunity("US", timezone.now())
        for code in ("campaign_active", "ad_active"):
            assert len(BY_CODE[code].reason(stored, opportunity).changes or {}) == fields
        steps = BY_CODE["ad_active"].reason(stored, opportunity).steps
        assert (Step.FIRST_MOVE_CAMPAIGN_END in steps) is (moment == OVER)


@pytest.mark.parametrize("page", ["ads_ad_preview", "ads_ad_board"])
def test_the_pages_of_a_place_open_at_its_own_time(
    ad: Ad, clock: time_machine.Traveller, cast: Cast, console_for: ConsoleFor, page: str
) -> None:
    form = console_for(cast.campaign_manager).get(reverse(f"admin:{page}"), LOS_ANGELES).context["form"]

    assert form.cleaned_data["day"] == LAST
    assert form.cleaned_data.get("quarter", 64) == 64


@pytest.mark.parametrize("asked", [{}, LOS_ANGELES])
def test_the_delivery_check_opens_at_the_time_of_the_place(
    ad: Ad, clock: time_machine.Traveller, cast: Cast, console_for: ConsoleFor, asked: dict[str, str]
) -> None:
    page = console_for(cast.campaign_manager).get(f"/admin/ads/ad/{ad.pk}/why/", asked)

    assert (page.context["day"], page.context["quarter"]) == (LAST, 64)
    assert page.context["answers"][0]["outcome"] == "Shows"


@pytest.mark.parametrize("city", ["\x00", "x" * 1000, "Atlantis"])
def test_an_odd_city_leaves_the_time_of_the_country(clock: time_machine.Traveller, city: str) -> None:
    query = QueryDict(urlencode({"country": "New Zealand", "city": city}))

    assert bound_form(PlaceForm, query).data["day"] == "2026-11-28"


def test_explanations_and_the_command_use_the_time_of_the_place(
    ad: Ad, clock: time_machine.Traveller, client_for: Any
) -> None:
    answer = client_for(caller()).get("/api/delivery/explain", {**LOS_ANGELES, "ad_id": str(ad.pk)}).json()
    out = io.StringIO()
    call_command("explain_delivery", "--country", "US", "--city", "Los Angeles", stdout=out)

    assert answer["results"][0]["shown"] is True
    assert "27 Nov 2026, 16:10" in out.getvalue()


def test_pages_without_a_place_open_where_it_is_still_the_last_day(ad: Ad, clock: time_machine.Traveller) -> None:
    form = bound_form(PlaceForm, QueryDict(""))

    assert (form.data["country"], form.data["city"], form.data["day"]) == ("US", "Los Angeles", str(LAST))
    clock.move_to("2026-11-28T07:30:00+00:00")
    assert bound_form(PlaceForm, QueryDict("")).data["day"] == str(LAST), "also when it is the next day in New York"
    clock.move_to(OVER)
    assert "country" not in bound_form(PlaceForm, QueryDict("")).data


def test_a_new_end_date_is_no_later_than_the_screen_needs(
    ad: Ad, clock: time_machine.Traveller, client_for: Any
) -> None:
    over = {"campaign_status": "inactive", "campaign_end_date": LAST - timedelta(days=1)}
    Campaign.objects.filter(pk=ad.campaign_id).update(**over)

    answer = client_for(caller()).get("/api/delivery/explain", {**LOS_ANGELES, "ad_id": str(ad.pk)}).json()

    assert answer["results"][0]["reasons"][0]["changes"]["campaign_end_date"] == str(LAST)
