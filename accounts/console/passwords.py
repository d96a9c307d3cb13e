"""The console's pages for a forgotten password: the framework's, with our rules and mail."""

from typing import Any

from django.contrib import admin
from django.contrib.auth import views
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.urls import reverse_lazy

from accounts.console.forms import ForgottenPasswordForm, NewPasswordForm
from accounts.signin import passwords


class _LooksLikeTheConsole:
    request: Any

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """With what the console's layout needs."""
        return {**admin.site.each_context(self.request), **super().get_context_data(**kwargs)}  # type: ignore[misc]


class ForgottenPasswordView(_LooksLikeTheConsole, views.PasswordResetView):
    """Asks for the address."""

    form_class = ForgottenPasswordForm
    success_url = reverse_lazy("password_reset_done")

    def form_valid(self, form: Any) -> HttpResponse:
        """Send the mail, if there is somebody to send it to; the answer doesn't tell."""
        site = self.request.build_absolute_uri("/").rstrip("/")
        passwords.request_reset(form.cleaned_data["email"], site=site)
        return super(views.PasswordResetView, self).form_valid(form)


class MailSentView(_LooksLikeTheConsole, views.PasswordResetDoneView):
    """Says where to look."""


class NewPasswordView(_LooksLikeTheConsole, views.PasswordResetConfirmView):
    """Behind the link in the mail."""

    form_class = NewPasswordForm
    success_url = reverse_lazy("password_reset_complete")

    def get_user(self, uidb64: str) -> Any:
        """Whose link it is, as long as they are active."""
        user = super().get_user(uidb64)
        return user if user is not None and user.is_active else None

    def form_valid(self, form: Any) -> HttpResponse:
        """Set it, unless the same link was used a moment ago."""
        try:
            return super().form_valid(form)
        except ValidationError:
            self.validlink = False
            return self.render_to_response(self.get_context_data())


class PasswordSetView(_LooksLikeTheConsole, views.PasswordResetCompleteView):
    """Says that it worked."""
