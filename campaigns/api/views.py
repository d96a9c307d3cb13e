"""Campaigns."""

from accounts.api.history import HistoryMixin
from campaign_studio.api.viewsets import StudioViewSet
from campaigns.api import serializers
from campaigns.api.filters import CampaignFilter
from campaigns.models import Campaign
from campaigns.querysets import CampaignQuerySet


class CampaignViewSet(HistoryMixin, StudioViewSet):
    """Campaigns. Everybody reads them; managers change their own."""

    model = Campaign
    queryset = Campaign.objects.all()
    serializer_class = serializers.CampaignSerializer
    row_serializer_class = serializers.CampaignRowSerializer
    filterset_class = CampaignFilter
    search_fields = ("campaign_name",)
    computed_orderings = {"ad_count": CampaignQuerySet.with_ad_count}
    lookup_url_kwarg = "campaign_id"
