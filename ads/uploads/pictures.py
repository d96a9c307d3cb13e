"""Pictures, decoded and written anew: nothing but their pixels is kept.

Sizes are judged before anything is decoded, so that a small file can't become gigabytes.
"""

import io
import warnings
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from PIL import ExifTags, Image, ImageCms, ImageOps

from ads import media
from ads.uploads import animations
from ads.uploads.kinds import BROKEN, GIF, JPEG, PNG, WEBP, Kind, Prepared, check_pixels, refuse, refuse_pixels

# Pillow's own check refuses what is twice as large, and warns of the rest, also in the frames of an animation.
Image.MAX_IMAGE_PIXELS = max(size.width * size.height for size in media.LARGEST.values())
warnings.filterwarnings("error", category=Image.DecompressionBombWarning)

# In pixels: pictures in lists and forms.
THUMBNAIL = (320, 320)
MOST_FRAMES = 500
# Of all frames together: decoding them takes about a second.
MOST_PIXELS_OF_FRAMES = 150_000_000
# Larger ones describe printers, not screens.
LARGEST_PROFILE = 1024**2
# Orientations with which width and height are exchanged (Exif 2.3, 4.6.4).
LYING = (5, 6, 7, 8)
# Pillow's names of what the kinds' files contain. A JPEG file may contain further pictures (MPO), which are dropped.
FORMATS = {JPEG: "JPEG", PNG: "PNG", WEBP: "WEBP", GIF: "GIF"}
QUALITY = 90

ANIMATED = _("This picture is an animation. Send it as GIF, or as a video.")


def prepare(kind: Kind, content: bytes, position: str | None) -> Prepared:
    """The picture as it is kept. Raises ValidationError if it is damaged, or too large for the position."""
    try:
        with Image.open(io.BytesIO(content), formats=[FORMATS[kind]]) as image:
            width, height = _upright_size(image)
            check_pixels(kind.media_type, width, height, position)
            if kind is GIF:
                return Prepared(GIF, animations.rewritten(content), *image.size, thumbnail=_first_and_all(image))
            if getattr(image, "is_animated", False) and image.format != "MPO":
                refuse(ANIMATED, "animated")
            return _picture(kind, image, content)
    except ValidationError:
        raise
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        refuse_pixels(kind.media_type, position)
    # Whatever a file can make Pillow's readers stumble over, down to a TypeError, it is the file's fault.
    except Exception as error:
        raise ValidationError(BROKEN, code="broken") from error


def _upright_size(image: Image.Image) -> tuple[int, int]:
    """The width and height as viewers see it."""
    lies = image.getexif().get(ExifTags.Base.Orientation) in LYING
    return (image.height, image.width) if lies else image.size


def _picture(kind: Kind, image: Image.Image, content: bytes) -> Prepared:
    image.load()
    upright = ImageOps.exif_transpose(image)
    pixels = _only_pixels(upright, keeps_palette=kind is PNG, keeps_alpha=kind is not JPEG)
    options: dict[str, Any] = {}
    if kind is JPEG:
        # Colours in full resolution, because ads contain letters.
        options = {"quality": QUALITY, "subsampling": "4:4:4"}
    elif kind is WEBP:
        options = {"lossless": True} if _is_lossless(content) else {"quality": QUALITY}
    written = io.BytesIO()
    pixels.save(written, FORMATS[kind], **options)
    return Prepared(kind, written.getvalue(), *pixels.size, thumbnail=thumbnail_of(pixels))


def _is_lossless(content: bytes) -> bool:
    """Whether a WebP file has a chunk of losslessly compressed pixels (RFC 9649, section 2.6)."""
    start = 12
    while (name := content[start : start + 4]) not in (b"VP8L", b"VP8 ", b""):
        size = int.from_bytes(content[start + 4 : start + 8], "little")
        start += 8 + size + size % 2
    return name == b"VP8L"


def _only_pixels(image: Image.Image, *, keeps_palette: bool, keeps_alpha: bool) -> Image.Image:
    """A copy without anything else, in sRGB, which browsers assume."""
    profile = image.info.get("icc_profile")
    transparency = image.info.get("transparency")
    if profile is None and image.mode == "P" and keeps_palette:
        image = image.copy()
        image.info = {} if transparency is None else {"transparency": transparency}
        return image
    if image.mode == "I;16":
        # Pillow would clip the values instead of dividing them.
        image = image.point(lambda value: value * (1 / 256))
    if image.mode in ("L", "1", "I;16") and transparency is None:
        image = image.convert("L")
    elif image.mode != "CMYK":
        image = image.convert("RGBA" if keeps_alpha and image.has_transparency_data else "RGB")
    image = _in_srgb(image, profile)
    image.info = {}
    return image


def _in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """The picture with the colours that its profile means. A profile that can't be used is ignored."""
    mode = "RGB" if image.mode == "CMYK" else image.mode
    if profile and len(profile) <= LARGEST_PROFILE:
        try:
            meant = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            screen = ImageCms.createProfile("sRGB")
            return ImageCms.profileToProfile(image, meant, screen, outputMode=mode) or image
        except (ImageCms.PyCMSError, OSError, ValueError):
            pass
    return image.convert(mode)


def _first_and_all(image: Image.Image) -> bytes:
    """The thumbnail of an animation, of which every frame can be decoded. Raises ValidationError for too many."""
    thumbnail = thumbnail_of(image)
    most = min(MOST_FRAMES, MOST_PIXELS_OF_FRAMES // (image.width * image.height))
    number = 0
    while True:
        image.load()
        number += 1
        try:
            image.seek(number)
        except EOFError:
            return thumbnail
        if number == most:
            message = gettext("An animation of %(width)d × %(height)d pixels has at most %(most)d frames.")
            found = {"width": image.width, "height": image.height, "most": most}
            raise ValidationError(message, code="too_many_frames", params=found)


def thumbnail_of(image: Image.Image) -> bytes:
    """A small copy as WebP."""
    small = image.convert("RGBA" if image.has_transparency_data else "RGB")
    small.thumbnail(THUMBNAIL)
    written = io.BytesIO()
    small.save(written, "WEBP", quality=80)
    return written.getvalue()
