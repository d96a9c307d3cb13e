"""`GET /api/delivery/explain`: why an ad shows or doesn't, and what would make it show."""

import uuid
from datetime import date, time
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from ads.choices import AdType
from ads.tests.delivery_scene import HERE, caller, showing, shown
from ads.tests.factories import AdTimeSlotFactory
from campaigns.models import CampaignAudienceTargeting
from campaigns.tests.factories import CampaignFactory

pytestmark = pytest.mark.django_db

EXPLAIN = "/api/delivery/explain"


@pytest.fixture
def client(client_for: Any) -> Any:
    return client_for(caller())


def test_ads_that_share_a_bar_name_the_one_that_shows(client: Any) -> None:
    ads = {str(showing().pk) for _ in range(3)}
    winner = shown(client.get("/api/delivery", HERE)).pop()

    results = client.get(EXPLAIN, {**HERE, "ad_type_id": "top_bar_ad"}).json()["results"]

    assert {one["ad_id"] for one in results} == ads
    for one in results:
        is_shown = one["ad_id"] == winner
        expected = {"eligible": True, "shown": is_shown, "lost_to": None if is_shown else winner, "reasons": []}
        assert {name: one[name] for name in expected} == expected


def test_every_reason_has_the_actual_and_expected_value_and_the_changes(client: Any) -> None:
    ad = showing(ad_status="paused", campaign__campaign_end_date=date(2026, 11, 10), campaign__campaign_name="Sum")
    AdTimeSlotFactory(ad=ad, time_slot_start=time(22), time_slot_end=time(0))

    (told,) = client.get(EXPLAIN, {**HERE, "ad_id": ad.pk}).json()["results"]

    of_ad = {"resource_type": "ad", "resource_id": str(ad.pk)}
    assert told["eligible"] is told["shown"] is False
    sentences = [(reason.pop("message"), reason.pop("fix")) for reason in told["reasons"]]
    assert all(message and fix for message, fix in sentences)
    assert "2026-11-10" in sentences[1][0]
    assert told["reasons"] == [
        {
            **of_ad,
            "code": "ad_active",
            "field": "ad_status",
            "expected": "active",
            "actual": "paused",
            "changes": {"ad_status": "active"},
        },
        {
            "code": "campaign_dates",
            "resource_type": "campaign",
            "resource_id": str(ad.campaign_id),
            "field": "campaign_end_date",
            "expected": "2026-11-23",
            "actual": "2026-11-10",
            "changes": {"campaign_end_date": "2026-11-23"},
        },
        {
            **of_ad,
            "code": "time_slot",
            "field": "time_slots",
            "expected": "Mon 08:15–08:30",
            "actual": ["22:00–00:00"],
            "changes": {
                "time_slots": [
                    {"time_slot_start": "22:00", "time_slot_end": "00:00", "weekdays": [1, 2, 3, 4, 5, 6, 7]},
                    {"time_slot_start": "08:15", "time_slot_end": "08:30", "weekdays": [1]},
                ]
            },
        },
    ]


def test_the_changes_can_be_sent_as_a_patch(client_for: Any, cast: Any) -> None:
    ad = showing()
    ad.campaign.audience_targeting.update(cities=["Hamburg"], postcodes=["20095"])
    AdTimeSlotFactory(ad=ad, time_slot_start=time(22), time_slot_end=time(0))
    ad.campaign.refresh_from_db()
    ad.campaign.campaign_start_date = date(2026, 11, 24)
    ad.campaign.save()
    ad.campaign.move_to("paused")
    client = client_for(cast.app_admin)

    (told,) = client.get(EXPLAIN, {**HERE, "ad_id": ad.pk}).json()["results"]
    assert [one["code"] for one in told["reasons"]] == ["campaign_active", "campaign_dates", "time_slot", "city"]
    for reason in told["reasons"]:
        answer = client.patch(f"/api/{reason['resource_type']}s/{reason['resource_id']}", reason["changes"])
        assert answer.status_code == 200, answer.json()

    assert shown(client.get("/api/delivery", HERE)) == {str(ad.pk)}


def test_all_ads_of_a_campaign_are_explained_eligible_ones_first(client: Any) -> None:
    paused = showing(ad_status="paused")
    running = [showing(campaign=paused.campaign, ad_type_id=AdType.CENTER_LEFT) for _ in range(2)]

    results = client.get(EXPLAIN, {**HERE, "campaign_id": paused.campaign_id}).json()["results"]

    assert [one["ad_id"] for one in results] == [*sorted(str(ad.pk) for ad in running), str(paused.pk)]
    assert [one["eligible"] for one in results] == [True, True, False]


def test_a_campaign_without_ads_has_nothing_to_explain(client: Any) -> None:
    answer = client.get(EXPLAIN, {**HERE, "campaign_id": CampaignFactory().pk})

    assert answer.json()["results"] == []


def test_pages_take_the_same_number_of_queries_whatever_their_size(client: Any) -> None:
    for _ in range(3):
        showing()

    def asked(**page: int) -> tuple[Any, int]:
        with CaptureQueriesContext(connection) as queries:
            answer = client.get(EXPLAIN, {**HERE, "ad_type_id": "top_bar_ad", **page})
        return answer.json(), len(queries)

    first, few = asked(page_size=1)
    whole, many = asked()
    second, _ = asked(page_size=1, page=2)
    assert (first["count"], len(first["results"]), len(whole["results"])) == (3, 1, 3)
    assert [first["results"][0], second["results"][0]] == whole["results"][:2]
    assert "page=2" in first["next"]
    assert few == many


