"""Writing campaigns and their targets in the API."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.audit.models import AuditEntry
from accounts.models import User
from accounts.tests.factories import Cast
from advertisers.tests.factories import AdvertiserFactory
from campaign_studio.tests.bodies import campaign_body, stored
from campaign_studio.tests.refusals import codes_of

pytestmark = pytest.mark.django_db

ClientFor = Callable[[User | None], APIClient]


@pytest.fixture
def client(cast: Cast, client_for: ClientFor) -> APIClient:
    """Signed in as a campaign manager."""
    return client_for(cast.owner)


@pytest.fixture
def summer(client: APIClient) -> dict[str, Any]:
    """A campaign with two target countries."""
    targets = [
        {"region": "Europe", "country": "Germany", "cities": [" Berlin", "", "berlin", "Bonn"], "postcodes": ["10115"]},
        {"region": "Europe", "country": "FRA"},
    ]
    answer = client.post("/api/campaigns", campaign_body(audience_targeting=targets))
    assert answer.status_code == 201, answer.content
    document: dict[str, Any] = answer.json()
    return document


def at(document: dict[str, Any], *more: str) -> str:
    return "/".join(["/api/campaigns", document["campaign_id"], *more])


def places(document: dict[str, Any]) -> list[tuple[str, list[str], list[str]]]:
    return [(one["country"], one["cities"], one["postcodes"]) for one in document["audience_targeting"]]


def test_a_campaign_with_two_countries_is_created_and_read_again(
    client: APIClient, cast: Cast, summer: dict[str, Any]
) -> None:
    assert places(summer) == [("DE", ["Berlin", "Bonn"], ["10115"]), ("FR", [], [])]
    assert (summer["campaign_status"], summer["ads"]) == ("draft", [])
    assert (summer["campaign_created_by_id"], summer["created_by_name"]) == (str(cast.owner.pk), "campaign_manager")
    assert client.get(at(summer)).json() == summer


def test_every_field_of_a_campaign_can_be_written(client: APIClient) -> None:
    day = timezone.localdate()
    body = campaign_body(
        campaign_description="Everything",
        advertiser_id=str(AdvertiserFactory().pk),
        campaign_expiry_date=str(day + timedelta(days=60)),
        campaign_max_view_duration_value=3,
        campaign_max_view_duration_unit="hours",
        campaign_max_view_count=1000,
        campaign_status="active",
        audience_targeting=[],
    )

    document = client.post("/api/campaigns", body).json()

    assert {name: document[name] for name in body} == body


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"campaign_end_date": "2000-01-01"}, {"campaign_end_date": ["campaign_ends_after_it_starts"]}),
        (
            {"campaign_expiry_date": "2000-01-01"},
            {"campaign_expiry_date": ["campaign_expires_after_it_ends"]},
        ),
        (
            {"campaign_max_view_duration_value": 1},
            {"non_field_errors": ["campaign_view_duration_value_and_unit_together"]},
        ),
        (
            {"campaign_max_view_count": 0},
            {"campaign_max_view_count": ["campaign_view_count_cap_is_positive"]},
        ),
        (
            {"campaign_status": "expired"},
            {"campaign_status": ["initial_status"]},
        ),
        ({"campaign_status": "gone"}, {"campaign_status": ["invalid_choice"]}),
        (
            {"colour": "red", "campaign_name": ""},
            {"campaign_name": ["blank"], "colour": ["unknown_field"]},
        ),
        (
            {"advertiser_id": "00000000-0000-4000-8000-000000000000"},
            {"advertiser_id": ["does_not_exist"]},
        ),
        ({"audience_targeting": None}, {"audience_targeting": ["null"]}),
        (
            {"audience_targeting": [{"region": "Europe", "country": "DE"}, {"region": "EUROPE", "country": "Germany"}]},
            {"audience_targeting": {1: {"non_field_errors": ["campaign_targets_a_place_once"]}}},
        ),
        (
            {"audience_targeting": [{"region": "Europe", "country": "DE"}, {"region": "", "country": "XX", "town": 1}]},
            {"audience_targeting": {1: {"country": ["invalid_choice"], "town": ["unknown_field"]}}},
        ),
    ],
)
def test_an_invalid_campaign_is_refused_field_by_field(
    client: APIClient, changes: dict[str, Any], error: dict[str, Any]
) -> None:
    before = stored()

    answer = client.post("/api/campaigns", campaign_body(**changes))

    assert (answer.status_code, codes_of(answer)) == (400, error)
    assert stored() == before


def test_an_invalid_target_leaves_the_campaign_unchanged(client: APIClient, summer: dict[str, Any]) -> None:
    before = stored()
    targets = [{"region": "Asia", "country": "JP"}, {"region": "asia", "country": "JP"}]

    answer = client.patch(at(summer), {"campaign_name": "Changed", "audience_targeting": targets})

    assert (answer.status_code, list(answer.json())) == (400, ["audience_targeting"])
    assert stored() == before
    assert client.get(at(summer)).json() == summer


def test_an_update_without_targeting_leaves_it_unchanged(client: APIClient, summer: dict[str, Any]) -> None:
    answer = client.patch(at(summer), {"campaign_name": "Other"})

    assert (answer.status_code, answer.json()["campaign_name"]) == (200, "Other")
    assert answer.json()["audience_targeting"] == summer["audience_targeting"]


def test_targets_in_an_update_replace_the_stored_ones(client: APIClient, summer: dict[str, Any]) -> None:
    germany, _ = summer["audience_targeting"]
    kept = {name: germany[name] for name in ("region", "country", "cities", "postcodes")}

    answer = client.patch(at(summer), {"audience_targeting": [{"region": "Asia", "country": "JP"}, kept]})

    assert answer.status_code == 200
    japan, still = answer.json()["audience_targeting"]
    assert (japan["country"], still) == ("JP", germany)
    assert client.patch(at(summer), {"audience_targeting": []}).json()["audience_targeting"] == []


def test_a_target_without_cities_and_postcodes_is_the_whole_country(client: APIClient, summer: dict[str, Any]) -> None:
    for method in (client.patch, client.put):
        body = campaign_body(audience_targeting=[{"region": "Europe", "country": "DE"}])

        assert places(method(at(summer), body).json()) == [("DE", [], [])]


def test_two_targets_can_swap_their_cities(client: APIClient, summer: dict[str, Any]) -> None:
    germany, france = summer["audience_targeting"]
    swapped = [
        {"region": "Europe", "country": "DE", "cities": france["cities"], "postcodes": []},
        {"region": "Europe", "country": "FR", "cities": germany["cities"], "postcodes": ["75001"]},
    ]

    answer = client.put(at(summer), campaign_body(audience_targeting=swapped))

    assert places(answer.json()) == [("DE", [], []), ("FR", ["Berlin", "Bonn"], ["75001"])]


def test_put_needs_the_required_fields_and_keeps_the_omitted_ones(client: APIClient, summer: dict[str, Any]) -> None:
    client.patch(at(summer), {"campaign_description": "Kept", "campaign_max_view_count": 5})
    before = stored()

    refused = client.put(at(summer), {"campaign_description": "x"})
    assert refused.status_code == 400
    assert codes_of(refused) == {
        name: ["required"] for name in ("campaign_name", "campaign_start_date", "campaign_end_date")
    }
    assert stored() == before

    answer = client.put(at(summer), campaign_body(campaign_name="Replaced"))
    assert answer.status_code == 200
    document = answer.json()
    assert (document["campaign_name"], document["campaign_description"]) == ("Replaced", "Kept")
    assert document["campaign_max_view_count"] == 5
    assert document["audience_targeting"] == summer["audience_targeting"]


def test_an_empty_string_means_null_in_optional_fields(client: APIClient) -> None:
    optional = (
        "campaign_description",
        "advertiser_id",
        "campaign_expiry_date",
        "campaign_max_view_duration_value",
        "campaign_max_view_duration_unit",
        "campaign_max_view_count",
    )

    answer = client.post("/api/campaigns", campaign_body(**dict.fromkeys(optional, "")))

    assert answer.status_code == 201
    assert {name: answer.json()[name] for name in optional} == dict.fromkeys(optional)
    assert client.patch(at(answer.json()), {"campaign_start_date": ""}).status_code == 400


def test_read_only_fields_that_are_sent_back_are_ignored(client: APIClient, summer: dict[str, Any]) -> None:
    forged = {
        "campaign_id": "00000000-0000-4000-8000-000000000000",
        "campaign_created_by_id": "00000000-0000-4000-8000-000000000000",
        "created_by_name": "Nobody",
        "updated_by_name": "Nobody",
        "created_at": "2000-01-01T00:00:00Z",
        "ads": [{"ad_name": "smuggled"}],
        "version": 99,
    }

    answer = client.put(at(summer), {**summer, **forged})

    assert answer.status_code == 200
    assert answer.json() == summer


def test_a_campaign_keeps_its_creator_when_an_admin_changes_it(
    cast: Cast, client_for: ClientFor, summer: dict[str, Any]
) -> None:
    answer = client_for(cast.app_admin).patch(at(summer), {"campaign_name": "Other"})

    assert answer.json()["campaign_created_by_id"] == str(cast.owner.pk)
    assert (answer.json()["created_by_name"], answer.json()["updated_by_name"]) == ("campaign_manager", "app_admin")


def test_a_target_that_names_its_id_is_changed_and_keeps_its_history(client: APIClient, summer: dict[str, Any]) -> None:
    germany, france = summer["audience_targeting"]
    changed = {**germany, "cities": [*germany["cities"], "Cologne"]}

    answer = client.patch(at(summer), {"audience_targeting": [changed, france]})

    same, other = answer.json()["audience_targeting"]
    assert (same["audience_id"], same["created_at"]) == (germany["audience_id"], germany["created_at"])
    assert same["cities"] == [*germany["cities"], "Cologne"]
    assert other == france
    newest = AuditEntry.objects.filter(object_pk=germany["audience_id"]).order_by("pk").last()
    assert newest is not None
    assert (newest.action, list(newest.changes)) == (AuditEntry.Action.UPDATE, ["cities"])
