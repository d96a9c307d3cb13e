"""Addresses of the ads API."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from ads.api import delivery, reporting
from ads.api.views import AdViewSet, CampaignAdViewSet, ModerationQueueViewSet

router = SimpleRouter(trailing_slash=False, use_regex_path=False)
router.register("ads", AdViewSet, basename="ad")

urlpatterns = [
    *delivery.urlpatterns,
    *router.urls,
    *reporting.urlpatterns,
    path(
        "campaigns/<uuid:campaign_id>/ads",
        CampaignAdViewSet.as_view({"get": "list", "post": "create"}),
        name="campaign-ads",
    ),
    path("moderation-queue", ModerationQueueViewSet.as_view({"get": "list"}), name="moderation-queue"),
]
