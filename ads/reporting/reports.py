"""Which reported views can be believed. docs/delivery.md has the rules for those who send them.

A view is believed if the server has delivered the ad there and then, and if one screen can have shown everything that
the device has reported so far.
"""

import math
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum, auto
from typing import NamedTuple
from uuid import UUID

from django.conf import settings

from ads.delivery.opportunity import QUARTER
from ads.delivery.proofs import Impression, read
from campaign_studio.database.prepared import fetch_all
from campaigns.choices import in_seconds

# How far the clock of a device may be ahead of the server's, and the time of a view outside its quarter hour.
CLOCK_TOLERANCE = timedelta(minutes=5)
QUARTER_SECONDS = int(QUARTER.total_seconds())
# Of the ids of impressions, and through them of views. Never changes: every receipt depends on it.
NAMESPACE = UUID("e8c63f8e-347a-5cc3-8e0b-e64a7ad5fb02")
# Views of an impression have the same local time with different offsets, from -12:00 to +14:00, so they lie within
# two days of each other. The range of days spares PostgreSQL the partitions of other months. With OR instead of UNION,
# it would read all views of the device.
SECONDS_SO_FAR = """
SELECT impression_id, position, quarter, sum(greatest(duration_seconds, 1))::bigint
FROM (
    SELECT view_id, impression_id, position, quarter, duration_seconds FROM ad_views
    WHERE device_id = %s AND quarter = ANY(%s::timestamptz[]) AND viewed_at BETWEEN %s AND %s
    UNION
    SELECT view_id, impression_id, position, quarter, duration_seconds FROM ad_views
    WHERE impression_id = ANY(%s::uuid[]) AND viewed_at BETWEEN %s AND %s
) AS shown
GROUP BY impression_id, position, quarter
"""


@dataclass(frozen=True)
class ReportedView:
    """A view as a device reports it.

    `index` is its position in the report, `impression` the proof, and `sequence` counts the views of the impression
    from 0. `viewed_at` has the offset of the screen's clock.
    """

    index: int
    impression: str
    sequence: int
    viewed_at: datetime
    duration_seconds: int


class ProvenView(NamedTuple):
    """A reported view of an impression that the server has delivered.

    `view_id` is the id under which the view counts once, and `impression_id` that of the impression on this device. The
    key of the proof and the case of the place don't change them. `quarter` is the start of the quarter hour in UTC, by
    the offset that was sent.
    """

    view_id: UUID
    impression_id: UUID
    impression: Impression
    sequence: int
    viewed_at: datetime
    quarter: datetime
    duration_seconds: int

    @classmethod
    def from_report(cls, view: ReportedView, device_id: str) -> "ProvenView | None":
        """The view with what its proof says, or None if the proof is forged."""
        shown = read(view.impression)
        if shown is None:
            return None
        place = (shown.country, shown.city.casefold(), shown.postcode.casefold())
        parts = (device_id, str(shown.ad_id), shown.position, shown.quarter.isoformat(), *place)
        impression_id = uuid.uuid5(NAMESPACE, "\0".join(parts))
        start = shown.quarter.replace(tzinfo=view.viewed_at.tzinfo).astimezone(UTC)
        return cls(
            view_id=uuid.uuid5(impression_id, str(view.sequence)),
            impression_id=impression_id,
            impression=shown,
            sequence=view.sequence,
            viewed_at=view.viewed_at,
            # An offset needn't be a multiple of a quarter hour.
            quarter=start.replace(minute=start.minute // 15 * 15, second=0, microsecond=0),
            duration_seconds=view.duration_seconds,
        )

    @property
    def day(self) -> date:
        """The day on which it is counted: that of its quarter hour, by the screen's clock."""
        return self.impression.quarter.date()


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
    first = view.impression.quarter
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

    def __init__(self, views: Collection[ProvenView], device_id: str) -> None:
        self.of_impressions: dict[UUID, int] = {}
        self.of_quarters: dict[tuple[str, datetime], int] = {}
        moments = [view.viewed_at.astimezone(UTC) for view in views]
        if not moments:
            return
        days = (min(moments) - timedelta(days=2), max(moments) + timedelta(days=2))
        quarters = sorted({view.quarter for view in views})
        impressions = list({view.impression_id for view in views})
        values = (device_id, quarters, *days, impressions, *days)
        for impression_id, position, quarter, seconds in fetch_all(SECONDS_SO_FAR, values):
            self._add(impression_id, (position, quarter), seconds)

    def objection(self, view: ProvenView) -> Rejection | None:
        """Why the view doesn't fit into what the device can have shown."""
        of_impression = self.of_impressions.get(view.impression_id, 0)
        of_quarter = self.of_quarters.get((view.impression.position, view.quarter), 0)
        seconds = max(view.duration_seconds, 1)
        if of_impression + seconds > QUARTER_SECONDS:
            return Rejection(Refusal.IMPRESSION_TOO_LONG, {"used": of_impression})
        if of_quarter + seconds > QUARTER_SECONDS:
            return Rejection(Refusal.QUARTER_TOO_LONG, {"used": of_quarter})
        return None

    def add(self, view: ProvenView) -> None:
        """Take the seconds of a view that is counted."""
        self._add(view.impression_id, (view.impression.position, view.quarter), max(view.duration_seconds, 1))

    def _add(self, impression_id: UUID, quarter: tuple[str, datetime], seconds: int) -> None:
        self.of_impressions[impression_id] = self.of_impressions.get(impression_id, 0) + seconds
        self.of_quarters[quarter] = self.of_quarters.get(quarter, 0) + seconds
