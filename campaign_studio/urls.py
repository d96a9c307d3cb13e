"""Every address of Campaign Studio."""

from django.contrib import admin
from django.urls import include, path, re_path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularJSONAPIView, SpectacularRedocView, SpectacularSwaggerSplitView

from campaign_studio.api.views import HealthView, no_such_address

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index"), name="home"),
    path("admin/", admin.site.urls),
    path("api/", include("accounts.api.urls")),
    path("api/", include("advertisers.api.urls")),
    path("api/", include("campaigns.api.urls")),
    path("api/", include("ads.api.urls")),
    path("api/health", HealthView.as_view(), name="health"),
    path("api/openapi.json", SpectacularJSONAPIView.as_view(), name="openapi"),
    path("api/docs", SpectacularSwaggerSplitView.as_view(url_name="openapi"), name="docs"),
    path("api/redoc", SpectacularRedocView.as_view(url_name="openapi", template_name="api/redoc.html"), name="redoc"),
    re_path(r"^api(?:/(?P<path>.*))?$", no_such_address),
]

handler400 = "campaign_studio.api.errors.bad_request"
handler403 = "campaign_studio.api.errors.permission_denied"
handler404 = "campaign_studio.api.errors.not_found"
handler500 = "campaign_studio.api.errors.server_error"
