"""The availability board: what is booked in each position of the screens in a place during a day."""

from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import groupby
from typing import TypedDict, cast

from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from ads.choices import AdType
from ads.console.creatives import FROM_TOP_TO_BOTTOM
from ads.console.place_forms import FIRST_DAY, LAST_DAY, PlaceForm, bound_form, clock
from ads.delivery.engine import Decision, plan_of_day
from ads.models import Ad
from ads.time_slots import QUARTERS_OF_A_DAY
from campaign_studio.console.views import ConsoleView, Context

MOST_NAMES = 5
# With more names than these in all, intervals name one ad each, and one position at a time is listed.
MOST_NAMES_IN_ALL = 200
# Narrower cells have no room for a name.
QUARTERS_OF_A_NAME = 4
KINDS = {0: "free", 1: "booked"}


class AdName(TypedDict):
    """The names of an ad and its campaign."""

    pk: object
    ad_name: str
    campaign__campaign_name: str


@dataclass(frozen=True)
class Interval:
    """Consecutive quarter hours with the same eligible ads. `end` is the first quarter hour after them."""

    start: int
    end: int
    ads: list[AdName]
    most_named: int = MOST_NAMES

    @property
    def quarters(self) -> int:
        """The length in quarter hours."""
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
    def named(self) -> list[AdName]:
        """The ads to name. The others are only counted."""
        return self.ads[: self.most_named]

    @property
    def unnamed(self) -> int:
        """The number of ads that aren't named."""
        return max(len(self.ads) - self.most_named, 0)

    @property
    def name(self) -> str:
        """What a cell says: `Northern light +2`, or nothing if it is too narrow."""
        if not self.ads or self.quarters < QUARTERS_OF_A_NAME:
            return ""
        others = f" +{len(self.ads) - 1}" if len(self.ads) > 1 else ""
        return f"{self.ads[0]['ad_name']}{others}"

    @property
    def words(self) -> str:
        """The tooltip: `Free`, `Booked by Northern light`, or `Shared by A, B and 2 more`."""
        params = {"names": ", ".join(ad["ad_name"] for ad in self.named), "count": self.unnamed}
        if self.unnamed:
            return (
                ngettext(
                    "Shared by %(names)s and %(count)d more", "Shared by %(names)s and %(count)d more", self.unnamed
                )
                % params
            )
        if len(self.ads) > 1:
            return gettext("Shared by %(names)s") % params
        return gettext("Booked by %(names)s") % params if self.ads else gettext("Free")


@dataclass(frozen=True)
class Row:
    """The day of one position."""

    position: AdType
    intervals: list[Interval]

    @property
    def taken(self) -> list[Interval]:
        """The intervals with ads."""
        return [one for one in self.intervals if one.ads]

    @property
    def free(self) -> list[Interval]:
        """The intervals without ads."""
        return [one for one in self.intervals if not one.ads]

    @property
    def percent(self) -> int:
        """The share of the day that is booked. Rounded, but 0 and 100 only if nothing or everything is booked."""
        quarters = sum(one.quarters for one in self.taken)
        if 0 < quarters < QUARTERS_OF_A_DAY:
            return min(max(round(quarters * 100 / QUARTERS_OF_A_DAY), 1), 99)
        return 100 if quarters else 0


def rows_of(plan: list[Decision]) -> list[Row]:
    """The board of a day. Takes one query for the names of all ads."""
    keys = {key for decision in plan for keys in decision.eligible.values() for key in keys}
    named = Ad.objects.filter(pk__in=keys).values("pk", "ad_name", "campaign__campaign_name")
    ads = {str(ad["pk"]): cast(AdName, ad) for ad in named.order_by("ad_name", "pk")}
    order = {key: place for place, key in enumerate(ads)}
    return [Row(position, _intervals(plan, position, ads, order)) for position in FROM_TOP_TO_BOTTOM]


def _intervals(plan: list[Decision], position: AdType, ads: dict[str, AdName], order: dict[str, int]) -> list[Interval]:
    # By eligible ads: the rotation changes every quarter hour, but not which ads share it.
    by_quarter = [frozenset(decision.eligible[position]) for decision in plan]
    intervals = []
    end = 0
    for keys, alike in groupby(by_quarter):
        start, end = end, end + len(list(alike))
        intervals.append(Interval(start, end, [ads[key] for key in sorted(keys & order.keys(), key=order.__getitem__)]))
    return intervals


def briefly(row: Row) -> Row:
    """The same row, whose intervals name one ad each."""
    return Row(row.position, [replace(one, most_named=1) for one in row.intervals])


class AvailabilityView(ConsoleView):
    """What is booked in a place during a day. By default in a place that a running campaign targets."""

    model = Ad
    template_name = "admin/ads/availability.html"
    permission_required = "ads.explain_delivery"
    title = _("Availability")

    def get_context_data(self, **kwargs: object) -> Context:
        """The form, and the board if the form is valid."""
        form = bound_form(PlaceForm, self.request.GET)
        board = _board(form, self.request.GET.get("position", "")) if form.is_valid() else {}
        return super().get_context_data(form=form, **board, **kwargs)


def _board(form: PlaceForm, chosen: str) -> dict[str, object]:
    """The rows of the board: those of the chosen position alone, or of all of them."""
    opportunity = form.opportunity()
    rows = rows_of(plan_of_day(opportunity, anywhere_in_city=not opportunity.postcode))
    position = chosen if chosen in AdType.values else ""
    rows = [row for row in rows if position in ("", row.position)]
    is_long = not position and sum(len(one.named) for row in rows for one in row.taken) > MOST_NAMES_IN_ALL
    return {
        "rows": [briefly(row) for row in rows] if is_long else rows,
        "is_long": is_long,
        "position": position,
        "is_empty": not any(row.taken for row in rows),
        "hours": range(24),
        "place": form.place(),
        "day": opportunity.day,
        "before": _other_day(form, -1),
        "after": _other_day(form, 1),
        "query": form.query(),
        "values": form.values(),
    }


def _other_day(form: PlaceForm, days: int) -> dict[str, object] | None:
    """The day and query string of the board some days later; None if that is outside the calendar."""
    day = form.cleaned_data["day"] + timedelta(days=days)
    return {"day": day, "query": form.query(day=day)} if FIRST_DAY <= day <= LAST_DAY else None
