"""Counting views: each once, for ever, and never one more than the campaign's caps allow.

Locks are always taken in one order: the totals of the campaigns, the ads, the receipts, each by key; the sums by day
come last. Whoever counts, deletes or recounts goes this way, so that nobody waits in a circle.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum, auto
from uuid import UUID

from django.db import connection, transaction

from ads.models import Ad, AdView, CampaignViewTotals, ViewReceipt
from ads.reporting.partitions import kept_from
from campaigns.choices import in_seconds
from campaigns.models import Campaign

# So much may the clock of a vehicle be ahead of ours.
CLOCK_TOLERANCE = timedelta(minutes=5)

# The campaign is held while its first row is made: it may be on its way out, and then its views are nobody's.
MAKE_TOTALS = """
INSERT INTO campaign_view_totals (campaign_id)
SELECT campaign_id FROM campaigns
WHERE campaign_id = ANY(%s)
    AND NOT EXISTS (SELECT FROM campaign_view_totals WHERE campaign_view_totals.campaign_id = campaigns.campaign_id)
ORDER BY campaign_id FOR KEY SHARE OF campaigns
ON CONFLICT DO NOTHING
"""
TAKE_RECEIPTS = """
INSERT INTO ad_view_receipts (view_id) SELECT unnest(%s::uuid[]) ON CONFLICT DO NOTHING RETURNING view_id
"""
ADD_TO_ADS = """
UPDATE ads SET ad_view_count = ad_view_count + counted.views
FROM unnest(%s::uuid[], %s::bigint[]) AS counted (ad_id, views)
WHERE ads.ad_id = counted.ad_id
"""
ADD_TO_DAYS = """
INSERT INTO ad_view_days (ad_id, day, country, city, view_count, view_seconds)
SELECT * FROM unnest(%s::uuid[], %s::date[], %s::text[], %s::text[], %s::bigint[], %s::bigint[])
ON CONFLICT (ad_id, day, country, city) DO UPDATE SET
    view_count = ad_view_days.view_count + EXCLUDED.view_count,
    view_seconds = ad_view_days.view_seconds + EXCLUDED.view_seconds
"""


@dataclass(frozen=True)
class ReportedView:
    """What a vehicle says it has shown. `index` is the view's place in the report."""

    index: int
    view_id: UUID
    ad_id: UUID
    viewed_at: datetime
    duration_seconds: int
    country: str = ""
    city: str = ""
    postcode: str = ""
    device_id: str = ""

    @property
    def day(self) -> date:
        """The day it is counted on, in UTC."""
        return self.viewed_at.astimezone(UTC).date()


class Refusal(StrEnum):
    """Why a view is not counted. Doors have one sentence for each."""

    UNKNOWN_AD = auto()
    TOO_SHORT = auto()
    IN_FUTURE = auto()
    EXPIRED = auto()
    VIEW_CAP_REACHED = auto()
    VIEW_DURATION_CAP_REACHED = auto()


@dataclass(frozen=True)
class Rejection:
    """A view that is not counted; `params` are what the sentence about it names."""

    code: Refusal
    params: Mapping[str, object] = field(default_factory=dict)


@dataclass
class CountResult:
    """What became of a report. `rejected` says why, by the view's place in it."""

    accepted: int = 0
    duplicates: int = 0
    rejected: dict[int, Rejection] = field(default_factory=dict)


def count_views(views: Sequence[ReportedView], *, now: datetime) -> CountResult:
    """Count what can be counted, judged in the order of the report, in one transaction.

    A view that has been counted before is a duplicate, whatever else might be said of it by now. A rejected one
    leaves no trace: it may be sent again.
    """
    counted, accepted = CountResult(), []
    with transaction.atomic():
        totals, ads = _lock(views)
        known = set(ViewReceipt.objects.filter(pk__in={view.view_id for view in views}).values_list("pk", flat=True))
        objections = {view.index: _objection(view, ads.get(view.ad_id), now) for view in views}
        wanted = {view.view_id for view in views if not objections[view.index]} - known
        receipts = _take_receipts(wanted)
        # Those that another report has counted at this very moment are known by now as well.
        known |= wanted - receipts
        for view in views:
            if view.view_id in known:
                counted.duplicates += 1
            elif rejection := objections[view.index] or _cap_reached(ads[view.ad_id].campaign, totals):
                counted.rejected[view.index] = rejection
            else:
                known.add(view.view_id)
                accepted.append(view)
                total = totals[ads[view.ad_id].campaign_id]
                total.view_count += 1
                total.view_seconds += view.duration_seconds
        _give_back(receipts - {view.view_id for view in accepted})
        if accepted:
            _write(accepted, totals)
    counted.accepted = len(accepted)
    return counted


