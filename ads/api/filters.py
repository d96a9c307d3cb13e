"""Filters of the ad lists."""

import django_filters
from django.utils.translation import gettext_lazy as _

from ads.choices import AdType, MediaType, ModerationStatus
from ads.models import Ad
from campaign_studio.api.filtersets import ChoiceListFilter, StampedFilterSet
from campaigns.choices import Status


class CampaignAdFilter(StampedFilterSet):
    """`?ad_type_id=top_bar_ad&ad_status=active,paused&media_type=image&moderation_status=pending`."""

    ad_type_id = ChoiceListFilter(choices=AdType.choices)
    ad_status = ChoiceListFilter(choices=Status.choices)
    media_type = ChoiceListFilter(choices=MediaType.choices)
    moderation_status = ChoiceListFilter(choices=ModerationStatus.choices)

    class Meta:
        model = Ad
        fields: list[str] = []


class AdFilter(CampaignAdFilter):
    """The filters of a campaign's ads, plus `?campaign_id=…`."""

    campaign_id = django_filters.UUIDFilter(field_name="campaign_id", label=_("Only ads of this campaign."))


class QueueFilter(StampedFilterSet):
    """`?campaign_id=…&ad_type_id=top_bar_ad&media_type=html`."""

    campaign_id = django_filters.UUIDFilter(field_name="campaign_id", label=_("Only ads of this campaign."))
    ad_type_id = ChoiceListFilter(choices=AdType.choices)
    media_type = ChoiceListFilter(choices=MediaType.choices)

    class Meta:
        model = Ad
        fields: list[str] = []
