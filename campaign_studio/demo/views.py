"""Two weeks of views for some campaigns, so that the reports aren't empty."""

import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta

from ads.choices import ModerationStatus
from ads.models import Ad
from ads.reporting.counting import ReportedView, count_views
from campaigns.models import Campaign

DAYS = 14
AT_ONCE = 500
# Views of each ad on the first day, additional views per day after it, and seconds per view.
PACE: dict[str, tuple[int, int, int]] = {
    "Winter grip": (3, 2, 5),
    "Samba on the road": (6, 1, 9),
}


def load_views(campaign: Campaign, keys: uuid.UUID, *, now: datetime) -> None:
    """Report the views of the last two weeks in which the campaign ran. `keys` is the namespace of their IDs."""
    views = list(_views(campaign, keys, now))
    for start in range(0, len(views), AT_ONCE):
        count_views(views[start : start + AT_ONCE], now=now)


def _views(campaign: Campaign, keys: uuid.UUID, now: datetime) -> Iterator[ReportedView]:
    first, more, seconds = PACE[campaign.campaign_name]
    places = [(target.country, city) for target in campaign.audience_targeting.all() for city in target.cities]
    ads = list(Ad.objects.filter(campaign=campaign, moderation_status=ModerationStatus.APPROVED).order_by("ad_number"))
    index = 0
    for ago in range(min(DAYS, (now.date() - campaign.campaign_start_date).days), 0, -1):
        for ad in ads:
            for number in range(first + more * (DAYS - ago)):
                country, city = places[number % len(places)]
                yield ReportedView(
                    index=index,
                    view_id=uuid.uuid5(keys, f"view {ad.pk} {ago} {number}"),
                    ad_id=ad.pk,
                    viewed_at=now - timedelta(days=ago, minutes=number * 3),
                    duration_seconds=seconds + number % 3,
                    country=country,
                    city=city,
                    device_id=f"demo-car-{number % 7}",
                )
                index += 1
