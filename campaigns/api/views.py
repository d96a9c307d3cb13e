"""The API views of campaigns."""

from accounts.api.history import AuditedViewSet
from campaign_studio.api.parsers import LARGE
from campaigns.api import serializers
from campaigns.api.filters import CampaignFilter
from campaigns.models import VIEW_ADVERTISERS, Campaign
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
    computed_orderings = {
        "ad_count": CampaignQuerySet.with_ad_count,
        "advertiser_name": CampaignQuerySet.with_advertiser_name,
    }
    lookup_url_kwarg = "campaign_id"

    def offered_orderings(self) -> set[str]:
        """Not by a name that the user may not see: the order would reveal it."""
        offered = super().offered_orderings()
        reader = getattr(self.request, "user", None)
        sees_names = reader is None or not reader.is_authenticated or reader.has_perm(VIEW_ADVERTISERS)
        return offered if sees_names else offered - {"advertiser_name"}
