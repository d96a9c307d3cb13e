"""The API views of advertisers, their contacts and bank accounts."""

from django.shortcuts import get_object_or_404
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.history import AuditedViewSet
from advertisers.api import serializers
from advertisers.api.filters import AdvertiserFilter
from advertisers.models import Advertiser, AdvertiserBankAccount, AdvertiserContact
from campaign_studio.api.filtersets import StampedFilterSet
from campaign_studio.api.viewsets import Row, StudioViewSet
from campaign_studio.querysets import StudioQuerySet


class AdvertiserViewSet(AuditedViewSet[Advertiser]):
    """Advertisers, with their history and `?as_of=`."""

    queryset = Advertiser.objects.all()
    serializer_class = serializers.AdvertiserSerializer
    row_serializer_class = serializers.AdvertiserRowSerializer
    filterset_class = AdvertiserFilter
    search_fields = ("advertiser_name", "city")
    lookup_url_kwarg = "advertiser_id"


class PartOfAdvertiserViewSet(StudioViewSet[Row]):
    """Parts of one advertiser, under `/api/advertisers/{advertiser_id}/`."""

    def visible_rows(self) -> StudioQuerySet:
        """The parts of this advertiser. A write locks the advertiser first."""
        return super().visible_rows().filter(advertiser=self.advertiser)

    @cached_property
    def advertiser(self) -> Advertiser:
        """The advertiser named in the URL. Raises Http404 if the user can't see it."""
        advertisers = Advertiser.objects.visible_to(self.request.user)
        if self.request.method not in ("GET", "HEAD"):
            advertisers = advertisers.select_for_update(of=("self",), no_key=True)
        return get_object_or_404(advertisers, pk=self.kwargs.get("advertiser_id"))

    def new_row(self) -> Row:
        row: Row = self.queryset.model(advertiser=self.advertiser)
        return row


class ContactViewSet(PartOfAdvertiserViewSet[AdvertiserContact]):
    """The contacts of an advertiser."""

    queryset = AdvertiserContact.objects.all()
    serializer_class = serializers.ContactSerializer
    row_serializer_class = serializers.ContactSerializer
    filterset_class = StampedFilterSet
    lookup_url_kwarg = "contact_id"

    def delete_row(self, row: AdvertiserContact) -> None:
        row.remove()


class BankAccountViewSet(PartOfAdvertiserViewSet[AdvertiserBankAccount]):
    """The bank accounts of an advertiser, with masked numbers."""

    queryset = AdvertiserBankAccount.objects.all()
    serializer_class = serializers.BankAccountSerializer
    row_serializer_class = serializers.BankAccountSerializer
    filterset_class = StampedFilterSet
    lookup_url_kwarg = "bank_id"

    def required_permission(self) -> str:
        """Revealing the numbers has a permission of its own."""
        if self.action == "reveal":
            return "advertisers.reveal_advertiserbankaccount"
        return super().required_permission()

    @extend_schema(
        summary=_("Reveal bank account numbers"),
        description=_("Account number and IBAN, unmasked. Each call is recorded in the audit log."),
        request=None,
        responses=serializers.RevealedSerializer,
    )
    @action(detail=True, methods=["post"], no_store=True)
    def reveal(self, request: Request, **kwargs: object) -> Response:
        return Response(self.get_object().reveal())
