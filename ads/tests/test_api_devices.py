"""The API for administrators: create, change, deactivate and delete devices, and give them new keys."""

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import AuditEntry, User
from accounts.tests.factories import Cast
from ads.models import Device
from ads.tests.factories import DEVICE_KEY, AdFactory, DeviceFactory
from ads.tests.screens import report, view
from campaign_studio.models import IdempotentAnswer
from campaign_studio.tests.bodies import as_device, device_body, stored
from campaign_studio.tests.refusals import codes_of

pytestmark = pytest.mark.django_db

DEVICES = "/api/devices"
HERE = "/api/delivery?country=DE"


@pytest.fixture
def client(cast: Cast, client_for: Callable[[User | None], APIClient]) -> APIClient:
    """An application administrator."""
    return client_for(cast.app_admin)


def test_a_new_device_is_answered_with_its_key_once(client: APIClient, cast: Cast) -> None:
    answer = client.post(DEVICES, device_body())

    assert answer.status_code == 201
    assert answer["Cache-Control"] == "no-store"
    created = answer.json()
    key = created.pop("key")
    assert client.get(f"{DEVICES}/car-17")["ETag"] == answer["ETag"]
    assert as_device(Device.objects.get(), key).get(HERE).status_code == 200
    assert (created["device_id"], created["fleet"], created["is_active"]) == ("car-17", "Taxis", True)
    assert (created["last_seen_at"], created["version"]) == (None, 1)
    assert created["created_by_id"] == str(cast.app_admin.pk)

    again = client.get(f"{DEVICES}/car-17")
    # The second part of an ETag is about what isn't edited, such as when the device was last seen.
    assert again["ETag"].partition("-")[0] == answer["ETag"].partition("-")[0]
    assert set(again.json()) == set(created)
    for address in (DEVICES, f"{DEVICES}/car-17", f"{DEVICES}/car-17/history", "/api/audit-log"):
        text = client.get(address).content.decode()
        assert key not in text
        assert Device.hash_of(key) not in text


def test_a_rotated_key_is_answered_once_and_the_old_one_is_dead(client: APIClient, device: Device) -> None:
    tag = client.get(f"{DEVICES}/{device.pk}")["ETag"]
    answer = client.post(f"{DEVICES}/{device.pk}/rotate-key", headers={"If-Match": tag})

    assert (answer.status_code, answer["Cache-Control"]) == (200, "no-store")
    assert as_device(device).get(HERE).status_code == 401
    assert as_device(device, answer.json()["key"]).get(HERE).status_code == 200
    assert client.get(f"{DEVICES}/{device.pk}")["ETag"] != tag
    assert client.post(f"{DEVICES}/{device.pk}/rotate-key", headers={"If-Match": tag}).status_code == 412


@pytest.mark.parametrize("address", [DEVICES, f"{DEVICES}/car-0/rotate-key"])
def test_an_answer_with_a_key_is_not_kept_for_a_repeated_request(client: APIClient, address: str) -> None:
    DeviceFactory(device_id="car-0")
    sent = {"Idempotency-Key": "one"}

    first = client.post(address, device_body() if address == DEVICES else None, headers=sent)
    second = client.post(address, device_body() if address == DEVICES else None, headers=sent)

    assert first.status_code in (200, 201)
    assert second.status_code == (400 if address == DEVICES else 200)
    assert "Idempotency-Replayed" not in second
    assert not IdempotentAnswer.objects.exists()


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        ({"device_id": "a:b"}, {"device_id": ["device_id_fits_a_header"]}),
        ({"device_id": "car-0"}, {"device_id": ["unique"]}),
        ({"device_id": ""}, {"device_id": ["blank"]}),
        ({"device_id": "x" * 101}, {"device_id": ["max_length"]}),
        ({"fleet": " "}, {"fleet": ["blank"]}),
        ({"fleet": "x" * 101}, {"fleet": ["max_length"]}),
        ({"key": "mine"}, {}),
        ({"key_hash": "0" * 64}, {"key_hash": ["unknown_field"]}),
        ({"odd": 1}, {"odd": ["unknown_field"]}),
    ],
)
def test_what_a_device_may_not_be_is_refused_by_field(
    client: APIClient, changes: dict[str, Any], codes: dict[str, list[str]]
) -> None:
    DeviceFactory(device_id="car-0")
    codes = codes or {"key": ["unknown_field"]}
    before = stored()

    answer = client.post(DEVICES, device_body(**changes))

    assert (answer.status_code, codes_of(answer)) == (400, codes)
    assert stored() == before


