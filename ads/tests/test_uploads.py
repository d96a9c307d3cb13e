"""Uploads: what is accepted and answered, what of a file is kept, and that a refusal or a failure stores nothing."""

import io
import re
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from PIL import ExifTags, Image, ImageChops, ImageCms, ImageSequence, ImageStat, PngImagePlugin
from rest_framework.test import APIClient

from accounts.models import User
from accounts.tests.factories import Cast
from ads import media
from ads.choices import AdType, MediaType
from ads.models import MediaFile
from ads.tests import uploads
from ads.tests.test_media import ACCEPTS
from ads.tests.uploads import animation, drawn, film, picture, upload, web_film, written
from ads.uploads import keeping
from campaign_studio.models import IdempotentAnswer
from campaign_studio.tests.bodies import send_bytes, upload_body
from campaign_studio.tests.refusals import assert_database_refuses, codes_of, write_past_the_model

pytestmark = pytest.mark.django_db

ClientFor = Callable[[User | None], APIClient]
SITE = "https://studio.example.com/media/"
PART, MULTIPART = b'--b\r\nContent-Disposition: form-data; name="%s"\r\n\r\nx', "multipart/form-data; boundary=b"
KINDS = {
    "jpg": (picture(kind="JPEG"), "image", "image/jpeg"),
    "png": (picture(), "image", "image/png"),
    "webp": (picture(kind="WEBP"), "image", "image/webp"),
    "gif": (animation(), "gif", "image/gif"),
    "mp4": (film(64, 40), "video", "video/mp4"),
    "webm": (web_film(64, 40), "video", "video/webm"),
}


Stored = Callable[[], dict[str, bytes]]


@pytest.mark.parametrize("extension", KINDS)
def test_a_file_is_known_by_its_content_and_answered_with_its_url(
    extension: str, cast: Cast, client_for: ClientFor, stored: Stored
) -> None:
    content, media_type, _content_type = KINDS[extension]
    client = client_for(cast.owner)

    first = upload(client, content, name="../../etc/passwd\x00.html", kind="text/html")
    again = upload(client_for(cast.colleague), content, name="x.exe", kind="application/x-msdownload")

    assert (first.status_code, again.status_code) == (201, 200), first.content
    found = first.json()
    row = MediaFile.objects.get()
    assert re.fullmatch(rf"{re.escape(SITE)}[0-9a-f]{{64}}\.{extension}", found["media_url"])
    has_thumbnail = media_type != "video"
    assert (
        found
        == again.json()
        == {
            "media_url": SITE + row.name,
            "media_type": media_type,
            "width": 64,
            "height": 40,
            "bytes": len(stored()[row.name]),
            "thumbnail_url": f"{SITE}thumbnails/{row.content_hash}.webp" if has_thumbnail else None,
        }
    )
    assert first["Location"] == again["Location"] == found["media_url"]
    assert row.created_by == cast.owner
    assert len(stored()) == 1 + has_thumbnail


def test_what_is_no_media_is_refused_with_what_to_send(cast: Cast, client_for: ClientFor, stored: Stored) -> None:
    client = client_for(cast.owner)
    fields: list[dict[str, Any]] = [
        {"file_name": "a.png"},
        {"ad_type_id": "left"},
        {"ad_type_id": ["top_bar_ad", "top_bar_ad"]},
    ]
    codes = [codes_of(upload(client, picture(), **more)) for more in fields]
    assert codes == [
        {"file_name": ["unknown_field"]},
        {"ad_type_id": ["invalid_choice"]},
        {"ad_type_id": ["repeated_key"]},
    ]
    # As in an HTML form, a choice that is left open.
    assert codes_of(upload(client, b"hello", ad_type_id="")) == {"file": ["unknown_kind"]}
    texts = [upload(client, content).json()["file"][0] for content in (b"<svg xmlns=''/>", b"hello", b"\xff\xd8\xff")]
    missing = client.post("/api/media", {"ad_type_id": "top_bar_ad"}, format="multipart")
    text = client.post("/api/media", {"file": "hello"}, format="multipart")

    assert texts == [
        "SVG isn't accepted, because it can contain scripts. Send the picture as PNG.",
        "Send a JPEG, PNG, WebP or GIF picture, or a video as MP4 or WebM. This file is none of them.",
        "This file is damaged or incomplete, or isn't what it begins as. Export it again.",
    ]
    assert missing.json() == {"file": ["Send the file in this field of the form, with a file name."]}
    assert text.json() == {"file": ["Send a file in this field, not text."]}
    assert upload(client, b"").status_code == 400
    assert not MediaFile.objects.exists()
    assert stored() == {}


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b'{"file": "x"}', "application/json", 415),
        (b"file=x", "application/x-www-form-urlencoded", 415),
        (b"x", "multipart/form-data", 400),
        (b"x", "multipart/form-data; boundary=" + "b" * 300, 400),
        (PART % b'file"; filename="a', MULTIPART, 400),
        (b"--b\r\n" * 3000 + b"--b--", MULTIPART, 400),
        (PART % b"a\x00" + b"\r\n--b--\r\n", MULTIPART, 400),
        (b"".join(PART % b'f%d"; filename="f' % number + b"\r\n" for number in range(150)) + b"--b--", MULTIPART, 400),
        (PART % b"a" + b"x" * 3_000_000 + b"\r\n--b--\r\n", MULTIPART, 400),
    ],
    ids=range(9),
)
def test_a_body_that_is_no_form_is_refused(
    body: bytes, content_type: str, status: int, cast: Cast, client_for: ClientFor
) -> None:
    answer = send_bytes(client_for(cast.owner), "POST", "/api/media", body, content_type)

    assert answer.status_code == status, answer.content


