"""Counting views: each once, and none beyond the campaign's caps or what a screen can have shown.

Locks are always taken in the same order, which prevents deadlocks between counting, voiding, deleting and recounting:
the device, the totals of the campaigns, then the ads, each by key. The lock of the device makes simultaneous reports of
one device wait for each other, so that each sees the seconds of those before it. The totals are locked late, because
reports of other devices wait for them; whoever has them may also write the sums by day of their ads.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import TypeVar
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts.audit.models import SecurityEvent
from accounts.choices import SecurityEventKind
from ads.models import Device
from ads.reporting.known import Known, array, ids
from ads.reporting.reports import (
    IMPLAUSIBLE,
    CountedAd,
    ProvenView,
    Refusal,
    Rejection,
    ReportedView,
    Shown,
    Totals,
    objection,
    proven,
)
from campaign_studio.acting import DATABASE_ACTOR
from campaign_studio.database.prepared import execute, fetch_all, fetch_one
from campaign_studio.rate_limits import REFUSALS_PERIOD, count_refusal, is_summed_up

# The statements below are planned once per connection, whatever the length of a report: PostgreSQL would take most
# short ones for worth a plan of their own, which costs more than they do. While the partition of a month is new,
# PostgreSQL takes it for tiny and would read all of it: hence no sequential scans.
PLANNED_ONCE = "set_config('plan_cache_mode', 'force_generic_plan', true), set_config('enable_seqscan', 'off', true)"
LOCK_DEVICE = f"""
SELECT {PLANNED_ONCE}
FROM devices WHERE device_id = %s AND is_active FOR NO KEY UPDATE
"""  # noqa: S608 - a constant
# Locks the campaigns, so that they can't be deleted while their rows of totals are created.
MAKE_TOTALS = """
INSERT INTO campaign_view_totals (campaign_id)
SELECT campaign_id FROM campaigns
WHERE campaign_id IN (SELECT campaign_id FROM ads WHERE ad_id = ANY(%s::uuid[]))
    AND NOT EXISTS (SELECT FROM campaign_view_totals WHERE campaign_view_totals.campaign_id = campaigns.campaign_id)
ORDER BY campaign_id FOR KEY SHARE OF campaigns
ON CONFLICT DO NOTHING
"""
# With IN instead of ANY, PostgreSQL would repeat the inner question for each row for which it had to wait.
LOCK_TOTALS = """
SELECT count(*) FROM (
    SELECT FROM campaign_view_totals
    WHERE campaign_id = ANY(ARRAY(SELECT campaign_id FROM ads WHERE ad_id = ANY(%s::uuid[])))
    ORDER BY campaign_id FOR UPDATE
) AS locked
"""
# A statement of its own, which sees what was committed before the totals were locked.
LOCK_ADS = """
SELECT wanted.number, campaign_id, view_count, view_seconds, campaign_max_view_count,
    campaign_max_view_duration_value, campaign_max_view_duration_unit,
    ad_in_view_duration_value, ad_in_view_duration_unit,
    ad_impression_duration_value, ad_impression_duration_unit
FROM unnest(%s::uuid[]) WITH ORDINALITY AS wanted (ad_id, number)
    JOIN ads USING (ad_id) JOIN campaigns USING (campaign_id) JOIN campaign_view_totals USING (campaign_id)
ORDER BY ads.ad_id FOR NO KEY UPDATE OF ads
"""
# The ads and the totals are locked already, and with them the sums by day. Receipts are of one device. What several
# views share is sent once, and named by its number.
WRITE = """
WITH counted AS (
    SELECT view_id, viewed_at, duration_seconds, shown.*, place.*
    FROM unnest(%s::uuid[], %s::timestamptz[], %s::integer[], %s::integer[])
        AS view (view_id, viewed_at, duration_seconds, shown_number)
    JOIN unnest(%s::uuid[], %s::uuid[], %s::timestamptz[], %s::date[], %s::integer[]) WITH ORDINALITY
        AS shown (impression_id, ad_id, quarter, local_day, place_number, shown_number) USING (shown_number)
    JOIN unnest(%s::text[], %s::text[], %s::text[], %s::text[]) WITH ORDINALITY
        AS place (position, country, city, postcode, place_number) USING (place_number)
), receipts AS (
    INSERT INTO ad_view_receipts (view_id) SELECT view_id FROM counted ORDER BY view_id
), views AS (
    INSERT INTO ad_views (
        view_id, ad_id, viewed_at, duration_seconds, country, city, postcode, device_id, position, quarter,
        impression_id, local_day, created_at
    )
    SELECT view_id, ad_id, viewed_at, duration_seconds, country, city, postcode, %s, position, quarter,
        impression_id, local_day, %s
    FROM counted
), of_days AS (
    INSERT INTO ad_view_days (ad_id, day, country, city, is_local, view_count, view_seconds)
    SELECT ad_id, local_day, country, city, TRUE, count(*), sum(duration_seconds)
    FROM counted GROUP BY ad_id, local_day, country, city
    ON CONFLICT (ad_id, day, country, city, is_local) DO UPDATE SET
        view_count = ad_view_days.view_count + EXCLUDED.view_count,
        view_seconds = ad_view_days.view_seconds + EXCLUDED.view_seconds
), of_ads AS (
    UPDATE ads SET ad_view_count = ad_view_count + more.views
    FROM (SELECT ad_id, count(*) AS views, sum(duration_seconds) AS seconds FROM counted GROUP BY ad_id) AS more
    WHERE ads.ad_id = more.ad_id
    RETURNING ads.campaign_id, more.views, more.seconds
)
UPDATE campaign_view_totals AS total SET
    view_count = total.view_count + more.views,
    view_seconds = total.view_seconds + more.seconds
