"""Counts the changes of a row, so that a write which would undo somebody else's is refused."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("advertisers", "0001_advertisers"),
    ]

    operations = [
        migrations.AddField(
            model_name="advertiser",
            name="version",
            field=models.PositiveIntegerField(db_default=1, default=1, editable=False),
        ),
    ]
