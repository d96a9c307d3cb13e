"""Users, their roles and sessions, and the log of what they did."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    """Registers the permission rules, the checks, the audited models and the console's sign-in signals."""

    name = "accounts"
    verbose_name = _("Administration")

    def ready(self) -> None:
        from accounts import checks, models, rules  # noqa: F401 - imported for what they register
        from accounts.audit import recording
        from accounts.signin import console as console_sessions

        console_sessions.connect()
        recording.register(models.Role)
        recording.register(
            models.User, exclude=frozenset({"last_login", "email_revision"}), mask=frozenset({"password"})
        )
