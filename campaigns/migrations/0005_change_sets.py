"""Change sets: several objects changed at once, with what it takes to undo that."""

import uuid

import django.contrib.postgres.fields
import django.core.serializers.json
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0004_search"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ChangeSet",
            fields=[
                (
                    "change_set_id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[("planned", "planned"), ("applied", "applied"), ("undone", "undone")],
                        default="planned",
                        max_length=10,
                    ),
                ),
                ("operations", models.JSONField(default=list)),
                ("rows", models.JSONField(default=list, encoder=django.core.serializers.json.DjangoJSONEncoder)),
                ("starts", models.JSONField(default=list)),
                ("stops", models.JSONField(default=list)),
                ("change_count", models.PositiveIntegerField(default=0)),
                ("unchanged_count", models.PositiveIntegerField(default=0)),
                ("refused_count", models.PositiveIntegerField(default=0)),
                ("bases", models.JSONField(default=dict)),
                ("results", models.JSONField(default=dict)),
                ("unlogged", models.JSONField(default=dict)),
                (
                    "entry_ids",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), default=list, size=None
                    ),
                ),
                ("created_by_name", models.CharField(max_length=200, null=True)),
                ("created_at", models.DateTimeField()),
                ("applied_by_name", models.CharField(max_length=200, null=True)),
                ("applied_at", models.DateTimeField(null=True)),
                ("undone_by_name", models.CharField(max_length=200, null=True)),
                ("undone_at", models.DateTimeField(null=True)),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "db_table": "change_sets",
                "ordering": ["-created_at", "-change_set_id"],
                "indexes": [
                    models.Index(fields=["-created_at", "-change_set_id"], name="change_sets_newest"),
                    models.Index(fields=["created_by", "-created_at", "-change_set_id"], name="change_sets_by_person"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["planned", "applied", "undone"])),
                        name="change_set_state_is_known",
                    )
                ],
            },
        ),
    ]
