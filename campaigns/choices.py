"""The statuses of campaigns and ads, and the units of a viewing-time cap."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Status(models.TextChoices):
    """The status of a campaign or an ad. `lifecycle.py` says which may follow which."""

    DRAFT = "draft", pgettext_lazy("campaign or ad status", "Draft")
    ACTIVE = "active", pgettext_lazy("campaign or ad status", "Active")
    PAUSED = "paused", pgettext_lazy("campaign or ad status", "Paused")
    INACTIVE = "inactive", pgettext_lazy("campaign or ad status", "Inactive")
    EXPIRED = "expired", pgettext_lazy("campaign or ad status", "Expired")


class DurationUnit(models.TextChoices):
    """The unit of a campaign's viewing-time cap."""

    SECONDS = "seconds", _("Seconds")
    MINUTES = "minutes", _("Minutes")
    HOURS = "hours", _("Hours")
    DAYS = "days", _("Days")


# The length of each unit in seconds.
SECONDS: dict[str, int] = {"seconds": 1, "minutes": 60, "hours": 60 * 60, "days": 24 * 60 * 60}


def in_seconds(value: int | None, unit: str | None) -> int | None:
    """A duration in seconds, or None if value or unit is missing."""
    return value * SECONDS[unit] if value is not None and unit else None
