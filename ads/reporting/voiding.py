"""Voiding views: taking the views of a device out of every sum, for example when its key was stolen.

Their receipts stay, so a voided view never counts again. Sums whose views have been dropped are final: nobody knows any
more which device they came from.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Count, DateField, QuerySet, Sum
from django.db.models.expressions import RawSQL

from accounts.audit.models import AuditEntry
from ads.models import Ad, AdView, AdViewDay, CampaignViewTotals, Device
from ads.reporting.counting import DAY_OF_VIEW, lock_totals
from ads.reporting.reports import Totals
from campaigns.models import Campaign

VIEWS_AT_ONCE = 1_000

TAKE_VIEWS = f"""
WITH taken AS (
    DELETE FROM ad_views WHERE (viewed_at, view_id) IN (SELECT * FROM unnest(%s::timestamptz[], %s::uuid[]))
    RETURNING ad_id, {DAY_OF_VIEW} AS day, country, city, local_day IS NOT NULL AS is_local, duration_seconds
)
SELECT ad_id, day, country, city, is_local, count(*), sum(duration_seconds) FROM taken
GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5
"""  # noqa: S608 - a constant
# A sum that was too low already is a matter for recount_views.
TAKE_FROM_ADS = """
UPDATE ads SET ad_view_count = greatest(ad_view_count - taken.views, 0)
FROM unnest(%s::uuid[], %s::bigint[]) AS taken (ad_id, views)
WHERE ads.ad_id = taken.ad_id
"""
TAKE_FROM_DAYS = """
UPDATE ad_view_days AS stored SET
    view_count = greatest(stored.view_count - taken.views, 0),
    view_seconds = greatest(stored.view_seconds - taken.seconds, 0)
FROM unnest(%s::uuid[], %s::date[], %s::text[], %s::text[], %s::boolean[], %s::bigint[], %s::bigint[])
    AS taken (ad_id, day, country, city, is_local, views, seconds)
WHERE (stored.ad_id, stored.day, stored.country, stored.city, stored.is_local)
    = (taken.ad_id, taken.day, taken.country, taken.city, taken.is_local)
"""
TAKE_FROM_TOTALS = """
UPDATE campaign_view_totals AS stored SET view_count = less.views, view_seconds = less.seconds
FROM unnest(%s::uuid[], %s::bigint[], %s::bigint[]) AS less (campaign_id, views, seconds)
WHERE stored.campaign_id = less.campaign_id
"""
DELETE_EMPTY_DAYS = "DELETE FROM ad_view_days WHERE ad_id = ANY(%s) AND view_count = 0"


@dataclass(frozen=True)
class Period:
    """The days on which the views to void were counted, both included. None is no limit."""

    first: date | None = None
    last: date | None = None

    def views_of(self, device_id: str) -> "QuerySet[AdView]":
        """The views of a device that are still stored."""
        day = RawSQL(DAY_OF_VIEW, [], DateField())  # noqa: S611 - a constant
        views = AdView.objects.filter(device_id=device_id).alias(day=day)
        return views.filter(**self._limits())

    def has_final_sums(self) -> bool:
        """Whether the period contains days whose views have been dropped."""
        return AdViewDay.objects.filter(is_final=True, **self._limits()).exists()

    def _limits(self) -> dict[str, date]:
        limits = {"day__gte": self.first, "day__lte": self.last}
        return {lookup: day for lookup, day in limits.items() if day is not None}


@dataclass
class Taken:
    """Views and seconds that have been, or would be, taken out of the sums of a campaign."""

    views: int = 0
    seconds: int = 0

    def add(self, views: int, seconds: int) -> None:
        """Add some more."""
        self.views += views
        self.seconds += seconds


def would_void(device_id: str, period: Period) -> dict[UUID, Taken]:
    """What `void()` would take, by campaign."""
    rows = period.views_of(device_id).values_list("ad__campaign").order_by("ad__campaign")
    sums = rows.annotate(views=Count("view_id"), seconds=Sum("duration_seconds"))
    return {campaign: Taken(views, seconds) for campaign, views, seconds in sums}


def void(device_id: str, period: Period) -> dict[UUID, Taken]:
    """Void up to 1,000 views of a device, with one audit entry for each campaign. Empty when none are left.

    Takes the locks of counting in the same order, see `counting`.
    """
    with transaction.atomic():
        # An inactive device is locked too. Views from before proofs may name a device that was never created.
        list(Device.objects.filter(pk=device_id).select_for_update(no_key=True).values_list("pk"))
        found = list(
            period.views_of(device_id).order_by("viewed_at", "view_id").values_list("pk", "ad")[:VIEWS_AT_ONCE]
        )
        if not found:
            return {}
        ads = Ad.objects.filter(pk__in={ad for _key, ad in found})
        campaigns = dict(ads.order_by().values_list("pk", "campaign"))
        lock_totals(campaigns)
        sums = CampaignViewTotals.objects.filter(pk__in=set(campaigns.values()))
        totals = {row.pk: Totals(row.view_count, row.view_seconds) for row in sums}
        list(ads.order_by("pk").select_for_update(no_key=True).values_list("pk"))
        return _take([key for key, _ad in found], campaigns, totals, device_id)


def _take(
    keys: list[tuple[datetime, UUID]],
    campaigns: Mapping[UUID, UUID],
    totals: Mapping[UUID, Totals],
    device_id: str,
) -> dict[UUID, Taken]:
    """Take these views out of every sum, and write what was done to the audit log."""
    by_campaign: defaultdict[UUID, Taken] = defaultdict(Taken)
    by_ad: defaultdict[UUID, int] = defaultdict(int)
    with connection.cursor() as cursor:
        cursor.execute(TAKE_VIEWS, [list(column) for column in zip(*keys, strict=True)])
        days = cursor.fetchall()
        for ad, *_key, views, seconds in days:
            by_ad[ad] += views
            by_campaign[campaigns[ad]].add(views, seconds)
        if days:
            cursor.execute(TAKE_FROM_ADS, [list(by_ad.keys()), list(by_ad.values())])
            cursor.execute(TAKE_FROM_DAYS, [list(column) for column in zip(*days, strict=True)])
            cursor.execute(DELETE_EMPTY_DAYS, [list(by_ad.keys())])
            left = {
                campaign: Totals(
                    max(totals[campaign].views - taken.views, 0), max(totals[campaign].seconds - taken.seconds, 0)
                )
                for campaign, taken in by_campaign.items()
            }
            sums = [(campaign, total.views, total.seconds) for campaign, total in left.items()]
            cursor.execute(TAKE_FROM_TOTALS, [list(column) for column in zip(*sums, strict=True)])
            for campaign, total in left.items():
                _log(campaign, totals[campaign], total, device_id)
    return dict(by_campaign)


def _log(campaign: UUID, before: Totals, after: Totals, device_id: str) -> None:
    """Write an entry in the history of the campaign: its sums before and after, and the device."""
    AuditEntry.objects.log_create(
        Campaign.objects.get(pk=campaign),
        force_log=True,
        action=AuditEntry.Action.UPDATE,
        changes={
            "view_count": [str(before.views), str(after.views)],
            "view_seconds": [str(before.seconds), str(after.seconds)],
            "voided_device": [None, device_id],
        },
    )
