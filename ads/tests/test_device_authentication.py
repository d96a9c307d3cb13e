"""How a device proves who it is, where it is admitted, and what it leaves behind."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts.choices import SecurityEventKind
from accounts.models import AuditEntry, SecurityEvent
from accounts.tests.factories import Cast
from ads.models import Device, ViewReceipt
from ads.tests.factories import DEVICE_KEY, AdFactory, DeviceFactory
from ads.tests.screens import view as shown
from campaign_studio.acting import ActingMiddleware, current_user
from campaign_studio.models import IdempotentAnswer
from campaign_studio.tests.attackers import EVERY_ROLE, NOWHERE, client_of, send
from campaign_studio.tests.bodies import as_device, bearing, campaign_body, stored
from campaign_studio.tests.scenes import scene
from campaign_studio.tests.test_permission_table import LINES
from campaign_studio.writing import one_write
from campaigns.tests.factories import CampaignFactory

pytestmark = pytest.mark.django_db

DELIVERY, VIEWS = "/api/delivery", "/api/delivery/views"
HERE = {"country": "DE", "city": "Berlin"}


def test_a_device_asks_what_shows_and_reports_views(device_client: APIClient, device: Device) -> None:
    assert device_client.get(DELIVERY, HERE).status_code == 200
    assert device_client.post(VIEWS, [shown(AdFactory())]).status_code == 200

    device.refresh_from_db()
    assert device.last_seen_at is not None


def test_authentication_and_what_shows_take_one_query(device_client: APIClient) -> None:
    asked = {**HERE, "at": "2026-11-23T08:15:00"}
    device_client.get(DELIVERY, asked)

    with CaptureQueriesContext(connection) as seen:
        device_client.get(DELIVERY, asked)
    assert len(seen) == 1, "with what shows"
    assert '"devices"' in seen[0]["sql"]


@pytest.mark.parametrize(
    "credentials", ["{id}:wrong", "{id}:", "{id}", "", "nobody:{key}", ":{key}", "{key}", "off:{key}", "{id}:{key}:x"]
)
@pytest.mark.parametrize("address", [DELIVERY, VIEWS])
def test_an_unknown_device_a_wrong_key_and_an_inactive_device_get_the_same_answer(
    device: Device, credentials: str, address: str
) -> None:
    DeviceFactory(device_id="off", is_active=False)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Device {credentials.format(id=device.pk, key=DEVICE_KEY)}")

    answer = client.get(DELIVERY, HERE) if address == DELIVERY else client.post(VIEWS, [shown(AdFactory())])

    assert answer.status_code == 401
    assert answer.json() == {
        "detail": "There is no active device with this ID and key. Send “Authorization: Device <device_id>:<key>” "
        "with the device's latest key."
    }
    assert not ViewReceipt.objects.exists()
    device.refresh_from_db()
    assert device.last_seen_at is None


@pytest.mark.parametrize(
    ("address", "challenges"), [(DELIVERY, "Device, Bearer"), (VIEWS, "Device"), ("/api/campaigns", "Bearer")]
)
def test_a_401_says_how_to_authenticate(db: None, address: str, challenges: str) -> None:
    client = APIClient()
    answer = client.post(address, []) if address == VIEWS else client.get(address)

    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, challenges)


@pytest.mark.parametrize("scheme", ["Device", "device", "DEVICE"])
def test_the_scheme_is_compared_without_regard_to_case(device: Device, scheme: str) -> None:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"{scheme}  {device.pk}:{DEVICE_KEY}")

    assert client.get(DELIVERY, HERE).status_code == 200


@pytest.mark.parametrize(
    ("method", "address"),
    [
        ("get", "/api/delivery/explain"),
        ("get", "/api/auth/me"),
        ("get", "/api/campaigns"),
        ("post", "/api/campaigns"),
        ("get", "/api/ads"),
        ("get", "/api/devices"),
        ("post", "/api/devices"),
        ("get", "/api/audit-log"),
    ],
)
def test_everywhere_else_a_device_is_told_where_it_is_admitted(
    device_client: APIClient, method: str, address: str
) -> None:
    before = stored()

    answer = getattr(device_client, method)(address)

    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == "Bearer"
    assert answer.json() == {
        "detail": "Devices may only use GET /api/delivery and POST /api/delivery/views. For anything else, sign in as "
        "a user with POST /api/auth/login."
    }
    assert stored() == before


@pytest.mark.matrix
@pytest.mark.parametrize("line", LINES, ids=" ".join)
def test_no_other_url_admits_a_device(cast: Cast, device: Device, line: list[str]) -> None:
    """Each URL of the permission table answers a device as it answers somebody who isn't signed in."""
    method, address, _, *answers = line
    keys = scene(cast.colleague) | {"user_id": cast.guest.pk, "session_id": NOWHERE}
    before = stored()

    answer = send(as_device(device), method, address.format(**keys), {} if method != "GET" else None)

    if address.startswith(DELIVERY) and "explain" not in address:
        assert answer.status_code in (200, 400)
    elif answers[-1] == "401" or address == "/api":
        # `/api` is open to everybody, but looks at the token that is sent.
        assert answer.status_code == 401
        assert answer.json()["detail"].startswith("Devices may only use")
    else:
        # It is open to everybody, and needs a body that isn't sent here.
        assert answer.status_code in (200, 400)
    Device.objects.update(last_seen_at=None)
    assert stored() == before


