"""`GET /api/campaigns/{id}/readiness`: what keeps a campaign from running, and what ends soon."""

import uuid
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.choices import RoleName
from accounts.tests.factories import UserFactory
from ads.delivery.facts import Problem, Step
from ads.delivery.readiness import readiness_of
from ads.models import Ad, CampaignViewTotals
from ads.tests.delivery_scene import caller, showing
from ads.tests.factories import AdFactory, AdTimeSlotFactory
from campaigns.models import Campaign, CampaignAudienceTargeting
from campaigns.tests.factories import AudienceTargetingFactory, CampaignFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def running() -> Ad:
    """An ad in a campaign that runs for 30 days from today."""
    today = timezone.localdate()
    dates = {"campaign__campaign_start_date": today, "campaign__campaign_end_date": today + timedelta(days=30)}
    return showing(**dates)


@pytest.fixture
def noon_of_monday() -> Iterator[None]:
    """Monday, 23 November 2026. At noon in UTC, it is the same day on every clock."""
    with time_machine.travel("2026-11-23T12:00Z", tick=False):
        yield


@pytest.fixture
def ready(client_for: Any) -> Any:
    """`ready(campaign)`: the light, and the codes of the blockers and warnings."""

    def ask(campaign: Campaign) -> tuple[str, list[str], list[str]]:
        result = client_for(caller()).get(f"/api/campaigns/{campaign.pk}/readiness").json()
        assert result["campaign_id"] == str(campaign.pk)
        assert result["ready"] is (result["light"] != "red")
        for finding in (*result["blockers"], *result["warnings"]):
            assert finding["message"].endswith(".")
            assert finding["fix"]
            assert finding["resource_name"]
        return result["light"], [one["code"] for one in result["blockers"]], [one["code"] for one in result["warnings"]]

    return ask


def test_a_campaign_that_can_run_is_green(ready: Any, running: Ad) -> None:
    assert ready(running.campaign) == ("green", [], [])


def test_a_campaign_that_starts_later_is_green(ready: Any, running: Ad) -> None:
    Campaign.objects.update(campaign_start_date=timezone.localdate() + timedelta(days=20))

    assert ready(running.campaign) == ("green", [], [])


def test_a_campaign_without_ads_also_hears_of_its_own_problems(ready: Any) -> None:
    past = timezone.localdate() - timedelta(days=2)
    dates = {"campaign_start_date": past, "campaign_end_date": past, "campaign_expiry_date": past}
    over = CampaignFactory(campaign_status="expired", campaign_max_view_count=1, **dates)
    CampaignViewTotals.objects.create(campaign=over, view_count=1)

    expected = ["no_ads", "campaign_active", "campaign_dates", "campaign_expiry_date", "no_audience", "view_cap"]
    assert ready(over) == ("red", expected, [])


def test_a_campaign_without_ads_also_hears_what_ends_soon(ready: Any, running: Ad) -> None:
    Ad.objects.all().delete()
    Campaign.objects.update(campaign_end_date=timezone.localdate() + timedelta(days=3), campaign_max_view_count=10)
    CampaignViewTotals.objects.create(campaign=running.campaign, view_count=9)

    assert ready(running.campaign) == ("red", ["no_ads"], ["ends_soon", "view_cap_nearly_used"])


def test_a_new_draft_has_a_blocker_for_everything_that_is_missing(ready: Any) -> None:
    draft = AdFactory()

    expected = ["campaign_active", "no_audience", "ad_active", "approved", "rated"]
    assert ready(draft.campaign) == ("red", expected, [])


def test_an_ended_campaign_is_blocked(ready: Any, running: Ad) -> None:
    past = timezone.localdate() - timedelta(days=2)
    Campaign.objects.update(campaign_start_date=past, campaign_end_date=past, campaign_expiry_date=past)
    Ad.objects.update(ad_end_date=past, ad_expiry_date=past)

    blockers = ["campaign_dates", "campaign_expiry_date", "ad_dates", "ad_expiry_date"]
    assert ready(running.campaign) == ("red", blockers, [])


