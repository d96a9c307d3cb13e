"""`manage.py recount_views`: whether every sum of views says what the views themselves say."""

from datetime import date
from functools import partial
from typing import NamedTuple
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection, transaction

from ads.reporting.counting import lock_totals
from campaign_studio.database.timeouts import lift_statement_timeout
from campaign_studio.retrying import retried

# The days as they ought to be. Where the views were dropped, nothing but the sum is left: it is believed.
COUNTED = """
WITH counted AS (
    SELECT ad_id, (viewed_at AT TIME ZONE 'UTC')::date AS day, country, city,
        count(*) AS view_count, sum(duration_seconds)::bigint AS view_seconds
    FROM ad_views JOIN ads USING (ad_id)
    WHERE (%(campaign)s::uuid IS NULL OR campaign_id = %(campaign)s::uuid) AND NOT EXISTS (
        SELECT FROM ad_view_days AS final
        WHERE is_final AND final.ad_id = ad_views.ad_id AND final.day = (viewed_at AT TIME ZONE 'UTC')::date
            AND final.country = ad_views.country AND final.city = ad_views.city
    )
    GROUP BY 1, 2, 3, 4
    UNION ALL
    SELECT ad_id, day, country, city, view_count, view_seconds FROM ad_view_days WHERE is_final
)
"""
DIFFERING_DAYS = (
    COUNTED
    + """
SELECT campaign_id, ad_id, ad_name, day, country, city,
    coalesce(stored.view_count, 0), coalesce(stored.view_seconds, 0),
    coalesce(counted.view_count, 0), coalesce(counted.view_seconds, 0)
FROM counted FULL JOIN ad_view_days AS stored USING (ad_id, day, country, city) JOIN ads USING (ad_id)
WHERE (%(campaign)s::uuid IS NULL OR campaign_id = %(campaign)s::uuid)
    AND (stored.view_count, stored.view_seconds) IS DISTINCT FROM (counted.view_count, counted.view_seconds)
ORDER BY campaign_id, ad_id, day, country, city
"""
)
DIFFERING_ADS = (
    COUNTED
    + """
SELECT campaign_id, ad_id, ad_name, ad_view_count, coalesce(sum(counted.view_count), 0)::bigint
FROM ads LEFT JOIN counted USING (ad_id)
WHERE %(campaign)s::uuid IS NULL OR campaign_id = %(campaign)s::uuid
GROUP BY ad_id HAVING ad_view_count <> coalesce(sum(counted.view_count), 0)
ORDER BY campaign_id, ad_id
"""
)
DIFFERING_CAMPAIGNS = (
    COUNTED
    + """
SELECT campaigns.campaign_id, campaign_name, coalesce(stored.view_count, 0), coalesce(stored.view_seconds, 0),
    coalesce(sum(counted.view_count), 0)::bigint, coalesce(sum(counted.view_seconds), 0)::bigint
FROM campaigns LEFT JOIN campaign_view_totals AS stored USING (campaign_id)
    LEFT JOIN ads USING (campaign_id) LEFT JOIN counted USING (ad_id)
WHERE %(campaign)s::uuid IS NULL OR campaigns.campaign_id = %(campaign)s::uuid
GROUP BY campaigns.campaign_id, stored.campaign_id
HAVING coalesce(stored.view_count, 0) <> coalesce(sum(counted.view_count), 0)
    OR coalesce(stored.view_seconds, 0) <> coalesce(sum(counted.view_seconds), 0)
ORDER BY campaigns.campaign_id
"""
)
FORGET_DAY = "DELETE FROM ad_view_days WHERE ad_id = %s AND day = %s AND country = %s AND city = %s"
WRITE_DAY = """
INSERT INTO ad_view_days (ad_id, day, country, city, view_count, view_seconds) VALUES (%s, %s, %s, %s, %s, %s)
ON CONFLICT (ad_id, day, country, city) DO UPDATE
SET view_count = EXCLUDED.view_count, view_seconds = EXCLUDED.view_seconds
"""
WRITE_AD = "UPDATE ads SET ad_view_count = %s WHERE ad_id = %s"
WRITE_CAMPAIGN = "UPDATE campaign_view_totals SET view_count = %s, view_seconds = %s WHERE campaign_id = %s"


