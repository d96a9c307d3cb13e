"""The table of answers that may be asked for again belongs to the foundations: see `campaign_studio.0001`."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0005_idempotent_answers"),
        ("campaign_studio", "0001_idempotent_answers"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(state_operations=[migrations.DeleteModel(name="IdempotentAnswer")])
    ]