def test_a_device_is_changed_and_deactivated(client: APIClient, device: Device) -> None:
    answer = client.patch(f"{DEVICES}/{device.pk}", {"fleet": "Buses", "is_active": False, "device_id": "other"})

    assert answer.status_code == 200
    assert (answer.json()["device_id"], answer.json()["fleet"]) == (device.pk, "Buses")
    assert as_device(device).get(HERE).status_code == 401
    assert client.patch(f"{DEVICES}/{device.pk}", {"is_active": True}).status_code == 200
    assert as_device(device).get(HERE).status_code == 200


def test_being_seen_does_not_conflict_with_an_edit(client: APIClient, device: Device) -> None:
    tag = client.get(f"{DEVICES}/{device.pk}")["ETag"]
    as_device(device).get(HERE)

    assert client.get(f"{DEVICES}/{device.pk}").json()["last_seen_at"].endswith(":00:00Z")
    assert client.patch(f"{DEVICES}/{device.pk}", {"fleet": "Buses"}, headers={"If-Match": tag}).status_code == 200


def test_a_device_with_views_is_not_deleted_but_any_other_is(client: APIClient, device: Device) -> None:
    other = DeviceFactory()
    report(as_device(device), view(AdFactory()))

    answer = client.delete(f"{DEVICES}/{device.pk}")

    assert answer.status_code == 409
    assert answer.json() == {
        "detail": "This device can't be deleted: its views have been counted. Deactivate it instead."
    }
    assert client.delete(f"{DEVICES}/{other.pk}").status_code == 204
    assert list(Device.objects.all()) == [device]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["bus-1", "car-1", "car-2"]),
        ("fleet=Taxis", ["car-1", "car-2"]),
        ("fleet=taxis", []),
        ("is_active=false", ["car-2"]),
        ("fleet=Taxis&is_active=true", ["car-1"]),
        ("search=BUS", ["bus-1"]),
        ("search=taxi", ["car-1", "car-2"]),
        ("ordering=-device_id", ["car-2", "car-1", "bus-1"]),
        ("ordering=fleet,-device_id", ["bus-1", "car-2", "car-1"]),
    ],
)
def test_devices_are_filtered_searched_and_ordered(client: APIClient, query: str, found: list[str]) -> None:
    DeviceFactory(device_id="car-1")
    DeviceFactory(device_id="car-2", is_active=False)
    DeviceFactory(device_id="bus-1", fleet="Buses")

    assert [row["device_id"] for row in client.get(f"{DEVICES}?{query}").json()["results"]] == found


@pytest.mark.parametrize("query", ["is_active=yes", "fleet=" + "x" * 101, "ordering=key_hash", "key_hash=0", "key=0"])
def test_any_other_parameter_is_refused(client: APIClient, query: str) -> None:
    assert client.get(f"{DEVICES}?{query}").status_code == 400


def test_the_history_of_a_device_says_who_changed_it(client: APIClient, cast: Cast) -> None:
    client.post(DEVICES, device_body())
    client.patch(f"{DEVICES}/car-17", {"is_active": False})
    client.post(f"{DEVICES}/car-17/rotate-key")

    rows = client.get(f"{DEVICES}/car-17/history").json()["results"]

    assert [sorted(row["changes"]) for row in rows] == [
        ["key_hash"],
        ["is_active"],
        ["created_by_id", "fleet", "is_active", "key_hash"],
    ]
    assert {row["actor"]["username"] for row in rows} == {"app_admin"}
    assert client.get("/api/audit-log?resource_type=device&resource_id=car-17").json()["count"] == 3


def test_a_device_can_be_read_as_it_was(client: APIClient) -> None:
    client.post(DEVICES, device_body())
    before = AuditEntry.objects.latest("timestamp").timestamp
    client.patch(f"{DEVICES}/car-17", {"fleet": "Buses"})

    past = client.get(f"{DEVICES}/car-17", {"as_of": before.isoformat()}).json()

    assert (past["fleet"], past["version"], past["last_seen_at"]) == ("Taxis", None, None)


@pytest.mark.parametrize("device_id", ["nobody", "a%20b", "a%3Ab", "%C3%A4", "x" * 300])
def test_an_unknown_device_is_not_found(client: APIClient, device_id: str) -> None:
    for method in ("get", "patch", "delete"):
        assert getattr(client, method)(f"{DEVICES}/{device_id}").status_code == 404


def test_ids_with_special_characters_work_in_urls(client: APIClient) -> None:
    device_id = "3f_1c~9+a=b@c.d"
    DeviceFactory(device_id=device_id)

    assert client.get(f"{DEVICES}/{device_id}").json()["device_id"] == device_id
    assert as_device(Device.objects.get(), DEVICE_KEY).get(HERE).status_code == 200
