"""The API views of campaigns."""

from accounts.api.history import AuditedViewSet
from campaign_studio.api.parsers import LARGE
from campaigns.api import serializers
from campaigns.api.filters import CampaignFilter
from campaigns.models import Campaign
from campaigns.querysets import CampaignQuerySet


class CampaignViewSet(AuditedViewSet[Campaign]):
    """Campaigns, with their history and `?as_of=`. All signed-in users may read them."""

    queryset = Campaign.objects.all()
    # Targets list cities and postcodes.
    body_limits = LARGE
    serializer_class = serializers.CampaignSerializer
    row_serializer_class = serializers.CampaignRowSerializer
    filterset_class = CampaignFilter
    search_fields = ("campaign_name",)
    computed_orderings = {"ad_count": CampaignQuerySet.with_ad_count}
    lookup_url_kwarg = "campaign_id"
