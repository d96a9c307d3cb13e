"""Whether a campaign can run from a day on: which criteria can no longer hold, what will end soon, what looks wrong."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from uuid import UUID

from ads.delivery.criteria import impossible, with_prospects
from ads.delivery.facts import Fact, Problem, Reason, Step, kind_of
from ads.models import Ad, CampaignViewTotals
from campaign_studio.places.clock import still_today
from campaigns.doubts import Doubted, Doubts, doubts_about_campaigns
from campaigns.models import Campaign

SOON = timedelta(days=7)
NEARLY_USED_UP_PERCENT = 80
# Added to the code of a criterion about a cap.
NEARLY = "_nearly_used"
DOUBTED = {
    Doubted.CITY: (Problem.CITY_ELSEWHERE, Step.CHECK_PLACES),
    Doubted.REGION: (Problem.REGION_ELSEWHERE, Step.CORRECT_REGION),
    Doubted.AREA: (Problem.AREA_ELSEWHERE, Step.CORRECT_REGION),
}


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
    campaigns, day = list(campaigns), still_today(at)
    keys = [campaign.pk for campaign in campaigns]
    known = with_prospects(Campaign.objects.filter(pk__in=keys).select_related("view_totals"), "campaign", on=day)
    # A campaign may just have been deleted.
    by_key = {campaign.pk: campaign for campaign in (*campaigns, *known)}
    doubts = doubts_about_campaigns(keys)
    ads: dict[UUID, list[Ad]] = {key: [] for key in keys}
    of_campaigns = Ad.objects.filter(campaign__in=keys).order_by("ad_number").select_related("content_rating")
    for ad in with_prospects(of_campaigns, "ad", on=day):
        ad.campaign = by_key[ad.campaign_id]
        ads[ad.campaign_id].append(ad)
    return {key: _readiness(by_key[key], ads[key], doubts.get(key, Doubts()), at.date()) for key in keys}


def _readiness(campaign: Campaign, ads: list[Ad], doubts: Doubts, on: date) -> Readiness:
    never = {criterion.code: criterion for criterion in impossible(campaign)}
    places = list(_doubtful_places(campaign, doubts))
    # If no target can match, each region that is elsewhere is a blocker.
    regions = [one for one in places if one.code == "region_elsewhere"] if never.pop("region", None) else []
    # The campaign's criteria ask nothing about the ad but its campaign.
    blockers = [_blocker(criterion.never(Ad(campaign=campaign), on), campaign) for criterion in never.values()]
    blockers += regions
    of_ads = [_blocker(criterion.never(ad, on), ad) for ad in ads for criterion in impossible(ad)]
    ahead = _ahead(campaign, ads, {(one.code, one.resource_id) for one in (*blockers, *of_ads)}, on)
    warnings = [*ahead, *(one for one in places if one not in regions)]
    if not ads:
        no_ads = _finding("no_ads", campaign, "ads", Problem.NO_ADS, Step.ADD_AD)
        return Readiness([no_ads, *blockers], warnings)
    # The problems of ads block the campaign only if none of its ads can run.
    if {ad.pk for ad in ads} == {one.resource_id for one in of_ads}:
        return Readiness([*blockers, *of_ads], warnings)
    return Readiness(blockers, [*of_ads, *warnings])


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


def _blocker(why: Reason, row: Ad | Campaign) -> Finding:
    return _finding(why.code, row, why.field, why.problem, *why.steps, **why.params)


def _ahead(campaign: Campaign, ads: list[Ad], over: set[tuple[str, UUID]], on: date) -> Iterator[Finding]:
    """Warnings of what will soon end or be used up. `over` has the codes and keys of what is over already."""
    if not {("campaign_dates", campaign.pk), ("campaign_expiry_date", campaign.pk)} & over:
        yield from _ends_soon(campaign, on)
    yield from (
        one for one in _caps_nearly_used_up(campaign) if (one.code.removesuffix(NEARLY), campaign.pk) not in over
    )
    for ad in ads:
        if not {("ad_dates", ad.pk), ("ad_expiry_date", ad.pk)} & over:
            yield from _ad_ends_first(ad, on)


def _doubtful_places(campaign: Campaign, doubts: Doubts) -> Iterator[Finding]:
    for one in doubts.first:
        is_city = one.kind == Doubted.CITY
        problem, step = DOUBTED[one.kind] if one.countries else (Problem.CITY_UNKNOWN, Step.CHECK_PLACES)
        params = {"city" if is_city else "region": one.name, "country": one.country, "countries": one.countries}
        code = "unknown_city" if is_city else "region_elsewhere"
        yield _finding(code, campaign, "audience_targeting", problem, step, **params)
    if doubts.more:
        step = Step.CHECK_PLACES
        yield _finding(
            "more_unknown_places", campaign, "audience_targeting", Problem.MORE_PLACES_UNKNOWN, step, count=doubts.more
        )


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
        yield _finding(f"view_cap{NEARLY}", campaign, "campaign_max_view_count", problem, step, **params)
    if campaign.max_view_seconds and used.seconds * 100 >= campaign.max_view_seconds * NEARLY_USED_UP_PERCENT:
        yield _finding(
            f"view_duration_cap{NEARLY}",
            campaign,
            "campaign_max_view_duration_value",
            Problem.VIEWING_TIME_NEARLY_USED_UP,
            Step.RAISE_VIEWING_TIME_CAP_TO_GO_ON,
            used=used.seconds,
            cap=campaign.campaign_max_view_duration_value,
            unit=campaign.campaign_max_view_duration_unit,
        )
