"""Counting views: each once, and none beyond the campaign's caps or what a screen can have shown.

Locks are always taken in the same order, which prevents deadlocks between counting, voiding, deleting and recounting:
the device, the totals of the campaigns, the ads and the receipts, each by key, then the sums by day. The lock of the
device makes simultaneous reports of one device wait for each other, so that each sees the seconds of those before it.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from django.db import connection, transaction

from accounts.audit.models import SecurityEvent
from accounts.choices import SecurityEventKind
from ads.models import Ad, AdView, CampaignViewTotals, Device, ViewReceipt
from ads.reporting.reports import IMPLAUSIBLE, Airtime, ProvenView, Refusal, Rejection, ReportedView, objection
from campaign_studio.rate_limits import REFUSALS_PERIOD, count_refusal, is_summed_up
from campaigns.models import Campaign

# Locks the campaign, so that it can't be deleted while its row of totals is created.
MAKE_TOTALS = """
INSERT INTO campaign_view_totals (campaign_id)
SELECT campaign_id FROM campaigns
WHERE campaign_id = ANY(%s)
    AND NOT EXISTS (SELECT FROM campaign_view_totals WHERE campaign_view_totals.campaign_id = campaigns.campaign_id)
ORDER BY campaign_id FOR KEY SHARE OF campaigns
ON CONFLICT DO NOTHING
"""
ADD_TO_ADS = """
UPDATE ads SET ad_view_count = ad_view_count + counted.views
FROM unnest(%s::uuid[], %s::bigint[]) AS counted (ad_id, views)
WHERE ads.ad_id = counted.ad_id
"""
ADD_TO_DAYS = """
INSERT INTO ad_view_days (ad_id, day, country, city, view_count, view_seconds, is_local)
SELECT *, TRUE FROM unnest(%s::uuid[], %s::date[], %s::text[], %s::text[], %s::bigint[], %s::bigint[])
ON CONFLICT (ad_id, day, country, city, is_local) DO UPDATE SET
    view_count = ad_view_days.view_count + EXCLUDED.view_count,
    view_seconds = ad_view_days.view_seconds + EXCLUDED.view_seconds
"""


# The day on which a stored view was counted. It is that of the screen's clock if there is a `local_day`.
DAY_OF_VIEW = "coalesce(local_day, (viewed_at AT TIME ZONE 'UTC')::date)"


class InactiveDeviceError(Exception):
    """The device has been deactivated or deleted."""


@dataclass
class CountResult:
    """The outcome of a report. `rejected` has the reason for each rejected view, by its index."""

    accepted: int = 0
    duplicates: int = 0
    rejected: dict[int, Rejection] = field(default_factory=dict)


def count_views(views: Sequence[ReportedView], *, device: Device, now: datetime) -> CountResult:
    """Count the views that can be counted, in the order of the report and in one transaction.

    A view that was counted before is a duplicate, even if it would be rejected now. A rejected view isn't stored and
    may be sent again. Implausible views are a security event. Raises InactiveDeviceError if the device may no longer
    report views.
    """
    result, accepted = CountResult(), []
    with transaction.atomic():
        lock_device(device)
        proven = {view.index: ProvenView.from_report(view, device.pk) for view in views}
        believed = [view for view in proven.values() if view]
        totals, ads = _lock(believed)
        known = set(ViewReceipt.objects.filter(pk__in={view.view_id for view in believed}).values_list("pk", flat=True))
        airtime = Airtime(believed, device.pk)
        for index, view in proven.items():
            if view is None:
                result.rejected[index] = Rejection(Refusal.FORGED)
            elif view.view_id in known:
                result.duplicates += 1
            elif rejection := _rejection(view, ads.get(view.impression.ad_id), airtime, totals, now):
                result.rejected[index] = rejection
            else:
                known.add(view.view_id)
                accepted.append(view)
                airtime.add(view)
                total = totals[ads[view.impression.ad_id].campaign_id]
                total.view_count += 1
                total.view_seconds += view.duration_seconds
        if accepted:
            _write(accepted, totals)
        _record_implausible(device, result)
    result.accepted = len(accepted)
    return result


def lock_device(device: Device) -> None:
    """Lock the device until the transaction ends. Raises InactiveDeviceError."""
    if not Device.objects.filter(pk=device.pk, is_active=True).select_for_update(no_key=True).exists():
        raise InactiveDeviceError(device.pk)


def lock_totals(campaigns: Collection[UUID]) -> dict[UUID, CampaignViewTotals]:
    """The totals of the campaigns that still exist, by key, locked until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(MAKE_TOTALS, [sorted(campaigns)])
    rows = CampaignViewTotals.objects.filter(pk__in=campaigns).order_by("pk").select_for_update()
    return {row.pk: row for row in rows}


