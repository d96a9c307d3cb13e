"""Factories of minimal valid campaigns and targets."""

from datetime import timedelta

import factory
from django.utils import timezone

from accounts.choices import RoleName
from accounts.tests.factories import UserFactory
from campaigns.models import Campaign, CampaignAudienceTargeting


class CampaignFactory(factory.django.DjangoModelFactory):
    """A draft from today until 30 days later."""

    class Meta:
        model = Campaign

    campaign_name = factory.Sequence(lambda number: f"Campaign {number}")
    campaign_start_date = factory.LazyFunction(timezone.localdate)
    campaign_end_date = factory.LazyAttribute(lambda campaign: campaign.campaign_start_date + timedelta(days=30))
    campaign_created_by = factory.SubFactory(UserFactory, role=RoleName.CAMPAIGN_MANAGER)


class AudienceTargetingFactory(factory.django.DjangoModelFactory):
    """A target: the whole of Germany."""

    class Meta:
        model = CampaignAudienceTargeting

    campaign = factory.SubFactory(CampaignFactory)
    region = "Europe"
    country = "DE"
