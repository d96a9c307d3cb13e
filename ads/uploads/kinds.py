"""The kinds of files that are accepted, recognised by their first bytes, and what makes any file refused."""

import io
import re
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from django.core.exceptions import ValidationError
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from ads import media
from ads.choices import AdType, MediaType

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

UNKNOWN_KIND = _("Send a JPEG, PNG, WebP or GIF picture, or a video as MP4 or WebM. This file is none of them.")
IS_SVG = _("SVG isn't accepted, because it can contain scripts. Send the picture as PNG.")
BROKEN = _("This file is damaged or incomplete, or isn't what it begins as. Export it again.")
HIDES_CONTENT = _("This file also contains a web page, a program or an archive. Export it again without that.")

# What makes browsers or servers take a file for a page or a program. Each is so long that it is in no file by chance.
MARKUP = re.compile(
    rb"<script[\s>/]|<html[\s>]|<!doctype\s+(?:html|svg)|<iframe\s|<body[\s>]|<\?php\s|<!entity\s|javascript:"
    rb"|<svg\s+(?:xmlns|width|height|viewbox|version|on|id|class|style)|<(?:img|svg)[^<>]{1,80}\son[a-z]{3,}=",
    re.IGNORECASE,
)
LOOKS_LIKE_SVG = re.compile(rb"\A\s*(?:<\?xml|<svg|<!doctype svg|<!--)", re.IGNORECASE)
# How far from the beginning readers of PDF look for one.
PDF_WITHIN = 1024


@dataclass(frozen=True)
class Kind:
    """A format: what it is called in `Content-Type` and in names of files, and as which media type ads show it."""

    content_type: str
    extension: str
    media_type: MediaType


JPEG = Kind("image/jpeg", "jpg", MediaType.IMAGE)
PNG = Kind("image/png", "png", MediaType.IMAGE)
WEBP = Kind("image/webp", "webp", MediaType.IMAGE)
GIF = Kind("image/gif", "gif", MediaType.GIF)
MP4 = Kind("video/mp4", "mp4", MediaType.VIDEO)
WEBM = Kind("video/webm", "webm", MediaType.VIDEO)
KINDS = (JPEG, PNG, WEBP, GIF, MP4, WEBM)
CONTENT_TYPES = {kind.extension: kind.content_type for kind in KINDS}

SIGNATURES = (
    (JPEG, re.compile(rb"\xff\xd8\xff")),
    (PNG, re.compile(rb"\x89PNG\r\n\x1a\n")),
    (WEBP, re.compile(rb"RIFF.{4}WEBPVP8", re.DOTALL)),
    (GIF, re.compile(rb"GIF8[79]a")),
    (MP4, re.compile(rb".{4}ftyp", re.DOTALL)),
    (WEBM, re.compile(rb"\x1a\x45\xdf\xa3")),
)


@dataclass(frozen=True)
class Prepared:
    """A file as it is kept: without metadata, with its size in pixels, and a thumbnail (WebP) unless it is a video."""

    kind: Kind
    content: bytes
    width: int
    height: int
    thumbnail: bytes | None = None


def kind_of(content: bytes) -> Kind:
    """The kind of a file by its first bytes, whatever it is called.

    Raises ValidationError for any other, and for one that is something else besides.
    """
    kind = next((kind for kind, signature in SIGNATURES if signature.match(content)), None)
    if kind is None:
        refuse(IS_SVG if LOOKS_LIKE_SVG.match(content) and b"<svg" in content.lower() else UNKNOWN_KIND, "unknown_kind")
    if MARKUP.search(content) or b"%PDF-" in content[:PDF_WITHIN] or zipfile.is_zipfile(io.BytesIO(content)):
        refuse(HIDES_CONTENT, "hides_content")
    return kind


def check_bytes(kind: Kind, size: int) -> None:
    """Raise ValidationError for a file of more bytes than its media type may have."""
    most = media.MOST_BYTES[kind.media_type]
    if size > most:
        message = gettext("A file of the media type “%(type)s” has at most %(limit)s. This one is %(excess)s larger.")
        found = {"type": kind.media_type.label, "limit": filesizeformat(most), "excess": filesizeformat(size - most)}
        raise ValidationError(message, code="too_many_bytes", params=found)


def check_pixels(media_type: str, width: int, height: int, position: str | None) -> None:
    """Raise ValidationError unless a file of this size fits the position, or any that takes it if none is given."""
    if position and not media.takes(position, media_type):
        message = gettext("The position “%(position)s” doesn't take the media type “%(type)s”.")
        labels = {"position": AdType(position).label, "type": MediaType(media_type).label}
        raise ValidationError(message, code="position_takes_other_media", params=labels)
    largest = _largest(media_type, position)
    if any(0 < width <= most.width and 0 < height <= most.height for most in largest):
        return
    message = gettext("This is %(width)d × %(height)d pixels. Scale it down to at most %(largest)s.")
    found = {"width": width, "height": height, "largest": _sizes(largest)}
    raise ValidationError(message, code="too_many_pixels", params=found)


def refuse_pixels(media_type: str, position: str | None) -> NoReturn:
    """Raise ValidationError for a file of so many pixels that its size isn't even looked at."""
    message = gettext("This has too many pixels. Scale it down to at most %(largest)s.")
    found = {"largest": _sizes(_largest(media_type, position))}
    raise ValidationError(message, code="too_many_pixels", params=found)


def _largest(media_type: str, position: str | None) -> list[media.Pixels]:
    """The largest sizes of the position, or of those that take the media type."""
    positions = [position] if position else [one for one in AdType if media.takes(one, media_type)]
    return [media.LARGEST[AdType(one)] for one in positions]


def _sizes(largest: list[media.Pixels]) -> str:
    return gettext(" or ").join(f"{most.width} × {most.height}" for most in dict.fromkeys(largest))


def refuse(message: "StrPromise", code: str) -> NoReturn:
    """Raise a ValidationError."""
    raise ValidationError(message, code=code)
