"""`create_devices` creates all devices or none, and writes their keys to a file that only its owner can read."""

import stat
import tracemalloc
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEntry
from ads.management.commands import create_devices as command
from ads.models import Device
from ads.tests.factories import DeviceFactory
from campaign_studio.tests.bodies import as_device

pytestmark = pytest.mark.django_db

Create = Callable[..., str]


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    return tmp_path / "keys.csv"


@pytest.fixture
def create(keys: Path, tmp_path: Path) -> Create:
    """`create(count=3)` or `create("car-1", …)` runs the command for the fleet “Taxis” and returns what it prints."""

    def run(*lines: str, fleet: str = "Taxis", **options: Any) -> str:
        out = StringIO()
        if lines:
            listed = tmp_path / "ids.txt"
            listed.write_bytes("\n".join(lines).encode(errors="surrogateescape"))
            options["file"] = str(listed)
        arguments = [f"--{name}={value}" for name, value in {"fleet": fleet, "keys": keys, **options}.items()]
        call_command("create_devices", *arguments, stdout=out)
        return out.getvalue()

    return run


def written(keys: Path) -> dict[str, str]:
    return dict(line.split(":") for line in keys.read_text().splitlines())


def test_each_device_has_a_key_in_the_file_that_works(create: Create, keys: Path) -> None:
    said = create(count=3)

    assert said == (f"Created 3 devices of the fleet “Taxis”. Their keys are in “{keys}” and nowhere else.\n")
    assert stat.S_IMODE(keys.stat().st_mode) == 0o600
    devices = {device.pk: device for device in Device.objects.all()}
    assert set(written(keys)) == set(devices)
    assert len(set(written(keys).values())) == 3
    for device_id, key in written(keys).items():
        assert as_device(devices[device_id], key).get("/api/delivery?country=DE").status_code == 200
        assert (devices[device_id].fleet, devices[device_id].created_by_name) == ("Taxis", "create_devices")


def test_the_ids_may_come_from_a_file(create: Create, keys: Path) -> None:
    create("\ufeffcar-1", " car-2 \r", "", "WVW_1")

    assert list(written(keys)) == ["car-1", "car-2", "WVW_1"]
    assert set(Device.objects.values_list("pk", flat=True)) == {"car-1", "car-2", "WVW_1"}


def test_each_device_is_in_the_audit_log_without_its_key(create: Create, keys: Path) -> None:
    create("car-1", "car-2")

    entries = {entry.object_pk: entry for entry in AuditEntry.objects.filter(content_type__model="device")}
    assert set(entries) == {"car-1", "car-2"}
    entry = entries["car-1"]
    assert (entry.actor_name, entry.door, entry.action) == ("create_devices", "command", AuditEntry.Action.CREATE)
    assert entry.changes["fleet"] == [None, "Taxis"]
    assert entry.changes["key_hash"] == [None, "[changed]"]


def test_the_entry_is_the_same_as_that_of_a_single_device(create: Create) -> None:
    create("car-1")
    one: Device = DeviceFactory(device_id="car-2")

    in_bulk, alone = AuditEntry.objects.filter(content_type__model="device").order_by("pk")
    assert in_bulk.changes == alone.changes
    for name in ("object_id", "object_repr", "serialized_data", "additional_data", "parent_id", "changes_text"):
        assert getattr(in_bulk, name) == str(getattr(alone, name) or "").replace(one.pk, "car-1") or not getattr(
            alone, name
        )


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["new-1", "car-0", "new-2"], "This device exists already, or is listed twice: “car-0”. No device has been"),
        (["new-1", "new-2", "new-1"], "This device exists already, or is listed twice: “new-1”. No device has been"),
        (["car-0", "new-1", "new-1"], "These devices exist already, or are listed twice: “car-0” and “new-1”."),
        (["new-1", "", "a b"], "Line 3, “a b”, is not a device ID. Use 1–100 letters"),
        (["new-1", "a:b"], "Line 2, “a:b”, is not a device ID."),
        (["gr\u00f6\u00dfe"], "Line 1, “größe”, is not a device ID."),
        (["\udcff\udcfe"], "Line 1, “\ufffd\ufffd”, is not a device ID."),
        (["x" * 101], f"Line 1, “{'x' * 100}”, is not a device ID."),
        (["x" * 5000], f"Line 1, “{'x' * 100}”, is not a device ID."),
        (["", " "], "contains no device ID."),
    ],
)
def test_one_wrong_line_refuses_all(create: Create, keys: Path, lines: list[str], said: str) -> None:
    DeviceFactory(device_id="car-0")
    entries = AuditEntry.objects.count()

    with pytest.raises(CommandError) as refused:
        create(*lines)

    assert said in str(refused.value)
    assert Device.objects.count() == 1
    assert AuditEntry.objects.count() == entries
    assert not keys.exists()


def test_a_wrong_line_in_a_later_batch_refuses_the_earlier_ones_too(
    create: Create, keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "BATCH", 2)

    with pytest.raises(CommandError, match="“car-1”"):
        create("car-1", "car-2", "car-3", "car-1")

    assert not Device.objects.exists()
    assert not keys.exists()


def test_only_the_first_of_many_taken_ids_are_named(create: Create) -> None:
    taken = [device.pk for device in DeviceFactory.create_batch(22)]

    with pytest.raises(CommandError, match=r"(“[\w-]+”, ){19}“[\w-]+” and 2 more\."):
        create(*taken)


def test_an_existing_file_is_not_overwritten(create: Create, keys: Path) -> None:
    keys.write_text("precious")

    with pytest.raises(CommandError, match="already exists"):
        create(count=1)

    assert keys.read_text() == "precious"
    assert not Device.objects.exists()


def test_files_that_cannot_be_opened_are_named(create: Create, keys: Path, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"absent\.txt” can't be read: No such file"):
        create(file=tmp_path / "absent.txt")
    with pytest.raises(CommandError, match=r"k\.csv” can't be written: No such file"):
        call_command("create_devices", "--fleet=Taxis", "--count=1", f"--keys={tmp_path}/absent/k.csv")
    assert not keys.exists()


@pytest.mark.parametrize("fleet", ["", "x" * 101])
def test_a_fleet_that_cannot_be_is_refused(create: Create, keys: Path, fleet: str) -> None:
    with pytest.raises(CommandError, match="--fleet: "):
        create(count=1, fleet=fleet)
    assert not keys.exists()


@pytest.mark.parametrize(
    "arguments", [["--count=0"], ["--count=x"], [], ["--count=1", "--file=x"], ["--count=1000001"]]
)
def test_either_a_number_or_a_file_is_required(keys: Path, arguments: list[str]) -> None:
    with pytest.raises(CommandError):
        call_command("create_devices", "--fleet=Taxis", f"--keys={keys}", *arguments)
    assert not keys.exists()


def test_the_number_of_queries_does_not_depend_on_the_number_of_devices(create: Create, keys: Path) -> None:
    def queries(count: int) -> int:
        keys.unlink(missing_ok=True)
        with CaptureQueriesContext(connection) as seen:
            create(count=count)
        return len(seen)

    queries(1)
    assert queries(1) == queries(50)


@pytest.mark.matrix
@pytest.mark.django_db(transaction=True)
def test_four_thousand_devices_take_no_more_memory_than_a_thousand(create: Create, keys: Path) -> None:
    def peak(count: int) -> int:
        keys.unlink(missing_ok=True)
        tracemalloc.start()
        create(count=count)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    peak(100)
    few, many = peak(1000), peak(4000)

    assert many < 1.5 * few
    assert Device.objects.count() == 5100
