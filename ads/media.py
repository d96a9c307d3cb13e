"""Which media types each position accepts, and what each type needs. The database checks both."""

import re
from typing import Any

import segno
from django.core.validators import URLValidator
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from ads.choices import AdType, MediaType

BAR_MEDIA = (MediaType.TEXT, MediaType.IMAGE, MediaType.GIF)
BAR_POSITIONS = (AdType.TOP_BAR, AdType.BOTTOM_LEFT, AdType.BOTTOM_RIGHT, AdType.BOTTOM_CENTER)
NEEDS_URL = (MediaType.IMAGE, MediaType.GIF, MediaType.VIDEO, MediaType.NEWS_RSS)
NEEDS_CONTENT = (MediaType.TEXT, MediaType.HTML, MediaType.EVENTS, MediaType.BREAKING_NEWS, MediaType.ALERTS)
MAX_URL_LENGTH = 2048
MAX_CONTENT_LENGTH = 50_000
ENTER_A_FULL_URL = _("Enter a full URL that starts with http:// or https://.")

NAMES_A_USER = _("Remove the username and password from this URL. Every viewer could read them.")
URL_FIELDS = ("media_url", "ad_advertiser_forwarding_url")
# The host with a port and a username, as browsers read it (RFC 3986, section 3.2).
AUTHORITY = re.compile(r"https?://([^/?#]*)", re.IGNORECASE)


class HttpURLValidator(URLValidator):
    """Django's check, which also takes underscores in host names, as DNS does (RFC 2181, section 11)."""

    def __call__(self, value: Any) -> None:
        if isinstance(value, str):
            value = AUTHORITY.sub(lambda found: found[0].replace("_", "x"), value, count=1)
        super().__call__(value)


validate_http_url = HttpURLValidator(schemes=["http", "https"], message=ENTER_A_FULL_URL)


def names_a_user(url: str | None) -> bool:
    """Whether the URL contains a username, as in `https://user:password@host/`.

    Viewers could read the password, and take what stands before the `@` for the host. Stored URLs may contain one, so
    the database doesn't check it: a constraint would refuse to count views of such an ad.
    """
    found = AUTHORITY.match(url or "")
    return found is not None and "@" in found[1]


position_takes_media = Q(ad_type_id__in=BAR_POSITIONS, media_type__in=BAR_MEDIA) | Q(
    ad_type_id__in=[AdType.CENTER_RIGHT, AdType.CENTER_LEFT]
)
has_what_it_needs = (
    Q(media_type__in=NEEDS_URL, media_url__isnull=False) & ~Q(media_url="")
    | Q(media_type__in=NEEDS_CONTENT, media_content__isnull=False) & ~Q(media_content="")
    | ~Q(media_type__in=MediaType.values)
)

# Characters that make one URL look like another: control characters, spaces of every width, and characters that
# reverse the direction of text. PostgreSQL interprets the escapes.
HIDDEN = r"\s\u0001-\u0020\u007f-\u00a0\u1680\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff"


def qr_code(url: str) -> segno.QRCode | None:
    """The URL as a QR code (ISO/IEC 18004), or None if it is too long for one."""
    try:
        return segno.make(url, micro=False)
    except segno.DataOverflowError:
        return None


def is_http_url(field: str) -> Q:
    """The condition that a field is null or an HTTP or HTTPS URL. The server never opens these URLs."""
    pattern = rf"^https?://[^/{HIDDEN}][^{HIDDEN}]*$"
    return Q(**{f"{field}__isnull": True}) | Q(**{f"{field}__iregex": pattern})
