"""The forwarding URL as a QR code: drawn from the SVG, and read by an independent library."""

import re
import uuid
from typing import Any
from xml.etree import ElementTree

import pytest
import zxingcpp

from ads.tests.factories import AdFactory

pytestmark = pytest.mark.django_db

PIXELS = 4
SVG = "{http://www.w3.org/2000/svg}"


def draw(svg: bytes) -> memoryview:
    """The SVG as a greyscale image: its paths of horizontal strokes, on white."""
    root = ElementTree.fromstring(svg)  # noqa: S314 - our own
    size = int(root.attrib["width"])
    canvas = [bytearray(b"\xff" * size) for _ in range(size)]
    strokes = next(path for path in root.iter(f"{SVG}path") if path.attrib.get("stroke") == "#000")
    x, y = 0.0, 0.0
    for command, numbers in re.findall(r"([Mmh])([-\d. ]+)", strokes.attrib["d"]):
        values = [float(number) for number in numbers.split()]
        if command == "M":
            x, y = values
        elif command == "m":
            x, y = x + values[0], y + values[1]
        else:
            top, left, right = int((y - 0.5) * PIXELS), int(x * PIXELS), int((x + values[0]) * PIXELS)
            for row in canvas[top : top + PIXELS]:
                row[left:right] = bytes(right - left)
            x += values[0]
    return memoryview(b"".join(canvas)).cast("B", (size, size))


@pytest.mark.parametrize(
    "url",
    [
        "https://www.example.com/top-bar-ad",
        "https://example.com/café?utm=Österreich&x=%20#ende",
        "https://example.com/" + "a" * 1500,
    ],
)
def test_the_qr_code_contains_the_forwarding_url(client_for: Any, cast: Any, url: str) -> None:
    ad = AdFactory(ad_advertiser_forwarding_url=url)

    answer = client_for(cast.guest).get(f"/api/ads/{ad.pk}/qr.svg")

    assert (answer.status_code, answer["Content-Type"]) == (200, "image/svg+xml")
    (read,) = zxingcpp.read_barcodes(draw(answer.content))
    assert (read.format.name, read.text) == ("QRCode", url)


def test_the_qr_code_has_a_white_background(client_for: Any, cast: Any) -> None:
    ad = AdFactory(ad_advertiser_forwarding_url="https://example.com")

    svg = client_for(cast.user).get(f"/api/ads/{ad.pk}/qr.svg").content

    assert b'fill="#fff"' in svg
    assert b"<script" not in svg


def test_an_ad_without_a_forwarding_url_has_no_qr_code(client_for: Any, cast: Any) -> None:
    answer = client_for(cast.user).get(f"/api/ads/{AdFactory().pk}/qr.svg")

    assert answer.status_code == 404
    assert answer.json()["detail"] == "This ad has no forwarding URL. Set one first."
    assert client_for(cast.user).get(f"/api/ads/{uuid.uuid4()}/qr.svg").status_code == 404


def test_a_url_that_is_too_long_for_a_qr_code_is_refused(client_for: Any, cast: Any) -> None:
    ad = AdFactory(ad_advertiser_forwarding_url="https://example.com/" + "\N{ANTENNA WITH BARS}" * 1500)

    answer = client_for(cast.user).get(f"/api/ads/{ad.pk}/qr.svg")

    assert answer.status_code == 404
    assert answer.json()["detail"] == "The forwarding URL is too long for a QR code. Set a shorter one first."
