"""Views keep the position, quarter hour and impression that limit the seconds of a device."""

from django.db import migrations, models

# Django knows no partitioned tables. The partitions get the columns and indexes too.
FORWARD = """
ALTER TABLE ad_views
    ADD COLUMN position varchar(50) NOT NULL DEFAULT '',
    ADD COLUMN quarter timestamptz,
    ADD COLUMN impression_id uuid;
CREATE INDEX ad_views_of_a_quarter ON ad_views (device_id, quarter);
CREATE INDEX ad_views_of_an_impression ON ad_views (impression_id);
"""
BACKWARD = """
DROP INDEX ad_views_of_an_impression;
DROP INDEX ad_views_of_a_quarter;
ALTER TABLE ad_views DROP COLUMN impression_id, DROP COLUMN quarter, DROP COLUMN position;
"""


class Migration(migrations.Migration):
    dependencies = [("ads", "0007_devices")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(FORWARD, BACKWARD)],
            state_operations=[
                migrations.AddField(
                    "adview", "position", models.CharField(blank=True, db_default="", default="", max_length=50)
                ),
                migrations.AddField("adview", "quarter", models.DateTimeField(null=True)),
                migrations.AddField("adview", "impression_id", models.UUIDField(null=True)),
                migrations.AddIndex(
                    "adview", models.Index(fields=["device_id", "quarter"], name="ad_views_of_a_quarter")
                ),
                migrations.AddIndex("adview", models.Index(fields=["impression_id"], name="ad_views_of_an_impression")),
            ],
        ),
    ]
