"""People, their roles and sessions, and the log of what they did."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Who may enter, and as whom."""

    name = "accounts"
    verbose_name = "Administration"

    def ready(self) -> None:
        """Register permission rules and audited models."""
        from accounts import checks, console_sessions, models, rules, sealing  # noqa: F401 - imported for what they register
        from campaign_studio import audit

        console_sessions.connect()
        sealing.connect()
        audit.register(models.Role)
        audit.register(models.User, exclude={"last_login"}, mask={"password"})
