"""`manage.py recount_views`: compare the sums of views with the views themselves, and correct them."""

from datetime import date
from functools import partial
from typing import NamedTuple
from uuid import UUID

from django.core.management.base import CommandError, CommandParser
from django.db import connection, transaction
from django.utils.formats import date_format
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from ads.models import Ad
from ads.reporting.counting import DAY_OF_VIEW, lock_totals
from campaign_studio.database.timeouts import lift_statement_timeout
from campaign_studio.management.base import StudioCommand
from campaign_studio.retrying import retried

# The correct sums by day. Where the views have been dropped, the stored sum counts as correct.
COUNTED = f"""
WITH views AS (
    SELECT ad_id, {DAY_OF_VIEW} AS day, country, city, local_day IS NOT NULL AS is_local, duration_seconds
    FROM ad_views JOIN ads USING (ad_id)
    WHERE %(campaign)s::uuid IS NULL OR campaign_id = %(campaign)s::uuid
), counted AS (
    SELECT ad_id, day, country, city, is_local,
        count(*) AS view_count, sum(duration_seconds)::bigint AS view_seconds
    FROM views WHERE NOT EXISTS (
        SELECT FROM ad_view_days AS final
        WHERE is_final AND (final.ad_id, final.day, final.country, final.city, final.is_local)
            = (views.ad_id, views.day, views.country, views.city, views.is_local)
    )
    GROUP BY 1, 2, 3, 4, 5
    UNION ALL
    SELECT ad_id, day, country, city, is_local, view_count, view_seconds FROM ad_view_days WHERE is_final
)
"""  # noqa: S608 - a constant
DIFFERING_DAYS = (
    COUNTED
    + """
SELECT campaign_id, ad_name, ad_id, day, country, city, is_local,
    coalesce(stored.view_count, 0), coalesce(stored.view_seconds, 0),
    coalesce(counted.view_count, 0), coalesce(counted.view_seconds, 0)
FROM counted FULL JOIN ad_view_days AS stored USING (ad_id, day, country, city, is_local) JOIN ads USING (ad_id)
WHERE (%(campaign)s::uuid IS NULL OR campaign_id = %(campaign)s::uuid)
    AND (stored.view_count, stored.view_seconds) IS DISTINCT FROM (counted.view_count, counted.view_seconds)
ORDER BY campaign_id, ad_id, day, country, city, is_local
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
DELETE_DAY = """
DELETE FROM ad_view_days WHERE ad_id = %s AND day = %s AND country = %s AND city = %s AND is_local = %s
"""
WRITE_DAY = """
INSERT INTO ad_view_days (ad_id, day, country, city, is_local, view_count, view_seconds)
VALUES (%s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (ad_id, day, country, city, is_local) DO UPDATE
SET view_count = EXCLUDED.view_count, view_seconds = EXCLUDED.view_seconds
"""
WRITE_AD = "UPDATE ads SET ad_view_count = %s WHERE ad_id = %s"
WRITE_CAMPAIGN = "UPDATE campaign_view_totals SET view_count = %s, view_seconds = %s WHERE campaign_id = %s"

IN_A_PLACE = _(
    "Ad “%(name)s” (%(id)s) on %(day)s in %(place)s. Views: %(views)d stored, %(counted_views)d counted. "
    "Seconds: %(seconds)d stored, %(counted_seconds)d counted."
)
IN_AN_UNKNOWN_PLACE = _(
    "Ad “%(name)s” (%(id)s) on %(day)s in an unknown place. Views: %(views)d stored, %(counted_views)d counted. "
    "Seconds: %(seconds)d stored, %(counted_seconds)d counted."
)


class Difference(NamedTuple):
    """A sum that differs from the counted views: its campaign, a message, and the statement that corrects it."""

    campaign_id: UUID
    message: str
    sql: str
    values: tuple[UUID | date | str | int, ...]


class Command(StudioCommand):
    """Can run while views are reported: it compares one snapshot, and recounts what it corrects under the lock."""

    help = _("Compare the sums of views by day, ad and campaign with the stored views, and correct those that differ.")

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--check",
            action="store_true",
            help=gettext("only report the sums that differ, with exit code 1 if there are any"),
        )

    def handle(self, *, check: bool, **options: object) -> None:
        """Raises CommandError with `check` if any sum differs."""
        lift_statement_timeout()
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            found = differences()
        for difference in found:
            self.stdout.write(difference.message)
        if not found:
            self.stdout.write(gettext("All sums are correct."))
        elif check:
            message = ngettext(
                "%(count)d sum differs. Run recount_views without --check to correct it.",
                "%(count)d sums differ. Run recount_views without --check to correct them.",
                len(found),
            )
            raise CommandError(message % {"count": len(found)})
        else:
            campaigns = sorted({difference.campaign_id for difference in found})
            corrected = sum(retried(partial(_correct, campaign)) for campaign in campaigns)
            message = ngettext("Corrected %(count)d sum.", "Corrected %(count)d sums.", corrected)
            self.stdout.write(message % {"count": corrected})


def differences(campaign: UUID | None = None) -> list[Difference]:
    """The sums that differ, of one campaign or all campaigns: by day, then by ad, then by campaign."""
    found = []
    with connection.cursor() as cursor:
        cursor.execute(DIFFERING_DAYS, {"campaign": campaign})
        found += [_of_a_day(*row) for row in cursor.fetchall()]
        cursor.execute(DIFFERING_ADS, {"campaign": campaign})
        found += [_of_an_ad(*row) for row in cursor.fetchall()]
        cursor.execute(DIFFERING_CAMPAIGNS, {"campaign": campaign})
        found += [_of_a_campaign(*row) for row in cursor.fetchall()]
    return found


def _correct(campaign: UUID) -> int:
    """Correct the sums of one campaign while its totals are locked. Returns how many were wrong."""
    with transaction.atomic():
        lock_totals(Ad.objects.filter(campaign=campaign).values_list("pk", flat=True))
        found = differences(campaign)
        with connection.cursor() as cursor:
            for difference in found:
                cursor.execute(difference.sql, difference.values)
    return len(found)


def _of_a_day(
    campaign_id: UUID, ad_name: str, ad_id: UUID, day: date, country: str, city: str, is_local: bool, *sums: int
) -> Difference:
    views, seconds = sums[2:]
    of_day = date_format(day) if is_local else gettext("%(day)s (UTC)") % {"day": date_format(day)}
    place = ", ".join(part for part in (city, country) if part)
    message = IN_A_PLACE if place else IN_AN_UNKNOWN_PLACE
    names = {"name": ad_name, "id": ad_id, "day": of_day, "place": place}
    key = (ad_id, day, country, city, is_local)
    sql, values = (WRITE_DAY, (*key, views, seconds)) if views else (DELETE_DAY, key)
    return Difference(campaign_id, message % {**names, **_by_name(sums)}, sql, values)


def _of_an_ad(campaign_id: UUID, ad_id: UUID, ad_name: str, stored: int, counted: int) -> Difference:
    message = gettext("Ad “%(name)s” (%(id)s). Views: %(stored)d stored, %(counted)d counted.")
    values = {"name": ad_name, "id": ad_id, "stored": stored, "counted": counted}
    return Difference(campaign_id, message % values, WRITE_AD, (counted, ad_id))


def _of_a_campaign(campaign_id: UUID, campaign_name: str, *sums: int) -> Difference:
    message = gettext(
        "Campaign “%(name)s” (%(id)s). Views: %(views)d stored, %(counted_views)d counted. "
        "Seconds: %(seconds)d stored, %(counted_seconds)d counted."
    )
    views, seconds = sums[2:]
    values = {"name": campaign_name, "id": campaign_id, **_by_name(sums)}
    return Difference(campaign_id, message % values, WRITE_CAMPAIGN, (views, seconds, campaign_id))


def _by_name(sums: tuple[int, ...]) -> dict[str, int]:
    """The stored sums, then the counted ones, as the messages name them."""
    return dict(zip(("views", "seconds", "counted_views", "counted_seconds"), sums, strict=True))
