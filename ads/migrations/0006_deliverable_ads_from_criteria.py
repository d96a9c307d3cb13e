"""What keeps `deliverable_ads` is generated from the criteria from now on. It says the same as before."""

from django.db import migrations

# As `ads.delivery.triggers.trigger_sql()` wrote it.
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

CREATE OR REPLACE TRIGGER campaigns_change_what_is_deliverable AFTER UPDATE ON campaigns FOR EACH ROW
    WHEN ((OLD.campaign_end_date, OLD.campaign_expiry_date, OLD.campaign_max_view_count, OLD.campaign_max_view_duration_unit, OLD.campaign_max_view_duration_value, OLD.campaign_start_date, OLD.campaign_status)
        IS DISTINCT FROM (NEW.campaign_end_date, NEW.campaign_expiry_date, NEW.campaign_max_view_count, NEW.campaign_max_view_duration_unit, NEW.campaign_max_view_duration_value, NEW.campaign_start_date, NEW.campaign_status))
    EXECUTE FUNCTION find_deliverable_ads_of_campaign();

CREATE OR REPLACE TRIGGER ads_change_what_is_deliverable AFTER UPDATE ON ads FOR EACH ROW
    WHEN ((OLD.ad_end_date, OLD.ad_expiry_date, OLD.ad_id, OLD.ad_start_date, OLD.ad_status, OLD.ad_type_id, OLD.campaign_id, OLD.moderation_status)
        IS DISTINCT FROM (NEW.ad_end_date, NEW.ad_expiry_date, NEW.ad_id, NEW.ad_start_date, NEW.ad_status, NEW.ad_type_id, NEW.campaign_id, NEW.moderation_status))
    EXECUTE FUNCTION find_deliverable_ads_of_campaign();
"""
# As `0005_deliverable_ads` wrote it.
KEPT_BEFORE = """
CREATE OR REPLACE FUNCTION find_deliverable_ads(changed uuid) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM campaigns WHERE campaign_id = changed FOR NO KEY UPDATE;
    DELETE FROM deliverable_ads WHERE campaign_id = changed;
    INSERT INTO deliverable_ads (ad_id, ad_type_id, campaign_id, quarters,
        first_day, last_day, rating_level, max_view_count, max_view_seconds)
    SELECT a.ad_id, a.ad_type_id, c.campaign_id,
        coalesce(slots.quarters, '{-1}'),
        greatest(c.campaign_start_date, a.ad_start_date),
        least(c.campaign_end_date, c.campaign_expiry_date, a.ad_end_date, a.ad_expiry_date),
        coalesce(array_position('{G,PG,PG-13,R,NC-17}', r.rating_label::text),
            array_position('{E,E10+,T,M,AO}', r.rating_label::text)) - 1,
        c.campaign_max_view_count,
        c.campaign_max_view_duration_value * CASE c.campaign_max_view_duration_unit
            WHEN 'seconds' THEN 1 WHEN 'minutes' THEN 60 WHEN 'hours' THEN 3600 WHEN 'days' THEN 86400 END::bigint
    FROM campaigns c
    JOIN ads a USING (campaign_id)
    JOIN ad_content_ratings r USING (ad_id)
    CROSS JOIN LATERAL (
        SELECT array_agg(quarter::smallint) AS quarters
        FROM ad_time_slots s, generate_series(
            (extract(epoch FROM s.time_slot_start) / 900)::int,
            CASE WHEN s.time_slot_end = '00:00' THEN 95 ELSE (extract(epoch FROM s.time_slot_end) / 900)::int - 1 END
        ) AS quarter
        WHERE s.ad_id = a.ad_id
    ) slots
    WHERE c.campaign_id = changed AND c.campaign_status = 'active' AND a.ad_status = 'active'
        AND a.moderation_status = 'approved' AND r.no_prohibited_content;
    PERFORM find_deliverable_places(changed);
END
$$;

CREATE OR REPLACE TRIGGER campaigns_change_what_is_deliverable AFTER UPDATE ON campaigns FOR EACH ROW
    WHEN ((OLD.campaign_status, OLD.campaign_start_date, OLD.campaign_end_date, OLD.campaign_expiry_date,
            OLD.campaign_max_view_count, OLD.campaign_max_view_duration_value, OLD.campaign_max_view_duration_unit)
        IS DISTINCT FROM
        (NEW.campaign_status, NEW.campaign_start_date, NEW.campaign_end_date, NEW.campaign_expiry_date,
            NEW.campaign_max_view_count, NEW.campaign_max_view_duration_value, NEW.campaign_max_view_duration_unit))
    EXECUTE FUNCTION find_deliverable_ads_of_campaign();

CREATE OR REPLACE TRIGGER ads_change_what_is_deliverable AFTER UPDATE ON ads FOR EACH ROW
    WHEN ((OLD.campaign_id, OLD.ad_type_id, OLD.ad_status, OLD.moderation_status,
            OLD.ad_start_date, OLD.ad_end_date, OLD.ad_expiry_date)
        IS DISTINCT FROM
        (NEW.campaign_id, NEW.ad_type_id, NEW.ad_status, NEW.moderation_status,
            NEW.ad_start_date, NEW.ad_end_date, NEW.ad_expiry_date))
    EXECUTE FUNCTION find_deliverable_ads_of_campaign();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("ads", "0005_deliverable_ads"),
    ]

    operations = [
        migrations.RunSQL(KEEP, KEPT_BEFORE),
    ]
