"""Uploaded pictures and videos."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import campaign_studio.constraints


class Migration(migrations.Migration):
    dependencies = [
        ("ads", "0018_views_of_some_days"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="MediaFile",
            fields=[
                ("content_hash", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("sent_hash", models.CharField(db_index=True, max_length=64)),
                ("extension", models.CharField(max_length=5)),
                (
                    "media_type",
                    models.CharField(
                        choices=[
                            ("text", "text"),
                            ("image", "image"),
                            ("gif", "gif"),
                            ("video", "video"),
                            ("html", "html"),
                            ("news_rss", "news_rss"),
                            ("events", "events"),
                            ("breaking_news", "breaking_news"),
                            ("alerts", "alerts"),
                        ],
                        max_length=50,
                    ),
                ),
                ("width", models.PositiveIntegerField()),
                ("height", models.PositiveIntegerField()),
                ("bytes", models.PositiveIntegerField()),
                ("has_thumbnail", models.BooleanField()),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("unused_since", models.DateTimeField(null=True)),
                (
                    "created_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "db_table": "media_files",
                "ordering": ["-created_at", "content_hash"],
                "constraints": [
                    campaign_studio.constraints.FieldCheck(
                        condition=models.Q(("content_hash__regex", "^[0-9a-f]{64}$")),
                        field="content_hash",
                        name="media_file_is_named_by_its_hash",
                    ),
                    campaign_studio.constraints.FieldCheck(
                        condition=models.Q(("media_type__in", ("image", "gif", "video"))),
                        field="media_type",
                        name="media_file_shows_something",
                    ),
                ],
            },
        ),
    ]
