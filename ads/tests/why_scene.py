"""Ads that each fail one criterion in Berlin on Monday morning, and helpers to read the delivery check."""

import re
from datetime import time
from typing import Any

from django.urls import reverse

from ads.models import Ad, AdContentRating, CampaignViewTotals
from ads.tests.delivery_scene import showing
from ads.tests.factories import AdTimeSlotFactory

BERLIN = {"country": "DE", "city": "Berlin", "postcode": "10115", "day": "2026-11-23", "quarter": "33"}
ROW = re.compile(r'<tr class="why-(\w+)" data-code="(\w+)">(.*?)</tr>', re.DOTALL)


def why(ad: Ad) -> str:
    """The URL of an ad's delivery check."""
    return reverse("admin:ads_ad_why", args=[ad.pk])


def why_campaign(campaign: Any) -> str:
    """The URL of a campaign's delivery check."""
    return reverse("admin:ads_ad_why_campaign", args=[campaign.pk])


def rows(page: Any) -> dict[str, tuple[str, str]]:
    """The state of each criterion (`holds`, `fails` or `open`) and the HTML of its row."""
    return {code: (state, said) for state, code, said in ROW.findall(page.content.decode())}


def link_in(said: str) -> str:
    """The URL of the row's only link."""
    (link,) = re.findall(r'href="([^"]+)"', said)
    return str(link)


def unconfirmed() -> Ad:
    """An ad with a rating, but without a confirmed content declaration."""
    ad = showing()
    AdContentRating.objects.filter(ad=ad).update(no_prohibited_content=False)
    return ad


def strong() -> Ad:
    """An ad that is rated R."""
    ad = showing()
    AdContentRating.objects.filter(ad=ad).update(rating_label="R")
    return ad


def at_night() -> Ad:
    """An ad that shows from 22:00 to midnight."""
    ad = showing()
    AdTimeSlotFactory(ad=ad, time_slot_start=time(22), time_slot_end=time(0))
    return ad


def rejected() -> Ad:
    """An ad that was rejected with a note."""
    ad = showing()
    Ad.objects.filter(pk=ad.pk).update(moderation_status="rejected", moderation_note="No campaign_end_date in texts")
    return ad


def targeting(**where: Any) -> Ad:
    """An ad whose campaign targets another place."""
    ad = showing()
    ad.campaign.audience_targeting.update(**where)
    return ad


def used_up(**cap: Any) -> Ad:
    """An ad of a campaign with 5 views, 120 seconds of viewing time, and a cap."""
    ad = showing(**{f"campaign__campaign_max_view_{name}": value for name, value in cap.items()})
    CampaignViewTotals.objects.create(campaign=ad.campaign, view_count=5, view_seconds=120)
    return ad