@pytest.mark.parametrize("role", EVERY_ROLE)
def test_no_user_may_report_views(cast: Cast, role: str) -> None:
    answer = client_of(cast, role).post(VIEWS, [shown(AdFactory())])

    assert answer.status_code == 403
    assert answer.json()["detail"] == "Only devices may report views. Send “Authorization: Device <device_id>:<key>”."
    assert not ViewReceipt.objects.exists()
    assert SecurityEvent.objects.filter(kind="permission_refused", username=role).exists()


@pytest.mark.parametrize("credentials", ["Bearer x", "Bearer", "Basic eDp5", "x"])
def test_anything_but_a_key_is_told_that_only_devices_report_views(db: None, credentials: str) -> None:
    answer = APIClient().post(VIEWS, [], headers={"Authorization": credentials})

    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Device")
    assert answer.data["detail"].code == "only_devices"


def test_a_key_is_no_token(device: Device) -> None:
    assert bearing(f"{device.pk}:{DEVICE_KEY}").get(DELIVERY, HERE).status_code == 401
    assert bearing(DEVICE_KEY).get(DELIVERY, HERE).status_code == 401


def test_the_console_does_not_know_devices(device: Device) -> None:
    answer = as_device(device).get("/admin/")

    assert (answer.status_code, answer["Location"]) == (302, "/admin/login/?next=/admin/")


@pytest.fixture
def limits(settings: Any) -> Iterator[None]:
    cache.clear()
    settings.THROTTLE_DEVICE, settings.THROTTLE_USER, settings.THROTTLE_ANON = "2/hour", "1/hour", "3/hour"
    yield
    cache.clear()


def test_each_device_has_a_limit_of_its_own(limits: None, device: Device) -> None:
    answers = [as_device(device, REMOTE_ADDR=f"192.0.2.{one}").get(DELIVERY, HERE) for one in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[0]["X-RateLimit-Limit"] == "2"
    assert as_device(DeviceFactory()).get(DELIVERY, HERE).status_code == 200


def test_wrong_keys_are_counted_by_ip_address_and_do_not_use_up_the_limit_of_the_device(
    limits: None, device: Device
) -> None:
    guesses = [as_device(device, "wrong").get(DELIVERY, HERE).status_code for _ in range(4)]

    assert guesses == [401, 401, 401, 429]
    assert as_device(device).get(DELIVERY, HERE).status_code == 200


def test_a_device_and_a_user_with_the_same_key_share_no_limit(limits: None, cast: Cast) -> None:
    twin = DeviceFactory(device_id=str(cast.user.pk))

    assert [as_device(twin).get(DELIVERY, HERE).status_code for _ in range(3)] == [200, 200, 429]
    assert client_of(cast, "user").get(DELIVERY, HERE).status_code == 200


def test_a_device_and_a_user_with_the_same_key_share_no_kept_answer(cast: Cast) -> None:
    twin, sent = DeviceFactory(device_id=str(cast.owner.pk)), {"Idempotency-Key": "one"}

    assert as_device(twin).post(VIEWS, [shown(AdFactory())], headers=sent).status_code == 200
    assert client_of(cast, "campaign_manager").post("/api/campaigns", campaign_body(), headers=sent).status_code == 201
    assert IdempotentAnswer.objects.count() == 2


def test_what_a_device_does_is_recorded_in_its_name_and_not_in_a_users(device: Device) -> None:
    """No request of a device changes an audited row today, but its reports may be security events."""

    def view(request: HttpRequest) -> HttpResponse:
        assert current_user() is None
        with one_write():
            CampaignFactory(campaign_name="Summer")
        SecurityEvent.objects.record(SecurityEventKind.PERMISSION_REFUSED, None)
        return HttpResponse()

    request: Any = RequestFactory().post(VIEWS)
    request.user = device
    ActingMiddleware(view)(request)

    entry = AuditEntry.objects.get(object_repr="Summer")
    assert (entry.actor_id, entry.actor_name, entry.actor_username) == (None, f"device {device.pk}", None)
    assert SecurityEvent.objects.latest("happened_at").actor_username == f"device {device.pk}"