def blockers(campaign: Campaign) -> list[tuple[str, Problem, tuple[Step, ...], object]]:
    """The code, problem, steps and day of each blocker."""
    found = readiness_of([campaign], at=timezone.now())[campaign.pk]
    return [(one.code, one.problem, one.steps, one.params.get("day")) for one in found.blockers]


def test_an_ad_that_expires_before_it_starts_is_a_blocker(running: Ad) -> None:
    today = timezone.localdate()
    start = today + timedelta(days=10)
    Ad.objects.update(ad_start_date=start, ad_expiry_date=today + timedelta(days=5))

    expected = [("ad_expiry_date", Problem.EXPIRES_BEFORE_START, (Step.MOVE_EXPIRY,), start)]
    assert blockers(running.campaign) == expected

    Ad.objects.update(ad_start_date=None)
    Campaign.objects.update(campaign_start_date=start)
    assert blockers(running.campaign) == expected


@pytest.mark.parametrize(
    ("dates", "problem", "step", "edge"),
    [
        ({"ad_start_date": 31, "ad_end_date": 35}, Problem.STARTS_AFTER_CAMPAIGN, Step.MOVE_START, 30),
        ({"ad_end_date": 9}, Problem.ENDS_BEFORE_CAMPAIGN, Step.MOVE_END, 10),
        ({"ad_end_date": 8, "ad_expiry_date": 9}, Problem.ENDS_BEFORE_CAMPAIGN, Step.MOVE_END_AND_EXPIRY, 10),
        ({"ad_end_date": -2}, Problem.ENDED, Step.MOVE_END, 10),
    ],
)
def test_an_ad_without_a_day_of_its_campaign_is_a_blocker(
    running: Ad, dates: dict[str, int], problem: Problem, step: Step, edge: int
) -> None:
    today = timezone.localdate()
    Campaign.objects.update(campaign_start_date=today + timedelta(days=10))
    # Only a change past the model leaves an ad outside of its campaign.
    Ad.objects.update(**{name: today + timedelta(days=days) for name, days in dates.items()})

    found = blockers(running.campaign)

    assert found[0] == ("ad_dates", problem, (step,), today + timedelta(days=edge))
    assert {code for code, *_ in found[1:]} <= {"ad_expiry_date"}


def test_the_start_of_an_ad_is_no_problem_of_its_own_when_the_campaign_is_over(ready: Any, running: Ad) -> None:
    past = timezone.localdate() - timedelta(days=2)
    Campaign.objects.update(campaign_start_date=past, campaign_end_date=past)
    Ad.objects.update(ad_start_date=timezone.localdate())

    assert ready(running.campaign) == ("red", ["campaign_dates"], [])


@pytest.mark.parametrize(
    ("weekdays", "last", "expected"),
    [
        ([6], 27, "red"),
        ([6], 28, "green"),
        ([6, 7], 27, "red"),
        ([7], 28, "red"),
        ([5], 27, "green"),
        ([1], 27, "green"),
    ],
)
@pytest.mark.parametrize("end", ["campaign_end_date", "campaign_expiry_date", "ad_end_date", "ad_expiry_date"])
def test_an_ad_whose_slots_fall_on_none_of_its_days_is_a_blocker(
    noon_of_monday: None, weekdays: list[int], last: int, expected: str, end: str
) -> None:
    ad = showing()
    day = date(2026, 11, last)
    if end == "campaign_expiry_date":
        Campaign.objects.update(campaign_end_date=day, campaign_expiry_date=day)
    else:
        (Campaign if end.startswith("campaign") else Ad).objects.update(**{end: day})
    AdTimeSlotFactory(ad=ad, weekdays=weekdays)

    found = readiness_of(Campaign.objects.all(), at=timezone.now())[ad.campaign_id]

    assert [(one.code, one.problem, one.params["weekdays"]) for one in found.blockers] == (
        [("time_slot", Problem.NO_TIME_SLOT_ON_ITS_DAYS, list(range(1, last - 21)))] if expected == "red" else []
    )
    assert found.light == expected or not found.blockers


