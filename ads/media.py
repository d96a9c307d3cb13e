"""Which media types each position accepts, and what each type needs. The database checks both."""

import re
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import segno
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from ads.choices import AdType, MediaType
from campaign_studio.faults import quoted

BAR_MEDIA = (MediaType.TEXT, MediaType.IMAGE, MediaType.GIF)
BAR_POSITIONS = (AdType.TOP_BAR, AdType.BOTTOM_LEFT, AdType.BOTTOM_RIGHT, AdType.BOTTOM_CENTER)


class Pixels(NamedTuple):
    """A width and a height."""

    width: int
    height: int


# The largest pictures and videos of each position: twice what a screen of 1920 × 1080 pixels shows there.
LARGEST = {
    AdType.TOP_BAR: Pixels(3840, 400),
    AdType.BOTTOM_LEFT: Pixels(1280, 440),
    AdType.BOTTOM_RIGHT: Pixels(1280, 440),
    AdType.BOTTOM_CENTER: Pixels(1280, 440),
    AdType.CENTER_RIGHT: Pixels(1920, 1200),
    AdType.CENTER_LEFT: Pixels(1920, 1200),
}
# What can be uploaded.
UPLOADED = (MediaType.IMAGE, MediaType.GIF, MediaType.VIDEO)
# The largest uploaded files. With the rest of its request, each fits into the largest body of the API.
MOST_BYTES = {MediaType.IMAGE: 6 * 1024**2, MediaType.GIF: 8 * 1024**2, MediaType.VIDEO: 11 * 1024**2}
NEEDS_URL = (MediaType.IMAGE, MediaType.GIF, MediaType.VIDEO, MediaType.NEWS_RSS)
NEEDS_CONTENT = (MediaType.TEXT, MediaType.HTML, MediaType.EVENTS, MediaType.BREAKING_NEWS, MediaType.ALERTS)
MAX_URL_LENGTH = 2048
MAX_CONTENT_LENGTH = 50_000
ENTER_A_FULL_URL = _("Enter a full URL that starts with http:// or https://.")

# Characters that make one URL look like another: control characters, spaces of every width, and characters that
# reverse the direction of text. PostgreSQL interprets the escapes.
HIDDEN = r"\s\u0001-\u0020\u007f-\u00a0\u1680\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff"
HIDDEN_CHARACTER = re.compile(f"[{HIDDEN}]")
# What stands before the first colon, unless a port follows it, as in `localhost:8000`.
SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):(?!\d)", re.IGNORECASE)

WITH_SPACE = _("This URL contains a space after “%(before)s”. Remove it, or write %%20 for it.")
WITH_HIDDEN = _("This URL contains a hidden character (%(code)s) after “%(before)s”. Remove it, or type the URL again.")
BEGINS_HIDDEN = _("This URL begins with a hidden character (%(code)s). Remove it, or type the URL again.")
NO_SCHEME = _("This URL lacks https:// or http:// at the beginning. Enter https://%(value)s.")
OTHER_SCHEME = _("This URL begins with %(scheme)s:. Use one that begins with https:// or http://.")
NO_HOST = _("Write two slashes and a host after http: or https:, as in https://example.com.")
NOT_A_HOST = _("“%(host)s” in this URL is not the name of a host, such as example.com or example.com:8080.")
NAMES_A_USER = _("Remove the username and password from this URL. Every viewer could read them.")
URL_FIELDS = ("media_url", "ad_advertiser_forwarding_url")
# The host with a port and a username, as browsers read it (RFC 3986, section 3.2).
AUTHORITY = re.compile(r"https?://([^/?#]*)", re.IGNORECASE)


class HttpURLValidator(URLValidator):
    """Refuses a URL for what is wrong with it. Takes underscores in host names, as DNS does (RFC 2181, section 11)."""

    def __call__(self, value: Any) -> None:
        """Raise ValidationError for the first fault from the left that a person can see, or else for the host."""
        url = str(value)
        if hidden := HIDDEN_CHARACTER.search(url):
            raise _fault_of_hidden(url, hidden)
        scheme = SCHEME.match(url)
        if scheme is None:
            raise ValidationError(NO_SCHEME, code="url_without_scheme", params={"value": quoted(url.lstrip("/:"))})
        if scheme[1].lower() not in self.schemes:
            raise ValidationError(OTHER_SCHEME, code="url_of_other_scheme", params={"scheme": quoted(scheme[1])})
        found = AUTHORITY.match(url)
        if found is None or not found[1]:
            raise ValidationError(NO_HOST, code="url_without_host")
        if len(url) > self.max_length or is_uploaded(url):
            # Another validator of the field says so; an intranet may call this installation by a name without a dot.
            return
        try:
            super().__call__(AUTHORITY.sub(lambda found: found[0].replace("_", "x"), url, count=1))
            # Raises ValueError for one above 65535.
            _port = urlsplit(url).port
        except (ValidationError, ValueError) as error:
            host = found[1].rsplit("@", 1)[-1]
            raise ValidationError(NOT_A_HOST, code="url_without_host", params={"host": quoted(host)}) from error


def _fault_of_hidden(url: str, hidden: re.Match[str]) -> ValidationError:
    """The refusal of a URL with a space or a character that can't be seen."""
    params = {"before": quoted(url[: hidden.start()]), "code": f"U+{ord(hidden[0]):04X}"}
    if hidden[0] == " ":
        return ValidationError(WITH_SPACE, code="url_with_space", params=params)
    message = WITH_HIDDEN if params["before"] else BEGINS_HIDDEN
    return ValidationError(message, code="url_with_hidden_character", params=params)


validate_http_url = HttpURLValidator(schemes=["http", "https"])


def is_uploaded(url: str | None) -> bool:
    """Whether the URL is one of this installation's uploaded files, as far as it can be told from the URL."""
    return bool(url) and str(url).startswith(f"{settings.PUBLIC_URL}{settings.MEDIA_URL}")


def names_a_user(url: str | None) -> bool:
    """Whether the URL contains a username, as in `https://user:password@host/`.

    Viewers could read the password, and take what stands before the `@` for the host. Stored URLs may contain one, so
    the database doesn't check it: a constraint would refuse to count views of such an ad.
    """
    found = AUTHORITY.match(url or "")
    return found is not None and "@" in found[1]


def takes(position: str, media_type: str) -> bool:
    """Whether ads in this position may have this media type, as `position_takes_media` has the database check it."""
    return media_type in BAR_MEDIA or position not in BAR_POSITIONS


position_takes_media = Q(ad_type_id__in=BAR_POSITIONS, media_type__in=BAR_MEDIA) | Q(
    ad_type_id__in=[AdType.CENTER_RIGHT, AdType.CENTER_LEFT]
)
has_what_it_needs = (
    Q(media_type__in=NEEDS_URL, media_url__isnull=False) & ~Q(media_url="")
    | Q(media_type__in=NEEDS_CONTENT, media_content__isnull=False) & ~Q(media_content="")
    | ~Q(media_type__in=MediaType.values)
)


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
