"""The months that `ad_views` is cut into: made ahead of time, dropped when they are too old.

What no month takes, the default partition `ad_views_other` does, so no view is ever lost for want of one.
"""

import re
from datetime import UTC, date, datetime

from django.conf import settings
from django.db import connection, transaction

from ads.models import AdViewDay

MONTH_PARTITION = re.compile(r"ad_views_(\d{4})_(\d{2})")

FIND_PARTITIONS = """
SELECT child.relname FROM pg_inherits
JOIN pg_class AS child ON child.oid = inhrelid
WHERE inhparent = 'ad_views'::regclass
ORDER BY child.relname
"""
# A new month is refused while the default partition holds rows of it: they step aside, and come back into the month.
SET_ASIDE = """
CREATE TEMPORARY TABLE views_set_aside ON COMMIT DROP AS
SELECT * FROM ad_views_other WHERE viewed_at >= %s AND viewed_at < %s
"""


def kept_from(now: datetime) -> datetime:
    """The first moment of which views are kept (setting `VIEW_RETENTION_MONTHS`): whole months, in UTC."""
    return _moment(_shifted(_month(now), -settings.VIEW_RETENTION_MONTHS))


def partitions() -> list[date]:
    """The months that have a partition, by their first day."""
    with connection.cursor() as cursor:
        cursor.execute(FIND_PARTITIONS)
        names = [MONTH_PARTITION.fullmatch(name) for (name,) in cursor.fetchall()]
    return [date(int(name[1]), int(name[2]), 1) for name in names if name]


def has_next_month(now: datetime) -> bool:
    """Whether somebody has made partitions ahead."""
    return _shifted(_month(now), 1) in partitions()


def drop_old_views(now: datetime) -> tuple[list[str], int]:
    """Drop the months that are too old; return their names, and how many views left the default partition.

    Their sums by day stay, and are final.
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
        AdViewDay.objects.filter(day__lt=oldest.date(), is_final=False).update(is_final=True)
        return dropped, deleted


def make_partitions(now: datetime, *, months_ahead: int) -> list[tuple[str, int]]:
    """Make what is missing, from the month of the earliest view without a month up to so many months ahead.

    Returns the names, each with the number of views that moved there. Each month is a transaction of its own, so that
    counting waits for one month's views at most.
    """
    month, last = _first_without_a_month(now), _shifted(_month(now), months_ahead)
    there = set(partitions())
    made = []
    while month <= last:
        if month not in there and (moved := _make(month)) is not None:
            made.append((_name(month), moved))
        month = _shifted(month, 1)
    return made


def _first_without_a_month(now: datetime) -> date:
    with connection.cursor() as cursor:
        cursor.execute("SELECT min(viewed_at) FROM ad_views_other")
        (earliest,) = cursor.fetchone()
    return min(_month(earliest or now), _month(now))


def _make(month: date) -> int | None:
    """Make one month; return how many views it has taken over. None when somebody else has just made it."""
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
    """Nobody reads or counts views until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("LOCK TABLE ad_views IN ACCESS EXCLUSIVE MODE")


def _month(moment: datetime) -> date:
    """The first day of its month, in UTC."""
    return moment.astimezone(UTC).date().replace(day=1)


def _shifted(month: date, months: int) -> date:
    """The first day of the month so many months later."""
    number = month.year * 12 + month.month - 1 + months
    return date(number // 12, number % 12 + 1, 1)


def _moment(month: date) -> datetime:
    return datetime(month.year, month.month, 1, tzinfo=UTC)


def _name(month: date) -> str:
    return f"ad_views_{month:%Y_%m}"
