"""Clients that poll for changes read an index of the times of the last change."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """Concurrently, so that the table is never locked."""

    atomic = False

    dependencies = [("ads", "0022_delivery_changes")]

    operations = [
        AddIndexConcurrently(
            model_name="ad",
            index=models.Index(fields=["updated_at", "ad_id"], name="ads_changed"),
        ),
    ]
