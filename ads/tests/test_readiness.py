"""`GET /api/campaigns/{id}/readiness`: what keeps a campaign from running, and what ends soon."""

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
    """An ad in a campaign that runs for 30 days from today."""
    today = timezone.localdate()
    dates = {"campaign__campaign_start_date": today, "campaign__campaign_end_date": today + timedelta(days=30)}
    return showing(**dates)


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


def test_a_campaign_without_ads_is_blocked(ready: Any) -> None:
    assert ready(CampaignFactory()) == ("red", ["no_ads"], [])


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


def test_an_ad_that_expires_before_it_starts_is_a_blocker(ready: Any, running: Ad) -> None:
    today = timezone.localdate()
    Ad.objects.update(ad_start_date=today + timedelta(days=10), ad_expiry_date=today + timedelta(days=5))

    assert ready(running.campaign) == ("red", ["ad_expiry_date"], [])


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
        showing(campaign=showing().campaign)

    def queries_for(campaigns: list[Campaign]) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert len(readiness_of(campaigns, at=timezone.now())) == len(campaigns)
        return len(queries)

    assert queries_for(list(Campaign.objects.all())) == queries_for([running.campaign])


def test_readiness_is_for_staff(cast: Any, client_for: Any, running: Ad) -> None:
    address = f"/api/campaigns/{running.campaign_id}/readiness"

    assert client_for(cast.content_moderator).get(address).status_code == 200
    assert client_for(cast.user).get(address).status_code == client_for(cast.guest).get(address).status_code == 403
    assert client_for(None).get(address).status_code == 401
    assert client_for(cast.content_moderator).get(f"/api/campaigns/{uuid.uuid4()}/readiness").status_code == 404
    assert client_for(cast.content_moderator).get(f"{address}?on=2026-01-01").status_code == 400