def test_slots_are_for_the_days_that_are_left(noon_of_monday: None) -> None:
    ad = showing(ad_start_date=date(2026, 11, 23), ad_end_date=date(2026, 11, 27))
    AdTimeSlotFactory(ad=ad, weekdays=[1])
    ready = {}
    for moment in ("2026-11-24T11:00Z", "2026-11-24T12:00Z"):
        with time_machine.travel(moment, tick=False):
            ready[moment] = readiness_of(Campaign.objects.all(), at=timezone.now())[ad.campaign_id].ready

    # Monday is over on every clock at 12:00 UTC of Tuesday.
    assert ready == {"2026-11-24T11:00Z": True, "2026-11-24T12:00Z": False}


def test_slots_are_no_problem_of_their_own_when_there_are_no_days(ready: Any, running: Ad) -> None:
    AdTimeSlotFactory(ad=running, weekdays=[6])
    today = timezone.localdate()
    Ad.objects.update(ad_start_date=today + timedelta(days=10), ad_expiry_date=today + timedelta(days=5))

    assert ready(running.campaign) == ("red", ["ad_expiry_date"], [])


def test_when_every_ad_is_rejected_each_note_is_a_blocker(running: Ad) -> None:
    other = showing(campaign=running.campaign)
    for ad in (running, other):
        ad.refresh_from_db()
        ad.reject(UserFactory(role=RoleName.CONTENT_MODERATOR), at=timezone.now(), note=f"No {ad.ad_name}")

    found = readiness_of([running.campaign], at=timezone.now())[running.campaign_id]

    assert [(one.problem, one.resource_name, one.params["note"]) for one in found.blockers] == [
        (Problem.REJECTED, ad.ad_name, f"No {ad.ad_name}") for ad in (running, other)
    ]
    assert found.light == "red"


def test_ads_that_wait_for_their_review_are_named(running: Ad) -> None:
    waiting = showing(campaign=running.campaign, approved=False)

    found = readiness_of([running.campaign], at=timezone.now())[running.campaign_id]

    assert [(one.problem, one.resource_id, one.resource_name) for one in found.warnings] == [
        (Problem.NOT_REVIEWED, waiting.pk, waiting.ad_name)
    ]
    assert found.light == "amber"


def test_everything_is_said_at_once(ready: Any, running: Ad) -> None:
    showing(campaign=running.campaign, ad_status="paused")
    Campaign.objects.update(
        campaign_status="paused", campaign_end_date=timezone.localdate() + timedelta(days=1), campaign_max_view_count=5
    )
    CampaignViewTotals.objects.create(campaign=running.campaign, view_count=4)
    CampaignAudienceTargeting.objects.update(cities=["Vienna"])

    warnings = ["ad_active", "ends_soon", "view_cap_nearly_used", "unknown_city"]
    assert ready(running.campaign) == ("red", ["campaign_active"], warnings)


def test_a_region_that_is_elsewhere_is_a_blocker_if_no_target_can_match(ready: Any, running: Ad) -> None:
    CampaignAudienceTargeting.objects.update(region="Asia")
    other = AudienceTargetingFactory(campaign=running.campaign, region="US-TX", cities=["Vienna"])

    assert ready(running.campaign) == ("red", ["region_elsewhere", "region_elsewhere"], ["unknown_city"])

    other.delete()
    assert ready(running.campaign) == ("red", ["region_elsewhere"], [])
    AudienceTargetingFactory(campaign=running.campaign, region="Bavaria")
    assert ready(running.campaign) == ("amber", [], ["region_elsewhere"])


def test_a_campaign_that_has_just_been_deleted_has_no_ads(running: Ad) -> None:
    campaign = Campaign.objects.get()
    Campaign.objects.all().delete()

    assert [one.code for one in readiness_of([campaign], at=timezone.now())[campaign.pk].blockers] == ["no_ads"]


def test_problems_of_one_ad_among_several_are_warnings(ready: Any, running: Ad) -> None:
    showing(campaign=running.campaign, ad_status="paused", approved=False)

    assert ready(running.campaign) == ("amber", [], ["ad_active", "approved"])


