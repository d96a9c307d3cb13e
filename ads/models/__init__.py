"""Ads with their parts, the tables that delivery reads, devices with the views they report, and uploaded files."""

from ads.models.ad import Ad
from ads.models.deliverable import DeliverableAd, DeliverablePlace, DeliveryChange
from ads.models.devices import Device
from ads.models.impressions import AdView, AdViewDay, CampaignViewTotals, ViewReceipt
from ads.models.media_files import MediaFile
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
    "DeliveryChange",
    "Device",
    "MediaFile",
    "ViewReceipt",
]