class Difference(NamedTuple):
    """A sum that is not what was counted: whose, in words, and what it takes to mend it."""

    campaign_id: UUID
    words: str
    sql: str
    values: tuple[UUID | date | str | int, ...]


class Command(BaseCommand):
    """Can run while views come in: what it reads is of one moment, what it mends it counts again under the lock."""

    help = "Compare the sums of views by day, ad and campaign with the views that are kept, and repair what differs."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="only say what differs; exit code 1 if any does")

    def handle(self, *, check: bool, **options: object) -> None:
        """Compare, and repair. Raises CommandError when something differs and is only to be checked."""
        lift_statement_timeout()
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            found = differences()
        for difference in found:
            self.stdout.write(difference.words)
        if not found:
            self.stdout.write("Every sum is right.")
        elif check:
            raise CommandError(f"{len(found)} sums differ. Run recount_views without --check to repair them.")
        else:
            campaigns = sorted({difference.campaign_id for difference in found})
            repaired = sum(retried(partial(_repair, campaign)) for campaign in campaigns)
            self.stdout.write(f"Repaired: {repaired}.")


def differences(campaign: UUID | None = None) -> list[Difference]:
    """Every sum that differs, of one campaign or of all: days, then ads, then campaigns."""
    found = []
    with connection.cursor() as cursor:
        cursor.execute(DIFFERING_DAYS, {"campaign": campaign})
        found += [_of_a_day(*row) for row in cursor.fetchall()]
        cursor.execute(DIFFERING_ADS, {"campaign": campaign})
        found += [_of_an_ad(*row) for row in cursor.fetchall()]
        cursor.execute(DIFFERING_CAMPAIGNS, {"campaign": campaign})
        found += [_of_a_campaign(*row) for row in cursor.fetchall()]
    return found


def _repair(campaign: UUID) -> int:
    """Make one campaign's sums right, while nobody counts its views; return how many were wrong."""
    with transaction.atomic():
        lock_totals([campaign])
        found = differences(campaign)
        with connection.cursor() as cursor:
            for difference in found:
                cursor.execute(difference.sql, difference.values)
    return len(found)


def _of_a_day(
    campaign_id: UUID, ad_id: UUID, ad_name: str, day: date, country: str, city: str, *sums: int
) -> Difference:
    views, seconds, counted_views, counted_seconds = sums
    where = ", ".join(part for part in (city, country) if part) or "no place"
    words = (
        f"Ad “{ad_name}” ({ad_id}) on {day} in {where}: stored {views} views and {seconds} seconds, "
        f"counted {counted_views} and {counted_seconds}."
    )
    key = (ad_id, day, country, city)
    if counted_views:
        return Difference(campaign_id, words, WRITE_DAY, (*key, counted_views, counted_seconds))
    return Difference(campaign_id, words, FORGET_DAY, key)


def _of_an_ad(campaign_id: UUID, ad_id: UUID, ad_name: str, views: int, counted: int) -> Difference:
    words = f"Ad “{ad_name}” ({ad_id}): stored {views} views, counted {counted}."
    return Difference(campaign_id, words, WRITE_AD, (counted, ad_id))


def _of_a_campaign(campaign_id: UUID, campaign_name: str, *sums: int) -> Difference:
    views, seconds, counted_views, counted_seconds = sums
    words = (
        f"Campaign “{campaign_name}” ({campaign_id}): stored {views} views and {seconds} seconds, "
        f"counted {counted_views} and {counted_seconds}."
    )
    return Difference(campaign_id, words, WRITE_CAMPAIGN, (counted_views, counted_seconds, campaign_id))
