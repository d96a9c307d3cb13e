"""Counting views: each once, and none beyond the campaign's caps.

Locks are always taken in the same order, which prevents deadlocks between counting, deleting and recounting: the totals
of the campaigns, the ads and the receipts, each by key, then the sums by day.
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

# How far the clock of a vehicle may be ahead of the server's.
CLOCK_TOLERANCE = timedelta(minutes=5)

# Locks the campaign, so that it can't be deleted while its row of totals is created.
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
    """A view as a vehicle reports it. `index` is its position in the report."""

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
        """The day on which it is counted, in UTC."""
        return self.viewed_at.astimezone(UTC).date()


class Refusal(StrEnum):
    """The code of a reason why a view isn't counted. The API has a sentence for each."""

    UNKNOWN_AD = auto()
    TOO_SHORT = auto()
    IN_FUTURE = auto()
    EXPIRED = auto()
    VIEW_CAP_REACHED = auto()
    VIEW_DURATION_CAP_REACHED = auto()


@dataclass(frozen=True)
class Rejection:
    """A reason why a view isn't counted. `params` are the values for its sentence."""

    code: Refusal
    params: Mapping[str, object] = field(default_factory=dict)


@dataclass
class CountResult:
    """The outcome of a report. `rejected` has the reason for each rejected view, by its index."""

    accepted: int = 0
    duplicates: int = 0
    rejected: dict[int, Rejection] = field(default_factory=dict)


def count_views(views: Sequence[ReportedView], *, now: datetime) -> CountResult:
    """Count the views that can be counted, in the order of the report and in one transaction.

    A view that was counted before is a duplicate, even if it would be rejected now. A rejected view leaves no trace and
    may be sent again.
    """
    result, accepted = CountResult(), []
    with transaction.atomic():
        totals, ads = _lock(views)
        known = set(ViewReceipt.objects.filter(pk__in={view.view_id for view in views}).values_list("pk", flat=True))
        objections = {view.index: _objection(view, ads.get(view.ad_id), now) for view in views}
        wanted = {view.view_id for view in views if not objections[view.index]} - known
        receipts = _take_receipts(wanted)
        # The rest have been counted by another report in the meantime.
        known |= wanted - receipts
        for view in views:
            if view.view_id in known:
                result.duplicates += 1
            elif rejection := objections[view.index] or _cap_reached(ads[view.ad_id].campaign, totals):
                result.rejected[view.index] = rejection
            else:
                known.add(view.view_id)
                accepted.append(view)
                total = totals[ads[view.ad_id].campaign_id]
                total.view_count += 1
                total.view_seconds += view.duration_seconds
        _delete_receipts(receipts - {view.view_id for view in accepted})
        if accepted:
            _write(accepted, totals)
    result.accepted = len(accepted)
    return result


def lock_totals(campaigns: Collection[UUID]) -> dict[UUID, CampaignViewTotals]:
    """The totals of the campaigns that still exist, by key, locked until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(MAKE_TOTALS, [sorted(campaigns)])
    rows = CampaignViewTotals.objects.filter(pk__in=campaigns).order_by("pk").select_for_update()
    return {row.pk: row for row in rows}


def _lock(views: Sequence[ReportedView]) -> tuple[dict[UUID, CampaignViewTotals], dict[UUID, Ad]]:
    """The totals and the ads of the views, by key and locked. The ads' campaigns have their current caps."""
    wanted = Ad.objects.filter(pk__in={view.ad_id for view in views})
    totals = lock_totals(set(wanted.order_by().values_list("campaign_id", flat=True)))
    ads = wanted.filter(campaign__in=totals).select_related("campaign").defer("media_content").order_by("pk")
    return totals, {ad.pk: ad for ad in ads.select_for_update(of=("self",), no_key=True)}


def _objection(view: ReportedView, ad: Ad | None, now: datetime) -> Rejection | None:
    """Why the view can't be counted, regardless of caps."""
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
    """The cap that is used up, if any. The last view may exceed the viewing-time cap by its own duration."""
    total, views, seconds = totals[campaign.pk], campaign.campaign_max_view_count, campaign.max_view_seconds
    if views is not None and total.view_count >= views:
        return Rejection(Refusal.VIEW_CAP_REACHED, {"cap": views})
    if seconds is not None and total.view_seconds >= seconds:
        return Rejection(Refusal.VIEW_DURATION_CAP_REACHED, {"cap": seconds})
    return None


def _take_receipts(view_ids: Collection[UUID]) -> set[UUID]:
    """Insert receipts and return the ids that were new. Waits for other transactions that insert the same ids."""
    with connection.cursor() as cursor:
        cursor.execute(TAKE_RECEIPTS, [sorted(view_ids)])
        return {view_id for (view_id,) in cursor.fetchall()}


def _delete_receipts(receipts: Collection[UUID]) -> None:
    """Delete the receipts of views that the caps refused, so that they may be sent again."""
    if receipts:
        ViewReceipt.objects.filter(pk__in=receipts).delete()


def _write(views: list[ReportedView], totals: dict[UUID, CampaignViewTotals]) -> None:
    """Write the views, and add them to every sum."""
    by_ad = Counter(view.ad_id for view in views)
    by_day: dict[tuple[UUID, date, str, str], list[int]] = {}
    for view in views:
        sums = by_day.setdefault((view.ad_id, view.day, view.country, view.city), [0, 0])
        sums[0] += 1
        sums[1] += view.duration_seconds
    days = [(*key, *sums) for key, sums in sorted(by_day.items())]
    with connection.cursor() as cursor:
        # Bypasses the model: a view doesn't change the version of the ad.
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
