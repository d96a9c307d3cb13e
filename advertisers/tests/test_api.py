"""Advertisers and their contacts by the API."""

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import User
from accounts.tests.factories import Cast
from advertisers.models import Advertiser
from advertisers.tests.factories import AdvertiserFactory
from campaign_studio.tests.bodies import advertiser_body, contact_body, stored
from campaigns.tests.factories import CampaignFactory

pytestmark = pytest.mark.django_db

ClientFor = Callable[[User | None], APIClient]


@pytest.fixture
def client(cast: Cast, client_for: ClientFor) -> APIClient:
    """A campaign manager's."""
    return client_for(cast.campaign_manager)


@pytest.fixture
def acme(client: APIClient) -> dict[str, Any]:
    """An advertiser with two contacts, the first of whom is the point of contact."""
    ann = contact_body(is_point_of_contact=True, contact_phone="+49 30 901820", contact_type="sales")
    bob = contact_body(contact_name="Bob", contact_email="bob@example.com")
    answer = client.post("/api/advertisers", advertiser_body(contacts=[ann, bob]))
    assert answer.status_code == 201, answer.content
    document: dict[str, Any] = answer.json()
    return document


def at(document: dict[str, Any], *more: str) -> str:
    return "/".join(["/api/advertisers", document["advertiser_id"], *more])


def assert_refused(answer: Any, expected: Any, before: Any) -> None:
    assert answer.status_code == 400, answer.content
    assert answer.json() == expected
    assert stored() == before


def test_a_whole_advertiser_is_created_and_read_again(client: APIClient, cast: Cast) -> None:
    columns = {
        "advertiser_name": "ACME",
        "advertiser_type": "agency",
        "address_line_1": "1 High Street",
        "address_line_2": None,
        "city": "Berlin",
        "state": "Berlin",
        "postal_code": "10115",
        "country": "Germany",
        "latitude": 52.5,
        "longitude": 13,
        "timezone": "Europe/Berlin",
    }

    answer = client.post("/api/advertisers", advertiser_body(**columns))

    assert answer.status_code == 201
    document = answer.json()
    assert {name: document[name] for name in columns} == columns | {"country": "DE"}
    assert (document["created_by_id"], document["created_by_name"]) == (str(cast.owner.pk), "campaign_manager")
    assert document["bank_accounts"] == []
    assert document["contacts"][0]["contact_type"] == "manager"
    assert client.get(at(document)).json() == document


@pytest.mark.parametrize("sent", ["", None])
def test_an_empty_optional_field_is_null(client: APIClient, sent: Any) -> None:
    optional = ["city", "country", "latitude", "longitude", "timezone", "address_line_1"]

    document = client.post("/api/advertisers", advertiser_body(**dict.fromkeys(optional, sent))).json()

    assert [document[name] for name in optional] == [None] * len(optional)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"contacts": []}, {"contacts": ["This list may not be empty."]}),
        ({"contacts": None}, {"contacts": ["This field may not be null."]}),
        ({"contacts": "Ann"}, {"contacts": ['Expected a list of items but got type "str".']}),
        ({"advertiser_type": "club"}, {"advertiser_type": ['"club" is not a valid choice.']}),
        ({"latitude": 91, "longitude": 0}, {"latitude": ["Latitude runs from −90 to 90."]}),
        ({"latitude": 0, "longitude": -180.5}, {"longitude": ["Longitude runs from −180 to 180."]}),
        ({"latitude": 5}, {"non_field_errors": ["Give both latitude and longitude, or neither."]}),
        ({"created_by": 1}, {"created_by": ["This field does not exist. /api/docs lists those that do."]}),
        ({"advertiser_name": ""}, {"advertiser_name": ["This field may not be blank."]}),
    ],
)
def test_a_bad_advertiser_is_refused_field_by_field(
    client: APIClient, acme: dict[str, Any], changes: dict[str, Any], error: dict[str, Any]
) -> None:
    before = stored()

    assert_refused(client.post("/api/advertisers", advertiser_body(**changes)), error, before)
    assert_refused(client.patch(at(acme), changes), error, before)


