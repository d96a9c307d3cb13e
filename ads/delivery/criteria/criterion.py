"""The parts of a criterion, and helpers to define one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time

from django.db.models import Q
from django.db.models.expressions import Combinable

from ads.delivery.facts import Reason, ResourceType
from ads.delivery.opportunity import Opportunity
from ads.delivery.statement import Question
from ads.models import Ad

Condition = Callable[[Question], Q]


@dataclass(frozen=True)
class KeptColumns:
    """How `deliverable_ads` stores a criterion that depends on place, moment or caps.

    `columns` has the value of each of its columns for an ad. If several criteria give a first or last day, the
    narrowest range counts. `found` is the condition on the rows of `deliverable_ads`.
    """

    columns: Mapping[str, Combinable]
    found: Condition


@dataclass(frozen=True, kw_only=True)
class Prospect:
    """Whether a criterion can still come true from a day on, without any changes.

    `of` is the resource whose fields decide. `condition` takes the day, and the path from the rows to that resource:
    `campaign__` if the rows are ads and the campaign decides, otherwise empty. `why` returns the reason if it can't,
    for an ad and a day. Without it, that is the reason why the criterion fails on the day.
    """

    of: ResourceType
    condition: Callable[[date, str], Q]
    why: Callable[[Ad, date], Reason] | None = None

    def of_ads(self, day: date) -> Q:
        """The condition on ads."""
        return self.condition(day, "campaign__" if self.of == "campaign" else "")


@dataclass(frozen=True, kw_only=True)
class Criterion:
    """A condition that must hold for an ad to show.

    `holds` is the condition on ads. `can_hold` says whether it can still come true, or is None if it always can.
    `why` returns the reason for an ad from `with_failures()`. `kept` is None if `deliverable_ads` leaves out the
    ads for which the criterion doesn't hold. `within` is the code of a wider criterion: the condition includes that
    of the wider one, and is only reported if the wider one holds.
    """

    code: str
    holds: Condition
    can_hold: Prospect | None
    why: Callable[[str, Ad, Opportunity], Reason]
    kept: KeptColumns | None = None
    within: str = ""

    def reason(self, ad: Ad, opportunity: Opportunity) -> Reason:
        """Why the criterion fails for an ad."""
        return self.why(self.code, ad, opportunity)

    def never(self, ad: Ad, day: date) -> Reason:
        """Why the criterion can't come true for an ad from a day on."""
        if self.can_hold and self.can_hold.why:
            return self.can_hold.why(ad, day)
        return self.reason(ad, Opportunity("", datetime.combine(day, time())))


def always(condition: Q) -> Condition:
    """A condition that doesn't depend on place and moment."""
    return lambda question: condition


def campaign_can(condition: Callable[[str], Q], why: Callable[[Ad, date], Reason] | None = None) -> Prospect:
    """A prospect of the campaign that doesn't depend on the day."""
    return Prospect(of="campaign", condition=lambda day, path: condition(path), why=why)


def ad_can(condition: Q) -> Prospect:
    """A prospect of the ad that doesn't depend on the day."""
    return Prospect(of="ad", condition=lambda day, path: condition)
