"""Advertisers in the API."""

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import User
from accounts.tests.factories import Cast
from advertisers.models import Advertiser
from advertisers.tests.factories import AdvertiserFactory
from campaign_studio.tests.bodies import advertiser_body, contact_body, stored
from campaign_studio.tests.refusals import codes_of
from campaigns.tests.factories import CampaignFactory

pytestmark = pytest.mark.django_db

ClientFor = Callable[[User | None], APIClient]


@pytest.fixture
def client(cast: Cast, client_for: ClientFor) -> APIClient:
    """Signed in as a campaign manager."""
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
    assert codes_of(answer) == expected
    assert stored() == before


def test_an_advertiser_with_every_field_is_created_and_read_again(client: APIClient, cast: Cast) -> None:
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
        ({"contacts": []}, {"contacts": ["empty"]}),
        ({"contacts": None}, {"contacts": ["null"]}),
        ({"contacts": "Ann"}, {"contacts": ["not_a_list"]}),
        ({"advertiser_type": "club"}, {"advertiser_type": ["invalid_choice"]}),
        ({"latitude": 91, "longitude": 0}, {"latitude": ["advertiser_latitude_is_on_earth"]}),
        ({"latitude": 0, "longitude": -180.5}, {"longitude": ["advertiser_longitude_is_on_earth"]}),
        ({"latitude": 5}, {"non_field_errors": ["advertiser_latitude_and_longitude_together"]}),
        ({"created_by": 1}, {"created_by": ["unknown_field"]}),
        ({"advertiser_name": ""}, {"advertiser_name": ["blank"]}),
    ],
)
def test_an_invalid_advertiser_is_refused_field_by_field(
    client: APIClient, acme: dict[str, Any], changes: dict[str, Any], error: dict[str, Any]
) -> None:
    before = stored()

    assert_refused(client.post("/api/advertisers", advertiser_body(**changes)), error, before)
    assert_refused(client.patch(at(acme), changes), error, before)


def test_contacts_are_required_for_a_new_advertiser(client: APIClient) -> None:
    body = advertiser_body()
    del body["contacts"]

    answer = client.post("/api/advertisers", body)

    assert (answer.status_code, codes_of(answer)) == (400, {"contacts": ["required"]})
    assert not Advertiser.objects.exists()


@pytest.mark.parametrize(
    "place", [{"country": "Atlantis"}, {"timezone": "Mars/Olympus"}, {"country": 49}, {"timezone": "localtime"}]
)
def test_country_and_time_zone_must_exist(client: APIClient, place: dict[str, Any]) -> None:
    answer = client.post("/api/advertisers", advertiser_body(**place))

    assert (answer.status_code, list(answer.json())) == (400, list(place))
    assert not Advertiser.objects.exists()


def test_an_advertiser_with_campaigns_cannot_be_deleted(
    cast: Cast, client_for: ClientFor, acme: dict[str, Any]
) -> None:
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
        ("country=Deutschland", ["Alpha", "Gamma"]),
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
def test_users_and_guests_have_no_access_to_advertisers(
    cast: Cast, client_for: ClientFor, acme: dict[str, Any], role: str
) -> None:
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


def test_the_history_covers_the_advertiser_and_its_contacts(client: APIClient, acme: dict[str, Any]) -> None:
    ann, bob = acme["contacts"]
    client.patch(at(acme), {"city": "Bonn", "contacts": [{**ann, "contact_name": "Anna"}]})

    entries = client.get(at(acme, "history")).json()["results"]

    changes = {(entry["resource_type"], entry["action"], entry["resource_id"]): entry for entry in entries}
    assert changes[("advertiser", "update", acme["advertiser_id"])]["changes"] == {"city": [None, "Bonn"]}
    changed = changes[("advertisercontact", "update", ann["contact_id"])]
    assert changed["changes"] == {"contact_name": ["Ann Example", "Anna"]}
    assert changed["parent_id"] == acme["advertiser_id"]
    assert ("advertisercontact", "delete", bob["contact_id"]) in changes
    assert {entry["door"] for entry in entries} == {"api"}
