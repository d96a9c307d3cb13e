"""What shows: the decision for one moment, and the plan of a whole day."""

import zlib
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

from django.contrib.postgres.aggregates import ArrayAgg
from django.db import connection
from django.db.models import Exists, OuterRef, Q, TextField, Value
from django.db.models.functions import Cast, Coalesce, Lower
from django.db.models.lookups import Exact, LessThanOrEqual

from ads.choices import ALL_DAY, AdType
from ads.delivery.criteria import eligible
from ads.delivery.opportunity import ANY_LEVEL, QUARTERS_OF_A_DAY, Blank, Opportunity, Question
from ads.media import BAR_POSITIONS
from ads.models import Ad, CampaignViewTotals, DeliverableAd, DeliverablePlace

# By position the keys of ads, as text.
Found = dict[str, list[str]]


@dataclass(frozen=True)
class Decision:
    """What shows at a moment. `eligible` and `shown` are keys of ads by position, in the order of their turn."""

    opportunity: Opportunity
    eligible: Found

    @property
    def shown(self) -> Found:
        """A bar shows one ad; the two content positions show all of theirs, one after the other."""
        return {position: keys[:1] if position in BAR_POSITIONS else keys for position, keys in self.eligible.items()}

    def keys(self) -> set[str]:
        """Every ad that shows."""
        return {key for keys in self.shown.values() for key in keys}


def decide(opportunity: Opportunity) -> Decision:
    """What shows: one question to the database, answered by one index, whatever else is stored."""
    sql, parameters = _find_deliverable()
    filled = [getattr(opportunity, one.name) if isinstance(one, Blank) else one for one in parameters]
    with connection.cursor() as cursor:
        cursor.execute(sql, filled)
        found = dict(cursor.fetchall())
    return Decision(opportunity, _take_turns(found, opportunity))


def plan_of_day(opportunity: Opportunity, *, anywhere_in_city: bool = False) -> list[Decision]:
    """What shows in each of the 96 quarter hours of a day: two questions to the database.

    With `anywhere_in_city` an ad counts that shows in some postcode of the city.
    """
    leaving_out = ("time_slot", "postcode") if anywhere_in_city else ("time_slot",)
    asked = Question(opportunity)
    near = DeliverablePlace.objects.filter(places__overlap=asked.places()).values("campaign")
    ads = eligible(Ad.objects.filter(campaign__in=near), asked, leaving_out=leaving_out)
    found = list(ads.order_by().values_list("ad_id", "ad_type_id"))
    quarters = _quarters_of([key for key, _ in found])
    plan = []
    for moment in opportunity.quarters():
        by_position: Found = {}
        for key, position in found:
            if not quarters.get(key, set()).isdisjoint((moment.quarter, ALL_DAY)):
                by_position.setdefault(position, []).append(str(key))
        plan.append(Decision(moment, _take_turns(by_position, moment)))
    return plan


@cache
def _find_deliverable() -> tuple[str, tuple[Any, ...]]:
    """The statement, with `Blank`s to fill in. Compiled once: that costs more than the database needs to answer."""
    asked = Question()
    totals = CampaignViewTotals.objects.filter(campaign=OuterRef("campaign"))
    places = DeliverablePlace.objects.filter(
        Exact(asked.region, Value("")) | Q(region=Lower(asked.region)),
        country=Lower(asked.country),
        places__overlap=asked.places(),
        postcodes__overlap=asked.postcodes(),
    )
    rows = DeliverableAd.objects.filter(
        ~Exists(totals.filter(view_count__gte=OuterRef("max_view_count"))),
        ~Exists(totals.filter(view_seconds__gte=OuterRef("max_view_seconds"))),
        LessThanOrEqual(Coalesce("rating_level", Value(ANY_LEVEL)), asked.max_level),
        campaign__in=places.values("campaign"),
        quarters__overlap=asked.moments(),
        first_day__lte=asked.day,
        last_day__gte=asked.day,
    )
    keys = ArrayAgg(Cast("ad_id", TextField()))
    sql, parameters = rows.order_by().values_list("ad_type_id").annotate(keys=keys).query.sql_with_params()
    return sql, tuple(parameters)


def _take_turns(found: Found, opportunity: Opportunity) -> Found:
    """Each position's ads in the order of their turn: each comes first equally often (5-delivery).

    Which one is first moves on by one each quarter hour, and starts elsewhere for each device: the same question has
    the same answer, and nothing is remembered.
    """
    moment = opportunity.day.toordinal() * QUARTERS_OF_A_DAY + opportunity.quarter
    turns: Found = {}
    for position in AdType.values:
        keys = sorted(found.get(position, ()))
        first = (zlib.crc32(f"{position} {opportunity.device_id}".encode()) + moment) % len(keys) if keys else 0
        turns[position] = keys[first:] + keys[:first]
    return turns


def _quarters_of(keys: list[UUID]) -> dict[UUID, set[int]]:
    """For each ad the quarter hours of a day in which it may show; without those that were taken off meanwhile."""
    rows = DeliverableAd.objects.filter(pk__in=keys).values_list("pk", "quarters")
    return {key: set(quarters) for key, quarters in rows}
