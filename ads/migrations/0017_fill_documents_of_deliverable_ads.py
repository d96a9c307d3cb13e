"""The documents of ads that are deliverable already. Delivery goes on in the meantime: older servers don't need them."""

from importlib import import_module

from django.db import migrations

DOCUMENT = import_module("ads.migrations.0016_documents_of_deliverable_ads").DOCUMENT
# A row that a change has replaced in the meantime isn't touched: it has its document.
FILL = f"""
UPDATE deliverable_ads AS kept SET document = made.text
FROM (SELECT ads.ad_id, {DOCUMENT} AS text FROM ads WHERE ad_id IN (SELECT ad_id FROM deliverable_ads)) AS made
WHERE kept.ad_id = made.ad_id AND kept.document = '{{}}';
"""  # noqa: S608 - a constant


class Migration(migrations.Migration):
    dependencies = [
        ("ads", "0016_documents_of_deliverable_ads"),
    ]

    operations = [migrations.RunSQL(FILL, migrations.RunSQL.noop)]
