"""Clients that poll for changes read an index of the times of the last change."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """Concurrently, so that the table is never locked."""

    atomic = False

    dependencies = [("campaigns", "0005_change_sets")]

    operations = [
        AddIndexConcurrently(
            model_name="campaign",
            index=models.Index(fields=["updated_at", "campaign_id"], name="campaigns_changed"),
        ),
    ]
