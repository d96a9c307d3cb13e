"""Failures from all IP addresses together keep unknown addresses waiting; a kind of security event says so."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0009_implausible_views"),
    ]

    operations = [
        migrations.AddField(
            model_name="signinattempts",
            name="next_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AlterField(
            model_name="securityevent",
            name="kind",
            field=models.CharField(
                choices=[
                    ("login_ok", "login_ok"),
                    ("login_failed", "login_failed"),
                    ("locked_out", "locked_out"),
                    ("guessing_spread", "guessing_spread"),
                    ("unlocked", "unlocked"),
                    ("logged_out", "logged_out"),
                    ("session_revoked", "session_revoked"),
                    ("refresh_reused", "refresh_reused"),
                    ("password_changed", "password_changed"),
                    ("reset_requested", "reset_requested"),
                    ("email_changed", "email_changed"),
                    ("email_confirmed", "email_confirmed"),
                    ("password_reset", "password_reset"),
                    ("two_factor_on", "two_factor_on"),
                    ("two_factor_off", "two_factor_off"),
                    ("recovery_codes_renewed", "recovery_codes_renewed"),
                    ("recovery_code_used", "recovery_code_used"),
                    ("role_changed", "role_changed"),
                    ("deactivated", "deactivated"),
                    ("permission_refused", "permission_refused"),
                    ("implausible_views", "implausible_views"),
                    ("bank_number_revealed", "bank_number_revealed"),
                ],
                max_length=40,
            ),
        ),
    ]
