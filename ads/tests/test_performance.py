"""`GET /api/campaigns/{campaign_id}/performance`: views and viewing time, and what is left of the caps."""

import uuid
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts.models import User
from accounts.tests.factories import Cast
from ads.choices import AdType
from ads.models import Ad, AdViewDay
from ads.tests.factories import AdFactory
from ads.tests.screens import car, driving, report, view
from campaign_studio.places.clock import already_today
from campaigns.models import Campaign
from campaigns.tests.factories import CampaignFactory

pytestmark = pytest.mark.django_db

FIRST = date(2026, 3, 1)


@pytest.fixture
def client(cast: Cast, client_for: Callable[[User | None], APIClient]) -> APIClient:
    """A member of staff who may change neither campaigns nor ads."""
    return client_for(cast.content_moderator)


@pytest.fixture
def campaign() -> Campaign:
    return CampaignFactory(campaign_start_date=FIRST)


@pytest.fixture
def ads(campaign: Campaign) -> list[Ad]:
    """Two ads, and one of another campaign."""
    bottom = AdFactory(campaign=campaign, ad_name="Tea", ad_type_id=AdType.BOTTOM_LEFT)
    return [AdFactory(campaign=campaign, ad_name="Coffee"), bottom, AdFactory(ad_name="Rival")]


def seen(ad: Ad, day: int, views: int, *, country: str = "DE", city: str = "", is_local: bool = True) -> None:
    """Store views of five seconds each, on a day in March 2026."""
    sums = {"view_count": views, "view_seconds": 5 * views}
    AdViewDay.objects.create(ad=ad, day=FIRST.replace(day=day), country=country, city=city, is_local=is_local, **sums)


def performance(client: APIClient, campaign: Campaign, query: str = "") -> Any:
    answer = client.get(f"/api/campaigns/{campaign.pk}/performance{query}")
    assert answer.status_code == 200, answer.content
    return answer.json()


def numbers(views: int) -> dict[str, int]:
    return {"view_count": views, "view_seconds": 5 * views}


def test_days_are_in_order_with_views_and_seconds(client: APIClient, campaign: Campaign, ads: list[Ad]) -> None:
    seen(ads[0], 9, 1)
    seen(ads[0], 2, 3, city="Ulm")
    seen(ads[1], 2, 4)
    seen(ads[2], 2, 100)

    answer = performance(client, campaign)

    assert answer["results"] == [{"day": "2026-03-02", **numbers(7)}, {"day": "2026-03-09", **numbers(1)}]
    assert answer["campaign_id"] == str(campaign.pk)
    assert {name: answer[name] for name in ("by", "view_count", "view_seconds")} == {"by": "day", **numbers(8)}
    assert list(answer) == ["campaign_id", "from", "to", "by", "view_count", "view_seconds", "caps", "results"]


def test_views_before_the_start_date_are_included_by_default(
    client: APIClient, campaign: Campaign, ads: list[Ad]
) -> None:
    """Older views count on the day in UTC. In Tokyo a campaign starts while it is still the day before there."""
    Campaign.objects.filter(pk=campaign.pk).update(campaign_start_date="2026-03-05")
    seen(ads[0], 4, 2, is_local=False)
    seen(ads[0], 5, 1)

    assert {name: performance(client, campaign)[name] for name in ("from", *numbers(3))} == {
        "from": "2026-03-04",
        **numbers(3),
    }
    assert performance(client, campaign, "?from=2026-03-05")["view_count"] == 1


@pytest.mark.parametrize("by", ["day", "ad", "ad_type", "city"])
def test_days_of_screens_and_days_in_utc_are_added_up(
    client: APIClient, campaign: Campaign, ads: list[Ad], by: str
) -> None:
    seen(ads[0], 2, 3)
    seen(ads[0], 2, 1, is_local=False)

    (row,) = performance(client, campaign, f"?by={by}")["results"]

    assert {name: row[name] for name in numbers(4)} == numbers(4)


