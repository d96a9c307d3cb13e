"""The function by which lists are searched: accents and case don't count."""

from pathlib import Path

from django.db import migrations

# As `campaign_studio.lookups.search_key_sql()` wrote it.
FUNCTION = (Path(__file__).parent / "0004_search_key.sql").read_text()


class Migration(migrations.Migration):
    dependencies = [("campaign_studio", "0003_places")]

    operations = [migrations.RunSQL(FUNCTION, "DROP FUNCTION search_key(text);")]
