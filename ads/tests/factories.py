"""Factories that create minimal valid ads, time slots, content ratings and devices."""

from datetime import time
from typing import Any

import factory
from django.utils import timezone

from accounts.choices import RoleName
from accounts.tests.factories import UserFactory
from ads.choices import AdType, MediaType
from ads.models import Ad, AdContentRating, AdTimeSlot, Device
from campaigns.tests.factories import CampaignFactory

# The key of every device from the factory.
DEVICE_KEY = "a-device-key-of-43-characters-0123456789-xyz"


class AdFactory(factory.django.DjangoModelFactory):
    """A draft text ad in the top bar. `rated=True` adds a content declaration, `approved=True` also approves it."""

    class Meta:
        model = Ad
        skip_postgeneration_save = True

    class Params:
        rated = factory.Trait(
            content_rating=factory.RelatedFactory(
                "ads.tests.factories.AdContentRatingFactory", factory_related_name="ad", no_prohibited_content=True
            )
        )

    campaign = factory.SubFactory(CampaignFactory)
    ad_type_id = AdType.TOP_BAR
    ad_name = factory.Sequence(lambda number: f"Ad {number}")
    media_type = MediaType.TEXT
    media_content = "Fresh coffee at the next exit"
    ad_created_by = factory.SelfAttribute("campaign.campaign_created_by")

    @factory.post_generation
    def approved(ad: Any, create: bool, wanted: bool | None, **kwargs: Any) -> None:  # noqa: N805 - called with the ad
        """Approve the ad as a moderator, with a content declaration."""
        if wanted:
            if not AdContentRating.objects.filter(ad=ad).exists():
                AdContentRatingFactory(ad=ad, no_prohibited_content=True)
            ad.approve(UserFactory(role=RoleName.CONTENT_MODERATOR), at=timezone.now())


class AdTimeSlotFactory(factory.django.DjangoModelFactory):
    """A time slot from 7:00 to 9:00."""

    class Meta:
        model = AdTimeSlot

    ad = factory.SubFactory(AdFactory)
    time_slot_start = time(7)
    time_slot_end = time(9)


class AdContentRatingFactory(factory.django.DjangoModelFactory):
    """A content rating for all ages, without the content declaration."""

    class Meta:
        model = AdContentRating
        # `rated=True` and `approved=True` both ask for one.
        django_get_or_create = ("ad",)

    ad = factory.SubFactory(AdFactory)
    rating_system = "MPAA"
    rating_label = "G"


class DeviceFactory(factory.django.DjangoModelFactory):
    """An active device whose key is DEVICE_KEY."""

    class Meta:
        model = Device

    device_id = factory.Sequence(lambda number: f"car-{number}")
    fleet = "Taxis"
    key_hash = Device.hash_of(DEVICE_KEY)
