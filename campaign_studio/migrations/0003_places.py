"""The gazetteer, and the functions that give the keys of places. `manage.py migrate` loads the gazetteer afterwards."""

from pathlib import Path

import django.contrib.postgres.fields
from django.db import migrations, models

# As `campaign_studio.places.functions.functions_sql()` wrote it.
FUNCTIONS = (Path(__file__).parent / "0003_places.sql").read_text()
WITHOUT_FUNCTIONS = """
DROP FUNCTION region_key(text, text);
DROP FUNCTION city_keys_anywhere(text);
DROP FUNCTION city_keys(text, text);
DROP FUNCTION postcode_key(text, text);
DROP FUNCTION name_key(text);
"""


class Migration(migrations.Migration):
    dependencies = [("campaign_studio", "0002_secrets_are_not_kept")]

    operations = [
        migrations.CreateModel(
            name="City",
            fields=[
                ("geoname_id", models.IntegerField(primary_key=True, serialize=False)),
                ("country", models.CharField(max_length=2)),
                ("name_key", models.TextField()),
                ("name", models.TextField()),
                ("population", models.IntegerField()),
                ("timezone", models.CharField(max_length=64)),
                ("latitude", models.FloatField()),
                ("longitude", models.FloatField()),
            ],
            options={
                "db_table": "gazetteer_cities",
                "ordering": ["-population", "geoname_id"],
                "default_permissions": (),
                "indexes": [models.Index(fields=["country", "name_key"], name="gazetteer_cities_by_name")],
            },
        ),
        migrations.CreateModel(
            name="PlaceName",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "name_key", "kind", "country", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("name_key", models.TextField()),
                ("kind", models.CharField(choices=[("city", "City"), ("region", "Region")], max_length=6)),
                ("country", models.CharField(max_length=2)),
                ("keys", django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), size=None)),
            ],
            options={"db_table": "gazetteer_names", "default_permissions": ()},
        ),
        migrations.RunSQL(FUNCTIONS, WITHOUT_FUNCTIONS),
    ]
