"""What a criterion is made of."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from django.db.models import Q
from django.db.models.expressions import Combinable

from ads.delivery.facts import Reason
from ads.delivery.opportunity import Opportunity
from ads.delivery.statement import Question
from ads.models import Ad

Condition = Callable[[Question], Q]


@dataclass(frozen=True)
class KeptColumns:
    """How the tables that decisions are found in keep a criterion that depends on place, moment or caps.

    `columns` says what stands for an ad in which column of `deliverable_ads`; of several first or last days the
    narrowest ones count. `found` is the condition on that table's rows.
    """

    columns: Mapping[str, Combinable]
    found: Condition


@dataclass(frozen=True, kw_only=True)
class Criterion:
    """One thing that must hold.

    `holds` is its condition on ads; `can_hold` the one that asks whether it can still come true from a day on (by
    itself, without anybody changing anything), by default the same; None where it always can. `why` gives the reason
    for an ad that comes with everything the criteria look at, as from `with_failures()`. `kept` is None where
    `deliverable_ads` leaves out the ads for which it doesn't hold. `within` names the criterion that this one is a
    part of: its condition includes that one's, and it is asked about only where that one holds.
    """

    code: str
    holds: Condition
    can_hold: Callable[[date], Q] | None
    why: Callable[[str, Ad, Opportunity], Reason]
    kept: KeptColumns | None = None
    within: str = ""

    def reason(self, ad: Ad, opportunity: Opportunity) -> Reason:
        """Why it fails for an ad."""
        return self.why(self.code, ad, opportunity)


def always(condition: Q) -> Condition:
    """A condition that asks nothing about place and moment."""
    return lambda question: condition


def whatever_day(condition: Q) -> Callable[[date], Q]:
    """A condition that no day changes."""
    return lambda day: condition
