"""An ad may have a sum for a day of the screens' clocks and one for the same day in UTC.

Backwards, both become one. `recount_views` of the older version then moves the views to their day in UTC.
"""

from django.db import migrations, models

UNIQUE = "CREATE UNIQUE INDEX CONCURRENTLY ad_view_days_being_built ON ad_view_days"
FORGET = "DROP INDEX CONCURRENTLY IF EXISTS ad_view_days_being_built"
EXCHANGE = """
ALTER TABLE ad_view_days
    DROP CONSTRAINT ad_view_day_is_one_row,
    ADD CONSTRAINT ad_view_day_is_one_row UNIQUE USING INDEX ad_view_days_being_built
"""
MERGE = """
WITH taken AS (
    DELETE FROM ad_view_days AS here WHERE is_local AND EXISTS (
        SELECT FROM ad_view_days AS utc WHERE NOT utc.is_local
            AND (utc.ad_id, utc.day, utc.country, utc.city) = (here.ad_id, here.day, here.country, here.city)
    )
    RETURNING ad_id, day, country, city, view_count, view_seconds, is_final
)
UPDATE ad_view_days AS utc SET
    view_count = utc.view_count + taken.view_count,
    view_seconds = utc.view_seconds + taken.view_seconds,
    is_final = utc.is_final OR taken.is_final
FROM taken
WHERE NOT utc.is_local
    AND (utc.ad_id, utc.day, utc.country, utc.city) = (taken.ad_id, taken.day, taken.country, taken.city)
"""


class Migration(migrations.Migration):
    # Servers go on reading and writing while the index is built. What has been done can be done again.
    atomic = False
    dependencies = [("ads", "0011_local_days")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    [FORGET, f"{UNIQUE} (ad_id, day, country, city, is_local)", EXCHANGE],
                    [MERGE, FORGET, f"{UNIQUE} (ad_id, day, country, city)", EXCHANGE],
                )
            ],
            state_operations=[
                migrations.RemoveConstraint("adviewday", "ad_view_day_is_one_row"),
                migrations.AddConstraint(
                    "adviewday",
                    models.UniqueConstraint(
                        fields=["ad", "day", "country", "city", "is_local"], name="ad_view_day_is_one_row"
                    ),
                ),
            ],
        ),
    ]