def test_a_body_of_12_megabytes_is_the_largest(cast: Cast, client_for: ClientFor) -> None:
    largest = 12 * 1024**2 - len(upload_body(b"").content)
    answers = [
        send_bytes(client_for(user), "POST", "/api/media", *upload_body(bytes(size)))
        for user, size in [(cast.owner, largest), (cast.owner, largest + 1), (None, 70_000), (cast.user, 70_000)]
    ]

    assert [answer.status_code for answer in answers] == [400, 413, 401, 403]


# --- Limits ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("position", AdType)
def test_each_position_takes_its_media_up_to_its_size(
    position: AdType, cast: Cast, client_for: ClientFor, stored: Stored
) -> None:
    client, largest = client_for(cast.owner), media.LARGEST[position]

    def status(content: bytes) -> int:
        return int(upload(client, content, ad_type_id=position).status_code)

    assert status(picture(*largest)) == 201
    assert status(picture(largest.width + 1, 1)) == status(picture(1, largest.height + 1)) == 400
    assert status(film(*largest)) == (400 if position in media.BAR_POSITIONS else 201)
    assert status(film(largest.width + 1, 1)) == 400


def test_a_refused_size_is_told_what_would_fit(cast: Cast, client_for: ClientFor) -> None:
    client = client_for(cast.owner)
    one = upload(client, picture(1281, 10), ad_type_id="bottom_left_ad")
    somewhere = upload(client, picture(4000, 10))
    # Too large to be opened at all.
    huge = upload(client, picture(2000, 1500), ad_type_id="top_bar_ad")
    other = upload(client, film(), ad_type_id="top_bar_ad")

    assert huge.json() == {"file": ["This has too many pixels. Scale it down to at most 3840 × 400."]}
    assert one.json() == {"file": ["This is 1281 × 10 pixels. Scale it down to at most 1280 × 440."]}
    assert somewhere.json() == {
        "file": ["This is 4000 × 10 pixels. Scale it down to at most 3840 × 400 or 1280 × 440 or 1920 × 1200."]
    }
    assert other.json() == {"file": ["The position “Top bar” doesn't take the media type “Video”."]}


def test_positions_take_uploads_of_the_media_types_that_the_database_accepts() -> None:
    assert {position: [one for one in MediaType if media.takes(position, one)] for position in AdType} == ACCEPTS


@pytest.mark.parametrize("media_type", media.MOST_BYTES)
def test_a_file_has_at_most_the_bytes_of_its_media_type(
    media_type: MediaType, cast: Cast, client_for: ClientFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = {"image": picture(), "gif": animation(), "video": film()}[media_type]
    client = client_for(cast.owner)
    monkeypatch.setitem(media.MOST_BYTES, media_type, len(content) - 1)
    assert upload(client, content).json()["file"][0].endswith("This one is 1\xa0byte larger.")

    monkeypatch.setitem(media.MOST_BYTES, media_type, len(content))
    assert upload(client, content).status_code == 201


# --- What is kept ----------------------------------------------------------------------------------------------------


def kept(client: Any, content: bytes) -> bytes:
    """What is stored of a file."""
    answer = upload(client, content)
    assert answer.status_code in (200, 201), answer.content
    found: bytes = client.get(answer["Location"].removeprefix("https://studio.example.com")).getvalue()
    return found


def opened(content: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(content))
    image.load()
    return image


def test_pictures_lose_everything_but_their_pixels(cast: Cast, client_for: ClientFor) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.ImageDescription] = "Secret place"
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitude] = (52.0, 31.0, 0.0)
    texts = PngImagePlugin.PngInfo()
    texts.add_itxt("Comment", "Secret place")
    xmp = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>Secret place</x:xmpmeta>"
    client = client_for(cast.owner)
    every: dict[str, dict[str, Any]] = {
        "JPEG": {"exif": exif, "comment": b"Secret place", "xmp": xmp, "quality": 95},
        "PNG": {"exif": exif, "pnginfo": texts},
        "WEBP": {"exif": exif, "xmp": xmp, "lossless": True},
    }
    for kind, options in every.items():
        content = picture(kind=kind, **options) + b"Secret place after the end"
        found = kept(client, content)
        assert b"Secret place" in content
        assert b"Secret" not in found, kind
        assert not opened(found).getexif(), kind
        difference = ImageChops.difference(opened(found).convert("RGB"), opened(content).convert("RGB"))
        assert max(ImageStat.Stat(difference).mean) <= (4 if kind == "JPEG" else 0), kind


