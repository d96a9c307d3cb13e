"""The prefix of a country is dropped from postcodes with letters too: `NL-1012 AB`.

`manage.py migrate` writes the keys of all targets again afterwards, because another edition of the gazetteer counts as
loaded.
"""

from pathlib import Path

from django.db import migrations

# As `campaign_studio.places.functions.functions_sql()` wrote it.
FUNCTION = (Path(__file__).parent / "0007_postcodes_with_letters.sql").read_text()
# Only digits followed the prefix in `0003_places.sql`.
FUNCTION_BEFORE = FUNCTION.replace("([0-9].*)", "([0-9]+)")
# So that the next `manage.py migrate` with the present schema, of this release or of the one before, writes the keys.
AGAIN = "COMMENT ON TABLE gazetteer_names IS NULL;"


class Migration(migrations.Migration):
    dependencies = [("campaign_studio", "0006_regions_elsewhere")]

    operations = [migrations.RunSQL(FUNCTION + AGAIN, FUNCTION_BEFORE + AGAIN)]
