"""The criteria for an ad to show at a moment, in order. Each is defined in one place.

`eligible()` is their conjunction. `explaining.py` finds those that fail, and `readiness.py` those that can no longer
hold. `triggers.py` generates database triggers from them, and `engine.py` looks up what these store.
"""

from datetime import date
from typing import TypeVar

from django.db.models import Case, IntegerField, Q, QuerySet, Value, When

from ads.delivery.criteria import audience, limits, status, times
from ads.delivery.criteria.criterion import Criterion
from ads.delivery.facts import ResourceType
from ads.delivery.statement import Question
from ads.models import Ad
from campaigns.models import Campaign

Row = TypeVar("Row", Ad, Campaign)

CRITERIA: tuple[Criterion, ...] = (*status.CRITERIA, *times.CRITERIA, *audience.CRITERIA, *limits.CRITERIA)
BY_CODE = {criterion.code: criterion for criterion in CRITERIA}


def eligible(ads: "QuerySet[Ad]", question: Question, *, leaving_out: tuple[str, ...] = ()) -> "QuerySet[Ad]":
    """The ads for which every criterion holds, except those whose codes are in `leaving_out`."""
    wanted = [criterion for criterion in CRITERIA if criterion.code not in leaving_out]
    included = {criterion.within for criterion in wanted}
    return ads.filter(*[criterion.holds(question) for criterion in wanted if criterion.code not in included])


def able_to_show(ads: "QuerySet[Ad]", *, on: date) -> "QuerySet[Ad]":
    """The ads that can still show somewhere at some time from a day on, without any changes."""
    return ads.filter(*[criterion.can_hold.of_ads(on) for criterion in CRITERIA if criterion.can_hold])


def with_criteria(ads: "QuerySet[Ad]", question: Question) -> "QuerySet[Ad]":
    """Annotate `holds_<code>` for each criterion, and `failing`: how many criteria `failing()` would return."""
    held = {f"holds_{criterion.code}": _truth(criterion.holds(question)) for criterion in CRITERIA}
    ads = ads.annotate(**held)
    fails = [
        Case(When(_fails(criterion), then=Value(1)), default=Value(0), output_field=IntegerField())
        for criterion in CRITERIA
    ]
    return ads.annotate(failing=sum(fails[1:], fails[0]))


def with_prospects(rows: "QuerySet[Row]", of: ResourceType, *, on: date) -> "QuerySet[Row]":
    """Annotate `can_hold_<code>` for each criterion that `rows`, which are all ads or all campaigns, may rule out."""
    able = {
        f"can_hold_{one.code}": _truth(one.can_hold.condition(on, ""))
        for one in CRITERIA
        if one.can_hold and one.can_hold.of == of
    }
    return rows.annotate(**able)


def failing(ad: Ad) -> list[Criterion]:
    """The criteria that fail for an ad from `with_criteria()`, except those within another that fails."""
    return [
        criterion
        for criterion in CRITERIA
        if not getattr(ad, f"holds_{criterion.code}")
        and (not criterion.within or getattr(ad, f"holds_{criterion.within}"))
    ]


def impossible(row: Ad | Campaign) -> list[Criterion]:
    """The criteria that can no longer hold because of a row from `with_prospects()`."""
    return [one for one in CRITERIA if not getattr(row, f"can_hold_{one.code}", True)]


def _truth(condition: Q) -> Case:
    return Case(When(condition, then=Value(True)), default=Value(False))


def _fails(criterion: Criterion) -> Q:
    by_itself = Q(**{f"holds_{criterion.code}": False})
    return by_itself & Q(**{f"holds_{criterion.within}": True}) if criterion.within else by_itself