def test_pictures_keep_what_viewers_see(cast: Cast, client_for: ClientFor) -> None:
    client = client_for(cast.owner)
    turned = Image.Exif()
    turned[ExifTags.Base.Orientation] = 6
    upright = opened(kept(client, picture(64, 40, "JPEG", exif=turned, quality=95)))
    assert upright.size == (40, 64)

    transparent = drawn(mode="RGBA")
    transparent.putalpha(Image.linear_gradient("L").resize(transparent.size))
    for kind in ("PNG", "WEBP"):
        found = opened(kept(client, written(transparent, kind, lossless=True)))
        assert found.mode == "RGBA"
        assert found.getchannel("A").getextrema() == transparent.getchannel("A").getextrema()

    palette = drawn().quantize(8)
    assert opened(kept(client, written(palette, transparency=0))).mode == "P"
    for mode in ("L", "1"):
        assert opened(kept(client, written(drawn(mode=mode)))).mode == "L"
    deep = Image.new("I;16", (64, 40), 0x8081)
    assert opened(kept(client, written(deep))).getextrema() == (0x80, 0x80)
    assert opened(kept(client, written(drawn(mode="CMYK"), "JPEG"))).mode == "RGB"

    # A profile in which red and green are exchanged would be told apart; here that of Lab is unusable for RGB.
    for profile in (ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes(), b"nonsense"):
        assert "icc_profile" not in opened(kept(client, picture(icc_profile=profile, kind="WEBP", lossless=True))).info


def test_animations_keep_every_frame_and_its_time_and_nothing_else(cast: Cast, client_for: ClientFor) -> None:
    content = animation(frames=4, duration=[50, 70, 90, 110], comment=b"Secret place")
    found = kept(client_for(cast.owner), content + b"Secret place")

    assert b"Secret" not in found
    before, after = (list(ImageSequence.Iterator(Image.open(io.BytesIO(one)))) for one in (content, found))
    assert len(before) == len(after) == 4
    for old, new in zip(
        ImageSequence.Iterator(Image.open(io.BytesIO(content))),
        ImageSequence.Iterator(Image.open(io.BytesIO(found))),
        strict=True,
    ):
        assert old.info["duration"] == new.info["duration"]
        assert new.info["loop"] == 0
        assert old.convert("RGBA").tobytes() == new.convert("RGBA").tobytes()


def test_videos_keep_their_samples_and_lose_places_and_names(cast: Cast, client_for: ClientFor) -> None:
    client = client_for(cast.owner)
    for content in (
        film(),
        film(extra=uploads.box(b"uuid", b"Secret place")),
        web_film(),
        web_film(size=uploads.UNKNOWN),
    ):
        found = kept(client, content)
        assert len(found) == len(content)
        assert b"Secret" in content
        assert b"+52.5163" in content
        assert not re.search(rb"Secret|\+52\.5163", found)
    on_its_side = upload(client, film(matrix=uploads.ON_ITS_SIDE)).json()
    assert (on_its_side["width"], on_its_side["height"]) == (360, 640)


def test_thumbnails_are_small_pictures(cast: Cast, client_for: ClientFor) -> None:
    client = client_for(cast.owner)
    for content in (picture(1200, 400), animation(640, 200)):
        url = upload(client, content).json()["thumbnail_url"]
        thumbnail = opened(client.get(url.removeprefix("https://studio.example.com")).getvalue())
        assert (thumbnail.format, max(thumbnail.size)) == ("WEBP", 320)


# --- Nothing is stored by halves -------------------------------------------------------------------------------------


