"""The review queue reads an index of the ads pending review."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """Concurrently, so that the table is never locked."""

    atomic = False

    dependencies = [("ads", "0014_deliverable_quarters_of_week")]

    operations = [
        AddIndexConcurrently(
            model_name="ad",
            index=models.Index(
                condition=models.Q(("moderation_status", "pending")),
                fields=["created_at", "ad_id"],
                include=("campaign", "ad_start_date", "ad_end_date", "ad_status"),
                name="ads_pending_review",
            ),
        ),
    ]
