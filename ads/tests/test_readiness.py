"""`GET /api/campaigns/{id}/readiness`: what can never run, what is missing, what ends soon."""

import uuid
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from ads.delivery.facts import Problem
from ads.delivery.readiness import readiness_of
from ads.models import Ad, CampaignViewTotals
from ads.tests.delivery_scene import caller, showing
from ads.tests.factories import AdFactory
from campaigns.models import Campaign
from campaigns.tests.factories import CampaignFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def running() -> Ad:
    """An ad in a campaign that runs from today for thirty days."""
    today = timezone.localdate()
    dates = {"campaign__campaign_start_date": today, "campaign__campaign_end_date": today + timedelta(days=30)}
    return showing(**dates)


@pytest.fixture
def ready(client_for: Any) -> Any:
    """Ask about a campaign: the light, the codes of its blockers and of its warnings."""

    def ask(campaign: Campaign) -> tuple[str, list[str], list[str]]:
        told = client_for(caller()).get(f"/api/campaigns/{campaign.pk}/readiness").json()
        assert told["campaign_id"] == str(campaign.pk)
        assert told["ready"] is (told["light"] != "red")
        for finding in (*told["blockers"], *told["warnings"]):
            assert finding["message"].endswith(".")
            assert finding["fix"]
            assert finding["resource_name"]
        return told["light"], [one["code"] for one in told["blockers"]], [one["code"] for one in told["warnings"]]

    return ask


def test_a_campaign_that_can_run_is_green(ready: Any, running: Ad) -> None:
    assert ready(running.campaign) == ("green", [], [])


def test_a_campaign_that_starts_later_is_green(ready: Any, running: Ad) -> None:
    Campaign.objects.update(campaign_start_date=timezone.localdate() + timedelta(days=20))

    assert ready(running.campaign) == ("green", [], [])


def test_a_campaign_without_ads_can_not_run(ready: Any) -> None:
    assert ready(CampaignFactory()) == ("red", ["no_ads"], [])


def test_a_fresh_draft_hears_all_that_is_missing(ready: Any) -> None:
    draft = AdFactory()

    expected = ["campaign_active", "no_audience", "ad_active", "approved", "rated"]
    assert ready(draft.campaign) == ("red", expected, [])


def test_what_can_never_show_again_is_named(ready: Any, running: Ad) -> None:
    yesterday = timezone.localdate() - timedelta(days=1)
    Campaign.objects.update(campaign_start_date=yesterday, campaign_end_date=yesterday, campaign_expiry_date=yesterday)
    Ad.objects.update(ad_end_date=yesterday, ad_expiry_date=yesterday)

    blockers = ["campaign_dates", "campaign_expiry_date", "ad_dates", "ad_expiry_date"]
    assert ready(running.campaign) == ("red", blockers, [])


def test_an_ad_that_expires_before_it_starts_never_shows(ready: Any, running: Ad) -> None:
    today = timezone.localdate()
    Ad.objects.update(ad_start_date=today + timedelta(days=10), ad_expiry_date=today + timedelta(days=5))

    assert ready(running.campaign) == ("red", ["ad_expiry_date"], [])


def test_what_is_wrong_with_one_ad_of_several_is_a_warning(ready: Any, running: Ad) -> None:
    showing(campaign=running.campaign, ad_status="paused", approved=False)

    assert ready(running.campaign) == ("amber", [], ["ad_active", "approved"])


def warnings(campaign: Campaign) -> list[tuple[str, Problem, UUID, str]]:
    """What is said of what, and where to change it."""
    found = readiness_of([Campaign.objects.get(pk=campaign.pk)], on=timezone.localdate())[campaign.pk]
    return [(one.code, one.problem, one.resource_id, one.field) for one in found.warnings]


@pytest.mark.parametrize(
    ("days", "problem"),
    [(0, Problem.ENDS_TODAY), (1, Problem.ENDS_TOMORROW), (2, Problem.ENDS_IN_DAYS), (7, Problem.ENDS_IN_DAYS)],
)
def test_an_end_within_a_week_is_a_warning(ready: Any, running: Ad, days: int, problem: Problem) -> None:
    Campaign.objects.update(campaign_end_date=timezone.localdate() + timedelta(days=days))

    assert warnings(running.campaign) == [("ends_soon", problem, running.campaign_id, "campaign_end_date")]
    assert ready(running.campaign) == ("amber", [], ["ends_soon"])


def test_an_end_after_a_week_is_none(ready: Any, running: Ad) -> None:
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
def test_caps_warn_from_four_fifths_on_and_stop_when_they_are_used_up(
    ready: Any, running: Ad, used: tuple[int, int], expected: Any
) -> None:
    Campaign.objects.update(
        campaign_max_view_count=100, campaign_max_view_duration_value=72, campaign_max_view_duration_unit="minutes"
    )
    CampaignViewTotals.objects.create(campaign=running.campaign, view_count=used[0], view_seconds=used[1])

    assert ready(running.campaign) == expected


def test_many_campaigns_cost_no_more_questions_than_one(running: Ad) -> None:
    for _ in range(3):
        showing(campaign=showing().campaign)

    def asked(campaigns: list[Campaign]) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert len(readiness_of(campaigns, on=timezone.localdate())) == len(campaigns)
        return len(queries)

    assert asked(list(Campaign.objects.all())) == asked([running.campaign])


def test_whoever_may_read_the_campaign_may_ask(cast: Any, client_for: Any, running: Ad) -> None:
    address = f"/api/campaigns/{running.campaign_id}/readiness"

    assert client_for(cast.guest).get(address).status_code == 200
    assert client_for(None).get(address).status_code == 401
    assert client_for(cast.guest).get(f"/api/campaigns/{uuid.uuid4()}/readiness").status_code == 404
    assert client_for(cast.guest).get(f"{address}?on=2026-01-01").status_code == 400
