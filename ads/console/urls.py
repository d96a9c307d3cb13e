"""The URLs of the console's ad pages outside a ModelAdmin: relative to `/admin/`, in the namespace `admin`."""

from django.urls import path

from ads.console.availability import AvailabilityView
from ads.console.diagnosis import DiagnosisView
from ads.console.moderation import QueueView
from ads.console.preview import PositionView, PreviewView

urlpatterns = [
    path("ads/ad/queue/", QueueView.as_view(), name="ads_ad_queue"),
    path("ads/ad/preview/", PreviewView.as_view(), name="ads_ad_preview"),
    path("ads/ad/preview/why/", PositionView.as_view(), name="ads_ad_preview_why"),
    path("ads/ad/board/", AvailabilityView.as_view(), name="ads_ad_board"),
    path("ads/ad/why/<uuid:campaign_id>/", DiagnosisView.as_view(), name="ads_ad_why_campaign"),
]
