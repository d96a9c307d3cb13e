"""Two weeks of views for some campaigns, so that the reports aren't empty."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from ads.choices import ModerationStatus
from ads.delivery.opportunity import Opportunity
from ads.delivery.proofs import impression_of, prove
from ads.models import Ad, Device
from ads.reporting.counting import count_views
from ads.reporting.reports import ReportedView
from campaign_studio.demo.fleet import DEVICES
from campaigns.models import Campaign

DAYS = 14
# How many days ago the cars reported, each time what was younger than VIEW_GRACE_DAYS.
REPORTS = (8, 2, 0)
# Views of each ad on the first day, additional views per day after it, and seconds per view.
PACE: dict[str, tuple[int, int, int]] = {
    "Winter grip": (3, 2, 5),
    "Samba on the road": (6, 1, 9),
}


def load_views(campaign: Campaign, *, now: datetime) -> None:
    """Have the demo's cars report the views of the last two weeks in which the campaign ran."""
    earliest = min(DAYS, (now.date() - campaign.campaign_start_date).days)
    ads = list(Ad.objects.filter(campaign=campaign, moderation_status=ModerationStatus.APPROVED).order_by("ad_number"))
    places = [(target.country, city) for target in campaign.audience_targeting.all() for city in target.cities]
    for reported in REPORTS:
        for car, device_id in enumerate(DEVICES):
            days = range(earliest, reported, -1)
            views = [view for ago in days for view in _views_of_day(ads, places, car, ago, now)]
            device = Device.objects.filter(pk=device_id, is_active=True).first()
            if device:
                count_views(views, device=device, now=now - timedelta(days=reported))
        earliest = min(earliest, reported)


def _views_of_day(
    ads: list[Ad], places: list[tuple[str, str]], car: int, ago: int, now: datetime
) -> Iterator[ReportedView]:
    """The views of one car on one day. The cars take turns, three minutes apart."""
    first, more, seconds = PACE[ads[0].campaign.campaign_name]
    for place, ad in enumerate(ads):
        for number in range(car, first + more * (DAYS - ago), len(DEVICES)):
            country, city = places[number % len(places)]
            at = now - timedelta(days=ago, minutes=number * 3)
            proof = prove(impression_of(ad.pk, ad.ad_type_id, Opportunity(country, at, city=city)))
            # Each car has one view of an ad in a quarter hour, so the sequence is 0.
            yield ReportedView(ago * 1_000 + number * 10 + place, proof, 0, at, seconds + number % 3)
