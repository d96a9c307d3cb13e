"""Decides what shows: at a moment, and on a whole day."""

from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from uuid import UUID

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import QuerySet, TextField
from django.db.models.functions import Cast

from ads.choices import AdType
from ads.delivery.criteria import CRITERIA, eligible
from ads.delivery.opportunity import Opportunity
from ads.delivery.statement import Question, Statement
from ads.media import BAR_POSITIONS
from ads.models import Ad, DeliverableAd, DeliverablePlace
from ads.time_slots import QUARTERS_OF_A_DAY

# The keys of ads as text, by position.
Found = dict[str, list[str]]


@dataclass(frozen=True)
class Decision:
    """What shows at a moment. `eligible` and `shown` have the keys of ads by position, in the order of rotation."""

    opportunity: Opportunity
    eligible: Found

    @property
    def shown(self) -> Found:
        """A bar shows one ad. The two content positions show all of their ads, one after the other."""
        return {position: keys[:1] if position in BAR_POSITIONS else keys for position, keys in self.eligible.items()}

    def keys(self) -> set[str]:
        """The keys of all ads that show."""
        return {key for keys in self.shown.values() for key in keys}


def decide(opportunity: Opportunity) -> Decision:
    """What shows, in one query that uses one index, regardless of how much is stored."""
    return Decision(opportunity, _rotated(dict(_find_deliverable().rows(opportunity)), opportunity))


def plan_of_day(opportunity: Opportunity, *, anywhere_in_city: bool = False) -> list[Decision]:
    """What shows in each of the 96 quarter hours of the day, in two queries.

    With `anywhere_in_city`, ads that show in only some postcodes of the city are included.
    """
    leaving_out = ("time_slot", "postcode") if anywhere_in_city else ("time_slot",)
    question = Question(opportunity)
    near = DeliverablePlace.objects.filter(places__overlap=question.places()).values("campaign")
    ads = eligible(Ad.objects.filter(campaign__in=near), question, leaving_out=leaving_out)
    found = list(ads.order_by().values_list("ad_id", "ad_type_id"))
    quarters = _quarters_of([key for key, _ in found], opportunity)
    plan = []
    for moment in opportunity.quarters():
        by_position: Found = {}
        for key, position in found:
            if moment.quarter_of_week in quarters.get(key, ()):
                by_position.setdefault(position, []).append(str(key))
        plan.append(Decision(moment, _rotated(by_position, moment)))
    return plan


def deliverable_ads() -> "QuerySet[DeliverableAd]":
    """The ads that are eligible at an opportunity, which is still to be filled in."""
    question = Question()
    # Several criteria may share one condition.
    conditions = dict.fromkeys(criterion.kept.found for criterion in CRITERIA if criterion.kept)
    return DeliverableAd.objects.filter(*[condition(question) for condition in conditions]).order_by()


@cache
def _find_deliverable() -> Statement:
    """The query for the keys of deliverable ads by position, compiled once."""
    keys = ArrayAgg(Cast("ad_id", TextField()))
    return Statement.compiled(deliverable_ads().values_list("ad_type_id").annotate(keys=keys))


def _rotated(found: Found, opportunity: Opportunity) -> Found:
    """The ads of each position in the order of rotation, in which each comes first equally often.

    The first ad is at the index (turn + number of the quarter hour) modulo their number. The same opportunity always
    has the same order, without any stored state.
    """
    rotated: Found = {}
    for position in AdType.values:
        keys = sorted(found.get(position, ()))
        first = opportunity.rotation % len(keys) if keys else 0
        rotated[position] = keys[first:] + keys[:first]
    return rotated


def _quarters_of(keys: Collection[UUID], opportunity: Opportunity) -> dict[UUID, set[int]]:
    """For each ad that is still deliverable, the quarter hours of the week in which it may show on that day."""
    first = opportunity.at_quarter(0).quarter_of_week
    end = first + QUARTERS_OF_A_DAY
    rows = DeliverableAd.objects.filter(pk__in=keys).values_list("pk", "quarters")
    return {
        key: {quarter for span in quarters for quarter in range(max(span.lower, first), min(span.upper, end))}
        for key, quarters in rows
    }
