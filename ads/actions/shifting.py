"""Moving a campaign and its ads to another time."""

from datetime import date, timedelta

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from ads.actions.together import lock_with_ads, naming
from ads.models import Ad
from campaign_studio.writing import one_write
from campaigns.models import Campaign

DATES_OF_A_CAMPAIGN = ("campaign_start_date", "campaign_end_date", "campaign_expiry_date")
DATES_OF_AN_AD = ("ad_start_date", "ad_end_date", "ad_expiry_date")
OUTSIDE_CALENDAR = _("This would move a date beyond the years 1 to 9999. Choose dates that are closer.")


def shift(campaign: Campaign, days: int) -> None:
    """Move all dates of the campaign and of its ads by this number of days, or none of them. 0 changes nothing.

    Raises ValidationError if a date would leave the calendar, or if a row breaks another rule.
    """
    if days:
        with one_write():
            _move(campaign, lock_with_ads(campaign), timedelta(days))


def shift_to(campaign: Campaign, start: date) -> None:
    """Move the campaign so that it starts on this day, and its ads by the same number of days. Raises as `shift()`."""
    with one_write():
        ads = lock_with_ads(campaign)
        if by := start - campaign.campaign_start_date:
            _move(campaign, ads, by)


def moved(day: date, by: timedelta) -> date:
    """The day so much later. Raises ValidationError if it isn't in the calendar."""
    try:
        return day + by
    except OverflowError as error:
        raise ValidationError(OUTSIDE_CALENDAR, code="outside_calendar") from error


def _move(campaign: Campaign, ads: list[Ad], by: timedelta) -> None:
    dated = [ad for ad in ads if any(getattr(ad, name) for name in DATES_OF_AN_AD)]
    _set_dates(campaign, DATES_OF_A_CAMPAIGN, by)
    for ad in dated:
        _set_dates(ad, DATES_OF_AN_AD, by)
    campaign.full_clean()
    for ad in dated:
        with naming(ad):
            ad.full_clean()
    for row in (campaign, *dated):
        row.save()


def _set_dates(row: Campaign | Ad, names: tuple[str, ...], by: timedelta) -> None:
    for name in names:
        day = getattr(row, name)
        setattr(row, name, day and moved(day, by))
