"""The six roles and their levels, the ways in, and what the security log tells apart."""

from django.db import models


class RoleName(models.TextChoices):
    """What a person is in Campaign Studio; one role each."""

    SYSTEM_ADMIN = "system_admin", "System administrator"
    APP_ADMIN = "app_admin", "Application administrator"
    CAMPAIGN_MANAGER = "campaign_manager", "Campaign manager"
    CONTENT_MODERATOR = "content_moderator", "Content moderator"
    USER = "user", "User"
    GUEST = "guest", "Guest"

    @property
    def level(self) -> int:
        """1 (everything) to 6 (least)."""
        return LEVELS[self]


LEVELS: dict[str, int] = {role.value: level for level, role in enumerate(RoleName, start=1)}

ADMIN_ROLES = (RoleName.SYSTEM_ADMIN, RoleName.APP_ADMIN)
# Those who keep advertisers and plan campaigns.
PLANNING_ROLES = (*ADMIN_ROLES, RoleName.CAMPAIGN_MANAGER)
STAFF_ROLES = (*PLANNING_ROLES, RoleName.CONTENT_MODERATOR)


class Door(models.TextChoices):
    """The ways in by which something is changed."""

    ADMIN = "admin", "Admin console"
    API = "api", "API"
    COMMAND = "command", "Command"


class SecurityEventKind(models.TextChoices):
    """What the security log tells apart."""

    LOGIN_OK = "login_ok", "Signed in"
    LOGIN_FAILED = "login_failed", "Sign-in failed"
    LOCKED_OUT = "locked_out", "Locked out"
    UNLOCKED = "unlocked", "Unlocked"
    LOGGED_OUT = "logged_out", "Signed out"
    SESSION_REVOKED = "session_revoked", "Session ended by hand"
    REFRESH_REUSED = "refresh_reused", "Refresh token used again"
    PASSWORD_CHANGED = "password_changed", "Password changed"
    RESET_REQUESTED = "reset_requested", "Password reset requested"
    PASSWORD_RESET = "password_reset", "Password reset by e-mail"
    TWO_FACTOR_ON = "two_factor_on", "Two-factor turned on"
    TWO_FACTOR_OFF = "two_factor_off", "Two-factor turned off"
    RECOVERY_CODES_RENEWED = "recovery_codes_renewed", "Recovery codes renewed"
    RECOVERY_CODE_USED = "recovery_code_used", "Recovery code used"
    ROLE_CHANGED = "role_changed", "Role changed"
    DEACTIVATED = "deactivated", "Account deactivated"
    PERMISSION_REFUSED = "permission_refused", "Permission refused"
    BANK_NUMBER_REVEALED = "bank_number_revealed", "Bank number revealed"
