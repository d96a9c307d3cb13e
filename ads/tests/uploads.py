"""Small files of every kind that can be uploaded, made by code, and how they are uploaded."""

import io
import struct
from typing import Any

from PIL import Image, ImageDraw


def drawn(width: int = 64, height: int = 40, mode: str = "RGB") -> Image.Image:
    """A picture in which every corner differs."""
    image = Image.new(mode, (width, height))
    draw = ImageDraw.Draw(image)
    for number, corner in enumerate([(0, 0), (width // 2, 0), (0, height // 2), (width // 2, height // 2)]):
        colour = (60 * number + 40, 200 - 50 * number, 90)
        box = (*corner, corner[0] + width // 2, corner[1] + height // 2)
        draw.rectangle(box, fill=60 * number + 40 if mode in ("L", "P", "1") else colour)
    return image


def written(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    """The picture as a file."""
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def picture(width: int = 64, height: int = 40, kind: str = "PNG", **options: Any) -> bytes:
    """A picture of this size."""
    return written(drawn(width, height), kind, **options)


def animation(width: int = 64, height: int = 40, frames: int = 3, **options: Any) -> bytes:
    """A GIF of several frames, which repeats for ever."""
    images = [drawn(width, height, "P") for _frame in range(frames)]
    for number, image in enumerate(images):
        ImageDraw.Draw(image).rectangle((number % width, 0, number % width + 2, 2), fill=number % 251)
    options = {"duration": 70, "loop": 0, **options}
    return written(images[0], "GIF", save_all=True, append_images=images[1:], **options)


def box(kind: bytes, *content: bytes) -> bytes:
    """A box of an MP4 file."""
    inside = b"".join(content)
    return struct.pack(">I4s", 8 + len(inside), kind) + inside


def full(kind: bytes, *content: bytes, flags: int = 0) -> bytes:
    """A box with a version and flags."""
    return box(kind, struct.pack(">I", flags), *content)


STRAIGHT = (0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
ON_ITS_SIDE = (0, 0x10000, 0, -0x10000, 0, 0, 0, 0, 0x40000000)


def track(
    width: int, height: int, *, codec: bytes, handler: bytes, matrix: tuple[int, ...], offset: int, reference: bytes
) -> bytes:
    """The track of an MP4 file, with one sample."""
    entry = box(codec, bytes(24), struct.pack(">HH", width, height), bytes(50))
    table = box(
        b"stbl",
        full(b"stsd", struct.pack(">I", 1), entry),
        full(b"stts", struct.pack(">3I", 1, 1, 1000)),
        full(b"stsc", struct.pack(">4I", 1, 1, 1, 1)),
        full(b"stsz", struct.pack(">3I", 0, 1, 16)),
        full(b"stco", struct.pack(">2I", 1, offset)),
    )
    data = box(b"dinf", full(b"dref", struct.pack(">I", 1), reference))
    media = box(
        b"mdia",
        full(b"mdhd", bytes(20)),
        full(b"hdlr", bytes(4), handler, bytes(12), b"Secret name\0"),
        box(b"minf", full(b"vmhd", bytes(8)), data, table),
    )
    head = full(b"tkhd", bytes(36), struct.pack(">9i", *matrix), struct.pack(">II", width << 16, height << 16))
    return box(b"trak", head, media)


HERE = full(b"url ", flags=1)


def film(
    width: int = 640,
    height: int = 360,
    *,
    codec: bytes = b"avc1",
    handler: bytes = b"vide",
    matrix: tuple[int, ...] = STRAIGHT,
    offset: int = 40,
    reference: bytes = HERE,
    brand: bytes = b"isom",
    extra: bytes = b"",
) -> bytes:
    """An MP4 file with one sample of a video. `extra` is one more box in its head."""
    made = track(width, height, codec=codec, handler=handler, matrix=matrix, offset=offset, reference=reference)
    names = box(b"udta", box(b"\xa9xyz", b"+52.5163+013.3777/"))
    head = box(b"moov", full(b"mvhd", bytes(96)), made, names, extra)
    return box(b"ftyp", brand, bytes(4), brand) + box(b"mdat", bytes(16)) + head


def element(ident: int, *content: bytes, size: int | None = None) -> bytes:
    """An element of a WebM file. `size` is what it says instead of the truth."""
    inside = b"".join(content)
    length = (len(inside) if size is None else size) | 1 << 56
    return ident.to_bytes((ident.bit_length() + 7) // 8, "big") + length.to_bytes(8, "big") + inside


UNKNOWN = (1 << 56) - 1


def web_film(
    width: int = 640,
    height: int = 360,
    *,
    codec: bytes = b"V_VP9",
    kind: int = 1,
    doc_type: bytes = b"webm",
    size: int | None = None,
    extra: bytes = b"",
) -> bytes:
    """A WebM file with one block of a video. `extra` is one more element in its segment."""
    pixels = element(0xE0, element(0xB0, width.to_bytes(2, "big")), element(0xBA, height.to_bytes(2, "big")))
    entry = element(0xAE, element(0xD7, b"\1"), element(0x83, bytes([kind])), element(0x86, codec), pixels)
    info = element(0x1549A966, element(0x2AD7B1, b"\x0f\x42\x40"), element(0x4D80, b"Secret name"))
    cluster = element(0x1F43B675, element(0xE7, b"\0"), element(0xA3, b"\x81\0\0\x80" + bytes(12)), size=size)
    tags = element(0x1254C367, element(0x7373, b"+52.5163+013.3777/"))
    segment = element(0x18538067, info, element(0x1654AE6B, entry), tags, extra, cluster, size=size)
    return element(0x1A45DFA3, element(0x4282, doc_type)) + segment


MULTIPART = "multipart/form-data; boundary=the-end"


def form(content: bytes, name: str = "picture.png", kind: str = "image/png", **fields: str | list[str]) -> bytes:
    """A body with a file and further fields. Whatever is in the name is sent as it is."""
    parts = [f'name="file"; filename="{name}"\r\nContent-Type: {kind}\r\n\r\n'.encode() + content]
    for field, values in fields.items():
        each = [values] if isinstance(values, str) else values
        parts += [f'name="{field}"\r\n\r\n{value}'.encode() for value in each]
    start = b"--the-end\r\nContent-Disposition: form-data; "
    return b"".join(start + part + b"\r\n" for part in parts) + b"--the-end--\r\n"


def upload(client: Any, content: bytes, **more: Any) -> Any:
    """The answer to an upload. `more` are as in `form()`, a query, and headers named HTTP_…."""
    headers = {name: more.pop(name) for name in list(more) if name.startswith("HTTP_")}
    query = more.pop("query", "")
    return client.generic("POST", f"/api/media{query}", form(content, **more), content_type=MULTIPART, **headers)
