"""WebM files (RFC 8794, RFC 9559): their size in pixels, and a copy in which only what players need is left.

Our own reader, for the same reasons as in `mp4.py`. Recordings of browsers don't say how long their parts are, so
elements of unknown length are understood where WebM allows them.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from ads.uploads.kinds import BROKEN, UNKNOWN_KIND, refuse
from ads.uploads.mp4 import NO_VIDEO

OTHER_CODEC = _("Encode the video as VP8, VP9 or AV1, with its sound as Vorbis or Opus.")
OTHER_TRACKS = _("This video has tracks besides video and sound. Export it without them.")

MOST_ELEMENTS = 200_000
HEADER, DOC_TYPE = 0x1A45DFA3, 0x4282
SEGMENT, INFO, TRACKS, CLUSTER, CUES, SEEK_HEAD = 0x18538067, 0x1549A966, 0x1654AE6B, 0x1F43B675, 0x1C53BB6B, 0x114D9B74
TRACK, TRACK_TYPE, CODEC, VIDEO = 0xAE, 0x83, 0x86, 0xE0
WIDTH, HEIGHT = 0xB0, 0xBA
# Names of programs, which must be there.
NAMES = (0x4D80, 0x5741)
VOID = 0xEC
# What is kept, by the element that contains it. All others become empty space.
KEPT = {
    SEGMENT: {SEEK_HEAD, INFO, TRACKS, CLUSTER, CUES},
    # Scale of time, duration, and the names of programs.
    INFO: {0x2AD7B1, 0x4489, *NAMES},
    TRACKS: {TRACK},
    # Number, UID, type, flags, default duration, codec with its data and delays, video, audio.
    TRACK: {
        *{0xD7, 0x73C5, TRACK_TYPE, 0xB9, 0x88, 0x55AA, 0x9C, 0x23E383, 0x22B59C, CODEC, 0x63A2, 0x56AA, 0x56BB},
        *{VIDEO, 0xE1},
    },
    # Time, simple blocks, groups of blocks, position, size of the one before.
    CLUSTER: {0xE7, 0xA3, 0xA0, 0xA7, 0xAB},
}
UNKNOWN = -1
MAY_BE_UNKNOWN = (SEGMENT, CLUSTER)
CODECS = {1: (b"V_VP8", b"V_VP9", b"V_AV1"), 2: (b"A_VORBIS", b"A_OPUS")}


@dataclass(frozen=True)
class Element:
    """An element: its ID, and where it begins, where its content begins and where it ends."""

    ident: int
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
        self._elements = 0
        self._sizes: list[tuple[int, int]] = []
        self._has_clusters = False

    def check(self) -> None:
        """Read all elements, and blank those that aren't kept."""
        top = list(self._elements_in(0, len(self.data)))
        if [element.ident for element in top] != [HEADER, SEGMENT]:
            refuse(BROKEN, "broken")
        kinds = [self._bytes(one) for one in self._elements_in(top[0].content, top[0].end) if one.ident == DOC_TYPE]
        if [kind.rstrip(b"\0") for kind in kinds] != [b"webm"]:
            refuse(UNKNOWN_KIND, "unknown_kind")
        self._walk(top[1])

    def size(self) -> tuple[int, int]:
        """The largest width and height of a video in the file."""
        if not self._sizes or not self._has_clusters:
            refuse(NO_VIDEO, "no_video")
        return max(width for width, _height in self._sizes), max(height for _width, height in self._sizes)

    def _walk(self, parent: Element) -> None:
        for element in self._elements_in(parent.content, parent.end):
            if element.ident not in KEPT[parent.ident]:
                self._blank(element)
            elif element.ident == TRACK:
                self._read_track(element)
                self._walk(element)
            elif element.ident in KEPT:
                self._has_clusters |= element.ident == CLUSTER
                self._walk(element)
            elif element.ident in NAMES:
                self.data[element.content : element.end] = bytes(element.end - element.content)

    def _read_track(self, track: Element) -> None:
        """Note the size of a video. Raises ValidationError for a track that WebM doesn't have."""
        inside = {one.ident: one for one in self._elements_in(track.content, track.end)}
        if TRACK_TYPE not in inside or CODEC not in inside:
            refuse(BROKEN, "broken")
        kind = self._number(inside[TRACK_TYPE])
        if kind not in CODECS:
            refuse(OTHER_TRACKS, "other_tracks")
        if self._bytes(inside[CODEC]).rstrip(b"\0") not in CODECS[kind]:
            refuse(OTHER_CODEC, "other_codec")
        if kind == 1:
            if VIDEO not in inside:
                refuse(BROKEN, "broken")
            sizes = {one.ident: one for one in self._elements_in(inside[VIDEO].content, inside[VIDEO].end)}
            if WIDTH not in sizes or HEIGHT not in sizes:
                refuse(BROKEN, "broken")
            self._sizes.append((self._number(sizes[WIDTH]), self._number(sizes[HEIGHT])))

    def _elements_in(self, start: int, end: int) -> Iterator[Element]:
        while start < end:
            self._elements += 1
            if self._elements > MOST_ELEMENTS:
                refuse(BROKEN, "broken")
            ident, after = self._vint(start, end, most=4, keeps_marker=True)
            size, content = self._vint(after, end, most=8)
            if size == UNKNOWN:
                if ident not in MAY_BE_UNKNOWN:
                    refuse(BROKEN, "broken")
                size = self._end_of_unknown(ident, content, end) - content
            if size > end - content:
                refuse(BROKEN, "broken")
            yield Element(ident, start, content, content + size)
            start = content + size

    def _end_of_unknown(self, ident: int, start: int, end: int) -> int:
        """Where an element of unknown length ends: a cluster before the next element that can't be in one."""
        if ident == SEGMENT:
            return end
        while start < end:
            inner, after = self._vint(start, end, most=4, keeps_marker=True)
            if inner in KEPT[SEGMENT]:
                return start
            size, content = self._vint(after, end, most=8)
            if size == UNKNOWN or size > end - content:
                refuse(BROKEN, "broken")
            start = content + size
        return end

    def _vint(self, start: int, end: int, *, most: int, keeps_marker: bool = False) -> tuple[int, int]:
        """A number of variable length, or UNKNOWN, and where it ends (RFC 8794, section 4)."""
        first = self.data[start] if start < end else 0
        length = 9 - first.bit_length()
        if first == 0 or length > most or start + length > end:
            refuse(BROKEN, "broken")
        number = int.from_bytes(self.data[start : start + length], "big")
        if keeps_marker:
            return number, start + length
        number ^= 1 << 7 * length
        return UNKNOWN if number == (1 << 7 * length) - 1 else number, start + length

    def _bytes(self, element: Element) -> bytes:
        return bytes(self.data[element.content : element.end])

    def _number(self, element: Element) -> int:
        if element.end - element.content > 8:
            refuse(BROKEN, "broken")
        return int.from_bytes(self._bytes(element), "big")

    def _blank(self, element: Element) -> None:
        """Make the element a `Void` of the same length."""
        length = element.end - element.start
        head = (
            bytes([VOID, 0x80 | length - 2]) if length < 128 else bytes([VOID, 0x01]) + (length - 9).to_bytes(7, "big")
        )
        self.data[element.start : element.end] = head + bytes(length - len(head))
