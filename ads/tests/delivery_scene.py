"""An ad that shows in Berlin on Monday morning, for tests that change one thing about it."""

from datetime import date
from typing import Any

from accounts.choices import RoleName
from accounts.models import User
from accounts.tests.factories import UserFactory
from ads.models import Ad
from ads.tests.factories import AdFactory
from campaigns.tests.factories import AudienceTargetingFactory, CampaignFactory

MONDAY = date(2026, 11, 23)
HERE = {"country": "DE", "city": "Berlin", "postcode": "10115", "at": "2026-11-23T08:15:00"}
# Places and days that every page refuses.
INVALID_PLACES: list[dict[str, str]] = [
    {"country": ""},
    {"country": "Atlantis"},
    {"city": "x" * 201},
    {"city": "", "postcode": "10115"},
    {"day": "x"},
    {"day": "tomorrow"},
    {"day": "0001-01-01"},
    {"day": "9999-12-31"},
    {"day": "99999999999999-01-01"},
    {"day": "2026-02-30"},
]


def showing(**values: Any) -> Ad:
    """An ad that is eligible in all of Germany in November and December, unless `values` change that.

    Values named `campaign__…` are those of its campaign. Without `campaign`, it gets a new one that targets Germany.
    """
    if "campaign" not in values:
        of_campaign = {name.removeprefix("campaign__"): values.pop(name) for name in list(values) if "__" in name}
        run = {"campaign_start_date": date(2026, 11, 1), "campaign_end_date": date(2026, 12, 31)}
        values["campaign"] = CampaignFactory(**{**run, "campaign_status": "active", **of_campaign})
        AudienceTargetingFactory(campaign=values["campaign"])
    is_approved = values.pop("approved", True)
    ad: Ad = AdFactory(**{"ad_status": "active", "rated": True, **values})
    if is_approved:
        ad.approve(UserFactory(role=RoleName.CONTENT_MODERATOR), at=ad.created_at)
    return ad


def caller() -> User:
    """A user who may see and check delivery."""
    return UserFactory(role=RoleName.CAMPAIGN_MANAGER)


def shown(answer: Any) -> set[str]:
    """The keys of all ads in the answer."""
    placements = answer.json()["placements"].values()
    ads = [ad for placed in placements for ad in (placed if isinstance(placed, list) else [placed])]
    return {ad["ad_id"] for ad in ads if ad}
