"""A region that is not in its country but in others has a key of its own, which matches nothing.

`manage.py migrate` writes the keys of all targets again afterwards, because another edition of the gazetteer counts as
loaded.
"""

from pathlib import Path

from django.db import migrations

# As `campaign_studio.places.functions.functions_sql()` wrote it.
FUNCTION = (Path(__file__).parent / "0006_regions_elsewhere.sql").read_text()
# As `0003_places.sql` has it.
FUNCTION_BEFORE = """
CREATE OR REPLACE FUNCTION region_key(country text, region text) RETURNS text
LANGUAGE sql STABLE STRICT PARALLEL SAFE AS $$
    SELECT coalesce(
        (SELECT keys[1] FROM gazetteer_names AS known
            WHERE known.country = region_key.country AND known.kind = 'region' AND known.name_key = own.key),
        own.key)
    FROM (SELECT name_key(region) AS key) AS own
$$;
"""
# So that the next `manage.py migrate` with the present schema, of this release or of the one before, writes the keys.
AGAIN = "COMMENT ON TABLE gazetteer_names IS NULL;"


class Migration(migrations.Migration):
    dependencies = [("campaign_studio", "0005_cities_by_key")]

    operations = [migrations.RunSQL(FUNCTION + AGAIN, FUNCTION_BEFORE + AGAIN)]
