"""Deliverable ads have the JSON that screens get of them. Triggers renew it with whatever it says."""

from django.db import migrations, models

# As `ads.api.shown_documents.kept_sql()` wrote it. The trigger of campaigns is the same as before.
DOCUMENT = """((SELECT row_to_json(document) FROM (SELECT "ads"."ad_id" AS "ad_id", "ads"."campaign_id" AS "campaign_id", "ads"."ad_type_id" AS "ad_type_id", "ads"."ad_name" AS "ad_name", "ads"."media_type" AS "media_type", "ads"."media_url" AS "media_url", "ads"."media_content" AS "media_content", "ads"."ad_impression_duration_value" AS "ad_impression_duration_value", "ads"."ad_impression_duration_unit" AS "ad_impression_duration_unit", "ads"."ad_in_view_duration_value" AS "ad_in_view_duration_value", "ads"."ad_in_view_duration_unit" AS "ad_in_view_duration_unit", "ads"."ad_advertiser_forwarding_url" AS "ad_advertiser_forwarding_url", (SELECT (SELECT row_to_json(document) FROM (SELECT U0."rating_id" AS "rating_id", U0."warning_required" AS "warning_required", U0."rating_system" AS "rating_system", U0."rating_label" AS "rating_label", U0."content_warnings" AS "content_warnings", U0."no_prohibited_content" AS "no_prohibited_content", replace(to_char(U0."created_at" AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '.000000', '') AS "created_at", replace(to_char(U0."updated_at" AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '.000000', '') AS "updated_at") AS document) AS "json_document" FROM "ad_content_ratings" U0 WHERE U0."ad_id" = ("ads"."ad_id")) AS "content_rating") AS document))::text"""
KEEP = f"""
CREATE OR REPLACE FUNCTION find_deliverable_ads(changed uuid) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM campaigns WHERE campaign_id = changed FOR NO KEY UPDATE;
    DELETE FROM deliverable_ads WHERE campaign_id = changed;
    INSERT INTO deliverable_ads (ad_id, ad_type_id, campaign_id, first_day, last_day, quarters, max_view_count, max_view_seconds, rating_level, document)
    SELECT "ads"."ad_id" AS "ad_id",
        "ads"."ad_type_id" AS "ad_type_id",
        "ads"."campaign_id" AS "campaign_id",
        GREATEST("campaigns"."campaign_start_date", "ads"."ad_start_date") AS "first_day",
        LEAST("campaigns"."campaign_end_date", "ads"."ad_end_date", "campaigns"."campaign_expiry_date", "ads"."ad_expiry_date") AS "last_day",
        COALESCE((SELECT range_agg(quarters_of_week(U0."weekdays", U0."time_slot_start", U0."time_slot_end")) AS "func1" FROM "ad_time_slots" U0 WHERE U0."ad_id" = ("ads"."ad_id")), int4multirange(int4range(0, 672))) AS "quarters",
        "campaigns"."campaign_max_view_count" AS "max_view_count",
        (("campaigns"."campaign_max_view_duration_value")::bigint * CASE WHEN "campaigns"."campaign_max_view_duration_unit" = 'seconds' THEN 1 WHEN "campaigns"."campaign_max_view_duration_unit" = 'minutes' THEN 60 WHEN "campaigns"."campaign_max_view_duration_unit" = 'hours' THEN 3600 WHEN "campaigns"."campaign_max_view_duration_unit" = 'days' THEN 86400 ELSE NULL END) AS "max_view_seconds",
        CASE WHEN "ad_content_ratings"."rating_label" = 'G' THEN 0 WHEN "ad_content_ratings"."rating_label" = 'PG' THEN 1 WHEN "ad_content_ratings"."rating_label" = 'PG-13' THEN 2 WHEN "ad_content_ratings"."rating_label" = 'R' THEN 3 WHEN "ad_content_ratings"."rating_label" = 'NC-17' THEN 4 WHEN "ad_content_ratings"."rating_label" = 'E' THEN 0 WHEN "ad_content_ratings"."rating_label" = 'E10+' THEN 1 WHEN "ad_content_ratings"."rating_label" = 'T' THEN 2 WHEN "ad_content_ratings"."rating_label" = 'M' THEN 3 WHEN "ad_content_ratings"."rating_label" = 'AO' THEN 4 ELSE NULL END AS "rating_level",
        {DOCUMENT} AS "document"
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

CREATE OR REPLACE TRIGGER ads_change_what_is_deliverable AFTER UPDATE ON ads FOR EACH ROW
    WHEN ((OLD.ad_advertiser_forwarding_url, OLD.ad_end_date, OLD.ad_expiry_date, OLD.ad_id, OLD.ad_impression_duration_unit, OLD.ad_impression_duration_value, OLD.ad_in_view_duration_unit, OLD.ad_in_view_duration_value, OLD.ad_name, OLD.ad_start_date, OLD.ad_status, OLD.ad_type_id, OLD.campaign_id, OLD.media_content, OLD.media_type, OLD.media_url, OLD.moderation_status)
        IS DISTINCT FROM (NEW.ad_advertiser_forwarding_url, NEW.ad_end_date, NEW.ad_expiry_date, NEW.ad_id, NEW.ad_impression_duration_unit, NEW.ad_impression_duration_value, NEW.ad_in_view_duration_unit, NEW.ad_in_view_duration_value, NEW.ad_name, NEW.ad_start_date, NEW.ad_status, NEW.ad_type_id, NEW.campaign_id, NEW.media_content, NEW.media_type, NEW.media_url, NEW.moderation_status))
    EXECUTE FUNCTION find_deliverable_ads_of_campaign();
"""  # noqa: S608 - constants
# As `0014_deliverable_quarters_of_week` and `0006_deliverable_ads_from_criteria` wrote it.
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

CREATE OR REPLACE TRIGGER ads_change_what_is_deliverable AFTER UPDATE ON ads FOR EACH ROW
    WHEN ((OLD.ad_end_date, OLD.ad_expiry_date, OLD.ad_id, OLD.ad_start_date, OLD.ad_status, OLD.ad_type_id, OLD.campaign_id, OLD.moderation_status)
        IS DISTINCT FROM (NEW.ad_end_date, NEW.ad_expiry_date, NEW.ad_id, NEW.ad_start_date, NEW.ad_status, NEW.ad_type_id, NEW.campaign_id, NEW.moderation_status))
    EXECUTE FUNCTION find_deliverable_ads_of_campaign();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("ads", "0015_review_queue"),
    ]

    operations = [
        migrations.AddField(
            model_name="deliverablead",
            name="document",
            field=models.TextField(db_default="{}"),
        ),
        migrations.RunSQL(KEEP, KEPT_BEFORE),
    ]