def test_ads_have_their_names_and_are_ordered_by_views(client: APIClient, campaign: Campaign, ads: list[Ad]) -> None:
    seen(ads[0], 2, 3)
    seen(ads[1], 2, 2)
    seen(ads[1], 3, 2)

    assert performance(client, campaign, "?by=ad")["results"] == [
        {"ad_id": str(ads[1].pk), "ad_name": "Tea", **numbers(4)},
        {"ad_id": str(ads[0].pk), "ad_name": "Coffee", **numbers(3)},
    ]


def test_positions_add_up_the_views_of_their_ads(client: APIClient, campaign: Campaign, ads: list[Ad]) -> None:
    seen(AdFactory(campaign=campaign, ad_type_id=AdType.BOTTOM_LEFT), 2, 2)
    seen(ads[0], 2, 3)
    seen(ads[1], 2, 2)

    assert performance(client, campaign, "?by=ad_type")["results"] == [
        {"ad_type_id": "bottom_left_ad", **numbers(4)},
        {"ad_type_id": "top_bar_ad", **numbers(3)},
    ]


def test_cities_that_differ_only_in_case_are_one_city(client: APIClient, campaign: Campaign, ads: list[Ad]) -> None:
    seen(ads[0], 2, 3, city="Frankfurt")
    seen(ads[0], 2, 1, city="frankfurt")
    seen(ads[1], 3, 1, city="Frankfurt")
    seen(ads[0], 2, 2, city="Frankfurt", country="US")
    seen(ads[0], 2, 2, city="", country="")

    assert performance(client, campaign, "?by=city")["results"] == [
        {"country": "DE", "city": "Frankfurt", **numbers(5)},
        {"country": "", "city": "", **numbers(2)},
        {"country": "US", "city": "Frankfurt", **numbers(2)},
    ]


def test_all_spellings_of_a_city_are_one_city(client: APIClient, campaign: Campaign, ads: list[Ad]) -> None:
    for city in ("München", "Munich", "Mu\u0308nchen", "MUENCHEN"):
        seen(ads[0], 2, 1, city=city)

    (row,) = performance(client, campaign, "?by=city")["results"]

    assert (row["country"], row["view_count"]) == ("DE", 4)


@pytest.mark.parametrize("by", ["ad", "ad_type", "city"])
def test_groups_with_equal_views_are_ordered_by_key(client: APIClient, campaign: Campaign, by: str) -> None:
    for number, ad_type in enumerate([AdType.TOP_BAR, AdType.BOTTOM_LEFT, AdType.CENTER_LEFT]):
        seen(AdFactory(campaign=campaign, ad_type_id=ad_type), 2, 5, city=f"City {9 - number}")

    rows = performance(client, campaign, f"?by={by}")["results"]

    keys = [tuple(value for name, value in row.items() if not name.startswith(("view_", "ad_name"))) for row in rows]
    assert len(keys) == 3
    assert keys == sorted(keys)


def test_both_days_of_a_range_are_included(client: APIClient, campaign: Campaign, ads: list[Ad]) -> None:
    for day in (1, 2, 3, 4, 5):
        seen(ads[0], day, day)

    answer = performance(client, campaign, "?from=2026-03-02&to=2026-03-04")

    assert [row["day"] for row in answer["results"]] == ["2026-03-02", "2026-03-03", "2026-03-04"]
    assert (answer["from"], answer["to"], answer["view_count"]) == ("2026-03-02", "2026-03-04", 9)


def test_the_default_range_is_the_whole_campaign_up_to_today(client: APIClient, campaign: Campaign) -> None:
    today = already_today()
    later = CampaignFactory(campaign_start_date=today + timedelta(days=9))

    def asked(campaign: Campaign, query: str = "") -> tuple[str, str]:
        answer = performance(client, campaign, query)
        return answer["from"], answer["to"]

    assert asked(campaign) == ("2026-03-01", str(today))
    assert asked(campaign, "?to=2026-02-01") == ("2026-02-01", "2026-02-01")
    assert asked(campaign, "?from=2999-01-01") == ("2999-01-01", "2999-01-01")
    assert asked(later) == (str(later.campaign_start_date),) * 2


