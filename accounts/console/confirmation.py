"""The console's pages that confirm an email address: request a link, and the page behind it."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.generic import TemplateView

from accounts.models import User
from accounts.signin import confirmation
from accounts.signin.console import signed_in
from campaign_studio.console.views import ConsoleFrameMixin, ConsoleView, Context


class RequestLinkView(ConsoleView):
    """Sends the user another link to confirm their own address."""

    model = User
    template_name = "admin/accounts/email.html"
    permission_required = ()
    title = _("Confirm your email address")

    def get(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        user = signed_in(request)
        return _already_confirmed(request, user) if user.is_verified else super().get(request, *args, **kwargs)

    def post(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        user = signed_in(request)
        if user.is_verified:
            return _already_confirmed(request, user)
        if confirmation.send_link(user):
            messages.error(
                request, gettext("Too many links have been requested. Check your spam folder, and try again later.")
            )
        else:
            messages.success(request, gettext("The link has been sent. It works for three days."))
        return _own_page(user)


def _already_confirmed(request: HttpRequest, user: User) -> HttpResponse:
    messages.info(request, gettext("Your email address is already confirmed."))
    return _own_page(user)


def _own_page(user: User) -> HttpResponse:
    return HttpResponseRedirect(reverse("admin:accounts_user_change", args=[user.pk]))


@method_decorator(never_cache, name="dispatch")
class ConfirmEmailView(ConsoleFrameMixin, TemplateView):
    """Confirms the address when the button is pressed. Opening the link isn't enough: mail scanners open links too.

    Nobody needs to be signed in.
    """

    template_name = "registration/email_confirm.html"

    def get(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        try:
            confirmation.user_of(self.kwargs["uidb64"], self.kwargs["token"])
        except ValidationError:
            return self._page(works=False)
        return self._page(works=True)

    def post(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        try:
            confirmation.confirm(self.kwargs["uidb64"], self.kwargs["token"])
        except ValidationError:
            return self._page(works=False)
        return HttpResponseRedirect(reverse("email_confirmed"))

    def _page(self, *, works: bool) -> HttpResponse:
        title = gettext("Confirm your email address") if works else gettext("This link no longer works")
        return self.render_to_response(self.get_context_data(title=title, works=works))


class EmailConfirmedView(ConsoleFrameMixin, TemplateView):
    """Says that the address is confirmed."""

    template_name = "registration/email_confirmed.html"

    def get_context_data(self, **kwargs: object) -> Context:
        return super().get_context_data(title=_("Your email address is confirmed"), **kwargs)
