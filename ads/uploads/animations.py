"""GIF animations, written anew block by block (GIF89a specification).

Pillow would decode all frames and encode them with other palettes and without some of their transparency. Here frames
stay as they are; `pictures.py` has decoded each of them before. Comments, texts, what programs add, and everything
after the end are dropped.
"""

import io

from ads.uploads.kinds import BROKEN, refuse

IMAGE, EXTENSION, TRAILER = b",", b"!", b";"
CONTROL, APPLICATION = b"\xf9", b"\xff"
# How often an animation repeats. The first three bytes of its data say so.
LOOPS = (b"NETSCAPE2.0", b"ANIMEXTS1.0")
HAS_PALETTE, SIZE_OF_PALETTE = 0x80, 0x07


def rewritten(content: bytes) -> bytes:
    """The animation without metadata. Raises ValidationError if its blocks aren't those of a GIF."""
    source, kept = _Source(content), io.BytesIO()
    header = source.read(13)
    kept.write(b"GIF89a" + header[6:] + source.read_palette(header[10]))
    width, height = header[6:8], header[8:10]
    # The time and transparency of the next frame.
    control = b""
    while (block := source.read(1)) != TRAILER:
        if block == IMAGE:
            place = source.read(9)
            if not _is_within(place, width, height):
                refuse(BROKEN, "broken")
            data = source.read_palette(place[8]) + source.read(1) + b"".join(source.read_parts())
            kept.write(control + IMAGE + place + data + b"\0")
            control = b""
        elif block == EXTENSION:
            label, parts = source.read(1), source.read_parts()
            if label == CONTROL and len(parts) == 1 and len(parts[0]) == 5:
                control = EXTENSION + label + parts[0] + b"\0"
            elif label == APPLICATION and len(parts) == 2 and parts[0][1:] in LOOPS and len(parts[1]) == 4:
                kept.write(EXTENSION + label + b"".join(parts) + b"\0")
        else:
            refuse(BROKEN, "broken")
    kept.write(TRAILER)
    return kept.getvalue()


class _Source:
    """Reads the parts of a GIF. Raises ValidationError at the end of the file."""

    def __init__(self, content: bytes) -> None:
        self._stream = io.BytesIO(content)

    def read(self, size: int) -> bytes:
        found = self._stream.read(size)
        if len(found) < size:
            refuse(BROKEN, "broken")
        return found

    def read_palette(self, flags: int) -> bytes:
        return self.read(3 << (flags & SIZE_OF_PALETTE) + 1) if flags & HAS_PALETTE else b""

    def read_parts(self) -> list[bytes]:
        """The parts of a block with their lengths, without the empty one that ends it."""
        parts = []
        while (length := self.read(1)) != b"\0":
            parts.append(length + self.read(length[0]))
        return parts


def _is_within(place: bytes, width: bytes, height: bytes) -> bool:
    left, top, wide, high = (int.from_bytes(place[start : start + 2], "little") for start in (0, 2, 4, 6))
    return left + wide <= int.from_bytes(width, "little") and top + high <= int.from_bytes(height, "little")
