"""`manage.py create_devices`: create the devices of a fleet, and write their keys to a file."""

import os
import re
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import IO

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError, CommandParser
from django.db import transaction
from django.utils.text import get_text_list
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from ads.constraints import DEVICE_ID, NOT_A_DEVICE_ID
from ads.models import Device
from ads.models.impressions import LONGEST_DEVICE_ID
from campaign_studio.acting import acting_as
from campaign_studio.management import arguments
from campaign_studio.management.base import StudioCommand

MOST_DEVICES = 1_000_000
BATCH = 1000
# How many of the refused IDs a message names.
MOST_NAMED = 20
# A line of the file is read up to here, so that a file without lines doesn't fill the memory.
LONGEST_LINE = 1000


class Command(StudioCommand):
    """Creates all devices or none. A thousand are in memory at a time, however many there are."""

    help = _(
        "Create the devices of a fleet, and write their keys to a new file that only you can read. The keys can't be "
        "read again: keep the file until each device has its key, then delete it."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--fleet", type=arguments.name, required=True, help=gettext("the name of the fleet"))
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument(
            "--count",
            type=arguments.whole_number(1, MOST_DEVICES),
            metavar="N",
            help=gettext("how many devices to create, with IDs of their own"),
        )
        which.add_argument("--file", type=Path, help=gettext("a file with one device ID a line"))
        parser.add_argument(
            "--keys",
            type=Path,
            required=True,
            metavar="FILE",
            help=gettext("a file that doesn't exist yet, for lines such as device_id:key"),
        )

    def handle(
        self, *args: object, fleet: str, count: int | None, file: Path | None, keys: Path, **options: object
    ) -> None:
        """Create the devices. Raises CommandError, and creates none, for an ID that is taken or isn't one."""
        device_ids = _listed(file) if file else (str(uuid.uuid4()) for _number in range(count or 0))
        created = 0
        # Not `one_write()`, which would keep an audit entry of each device in memory.
        with acting_as("create_devices"), _new_file(keys) as lines, transaction.atomic():
            _check_fleet(fleet)
            while batch := list(islice(device_ids, BATCH)):
                _refuse_taken(batch)
                for device_id, key in Device.create_many(batch, fleet=fleet).items():
                    lines.write(f"{device_id}:{key}\n")
                created += len(batch)
            if not created:
                raise CommandError(gettext("“%(file)s” contains no device ID.") % {"file": file})
            # The keys are on the disk before the devices are in the database.
            lines.flush()
            os.fsync(lines.fileno())
        message = ngettext(
            "Created %(count)d device of the fleet “%(fleet)s”. Its key is in “%(file)s” and nowhere else.",
            "Created %(count)d devices of the fleet “%(fleet)s”. Their keys are in “%(file)s” and nowhere else.",
            created,
        )
        self.stdout.write(message % {"count": created, "fleet": fleet, "file": keys})


def _listed(path: Path) -> Iterator[str]:
    """The device IDs in the file; blank lines are skipped. Raises CommandError at the first line that isn't one."""
    try:
        # Only ASCII is accepted, so a byte that isn't UTF-8 is refused with its line.
        with path.open(encoding="utf-8-sig", errors="replace") as file:
            number = 0
            while line := file.readline(LONGEST_LINE):
                number += 1
                text = line.strip()
                if text and not (re.fullmatch(DEVICE_ID, text) and len(text) <= LONGEST_DEVICE_ID):
                    message = gettext("Line %(number)d, “%(text)s”, is not a device ID. %(hint)s")
                    shown = text[:LONGEST_DEVICE_ID]
                    raise CommandError(message % {"number": number, "text": shown, "hint": NOT_A_DEVICE_ID})
                if text:
                    yield text
    except OSError as error:
        message = gettext("“%(file)s” can't be read: %(reason)s.")
        raise CommandError(message % {"file": path, "reason": error.strerror}) from error


def _check_fleet(fleet: str) -> None:
    try:
        Device(fleet=fleet).clean_fields(exclude={"device_id", "key_hash"})
    except ValidationError as error:
        raise CommandError(gettext("--fleet: %(reason)s") % {"reason": " ".join(error.messages)}) from error


def _refuse_taken(batch: Iterable[str]) -> None:
    """Raise CommandError for IDs of devices that exist, and for those that are listed twice."""
    listed = Counter(batch)
    taken = set(Device.objects.filter(pk__in=listed).values_list("pk", flat=True))
    refused = sorted(taken | {device_id for device_id, times in listed.items() if times > 1})
    if not refused:
        return
    names = [f"“{device_id}”" for device_id in refused[:MOST_NAMED]]
    if len(refused) > MOST_NAMED:
        names.append(gettext("%(count)d more") % {"count": len(refused) - MOST_NAMED})
    message = ngettext(
        "This device exists already, or is listed twice: %(names)s. No device has been created.",
        "These devices exist already, or are listed twice: %(names)s. No device has been created.",
        len(refused),
    )
    raise CommandError(message % {"names": get_text_list(names, gettext("and"))})


@contextmanager
def _new_file(path: Path) -> Iterator[IO[str]]:
    """A new file that only its owner can read. It is removed if the block fails. Raises CommandError if it exists."""
    try:
        file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii")
    except FileExistsError as error:
        message = gettext("“%(file)s” already exists. Choose a different file name.")
        raise CommandError(message % {"file": path}) from error
    except OSError as error:
        message = gettext("“%(file)s” can't be written: %(reason)s.")
        raise CommandError(message % {"file": path, "reason": error.strerror}) from error
    try:
        with file:
            yield file
    except BaseException:
        path.unlink(missing_ok=True)
        raise
