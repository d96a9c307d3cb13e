"""One index finds a city in its country, and in any country."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("campaign_studio", "0004_search_key")]

    operations = [
        migrations.RemoveIndex(model_name="city", name="gazetteer_cities_by_name"),
        migrations.AddIndex(
            model_name="city", index=models.Index(fields=["name_key", "country"], name="gazetteer_cities_by_key")
        ),
    ]
