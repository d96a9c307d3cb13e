"""The console page that reveals the numbers of a bank account."""

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from advertisers.models import Advertiser, AdvertiserBankAccount
from campaign_studio.console.views import ConsoleView, Context


class RevealView(ConsoleView):
    """GET asks for confirmation; POST shows the numbers once and records that in the audit log."""

    model = Advertiser
    template_name = "admin/advertisers/reveal.html"
    account: AdvertiserBankAccount

    def has_permission(self) -> bool:
        """Whether the user may reveal this account. Raises Http404 if they can't see it at all."""
        user = self.request.user
        found = (
            AdvertiserBankAccount.objects.all()
            .visible_to(user)
            .select_related("advertiser")
            .filter(pk=self.kwargs["bank_id"], advertiser_id=self.kwargs["advertiser_id"])
            .first()
        )
        if found is None:
            raise Http404(_("No such bank account."))
        self.account = found
        return user.has_perm("advertisers.reveal_advertiserbankaccount", found)

    def post(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        return self.render_to_response(self.get_context_data(secrets=self.account.reveal()))

    def get_context_data(self, **kwargs: object) -> Context:
        """The account. Without `secrets` the template shows its numbers masked."""
        return super().get_context_data(
            title=_("Bank account of %(advertiser)s") % {"advertiser": self.account.advertiser},
            account=self.account,
            back=reverse("admin:advertisers_advertiser_change", args=[self.account.advertiser_id]),
            **kwargs,
        )
