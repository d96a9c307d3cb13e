"""What may show, found by one index. Triggers keep it: whatever changes an ad's chances, by any door, changes it."""

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
from django.db import migrations, models

# The campaign is locked first: two changes at once, each of which alone leaves an ad out, must not both miss it.
# Ads and places are kept apart, so that a change costs what it touches: a slot writes no place anew, a place no other.
KEEP = """
CREATE FUNCTION find_deliverable_ads(changed uuid) RETURNS void LANGUAGE plpgsql AS $$
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

CREATE FUNCTION find_deliverable_places(changed uuid) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM deliverable_places WHERE campaign_id = changed
        AND NOT EXISTS (SELECT FROM deliverable_ads WHERE campaign_id = changed);
    INSERT INTO deliverable_places (audience_id, campaign_id, country, region, places, postcodes)
    SELECT t.audience_id, t.campaign_id, lower(t.country), lower(t.region),
        CASE WHEN cardinality(t.cities) = 0 THEN ARRAY[lower(t.country)]
            ELSE (SELECT array_agg(lower(t.country) || '/' || lower(city)) FROM unnest(t.cities) AS city) END,
        CASE WHEN cardinality(t.postcodes) = 0 THEN ARRAY[lower(t.country)]
            ELSE (SELECT array_agg(lower(t.country) || '/' || lower(code)) FROM unnest(t.postcodes) AS code) END
    FROM campaign_audience_targeting t
    WHERE t.campaign_id = changed AND EXISTS (SELECT FROM deliverable_ads WHERE campaign_id = changed)
        AND NOT EXISTS (SELECT FROM deliverable_places AS there WHERE there.audience_id = t.audience_id);
END
$$;

CREATE FUNCTION find_deliverable_ads_of_campaign() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'DELETE' THEN
        PERFORM find_deliverable_ads(NEW.campaign_id);
    END IF;
    IF TG_OP = 'DELETE' OR TG_OP = 'UPDATE' AND OLD.campaign_id <> NEW.campaign_id THEN
        PERFORM find_deliverable_ads(OLD.campaign_id);
    END IF;
    RETURN NULL;
END
$$;

CREATE FUNCTION find_deliverable_ads_of_part() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'DELETE' THEN
        PERFORM find_deliverable_ads(campaign_id) FROM ads WHERE ad_id = NEW.ad_id;
    END IF;
    IF TG_OP = 'DELETE' OR TG_OP = 'UPDATE' AND OLD.ad_id <> NEW.ad_id THEN
        PERFORM find_deliverable_ads(campaign_id) FROM ads WHERE ad_id = OLD.ad_id;
    END IF;
    RETURN NULL;
END
$$;

CREATE FUNCTION find_deliverable_places_of_target() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM campaigns WHERE campaign_id IN (OLD.campaign_id, NEW.campaign_id)
        ORDER BY campaign_id FOR NO KEY UPDATE;
    DELETE FROM deliverable_places WHERE audience_id = OLD.audience_id;
    PERFORM find_deliverable_places(NEW.campaign_id);
    RETURN NULL;
END
$$;

CREATE TRIGGER campaigns_change_what_is_deliverable AFTER UPDATE ON campaigns FOR EACH ROW
    WHEN ((OLD.campaign_status, OLD.campaign_start_date, OLD.campaign_end_date, OLD.campaign_expiry_date,
            OLD.campaign_max_view_count, OLD.campaign_max_view_duration_value, OLD.campaign_max_view_duration_unit)
        IS DISTINCT FROM
        (NEW.campaign_status, NEW.campaign_start_date, NEW.campaign_end_date, NEW.campaign_expiry_date,
            NEW.campaign_max_view_count, NEW.campaign_max_view_duration_value, NEW.campaign_max_view_duration_unit))
    EXECUTE FUNCTION find_deliverable_ads_of_campaign();
CREATE TRIGGER campaigns_take_what_is_deliverable_along AFTER DELETE ON campaigns FOR EACH ROW
    EXECUTE FUNCTION find_deliverable_ads_of_campaign();
CREATE TRIGGER targets_change_what_is_deliverable AFTER INSERT OR UPDATE OR DELETE ON campaign_audience_targeting
    FOR EACH ROW EXECUTE FUNCTION find_deliverable_places_of_target();
CREATE TRIGGER ads_change_what_is_deliverable AFTER UPDATE ON ads FOR EACH ROW
    WHEN ((OLD.campaign_id, OLD.ad_type_id, OLD.ad_status, OLD.moderation_status,
            OLD.ad_start_date, OLD.ad_end_date, OLD.ad_expiry_date)
        IS DISTINCT FROM
        (NEW.campaign_id, NEW.ad_type_id, NEW.ad_status, NEW.moderation_status,
            NEW.ad_start_date, NEW.ad_end_date, NEW.ad_expiry_date))
    EXECUTE FUNCTION find_deliverable_ads_of_campaign();
CREATE TRIGGER ads_come_and_go AFTER INSERT OR DELETE ON ads FOR EACH ROW
    EXECUTE FUNCTION find_deliverable_ads_of_campaign();
CREATE TRIGGER slots_change_what_is_deliverable AFTER INSERT OR UPDATE OR DELETE ON ad_time_slots FOR EACH ROW
    EXECUTE FUNCTION find_deliverable_ads_of_part();
CREATE TRIGGER ratings_change_what_is_deliverable AFTER INSERT OR UPDATE OR DELETE ON ad_content_ratings FOR EACH ROW
    EXECUTE FUNCTION find_deliverable_ads_of_part();

SELECT find_deliverable_ads(campaign_id) FROM campaigns WHERE campaign_status = 'active';
"""
FORGET = """
DROP TRIGGER campaigns_change_what_is_deliverable ON campaigns;
DROP TRIGGER campaigns_take_what_is_deliverable_along ON campaigns;
DROP TRIGGER targets_change_what_is_deliverable ON campaign_audience_targeting;
DROP TRIGGER ads_change_what_is_deliverable ON ads;
DROP TRIGGER ads_come_and_go ON ads;
DROP TRIGGER slots_change_what_is_deliverable ON ad_time_slots;
DROP TRIGGER ratings_change_what_is_deliverable ON ad_content_ratings;
DROP FUNCTION find_deliverable_ads_of_part();
DROP FUNCTION find_deliverable_ads_of_campaign();
DROP FUNCTION find_deliverable_places_of_target();
DROP FUNCTION find_deliverable_ads(uuid);
DROP FUNCTION find_deliverable_places(uuid);
DELETE FROM deliverable_ads;
DELETE FROM deliverable_places;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("ads", "0004_views"),
        ("campaigns", "0002_version"),
    ]

    operations = [
        migrations.CreateModel(
            name="DeliverableAd",
            fields=[
                (
                    "ad",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="ads.ad",
                    ),
                ),
                ("ad_type_id", models.CharField(max_length=50)),
                (
                    "quarters",
                    django.contrib.postgres.fields.ArrayField(base_field=models.SmallIntegerField(), size=None),
                ),
                ("first_day", models.DateField()),
                ("last_day", models.DateField()),
                ("rating_level", models.SmallIntegerField(null=True)),
                ("max_view_count", models.BigIntegerField(null=True)),
                ("max_view_seconds", models.BigIntegerField(null=True)),
                (
                    "campaign",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="campaigns.campaign",
                    ),
                ),
            ],
            options={
                "db_table": "deliverable_ads",
            },
        ),
        migrations.CreateModel(
            name="DeliverablePlace",
            fields=[
                (
                    "target",
                    models.OneToOneField(
                        db_column="audience_id",
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="campaigns.campaignaudiencetargeting",
                    ),
                ),
                ("country", models.TextField()),
                ("region", models.TextField()),
                ("places", django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), size=None)),
                ("postcodes", django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), size=None)),
                (
                    "campaign",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="campaigns.campaign",
                    ),
                ),
            ],
            options={
                "db_table": "deliverable_places",
                "indexes": [
                    django.contrib.postgres.indexes.GinIndex(
                        fastupdate=False, fields=["places", "postcodes"], name="deliverable_places_by_word"
                    )
                ],
            },
        ),
        migrations.RunSQL(KEEP, FORGET),
    ]
