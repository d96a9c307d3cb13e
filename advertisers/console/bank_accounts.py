"""The page of the admin console that shows a bank account's numbers in full."""

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse

from advertisers.models import Advertiser, AdvertiserBankAccount
from campaign_studio.console.views import ConsoleView, Context


class RevealView(ConsoleView):
    """Asks first; the answer to the POST shows the numbers once, and the log keeps who saw them."""

    model = Advertiser
    template_name = "admin/advertisers/reveal.html"
    account: AdvertiserBankAccount

    def has_permission(self) -> bool:
        """Whether they may see the numbers of this account. Raises Http404 when there is none for them."""
        user = self.request.user
        found = (
            AdvertiserBankAccount.objects.all()
            .visible_to(user)
            .select_related("advertiser")
            .filter(pk=self.kwargs["bank_id"], advertiser_id=self.kwargs["advertiser_id"])
            .first()
        )
        if found is None:
            raise Http404("There is no such bank account.")
        self.account = found
        return user.has_perm("advertisers.reveal_advertiserbankaccount", found)

    def post(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        return self.render_to_response(self.get_context_data(secrets=self.account.reveal()))

    def get_context_data(self, **kwargs: object) -> Context:
        """The account, masked as long as no `secrets` are given."""
        return super().get_context_data(
            title=f"Bank account of {self.account.advertiser}",
            account=self.account,
            back=reverse("admin:advertisers_advertiser_change", args=[self.account.advertiser_id]),
            **kwargs,
        )
