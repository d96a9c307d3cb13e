"""URLs of the accounts API."""

from django.urls import include, path
from rest_framework.routers import SimpleRouter

import accounts.api.schema  # noqa: F401 - importing it registers the security scheme
from accounts.api import email_views, password_views, session_views, views

router = SimpleRouter(trailing_slash=False, use_regex_path=False)
router.register("roles", views.RoleViewSet, basename="role")
router.register("users", views.UserViewSet, basename="user")
router.register("auth/sessions", session_views.SessionViewSet, basename="session")
router.register("security-events", session_views.SecurityEventViewSet, basename="security-event")
router.register("audit-log", views.AuditLogViewSet, basename="audit-log")

urlpatterns = [
    path("auth/register", views.RegisterView.as_view(), name="register"),
    path("auth/login", views.LoginView.as_view(), name="login"),
    path("auth/refresh", views.RefreshView.as_view(), name="refresh"),
    path("auth/logout", views.LogoutView.as_view(), name="logout"),
    path("auth/password", password_views.PasswordView.as_view(), name="password"),
    path("auth/password/reset", password_views.ResetView.as_view(), name="password-reset"),
    path("auth/password/reset/confirm", password_views.ResetConfirmView.as_view(), name="password-reset-confirm"),
    path("auth/email", email_views.EmailView.as_view(), name="email"),
    path("auth/email/confirm", email_views.EmailConfirmView.as_view(), name="email-confirm"),
    path(
        "users/<uuid:user_id>/password",
        password_views.UserPasswordView.as_view({"put": "update"}),
        name="user-password",
    ),
    path("auth/me", views.MeView.as_view(), name="me"),
    path("", include(router.urls)),
]
