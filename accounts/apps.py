"""People, their roles and sessions, and the log of what they did."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Who may enter, and as whom."""

    name = "accounts"
    verbose_name = "Administration"

    def ready(self) -> None:
        from accounts import checks, models, rules  # noqa: F401 - imported for what they register
        from accounts.audit import recording
        from accounts.signin import console as console_sessions

        console_sessions.connect()
        recording.register(models.Role)
        recording.register(models.User, exclude=frozenset({"last_login"}), mask=frozenset({"password"}))
