"""What is known about the views of a report, read by one statement."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Self
from uuid import UUID

from ads.reporting.reports import Airtime, ProvenView
from campaign_studio.database.prepared import fetch_all

# What is known about a report, each row about the view or quarter hour of that number, or an impression, and whether a
# campaign has no totals yet. Views of an impression have the same local time with different offsets, from -12:00 to
# +14:00, so they lie within two days of each other. The range of days spares PostgreSQL the partitions of other months.
KNOWN = """
SELECT 'view', '', number, 0
FROM unnest(%s::uuid[]) WITH ORDINALITY AS view (view_id, number) JOIN ad_view_receipts USING (view_id)
UNION ALL
SELECT 'quarter', '', number, seconds FROM (
    SELECT position, quarter, sum(greatest(duration_seconds, 1)) AS seconds FROM ad_views
    WHERE device_id = %s AND quarter = ANY(%s::timestamptz[]) AND viewed_at BETWEEN %s AND %s
    GROUP BY position, quarter
) AS shown JOIN unnest(%s::text[], %s::timestamptz[]) WITH ORDINALITY AS wanted (position, quarter, number)
    USING (position, quarter)
UNION ALL
SELECT 'impression', replace(impression_id::text, '-', ''), 0, sum(greatest(duration_seconds, 1)) FROM ad_views
WHERE impression_id = ANY(%s::uuid[]) AND viewed_at BETWEEN %s AND %s
GROUP BY impression_id
UNION ALL
SELECT 'totals', '', 0, 0 WHERE EXISTS (
    SELECT FROM ads WHERE ad_id = ANY(%s::uuid[])
        AND NOT EXISTS (SELECT FROM campaign_view_totals WHERE campaign_view_totals.campaign_id = ads.campaign_id)
)
"""


@dataclass
class Known:
    """What is known about the views of a report: the ids that have been counted, and the seconds of the device.

    `lacks_totals`: a campaign has none yet.
    """

    view_ids: set[str] = field(default_factory=set)
    airtime: Airtime = field(default_factory=Airtime)
    lacks_totals: bool = False

    @classmethod
    def of(cls, views: list[ProvenView], device_id: str) -> Self:
        """Read it. The device must be locked, so that its other reports wait."""
        known = cls()
        if not views:
            return known
        moments = [view.viewed_at for view in views]
        days = (min(moments) - timedelta(days=2), max(moments) + timedelta(days=2))
        keys = [view.view_id for view in views]
        quarters = list({view.airtime for view in views})
        positions, starts = zip(*quarters, strict=True)
        values = (
            *(array(keys), device_id, array(map(datetime.isoformat, {*starts})), *days),
            *(array(positions), array(map(datetime.isoformat, starts))),
            *(array({view.shown.id for view in views}), *days),
            ids({view.shown.impression.ad_id for view in views}),
        )
        for what, impression, number, seconds in fetch_all(KNOWN, values):
            if what == "view":
                known.view_ids.add(keys[number - 1])
            elif what == "quarter":
                known.airtime.of_quarters[quarters[number - 1]] = seconds
            elif what == "impression":
                known.airtime.of_impressions[impression] = seconds
            else:
                known.lacks_totals = True
        return known


def ids(keys: Iterable[UUID]) -> str:
    """An array of UUIDs."""
    return array(key.hex for key in keys)


def array(values: Iterable[object]) -> str:
    """An array as PostgreSQL reads it, of values that need no quotes. The driver would take several times as long."""
    return f"{{{','.join(map(str, values))}}}"