def test_a_new_advertiser_needs_its_contacts(client: APIClient) -> None:
    body = advertiser_body()
    del body["contacts"]

    answer = client.post("/api/advertisers", body)

    assert (answer.status_code, answer.json()) == (400, {"contacts": ["This field is required."]})
    assert not Advertiser.objects.exists()


@pytest.mark.parametrize(
    "place", [{"country": "Atlantis"}, {"timezone": "Mars/Olympus"}, {"country": 49}, {"timezone": "localtime"}]
)
def test_places_must_exist(client: APIClient, place: dict[str, Any]) -> None:
    answer = client.post("/api/advertisers", advertiser_body(**place))

    assert (answer.status_code, list(answer.json())) == (400, list(place))
    assert not Advertiser.objects.exists()


def test_an_advertiser_with_campaigns_stays(cast: Cast, client_for: ClientFor, acme: dict[str, Any]) -> None:
    campaign = CampaignFactory(advertiser_id=acme["advertiser_id"])
    admin = client_for(cast.app_admin)
    before = stored()

    answer = admin.delete(at(acme))
    assert answer.status_code == 409
    assert answer.data["detail"].code == "protected"
    assert stored() == before

    campaign.delete()
    assert admin.delete(at(acme)).status_code == 204
    assert admin.get(at(acme)).status_code == 404


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["Alpha", "Beta", "Gamma"]),
        ("advertiser_type=agency", ["Beta"]),
        ("country=germany", ["Alpha", "Gamma"]),
        ("country=de&city=BERLIN", ["Alpha"]),
        ("country=Atlantis", []),
        ("search=ET", ["Beta"]),
        ("search=par", ["Beta"]),
        ("ordering=-advertiser_name", ["Gamma", "Beta", "Alpha"]),
        ("ordering=city,-advertiser_name", ["Alpha", "Gamma", "Beta"]),
    ],
)
def test_advertisers_are_filtered_searched_and_ordered(client: APIClient, query: str, found: list[str]) -> None:
    AdvertiserFactory(advertiser_name="Gamma", country="DE", city="Bonn")
    AdvertiserFactory(advertiser_name="Alpha", country="DE", city="Berlin")
    AdvertiserFactory(advertiser_name="Beta", country="FR", city="Paris", advertiser_type="agency")

    answer = client.get(f"/api/advertisers?{query}")

    assert [row["advertiser_name"] for row in answer.json()["results"]] == found
    assert "contacts" not in answer.content.decode()


@pytest.mark.parametrize("role", ["user", "guest"])
def test_outsiders_know_of_no_advertiser(cast: Cast, client_for: ClientFor, acme: dict[str, Any], role: str) -> None:
    client = client_for(cast.in_role(role))
    contact = acme["contacts"][0]["contact_id"]

    for address in (
        "/api/advertisers",
        at(acme),
        at(acme, "contacts"),
        at(acme, "contacts", contact),
        at(acme, "bank-accounts"),
        at(acme, "history"),
    ):
        assert client.get(address).status_code == 403


def test_history_tells_of_the_advertiser_and_its_contacts(client: APIClient, acme: dict[str, Any]) -> None:
    ann, bob = acme["contacts"]
    client.patch(at(acme), {"city": "Bonn", "contacts": [{**ann, "contact_name": "Anna"}]})

    entries = client.get(at(acme, "history")).json()["results"]

    told = {(entry["resource_type"], entry["action"], entry["resource_id"]): entry for entry in entries}
    assert told[("advertiser", "update", acme["advertiser_id"])]["changes"] == {"city": [None, "Bonn"]}
    changed = told[("advertisercontact", "update", ann["contact_id"])]
    assert changed["changes"] == {"contact_name": ["Ann Example", "Anna"]}
    assert changed["parent_id"] == acme["advertiser_id"]
    assert ("advertisercontact", "delete", bob["contact_id"]) in told
    assert {entry["door"] for entry in entries} == {"api"}
