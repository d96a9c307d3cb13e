"""Where ads may show is found by the keys of places, so that every spelling of a place finds it."""

from django.db import migrations

KEEP = """
CREATE FUNCTION words_of_city(country text, city text) RETURNS text[]
LANGUAGE sql STABLE STRICT PARALLEL SAFE AS $$
    SELECT array_agg(lower(country) || '/' || key) || lower(country) FROM unnest(city_keys(country, city)) AS key
$$;

CREATE OR REPLACE FUNCTION find_deliverable_places(changed uuid) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM deliverable_places WHERE campaign_id = changed
        AND NOT EXISTS (SELECT FROM deliverable_ads WHERE campaign_id = changed);
    INSERT INTO deliverable_places (audience_id, campaign_id, country, region, places, postcodes)
    SELECT t.audience_id, t.campaign_id, lower(t.country), t.region_key,
        CASE WHEN cardinality(t.cities) = 0 THEN ARRAY[lower(t.country)]
            ELSE (SELECT array_agg(lower(t.country) || '/' || key) FROM unnest(t.city_keys) AS key) END,
        CASE WHEN cardinality(t.postcodes) = 0 THEN ARRAY[lower(t.country)]
            ELSE (SELECT array_agg(lower(t.country) || '/' || key) FROM unnest(t.postcode_keys) AS key) END
    FROM campaign_audience_targeting t
    WHERE t.campaign_id = changed AND EXISTS (SELECT FROM deliverable_ads WHERE campaign_id = changed)
        AND NOT EXISTS (SELECT FROM deliverable_places AS there WHERE there.audience_id = t.audience_id);
END
$$;
"""
# As `0005_deliverable_ads` wrote it.
KEPT_BEFORE = """
CREATE OR REPLACE FUNCTION find_deliverable_places(changed uuid) RETURNS void LANGUAGE plpgsql AS $$
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
DROP FUNCTION words_of_city(text, text);
"""
# Campaigns without deliverable ads have no rows here.
AGAIN = """
DELETE FROM deliverable_places;
SELECT find_deliverable_places(campaign_id) FROM (SELECT DISTINCT campaign_id FROM deliverable_ads) AS deliverable;
"""


class Migration(migrations.Migration):
    dependencies = [("ads", "0008_views_with_proof"), ("campaigns", "0003_place_keys")]

    operations = [
        migrations.RunSQL(migrations.RunSQL.noop, AGAIN),
        migrations.RunSQL(KEEP, KEPT_BEFORE),
        migrations.RunSQL(AGAIN, migrations.RunSQL.noop),
    ]
