"""Why an ad shows at a moment or doesn't, by the same criteria as the decision."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db.models import BooleanField, ExpressionWrapper, F, Prefetch, QuerySet

from ads.delivery.criteria import CRITERIA, failing, with_criteria
from ads.delivery.criteria.audience import target_covers
from ads.delivery.engine import Decision, decide
from ads.delivery.facts import Reason
from ads.delivery.opportunity import Opportunity
from ads.delivery.statement import Question
from ads.models import Ad
from campaigns.models import CampaignAudienceTargeting


@dataclass(frozen=True)
class Explanation:
    """The outcome for one ad.

    `reasons` is empty for an eligible ad. If an eligible ad doesn't show, `lost_to` is the key of the ad that shows in
    the same bar.
    """

    ad: Ad
    opportunity: Opportunity
    reasons: list[Reason]
    shown: bool
    lost_to: str | None

    @property
    def ad_id(self) -> UUID:
        return self.ad.pk

    @property
    def eligible(self) -> bool:
        return not self.reasons

    def considered(self) -> list[str]:
        """The codes of the criteria that were checked, in order, whether they fail or hold."""
        failed = {one.code for one in self.reasons}
        return [
            criterion.code
            for criterion in CRITERIA
            if criterion.code in failed
            or (
                getattr(self.ad, f"holds_{criterion.code}")
                and (criterion.code != "max_rating" or self.opportunity.max_rating)
            )
        ]


def with_failures(ads: "QuerySet[Ad]", opportunity: Opportunity) -> "QuerySet[Ad]":
    """`ads` with everything that `explain()` needs, those with the fewest failing criteria first.

    Each target of their campaigns has `covers_<level>` for the country, region, city and postcode, and what
    `with_regions_elsewhere()` adds. `region_asked` is the key of the screen's region.
    """
    question = Question(opportunity)
    nearest = with_criteria(ads.annotate(region_asked=question.regions()), question).order_by(F("failing"), "ad_id")
    covers = {
        f"covers_{level}": ExpressionWrapper(condition, BooleanField())
        for level, condition in target_covers(question).items()
    }
    described = CampaignAudienceTargeting.objects.with_regions_elsewhere().annotate(**covers)
    targets = Prefetch("campaign__audience_targeting", described)
    related = nearest.select_related("campaign__view_totals", "content_rating")
    return related.prefetch_related("time_slots", targets)


def explain(ads: Iterable[Ad], opportunity: Opportunity, decision: Decision | None = None) -> list[Explanation]:
    """The outcome for each of `ads` (from `with_failures()`, or a slice of it), in a constant number of queries."""
    decision = decision or decide(opportunity)
    showing, shown = decision.keys(), decision.shown
    explained = []
    for ad in ads:
        reasons = [criterion.reason(ad, opportunity) for criterion in failing(ad)]
        shows = not reasons and str(ad.pk) in showing
        others = shown[ad.ad_type_id]
        lost_to = others[0] if others and not reasons and not shows else None
        explained.append(Explanation(ad, opportunity, reasons, shows, lost_to))
    return explained
