"""The devices that report views, each with the hash of its key."""

import django.contrib.postgres.indexes
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import campaign_studio.constraints


class Migration(migrations.Migration):
    dependencies = [
        ("ads", "0006_deliverable_ads_from_criteria"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Device",
            fields=[
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("version", models.PositiveIntegerField(db_default=1, default=1, editable=False)),
                ("created_by_name", models.CharField(blank=True, editable=False, max_length=200, null=True)),
                ("updated_by_name", models.CharField(blank=True, editable=False, max_length=200, null=True)),
                ("device_id", models.CharField(max_length=100, primary_key=True, serialize=False)),
                ("fleet", models.CharField(max_length=100)),
                ("key_hash", models.CharField(editable=False, max_length=64)),
                ("is_active", models.BooleanField(default=True)),
                ("last_seen_at", models.DateTimeField(blank=True, editable=False, null=True)),
                (
                    "created_by",
                    models.ForeignKey(
                        blank=True,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "db_table": "devices",
                "ordering": ["device_id"],
                "indexes": [
                    models.Index(fields=["fleet", "device_id"], name="devices_of_a_fleet"),
                    django.contrib.postgres.indexes.GinIndex(
                        django.contrib.postgres.indexes.OpClass("device_id", name="gin_trgm_ops"),
                        django.contrib.postgres.indexes.OpClass("fleet", name="gin_trgm_ops"),
                        name="devices_trigrams",
                    ),
                ],
                "constraints": [
                    campaign_studio.constraints.FieldCheck(
                        condition=models.Q(("device_id__regex", "^[A-Za-z0-9][A-Za-z0-9._~+=@-]*$")),
                        field="device_id",
                        name="device_id_fits_a_header",
                    ),
                    campaign_studio.constraints.FieldCheck(
                        condition=models.Q(("fleet", ""), _negated=True), field="fleet", name="device_has_a_fleet"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("key_hash__regex", "^[0-9a-f]{64}$")), name="device_key_is_a_hash"
                    ),
                ],
            },
        ),
    ]
