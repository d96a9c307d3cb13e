"""Which reported views can be believed. docs/delivery.md has the rules for those who send them.

A view is believed if the server has delivered the ad there and then, and if one screen can have shown everything that
the device has reported so far.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum, auto
from hashlib import sha1
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from django.conf import settings

from ads.delivery.opportunity import QUARTER
from ads.delivery.proofs import Impression, read
from campaigns.choices import in_seconds

if TYPE_CHECKING:
    from hashlib import _Hash

# How far the clock of a device may be ahead of the server's, and the time of a view outside its quarter hour.
CLOCK_TOLERANCE = timedelta(minutes=5)
QUARTER_SECONDS = int(QUARTER.total_seconds())
# Of the ids of impressions, and through them of views. Never changes: every receipt depends on it.
NAMESPACE = UUID("e8c63f8e-347a-5cc3-8e0b-e64a7ad5fb02")
# The first digit of the second half of a UUID (RFC 9562), by what it is in the hash.
VARIANT = dict(zip("0123456789abcdef", "89ab" * 4, strict=True))


class ReportedView(NamedTuple):
    """A view as a device reports it.

    `number` is its index in the report, `impression` the proof, and `sequence` counts the views of the impression
    from 0. `viewed_at` has the offset of the screen's clock.
    """

    number: int
    impression: str
    sequence: int
    viewed_at: datetime
    duration_seconds: int


class Shown:
    """An impression on one device, as its proof says.

    The key of the proof and the case of the place don't change the `id`, a UUID in 32 hexadecimal digits.
    """

    def __init__(self, impression: Impression, device_id: str) -> None:
        place = (impression.country, impression.city.casefold(), impression.postcode.casefold())
        parts = (device_id, str(impression.ad_id), impression.position, impression.quarter.isoformat(), *place)
        self.impression = impression
        self.id = _uuid5(sha1(NAMESPACE.bytes, usedforsecurity=False), "\0".join(parts))
        self._views = sha1(bytes.fromhex(self.id), usedforsecurity=False)
        self._quarters: dict[tzinfo | None, datetime] = {}

    def view_id(self, sequence: int) -> str:
        """The id under which a view counts once, a UUID in 32 hexadecimal digits."""
        return _uuid5(self._views, str(sequence))

    def quarter_at(self, clock: tzinfo | None) -> datetime:
        """The start of the quarter hour in UTC, by the offset of the screen's clock."""
        if clock not in self._quarters:
            start = self.impression.quarter.replace(tzinfo=clock).astimezone(UTC)
            # An offset needn't be a multiple of a quarter hour.
            self._quarters[clock] = start.replace(minute=start.minute // 15 * 15, second=0, microsecond=0)
        return self._quarters[clock]


class ProvenView(NamedTuple):
    """A reported view of an impression that the server has delivered.

    `quarter` is the start of the quarter hour in UTC, by the offset that was sent.
    """

    view_id: str
    shown: Shown
    sequence: int
    viewed_at: datetime
    quarter: datetime
    duration_seconds: int

    @property
    def airtime(self) -> tuple[str, datetime]:
        """The position and the quarter hour whose seconds it takes."""
        return self.shown.impression.position, self.quarter


def proven(views: Iterable[ReportedView], device_id: str) -> dict[int, ProvenView | None]:
    """The views with what their proofs say, or None if a proof is forged, by their numbers. Reads each proof once."""
    impressions: dict[str, Shown | None] = {}
    found: dict[int, ProvenView | None] = {}
    for number, proof, sequence, viewed_at, seconds in views:
        if proof not in impressions:
            impression = read(proof)
            impressions[proof] = Shown(impression, device_id) if impression else None
        shown = impressions[proof]
        if shown is None:
            found[number] = None
        else:
            quarter = shown.quarter_at(viewed_at.tzinfo)
            found[number] = ProvenView(shown.view_id(sequence), shown, sequence, viewed_at, quarter, seconds)
    return found


def _uuid5(namespace: "_Hash", name: str) -> str:
    """The UUID of version 5 (RFC 9562) in 32 hexadecimal digits. `namespace` is the hash of the namespace alone.

    `uuid.uuid5()` takes ten times as long.
    """
    whole = namespace.copy()
    whole.update(name.encode())
    digits = whole.hexdigest()
    return f"{digits[:12]}5{digits[13:16]}{VARIANT[digits[16]]}{digits[17:32]}"


class Refusal(StrEnum):
    """A reason why a view isn't counted. The API has a sentence for each."""

    FORGED = auto()
    UNKNOWN_AD = auto()
    IN_FUTURE = auto()
    EXPIRED = auto()
    OUTSIDE_QUARTER = auto()
    TOO_MANY = auto()
    TOO_SHORT = auto()
    TOO_LONG = auto()
    IMPRESSION_TOO_LONG = auto()
    QUARTER_TOO_LONG = auto()
    VIEW_CAP_REACHED = auto()
    VIEW_DURATION_CAP_REACHED = auto()

    @property
    def code(self) -> str:
        """The code in the API, which some reasons share."""
        return SHARED_CODES.get(self, self.value)


SHARED_CODES = {
    Refusal.IMPRESSION_TOO_LONG: "too_long",
    Refusal.QUARTER_TOO_LONG: "too_long",
    Refusal.VIEW_CAP_REACHED: "cap_reached",
    Refusal.VIEW_DURATION_CAP_REACHED: "cap_reached",
}
# The codes of what a working screen never reports.
IMPLAUSIBLE = ("forged", "in_future", "outside_quarter", "too_long", "too_many")


@dataclass(frozen=True)
class Rejection:
    """A reason why a view isn't counted. `params` are the values for its sentence."""

    reason: Refusal
    params: Mapping[str, object] = field(default_factory=dict)


@dataclass
class Totals:
    """The views and seconds of a campaign that have been counted."""

    views: int = 0
    seconds: int = 0

    def add(self, seconds: int) -> None:
        """Count one more view."""
        self.views += 1
        self.seconds += seconds

    def objection(self, ad: "CountedAd") -> Rejection | None:
        """The cap that is used up, if any. The last view may exceed the viewing-time cap by its own duration."""
        if ad.max_views is not None and self.views >= ad.max_views:
            return Rejection(Refusal.VIEW_CAP_REACHED, {"cap": ad.max_views})
        if ad.max_seconds is not None and self.seconds >= ad.max_seconds:
            return Rejection(Refusal.VIEW_DURATION_CAP_REACHED, {"cap": ad.max_seconds})
        return None


@dataclass(frozen=True)
class CountedAd:
    """What limits the views of an ad: the seconds that a view needs, how many fit into a quarter hour, and the caps.

    `totals` are those of the campaign, shared by its ads.
    """

    totals: Totals
    needed_seconds: int
    most_views: int
    max_views: int | None
    max_seconds: int | None

    @classmethod
    def from_columns(
        cls,
        totals: Totals,
        max_views: int | None,
        max_value: int | None,
        max_unit: str | None,
        in_view_value: int | None,
        in_view_unit: str | None,
        impression_value: int | None,
        impression_unit: str | None,
    ) -> "CountedAd":
        """The ad from its durations, which are a value with its unit, and the caps of its campaign."""
        needed = in_seconds(in_view_value, in_view_unit) or 0
        shown = in_seconds(impression_value, impression_unit) or 0
        most = math.ceil(QUARTER_SECONDS / max(1, needed or shown))
        return cls(totals, needed, most, max_views, in_seconds(max_value, max_unit))


def objection(view: ProvenView, ad: CountedAd, now: datetime) -> Rejection | None:
    """Why the view can't be counted, regardless of other views and of caps."""
    if view.viewed_at > now + CLOCK_TOLERANCE:
        return Rejection(Refusal.IN_FUTURE)
    if view.viewed_at < now - timedelta(days=settings.VIEW_GRACE_DAYS):
        return Rejection(Refusal.EXPIRED, {"days": settings.VIEW_GRACE_DAYS})
    first = view.shown.impression.quarter
    if not -CLOCK_TOLERANCE <= view.viewed_at.replace(tzinfo=None) - first <= QUARTER + CLOCK_TOLERANCE:
        times = {"first": first.strftime("%Y-%m-%dT%H:%M"), "last": (first + QUARTER).strftime("%Y-%m-%dT%H:%M")}
        return Rejection(Refusal.OUTSIDE_QUARTER, times)
    if view.sequence >= ad.most_views:
        return Rejection(Refusal.TOO_MANY, {"most": ad.most_views, "last": ad.most_views - 1})
    if view.duration_seconds < ad.needed_seconds:
        return Rejection(Refusal.TOO_SHORT, {"needed": ad.needed_seconds, "lasted": view.duration_seconds})
    if view.duration_seconds > QUARTER_SECONDS:
        return Rejection(Refusal.TOO_LONG)
    return None


class Airtime:
    """The seconds that a device has reported so far: of each impression, and in each position and quarter hour (UTC).

    A device is in one place at a time, so a quarter hour has 900 seconds of a position, whatever the places and ads. A
    view of less than a second takes one of them, so that their number is limited too.
    """

    def __init__(self) -> None:
        self.of_impressions: dict[str, int] = {}
        self.of_quarters: dict[tuple[str, datetime], int] = {}

    def objection(self, view: ProvenView) -> Rejection | None:
        """Why the view doesn't fit into what the device can have shown."""
        of_impression = self.of_impressions.get(view.shown.id, 0)
        of_quarter = self.of_quarters.get(view.airtime, 0)
        seconds = max(view.duration_seconds, 1)
        if of_impression + seconds > QUARTER_SECONDS:
            return Rejection(Refusal.IMPRESSION_TOO_LONG, {"used": of_impression})
        if of_quarter + seconds > QUARTER_SECONDS:
            return Rejection(Refusal.QUARTER_TOO_LONG, {"used": of_quarter})
        return None

    def add(self, view: ProvenView) -> None:
        """Take the seconds of a view that is counted."""
        seconds = max(view.duration_seconds, 1)
        self.of_impressions[view.shown.id] = self.of_impressions.get(view.shown.id, 0) + seconds
        self.of_quarters[view.airtime] = self.of_quarters.get(view.airtime, 0) + seconds
