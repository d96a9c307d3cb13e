"""The audit log is read in its order and searched by indexes."""

import django.utils.timezone
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

from campaign_studio.lookups import SearchKey


class Migration(migrations.Migration):
    """Concurrently, so that the log is never locked for long."""

    atomic = False

    dependencies = [
        ("accounts", "0011_keyed_seals"),
        ("campaign_studio", "0004_search_key"),
        # Creates the extension for trigrams, and drops it when it is reversed.
        ("campaigns", "0001_campaigns"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="auditentry", index=models.Index(fields=["-timestamp", "-id"], name="audit_newest")
        ),
        AddIndexConcurrently(
            model_name="auditentry",
            index=GinIndex(
                OpClass(SearchKey("object_repr"), name="gin_trgm_ops"),
                OpClass(SearchKey("actor_name"), name="gin_trgm_ops"),
                OpClass(SearchKey("actor_username"), name="gin_trgm_ops"),
                name="audit_search",
            ),
        ),
        # Drops its index, which the first one replaces.
        migrations.AlterField(
            model_name="auditentry",
            name="timestamp",
            field=models.DateTimeField(default=django.utils.timezone.now),
        ),
    ]
