"""Views are counted on the day of the screen's clock. The sums on record are of days in UTC, and stay."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("ads", "0010_search")]

    operations = [
        migrations.AddField("adview", "local_day", models.DateField(null=True)),
        migrations.AddField("adviewday", "is_local", models.BooleanField(default=True, db_default=False)),
    ]
