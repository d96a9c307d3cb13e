"""The console's pages to change and reset a password: Django's views with this site's rules and mail."""

from django.contrib.auth import views
from django.contrib.auth.forms import PasswordResetForm, SetPasswordForm
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.urls import reverse_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.console.forms import ForgottenPasswordForm, NewPasswordForm, OwnPasswordForm
from accounts.models import User
from accounts.signin import passwords
from campaign_studio.console.views import ConsoleFrameMixin, Context


class OwnPasswordView(ConsoleFrameMixin, views.PasswordChangeView):
    """Changes the user's own password."""

    form_class = OwnPasswordForm
    title = _("Change password")
    success_url = reverse_lazy("admin:password_change_done")


class ForgottenPasswordView(ConsoleFrameMixin, views.PasswordResetView):
    """Asks for the email address to send the reset link to."""

    form_class = ForgottenPasswordForm
    title = _("Forgotten your password?")
    success_url = reverse_lazy("password_reset_done")

    def form_valid(self, form: PasswordResetForm) -> HttpResponse:
        """Send the mail if the address is known. The response is the same either way."""
        passwords.request_reset(form.cleaned_data["email"])
        return super(views.PasswordResetView, self).form_valid(form)


class MailSentView(ConsoleFrameMixin, views.PasswordResetDoneView):
    """Says that the mail has been sent, whether or not the address is known."""

    title = _("Check your inbox")


class NewPasswordView(ConsoleFrameMixin, views.PasswordResetConfirmView):
    """Sets the new password, behind the link in the mail."""

    form_class = NewPasswordForm
    title = _("Set a new password")
    success_url = reverse_lazy("password_reset_complete")

    def get_user(self, uidb64: str) -> User | None:
        """The user for whom the link was sent, if they are active."""
        user = super().get_user(uidb64)
        return user if user is not None and user.is_active else None

    def get_context_data(self, **kwargs: object) -> Context:
        context = super().get_context_data(**kwargs)
        return context if self.validlink else context | {"title": gettext("This link no longer works")}

    def form_valid(self, form: SetPasswordForm) -> HttpResponse:
        """Set the password, or show the link as expired if it has been used in the meantime."""
        try:
            return super().form_valid(form)
        except ValidationError:
            self.validlink = False
            return self.render_to_response(self.get_context_data())


class PasswordSetView(ConsoleFrameMixin, views.PasswordResetCompleteView):
    """Says that the new password is set, and links to the sign-in page."""

    title = _("Your new password is set")
