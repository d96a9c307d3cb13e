"""The API views of campaigns."""

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.history import AuditedViewSet
from campaign_studio.api.counts import DESCRIPTION, counts_answer, counts_of
from campaign_studio.api.parsers import LARGE
from campaigns.api import serializers
from campaigns.api.filters import CampaignFilter
from campaigns.models import VIEW_ADVERTISERS, Campaign
from campaigns.querysets import CampaignQuerySet

# What campaigns are counted by.
COUNTED = ("campaign_status",)


class CampaignViewSet(AuditedViewSet[Campaign]):
    """Campaigns, with their history and `?as_of=`. All signed-in users may read them."""

    queryset = Campaign.objects.all()
    # Targets list cities and postcodes.
    body_limits = LARGE
    serializer_class = serializers.CampaignSerializer
    row_serializer_class = serializers.CampaignRowSerializer
    filterset_class = CampaignFilter
    search_fields = ("campaign_name",)
    computed_orderings = {
        "ad_count": CampaignQuerySet.with_ad_count,
        "advertiser_name": CampaignQuerySet.with_advertiser_name,
    }
    lookup_url_kwarg = "campaign_id"
    counters = serializers.NOT_EDITED

    @extend_schema(
        operation_id="countCampaigns",
        summary=_("Count campaigns"),
        description=DESCRIPTION,
        responses=counts_answer("CampaignCounts", Campaign, COUNTED),
        filters=True,
    )
    @action(detail=False, methods=["get"], pagination_class=None)
    def counts(self, request: Request) -> Response:
        return Response(counts_of(self.filter_queryset(self.get_queryset()), COUNTED))

    def offered_orderings(self) -> set[str]:
        """Not by a name that the user may not see: the order would reveal it."""
        offered = super().offered_orderings()
        reader = getattr(self.request, "user", None)
        sees_names = reader is None or not reader.is_authenticated or reader.has_perm(VIEW_ADVERTISERS)
        return offered if sees_names else offered - {"advertiser_name"}
