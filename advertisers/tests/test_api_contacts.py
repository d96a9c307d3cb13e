"""Contacts in the API: within their advertiser, and at URLs of their own."""

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import User
from accounts.tests.factories import Cast
from advertisers.constraints import ONE_POINT_OF_CONTACT
from advertisers.models import LAST_CONTACT
from advertisers.tests.factories import AdvertiserContactFactory, AdvertiserFactory
from campaign_studio.tests.bodies import advertiser_body, contact_body, stored
from campaign_studio.tests.refusals import codes_of

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


def test_an_update_without_contacts_leaves_them_unchanged(client: APIClient, acme: dict[str, Any]) -> None:
    for answer in (
        client.patch(at(acme), {"advertiser_name": "New"}),
        client.put(at(acme), {"advertiser_name": "New", "advertiser_type": "business"}),
    ):
        assert (answer.status_code, answer.json()["advertiser_name"]) == (200, "New")
        assert answer.json()["contacts"] == acme["contacts"]


def test_contacts_in_an_update_replace_the_stored_ones(client: APIClient, acme: dict[str, Any]) -> None:
    ann, bob = acme["contacts"]

    answer = client.patch(at(acme), {"contacts": [{**bob, "contact_name": "Robert"}, contact_body(contact_name="Cy")]})

    assert answer.status_code == 200
    cy, robert = answer.json()["contacts"]
    assert (robert["contact_id"], robert["contact_name"]) == (bob["contact_id"], "Robert")
    assert robert["created_at"] == bob["created_at"]
    assert cy["contact_name"] == "Cy"
    assert cy["contact_id"] not in (ann["contact_id"], bob["contact_id"])
    assert client.get(at(acme, "contacts", ann["contact_id"])).status_code == 404


def test_the_point_of_contact_can_be_changed_in_one_request(client: APIClient, acme: dict[str, Any]) -> None:
    ann, bob = acme["contacts"]
    swapped = [{**ann, "is_point_of_contact": False}, {**bob, "is_point_of_contact": True}]

    for contacts in (swapped, [{**ann, "is_point_of_contact": True}, {**bob, "is_point_of_contact": False}]):
        answer = client.patch(at(acme), {"contacts": contacts})

        assert answer.status_code == 200, answer.content
        marks = {one["contact_id"]: one["is_point_of_contact"] for one in answer.json()["contacts"]}
        assert marks == {one["contact_id"]: one["is_point_of_contact"] for one in contacts}


def test_two_points_of_contact_in_one_body_are_refused(client: APIClient, acme: dict[str, Any]) -> None:
    ann, bob = acme["contacts"]
    before = stored()

    nested = client.patch(at(acme), {"contacts": [ann, {**bob, "is_point_of_contact": True}]})

    assert nested.status_code == 400
    assert nested.json() == {"contacts": {"1": {"is_point_of_contact": [ONE_POINT_OF_CONTACT]}}}
    assert stored() == before


def test_a_new_point_of_contact_replaces_the_old_one(client: APIClient, acme: dict[str, Any]) -> None:
    def marked(contacts: list[dict[str, Any]]) -> list[str]:
        return [one["contact_id"] for one in contacts if one["is_point_of_contact"]]

    ann, bob = acme["contacts"]
    assert client.patch(at(acme, "contacts", bob["contact_id"]), {"is_point_of_contact": True}).status_code == 200
    assert marked(client.get(at(acme)).json()["contacts"]) == [bob["contact_id"]]

    added = client.post(at(acme, "contacts"), contact_body(is_point_of_contact=True))
    assert added.status_code == 201
    assert marked(client.get(at(acme)).json()["contacts"]) == [added.json()["contact_id"]]

    named = {"contact_id": ann["contact_id"], "contact_name": "Ann", "contact_email": "ann@example.com"}
    kept = {**named, "contact_id": added.json()["contact_id"]}
    nested = client.patch(at(acme), {"contacts": [{**named, "is_point_of_contact": True}, kept]})
    assert nested.status_code == 200, nested.content
    assert marked(nested.json()["contacts"]) == [ann["contact_id"]]


def test_a_contact_of_another_advertiser_is_not_moved(client: APIClient, acme: dict[str, Any]) -> None:
    theirs = AdvertiserContactFactory(contact_name="Theirs")

    answer = client.patch(at(acme), {"contacts": [contact_body(contact_id=str(theirs.pk), contact_name="Stolen")]})

    theirs.refresh_from_db()
    assert (theirs.contact_name, str(theirs.advertiser_id)) != ("Stolen", acme["advertiser_id"])
    assert answer.status_code in (200, 400)
    if answer.status_code == 200:
        assert answer.json()["contacts"][0]["contact_id"] != str(theirs.pk)


def test_errors_in_a_list_of_contacts_are_reported_by_index(client: APIClient, acme: dict[str, Any]) -> None:
    before = stored()
    contacts = [acme["contacts"][0], contact_body(contact_email="no address", shoe_size=44)]

    answer = client.patch(at(acme), {"contacts": contacts})

    assert answer.status_code == 400
    assert codes_of(answer) == {"contacts": {1: {"contact_email": ["invalid"], "shoe_size": ["unknown_field"]}}}
    assert stored() == before


def test_contacts_have_urls_of_their_own(client: APIClient, acme: dict[str, Any]) -> None:
    listed = client.get(at(acme, "contacts"))
    assert listed.json()["count"] == 2
    assert listed.json()["results"] == acme["contacts"]

    added = client.post(at(acme, "contacts"), contact_body(contact_name="Cy", contact_country="fra"))
    assert (added.status_code, added.json()["contact_country"]) == (201, "FR")
    one = at(acme, "contacts", added.json()["contact_id"])
    assert client.get(one).json() == added.json()
    assert client.patch(one, {"contact_city": "Paris"}).json()["contact_city"] == "Paris"
    assert client.put(one, contact_body(contact_name="Di")).json()["contact_city"] == "Paris"
    assert client.delete(one).status_code == 204
    assert client.get(one).status_code == 404


def test_the_last_contact_cannot_be_deleted(client: APIClient, acme: dict[str, Any]) -> None:
    ann, bob = acme["contacts"]
    assert client.delete(at(acme, "contacts", bob["contact_id"])).status_code == 204

    answer = client.delete(at(acme, "contacts", ann["contact_id"]))

    assert (answer.status_code, answer.json()) == (409, {"detail": LAST_CONTACT})
    assert client.get(at(acme, "contacts")).json()["count"] == 1


def test_a_contact_is_found_only_under_its_own_advertiser(client: APIClient, acme: dict[str, Any]) -> None:
    other = {"advertiser_id": str(AdvertiserFactory(contact=True).pk)}
    before = stored()

    elsewhere = at(other, "contacts", acme["contacts"][0]["contact_id"])
    assert client.get(elsewhere).status_code == 404
    for method in ("put", "patch", "delete"):
        assert getattr(client, method)(elsewhere, contact_body()).status_code == 404
    assert stored() == before
