"""The six roles and their levels, the channels through which data changes, and the kinds of security event."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class RoleName(models.TextChoices):
    """What a user may do in Campaign Studio. Every user has exactly one role."""

    SYSTEM_ADMIN = "system_admin", _("System administrator")
    APP_ADMIN = "app_admin", _("Application administrator")
    CAMPAIGN_MANAGER = "campaign_manager", _("Campaign manager")
    CONTENT_MODERATOR = "content_moderator", _("Content moderator")
    USER = "user", pgettext_lazy("role", "User")
    GUEST = "guest", _("Guest")

    @property
    def level(self) -> int:
        """From 1 (full access) to 6 (least access)."""
        return LEVELS[self]


LEVELS: dict[str, int] = {role.value: level for level, role in enumerate(RoleName, start=1)}

ADMIN_ROLES = (RoleName.SYSTEM_ADMIN, RoleName.APP_ADMIN)
# The roles that manage advertisers and plan campaigns.
PLANNING_ROLES = (*ADMIN_ROLES, RoleName.CAMPAIGN_MANAGER)
STAFF_ROLES = (*PLANNING_ROLES, RoleName.CONTENT_MODERATOR)


class Door(models.TextChoices):
    """The channel through which a user signed in or changed something."""

    ADMIN = "admin", _("Admin console")
    API = "api", _("API")
    COMMAND = "command", _("Command")


class SecurityEventKind(models.TextChoices):
    """The kinds of event in the security log."""

    LOGIN_OK = "login_ok", _("Signed in")
    LOGIN_FAILED = "login_failed", _("Sign-in failed")
    LOCKED_OUT = "locked_out", _("Locked out")
    GUESSING_SPREAD = "guessing_spread", _("Guessing from many IP addresses")
    UNLOCKED = "unlocked", _("Unlocked")
    LOGGED_OUT = "logged_out", _("Signed out")
    SESSION_REVOKED = "session_revoked", _("Session ended")
    REFRESH_REUSED = "refresh_reused", _("Refresh token reused")
    PASSWORD_CHANGED = "password_changed", _("Password changed")
    RESET_REQUESTED = "reset_requested", _("Password reset requested")
    EMAIL_CHANGED = "email_changed", _("Email address changed")
    EMAIL_CONFIRMED = "email_confirmed", _("Email address confirmed")
    PASSWORD_RESET = "password_reset", _("Password reset by email")
    TWO_FACTOR_ON = "two_factor_on", _("Two-factor authentication turned on")
    TWO_FACTOR_OFF = "two_factor_off", _("Two-factor authentication turned off")
    RECOVERY_CODES_RENEWED = "recovery_codes_renewed", _("Recovery codes renewed")
    RECOVERY_CODE_USED = "recovery_code_used", _("Recovery code used")
    ROLE_CHANGED = "role_changed", _("Role changed")
    DEACTIVATED = "deactivated", _("Account deactivated")
    PERMISSION_REFUSED = "permission_refused", _("Permission denied")
    IMPLAUSIBLE_VIEWS = "implausible_views", _("Implausible views reported")
    BANK_NUMBER_REVEALED = "bank_number_revealed", _("Bank account number revealed")