@pytest.mark.parametrize(
    ("asked", "field", "says"),
    [
        ({}, "ad_id", "Send exactly one of ad_id, campaign_id and ad_type_id."),
        ({"ad_id": str(uuid.uuid4()), "ad_type_id": "top_bar_ad"}, "ad_id", "Send exactly one of"),
        ({"ad_id": "7"}, "ad_id", "valid UUID"),
        ({"ad_type_id": "left_wing"}, "ad_type_id", "top_bar_ad, "),
        ({"ad_type_id": "top_bar_ad", "page": "0"}, "page", "whole number"),
        ({"ad_type_id": "top_bar_ad", "at": "soon"}, "at", "ISO 8601"),
    ],
)
def test_invalid_parameters_are_refused(client: Any, asked: dict[str, str], field: str, says: str) -> None:
    answer = client.get(EXPLAIN, {**HERE, **asked})

    assert answer.status_code == 400
    assert says in answer.json()[field][0]


@pytest.mark.parametrize("wrong", [{"cities": ["Hamburg"]}, {"postcodes": ["20095"]}])
def test_targets_deleted_during_the_request_do_not_break_it(client: Any, wrong: dict[str, list[str]]) -> None:
    ad = showing()
    ad.campaign.audience_targeting.update(**wrong)

    def delete_targets(execute: Any, sql: str, *rest: Any) -> Any:
        """Delete the targets after the criteria were checked, just before the targets are read."""
        if "covers_city" in sql:
            CampaignAudienceTargeting.objects.all().delete()
        return execute(sql, *rest)

    with connection.execute_wrapper(delete_targets):
        answer = client.get(EXPLAIN, {**HERE, "ad_id": ad.pk})

    assert not CampaignAudienceTargeting.objects.exists()
    (reason,) = answer.json()["results"][0]["reasons"]
    assert reason["code"] in ("city", "postcode")
    assert reason["actual"] == []


def test_other_methods_are_not_allowed(client: Any) -> None:
    address = f"{EXPLAIN}?country=DE&ad_id={uuid.uuid4()}"

    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert client.generic(method, address).status_code == 405, method


@pytest.mark.parametrize("name", ["ad_id", "campaign_id"])
def test_unknown_ads_and_campaigns_are_not_found(client: Any, name: str) -> None:
    assert client.get(EXPLAIN, {**HERE, name: str(uuid.uuid4())}).status_code == 404


def test_only_staff_see_explanations(cast: Any, client_for: Any) -> None:
    asked = {**HERE, "ad_id": showing().pk}

    codes = {
        role: client_for(getattr(cast, role)).get(EXPLAIN, asked).status_code
        for role in ("app_admin", "campaign_manager", "content_moderator", "user", "guest")
    }

    assert codes == {
        "app_admin": 200,
        "campaign_manager": 200,
        "content_moderator": 200,
        "user": 403,
        "guest": 403,
    }


SATURDAY = {**HERE, "at": "2026-11-28T08:15:00"}
WORKDAYS = [1, 2, 3, 4, 5]


def slot(start: str, end: str, weekdays: list[int]) -> dict[str, Any]:
    return {"time_slot_start": start, "time_slot_end": end, "weekdays": weekdays}


@pytest.mark.parametrize(
    ("slots", "message", "fix", "changed"),
    [
        (
            [slot("07:00", "09:00", WORKDAYS), slot("17:00", "19:00", WORKDAYS)],
            "Saturday is not among the days of the ad's time slot Mon–Fri 07:00–09:00.",
            "Add Saturday to the days of the time slot Mon–Fri 07:00–09:00.",
            [slot("07:00", "09:00", [*WORKDAYS, 6]), slot("17:00", "19:00", WORKDAYS)],
        ),
        (
            [slot("10:00", "11:00", WORKDAYS)],
            "The ad has no time slot at 08:15.",
            "Add a time slot that includes Saturday, 08:15 to 08:30.",
            [slot("10:00", "11:00", WORKDAYS), slot("08:15", "08:30", [6])],
        ),
        # On Saturday, the first would overlap the second.
        (
            [slot("07:00", "09:00", WORKDAYS), slot("08:30", "10:00", [6])],
            "Saturday is not among the days of the ad's time slot Mon–Fri 07:00–09:00.",
            "Add a time slot that includes Saturday, 08:15 to 08:30.",
            [slot("07:00", "09:00", WORKDAYS), slot("08:30", "10:00", [6]), slot("08:15", "08:30", [6])],
        ),
        # The first would overlap the third, but the second wouldn't.
        (
            [slot("07:00", "09:00", [1]), slot("08:00", "08:30", [2]), slot("08:30", "10:00", [6])],
            "Saturday is not among the days of the ad's time slot Tue 08:00–08:30.",
            "Add Saturday to the days of the time slot Tue 08:00–08:30.",
            [slot("07:00", "09:00", [1]), slot("08:00", "08:30", [2, 6]), slot("08:30", "10:00", [6])],
        ),
    ],
)
def test_a_missing_day_is_added_to_a_slot_or_as_a_slot(
    client_for: Any, cast: Any, slots: list[Any], message: str, fix: str, changed: list[Any]
) -> None:
    ad, client = showing(), client_for(cast.app_admin)
    client.patch(f"/api/ads/{ad.pk}", {"time_slots": slots})
    ad.refresh_from_db()
    ad.approve(cast.content_moderator, at=ad.created_at)

    (told,) = client.get(EXPLAIN, {**SATURDAY, "ad_id": ad.pk}).json()["results"]

    (reason,) = told["reasons"]
    assert (reason["code"], reason["message"], reason["fix"]) == ("time_slot", message, fix)
    assert reason["expected"] == "Sat 08:15–08:30"
    assert reason["changes"] == {"time_slots": changed}
    assert client.patch(f"/api/ads/{ad.pk}", reason["changes"]).status_code == 200
    assert shown(client.get("/api/delivery", SATURDAY)) == {str(ad.pk)}
