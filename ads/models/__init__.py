"""Ads, their parts, what may be delivered, and the views that were counted."""

from ads.models.ads import FOUR_EYES, Ad
from ads.models.deliverable import DeliverableAd, DeliverablePlace
from ads.models.parts import AdContentRating, AdTimeSlot
from ads.models.views import AdView, AdViewDay, CampaignViewTotals, ViewReceipt

__all__ = [
    "FOUR_EYES",
    "Ad",
    "AdContentRating",
    "AdTimeSlot",
    "AdView",
    "AdViewDay",
    "CampaignViewTotals",
    "DeliverableAd",
    "DeliverablePlace",
    "ViewReceipt",
]
