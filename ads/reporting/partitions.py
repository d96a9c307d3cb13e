"""The monthly partitions of `ad_views`, which are created ahead and dropped when they are too old.

Views of a month without a partition go to the default partition `ad_views_other`, so none is lost.
"""

import re
from datetime import UTC, date, datetime

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q

from ads.models import AdViewDay

MONTH_PARTITION = re.compile(r"ad_views_(\d{4})_(\d{2})")

FIND_PARTITIONS = """
SELECT child.relname FROM pg_inherits
JOIN pg_class AS child ON child.oid = inhrelid
WHERE inhparent = 'ad_views'::regclass
ORDER BY child.relname
"""
# PostgreSQL refuses a partition while the default one has rows that belong in it, so they are set aside first.
SET_ASIDE = """
CREATE TEMPORARY TABLE views_set_aside ON COMMIT DROP AS
SELECT * FROM ad_views_other WHERE viewed_at >= %s AND viewed_at < %s
"""


def kept_from(now: datetime) -> datetime:
    """The start of the oldest month whose views are kept (setting `VIEW_RETENTION_MONTHS`), in UTC."""
    return _moment(_shifted(_month(now), -settings.VIEW_RETENTION_MONTHS))


def partitions() -> list[date]:
    """The first days of the months that have a partition."""
    with connection.cursor() as cursor:
        cursor.execute(FIND_PARTITIONS)
        names = [MONTH_PARTITION.fullmatch(name) for (name,) in cursor.fetchall()]
    return [date(int(name[1]), int(name[2]), 1) for name in names if name]


def has_next_month(now: datetime) -> bool:
    """Whether next month has a partition."""
    return _shifted(_month(now), 1) in partitions()


def drop_old_views(now: datetime) -> tuple[list[str], int]:
    """Drop the partitions that are too old, and delete views of the same age from the default partition.

    Returns the names of the partitions and the number of deleted views. The sums by day are kept and become final.
    """
    oldest = kept_from(now)
    dropped = [_name(month) for month in partitions() if month < oldest.date()]
    with transaction.atomic(), connection.cursor() as cursor:
        if dropped:
            _lock()
        for name in dropped:
            cursor.execute(f"DROP TABLE {name}")
        cursor.execute("DELETE FROM ad_views_other WHERE viewed_at < %s", [oldest])
        deleted = cursor.rowcount
        # East of Greenwich, the first day of the month began before it did in UTC.
        has_lost_views = Q(day__lt=oldest.date()) | Q(day=oldest.date(), is_local=True)
        AdViewDay.objects.filter(has_lost_views, is_final=False).update(is_final=True)
        return dropped, deleted


def make_partitions(now: datetime, *, months_ahead: int) -> list[tuple[str, int]]:
    """Create the missing partitions, from the earliest view in the default partition to `months_ahead`.

    Returns the name of each, with the number of views that were moved into it. Each month is created in its own
    transaction, so that counting waits for at most one month's views to be moved.
    """
    month, last = _first_month(now), _shifted(_month(now), months_ahead)
    there = set(partitions())
    made = []
    while month <= last:
        if month not in there and (moved := _make(month)) is not None:
            made.append((_name(month), moved))
        month = _shifted(month, 1)
    return made


def _first_month(now: datetime) -> date:
    with connection.cursor() as cursor:
        cursor.execute("SELECT min(viewed_at) FROM ad_views_other")
        (earliest,) = cursor.fetchone()
    return min(_month(earliest or now), _month(now))


def _make(month: date) -> int | None:
    """Create one month and return how many views were moved into it, or None if it has been created in the meantime."""
    bounds = [_moment(month), _moment(_shifted(month, 1))]
    with transaction.atomic(), connection.cursor() as cursor:
        _lock()
        if month in partitions():
            return None
        cursor.execute(SET_ASIDE, bounds)
        cursor.execute("DELETE FROM ad_views_other WHERE viewed_at >= %s AND viewed_at < %s", bounds)
        cursor.execute(f"CREATE TABLE {_name(month)} PARTITION OF ad_views FOR VALUES FROM (%s) TO (%s)", bounds)
        cursor.execute("INSERT INTO ad_views SELECT * FROM views_set_aside")
        moved = cursor.rowcount
        cursor.execute("DROP TABLE views_set_aside")
        return moved


def _lock() -> None:
    """Lock out everything that reads or counts views until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("LOCK TABLE ad_views IN ACCESS EXCLUSIVE MODE")


def _month(moment: datetime) -> date:
    """The first day of the month in UTC that contains `moment`."""
    return moment.astimezone(UTC).date().replace(day=1)


def _shifted(month: date, months: int) -> date:
    """The first day of the month that is `months` later."""
    number = month.year * 12 + month.month - 1 + months
    return date(number // 12, number % 12 + 1, 1)


def _moment(month: date) -> datetime:
    return datetime(month.year, month.month, 1, tzinfo=UTC)


def _name(month: date) -> str:
    return f"ad_views_{month:%Y_%m}"
