"""Copying a campaign with everything that belongs to it."""

from datetime import date, timedelta
from typing import TypeVar

from django.core.exceptions import ValidationError
from django.db.models import Model, prefetch_related_objects
from django.utils.formats import date_format
from django.utils.translation import gettext

from accounts.audit import recording
from ads.actions.shifting import moved
from ads.actions.together import lock_with_ads, naming
from ads.models import Ad
from campaign_studio.models.versioned import PartModel
from campaign_studio.writing import one_write
from campaigns.choices import Status
from campaigns.models import Campaign

MOST_COPIES = 20
Row = TypeVar("Row", bound=Model)


def duplicate(
    campaign: Campaign, *, name: str | None = None, start: date | None = None, end: date | None = None
) -> Campaign:
    """A new draft with copies of the campaign's targets and ads, and of the ads' time slots and content ratings.

    Without a name it is called “… (copy)”. Without `start` it starts on the same day, without `end` it lasts as long.
    The ads' own dates move with the start date. An ad that would end after the campaign ends with it; one that would
    start after that is refused. What isn't typed in starts anew: creator, review, views, versions.

    Raises ValidationError.
    """
    with one_write():
        ads = lock_with_ads(campaign)
        prefetch_related_objects(ads, "time_slots")
        by = (start or campaign.campaign_start_date) - campaign.campaign_start_date
        copy = _copy(campaign, campaign_status=Status.DRAFT, campaign_name=name or _name_of_copy(campaign))
        copy.campaign_start_date = campaign.campaign_start_date + by
        copy.campaign_end_date = end or moved(campaign.campaign_end_date, by)
        if campaign.campaign_expiry_date:
            copy.campaign_expiry_date = moved(campaign.campaign_expiry_date, _end_moved_by(campaign, copy))
        copy.full_clean()
        copy.save()
        parts: list[PartModel] = [_copy(target, campaign=copy) for target in campaign.audience_targeting.all()]
        for ad in ads:
            parts += _add_ad(ad, copy, by)
        _add_parts(parts)
    return copy


def _add_ad(ad: Ad, campaign: Campaign, by: timedelta) -> list[PartModel]:
    """Copy an ad into the new campaign. Return copies of its parts, which aren't stored yet."""
    copy = _copy(ad, campaign=campaign, ad_status=Status.DRAFT)
    copy.ad_start_date = ad.ad_start_date and moved(ad.ad_start_date, by)
    if copy.ad_start_date and copy.ad_start_date > campaign.campaign_end_date:
        message = gettext("The ad “%(ad)s” would start on %(date)s. Choose an end date on or after that day.")
        params = {"ad": ad.ad_name, "date": date_format(copy.ad_start_date)}
        raise ValidationError({"campaign_end_date": ValidationError(message, code="ad_outside", params=params)})
    if ad.ad_end_date:
        copy.ad_end_date = min(moved(ad.ad_end_date, by), campaign.campaign_end_date)
    if ad.ad_expiry_date:
        copy.ad_expiry_date = moved(ad.ad_expiry_date, _end_moved_by(ad, copy))
    with naming(ad):
        copy.full_clean()
    copy.save()
    ratings = [ad.content_rating] if hasattr(ad, "content_rating") else []
    return [_copy(part, ad=copy) for part in (*ratings, *ad.time_slots.all())]


def _add_parts(parts: list[PartModel]) -> None:
    """Store the parts of new rows by a statement per table: there may be hundreds of targets and time slots.

    This bypasses `save()`, which counts a version of the whole: theirs begins with its parts. Constraints hold for the
    copies as they do for their sources, and the database checks them anyway.
    """
    by_table: dict[type[PartModel], list[PartModel]] = {}
    for part in parts:
        with naming(part):
            part.full_clean(exclude={part.whole_field}, validate_unique=False, validate_constraints=False)
        by_table.setdefault(type(part), []).append(part)
    for model, rows in by_table.items():
        model._default_manager.bulk_create(rows)
        recording.log_created(rows)


def _copy(row: Row, **changes: object) -> Row:
    """An unsaved row with everything that can be typed into this one, and with the changes."""
    fields = [field for field in row._meta.concrete_fields if field.editable and not field.primary_key]
    copy = type(row)(**{field.attname: getattr(row, field.attname) for field in fields})
    for name, value in changes.items():
        setattr(copy, name, value)
    return copy


def _end_moved_by(row: Campaign | Ad, copy: Campaign | Ad) -> timedelta:
    """How much later the copy ends. Expiry dates keep their distance from the end."""
    if row.last_day is None or copy.last_day is None:
        return timedelta()
    return copy.last_day - row.last_day


def _name_of_copy(campaign: Campaign) -> str:
    """“Summer (copy)”, or else “Summer (copy 2)” and so on, shortened so that it fits."""
    longest = Campaign._meta.get_field("campaign_name").max_length or 0
    suffixes = [gettext("(copy)")]
    suffixes += [gettext("(copy %(number)d)") % {"number": number} for number in range(2, MOST_COPIES + 1)]
    names = [f"{campaign.campaign_name[: longest - len(suffix) - 1].rstrip()} {suffix}" for suffix in suffixes]
    taken = set(Campaign.objects.filter(campaign_name__in=names).values_list("campaign_name", flat=True))
    return next((name for name in names if name not in taken), names[-1])
