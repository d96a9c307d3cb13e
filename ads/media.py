"""Which media a position takes, and what each medium needs. Both are checked by the database."""

import segno
from django.core.validators import URLValidator
from django.db.models import Q

from ads.choices import AdType, MediaType

BAR_MEDIA = (MediaType.TEXT, MediaType.IMAGE, MediaType.GIF)
BAR_POSITIONS = (AdType.TOP_BAR, AdType.BOTTOM_LEFT, AdType.BOTTOM_RIGHT, AdType.BOTTOM_CENTER)
NEEDS_URL = (MediaType.IMAGE, MediaType.GIF, MediaType.VIDEO, MediaType.NEWS_RSS)
NEEDS_CONTENT = (MediaType.TEXT, MediaType.HTML, MediaType.EVENTS, MediaType.BREAKING_NEWS, MediaType.ALERTS)
LONGEST_URL = 2048
LONGEST_CONTENT = 50_000

validate_http_url = URLValidator(
    schemes=["http", "https"], message="Give a full address that starts with http:// or https://."
)

position_takes_media = Q(ad_type_id__in=BAR_POSITIONS, media_type__in=BAR_MEDIA) | Q(
    ad_type_id__in=[AdType.CENTER_RIGHT, AdType.CENTER_LEFT]
)
has_what_it_needs = (
    Q(media_type__in=NEEDS_URL, media_url__isnull=False) & ~Q(media_url="")
    | Q(media_type__in=NEEDS_CONTENT, media_content__isnull=False) & ~Q(media_content="")
    | ~Q(media_type__in=MediaType.values)
)


# Control characters, spaces of every width, and what turns the direction of text around, which makes an address look
# like another. PostgreSQL reads the escapes.
HIDDEN = r"\s\u0001-\u0020\u007f-\u00a0\u1680\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff"


def qr_code(address: str) -> segno.QRCode | None:
    """The address as a QR code (ISO/IEC 18004); None for one that is longer than any code can hold."""
    try:
        return segno.make(address, micro=False)
    except segno.DataOverflowError:
        return None


def is_http_url(field: str) -> Q:
    """Null, or an http or https address: nothing else is ever stored (and nothing is ever fetched)."""
    address = rf"^https?://[^/{HIDDEN}][^{HIDDEN}]*$"
    return Q(**{f"{field}__isnull": True}) | Q(**{f"{field}__iregex": address})
