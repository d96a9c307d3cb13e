"""Views: partitioned by month, receipted for ever, summed up by day."""

import django.db.models.deletion
from django.db import migrations, models

# Django knows no partitioned tables. What no month's partition takes, the default one does: no view is lost.
VIEWS = """
CREATE TABLE ad_views (
    view_id uuid NOT NULL,
    ad_id uuid NOT NULL,
    viewed_at timestamptz NOT NULL,
    duration_seconds integer NOT NULL
        CONSTRAINT ad_view_lasts_a_day_at_most CHECK (duration_seconds >= 0 AND duration_seconds <= 86400),
    country varchar(100) NOT NULL,
    city varchar(200) NOT NULL,
    postcode varchar(200) NOT NULL,
    device_id varchar(100) NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (viewed_at, view_id)
) PARTITION BY RANGE (viewed_at);
CREATE TABLE ad_views_other PARTITION OF ad_views DEFAULT;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("ads", "0003_version"),
        ("campaigns", "0002_version"),
    ]

    operations = [
        migrations.CreateModel(
            name="ViewReceipt",
            fields=[
                ("view_id", models.UUIDField(primary_key=True, serialize=False)),
            ],
            options={
                "db_table": "ad_view_receipts",
            },
        ),
        migrations.CreateModel(
            name="CampaignViewTotals",
            fields=[
                (
                    "campaign",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="view_totals",
                        serialize=False,
                        to="campaigns.campaign",
                    ),
                ),
                ("view_count", models.BigIntegerField(db_default=0, default=0)),
                ("view_seconds", models.BigIntegerField(db_default=0, default=0)),
            ],
            options={
                "verbose_name": "total of views",
                "db_table": "campaign_view_totals",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("view_count__gte", 0), ("view_seconds__gte", 0)),
                        name="campaign_view_totals_are_not_negative",
                        violation_error_message="A campaign has no less than 0 views and 0 seconds.",
                    )
                ],
            },
        ),
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(VIEWS, "DROP TABLE ad_views")],
            state_operations=[
                migrations.CreateModel(
                    name="AdView",
                    fields=[
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "viewed_at", "view_id", blank=True, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("view_id", models.UUIDField()),
                        ("viewed_at", models.DateTimeField()),
                        ("duration_seconds", models.PositiveIntegerField()),
                        ("country", models.CharField(blank=True, default="", max_length=100)),
                        ("city", models.CharField(blank=True, default="", max_length=200)),
                        ("postcode", models.CharField(blank=True, default="", max_length=200)),
                        ("device_id", models.CharField(blank=True, default="", max_length=100)),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                        (
                            "ad",
                            models.ForeignKey(
                                db_constraint=False,
                                db_index=False,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="ads.ad",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "view",
                        "db_table": "ad_views",
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("duration_seconds__gte", 0), ("duration_seconds__lte", 86400)),
                                name="ad_view_lasts_a_day_at_most",
                                violation_error_message="A view lasts from 0 to 86,400 seconds.",
                            )
                        ],
                    },
                ),
            ],
        ),
        migrations.CreateModel(
            name="AdViewDay",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField()),
                ("country", models.CharField(blank=True, default="", max_length=100)),
                ("city", models.CharField(blank=True, default="", max_length=200)),
                ("view_count", models.BigIntegerField()),
                ("view_seconds", models.BigIntegerField()),
                ("is_final", models.BooleanField(db_default=False, default=False)),
                (
                    "ad",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="view_days", to="ads.ad"
                    ),
                ),
            ],
            options={
                "verbose_name": "day of views",
                "verbose_name_plural": "views",
                "db_table": "ad_view_days",
                "default_permissions": (),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("ad", "day", "country", "city"),
                        name="ad_view_day_is_one_row",
                        violation_error_message="The views of an ad on a day in a city are one row.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("view_count__gte", 0), ("view_seconds__gte", 0)),
                        name="ad_view_day_counts_up",
                        violation_error_message="A day has no less than 0 views and 0 seconds.",
                    ),
                ],
            },
        ),
    ]
