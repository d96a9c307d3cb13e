"""Why an ad shows at a moment, or why not: by the very criteria that decide."""

from dataclasses import dataclass
from typing import Any

from django.db.models import BooleanField, ExpressionWrapper, Prefetch

from ads.delivery.criteria import CRITERIA, Criterion, target_takes, verdicts
from ads.delivery.engine import Decision, decide
from ads.delivery.opportunity import Opportunity, Question
from ads.delivery.reasons import Reason, reason
from ads.models import Ad
from campaigns.models import CampaignAudienceTargeting


@dataclass(frozen=True)
class Explanation:
    """What became of one ad.

    `reasons` are empty for an eligible ad. `lost_to` is the key of the ad that has the turn in the same bar, where an
    eligible one doesn't show.
    """

    ad: Ad
    opportunity: Opportunity
    reasons: list[Reason]
    shown: bool
    lost_to: str | None

    @property
    def ad_id(self) -> Any:
        """The ad's key."""
        return self.ad.pk

    @property
    def eligible(self) -> bool:
        """Whether it may show."""
        return not self.reasons

    def table(self) -> list[tuple[Criterion, Reason | None]]:
        """Every criterion that was asked about, in order, with the reason where it fails."""
        failing = {one.code: one for one in self.reasons}
        asked = [one for one in CRITERIA if one.code != "max_rating" or self.opportunity.max_rating]
        return [
            (criterion, failing.get(criterion.code))
            for criterion in asked
            if criterion.code in failing or getattr(self.ad, f"holds_{criterion.code}")
        ]


def judged(ads: Any, opportunity: Opportunity) -> Any:
    """`ads` with verdicts and all that reasons look at: those nearest to showing first, in a total order.

    Each target of their campaigns comes with `takes_<level>` for the country, region, city and postcode.
    """
    asked = Question(opportunity)
    nearest: Any = verdicts(ads.all(), asked)
    related = nearest.order_by("failing", "ad_id").select_related("campaign__view_totals", "content_rating")
    takes = {
        f"takes_{level}": ExpressionWrapper(condition, BooleanField())
        for level, condition in target_takes(asked).items()
    }
    targets = Prefetch("campaign__audience_targeting", CampaignAudienceTargeting.objects.annotate(**takes))
    return related.prefetch_related("time_slots", targets)


def explain(ads: Any, opportunity: Opportunity, decision: Decision | None = None) -> list[Explanation]:
    """What becomes of each of `ads` (from `judged()`, or a slice of it). Asks a constant number of questions."""
    decision = decision or decide(opportunity)
    shown, first = decision.keys(), decision.shown
    told = []
    for ad in ads:
        reasons = [reason(criterion.code, ad, opportunity) for criterion in failing(ad)]
        shows = not reasons and str(ad.pk) in shown
        others = first[ad.ad_type_id]
        lost_to = others[0] if others and not reasons and not shows else None
        told.append(Explanation(ad, opportunity, reasons, shows, lost_to))
    return told


def failing(ad: Any) -> list[Criterion]:
    """The criteria that fail; of those within one another only the outermost."""
    return [
        criterion
        for criterion in CRITERIA
        if not getattr(ad, f"holds_{criterion.code}")
        and (not criterion.within or getattr(ad, f"holds_{criterion.within}"))
    ]
