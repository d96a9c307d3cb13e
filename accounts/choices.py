"""The six roles and their levels (1-domain)."""

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
STAFF_ROLES = (*ADMIN_ROLES, RoleName.CAMPAIGN_MANAGER, RoleName.CONTENT_MODERATOR)