def warnings(campaign: Campaign) -> list[tuple[str, Problem, UUID, str]]:
    """The code, problem, resource and field of each warning."""
    found = readiness_of([Campaign.objects.get(pk=campaign.pk)], at=timezone.now())[campaign.pk]
    return [(one.code, one.problem, one.resource_id, one.field) for one in found.warnings]


@pytest.mark.parametrize(
    ("days", "problem"),
    [(0, Problem.ENDS_TODAY), (1, Problem.ENDS_TOMORROW), (2, Problem.ENDS_IN_DAYS), (7, Problem.ENDS_IN_DAYS)],
)
def test_an_end_within_a_week_is_a_warning(ready: Any, running: Ad, days: int, problem: Problem) -> None:
    Campaign.objects.update(campaign_end_date=timezone.localdate() + timedelta(days=days))

    assert warnings(running.campaign) == [("ends_soon", problem, running.campaign_id, "campaign_end_date")]
    assert ready(running.campaign) == ("amber", [], ["ends_soon"])


def test_an_end_after_more_than_a_week_is_no_warning(ready: Any, running: Ad) -> None:
    Campaign.objects.update(campaign_end_date=timezone.localdate() + timedelta(days=8))

    assert ready(running.campaign) == ("green", [], [])


@pytest.mark.parametrize(
    ("name", "problem"), [("ad_end_date", Problem.ENDS_TODAY), ("ad_expiry_date", Problem.EXPIRES_TODAY)]
)
def test_an_ad_that_ends_soon_and_before_its_campaign_is_a_warning(
    ready: Any, running: Ad, name: str, problem: Problem
) -> None:
    Ad.objects.update(**{name: timezone.localdate()})

    assert warnings(running.campaign) == [("ends_soon", problem, running.pk, name)]
    assert ready(running.campaign) == ("amber", [], ["ends_soon"])

    Ad.objects.update(**{name: timezone.localdate() + timedelta(days=8)})
    assert ready(running.campaign) == ("green", [], [])


@pytest.mark.parametrize(
    ("used", "expected"),
    [
        ((79, 0), ("green", [], [])),
        ((80, 0), ("amber", [], ["view_cap_nearly_used"])),
        ((100, 0), ("red", ["view_cap"], [])),
        ((0, 3_456), ("amber", [], ["view_duration_cap_nearly_used"])),
        ((0, 4_320), ("red", ["view_duration_cap"], [])),
    ],
)
def test_a_cap_is_a_warning_from_80_percent_and_a_blocker_when_used_up(
    ready: Any, running: Ad, used: tuple[int, int], expected: Any
) -> None:
    Campaign.objects.update(
        campaign_max_view_count=100, campaign_max_view_duration_value=72, campaign_max_view_duration_unit="minutes"
    )
    CampaignViewTotals.objects.create(campaign=running.campaign, view_count=used[0], view_seconds=used[1])

    assert ready(running.campaign) == expected


def test_the_number_of_queries_is_constant(running: Ad) -> None:
    for _ in range(3):
        campaign = showing(campaign=showing().campaign).campaign
        AdTimeSlotFactory(ad=AdFactory(campaign=campaign))
        AudienceTargetingFactory(campaign=campaign, region="Asia", cities=["Vienna", "Nowhere"])
    CampaignFactory(campaign_end_date=timezone.localdate())

    def queries_for(campaigns: list[Campaign]) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert len(readiness_of(campaigns, at=timezone.now())) == len(campaigns)
        return len(queries)

    assert queries_for(list(Campaign.objects.all())) == queries_for([campaign]) <= 5


def test_readiness_is_for_staff(cast: Any, client_for: Any, running: Ad) -> None:
    address = f"/api/campaigns/{running.campaign_id}/readiness"

    assert client_for(cast.content_moderator).get(address).status_code == 200
    assert client_for(cast.user).get(address).status_code == client_for(cast.guest).get(address).status_code == 403
    assert client_for(None).get(address).status_code == 401
    assert client_for(cast.content_moderator).get(f"/api/campaigns/{uuid.uuid4()}/readiness").status_code == 404
    assert client_for(cast.content_moderator).get(f"{address}?on=2026-01-01").status_code == 400
