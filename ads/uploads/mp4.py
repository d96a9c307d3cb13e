"""MP4 files (ISO/IEC 14496-12): their size in pixels, and a copy in which only what players need is left.

Our own reader, because a library would have to be trusted with two things that this module is about: it compares every
length with what contains it, down to the end of the file, and it reads no more than a bounded number of boxes. Nothing
is decoded or moved. What players don't need, such as places, names and other tracks, becomes empty space.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from ads.uploads.kinds import BROKEN, UNKNOWN_KIND, refuse

OTHER_CODEC = _("Encode the video as H.264, H.265, VP8, VP9 or AV1.")
NO_VIDEO = _("This file contains no video.")
OTHER_FILES = _("This video refers to other files. Export it as one file.")

MOST_BOXES = 20_000
# What is kept, by the box that contains it ("" is the file). All others become `free`.
KEPT = {
    b"": {b"ftyp", b"moov", b"mdat", b"moof", b"mfra", b"sidx", b"styp"},
    b"moov": {b"mvhd", b"trak", b"mvex"},
    b"trak": {b"tkhd", b"edts", b"mdia"},
    b"edts": {b"elst"},
    b"mdia": {b"mdhd", b"hdlr", b"minf"},
    b"minf": {b"vmhd", b"smhd", b"dinf", b"stbl"},
    b"dinf": {b"dref"},
    b"stbl": {
        *{b"stsd", b"stts", b"ctts", b"cslg", b"stsc", b"stsz", b"stz2", b"stco", b"co64", b"stss", b"sdtp"},
        *{b"sgpd", b"sbgp", b"stps"},
    },
    b"mvex": {b"mehd", b"trex"},
    b"moof": {b"mfhd", b"traf"},
    b"traf": {b"tfhd", b"tfdt", b"trun", b"sdtp", b"sgpd", b"sbgp"},
    b"mfra": {b"tfra", b"mfro"},
}
BRANDS = {
    *[b"isom", b"avc1", b"mp41", b"mp42", b"mp71", b"dash", b"M4V ", b"MSNV"],
    *[b"iso%d" % n for n in range(2, 10)],
}
CODECS = {b"avc1", b"avc3", b"hvc1", b"hev1", b"vp08", b"vp09", b"av01"}
VIDEO, SOUND = b"vide", b"soun"
# Of a video's description up to its width (14496-12, 12.1.3), of a `hdlr` up to its name, and of one offset.
BEFORE_WIDTH, BEFORE_NAME = 24, 24
OFFSETS = {b"stco": 4, b"co64": 8}


@dataclass(frozen=True)
class Box:
    """A box: its type, and where it begins, where its content begins and where it ends."""

    kind: bytes
    start: int
    content: int
    end: int


def prepare(content: bytes) -> tuple[bytes, int, int]:
    """The file as it is kept, its width and its height. Raises ValidationError for what isn't a whole video."""
    film = _Film(bytearray(content))
    film.check()
    return bytes(film.data), *film.size()


