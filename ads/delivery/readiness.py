"""Whether a campaign can run at all, from a day on: what can never hold, and what will soon not hold any more."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Case, Value, When

from ads.delivery.criteria import CRITERIA
from ads.delivery.opportunity import Opportunity
from ads.delivery.reasons import reason
from ads.models import Ad
from ads.reporting.counting import in_seconds, used_up
from campaigns.models import Campaign

SOON = timedelta(days=7)
NEARLY = 80
# What stands with the campaign and not with one of its ads.
OF_CAMPAIGN = ("campaign", "audience_targeting")


@dataclass(frozen=True)
class Finding:
    """Something to do about a campaign or one of its ads; the names are those of `Reason`."""

    code: str
    message: str
    fix: str
    resource_type: str
    resource_id: Any
    resource_name: str
    field: str


@dataclass
class Readiness:
    """Blockers keep the whole campaign from running; warnings are what else to know."""

    blockers: list[Finding] = field(default_factory=list)
    warnings: list[Finding] = field(default_factory=list)

    @property
    def ready(self) -> bool:
        """Whether it can run as it is."""
        return not self.blockers

    @property
    def light(self) -> str:
        """`red`, `amber` or `green`."""
        return "red" if self.blockers else "amber" if self.warnings else "green"


def readiness_of(campaigns: Iterable[Campaign], *, on: date) -> dict[Any, Readiness]:
    """By the campaigns' keys. Asks a constant number of questions, however many campaigns there are."""
    found = {campaign.pk: Readiness() for campaign in campaigns}
    ads: dict[Any, list[Any]] = {key: [] for key in found}
    for ad in _judged(list(found), on):
        ads[ad.campaign_id].append(ad)
    for campaign in campaigns:
        _judge(found[campaign.pk], campaign, ads[campaign.pk], on)
    return found


def _judged(keys: list[Any], on: date) -> Any:
    """The campaigns' ads, each with `can_hold_<code>`."""
    judged = {
        f"can_hold_{criterion.code}": Case(When(criterion.can_hold(on), then=Value(True)), default=Value(False))
        for criterion in CRITERIA
        if criterion.can_hold
    }
    ads = Ad.objects.filter(campaign__in=keys).annotate(**judged).order_by("ad_number")
    related = ads.select_related("campaign__view_totals", "content_rating")
    return related.prefetch_related("time_slots", "campaign__audience_targeting")


def _judge(readiness: Readiness, campaign: Campaign, ads: list[Any], on: date) -> None:
    if not ads:
        finding = _of_campaign(campaign, "no_ads", "It has no ads.", "Add an ad, up to six.", "ads")
        readiness.blockers.append(finding)
        return
    readiness.blockers += [_finding(code, ads[0], on) for code, whose in _failing(ads[0]) if whose in OF_CAMPAIGN]
    by_ad = [[_finding(code, ad, on) for code, whose in _failing(ad) if whose not in OF_CAMPAIGN] for ad in ads]
    # What is wrong with one ad stops the campaign only where no other ad is left.
    worse = readiness.warnings if any(not findings for findings in by_ad) else readiness.blockers
    worse += [finding for findings in by_ad for finding in findings]
    if not readiness.blockers:
        # The ad's campaign comes with what was used up.
        readiness.warnings += _soon(ads[0].campaign, on)
        running = [ad for ad, findings in zip(ads, by_ad, strict=True) if not findings]
        readiness.warnings += [finding for ad in running for finding in _ends_before_its_campaign(ad, on)]


def _failing(ad: Any) -> list[tuple[str, str]]:
    return [
        (criterion.code, criterion.whose)
        for criterion in CRITERIA
        if criterion.can_hold and not getattr(ad, f"can_hold_{criterion.code}")
    ]


def _finding(code: str, ad: Any, on: date) -> Finding:
    if code == "country":
        message, fix = "It is not aimed at any place.", "Add a country to its audience."
        return _of_campaign(ad.campaign, "no_audience", message, fix, "audience_targeting")
    first = ad.ad_start_date or ad.campaign.campaign_start_date
    day = max(on, first) if code == "ad_expiry_date" else on
    why = reason(code, ad, Opportunity("", datetime.combine(day, time())))
    row = ad.campaign if why.resource_type == "campaign" else ad
    return Finding(code, why.message, why.fix, why.resource_type, row.pk, str(row), why.field)


def _of_campaign(campaign: Campaign, code: str, message: str, fix: str, name: str) -> Finding:
    return Finding(code, message, fix, "campaign", campaign.pk, str(campaign), name)


def _ends_before_its_campaign(ad: Any, on: date) -> Iterable[Finding]:
    """An ad's own dates, where they end soon and before the campaign does."""
    ends = [(getattr(ad, name), name) for name in ("ad_end_date", "ad_expiry_date") if getattr(ad, name)]
    last, name = min(ends, default=(ad.campaign.campaign_end_date, ""))
    if name and last < ad.campaign.campaign_end_date and last - on <= SOON:
        verb = "ends" if name == "ad_end_date" else "expires"
        message, fix = f"It {verb} {_when(last - on)}.", f"Move {name} to go on."
        yield Finding("ends_soon", message, fix, "ad", ad.pk, str(ad), name)


def _when(left: timedelta) -> str:
    return "today" if not left else "tomorrow" if left.days == 1 else f"in {left.days} days"


def _soon(campaign: Campaign, on: date) -> Iterable[Finding]:
    """What will keep it from running before long."""
    left = campaign.campaign_end_date - on
    if left <= SOON:
        message, fix = f"It ends {_when(left)}.", "Move campaign_end_date to go on."
        yield _of_campaign(campaign, "ends_soon", message, fix, "campaign_end_date")
    views, seconds = used_up(campaign)
    cap = campaign.campaign_max_view_count
    if cap and views * 100 >= cap * NEARLY:
        message, fix = f"{views} of its {cap} views are used up.", "Raise campaign_max_view_count to go on."
        yield _of_campaign(campaign, "view_cap_nearly_used", message, fix, "campaign_max_view_count")
    value, unit = campaign.campaign_max_view_duration_value, campaign.campaign_max_view_duration_unit
    most = in_seconds(value, unit)
    if most and seconds * 100 >= most * NEARLY:
        message = f"{seconds} seconds of its {value} {unit} of viewing time are used up."
        fix = "Raise campaign_max_view_duration_value to go on."
        yield _of_campaign(campaign, "view_duration_cap_nearly_used", message, fix, "campaign_max_view_duration_value")
