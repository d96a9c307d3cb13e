"""Every URL of Campaign Studio: the console, the REST API and its documentation."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path, re_path
from django.views.generic import RedirectView

from accounts.console import confirmation as console_confirmation
from accounts.console import passwords as console_passwords
from ads.api.media import MEDIA_FILE, MediaFileView
from campaign_studio.api.routing import FirstWordResolver
from campaign_studio.api.views import (
    DocsView,
    HealthView,
    IndexView,
    LiveView,
    RedocView,
    SchemaView,
    no_such_address,
)

# The models' pages come last, because they end with a catch-all pattern.
console = [
    path("", include("accounts.console.urls")),
    path("", include("advertisers.console.urls")),
    path("", include("ads.console.urls")),
    *admin.site.get_urls(),
]
api: list[URLPattern | URLResolver] = [
    path("", include("accounts.api.urls")),
    path("", include("advertisers.api.urls")),
    path("", include("campaigns.api.urls")),
    path("", include("ads.api.urls")),
    path("live", LiveView.as_view(), name="live"),
    path("health", HealthView.as_view(), name="health"),
    path("openapi.json", SchemaView.as_view(), name="openapi"),
    path("docs", DocsView.as_view(url_name="openapi", template_name="api/docs.html"), name="docs"),
    path("redoc", RedocView.as_view(url_name="openapi", template_name="api/redoc.html"), name="redoc"),
]
# In the order of work.
BEGINNINGS = {
    "docs": "docs",
    "openapi": "openapi",
    "login": "login",
    "me": "me",
    "advertisers": "advertiser-list",
    "campaigns": "campaign-list",
    "ads": "ad-list",
    "change_sets": "change-set-list",
    "delivery": "delivery",
    "devices": "device-list",
    "moderation_queue": "moderation-queue",
    "users": "user-list",
    "roles": "role-list",
    "audit_log": "audit-log-list",
    "security_events": "security-event-list",
    "health": "health",
}
urlpatterns = [
    FirstWordResolver("api/", api),
    path("", RedirectView.as_view(pattern_name="admin:index"), name="home"),
    path("admin/password_reset/", console_passwords.ForgottenPasswordView.as_view(), name="admin_password_reset"),
    path("admin/password_reset/sent/", console_passwords.MailSentView.as_view(), name="password_reset_done"),
    path("admin/reset/<uidb64>/<token>/", console_passwords.NewPasswordView.as_view(), name="password_reset_confirm"),
    path("admin/reset/done/", console_passwords.PasswordSetView.as_view(), name="password_reset_complete"),
    path("admin/email/<uidb64>/<token>/", console_confirmation.ConfirmEmailView.as_view(), name="email_confirm"),
    path("admin/email/confirmed/", console_confirmation.EmailConfirmedView.as_view(), name="email_confirmed"),
    path("admin/", (console, "admin", admin.site.name)),
    path("api", IndexView.as_view(links=BEGINNINGS), name="api"),
    re_path(MEDIA_FILE, MediaFileView.as_view(), name="media-file"),
    re_path(r"^api(?:/(?P<path>.*))?$", no_such_address),
]

handler400 = "campaign_studio.api.errors.bad_request"
handler403 = "campaign_studio.api.errors.permission_denied"
handler404 = "campaign_studio.api.errors.not_found"
handler500 = "campaign_studio.api.errors.server_error"
