"""Security events about implausible views."""

from django.db import migrations, models

KINDS = [
    *("login_ok", "login_failed", "locked_out", "unlocked", "logged_out", "session_revoked", "refresh_reused"),
    *(
        "password_changed",
        "reset_requested",
        "email_changed",
        "email_confirmed",
        "password_reset",
        "two_factor_on",
        "two_factor_off",
    ),
    *("recovery_codes_renewed", "recovery_code_used", "role_changed", "deactivated", "permission_refused"),
    *("implausible_views", "bank_number_revealed"),
]


class Migration(migrations.Migration):
    dependencies = [("accounts", "0008_email_revision")]

    operations = [
        migrations.AlterField(
            "securityevent", "kind", models.CharField(choices=[(kind, kind) for kind in KINDS], max_length=40)
        ),
    ]
