"""The performance of a campaign: views and seconds by day, ad, position or city, and what is left of its caps."""

from collections.abc import Callable
from datetime import date
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db.models import Func, Min, OuterRef, QuerySet, Subquery, Sum, TextField
from django.db.models.functions import Collate, Least, Upper

from ads.models import AdViewDay, CampaignViewTotals
from campaigns.models import Campaign

Days = QuerySet[AdViewDay]
Row = dict[str, Any]
# The columns depend on the grouping.
Groups = QuerySet[AdViewDay, Any]


def _by_city(days: Days) -> Groups:
    """Group the spellings of a city, as vehicles may spell it differently."""
    keys = Func(Upper("country"), "city", function="city_keys", output_field=ArrayField(TextField()))
    grouped = days.values(of_country=Upper("country"), of_city=keys)
    return grouped.annotate(as_city=Min(Collate("city", "C")))


# For each grouping, the function that groups the days, and how its columns are named in the result.
GROUPINGS: dict[str, tuple[Callable[[Days], Groups], dict[str, str]]] = {
    "day": (lambda days: days.values("day"), {"day": "day"}),
    "ad": (lambda days: days.values("ad_id", "ad__ad_name"), {"ad_id": "ad_id", "ad__ad_name": "ad_name"}),
    "ad_type": (lambda days: days.values("ad__ad_type_id"), {"ad__ad_type_id": "ad_type_id"}),
    "city": (_by_city, {"of_country": "country", "as_city": "city"}),
}


def views_of(campaign: Campaign, *, first: date, last: date, by: str) -> list[Row]:
    """The campaign's views from `first` to `last`, both included, grouped by a key of `GROUPINGS`.

    Days are those of the screens' clocks; older views count on the day in UTC. Days without views are left out. Days
    are in order, and other groups are sorted by views, most first.
    """
    group, names = GROUPINGS[by]
    days = AdViewDay.objects.filter(ad__campaign=campaign, day__range=(first, last), view_count__gt=0)
    rows = group(days).annotate(views=Sum("view_count"), seconds=Sum("view_seconds"))
    rows = rows.order_by(*([] if by == "day" else ["-views"]), *names)
    return [
        {name: row[column] for column, name in names.items()}
        | {"view_count": row["views"], "view_seconds": row["seconds"]}
        for row in rows
    ]


def with_first_day(campaigns: "QuerySet[Campaign]") -> "QuerySet[Campaign]":
    """Annotate `first_day`: the start date, or the day of the first view if that is earlier.

    Views are earlier if the date was moved, or if they count on the day in UTC: in Tokyo a campaign starts while it is
    still the previous day there.
    """
    days = AdViewDay.objects.filter(ad__campaign=OuterRef("pk"), view_count__gt=0).order_by("day").values("day")[:1]
    return campaigns.annotate(first_day=Least("campaign_start_date", Subquery(days)))


def caps_of(campaign: Campaign) -> dict[str, int | None]:
    """The campaign's caps, and how much of each is used and left. Without a cap, what is left is None."""
    used = CampaignViewTotals.used_by(campaign)
    max_views, max_seconds = campaign.campaign_max_view_count, campaign.max_view_seconds
    return {
        "campaign_max_view_count": max_views,
        "view_count_used": used.views,
        "view_count_left": _left(max_views, used.views),
        "campaign_max_view_duration_seconds": max_seconds,
        "view_seconds_used": used.seconds,
        "view_seconds_left": _left(max_seconds, used.seconds),
    }


def _left(cap: int | None, used: int) -> int | None:
    return None if cap is None else max(0, cap - used)
