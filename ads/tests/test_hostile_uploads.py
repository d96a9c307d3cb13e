"""Hundreds of files that are made to harm: none is stored, none causes an error, and none takes much memory."""

import io
import random
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from ads.models import MediaFile
from ads.tests.uploads import animation, box, drawn, element, film, full, picture, upload, web_film, written
from campaign_studio.tests.bodies import bearing, tokens_of

pytestmark = [pytest.mark.django_db, pytest.mark.matrix]

SCRIPTS = [
    b"<script>alert(1)</script>",
    b"<html><body onload=alert(1)>",
    b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
    b"<?php system($_GET['c']); ?>",
    b"<img src=x onerror=alert(1)>",
    b"<!DOCTYPE html><p>",
    b"<iframe src=//evil.example>",
]
# Names with which the file is still found in the form.
NAMES = [
    *["../../../etc/cron.d/x", "a\x00.png", "..\\..\\x.png", "x" * 900 + ".png", "picture.php", ".hidden"],
    *["\r\nX: y", '"; filename="b', "\u202egpj.exe", "C:\\con"],
]
LARGEST_GROWTH = 300 * 1024


def chunk(kind: bytes, data: bytes) -> bytes:
    """A chunk of a PNG file."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, *chunks: bytes, pixels: bytes | None = None) -> bytes:
    """A PNG of these pixels, which may be a lie, with more chunks before them."""
    head = chunk(b"IHDR", struct.pack(">2I5B", width, height, 8, 2, 0, 0, 0))
    data = zlib.compress(bytes(height * (1 + 3 * width)) if pixels is None else pixels, 9)
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(chunks) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def zipped() -> bytes:
    """An archive that browsers or Java may run."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("index.html", SCRIPTS[0])
    return file.getvalue()


def gif_frame(width: int, height: int, left: int = 0) -> bytes:
    """A frame of a GIF, with one pixel's data."""
    return b"," + struct.pack("<4HB", left, 0, width, height, 0) + b"\x02\x02\x44\x01\x00"


def gif(width: int, height: int, *blocks: bytes) -> bytes:
    """A GIF of these blocks, with a palette of two colours."""
    return b"GIF89a" + struct.pack("<2H3B", width, height, 0x80, 0, 0) + bytes(6) + b"".join(blocks) + b";"


def webp_canvas(width: int, height: int) -> bytes:
    """A WebP file that says to be so large."""
    size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    chunks = b"VP8X" + struct.pack("<I", 10) + bytes(4) + size + b"VP8L" + struct.pack("<I", 6) + b"\x2f" + bytes(5)
    return b"RIFF" + struct.pack("<I", len(chunks) + 4) + b"WEBP" + chunks


def polyglots() -> Iterator[tuple[str, bytes]]:
    """Files that are also a page, a program or an archive, wherever a format has room for one."""
    for number, script in enumerate(SCRIPTS):
        exif = Image.Exif()
        exif[0x010E] = script.decode()
        yield f"exif {number}", picture(kind="JPEG", exif=exif)
        yield f"webp exif {number}", picture(kind="WEBP", exif=exif)
        yield f"jpeg comment {number}", picture(kind="JPEG", comment=script)
        yield f"png text {number}", png(8, 8, chunk(b"tEXt", b"Comment\0" + script))
        yield f"png unknown {number}", png(8, 8, chunk(b"evIl", script))
        yield f"gif comment {number}", gif(1, 1, b"!\xfe" + bytes([len(script)]) + script + b"\0", gif_frame(1, 1))
        yield f"mp4 free {number}", film(extra=box(b"free", script))
        yield f"webm void {number}", web_film(extra=element(0xEC, script))
        yield f"jpeg then {number}", picture(kind="JPEG") + script
        yield f"png then {number}", picture() + script
        yield f"gif then {number}", animation() + script
        yield f"mp4 then {number}", film() + script
    for kind in ("JPEG", "PNG", "WEBP"):
        yield f"{kind} and zip", picture(kind=kind) + zipped()
    yield "gif and zip", animation() + zipped()
    yield "mp4 and zip", film() + zipped()
    yield "mp4 with zip", film(extra=box(b"free", zipped()))
    yield "png with pdf", png(8, 8, chunk(b"tEXt", b"Comment\0%PDF-1.7 1 0 obj"))
    yield "gif script", b"GIF89a/*" + bytes(20) + b"*/=1;alert(1)//;"
    yield "jpeg script", b"\xff\xd8\xff\xe0\x2f\x2a" + b"*/=alert(1);//" + b"\xff\xd9"


