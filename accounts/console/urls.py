"""The console's account pages outside any ModelAdmin, relative to `/admin/` and in the namespace `admin`."""

from django.contrib.admin import site
from django.urls import path

from accounts.console.confirmation import RequestLinkView
from accounts.console.passwords import OwnPasswordView
from accounts.console.two_factor import TurnOffView, TwoFactorView

urlpatterns = [
    path("password_change/", site.admin_view(OwnPasswordView.as_view()), name="password_change"),
    path("accounts/user/email/", RequestLinkView.as_view(), name="email"),
    path("accounts/user/two-factor/", TwoFactorView.as_view(), name="two_factor"),
    path("accounts/user/<uuid:user_id>/two-factor/off/", TurnOffView.as_view(), name="two_factor_off"),
]
