"""The abstract bases of every table, and the one table of the foundations: answers that may be asked for again."""

from campaign_studio.models.base import StudioModel, TimestampedModel
from campaign_studio.models.idempotency import IdempotentAnswer
from campaign_studio.models.stamped import StampedModel
from campaign_studio.models.versioned import PartModel, StaleError, VersionedModel

__all__ = [
    "IdempotentAnswer",
    "PartModel",
    "StaleError",
    "StampedModel",
    "StudioModel",
    "TimestampedModel",
    "VersionedModel",
]
