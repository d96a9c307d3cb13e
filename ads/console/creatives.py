"""Ads as a screen draws them, and which of them a page brings along to show a whole day."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import TypedDict

from ads.choices import AdType
from ads.console.moderation import preview
from ads.delivery.engine import Decision
from ads.media import BAR_POSITIONS, qr_code
from ads.models import Ad

# As the eye goes over the screen, and the keyboard with it.
FROM_TOP_TO_BOTTOM = (
    AdType.TOP_BAR,
    AdType.CENTER_LEFT,
    AdType.CENTER_RIGHT,
    AdType.BOTTOM_LEFT,
    AdType.BOTTOM_CENTER,
    AdType.BOTTOM_RIGHT,
)
# More than these nobody pages through; the page says how many there are.
MOST_IN_TURN = 12
# What one page brings along at most. For the other hours it is loaded anew.
MOST_CREATIVES = 48


class QuarterHour(TypedDict):
    """What a position shows in a quarter hour: the keys of ads, and how many ads may show there."""

    ads: list[str]
    of: int


@dataclass(frozen=True)
class Creative:
    """One ad and what is drawn of it."""

    ad: Ad

    @property
    def document(self) -> str | None:
        """The document of an HTML ad, for a frame without rights."""
        return preview(self.ad)

    @property
    def picture_of_address(self) -> str | None:
        """The QR code that leads to the advertiser; None without an address, or for one that no code can hold."""
        return picture_of(self.ad.ad_advertiser_forwarding_url) if self.ad.ad_advertiser_forwarding_url else None


@dataclass(frozen=True)
class Placement:
    """A position of the screen at a moment: the creatives that show, and how many ads may show there in all."""

    position: AdType
    creatives: list[Creative]
    of: int

    @property
    def is_bar(self) -> bool:
        """Whether it shows one ad, and those that share it take turns."""
        return self.position in BAR_POSITIONS


@lru_cache(maxsize=512)
def picture_of(address: str) -> str | None:
    """The address as a picture to scan. Remembered: drawing it takes longer than all the rest of the page."""
    code = qr_code(address)
    return str(code.svg_data_uri(border=2)) if code else None


def showing(decision: Decision) -> dict[str, list[str]]:
    """The keys of what shows, by position, as far as anybody pages."""
    return {position: keys[:MOST_IN_TURN] for position, keys in decision.shown.items()}


def creatives_of(plan: list[Decision], quarter: int) -> dict[str, Creative]:
    """What shows during the day by its key: of the quarter hour first, then of those around it."""
    wanted: dict[str, None] = {}
    for decision in sorted(plan, key=lambda one: abs(one.opportunity.quarter - quarter)):
        wanted |= dict.fromkeys(key for keys in showing(decision).values() for key in keys)
    keys = list(wanted)[:MOST_CREATIVES]
    return {str(ad.pk): Creative(ad) for ad in Ad.objects.filter(pk__in=keys).select_related("content_rating")}


def placements(decision: Decision, creatives: dict[str, Creative]) -> list[Placement]:
    """The six positions at a moment. An ad may have been deleted since the decision."""
    shown = showing(decision)
    return [
        Placement(
            position,
            [creatives[key] for key in shown[position] if key in creatives],
            len(decision.eligible[position]),
        )
        for position in FROM_TOP_TO_BOTTOM
    ]


def as_data(plan: Iterable[Decision]) -> dict[int, dict[str, QuarterHour]]:
    """The day for the page's script: by quarter hour and position the ads' keys, and how many may show there."""
    return {
        decision.opportunity.quarter: {
            position: {"ads": keys, "of": len(decision.eligible[position])}
            for position, keys in showing(decision).items()
            if keys
        }
        for decision in plan
    }
