"""What a campaign and its audience can be."""

from django.db import models


class Status(models.TextChoices):
    """Where a campaign or an ad stands in its life; `lifecycle.py` says what may follow what."""

    DRAFT = "draft", "Draft"
    ACTIVE = "active", "Active"
    PAUSED = "paused", "Paused"
    INACTIVE = "inactive", "Inactive"
    EXPIRED = "expired", "Expired"


class DurationUnit(models.TextChoices):
    """The unit of a campaign's longest viewing time."""

    SECONDS = "seconds", "Seconds"
    MINUTES = "minutes", "Minutes"
    HOURS = "hours", "Hours"
    DAYS = "days", "Days"


# How many seconds one of it has.
SECONDS: dict[str, int] = {"seconds": 1, "minutes": 60, "hours": 60 * 60, "days": 24 * 60 * 60}


def in_seconds(value: int | None, unit: str | None) -> int | None:
    """A duration as seconds; None when none is set."""
    return value * SECONDS[unit] if value is not None and unit else None
