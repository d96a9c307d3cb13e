"""The keys of the places that targets name, so that every spelling of a place finds them. A trigger keeps them."""

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
from django.db import migrations, models

KEEP = """
CREATE FUNCTION keep_keys_of_target() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.region_key := region_key(NEW.country, NEW.region);
    NEW.city_keys := ARRAY(
        SELECT DISTINCT key FROM unnest(NEW.cities) AS city, unnest(city_keys(NEW.country, city)) AS key ORDER BY key);
    NEW.postcode_keys := ARRAY(
        SELECT DISTINCT postcode_key(NEW.country, code) AS key FROM unnest(NEW.postcodes) AS code ORDER BY key);
    RETURN NEW;
END
$$;
CREATE TRIGGER targets_have_keys BEFORE INSERT OR UPDATE ON campaign_audience_targeting
    FOR EACH ROW EXECUTE FUNCTION keep_keys_of_target();
UPDATE campaign_audience_targeting SET region_key = '';
"""
FORGET = """
DROP TRIGGER targets_have_keys ON campaign_audience_targeting;
DROP FUNCTION keep_keys_of_target();
"""


class Migration(migrations.Migration):
    dependencies = [("campaign_studio", "0003_places"), ("campaigns", "0002_version")]

    operations = [
        migrations.AddField(
            model_name="campaignaudiencetargeting",
            name="region_key",
            field=models.TextField(db_default="", default="", editable=False),
        ),
        migrations.AddField(
            model_name="campaignaudiencetargeting",
            name="city_keys",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.TextField(), db_default=[], default=list, editable=False, size=None
            ),
        ),
        migrations.AddField(
            model_name="campaignaudiencetargeting",
            name="postcode_keys",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.TextField(), db_default=[], default=list, editable=False, size=None
            ),
        ),
        migrations.AddIndex(
            model_name="campaignaudiencetargeting",
            index=django.contrib.postgres.indexes.GinIndex(fields=["city_keys"], name="targets_by_city"),
        ),
        migrations.AlterField(
            model_name="campaignaudiencetargeting",
            name="region",
            field=models.CharField(blank=True, max_length=100, verbose_name="region"),
        ),
        migrations.RunSQL(KEEP, FORGET),
    ]
