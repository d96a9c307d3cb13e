"""The admin console's pages where two-factor sign-in is turned on and off."""

from typing import Any
from urllib.parse import quote

import segno
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django_otp import match_token

from accounts.console.forms import CodeForm, FirstCodeForm
from accounts.console.history import AuditedAdmin
from accounts.models import LockedOutError, RecoveryCode, SignInAttempts, TOTPDevice, User
from accounts.signin.passwords import check_present
from accounts.signin.two_factor import WRONG, SecondFactorNeededError, is_required_of

ISSUER = "Campaign Studio"
NEEDED = "Your role signs in with two-factor, so it can't be turned off."


def setup_address(device: TOTPDevice) -> str:
    """What the QR code says: Google's key URI format, which authenticator apps read."""
    key = device.key.reveal() if device.key else ""
    return f"otpauth://totp/{quote(ISSUER)}:{quote(device.user.username)}?secret={key}&issuer={quote(ISSUER)}"


class TwoFactorPages(AuditedAdmin):
    """Adds one's own two-factor page, and the page where an admin turns it off for somebody who lost the app."""

    def get_custom_urls(self) -> tuple[tuple[str, str, Any], ...]:
        """Both pages."""
        return (
            *super().get_custom_urls(),
            ("two-factor/", "two_factor", self.two_factor_view),
            ("<uuid:user_id>/two-factor/off/", "two_factor_off", self.turn_off_view),
        )

    def two_factor_view(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Set it up, get new recovery codes, turn it off: each with a code."""
        user: Any = request.user
        device = TOTPDevice.objects.begin(user)
        form = (CodeForm if device.confirmed else FirstCodeForm)(request.POST or None)
        codes: list[str] = []
        if form.is_valid():
            try:
                codes = self._do(request, device, **form.cleaned_data)
                if not codes:
                    return HttpResponseRedirect(reverse("admin:index"))
            except (SecondFactorNeededError, LockedOutError) as error:
                form.add_error("otp_token", str(error))
            except ValidationError as error:
                form.add_error("password", error)
        context = {
            **self.admin_site.each_context(request),
            "title": "Two-factor sign-in",
            "opts": self.opts,
            "form": form,
            "codes": codes,
            "is_on": device.confirmed,
            "is_required": is_required_of(user),
            "key": None if device.confirmed or device.key is None else device.key.reveal(),
            "picture": None if device.confirmed else segno.make(setup_address(device)).svg_data_uri(scale=4),
        }
        return TemplateResponse(request, "admin/accounts/two_factor.html", context)

    def _do(self, request: HttpRequest, device: TOTPDevice, otp_token: str, password: str = "") -> list[str]:
        """What the pressed button says; returns the recovery codes to show."""
        user: Any = request.user
        SignInAttempts.objects.attempt_code(user, at=timezone.now())
        if not device.confirmed:
            check_present(user, password)
            codes = device.confirm(otp_token)
            device.refresh_from_db()
            user.present_session.second_factor = True
            user.present_session.save(update_fields=["second_factor"])
            SignInAttempts.objects.forget(user)
            return codes
        if "off" in request.POST and is_required_of(user):
            raise SecondFactorNeededError(NEEDED)
        if match_token(user, otp_token.strip()) is None:
            raise SecondFactorNeededError(WRONG)
        SignInAttempts.objects.forget(user)
        if "off" in request.POST:
            TOTPDevice.objects.turn_off(user)
            self.message_user(request, "Two-factor sign-in is off.", messages.SUCCESS)
            return []
        return RecoveryCode.objects.renew(user)

    def turn_off_view(self, request: HttpRequest, user_id: Any, **kwargs: Any) -> HttpResponse:
        """Asks first; the POST turns it off for somebody who lost app and recovery codes."""
        user = User.objects.visible_to(request.user).filter(pk=user_id).first()
        if user is None:
            raise Http404("There is no such user.")
        if user.pk == request.user.pk or not self.may(request, "administer", user):
            raise PermissionDenied
        if request.method == "POST":
            TOTPDevice.objects.turn_off(user)
            self.message_user(request, f"Two-factor sign-in is off for {user}.", messages.SUCCESS)
            return HttpResponseRedirect(self.address("change", user))
        context = {
            **self.admin_site.each_context(request),
            "title": f"Turn off two-factor for {user.display_name}",
            "opts": self.opts,
            "person": user,
            "is_on": TOTPDevice.objects.is_used_by(user),
            "back": self.address("change", user),
        }
        return TemplateResponse(request, "admin/accounts/two_factor_off.html", context)