def _lock(views: Collection[ProvenView]) -> tuple[dict[UUID, CampaignViewTotals], dict[UUID, Ad]]:
    """The totals and the ads of the views, by key and locked. The ads' campaigns have their current caps."""
    wanted = Ad.objects.filter(pk__in={view.impression.ad_id for view in views})
    totals = lock_totals(set(wanted.order_by().values_list("campaign_id", flat=True)))
    ads = wanted.filter(campaign__in=totals).select_related("campaign").defer("media_content").order_by("pk")
    return totals, {ad.pk: ad for ad in ads.select_for_update(of=("self",), no_key=True)}


def _rejection(
    view: ProvenView, ad: Ad | None, airtime: Airtime, totals: Mapping[UUID, CampaignViewTotals], now: datetime
) -> Rejection | None:
    """Why the view can't be counted."""
    if ad is None:
        return Rejection(Refusal.UNKNOWN_AD)
    return objection(view, ad, now) or airtime.objection(view) or _cap_reached(ad.campaign, totals)


def _cap_reached(campaign: Campaign, totals: Mapping[UUID, CampaignViewTotals]) -> Rejection | None:
    """The cap that is used up, if any. The last view may exceed the viewing-time cap by its own duration."""
    total, views, seconds = totals[campaign.pk], campaign.campaign_max_view_count, campaign.max_view_seconds
    if views is not None and total.view_count >= views:
        return Rejection(Refusal.VIEW_CAP_REACHED, {"cap": views})
    if seconds is not None and total.view_seconds >= seconds:
        return Rejection(Refusal.VIEW_DURATION_CAP_REACHED, {"cap": seconds})
    return None


def _write(views: list[ProvenView], totals: dict[UUID, CampaignViewTotals]) -> None:
    """Write the views with their receipts, and add them to every sum."""
    by_ad = Counter(view.impression.ad_id for view in views)
    by_day: dict[tuple[UUID, date, str, str], list[int]] = {}
    for view in views:
        shown = view.impression
        sums = by_day.setdefault((shown.ad_id, view.day, shown.country, shown.city), [0, 0])
        sums[0] += 1
        sums[1] += view.duration_seconds
    days = [(*key, *sums) for key, sums in sorted(by_day.items())]
    ViewReceipt.objects.bulk_create(ViewReceipt(view.view_id) for view in sorted(views, key=lambda view: view.view_id))
    with connection.cursor() as cursor:
        # Bypasses the model: a view doesn't change the version of the ad.
        cursor.execute(ADD_TO_ADS, [list(by_ad.keys()), list(by_ad.values())])
        AdView.objects.bulk_create(_row(view) for view in views)
        cursor.execute(ADD_TO_DAYS, [list(column) for column in zip(*days, strict=True)])
    CampaignViewTotals.objects.bulk_update(totals.values(), ["view_count", "view_seconds"])


def _row(view: ProvenView) -> AdView:
    shown = view.impression
    return AdView(
        view_id=view.view_id,
        ad_id=shown.ad_id,
        viewed_at=view.viewed_at,
        duration_seconds=view.duration_seconds,
        country=shown.country,
        city=shown.city,
        postcode=shown.postcode,
        device_id=view.device_id,
        position=shown.position,
        quarter=view.quarter,
        impression_id=view.impression_id,
        local_day=view.day,
    )


def _record_implausible(device: Device, result: CountResult) -> None:
    """Record one security event about all implausible views of a report.

    Of a device that goes on, only the 10th report, the 100th and so on within ten minutes are events.
    """
    codes = Counter(rejection.reason.code for rejection in result.rejected.values())
    found = [f"{code} {codes[code]}" for code in IMPLAUSIBLE if codes[code]]
    if not found:
        return
    number = count_refusal(f"implausible:{device.pk}")
    # While the cache is down, every report is one.
    if number == 0 or is_summed_up(number):
        detail = f"device {device.pk}: {', '.join(found)}"
        if number > 1:
            detail += f" (report {number} within {REFUSALS_PERIOD // 60} minutes)"
        SecurityEvent.objects.record(SecurityEventKind.IMPLAUSIBLE_VIEWS, None, detail=detail)
