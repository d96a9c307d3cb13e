"""Administrators and devices at the same time, with real threads, connections and transactions."""

from collections import Counter
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from accounts.tests.factories import make_cast
from ads.models import Ad, AdView, Device
from ads.reporting import counting
from ads.tests.factories import DEVICE_KEY, AdFactory
from ads.tests.screens import ADDRESS, view
from campaign_studio.tests.bodies import as_device, device_body, tokens_of
from campaign_studio.tests.refusals import codes_of
from campaign_studio.tests.sabotage import other_connection
from campaign_studio.tests.together import at_once

pytestmark = pytest.mark.django_db(transaction=True)

DEVICES = "/api/devices"
HERE = "/api/delivery?country=DE"


@pytest.fixture
def token() -> str:
    """The token of a system administrator."""
    return str(tokens_of(make_cast().system_admin)["access_token"])


def test_one_of_eight_simultaneous_creations_of_a_device_succeeds(token: str) -> None:
    answers = at_once(*[lambda client: client.post(DEVICES, device_body())] * 8, token=token)

    assert Counter(answer.status_code for answer in answers) == {201: 1, 400: 7}
    assert all(codes_of(one) == {"device_id": ["unique"]} for one in answers if one.status_code == 400)
    (key,) = [answer.json()["key"] for answer in answers if answer.status_code == 201]
    assert as_device(Device.objects.get(), key).get(HERE).status_code == 200


def test_of_simultaneous_rotations_the_last_key_works_and_no_other(token: str, device: Device) -> None:
    address = f"{DEVICES}/{device.pk}/rotate-key"
    answers = at_once(*[lambda client: client.post(address)] * 8, token=token)

    keys = [answer.json()["key"] for answer in answers]
    assert len(set(keys)) == 8
    works = [as_device(device, key).get(HERE).status_code for key in [DEVICE_KEY, *keys]]
    assert Counter(works) == {401: 8, 200: 1}


def delete_while_reporting(device: Device, ad: Ad) -> tuple[int, str]:
    """How many views count in a report that is under way while the device is deleted, and how the deletion ends."""

    def delete(client: Any) -> str:
        while not _waiting(1):
            pass
        try:
            device.delete()
        except ValidationError as error:
            return str(error.code)
        return "deleted"

    def let_go(client: Any) -> None:
        # The deletion waits for the report, or is over.
        while not _waiting(2) and Device.objects.exists():
            pass
        other.rollback()

    with other_connection() as other:
        other.autocommit = False
        other.execute("SELECT FROM ads FOR UPDATE")
        reported, deleted, _ = at_once(lambda _: as_device(device).post(ADDRESS, [view(ad)]), delete, let_go)
    return reported.json()["accepted"], deleted


def _waiting(number: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity "
            "WHERE datname = current_database() AND cardinality(pg_blocking_pids(pid)) > 0"
        )
        return bool(cursor.fetchone()[0] >= number)


def test_a_device_is_not_deleted_while_a_view_of_it_is_being_counted(device: Device) -> None:
    assert delete_while_reporting(device, AdFactory()) == (1, "device_has_views")
    assert Device.objects.exists()


def test_control_without_the_lock_of_the_device_its_views_outlive_it(
    device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_lock = counting._lock_reporting_device().replace("FOR NO KEY UPDATE", "")
    monkeypatch.setattr(counting, "_lock_reporting_device", lambda: without_lock)
    device_id = device.pk
    # Otherwise the report would lock the device to say that it was seen.
    Device.objects.update(last_seen_at="2999-01-01T00:00:00Z")

    assert delete_while_reporting(device, AdFactory()) == (1, "deleted")
    assert AdView.objects.get().device_id == device_id


def test_two_requests_of_a_device_do_not_wait_to_say_that_it_was_seen(device: Device) -> None:
    with other_connection() as other:
        other.autocommit = False
        other.execute("SELECT FROM devices FOR UPDATE")
        # While someone edits the device, it still gets its answer.
        assert as_device(device).get(HERE).status_code == 200
        other.rollback()
    assert Device.objects.get().last_seen_at is None

    assert as_device(device).get(HERE).status_code == 200
    assert Device.objects.get().last_seen_at is not None
