"""Whether a campaign can run from a day on: which criteria can no longer hold, and what will end soon."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from uuid import UUID

from ads.delivery.criteria import impossible, with_prospects
from ads.delivery.criteria.criterion import Criterion
from ads.delivery.facts import Fact, Problem, Step, kind_of
from ads.delivery.opportunity import Opportunity
from ads.models import Ad, CampaignViewTotals
from campaign_studio.places.clock import still_today
from campaigns.models import Campaign

SOON = timedelta(days=7)
NEARLY_USED_UP_PERCENT = 80


@dataclass(frozen=True, kw_only=True)
class Finding(Fact):
    """A problem with a campaign or one of its ads."""

    resource_name: str


@dataclass
class Readiness:
    """The blockers and warnings of a campaign. Blockers keep the whole campaign from running, warnings don't."""

    blockers: list[Finding] = field(default_factory=list)
    warnings: list[Finding] = field(default_factory=list)

    @property
    def ready(self) -> bool:
        """Whether the campaign can run without changes."""
        return not self.blockers

    @property
    def light(self) -> str:
        """`red`, `amber` or `green`."""
        return "red" if self.blockers else "amber" if self.warnings else "green"


def readiness_of(campaigns: Iterable[Campaign], *, at: datetime) -> dict[UUID, Readiness]:
    """The readiness of each campaign by its key at a moment in UTC, in a constant number of queries.

    Only what is over on every clock can never hold again. How many days are left counts from the date in UTC.
    """
    campaigns = list(campaigns)
    ads: dict[UUID, list[Ad]] = {campaign.pk: [] for campaign in campaigns}
    of_campaigns = Ad.objects.filter(campaign__in=list(ads)).order_by("ad_number")
    related = of_campaigns.select_related("campaign__view_totals", "content_rating")
    for ad in with_prospects(
        related.prefetch_related("time_slots", "campaign__audience_targeting"), on=still_today(at)
    ):
        ads[ad.campaign_id].append(ad)
    return {campaign.pk: _readiness(campaign, ads[campaign.pk], at.date()) for campaign in campaigns}


def _readiness(campaign: Campaign, ads: list[Ad], on: date) -> Readiness:
    if not ads:
        return Readiness(blockers=[_finding("no_ads", campaign, "ads", Problem.NO_ADS, Step.ADD_AD)])
    found = {ad.pk: [_never_holds(criterion, ad, on) for criterion in impossible(ad)] for ad in ads}
    # Each ad has the problems of the campaign too, but they are reported once.
    blockers = [finding for finding in found[ads[0].pk] if finding.resource_type == "campaign"]
    of_ads = {
        key: [finding for finding in findings if finding.resource_type == "ad"] for key, findings in found.items()
    }
    wrong_with_ads = [finding for findings in of_ads.values() for finding in findings]
    running = [ad for ad in ads if not of_ads[ad.pk]]
    # The problems of ads block the campaign only if none of its ads can run.
    if not running:
        return Readiness(blockers=blockers + wrong_with_ads)
    if blockers:
        return Readiness(blockers, wrong_with_ads)
    # The ad's campaign, because its view totals were selected with it.
    ahead = [*_ends_soon(campaign, on), *_caps_nearly_used_up(ads[0].campaign)]
    return Readiness(warnings=[*wrong_with_ads, *ahead, *[one for ad in running for one in _ad_ends_first(ad, on)]])


def _finding(
    code: str, row: Ad | Campaign, field_name: str, problem: Problem, *steps: Step, **params: object
) -> Finding:
    return Finding(
        code=code,
        problem=problem,
        steps=steps,
        params=params,
        resource_type=kind_of(row),
        resource_id=row.pk,
        field=field_name,
        resource_name=str(row),
    )


def _never_holds(criterion: Criterion, ad: Ad, on: date) -> Finding:
    if criterion.code == "country":
        return _finding("no_audience", ad.campaign, "audience_targeting", Problem.NO_TARGETS, Step.ADD_ANY_COUNTRY)
    first = ad.ad_start_date or ad.campaign.campaign_start_date
    day = max(on, first) if criterion.code == "ad_expiry_date" else on
    why = criterion.reason(ad, Opportunity("", datetime.combine(day, time())))
    row = ad.campaign if why.resource_type == "campaign" else ad
    return _finding(why.code, row, why.field, why.problem, *why.steps, **why.params)


def _ends_soon(campaign: Campaign, on: date) -> Iterator[Finding]:
    left = _time_left(campaign.campaign_end_date, on)
    if left <= SOON:
        yield _finding("ends_soon", campaign, "campaign_end_date", _end_in(left), Step.PROLONG, days=left.days)


def _ad_ends_first(ad: Ad, on: date) -> Iterator[Finding]:
    """A warning if an ad's own dates end soon and before the campaign does."""
    ends = [(getattr(ad, name), name) for name in ("ad_end_date", "ad_expiry_date") if getattr(ad, name)]
    last, name = min(ends, default=(ad.campaign.campaign_end_date, ""))
    left = _time_left(last, on)
    if name and last < ad.campaign.campaign_end_date and left <= SOON:
        expires = name == "ad_expiry_date"
        problem, step = (_expiry_in(left), Step.PROLONG_EXPIRY) if expires else (_end_in(left), Step.PROLONG)
        yield _finding("ends_soon", ad, name, problem, step, days=left.days)


def _time_left(last: date, on: date) -> timedelta:
    """None on the last day, nor on the day after: somewhere it is still the last day."""
    return max(last - on, timedelta(0))


def _end_in(left: timedelta) -> Problem:
    return {0: Problem.ENDS_TODAY, 1: Problem.ENDS_TOMORROW}.get(left.days, Problem.ENDS_IN_DAYS)


def _expiry_in(left: timedelta) -> Problem:
    return {0: Problem.EXPIRES_TODAY, 1: Problem.EXPIRES_TOMORROW}.get(left.days, Problem.EXPIRES_IN_DAYS)


def _caps_nearly_used_up(campaign: Campaign) -> Iterator[Finding]:
    used = CampaignViewTotals.used_by(campaign)
    views = campaign.campaign_max_view_count
    if views and used.views * 100 >= views * NEARLY_USED_UP_PERCENT:
        problem, step = Problem.VIEWS_NEARLY_USED_UP, Step.RAISE_VIEW_CAP_TO_GO_ON
        params = {"used": used.views, "cap": views}
        yield _finding("view_cap_nearly_used", campaign, "campaign_max_view_count", problem, step, **params)
    if campaign.max_view_seconds and used.seconds * 100 >= campaign.max_view_seconds * NEARLY_USED_UP_PERCENT:
        yield _finding(
            "view_duration_cap_nearly_used",
            campaign,
            "campaign_max_view_duration_value",
            Problem.VIEWING_TIME_NEARLY_USED_UP,
            Step.RAISE_VIEWING_TIME_CAP_TO_GO_ON,
            used=used.seconds,
            cap=campaign.campaign_max_view_duration_value,
            unit=campaign.campaign_max_view_duration_unit,
        )