class _Film:
    def __init__(self, data: bytearray) -> None:
        self.data = data
        self._boxes = 0
        self._sizes: list[tuple[int, int]] = []

    def check(self) -> None:
        """Read all boxes, and blank those that aren't kept."""
        top = list(self._walk(b"", 0, len(self.data)))
        kinds = [box.kind for box in top]
        if kinds[:1] != [b"ftyp"] or kinds.count(b"ftyp") != 1 or kinds.count(b"moov") != 1:
            refuse(BROKEN, "broken")
        brands = bytes(self.data[top[0].content : top[0].end])
        if not {brands[at : at + 4] for at in (0, *range(8, len(brands), 4))} & BRANDS:
            refuse(UNKNOWN_KIND, "unknown_kind")
        if not any(box.kind == b"mdat" and box.end > box.content for box in top):
            refuse(NO_VIDEO, "no_video")

    def size(self) -> tuple[int, int]:
        """The largest width and height of a video in the file."""
        if not self._sizes:
            refuse(NO_VIDEO, "no_video")
        return max(width for width, _height in self._sizes), max(height for _width, height in self._sizes)

    def _walk(self, parent: bytes, start: int, end: int) -> Iterator[Box]:
        """The boxes that are kept, after those within them have been read."""
        for box in self._boxes_in(start, end, is_top=parent == b""):
            if box.kind not in KEPT[parent] or (box.kind == b"trak" and self._handler(box) not in (VIDEO, SOUND)):
                self._blank(box)
                continue
            if box.kind == b"trak":
                self._read_track(box)
            if box.kind in KEPT:
                for _box in self._walk(box.kind, box.content, box.end):
                    pass
            else:
                self._check_content(box)
            yield box

    def _boxes_in(self, start: int, end: int, *, is_top: bool = False) -> Iterator[Box]:
        while start < end:
            self._boxes += 1
            if self._boxes > MOST_BOXES or end - start < 8:
                refuse(BROKEN, "broken")
            length, kind = struct.unpack_from(">I4s", self.data, start)
            content = start + 8
            if length == 1 and end - start >= 16:
                length = struct.unpack_from(">Q", self.data, start + 8)[0]
                content = start + 16
            elif length == 0 and is_top:
                length = end - start
            if not content - start <= length <= end - start:
                refuse(BROKEN, "broken")
            yield Box(kind, start, content, start + length)
            start += length

    def _find(self, within: Box, *path: bytes) -> Box | None:
        found: Box | None = within
        for kind in path:
            inside = self._boxes_in(found.content, found.end) if found else iter(())
            found = next((box for box in inside if box.kind == kind), None)
        return found

    def _handler(self, track: Box) -> bytes:
        """What a track contains: `vide`, `soun` and others."""
        found = self._find(track, b"mdia", b"hdlr")
        return bytes(self._bytes(found, 8, 4)) if found else b""

    def _read_track(self, track: Box) -> None:
        """Note the size of a video as viewers see it. A track of sound has none."""
        if self._handler(track) != VIDEO:
            return
        described, head = self._find(track, b"mdia", b"minf", b"stbl", b"stsd"), self._find(track, b"tkhd")
        if described is None or head is None:
            refuse(BROKEN, "broken")
        # An empty version and the number of descriptions come first.
        entries = list(self._boxes_in(described.content + 8, described.end))
        if not entries or any(entry.kind not in CODECS for entry in entries):
            refuse(OTHER_CODEC, "other_codec")
        # The first and the fourth number of the matrix are 0 in a film that is turned on its side.
        matrix = struct.unpack(">9i", self._bytes(head, 52 if self.data[head.content] else 40, 36))
        for entry in entries:
            width, height = struct.unpack(">HH", self._bytes(entry, BEFORE_WIDTH, 4))
            self._sizes.append((height, width) if matrix[0] == matrix[4] == 0 else (width, height))

    def _check_content(self, box: Box) -> None:
        """Check what points elsewhere, and blank the name of a handler."""
        if box.kind == b"hdlr":
            self._bytes(box, 0, BEFORE_NAME)
            self.data[box.content + BEFORE_NAME : box.end] = bytes(box.end - box.content - BEFORE_NAME)
        elif box.kind == b"dref":
            # Each reference says by its flag that it means this file, and so names no other.
            for entry in self._boxes_in(box.content + 8, box.end):
                if bytes(self._bytes(entry, 3, 1)) != b"\x01" or entry.end - entry.content != 4:
                    refuse(OTHER_FILES, "other_files")
        elif box.kind in OFFSETS:
            wide = OFFSETS[box.kind]
            (count,) = struct.unpack(">I", self._bytes(box, 4, 4))
            table = self._bytes(box, 8, count * wide)
            offsets = memoryview(table).cast("B")
            if any(
                int.from_bytes(offsets[at : at + wide], "big") >= len(self.data) for at in range(0, count * wide, wide)
            ):
                refuse(BROKEN, "broken")
        elif box.kind == b"stsz":
            size, count = struct.unpack(">II", self._bytes(box, 4, 8))
            self._bytes(box, 12, 0 if size else count * 4)

    def _bytes(self, box: Box, offset: int, length: int) -> bytes:
        """A part of the content of a box. Raises ValidationError if the box is shorter."""
        start = box.content + offset
        if start + length > box.end:
            refuse(BROKEN, "broken")
        return bytes(self.data[start : start + length])

    def _blank(self, box: Box) -> None:
        self.data[box.start + 4 : box.start + 8] = b"free"
        self.data[box.content : box.end] = bytes(box.end - box.content)
