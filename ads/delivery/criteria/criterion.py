"""The parts of a criterion, and helpers to define one."""

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
    """How `deliverable_ads` stores a criterion that depends on place, moment or caps.

    `columns` has the value of each of its columns for an ad. If several criteria give a first or last day, the
    narrowest range counts. `found` is the condition on the rows of `deliverable_ads`.
    """

    columns: Mapping[str, Combinable]
    found: Condition


@dataclass(frozen=True, kw_only=True)
class Criterion:
    """A condition that must hold for an ad to show.

    `holds` is the condition on ads. `can_hold` is the condition that it can still come true from a day on without any
    changes, or None if it always can. `why` returns the reason for an ad from `with_failures()`. `kept` is None if
    `deliverable_ads` leaves out the ads for which the criterion doesn't hold. `within` is the code of a wider
    criterion: the condition includes that of the wider one, and is only reported if the wider one holds.
    """

    code: str
    holds: Condition
    can_hold: Callable[[date], Q] | None
    why: Callable[[str, Ad, Opportunity], Reason]
    kept: KeptColumns | None = None
    within: str = ""

    def reason(self, ad: Ad, opportunity: Opportunity) -> Reason:
        """Why the criterion fails for an ad."""
        return self.why(self.code, ad, opportunity)


def always(condition: Q) -> Condition:
    """A condition that doesn't depend on place and moment."""
    return lambda question: condition


def on_any_day(condition: Q) -> Callable[[date], Q]:
    """A condition that doesn't depend on the day."""
    return lambda day: condition
