"""The availability board: what is booked in each position of the screen during a day."""

from dataclasses import dataclass
from itertools import groupby
from typing import Any

from ads.choices import AdType
from ads.console.creatives import FROM_TOP_TO_BOTTOM
from ads.delivery.engine import Decision
from ads.delivery.opportunity import QUARTERS_OF_A_DAY
from ads.models import Ad

MOST_NAMES = 8
KINDS = {0: "free", 1: "booked"}


@dataclass(frozen=True)
class Interval:
    """Neighbouring quarter hours in which the same ads may show. `end` is the first one after it."""

    start: int
    end: int
    ads: list[dict[str, Any]]

    @property
    def quarters(self) -> int:
        """How long it is."""
        return self.end - self.start

    @property
    def kind(self) -> str:
        """`free`, `booked` by one ad, or `shared` by several."""
        return KINDS.get(len(self.ads), "shared")

    @property
    def hours(self) -> str:
        """`07:00–09:30`; the day ends at 24:00."""
        return f"{clock(self.start)}–{clock(self.end)}"

    @property
    def named(self) -> list[dict[str, Any]]:
        """The ads to name; the others are counted."""
        return self.ads[:MOST_NAMES]

    @property
    def unnamed(self) -> int:
        """How many are left."""
        return max(len(self.ads) - MOST_NAMES, 0)

    @property
    def words(self) -> str:
        """`booked by Northern light`."""
        if not self.ads:
            return "free"
        names = ", ".join(ad["ad_name"] for ad in self.named)
        more = f" and {self.unnamed} more" if self.unnamed else ""
        return f"{self.kind} by {names}{more}"


@dataclass(frozen=True)
class Row:
    """One position during the day."""

    position: AdType
    stretches: list[Interval]

    @property
    def taken(self) -> list[Interval]:
        """When something shows."""
        return [one for one in self.stretches if one.ads]

    @property
    def free(self) -> list[Interval]:
        """When nothing does."""
        return [one for one in self.stretches if not one.ads]

    @property
    def percent(self) -> int:
        """How much of the day is taken. Only all of it is 100, and only nothing is 0."""
        quarters = sum(one.quarters for one in self.taken)
        if 0 < quarters < QUARTERS_OF_A_DAY:
            return min(max(round(quarters * 100 / QUARTERS_OF_A_DAY), 1), 99)
        return 100 if quarters else 0


def clock(quarter: int) -> str:
    """`08:15` for 33."""
    return f"{quarter // 4:02}:{quarter % 4 * 15:02}"


def rows_of(plan: list[Decision]) -> list[Row]:
    """The board of a day. Asks for the ads' names at once."""
    keys = {key for decision in plan for keys in decision.eligible.values() for key in keys}
    named = Ad.objects.filter(pk__in=keys).values("pk", "ad_name", "campaign__campaign_name")
    ads = {str(ad["pk"]): ad for ad in named.order_by("ad_name", "pk")}
    return [Row(position, _stretches(plan, position, ads)) for position in FROM_TOP_TO_BOTTOM]


def _stretches(plan: list[Decision], position: AdType, ads: dict[str, dict[str, Any]]) -> list[Interval]:
    # Whose turn it is changes every quarter hour; who shares doesn't.
    by_quarter = [frozenset(decision.eligible[position]) for decision in plan]
    stretches = []
    end = 0
    for keys, alike in groupby(by_quarter):
        start, end = end, end + len(list(alike))
        stretches.append(Interval(start, end, [ad for key, ad in ads.items() if key in keys]))
    return stretches
