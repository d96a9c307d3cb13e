"""Activating a campaign together with its ads."""

from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import transaction

from ads.actions.together import first_code, lock_with_ads
from ads.models import Ad
from campaign_studio.writing import one_write
from campaigns.models import Campaign


@dataclass(frozen=True)
class RefusedAd:
    """An ad that couldn't be activated with its campaign, and why."""

    ad: Ad
    error: ValidationError

    @property
    def code(self) -> str:
        """The code of the refusal."""
        return first_code(self.error)

    @property
    def message(self) -> str:
        """The reason, and what to do."""
        return " ".join(self.error.messages)


def publish(campaign: Campaign, *, ads: bool = True) -> list[RefusedAd]:
    """Activate the campaign and, if `ads`, each of its ads that may be active. Return the other ads.

    What is active already stays as it is. What has expired becomes a draft first. Raises ValidationError, and changes
    nothing, if the campaign can't be activated.
    """
    with one_write():
        found = lock_with_ads(campaign)
        campaign.activate()
        return [refused for ad in found if (refused := _refusal(ad))] if ads else []


def _refusal(ad: Ad) -> RefusedAd | None:
    """Activate one ad. An ad that is refused stays as it was."""
    try:
        with transaction.atomic():
            ad.activate()
    except ValidationError as error:
        return RefusedAd(ad, error)
    return None
