"""Ads with their parts, the tables that delivery reads, and the counted views."""

from ads.models.ad import Ad
from ads.models.deliverable import DeliverableAd, DeliverablePlace
from ads.models.impressions import AdView, AdViewDay, CampaignViewTotals, ViewReceipt
from ads.models.parts import AdContentRating, AdTimeSlot

__all__ = [
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