def test_caps_have_how_much_is_used_and_left(client: APIClient) -> None:
    campaign = CampaignFactory(
        campaign_max_view_count=3, campaign_max_view_duration_value=1, campaign_max_view_duration_unit="minutes"
    )
    ad = AdFactory(campaign=campaign)
    report(driving(car()), view(ad), view(ad, duration_seconds=59))

    # The range of days doesn't affect the caps.
    answer = performance(client, campaign, "?from=2020-01-01&to=2020-01-01")

    assert answer["caps"] == {
        "campaign_max_view_count": 3,
        "view_count_used": 2,
        "view_count_left": 1,
        "campaign_max_view_duration_seconds": 60,
        "view_seconds_used": 69,
        "view_seconds_left": 0,
    }
    assert (answer["view_count"], answer["results"]) == (0, [])


def test_without_caps_and_views_nothing_is_used_or_left(client: APIClient, campaign: Campaign) -> None:
    assert performance(client, campaign)["caps"] == {
        "campaign_max_view_count": None,
        "view_count_used": 0,
        "view_count_left": None,
        "campaign_max_view_duration_seconds": None,
        "view_seconds_used": 0,
        "view_seconds_left": None,
    }


@pytest.mark.parametrize("by", ["day", "ad", "ad_type", "city"])
def test_reported_views_appear_in_the_performance(client: APIClient, by: str) -> None:
    ad = AdFactory()
    report(driving(car()), view(ad, city="Ulm", country="DEU"), view(ad, city="ulm", country="de"), view(ad))

    answer = performance(client, ad.campaign, f"?by={by}")

    assert (answer["view_count"], answer["view_seconds"]) == (3, 30)
    assert len(answer["results"]) == (2 if by == "city" else 1)


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("by=week", "by"),
        ("by=", "by"),
        ("by=day&by=ad", "by"),
        ("from=yesterday", "from"),
        ("from=", "from"),
        ("from=2026-02-30", "from"),
        ("to=2026-1-1T00:00", "to"),
        ("to=99999-01-01", "to"),
        ("from=2026-03-02&to=2026-03-01", "from"),
        ("page=1", "page"),
        ("From=2026-01-01", "From"),
    ],
)
def test_invalid_parameters_are_refused_by_name(client: APIClient, campaign: Campaign, query: str, name: str) -> None:
    answer = client.get(f"/api/campaigns/{campaign.pk}/performance?{query}")

    assert answer.status_code == 400
    assert list(answer.json()) == [name]


def test_every_invalid_parameter_is_named(client: APIClient, campaign: Campaign) -> None:
    answer = client.get(f"/api/campaigns/{campaign.pk}/performance?from=x&to=y&by=z")

    assert set(answer.json()) == {"from", "to", "by"}
    assert answer.json()["by"] == ["Send one of these: day, ad, ad_type, city."]


def test_an_unknown_campaign_is_not_found(client: APIClient) -> None:
    assert client.get(f"/api/campaigns/{uuid.uuid4()}/performance").status_code == 404


def test_performance_is_for_staff(
    cast: Cast, client_for: Callable[[User | None], APIClient], campaign: Campaign
) -> None:
    address = f"/api/campaigns/{campaign.pk}/performance"

    assert client_for(cast.colleague).get(address).status_code == 200
    assert client_for(cast.user).get(address).status_code == client_for(cast.guest).get(address).status_code == 403
    assert client_for(None).get(address).status_code == 401
    assert client_for(cast.system_admin).post(address, {}).status_code == 405


@pytest.mark.parametrize("by", ["day", "ad", "ad_type", "city"])
def test_the_number_of_queries_does_not_depend_on_the_number_of_views(
    client: APIClient, campaign: Campaign, ads: list[Ad], by: str
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            performance(client, campaign, f"?by={by}")
        return len(captured)

    assert queries() == 2
    for number in range(20):
        seen(ads[number % 2], number + 1, 1, city=f"City {number}")
    assert queries() == 2