def bombs() -> Iterator[tuple[str, bytes]]:
    """Small files that would become very large, or take very long."""
    yield "png of 100 MP", png(10_000, 10_000)
    yield "png of 100 MP, one row", png(10_000, 10_000, pixels=bytes(30_001))
    for size in [(2**31 - 1, 2**31 - 1), (65_535, 65_535), (100_000_000, 1), (1, 100_000_000), (0, 0), (0, 5)]:
        yield f"png that says {size}", png(*size, pixels=bytes(10))
    jpeg = picture(kind="JPEG")
    start = jpeg.index(b"\xff\xc0\x00\x11\x08") + 5
    for said in (b"\x27\x10\x27\x10", b"\xff\xff\xff\xff", bytes(4)):
        yield f"jpeg that says {said!r}", jpeg[:start] + said + jpeg[start + 4 :]
    yield "real jpeg of 100 MP", written(Image.new("L", (10_000, 10_000)), "JPEG")
    yield "real gif of 64 MP", written(Image.new("1", (8000, 8000)), "GIF")
    for side in (2**14 - 1, 2**16, 2**24):
        yield f"webp of {side}", webp_canvas(side, side if side < 2**16 else 100)
    yield "gif of 4 GP", gif(65_535, 65_535, gif_frame(65_535, 65_535))
    yield "gif with a frame of 4 GP", gif(1, 1, gif_frame(65_535, 65_535))
    yield "gif whose second frame is outside", gif(1, 1, gif_frame(1, 1), gif_frame(60_000, 60_000, 5000))
    yield "gif of 20,000 frames", gif(1, 1, *[gif_frame(1, 1)] * 20_000)
    yield "gif of 400,000 frames", gif(1, 1, *[gif_frame(1, 1)] * 400_000)
    yield "gif of 600 large frames", gif(1280, 440, *[gif_frame(1, 1)] * 600)
    yield "gif of 200,000 comments", gif(1, 1, *[b"!\xfe\x01a\x00"] * 200_000)
    for kind in (b"tEXt", b"zTXt", b"iTXt", b"iCCP"):
        packed = zlib.compress(bytes(50_000_000), 9)
        text = {b"tEXt": bytes(2_000_000), b"iTXt": b"\1\0\0\0" + packed}.get(kind, b"\0" + packed)
        yield f"{kind!r} bomb", png(5000, 5000, chunk(kind, b"name\0" + text), pixels=bytes(10))
    yield "mp4 of 300,000 boxes", film(extra=b"".join([box(b"free")] * 300_000))
    yield "webm of 900,000 elements", web_film(extra=element(0xEC) * 900_000)
    deep = box(b"free")
    for _level in range(5000):
        deep = box(b"moov", deep)
    yield "mp4 5,000 deep", box(b"ftyp", b"isom", bytes(4)) + deep
    yield "nothing but zeros", bytes(11_000_000)
    yield "svg entities", b'<!DOCTYPE svg [<!ENTITY a "' + b"a" * 5000 + b'">]><svg xmlns="x">&a;&a;</svg>'


def broken() -> Iterator[tuple[str, bytes]]:
    """Files that end too early, or of which some bytes are others."""
    chance = random.Random("uploads")  # noqa: S311 - the same in each run
    noise = Image.frombytes("RGB", (96, 64), chance.randbytes(96 * 64 * 3))
    whole = {
        **{kind: written(noise, kind) for kind in ("JPEG", "PNG", "WEBP")},
        "GIF": animation(frames=5),
        "MP4": film(),
        "WEBM": web_film(),
    }
    for kind, content in whole.items():
        for part in (0.02, 0.1, 0.3, 0.5, 0.7, 0.9):
            yield f"{kind} cut at {part}", content[: max(int(len(content) * part), 5)]
        yield f"{kind} without a head", content[7:]


