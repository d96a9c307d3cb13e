"""Answers that are no longer kept are deleted: those of `/api/auth/`, and revealed bank numbers.

A row doesn't say which URL it answered, but all of these lack an ETag, which the answers of all other POSTs have except
reports of views. A repeated report counts no view twice, so it needs no kept answer.
"""

from django.db import migrations

DELETE = "DELETE FROM idempotent_answers WHERE NOT headers ? 'ETag' OR headers ->> 'Cache-Control' LIKE '%no-store%'"


class Migration(migrations.Migration):
    dependencies = [("campaign_studio", "0001_idempotent_answers")]

    operations = [migrations.RunSQL(DELETE, migrations.RunSQL.noop)]
