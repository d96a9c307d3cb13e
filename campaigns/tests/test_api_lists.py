"""The list of campaigns in the API: filters, search, order and pages."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import User
from accounts.tests.factories import Cast
from ads.tests.factories import AdFactory
from advertisers.tests.factories import AdvertiserFactory
from campaigns.models import Campaign
from campaigns.tests.factories import AudienceTargetingFactory, CampaignFactory

pytestmark = pytest.mark.django_db

ClientFor = Callable[[User | None], APIClient]


@pytest.fixture
def client(cast: Cast, client_for: ClientFor) -> APIClient:
    """Signed in as a guest: every user may read campaigns."""
    return client_for(cast.guest)


@pytest.fixture
def three(cast: Cast) -> dict[str, Campaign]:
    """Three campaigns, spring to autumn 2031, newest last."""
    spring = CampaignFactory(
        campaign_name="Spring sale",
        campaign_start_date=date(2031, 3, 1),
        campaign_end_date=date(2031, 5, 31),
        campaign_created_by=cast.owner,
        campaign_status="active",
        advertiser=AdvertiserFactory(),
        campaign_max_view_count=7,
    )
    AudienceTargetingFactory(campaign=spring, country="DE", cities=["Berlin", "Bonn"])
    AudienceTargetingFactory(campaign=spring, country="FR", cities=["Paris"])
    summer = CampaignFactory(
        campaign_name="Summer 100% off",
        campaign_start_date=date(2031, 6, 1),
        campaign_end_date=date(2031, 8, 31),
        campaign_created_by=cast.colleague,
        campaign_status="paused",
    )
    AudienceTargetingFactory(campaign=summer, country="DE")
    AdFactory.create_batch(2, campaign=summer)
    autumn = CampaignFactory(
        campaign_name="Autumn sale",
        campaign_start_date=date(2031, 8, 1),
        campaign_end_date=date(2031, 10, 31),
        campaign_created_by=cast.owner,
        campaign_status="active",
    )
    AdFactory(campaign=autumn)
    return {"spring": spring, "summer": summer, "autumn": autumn}


def found(client: APIClient, query: str) -> list[str]:
    answer = client.get(f"/api/campaigns?{query}")
    assert answer.status_code == 200, answer.content
    assert answer.json()["count"] == len(answer.json()["results"])
    return [row["campaign_name"].split()[0].lower() for row in answer.json()["results"]]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["autumn", "summer", "spring"]),
        ("campaign_status=active", ["autumn", "spring"]),
        ("campaign_status=active,paused", ["autumn", "summer", "spring"]),
        ("campaign_status=draft", []),
        ("advertiser_id={spring.advertiser_id}", ["spring"]),
        ("campaign_created_by_id={summer.campaign_created_by_id}", ["summer"]),
        ("country=DE", ["summer", "spring"]),
        ("country=germany", ["summer", "spring"]),
        ("country=fr", ["spring"]),
        ("country=UK", []),
        ("city=Paris%E2%80%8B", ["spring"]),
        ("city=bonn", ["spring"]),
        ("city=paris&country=FR", ["spring"]),
        ("city=paris&country=DE", []),
        ("running_on=2031-08-15", ["autumn"]),
        ("running_on=2031-05-31", ["spring"]),
        ("running_on=2031-03-01", ["spring"]),
        ("running_on=2031-06-15", []),
        ("campaign_start_date_after=2031-06-01", ["autumn", "summer"]),
        ("campaign_start_date_before=2031-06-01", ["summer", "spring"]),
        ("campaign_end_date_after=2031-08-31", ["autumn", "summer"]),
        ("campaign_end_date_before=2031-08-31", ["summer", "spring"]),
        ("campaign_start_date_after=2031-03-02&campaign_end_date_before=2031-09-01", ["summer"]),
        ("search=SALE", ["autumn", "spring"]),
        ("search=sale autumn", ["autumn"]),
        ("search=ring", ["spring"]),
        ("search=100%25", ["summer"]),
        ("search=%25", ["summer"]),
        ("search=_", []),
        ("campaign_status=active&country=DE&search=sale&ordering=campaign_name", ["spring"]),
    ],
)
def test_campaigns_are_filtered_and_searched(
    client: APIClient, three: dict[str, Campaign], query: str, expected: list[str]
) -> None:
    assert found(client, query.format(**three)) == expected


def test_list_rows_have_the_number_of_ads_and_no_nested_lists(client: APIClient, three: dict[str, Campaign]) -> None:
    rows = client.get("/api/campaigns").json()["results"]

    assert [row["ad_count"] for row in rows] == [1, 2, 0]
    document = client.get(f"/api/campaigns/{three['summer'].pk}").json()
    assert set(rows[1]) - set(document) == {"ad_count"}
    assert set(document) - set(rows[1]) == {"allowed_next_statuses", "audience_targeting", "ads"}
    assert set(document["ads"][0]) == {
        "ad_id",
        "ad_type_id",
        "ad_name",
        "media_type",
        "ad_status",
        "moderation_status",
        "created_at",
    }


def test_a_list_can_be_ordered_by_every_column_both_ways(
    cast: Cast, client_for: ClientFor, three: dict[str, Campaign]
) -> None:
    client = client_for(cast.content_moderator)
    # What the reader may do isn't a column.
    columns = set(client.get("/api/campaigns").json()["results"][0]) - {"allowed_actions"}

    for column in columns:
        up = client.get(f"/api/campaigns?ordering={column}")
        down = client.get(f"/api/campaigns?ordering=-{column}")
        assert (up.status_code, down.status_code) == (200, 200), column
        values = [row[column] for row in up.json()["results"] if row[column] is not None]
        assert values == sorted(values), column
        backwards = [row["campaign_id"] for row in reversed(down.json()["results"])]
        assert [row["campaign_id"] for row in up.json()["results"]] == backwards, column


def test_names_of_advertisers_are_shown_to_those_who_may_see_advertisers_alone(
    cast: Cast, client_for: ClientFor, three: dict[str, Campaign]
) -> None:
    """Neither values nor an order reveal them to others, also not as they were earlier."""
    spring = three["spring"]
    name = spring.advertiser.advertiser_name if spring.advertiser else ""
    address = f"/api/campaigns/{spring.pk}"
    moment = f"{timezone.now().date()}"

    for reader in (cast.content_moderator, cast.guest, cast.user):
        client = client_for(reader)
        expected = name if reader == cast.content_moderator else None
        rows = client.get("/api/campaigns?search=spring").json()["results"]
        documents = [*rows, client.get(address).json(), client.get(f"{address}?as_of={moment}").json()]
        assert [one["advertiser_name"] for one in documents] == [expected] * 3
        ordered = client.get("/api/campaigns?ordering=advertiser_name")
        assert ordered.status_code == (200 if expected else 400)


def test_a_list_can_be_ordered_by_the_number_of_ads(client: APIClient, three: dict[str, Campaign]) -> None:
    assert found(client, "ordering=-ad_count") == ["summer", "autumn", "spring"]
    assert found(client, "ordering=campaign_status,-campaign_name") == ["spring", "autumn", "summer"]


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("ordering=password", "ordering"),
        ("ordering=campaign_name,nope", "ordering"),
        ("ordering=--campaign_name", "ordering"),
        ("ordering=advertiser__advertiser_name", "ordering"),
        ("ordering=%3F", "ordering"),
        ("campaign_status=gone", "campaign_status"),
        ("campaign_status=active,gone", "campaign_status"),
        ("advertiser_id=7", "advertiser_id"),
        ("campaign_created_by_id=mia", "campaign_created_by_id"),
        ("running_on=today", "running_on"),
        ("running_on=2031-02-30", "running_on"),
        ("running_on=10000-01-01", "running_on"),
        ("running_on=0000-01-01", "running_on"),
        ("campaign_start_date_after=x", "campaign_start_date_after"),
        ("country=Atlantis", "country"),
        ("country=XX", "country"),
        ("country=100%25s", "country"),
        ("country=", "country"),
        ("city=", "city"),
        ("running_on=", "running_on"),
        ("campaign_status=", "campaign_status"),
        ("campaign_start_date_before=x", "campaign_start_date_before"),
        ("campaign_end_date_after=x", "campaign_end_date_after"),
        ("campaign_end_date_before=x", "campaign_end_date_before"),
        ("country=" + "x" * 101, "country"),
        ("city=" + "x" * 201, "city"),
        ("search=" + "a+" * 11, "search"),
        ("search=" + "a" * 201, "search"),
        ("page=0", "page"),
        ("page=-1", "page"),
        ("page=abc", "page"),
        ("page=1.0", "page"),
        ("page=", "page"),
        ("page=%EF%BC%91", "page"),
        ("page=99999999999999999999", "page"),
        ("page_size=0", "page_size"),
        ("page_size=101", "page_size"),
        ("page_size=-5", "page_size"),
        ("page=1&page=2", "page"),
        ("country=DE&country=FR", "country"),
        ("colour=red", "colour"),
        ("campaign_name=x", "campaign_name"),
        ("campaign_name__icontains=x", "campaign_name__icontains"),
        ("format=json", "format"),
    ],
)
def test_an_invalid_parameter_is_refused_by_name(
    client: APIClient, three: dict[str, Campaign], query: str, parameter: str
) -> None:
    answer = client.get(f"/api/campaigns?{query}")

    assert answer.status_code == 400
    assert list(answer.json()) == [parameter]
    assert all(isinstance(message, str) for message in answer.json()[parameter])


def test_pages_link_to_the_next_and_the_previous_page(client: APIClient) -> None:
    CampaignFactory.create_batch(5)

    def page(address: str) -> dict[str, Any]:
        answer = client.get(address)
        assert answer.status_code == 200, answer.content
        document: dict[str, Any] = answer.json()
        return document

    first = page("/api/campaigns?page_size=2&ordering=created_at&search=Campaign")
    assert (first["count"], first["previous"], len(first["results"])) == (5, None, 2)
    second = page(first["next"])
    third = page(second["next"])
    assert (third["next"], len(third["results"])) == (None, 1)
    assert page(third["previous"]) == second
    assert page(second["previous"]) == first
    seen = [row["campaign_id"] for one in (first, second, third) for row in one["results"]]
    assert seen == [str(campaign.pk) for campaign in Campaign.objects.order_by("created_at", "campaign_id")]
    assert parse_qs(urlsplit(first["next"]).query)["page"] == ["2"]


def test_a_page_past_the_end_is_not_found_and_an_empty_list_has_one_page(client: APIClient) -> None:
    empty = client.get("/api/campaigns")
    assert empty.json() == {"count": 0, "next": None, "previous": None, "results": []}

    answer = client.get("/api/campaigns?page=2")
    assert (answer.status_code, answer.json()) == (404, {"detail": "There is only 1 page."})
    assert client.get("/api/campaigns?page=1000000000").status_code == 404


def test_a_page_has_20_rows_by_default_and_100_at_most(client: APIClient) -> None:
    CampaignFactory.create_batch(21)

    assert len(client.get("/api/campaigns").json()["results"]) == 20
    assert len(client.get("/api/campaigns?page_size=100").json()["results"]) == 21


def test_rows_with_equal_values_have_a_total_order(client: APIClient) -> None:
    CampaignFactory.create_batch(7, campaign_name="Same")

    seen = [
        row["campaign_id"]
        for page in range(1, 8)
        for row in client.get(f"/api/campaigns?ordering=campaign_name&page_size=1&page={page}").json()["results"]
    ]

    assert len(set(seen)) == 7


def test_a_filter_with_several_values_is_sent_as_a_list_or_several_times(
    client: APIClient, three: dict[str, Campaign]
) -> None:
    together = client.get("/api/campaigns?campaign_status=active,paused").json()["results"]
    mixed = client.get("/api/campaigns?campaign_status=active&campaign_status=paused,draft&campaign_status=active")
    apart = client.get("/api/campaigns?campaign_status=active&campaign_status=paused")

    assert len(together) == 3
    assert together == apart.json()["results"] == mixed.json()["results"]
    links = client.get("/api/campaigns?campaign_status=active&campaign_status=paused&page_size=2").json()
    assert client.get(links["next"]).json()["results"] == together[2:]
    for query in (
        "campaign_status=active&campaign_status=",
        "campaign_status=active,",
        "campaign_status=x&campaign_status=active",
    ):
        answer = client.get(f"/api/campaigns?{query}")
        assert (answer.status_code, list(answer.json())) == (400, ["campaign_status"]), query


def test_my_own_campaigns_are_those_of_me(cast: Cast, client_for: ClientFor, three: dict[str, Campaign]) -> None:
    assert found(client_for(cast.owner), "campaign_created_by_id=me") == ["autumn", "spring"]
    assert found(client_for(cast.colleague), "campaign_created_by_id=me") == ["summer"]
    assert found(client_for(cast.guest), "campaign_created_by_id=me") == []
    assert client_for(cast.guest).get("/api/campaigns?campaign_created_by_id=Me").status_code == 400
    assert client_for(cast.guest).get("/api/campaigns?advertiser_id=me").status_code == 400


@pytest.mark.parametrize("name", ["created_at", "updated_at"])
def test_campaigns_are_found_by_when_they_were_created_or_changed(
    client: APIClient, three: dict[str, Campaign], name: str
) -> None:
    at = datetime(2026, 5, 1, 12, tzinfo=UTC)
    for number, campaign in enumerate(three.values()):
        Campaign.objects.filter(pk=campaign.pk).update(**{name: at + timedelta(hours=number)})

    def names(query: str) -> list[str]:
        return sorted(found(client, query))

    assert names(f"{name}_after=2026-05-01T13:00:00Z") == ["autumn", "summer"]
    assert names(f"{name}_before=2026-05-01T13:00:00Z") == ["spring", "summer"]
    # A plus sign that isn't encoded arrives as a blank. Without an offset, a time is UTC.
    for moment in ("14:00:00+01:00", "14:00:00%2B01:00", "14:00:00.000+01", "14:00+0100", "13:00"):
        query = f"{name}_after=2026-05-01T{moment}&{name}_before=2026-05-01T{moment}"
        assert names(query) == ["summer"], moment
    for wrong in ("today", "2026-02-30T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"):
        answer = client.get(f"/api/campaigns?{name}_after={wrong}")
        assert (answer.status_code, list(answer.json())) == (400, [f"{name}_after"]), wrong