def test_a_transaction_that_fails_stores_no_file(
    cast: Cast, client_for: ClientFor, stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = client_for(cast.owner)
    client.raise_request_exception = False

    def broken(*_args: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as broke:
        broke.setattr("campaign_studio.api.idempotency.KeyedRequest.keep", broken)
        assert upload(client, picture(), HTTP_IDEMPOTENCY_KEY="a").status_code == 500
    assert stored() == {}
    assert not MediaFile.objects.exists()

    # The control: the same upload, whole.
    assert upload(client, picture(), HTTP_IDEMPOTENCY_KEY="a").status_code == 201
    assert len(stored()) == 2


def test_a_storage_that_fails_is_answered_503_and_nothing_stays(
    cast: Cast, client_for: ClientFor, stored: Stored, tmp_path: Path
) -> None:
    client = client_for(cast.owner)
    # A file where the folder of thumbnails should be.
    (tmp_path / "thumbnails").write_bytes(b"")

    refused = upload(client, picture(), HTTP_IDEMPOTENCY_KEY="a")

    assert (refused.status_code, refused["Retry-After"]) == (503, "30")
    assert list(refused.json()) == ["detail"]
    assert stored() == {"thumbnails": b""}
    assert not MediaFile.objects.exists()
    assert not IdempotentAnswer.objects.exists()
    (tmp_path / "thumbnails").unlink()
    assert upload(client, picture(), HTTP_IDEMPOTENCY_KEY="a").status_code == 201


def test_a_file_that_was_lost_or_cut_off_is_written_again(
    cast: Cast, client_for: ClientFor, stored: Stored, tmp_path: Path
) -> None:
    client = client_for(cast.owner)
    upload(client, picture())
    whole, name = stored(), MediaFile.objects.get().name

    (tmp_path / name).unlink()
    assert upload(client, picture()).status_code == 200
    assert stored() == whole

    MediaFile.objects.all().delete()
    (tmp_path / name).write_bytes(whole[name][:10])
    assert upload(client, picture()).status_code == 201
    assert stored() == whole


def test_a_repeated_upload_gets_the_first_answer(cast: Cast, client_for: ClientFor) -> None:
    client = client_for(cast.owner)
    first = upload(client, picture(), HTTP_IDEMPOTENCY_KEY="a")
    again = upload(client, picture(), HTTP_IDEMPOTENCY_KEY="a")
    other = upload(client, picture(10, 10), HTTP_IDEMPOTENCY_KEY="a")

    assert (first.status_code, again.status_code, other.status_code) == (201, 201, 409)
    assert "Idempotency-Replayed" not in first
    assert again["Idempotency-Replayed"] == "true"
    assert again.json() == first.json()
    assert again["Location"] == first["Location"]


def test_an_upload_takes_a_constant_number_of_queries(cast: Cast, client_for: ClientFor) -> None:
    client = client_for(cast.owner)

    def queries(content: bytes) -> int:
        with CaptureQueriesContext(connection) as caught:
            assert upload(client, content).status_code in (200, 201)
        return len(caught)

    small, known, large = queries(picture()), queries(picture()), queries(picture(600, 400))

    assert known < small == large


def test_the_database_refuses_a_row_that_names_no_file(cast: Cast, client_for: ClientFor) -> None:
    upload(client_for(cast.owner), picture())
    row = MediaFile.objects.get()

    assert_database_refuses("media_file_is_named_by_its_hash", write_past_the_model(row, content_hash="../etc/passwd"))
    assert_database_refuses("media_file_shows_something", write_past_the_model(row, media_type="html"))


def test_a_picture_that_waits_too_long_is_answered_503_and_leaves_nothing(
    cast: Cast, client_for: ClientFor, stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, done = client_for(cast.owner), Event()
    keeping._decoding.submit(done.wait)
    with monkeypatch.context() as patient:
        patient.setattr(keeping, "LONGEST_WAIT", 0)
        busy = upload(client, picture())
        with ExitStack() as others:
            for _other in range(4):
                others.enter_context(keeping.in_memory())
            crowded = upload(client, film())
    done.set()

    assert (busy.status_code, busy["Retry-After"]) == (crowded.status_code, crowded["Retry-After"]) == (503, "30")
    assert stored() == {}
    assert upload(client, picture()).status_code == 201


def test_a_dry_run_answers_as_the_upload_would_and_stores_nothing(
    cast: Cast, client_for: ClientFor, stored: Stored
) -> None:
    client = client_for(cast.owner)

    dry = upload(client, picture(), query="?dry_run=true", HTTP_IDEMPOTENCY_KEY="a")

    assert (dry.status_code, dry["Dry-Run"]) == (201, "true")
    assert stored() == {}
    assert not MediaFile.objects.exists()
    assert client.get(dry["Location"].removeprefix("https://studio.example.com")).status_code == 404
    assert upload(client, b"hello", query="?dry_run=true").status_code == 400
    # The control: the same upload, kept.
    whole = upload(client, picture(), HTTP_IDEMPOTENCY_KEY="a")
    assert whole.json() == dry.json()
    assert whole["Location"] == dry["Location"]
    assert len(stored()) == 2
