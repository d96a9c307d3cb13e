"""An index that finds a city in any country."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("campaign_studio", "0004_search_key")]

    operations = [
        migrations.AddIndex(model_name="city", index=models.Index(fields=["name_key"], name="gazetteer_cities_by_key")),
    ]
