"""Delivery finds ads by the quarter hours of the week, because time slots are for days of the week."""

from django.db import migrations

import ads.fields

# Until now, all slots are for every day.
CONVERT = """
CREATE OR REPLACE FUNCTION pg_temp.on_every_day(quarters smallint[]) RETURNS int4multirange LANGUAGE sql AS $$
    SELECT CASE WHEN quarters = '{-1}' THEN '{[0,672)}' ELSE (
        SELECT range_agg(int4range(day * 96 + quarter, day * 96 + quarter + 1))
        FROM unnest(quarters) AS quarter, generate_series(0, 6) AS day
    ) END
$$;
ALTER TABLE deliverable_ads ALTER COLUMN quarters TYPE int4multirange USING pg_temp.on_every_day(quarters);
"""
# Backwards, they are again.
CONVERT_BACK = """
CREATE OR REPLACE FUNCTION pg_temp.on_any_day(quarters int4multirange) RETURNS smallint[] LANGUAGE sql AS $$
    SELECT CASE WHEN quarters = '{[0,672)}' THEN '{-1}' ELSE ARRAY(
        SELECT DISTINCT (quarter % 96)::smallint
        FROM unnest(quarters) AS span, generate_series(lower(span), upper(span) - 1) AS quarter
    ) END
$$;
ALTER TABLE deliverable_ads ALTER COLUMN quarters TYPE smallint[] USING pg_temp.on_any_day(quarters);
"""
# As `ads.delivery.triggers.trigger_sql()` wrote it. The triggers are the same as before.
KEEP = """
CREATE OR REPLACE FUNCTION find_deliverable_ads(changed uuid) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM campaigns WHERE campaign_id = changed FOR NO KEY UPDATE;
    DELETE FROM deliverable_ads WHERE campaign_id = changed;
    INSERT INTO deliverable_ads (ad_id, ad_type_id, campaign_id, first_day, last_day, quarters, max_view_count, max_view_seconds, rating_level)
    SELECT "ads"."ad_id" AS "ad_id",
        "ads"."ad_type_id" AS "ad_type_id",
        "ads"."campaign_id" AS "campaign_id",
        GREATEST("campaigns"."campaign_start_date", "ads"."ad_start_date") AS "first_day",
        LEAST("campaigns"."campaign_end_date", "ads"."ad_end_date", "campaigns"."campaign_expiry_date", "ads"."ad_expiry_date") AS "last_day",
        COALESCE((SELECT range_agg(quarters_of_week(U0."weekdays", U0."time_slot_start", U0."time_slot_end")) AS "func1" FROM "ad_time_slots" U0 WHERE U0."ad_id" = ("ads"."ad_id")), int4multirange(int4range(0, 672))) AS "quarters",
        "campaigns"."campaign_max_view_count" AS "max_view_count",
        (("campaigns"."campaign_max_view_duration_value")::bigint * CASE WHEN "campaigns"."campaign_max_view_duration_unit" = 'seconds' THEN 1 WHEN "campaigns"."campaign_max_view_duration_unit" = 'minutes' THEN 60 WHEN "campaigns"."campaign_max_view_duration_unit" = 'hours' THEN 3600 WHEN "campaigns"."campaign_max_view_duration_unit" = 'days' THEN 86400 ELSE NULL END) AS "max_view_seconds",
        CASE WHEN "ad_content_ratings"."rating_label" = 'G' THEN 0 WHEN "ad_content_ratings"."rating_label" = 'PG' THEN 1 WHEN "ad_content_ratings"."rating_label" = 'PG-13' THEN 2 WHEN "ad_content_ratings"."rating_label" = 'R' THEN 3 WHEN "ad_content_ratings"."rating_label" = 'NC-17' THEN 4 WHEN "ad_content_ratings"."rating_label" = 'E' THEN 0 WHEN "ad_content_ratings"."rating_label" = 'E10+' THEN 1 WHEN "ad_content_ratings"."rating_label" = 'T' THEN 2 WHEN "ad_content_ratings"."rating_label" = 'M' THEN 3 WHEN "ad_content_ratings"."rating_label" = 'AO' THEN 4 ELSE NULL END AS "rating_level"
    FROM "ads"
    INNER JOIN "campaigns" ON ("ads"."campaign_id" = "campaigns"."campaign_id")
    LEFT OUTER JOIN "ad_content_ratings" ON ("ads"."ad_id" = "ad_content_ratings"."ad_id")
    WHERE ("ads"."campaign_id" = (changed)
    AND "campaigns"."campaign_status" = 'active'
    AND "ads"."ad_status" = 'active'
    AND "ads"."moderation_status" = 'approved'
    AND "ad_content_ratings"."no_prohibited_content"
    AND "ad_content_ratings"."no_prohibited_content");
    PERFORM find_deliverable_places(changed);
END
$$;
"""
# As `0006_deliverable_ads_from_criteria` wrote it.
KEPT_BEFORE = """
CREATE OR REPLACE FUNCTION find_deliverable_ads(changed uuid) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM campaigns WHERE campaign_id = changed FOR NO KEY UPDATE;
    DELETE FROM deliverable_ads WHERE campaign_id = changed;
    INSERT INTO deliverable_ads (ad_id, ad_type_id, campaign_id, first_day, last_day, quarters, max_view_count, max_view_seconds, rating_level)
    SELECT "ads"."ad_id" AS "ad_id",
        "ads"."ad_type_id" AS "ad_type_id",
        "ads"."campaign_id" AS "campaign_id",
        GREATEST("campaigns"."campaign_start_date", "ads"."ad_start_date") AS "first_day",
        LEAST("campaigns"."campaign_end_date", "ads"."ad_end_date", "campaigns"."campaign_expiry_date", "ads"."ad_expiry_date") AS "last_day",
        COALESCE(NULLIF((ARRAY(SELECT generate_series(((EXTRACT(EPOCH FROM U0."time_slot_start") / 900))::integer, CASE WHEN (U0."time_slot_end" = '00:00:00'::time) THEN 95 ELSE (((EXTRACT(EPOCH FROM U0."time_slot_end") / 900))::integer - 1) END) AS "func1" FROM "ad_time_slots" U0 WHERE U0."ad_id" = ("ads"."ad_id")))::smallint[], '{}'::smallint[]), '{-1}'::int2[]::smallint[]) AS "quarters",
        "campaigns"."campaign_max_view_count" AS "max_view_count",
        (("campaigns"."campaign_max_view_duration_value")::bigint * CASE WHEN "campaigns"."campaign_max_view_duration_unit" = 'seconds' THEN 1 WHEN "campaigns"."campaign_max_view_duration_unit" = 'minutes' THEN 60 WHEN "campaigns"."campaign_max_view_duration_unit" = 'hours' THEN 3600 WHEN "campaigns"."campaign_max_view_duration_unit" = 'days' THEN 86400 ELSE NULL END) AS "max_view_seconds",
        CASE WHEN "ad_content_ratings"."rating_label" = 'G' THEN 0 WHEN "ad_content_ratings"."rating_label" = 'PG' THEN 1 WHEN "ad_content_ratings"."rating_label" = 'PG-13' THEN 2 WHEN "ad_content_ratings"."rating_label" = 'R' THEN 3 WHEN "ad_content_ratings"."rating_label" = 'NC-17' THEN 4 WHEN "ad_content_ratings"."rating_label" = 'E' THEN 0 WHEN "ad_content_ratings"."rating_label" = 'E10+' THEN 1 WHEN "ad_content_ratings"."rating_label" = 'T' THEN 2 WHEN "ad_content_ratings"."rating_label" = 'M' THEN 3 WHEN "ad_content_ratings"."rating_label" = 'AO' THEN 4 ELSE NULL END AS "rating_level"
    FROM "ads"
    INNER JOIN "campaigns" ON ("ads"."campaign_id" = "campaigns"."campaign_id")
    LEFT OUTER JOIN "ad_content_ratings" ON ("ads"."ad_id" = "ad_content_ratings"."ad_id")
    WHERE ("ads"."campaign_id" = (changed)
    AND "campaigns"."campaign_status" = 'active'
    AND "ads"."ad_status" = 'active'
    AND "ads"."moderation_status" = 'approved'
    AND "ad_content_ratings"."no_prohibited_content"
    AND "ad_content_ratings"."no_prohibited_content");
    PERFORM find_deliverable_places(changed);
END
$$;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("ads", "0013_time_slots_on_weekdays"),
    ]

    operations = [
        migrations.RunSQL(
            CONVERT,
            CONVERT_BACK,
            state_operations=[
                migrations.AlterField(
                    model_name="deliverablead",
                    name="quarters",
                    field=ads.fields.IntegerMultirangeField(),
                ),
            ],
        ),
        migrations.RunSQL(KEEP, KEPT_BEFORE),
    ]
