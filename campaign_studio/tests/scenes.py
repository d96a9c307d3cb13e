"""One object of each kind with its parts, for tests of every URL."""

from typing import Any

from accounts.models import User
from ads.tests.factories import AdFactory, AdTimeSlotFactory, DeviceFactory
from advertisers.tests.factories import AdvertiserBankAccountFactory, AdvertiserContactFactory, AdvertiserFactory
from campaigns.changesets.operations import Operation
from campaigns.changesets.planning import plan
from campaigns.tests.factories import AudienceTargetingFactory, CampaignFactory


def scene(owner: User) -> dict[str, Any]:
    """Create a campaign with an ad, an advertiser, a device and a change set as `owner`; return their keys by name."""
    campaign = CampaignFactory(campaign_created_by=owner)
    AudienceTargetingFactory(campaign=campaign)
    ad = AdFactory(campaign=campaign, rated=True, ad_advertiser_forwarding_url="https://www.example.com")
    AdTimeSlotFactory(ad=ad)
    advertiser = AdvertiserFactory(created_by=owner)
    contact, _ = AdvertiserContactFactory.create_batch(2, advertiser=advertiser)
    account = AdvertiserBankAccountFactory(advertiser=advertiser)
    rename = Operation("update", "campaign", campaign.pk, {"campaign_name": "Renamed"})
    return {
        "change_set_id": plan([rename], by=owner).pk,
        "campaign_id": campaign.pk,
        "ad_id": ad.pk,
        "advertiser_id": advertiser.pk,
        "contact_id": contact.pk,
        "bank_id": account.pk,
        "device_id": DeviceFactory(created_by=owner).pk,
    }
