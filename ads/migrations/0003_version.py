"""Counts the changes of a row, so that a write which would undo somebody else's is refused."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("ads", "0002_addresses_hide_nothing"),
    ]

    operations = [
        migrations.AddField(
            model_name="ad",
            name="version",
            field=models.PositiveIntegerField(db_default=1, default=1, editable=False),
        ),
    ]
