"""Transactions that change what delivery finds are noted by country, so that decisions may be remembered."""

from importlib import import_module

import django.db.models.expressions
import django.db.models.functions.datetime
from django.db import migrations, models

import ads.fields

DOCUMENT = import_module("ads.migrations.0016_documents_of_deliverable_ads").DOCUMENT
# Old notes are deleted now and then, without waiting for others who do the same. Whoever changes a cap waits for those
# who count views of the campaign, or lets them wait: the first views of a campaign lock it, later ones its totals.
NOTE = """
CREATE FUNCTION note_delivery_change_in(changed text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO delivery_changes (country) VALUES (changed) ON CONFLICT DO NOTHING;
    IF FOUND AND mod(pg_current_xact_id()::text::bigint, 1000) = 0 THEN
        DELETE FROM delivery_changes WHERE id IN (
            SELECT id FROM delivery_changes WHERE noted_at < now() - interval '1 day' FOR UPDATE SKIP LOCKED);
    END IF;
END
$$;

CREATE FUNCTION note_delivery_change(changed uuid) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM note_delivery_change_in(country)
        FROM (SELECT DISTINCT country FROM deliverable_places WHERE campaign_id = changed) AS places;
END
$$;

CREATE FUNCTION note_changed_place() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM note_delivery_change_in(OLD.country) WHERE OLD.country IS NOT NULL;
    PERFORM note_delivery_change_in(NEW.country) WHERE NEW.country IS DISTINCT FROM OLD.country AND NEW.country IS NOT NULL;
    RETURN NULL;
END
$$;
CREATE TRIGGER deliverable_places_note_changes AFTER INSERT OR UPDATE OR DELETE ON deliverable_places
    FOR EACH ROW EXECUTE FUNCTION note_changed_place();

CREATE FUNCTION note_other_totals() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM note_delivery_change_in('*');
    RETURN NULL;
END
$$;
CREATE TRIGGER new_totals_note_changes AFTER INSERT ON campaign_view_totals
    FOR EACH ROW WHEN (NEW.view_count > 0 OR NEW.view_seconds > 0) EXECUTE FUNCTION note_other_totals();
CREATE TRIGGER deleted_totals_note_changes AFTER DELETE ON campaign_view_totals
    FOR EACH ROW WHEN (OLD.view_count > 0 OR OLD.view_seconds > 0) EXECUTE FUNCTION note_other_totals();

CREATE FUNCTION lock_totals_of_campaign() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM campaign_view_totals WHERE campaign_id = NEW.campaign_id FOR UPDATE;
    IF NOT FOUND THEN
        PERFORM 1 FROM campaigns WHERE campaign_id = NEW.campaign_id FOR UPDATE;
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER campaigns_lock_totals AFTER UPDATE ON campaigns FOR EACH ROW
    WHEN ((OLD.campaign_max_view_count, OLD.campaign_max_view_duration_value, OLD.campaign_max_view_duration_unit)
        IS DISTINCT FROM
        (NEW.campaign_max_view_count, NEW.campaign_max_view_duration_value, NEW.campaign_max_view_duration_unit))
    EXECUTE FUNCTION lock_totals_of_campaign();
"""
FORGET = """
DROP TRIGGER campaigns_lock_totals ON campaigns;
DROP TRIGGER deleted_totals_note_changes ON campaign_view_totals;
DROP TRIGGER new_totals_note_changes ON campaign_view_totals;
DROP TRIGGER deliverable_places_note_changes ON deliverable_places;
DROP FUNCTION lock_totals_of_campaign();
DROP FUNCTION note_other_totals();
DROP FUNCTION note_changed_place();
DROP FUNCTION note_delivery_change(uuid);
DROP FUNCTION note_delivery_change_in(text);
"""
# As `ads.api.shown_documents.kept_sql()` wrote it. The triggers are the same as before.
KEEP = f"""
CREATE OR REPLACE FUNCTION find_deliverable_ads(changed uuid) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    was_deliverable boolean;
BEGIN
    PERFORM 1 FROM campaigns WHERE campaign_id = changed FOR NO KEY UPDATE;
    DELETE FROM deliverable_ads WHERE campaign_id = changed;
    was_deliverable := FOUND;
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
    IF FOUND OR was_deliverable THEN
        PERFORM note_delivery_change(changed);
    END IF;
    PERFORM find_deliverable_places(changed);
END
$$;

CREATE OR REPLACE FUNCTION note_used_up_caps() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM totals_after AS after JOIN totals_before AS before USING (campaign_id)
        JOIN (SELECT "campaigns"."campaign_id" AS "campaign_id", "campaigns"."campaign_max_view_count" AS "max_views", (("campaigns"."campaign_max_view_duration_value")::bigint * CASE WHEN "campaigns"."campaign_max_view_duration_unit" = 'seconds' THEN 1 WHEN "campaigns"."campaign_max_view_duration_unit" = 'minutes' THEN 60 WHEN "campaigns"."campaign_max_view_duration_unit" = 'hours' THEN 3600 WHEN "campaigns"."campaign_max_view_duration_unit" = 'days' THEN 86400 ELSE NULL END) AS "max_seconds" FROM "campaigns") AS caps USING (campaign_id)
        WHERE (before.view_count >= max_views) IS DISTINCT FROM (after.view_count >= max_views)
        OR (before.view_seconds >= max_seconds) IS DISTINCT FROM (after.view_seconds >= max_seconds)
    ) THEN
        PERFORM note_delivery_change_in('*');
    END IF;
    RETURN NULL;
END
$$;
"""  # noqa: S608 - constants
# It stays as it is.
NOTE_CAPS = """
CREATE TRIGGER totals_note_used_up_caps AFTER UPDATE ON campaign_view_totals
    REFERENCING OLD TABLE AS totals_before NEW TABLE AS totals_after
    FOR EACH STATEMENT EXECUTE FUNCTION note_used_up_caps();
"""
FORGET_CAPS = """
DROP TRIGGER totals_note_used_up_caps ON campaign_view_totals;
DROP FUNCTION note_used_up_caps();
"""
# As `0016_documents_of_deliverable_ads` wrote it.
KEPT_BEFORE = f"""
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
"""  # noqa: S608 - constants


class Migration(migrations.Migration):
    dependencies = [
        ("ads", "0021_rows_that_show_nothing"),
    ]

    operations = [
        migrations.CreateModel(
            name="DeliveryChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False)),
                ("country", models.TextField()),
                (
                    "transaction",
                    ads.fields.TransactionIdField(
                        db_default=django.db.models.expressions.Func(function="pg_current_xact_id")
                    ),
                ),
                ("noted_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "db_table": "delivery_changes",
                "constraints": [
                    models.UniqueConstraint(fields=("country", "transaction"), name="delivery_changes_once"),
                ],
            },
        ),
        migrations.RunSQL(NOTE, FORGET),
        migrations.RunSQL(KEEP, KEPT_BEFORE),
        migrations.RunSQL(NOTE_CAPS, FORGET_CAPS),
    ]