def lies() -> Iterator[tuple[str, bytes]]:
    """Videos whose boxes and elements don't say the truth, and files of other kinds."""
    good = film()
    for at in [match.start() for match in re.finditer(rb"ftyp|moov|trak|stbl|stsd|mdat|stco|dref|tkhd|hdlr", good)]:
        # The last box may have the length 0, which means that it ends with the file.
        for length in (*([] if good[at:].startswith(b"moov") else [0]), 1, 7, 0x7FFFFFFF, 0xFFFFFFFF):
            yield f"mp4 {good[at : at + 4]!r} of {length}", good[: at - 4] + struct.pack(">I", length) + good[at:]
    yield "mp4 that points elsewhere", film(offset=2**31)
    yield "mp4 with an address", film(reference=full(b"url ", b"http://evil.example/\0"))
    yield "mp4 with a file", film(reference=full(b"alis", b"/etc/passwd"))
    yield "mp4 without video", film(handler=b"soun")
    yield "mp4 of another codec", film(codec=b"mp4v")
    yield "mp4 of 65535 pixels", film(65_535, 65_535)
    yield "mp4 of no pixels", film(0, 0)
    yield "mp4 of another brand", film(brand=b"qt  ")
    yield "heic", box(b"ftyp", b"heic", bytes(4), b"mif1heic") + box(b"meta", bytes(100))
    yield "mp4 with two heads", film() + film()
    yield "webm of 65535 pixels", web_film(65_535, 65_535)
    yield "webm of no pixels", web_film(0, 0)
    yield "webm of subtitles", web_film(kind=17)
    yield "webm of another codec", web_film(codec=b"V_MPEG4/ISO/AVC")
    yield "matroska", web_film(doc_type=b"matroska")
    yield "webm that says to be long", web_film(size=2**40)
    yield "webm of unknown tags", web_film(extra=b"\x12\x54\xc3\x67\xff" + bytes(30))
    yield from {
        "svg": SCRIPTS[2],
        "html": SCRIPTS[1],
        "script": b"#!/bin/sh\nrm -rf /\n",
        "program": b"\x7fELF" + bytes(100),
        "windows": b"MZ" + bytes(100),
        "pdf": b"%PDF-1.7\n",
        "zip": zipped(),
        "bmp": written(drawn(), "BMP"),
        "tiff": written(drawn(), "TIFF"),
        "ico": written(drawn(), "ICO"),
        "postscript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        "text": b"hello",
        "wav": b"RIFF\x24\0\0\0WAVEfmt ",
        "ogg": b"OggS" + bytes(60),
        "flash": b"FWS\x09" + bytes(60),
        "animated webp": written(drawn(), "WEBP", save_all=True, append_images=[drawn(64, 40).rotate(90)]),
        "animated png": written(drawn(), "PNG", save_all=True, append_images=[drawn(64, 40).rotate(90)]),
    }.items()


def peak_of_memory() -> int:
    """The most memory that this process has had since `forget_peak()`, in kB."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found
    return int(found[1])


def forget_peak() -> int:
    """Begin to measure anew. Returns the memory that the process has now, in kB."""
    Path("/proc/self/clear_refs").write_text("5")
    return peak_of_memory()


def test_no_hostile_file_is_stored_or_causes_an_error(
    cast: Any, stored: Callable[[], dict[str, bytes]], record_property: Any
) -> None:
    files = [*polyglots(), *bombs(), *broken(), *lies()]
    client = bearing(tokens_of(cast.owner)["access_token"])
    before = forget_peak()

    stayed, failed = [], []
    for number, (name, content) in enumerate(files):
        kind = ("image/png", "video/mp4", "x")[number % 3]
        answer = upload(client, content, name=NAMES[number % len(NAMES)], kind=kind)
        failed += [(name, answer.status_code, answer.content[:200])] if answer.status_code >= 500 else []
        stayed += [(name, answer.status_code, answer.content[:200])] if answer.status_code not in (400, 413) else []
        if answer.status_code == 400:
            assert list(answer.json()) == ["file"], (name, answer.content[:200])

    grown = peak_of_memory() - before
    record_property("hostile_files", len(files))
    record_property("hostile_files_memory_kB", grown)
    assert len(files) >= 200
    assert failed == []
    assert stayed == []
    assert stored() == {}
    assert not MediaFile.objects.exists()
    assert grown < LARGEST_GROWTH, f"{grown} kB"


def test_odd_names_and_types_do_not_matter(cast: Any, stored: Callable[[], dict[str, bytes]]) -> None:
    """The control: good files with the same names are accepted."""
    client = bearing(tokens_of(cast.owner)["access_token"])

    answers = [upload(client, picture(9, 9 + number), name=name) for number, name in enumerate(NAMES)]

    assert [answer.status_code for answer in answers] == [201] * len(NAMES)
    assert all(re.fullmatch(r"(thumbnails/)?[0-9a-f]{64}\.\w+", name) for name in stored())
