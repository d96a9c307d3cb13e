"""URLs of the ads API."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from ads.api import delivery, reporting, views

router = SimpleRouter(trailing_slash=False, use_regex_path=False)
router.register("ads", views.AdViewSet, basename="ad")

urlpatterns = [
    path("delivery", delivery.DeliveryViewSet.as_view({"get": "decision"}), name="delivery"),
    path("delivery/explain", delivery.DeliveryViewSet.as_view({"get": "explain"}), name="delivery-explain"),
    path("delivery/views", reporting.ViewReportViewSet.as_view({"post": "create"}), name="report-views"),
    path("ads/<uuid:ad_id>/qr.svg", delivery.QrCodeViewSet.as_view({"get": "qr"}), name="ad-qr"),
    *router.urls,
    path(
        "campaigns/<uuid:campaign_id>/ads",
        views.CampaignAdViewSet.as_view({"get": "list", "post": "create"}),
        name="campaign-ads",
    ),
    path(
        "campaigns/<uuid:campaign_id>/readiness",
        delivery.ReadinessViewSet.as_view({"get": "readiness"}),
        name="campaign-readiness",
    ),
    path(
        "campaigns/<uuid:campaign_id>/performance",
        reporting.PerformanceViewSet.as_view({"get": "retrieve"}),
        name="campaign-performance",
    ),
    path("moderation-queue", views.ModerationQueueViewSet.as_view({"get": "list"}), name="moderation-queue"),
]
