"""The admin console's pages that turn two-factor authentication on and off."""

from urllib.parse import quote

import segno
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_otp import match_token

from accounts.console.forms import CodeForm, FirstCodeForm
from accounts.models import LockedOutError, RecoveryCode, SignInAttempts, TOTPDevice, User
from accounts.signin.console import signed_in
from accounts.signin.passwords import check_current_password
from accounts.signin.two_factor import INVALID_CODE, SecondFactorNeededError, is_required_of
from campaign_studio.console.views import ConsoleView, Context

ISSUER = "Campaign Studio"
REQUIRED_OF_ROLE = _("Your role requires two-factor authentication, so you can't turn it off.")


def setup_uri(device: TOTPDevice) -> str:
    """The content of the QR code, in Google's key URI format that authenticator apps read."""
    key = device.key.reveal() if device.key else ""
    return f"otpauth://totp/{quote(ISSUER)}:{quote(device.user.username)}?secret={key}&issuer={quote(ISSUER)}"


class TwoFactorView(ConsoleView):
    """The user's own two-factor authentication: set it up, renew recovery codes or turn it off, each with a code."""

    model = User
    template_name = "admin/accounts/two_factor.html"
    permission_required = ()
    title = _("Two-factor authentication")

    def get(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        device = TOTPDevice.objects.begin(signed_in(request))
        return self._page(device, _form(device, None), [])

    def post(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        """Do what the button says, and show new recovery codes if there are any."""
        device = TOTPDevice.objects.begin(signed_in(request))
        form = _form(device, request.POST)
        codes: list[str] = []
        if form.is_valid():
            try:
                codes = _do(request, device, **form.cleaned_data)
                if not codes:
                    return HttpResponseRedirect(reverse("admin:index"))
            except (SecondFactorNeededError, LockedOutError) as error:
                form.add_error("otp_token", str(error))
            except ValidationError as error:
                form.add_error("password", error)
        return self._page(device, form, codes)

    def _page(self, device: TOTPDevice, form: CodeForm, codes: list[str]) -> HttpResponse:
        is_new = not device.confirmed
        return self.render_to_response(
            self.get_context_data(
                form=form,
                codes=codes,
                is_on=device.confirmed,
                is_required=is_required_of(device.user),
                key=device.key.reveal() if is_new and device.key else None,
                picture=segno.make(setup_uri(device)).svg_data_uri(scale=4) if is_new else None,
            )
        )


def _form(device: TOTPDevice, sent: QueryDict | None) -> CodeForm:
    return CodeForm(sent) if device.confirmed else FirstCodeForm(sent)


def _do(request: HttpRequest, device: TOTPDevice, otp_token: str, password: str = "") -> list[str]:
    """Do what the button says. Returns the recovery codes to show."""
    user = signed_in(request)
    SignInAttempts.objects.attempt_code(user, at=timezone.now())
    if not device.confirmed:
        check_current_password(user, password)
        codes = device.confirm(otp_token)
        device.refresh_from_db()
        if user.current_session is not None:
            user.current_session.second_factor = True
            user.current_session.save(update_fields=["second_factor"])
        SignInAttempts.objects.forget(user)
        return codes
    if "off" in request.POST and is_required_of(user):
        raise SecondFactorNeededError(REQUIRED_OF_ROLE)
    if match_token(user, otp_token.strip()) is None:
        raise SecondFactorNeededError(INVALID_CODE)
    SignInAttempts.objects.forget(user)
    if "off" in request.POST:
        TOTPDevice.objects.turn_off(user)
        messages.success(request, gettext("Two-factor authentication is off."))
        return []
    return RecoveryCode.objects.renew(user)


class TurnOffView(ConsoleView):
    """Turns two-factor authentication off for a user who lost the app and the recovery codes. Asks first."""

    model = User
    template_name = "admin/accounts/two_factor_off.html"
    target: User

    def has_permission(self) -> bool:
        """Whether the signed-in user administers this other user. Raises Http404 for users they don't see."""
        user = signed_in(self.request)
        found = User.objects.all().visible_to(user).filter(pk=self.kwargs["user_id"]).first()
        if found is None:
            raise Http404(gettext("No such user."))
        self.target = found
        return found.pk != user.pk and user.has_perm("accounts.administer_user", found)

    def post(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        TOTPDevice.objects.turn_off(self.target)
        message = gettext("Two-factor authentication is off for %(user)s.") % {"user": self.target}
        messages.success(request, message)
        return HttpResponseRedirect(self._back())

    def get_context_data(self, **kwargs: object) -> Context:
        """Add the user, and whether there is anything to turn off."""
        return super().get_context_data(
            title=gettext("Turn off two-factor authentication for %(user)s") % {"user": self.target.display_name},
            target=self.target,
            is_on=TOTPDevice.objects.is_used_by(self.target),
            back=self._back(),
            **kwargs,
        )

    def _back(self) -> str:
        return reverse("admin:accounts_user_change", args=[self.target.pk])