def lock_totals(campaigns: Collection[UUID]) -> dict[UUID, CampaignViewTotals]:
    """What the campaigns have used up, locked until the transaction ends; without those that no longer exist."""
    with connection.cursor() as cursor:
        cursor.execute(MAKE_TOTALS, [sorted(campaigns)])
    rows = CampaignViewTotals.objects.filter(pk__in=campaigns).order_by("pk").select_for_update()
    return {row.pk: row for row in rows}


def _lock(views: Sequence[ReportedView]) -> tuple[dict[UUID, CampaignViewTotals], dict[UUID, Ad]]:
    """The totals and ads concerned, by key, locked; the campaigns with the caps that hold from now on."""
    wanted = Ad.objects.filter(pk__in={view.ad_id for view in views})
    totals = lock_totals(set(wanted.order_by().values_list("campaign_id", flat=True)))
    ads = wanted.filter(campaign__in=totals).select_related("campaign").defer("media_content").order_by("pk")
    return totals, {ad.pk: ad for ad in ads.select_for_update(of=("self",), no_key=True)}


def _objection(view: ReportedView, ad: Ad | None, now: datetime) -> Rejection | None:
    """Why the view by itself can't be counted."""
    if ad is None:
        return Rejection(Refusal.UNKNOWN_AD)
    needed = in_seconds(ad.ad_in_view_duration_value, ad.ad_in_view_duration_unit) or 0
    if view.duration_seconds < needed:
        return Rejection(Refusal.TOO_SHORT, {"needed": needed, "lasted": view.duration_seconds})
    if view.viewed_at > now + CLOCK_TOLERANCE:
        return Rejection(Refusal.IN_FUTURE)
    oldest = kept_from(now)
    if view.viewed_at < oldest:
        return Rejection(Refusal.EXPIRED, {"oldest": oldest.date()})
    return None


def _cap_reached(campaign: Campaign, totals: Mapping[UUID, CampaignViewTotals]) -> Rejection | None:
    """Which cap leaves nothing for another view. The last one may run over the seconds by its own length."""
    total, views, seconds = totals[campaign.pk], campaign.campaign_max_view_count, campaign.max_view_seconds
    if views is not None and total.view_count >= views:
        return Rejection(Refusal.VIEW_CAP_REACHED, {"cap": views})
    if seconds is not None and total.view_seconds >= seconds:
        return Rejection(Refusal.VIEW_DURATION_CAP_REACHED, {"cap": seconds})
    return None


def _take_receipts(view_ids: Collection[UUID]) -> set[UUID]:
    """Those of the ids that never counted, receipted. Waits for whoever counts one of them at this moment."""
    with connection.cursor() as cursor:
        cursor.execute(TAKE_RECEIPTS, [sorted(view_ids)])
        return {view_id for (view_id,) in cursor.fetchall()}


def _give_back(receipts: Collection[UUID]) -> None:
    """Take back the receipts of views that caps leave out: they may be sent again."""
    if receipts:
        ViewReceipt.objects.filter(pk__in=receipts).delete()


def _write(views: list[ReportedView], totals: dict[UUID, CampaignViewTotals]) -> None:
    """The views and every sum they belong to."""
    by_ad = Counter(view.ad_id for view in views)
    by_day: dict[tuple[UUID, date, str, str], list[int]] = {}
    for view in views:
        sums = by_day.setdefault((view.ad_id, view.day, view.country, view.city), [0, 0])
        sums[0] += 1
        sums[1] += view.duration_seconds
    days = [(*key, *sums) for key, sums in sorted(by_day.items())]
    with connection.cursor() as cursor:
        # Past the model: what vehicles report is no change of the ad, and takes no version.
        cursor.execute(ADD_TO_ADS, [list(by_ad.keys()), list(by_ad.values())])
        AdView.objects.bulk_create(_row(view) for view in views)
        cursor.execute(ADD_TO_DAYS, [list(column) for column in zip(*days, strict=True)])
    CampaignViewTotals.objects.bulk_update(totals.values(), ["view_count", "view_seconds"])


def _row(view: ReportedView) -> AdView:
    return AdView(
        view_id=view.view_id,
        ad_id=view.ad_id,
        viewed_at=view.viewed_at,
        duration_seconds=view.duration_seconds,
        country=view.country,
        city=view.city,
        postcode=view.postcode,
        device_id=view.device_id,
    )
