"""Each audit seal says its format, that is, which columns it covers. Those there are have the first one."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0006_answers_move_to_foundations")]

    operations = [
        migrations.AddField(
            model_name="auditseal",
            name="format",
            field=models.SmallIntegerField(db_default=1),
        )
    ]
