"""Devices: which IDs they may have, how their keys are made and kept, and when they are seen."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEntry, User
from accounts.tests.factories import Cast
from ads.models import AdView, Device
from ads.tests.factories import DEVICE_KEY, AdFactory, DeviceFactory
from campaign_studio.acting import acting_as
from campaign_studio.models import StaleError
from campaign_studio.tests.refusals import assert_database_refuses, assert_model_refuses, write_past_the_model

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 1, 12, 40, 5, tzinfo=UTC)


@pytest.mark.parametrize("device_id", ["1", "WVWZZZ1JZXW000001", "3f1c-9a.b_c~d+e=f@g", "x" * 100])
def test_an_id_that_fits_a_header_and_a_url_is_accepted(device_id: str) -> None:
    device, _ = Device.create_with_key(device_id=device_id, fleet="Taxis")

    assert Device.objects.get().pk == device.pk == device_id


@pytest.mark.parametrize(
    "device_id", ["a b", "a:b", "a/b", "a\tb", "a\n", " a", "größe", "..", "-a", "=1+1", "a?b", "a#b", "a%2Fb", "a,b"]
)
def test_any_other_id_is_refused_by_the_model_and_the_database(device_id: str) -> None:
    device: Device = DeviceFactory.build(device_id=device_id)

    assert_model_refuses(device, "device_id", "device_id_fits_a_header")
    assert_database_refuses("device_id_fits_a_header", device.save)


@pytest.mark.parametrize(("device_id", "code"), [("", "blank"), ("x" * 101, "max_length")])
def test_an_id_has_1_to_100_characters(device_id: str, code: str) -> None:
    assert_model_refuses(DeviceFactory.build(device_id=device_id), "device_id", code)


def test_a_device_needs_a_fleet(device: Device) -> None:
    assert_model_refuses(device, "fleet", "blank", fleet="")
    assert_database_refuses("device_has_a_fleet", write_past_the_model(device, fleet=""))


@pytest.mark.parametrize("key_hash", ["", "abc", DEVICE_KEY, "A" * 64])
def test_only_a_hash_is_stored_as_a_key(device: Device, key_hash: str) -> None:
    assert_database_refuses("device_key_is_a_hash", write_past_the_model(device, key_hash=key_hash))


def test_an_id_is_given_once(device: Device) -> None:
    with pytest.raises(ValidationError) as refused:
        Device.create_with_key(device_id=device.pk, fleet="Others")

    assert refused.value.message_dict == {"device_id": ["A device with this ID already exists."]}
    assert Device.objects.get().fleet == device.fleet


def test_a_key_has_256_bits_and_is_stored_as_its_hash() -> None:
    device, key = Device.create_with_key(device_id="car", fleet="Taxis")
    other_key = Device.create_with_key(device_id="other", fleet="Taxis")[1]

    assert re.fullmatch(r"[\w-]{43}", key)
    assert key != other_key
    assert Device.objects.get(pk="car").key_hash == Device.hash_of(key)
    assert device.new_key == key
    assert Device.objects.get(pk="car").new_key == ""


def test_a_key_authenticates_its_own_device_only() -> None:
    device, key = Device.create_with_key(device_id="car", fleet="Taxis")
    other, other_key = Device.create_with_key(device_id="other", fleet="Taxis")

    assert Device.objects.authenticate("car", key) == device
    assert Device.objects.authenticate("other", other_key) == other
    for device_id, wrong in (("car", other_key), ("other", key), ("car", ""), ("car", key[:-1]), ("", key)):
        assert Device.objects.authenticate(device_id, wrong) is None
    assert Device.objects.authenticate("car", device.key_hash) is None
    assert Device.objects.authenticate("CAR", key) is None


def test_an_inactive_device_is_not_authenticated(device: Device) -> None:
    assert Device.objects.authenticate(device.pk, DEVICE_KEY) == device

    device.is_active = False
    device.save()

    assert Device.objects.authenticate(device.pk, DEVICE_KEY) is None


def test_a_new_key_replaces_the_old_one(device: Device) -> None:
    version = device.version
    key = device.rotate_key()

    assert Device.objects.authenticate(device.pk, DEVICE_KEY) is None
    assert Device.objects.authenticate(device.pk, key) == device
    assert Device.objects.get().version == version + 1


def test_a_key_is_not_rotated_if_someone_else_has_just_done_so(device: Device) -> None:
    read_before = Device.objects.get()
    key = device.rotate_key()

    with pytest.raises(StaleError), transaction.atomic():
        read_before.rotate_key()
    assert Device.objects.authenticate(device.pk, key) == device


def test_authentication_takes_one_query_by_the_primary_key(device: Device) -> None:
    with CaptureQueriesContext(connection) as seen:
        Device.objects.authenticate(device.pk, DEVICE_KEY)
    (query,) = [one["sql"] for one in seen]

    with connection.cursor() as cursor:
        # The table of a test is too small for PostgreSQL to bother with an index.
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("EXPLAIN " + re.sub(r"\$\d", "%s", query), [device.pk, device.key_hash])
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "Index Scan using devices_" in plan
    assert "Index Cond: ((device_id)::text =" in plan


def test_a_device_is_seen_once_an_hour_to_the_hour(device: Device, django_assert_num_queries: Any) -> None:
    before = Device.objects.values("version", "updated_at").get()
    entries = AuditEntry.objects.count()

    device.seen(at=NOON)
    device = Device.objects.get()
    assert device.last_seen_at == datetime(2026, 11, 1, 12, tzinfo=UTC)
    with django_assert_num_queries(0):
        device.seen(at=NOON + timedelta(minutes=19))
    Device.objects.get().seen(at=NOON + timedelta(minutes=20))

    assert Device.objects.get().last_seen_at == datetime(2026, 11, 1, 13, tzinfo=UTC)
    assert Device.objects.values("version", "updated_at").get() == before
    assert AuditEntry.objects.count() == entries


def test_the_log_says_that_a_key_changed_but_not_to_what(cast: Cast) -> None:
    with acting_as(cast.app_admin):
        device, key = Device.create_with_key(device_id="car", fleet="Taxis")
        device.rotate_key()

    created, rotated = AuditEntry.objects.filter(object_pk="car").order_by("pk")
    assert created.changes["key_hash"][1] == "[changed]"
    assert rotated.changes == {"key_hash": ["[changed]", "[changed]"]}
    assert (device.created_by, device.created_by_name) == (cast.app_admin, cast.app_admin.display_name)
    for entry in (created, rotated):
        assert not {key, Device.hash_of(key), device.key_hash} & set(str(entry.changes).split("'"))


def test_a_device_that_a_command_creates_has_its_name(db: None) -> None:
    with acting_as("create_devices"):
        device, _ = Device.create_with_key(device_id="car", fleet="Taxis")

    assert (device.created_by, device.created_by_name) == (None, "create_devices")


def test_a_device_with_views_is_not_deleted(device: Device) -> None:
    AdView.objects.create(
        view_id="00000000-0000-4000-8000-000000000001",
        ad=AdFactory(),
        viewed_at=NOON,
        duration_seconds=5,
        device_id=device.pk,
    )
    other: Device = DeviceFactory()
    other.delete()

    with pytest.raises(ValidationError) as refused:
        device.delete()
    assert refused.value.code == "device_has_views"
    assert list(Device.objects.all()) == [device]


def test_a_device_may_ask_what_shows_and_report_views_only(device: Device, cast: Cast) -> None:
    names = ["ads.ask_delivery", "ads.report_views", "ads.explain_delivery", "ads.view_ad", "ads.view_device"]

    def permissions(asker: Device | User) -> list[str]:
        return [name for name in names if asker.has_perm(name)]

    assert permissions(device) == names[:2]
    assert permissions(cast.system_admin) == [names[0], *names[2:]]
    device.is_active = False
    assert permissions(device) == []