FROM (SELECT campaign_id, sum(views) AS views, sum(seconds) AS seconds FROM of_ads GROUP BY campaign_id) AS more
WHERE total.campaign_id = more.campaign_id
"""
# The day on which a stored view was counted. It is that of the screen's clock if there is a `local_day`.
DAY_OF_VIEW = "coalesce(local_day, (viewed_at AT TIME ZONE 'UTC')::date)"


Value = TypeVar("Value")


class InactiveDeviceError(Exception):
    """The device has been deactivated or deleted."""


@dataclass
class CountResult:
    """The outcome of a report. `rejected` has the reason for each rejected view, by its index."""

    accepted: int = 0
    duplicates: int = 0
    rejected: dict[int, Rejection] = field(default_factory=dict)


def count_views(
    views: Sequence[ReportedView], *, device: Device, now: datetime, is_locked: bool = False
) -> CountResult:
    """Count the views that can be counted, in the order of the report and in one transaction.

    A view that was counted before is a duplicate, even if it would be rejected now. A rejected view isn't stored and
    may be sent again. Implausible views are a security event. `is_locked`: the device comes from `reporting_device()`.
    Raises InactiveDeviceError if the device may no longer report views.
    """
    result, accepted = CountResult(), []
    # Without a savepoint: whoever calls this in a transaction gives it up if this fails.
    with transaction.atomic(savepoint=False):
        if not is_locked:
            lock_device(device)
        found = proven(views, device.pk)
        believed = [view for view in found.values() if view]
        known = Known.of(believed, device.pk)
        # Last, because others wait for these.
        ads = _lock(believed, make_totals=known.lacks_totals)
        for index, view in found.items():
            if view is None:
                result.rejected[index] = Rejection(Refusal.FORGED)
            elif view.view_id in known.view_ids:
                result.duplicates += 1
            elif (ad := ads.get(view.shown)) is None:
                result.rejected[index] = Rejection(Refusal.UNKNOWN_AD)
            elif rejection := objection(view, ad, now) or known.airtime.objection(view) or ad.totals.objection(ad):
                result.rejected[index] = rejection
            else:
                known.view_ids.add(view.view_id)
                accepted.append(view)
                known.airtime.add(view)
                ad.totals.add(view.duration_seconds)
        if accepted:
            _write(accepted, device)
        _record_implausible(device, result)
    result.accepted = len(accepted)
    return result


def reporting_device(device_id: str, key: str) -> Device | None:
    """The active device with this ID and key, locked as by `lock_device()`, or None.

    One statement does that and tells triggers that no user acts. A wrong key locks nothing.
    """
    found = fetch_one(_lock_reporting_device(), (device_id, Device.hash_of(key)))
    return Device.objects.of_row(found[: len(Device._meta.concrete_fields)], key) if found else None


@cache
def _lock_reporting_device() -> str:
    columns = ", ".join(field.attname for field in Device._meta.concrete_fields)
    return f"""
    SELECT {columns}, {PLANNED_ONCE}, set_config('{DATABASE_ACTOR}', '', true)
    FROM devices WHERE device_id = %s AND key_hash = %s AND is_active FOR NO KEY UPDATE
    """  # noqa: S608 - the columns of the model


def lock_device(device: Device) -> None:
    """Lock the device until the transaction ends. Raises InactiveDeviceError."""
    if fetch_one(LOCK_DEVICE, [device.pk]) is None:
        raise InactiveDeviceError(device.pk)


def lock_totals(ads: Collection[UUID]) -> None:
    """Lock the totals of the ads' campaigns until the transaction ends, and make those that don't exist yet."""
    execute(MAKE_TOTALS, [ids(ads)])
    execute(LOCK_TOTALS, [ids(ads)])


def _lock(views: Collection[ProvenView], *, make_totals: bool) -> dict[Shown, CountedAd]:
    """The ads of the views that still exist, locked with the totals of their campaigns."""
    shown = {view.shown for view in views}
    wanted = list({one.impression.ad_id for one in shown})
    keys = ids(wanted)
    if make_totals:
        execute(MAKE_TOTALS, [keys])
    execute(LOCK_TOTALS, [keys])
    totals: dict[UUID, Totals] = {}
    ads = {}
    for number, campaign, views_so_far, seconds_so_far, max_views, *durations in fetch_all(LOCK_ADS, [keys]):
        total = totals.setdefault(campaign, Totals(views_so_far, seconds_so_far))
        ads[wanted[number - 1]] = CountedAd.from_columns(total, max_views, *durations)
    return {one: ads[one.impression.ad_id] for one in shown if one.impression.ad_id in ads}


def _write(views: list[ProvenView], device: Device) -> None:
    """Write the views with their receipts, and add them to every sum. Bypasses the models: no version changes."""
    impressions, places = _Numbered[tuple[Shown, datetime]](), _Numbered[tuple[str, ...]]()
    numbers = [impressions[view.shown, view.quarter] for view in views]
    shown = [
        (
            one.id,
            one.impression.ad_id.hex,
            quarter.isoformat(),
            # The day on which it is counted is that of the screen's clock.
            one.impression.quarter.date().isoformat(),
            places[one.impression.position, one.impression.country, one.impression.city, one.impression.postcode],
        )
        for one, quarter in impressions
    ]
    values = [
        array(view.view_id for view in views),
        array(view.viewed_at.isoformat() for view in views),
        array(view.duration_seconds for view in views),
        array(numbers),
        *(array(column) for column in zip(*shown, strict=True)),
        *(list(column) for column in zip(*places, strict=True)),
        device.pk,
        timezone.now(),
    ]
    execute(WRITE, values)


class _Numbered(dict[Value, int]):
    """Gives each new value the next number, from 1."""

    def __missing__(self, value: Value) -> int:
        self[value] = number = len(self) + 1
        return number


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
