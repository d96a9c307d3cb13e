"""Ads as the screen preview draws them, and which of them the page includes to play a whole day."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import TypedDict

from ads.choices import AdType
from ads.console.moderation import preview
from ads.delivery.engine import Decision
from ads.media import BAR_POSITIONS, qr_code
from ads.models import Ad

# The reading order, which is also the tab order.
FROM_TOP_TO_BOTTOM = (
    AdType.TOP_BAR,
    AdType.CENTER_LEFT,
    AdType.CENTER_RIGHT,
    AdType.BOTTOM_LEFT,
    AdType.BOTTOM_CENTER,
    AdType.BOTTOM_RIGHT,
)
# The most ads to page through in a content position. The page says how many there are in all.
MOST_IN_TURN = 12
# The most creatives in one page. For those of other hours the page is loaded again.
MOST_CREATIVES = 48


class QuarterHour(TypedDict):
    """What a position shows in a quarter hour: the ads by their number in `DayData`, and how many are eligible."""

    ads: list[int]
    of: int


class DayData(TypedDict):
    """A day: the keys of its ads, each once, and what shows by quarter hour and position."""

    ads: list[str]
    quarters: dict[int, dict[str, QuarterHour]]


@dataclass(frozen=True)
class Creative:
    """One ad with the parts to draw it from."""

    ad: Ad

    @property
    def document(self) -> str | None:
        """The document of an HTML ad, for a fully sandboxed frame."""
        return preview(self.ad)

    @property
    def qr_code_uri(self) -> str | None:
        """The forwarding URL as a QR code in a data URI; None without a URL, or for one that is too long."""
        return qr_code_uri(self.ad.ad_advertiser_forwarding_url) if self.ad.ad_advertiser_forwarding_url else None


@dataclass(frozen=True)
class Placement:
    """A position at a moment: the creatives that show, and the number of eligible ads (`of`)."""

    position: AdType
    creatives: list[Creative]
    of: int

    @property
    def is_bar(self) -> bool:
        """Whether it shows one ad at a time, in rotation."""
        return self.position in BAR_POSITIONS


@lru_cache(maxsize=512)
def qr_code_uri(url: str) -> str | None:
    """The URL as a QR code in a data URI. Cached, because drawing it takes longer than the rest of the page."""
    code = qr_code(url)
    return str(code.svg_data_uri(border=2)) if code else None


def showing(decision: Decision) -> dict[str, list[str]]:
    """The keys of the ads that show, by position, up to `MOST_IN_TURN`."""
    return {position: keys[:MOST_IN_TURN] for position, keys in decision.shown.items()}


def creatives_of(plan: list[Decision], quarter: int) -> dict[str, Creative]:
    """The creatives of the day by key, up to `MOST_CREATIVES`, those nearest to the quarter hour first."""
    wanted: dict[str, None] = {}
    for decision in sorted(plan, key=lambda one: abs(one.opportunity.quarter - quarter)):
        wanted |= dict.fromkeys(key for keys in showing(decision).values() for key in keys)
    keys = list(wanted)[:MOST_CREATIVES]
    return {str(ad.pk): Creative(ad) for ad in Ad.objects.filter(pk__in=keys).select_related("content_rating")}


def placements(decision: Decision, creatives: dict[str, Creative]) -> list[Placement]:
    """The six positions at a moment, without ads that were deleted since the decision."""
    shown = showing(decision)
    return [
        Placement(
            position,
            [creatives[key] for key in shown[position] if key in creatives],
            len(decision.eligible[position]),
        )
        for position in FROM_TOP_TO_BOTTOM
    ]


def as_data(plan: Iterable[Decision]) -> DayData:
    """The day for the page's script."""
    ads: dict[str, int] = {}
    quarters = {
        decision.opportunity.quarter: {
            position: QuarterHour(
                ads=[ads.setdefault(key, len(ads)) for key in keys], of=len(decision.eligible[position])
            )
            for position, keys in showing(decision).items()
            if keys
        }
        for decision in plan
    }
    return {"ads": list(ads), "quarters": quarters}
