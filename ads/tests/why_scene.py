"""Ads of which one thing keeps each from showing in Berlin on Monday morning, and how a test reads the pages."""

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
    """The page about an ad."""
    return reverse("admin:ads_ad_why", args=[ad.pk])


def why_campaign(campaign: Any) -> str:
    """The page about a campaign."""
    return reverse("admin:ads_ad_why_campaign", args=[campaign.pk])


def rows(page: Any) -> dict[str, tuple[str, str]]:
    """By criterion, whether it `holds`, `fails` or is `open`, and what is said about it."""
    return {code: (state, said) for state, code, said in ROW.findall(page.content.decode())}


def link_in(said: str) -> str:
    """Where the row's link leads to."""
    (link,) = re.findall(r'href="([^"]+)"', said)
    return str(link)


def unsworn() -> Ad:
    """Rated, but not sworn free of prohibited content."""
    ad = showing()
    AdContentRating.objects.filter(ad=ad).update(no_prohibited_content=False)
    return ad


def strong() -> Ad:
    """Rated R."""
    ad = showing()
    AdContentRating.objects.filter(ad=ad).update(rating_label="R")
    return ad


def at_night() -> Ad:
    """From 22:00 to midnight."""
    ad = showing()
    AdTimeSlotFactory(ad=ad, time_slot_start=time(22), time_slot_end=time(0))
    return ad


def rejected() -> Ad:
    """By a moderator, with a note."""
    ad = showing()
    Ad.objects.filter(pk=ad.pk).update(moderation_status="rejected", moderation_note="No campaign_end_date in texts")
    return ad


def aimed(**where: Any) -> Ad:
    """At another place."""
    ad = showing()
    ad.campaign.audience_targeting.update(**where)
    return ad


def used_up(**cap: Any) -> Ad:
    """After 5 views and 120 seconds of its campaign, with a cap."""
    ad = showing(**{f"campaign__campaign_max_view_{name}": value for name, value in cap.items()})
    CampaignViewTotals.objects.create(campaign=ad.campaign, view_count=5, view_seconds=120)
    return ad
