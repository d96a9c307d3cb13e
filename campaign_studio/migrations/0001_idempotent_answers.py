"""The table of answers that may be asked for again belongs to the foundations: it moves here without being touched."""

from django.db import migrations, models

import campaign_studio.encryption


class Migration(migrations.Migration):
    initial = True

    dependencies = [("accounts", "0005_idempotent_answers")]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.CreateModel(
                    name="IdempotentAnswer",
                    fields=[
                        (
                            "key",
                            models.CharField(
                                editable=False,
                                help_text="A hash of the client's key and of who sends it.",
                                max_length=64,
                                primary_key=True,
                                serialize=False,
                            ),
                        ),
                        (
                            "fingerprint",
                            models.CharField(help_text="A hash of method, address and body.", max_length=64),
                        ),
                        ("status", models.PositiveSmallIntegerField()),
                        ("headers", models.JSONField(default=dict)),
                        ("body", campaign_studio.encryption.EncryptedTextField(null=True)),
                        ("answered_at", models.DateTimeField(db_index=True)),
                    ],
                    options={"db_table": "idempotent_answers", "ordering": ["answered_at", "key"]},
                ),
            ]
        )
    ]
