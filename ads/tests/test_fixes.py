"""The changes that `explain` suggests are accepted by the API, and make the ad show."""

from datetime import date, datetime
from typing import Any

import pytest

from ads.delivery.explaining import explain, with_failures
from ads.delivery.facts import Problem, Reason, Step
from ads.delivery.opportunity import Opportunity
from ads.models import Ad
from ads.tests.delivery_scene import HERE, showing, shown
from campaigns.models import Campaign
from campaigns.tests.factories import AudienceTargetingFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("on_monday")]

EXPLAIN = "/api/delivery/explain"


@pytest.fixture
def admin(client_for: Any, cast: Any) -> Any:
    """A client of a user who may change everything."""
    return client_for(cast.app_admin)


def reasons(client: Any, ad: Ad, **asked: str) -> list[dict[str, Any]]:
    """Why the ad doesn't show, from the API."""
    answer = client.get(EXPLAIN, {**HERE, **asked, "ad_id": ad.pk})
    assert answer.status_code == 200, answer.content
    (result,) = answer.json()["results"]
    return list(result["reasons"])


def facts(ad: Ad, at: str = HERE["at"]) -> list[Reason]:
    """Why the ad doesn't show, as data."""
    opportunity = Opportunity(HERE["country"], datetime.fromisoformat(at), city=HERE["city"], postcode=HERE["postcode"])
    (explained,) = explain(with_failures(Ad.objects.filter(pk=ad.pk), opportunity), opportunity)
    return explained.reasons


def follow(client: Any, ad: Ad, **asked: str) -> list[str]:
    """Send the changes of each reason until there are no reasons left. Returns the codes in order."""
    followed: list[str] = []
    while left := reasons(client, ad, **asked):
        assert len(followed) < 9, left
        for reason in left:
            answer = client.patch(f"/api/{reason['resource_type']}s/{reason['resource_id']}", reason["changes"])
            assert answer.status_code == 200, (reason, answer.json())
            followed.append(reason["code"])
    assert shown(client.get("/api/delivery", {**HERE, **asked})) == {str(ad.pk)}
    return followed


@pytest.mark.parametrize(
    ("cities", "asked"),
    [
        (["Gießen"], "Giessen"),
        (["ΠΕΙΡΑΙΑΣ"], "Πειραιας"),
        (["İstanbul"], "istanbul"),
        (["istanbul"], "İSTANBUL"),
        (["ŞIRNAK"], "Şirnak"),
        (["*"], "Berlin"),
        (["Berlin"], "*"),
    ],
)
@pytest.mark.parametrize("postcodes", [[], ["10115"], ["*"]])
def test_a_city_is_added_regardless_of_how_its_letters_are_lowercased(
    admin: Any, cities: list[str], asked: str, postcodes: list[str]
) -> None:
    ad = showing()
    ad.campaign.audience_targeting.update(cities=cities, postcodes=postcodes)

    assert set(follow(admin, ad, city=asked, postcode="10117")) <= {"city", "postcode"}


def test_a_region_is_added_regardless_of_how_its_letters_are_lowercased(admin: Any) -> None:
    ad = showing()
    ad.campaign.audience_targeting.all().delete()
    AudienceTargetingFactory(campaign=ad.campaign, region="İç Anadolu", country="TR", cities=["Konya"])

    assert set(follow(admin, ad, country="TR", region="iç anadolu")) <= {"region", "city"}


@pytest.mark.parametrize("cities", [[], ["Berlin"], ["Hamburg"]])
@pytest.mark.parametrize("asked", ["", "Bavaria", "Asia"])
@pytest.mark.parametrize("region", ["Asia", "US-TX"])
def test_a_region_that_is_elsewhere_becomes_the_continent(
    admin: Any, region: str, asked: str, cities: list[str]
) -> None:
    ad = showing()
    ad.campaign.audience_targeting.update(region=region, cities=cities)

    assert follow(admin, ad, region=asked) == ["region"]
    kept = [region] if cities == ["Hamburg"] else []
    assert {target.region for target in ad.campaign.audience_targeting.all()} == {*kept, "Europe"}


def test_the_reason_says_where_the_region_is(admin: Any) -> None:
    ad = showing()
    said = {}
    for region in ("Asia", "US-TX"):
        ad.campaign.audience_targeting.update(region=region)
        (reason,) = reasons(admin, ad)
        said[region] = (reason["message"], reason["actual"], reason["changes"]["audience_targeting"][0]["region"])

    assert said == {
        "Asia": ("“Asia” doesn't contain DE. This target matches no screen.", ["Asia"], "Europe"),
        "US-TX": (
            "“US-TX” is known as a region of US, but not of DE. This target matches no screen.",
            ["US-TX"],
            "Europe",
        ),
    }


def test_a_screen_whose_region_is_elsewhere_is_what_is_wrong(admin: Any) -> None:
    ad = showing()
    ad.campaign.audience_targeting.update(region="Bavaria")

    (reason,) = reasons(admin, ad, region="Asia")
    assert (reason["fix"], reason["changes"]) == ("“Asia” is not in DE. Send a region of the country, or none.", None)
    # A target for another country doesn't take over its region.
    assert follow(admin, ad, country="FR", region="Asia", city="", postcode="") == ["country"]


@pytest.mark.parametrize("at", ["2026-11-23T08:15", "2026-11-19T08:15", "2026-11-25T08:15"])
@pytest.mark.parametrize("status", ["expired", "inactive", "paused"])
@pytest.mark.parametrize("of_its_own", [True, False], ids=["own end", "campaign's end"])
def test_an_ended_campaign_or_ad_gets_a_later_end_date_with_its_status(
    admin: Any, status: str, at: str, of_its_own: bool
) -> None:
    ad = showing()
    over = date(2026, 11, 20)
    Campaign.objects.update(campaign_status=status, campaign_end_date=over, campaign_expiry_date=over)
    Ad.objects.update(ad_status=status, ad_end_date=over if of_its_own else None)

    codes = follow(admin, ad, at=at)

    assert {"campaign_active", "ad_active"} <= set(codes)
    assert len(codes) <= 7


def test_activating_needs_the_content_declaration_and_a_campaign_that_has_not_ended() -> None:
    ad = showing(ad_status="paused")
    ad.content_rating.delete()
    Campaign.objects.update(campaign_end_date="2026-11-20")

    found = {one.code: one for one in facts(ad)}

    assert found["ad_active"].steps == (Step.ACTIVATE, Step.FIRST_MOVE_CAMPAIGN_END_AND_CONFIRM)


def test_confirming_the_content_declaration_leaves_only_the_approval(admin: Any) -> None:
    ad = showing()
    ad.content_rating.no_prohibited_content = False
    ad.content_rating.save()
    Ad.objects.update(moderation_status="approved")
    assert [one["code"] for one in reasons(admin, ad)] == ["approved", "rated"]
    (rated,) = [one for one in reasons(admin, ad) if one["code"] == "rated"]

    assert admin.patch(f"/api/ads/{ad.pk}", rated["changes"]).status_code == 200

    assert [one["code"] for one in reasons(admin, ad)] == ["approved"]


def test_future_dates_are_reported_as_future() -> None:
    ad = showing(ad_end_date=date(2026, 11, 25), ad_expiry_date=date(2026, 11, 26))

    later = [(one.problem, one.params["date"]) for one in facts(ad, at="2026-12-01T08:15")]

    assert later == [(Problem.ENDS, date(2026, 11, 25)), (Problem.EXPIRES, date(2026, 11, 26))]
