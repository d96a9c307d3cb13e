"""The abstract bases of all models, and the table of kept answers (`Idempotency-Key`)."""

from campaign_studio.models.base import StudioModel, TimestampedModel
from campaign_studio.models.idempotency import IdempotentAnswer
from campaign_studio.models.places import City, PlaceKind, PlaceName
from campaign_studio.models.stamped import StampedModel
from campaign_studio.models.versioned import PartModel, StaleError, VersionedModel

__all__ = [
    "City",
    "IdempotentAnswer",
    "PartModel",
    "PlaceKind",
    "PlaceName",
    "StaleError",
    "StampedModel",
    "StudioModel",
    "TimestampedModel",
    "VersionedModel",
]
