"""The devices of the demo. Their keys are in a file that only its owner can read."""

import os
from pathlib import Path

from django.conf import settings

from ads.models import Device
from campaign_studio.acting import acting_as

FLEET = "Demo fleet"
DEVICES = [f"demo-car-{number}" for number in range(7)]


def keys_file() -> Path:
    """Where the keys are: a line `<device_id>:<key>` for each device."""
    return Path(settings.DATA_DIR) / "demo-devices.txt"


def load_fleet() -> None:
    """Create the devices that don't exist, and replace keys that the file has lost."""
    keys = read_keys(keys_file())
    before = dict(keys)
    with acting_as("demo"):
        for device_id in DEVICES:
            device = Device.objects.filter(pk=device_id).first()
            if device is None:
                _device, keys[device_id] = Device.create_with_key(device_id=device_id, fleet=FLEET)
            elif Device.hash_of(keys.get(device_id, "")) != device.key_hash:
                keys[device_id] = device.rotate_key()
    if keys != before:
        _write(keys_file(), keys)


def read_keys(path: Path) -> dict[str, str]:
    """The keys in the file by device, without any if there is no file."""
    lines = path.read_text().splitlines() if path.exists() else []
    return {device_id: key for device_id, _colon, key in (line.partition(":") for line in lines)}


def _write(path: Path, keys: dict[str, str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.writelines(f"{device_id}:{key}\n" for device_id, key in keys.items())
