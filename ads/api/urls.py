"""URLs of the ads API."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from accounts.api.authentication import BearerAuthentication
from ads.api import actions, changesets, delivery, devices, media, meta, performance, reporting, views

router = SimpleRouter(trailing_slash=False, use_regex_path=False)
router.register("ads", views.AdViewSet, basename="ad")
router.register("change-sets", changesets.ChangeSetViewSet, basename="change-set")
router.register("devices", devices.DeviceViewSet, basename="device")

# The two URLs that admit devices say so here.
urlpatterns = [
    path(
        "delivery",
        delivery.DeliveryViewSet.as_view(
            {"get": "decision"}, authentication_classes=(devices.DeviceAuthentication, BearerAuthentication)
        ),
        name="delivery",
    ),
    path("delivery/explain", delivery.DeliveryViewSet.as_view({"get": "explain"}), name="delivery-explain"),
    path(
        "delivery/views",
        reporting.ViewReportViewSet.as_view(
            {"post": "create"},
            authentication_classes=(devices.DeviceAuthentication, devices.UserRecognition),
            permission_classes=(devices.OnlyDevices,),
        ),
        name="report-views",
    ),
    path("ads/<uuid:ad_id>/qr.svg", delivery.QrCodeViewSet.as_view({"get": "qr"}), name="ad-qr"),
    *router.urls,
    path(
        "campaigns/<uuid:campaign_id>/ads",
        views.CampaignAdViewSet.as_view({"get": "list", "post": "create"}),
        name="campaign-ads",
    ),
    *[
        path(
            f"campaigns/<uuid:campaign_id>/{verb}",
            actions.CampaignActionViewSet.as_view({"post": verb}),
            name=f"campaign-{verb}",
        )
        for verb in ("shift", "duplicate", "publish")
    ],
    path(
        "campaigns/<uuid:campaign_id>/readiness",
        delivery.ReadinessViewSet.as_view({"get": "readiness"}),
        name="campaign-readiness",
    ),
    path(
        "campaigns/<uuid:campaign_id>/performance",
        performance.PerformanceViewSet.as_view({"get": "retrieve"}),
        name="campaign-performance",
    ),
    path("media", media.MediaViewSet.as_view({"post": "create"}), name="media"),
    path("meta", meta.MetaView.as_view(), name="meta"),
    path("moderation-queue", views.ModerationQueueViewSet.as_view({"get": "list"}), name="moderation-queue"),
]
