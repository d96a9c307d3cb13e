"""A car of the demo. Once a minute it asks what shows in Berlin, and reports a view of each ad.

`python -m campaign_studio.demo.driving URL KEYS_FILE SERVER_PID` ends when the server does. It is a client like any
other, and needs nothing of the project.
"""

import contextlib
import json
import os
import sys
import time
import urllib.parse
import urllib.request
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

ROUND_SECONDS = 60
# More often, to notice when the server has ended.
PAUSE_SECONDS = 2
# The server needs a few seconds to start.
FIRST_ROUND_SECONDS = 10
VIEW_SECONDS = 5
PLACE = {"country": "DE", "city": "Berlin", "postcode": "10115"}
HERE = ZoneInfo("Europe/Berlin")


def drive(url: str, credentials: str, *, now: datetime) -> Any:
    """One round at this local time, which has an offset. Returns the answer to the report, or None if nothing shows."""
    query = urllib.parse.urlencode({**PLACE, "at": now.isoformat()})
    placements = _send(f"{url}/api/delivery?{query}", credentials)["placements"].values()
    ads = [ad for placed in placements for ad in (placed if isinstance(placed, list) else [placed]) if ad]
    views = [
        {
            "impression": ad["impression"],
            # The minute of the quarter hour: a car that starts again doesn't begin from 0.
            "sequence": now.minute % 15,
            "viewed_at": now.isoformat(),
            "duration_seconds": VIEW_SECONDS,
        }
        for ad in ads
    ]
    return _send(f"{url}/api/delivery/views", credentials, views) if views else None


def _send(address: str, credentials: str, body: object = None) -> Any:
    headers = {"Authorization": f"Device {credentials}", "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(address, data, headers)  # noqa: S310 - the demo's own server
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - the demo's own server
        return json.load(answer)


def main(url: str, keys_file: str, server: int) -> None:
    """Drive as long as the process that started this one is the server."""
    credentials = Path(keys_file).read_text().splitlines()[0]
    next_round = time.monotonic() + FIRST_ROUND_SECONDS
    while os.getppid() == server:
        if time.monotonic() >= next_round:
            next_round += ROUND_SECONDS
            # The server may be starting or busy, or someone has deactivated the device.
            with contextlib.suppress(OSError, ValueError):
                drive(url, credentials, now=datetime.now(HERE))
        time.sleep(PAUSE_SECONDS)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
