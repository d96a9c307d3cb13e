"""Why a criterion fails for an ad, in words, and the smallest change that would make it hold."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils import timezone

from ads.choices import RATING_LABELS, RATING_LEVELS, ModerationStatus
from ads.delivery.criteria import BY_CODE
from ads.delivery.opportunity import Opportunity
from ads.models import Ad
from ads.reporting.counting import used_up
from campaign_studio.places import country_code
from campaigns.choices import SECONDS, Status
from campaigns.models import Campaign, CampaignAudienceTargeting

EVERYWHERE = "Everywhere"


@dataclass(frozen=True)
class Reason:
    """One criterion that fails.

    `resource_type` (`ad` or `campaign`) and `resource_id` name what to change, `field` what of it; `expected` and
    `actual` are texts, dates, numbers, lists or None. `fix` says what to do; `changes` is the body of a `PATCH` that
    does it, or None where somebody has to decide.
    """

    code: str
    message: str
    resource_type: str
    resource_id: Any
    field: str
    expected: Any
    actual: Any
    fix: str
    changes: dict[str, Any] | None


def reason(code: str, ad: Ad, opportunity: Opportunity) -> Reason:
    """Why the criterion fails. `ad` comes with everything that the criteria look at, as from `judged()`."""
    told: dict[str, Any] = _TELL[code](ad, opportunity)
    of_campaign = BY_CODE[code].whose in ("campaign", "audience_targeting")
    about = {
        "resource_type": "campaign" if of_campaign else "ad",
        "resource_id": ad.campaign_id if of_campaign else ad.pk,
        "field": BY_CODE[code].field,
    }
    return Reason(code=code, **{**about, **told})


def _told(message: str, expected: Any, actual: Any, fix: str, changes: Any = None, **more: Any) -> dict[str, Any]:
    return {"message": message, "expected": expected, "actual": actual, "fix": fix, "changes": changes, **more}


def _status(row: Any, prefix: str, asked: Opportunity) -> dict[str, Any]:
    field = f"{prefix}_status"
    changes: dict[str, Any] = {field: "active"}
    fix = f"Set {field} to active"
    if Status.ACTIVE not in row.allowed_next():
        changes, fix = {field: "draft"}, f"Set {field} to draft first, then to active"
    today = timezone.localdate()
    # Whose run is over goes neither active nor back to draft (1-domain "Status lifecycle").
    if row.last_day < today and getattr(row, f"{prefix}_end_date"):
        longer, words = _run_until(row, prefix, max(today, asked.day))
        changes, fix = longer | changes, f"{words} Then {fix[0].lower()}{fix[1:]}"
    return _told(f"The {prefix} is {row.status}, not active.", "active", row.status, f"{fix}.", changes)


def _run_until(row: Any, prefix: str, day: date) -> tuple[dict[str, Any], str]:
    """What to change for a run that lasts until the day, and how to say it."""
    field, expiry = f"{prefix}_end_date", f"{prefix}_expiry_date"
    if getattr(row, expiry) and getattr(row, expiry) < day:
        return {field: day, expiry: day}, f"Move {field} to {day} or later, and {expiry} with it."
    return {field: day}, f"Move {field} to {day} or later."


def _campaign_active(ad: Ad, asked: Opportunity) -> dict[str, Any]:
    return _status(ad.campaign, "campaign", asked)


def _ad_active(ad: Ad, asked: Opportunity) -> dict[str, Any]:
    told = _status(ad, "ad", asked)
    first = []
    if ad.campaign.campaign_end_date < timezone.localdate():
        first.append("move the end of its campaign")
    if not _is_sworn(ad):
        first.append("confirm “no prohibited content” in its content rating")
    return told | {"fix": f"{told['fix']} Before that, {' and '.join(first)}."} if first else told


def _is_sworn(ad: Ad) -> bool:
    rating = getattr(ad, "content_rating", None)
    return rating is not None and bool(rating.no_prohibited_content)


def _approved(ad: Ad, asked: Opportunity) -> dict[str, Any]:
    message, fix = "No moderator has approved it yet.", "Have a moderator approve it."
    if ad.moderation_status == ModerationStatus.REJECTED:
        said = f" The moderator wrote: {ad.moderation_note}" if ad.moderation_note else ""
        message = "A moderator has rejected it."
        fix = f"Change what was objected to, then have a moderator approve it.{said}"
    elif ad.moderation_status == ModerationStatus.APPROVED:
        message = "It was approved while “no prohibited content” wasn't confirmed: that doesn't count."
        fix = "Confirm it in the content rating, then have a moderator approve the ad again."
    return _told(message, ModerationStatus.APPROVED.value, ad.moderation_status, fix)


def _rated(ad: Ad, asked: Opportunity) -> dict[str, Any]:
    is_rated = getattr(ad, "content_rating", None) is not None
    message = "“No prohibited content” isn't confirmed." if is_rated else "It has no content rating."
    return _told(
        message,
        True,
        False if is_rated else None,
        f"{'Confirm' if is_rated else 'Rate it and confirm'} “no prohibited content” in its content rating.",
        {"content_rating": {"no_prohibited_content": True}},
    )


def _dates(row: Any, prefix: str, asked: Opportunity) -> dict[str, Any]:
    first, last = (getattr(row, f"{prefix}_{end}_date") for end in ("start", "end"))
    day = asked.day
    if first and day < first:
        field = f"{prefix}_start_date"
        message, fix = f"It starts on {first}.", f"Move {field} to {day} or earlier."
        return _told(message, day, first, fix, {field: day}, field=field)
    changes, fix = _run_until(row, prefix, day)
    message = f"It {'ended' if last < timezone.localdate() else 'ends'} on {last}."
    return _told(message, day, last, fix, changes, field=f"{prefix}_end_date")


def _campaign_dates(ad: Ad, asked: Opportunity) -> dict[str, Any]:
    return _dates(ad.campaign, "campaign", asked)


def _ad_dates(ad: Ad, asked: Opportunity) -> dict[str, Any]:
    return _dates(ad, "ad", asked)


def _expiry(row: Any, field: str, asked: Opportunity) -> dict[str, Any]:
    day, expiry = asked.day, getattr(row, field)
    message = f"It {'expired' if expiry < timezone.localdate() else 'expires'} on {expiry}."
    return _told(message, day, expiry, f"Move {field} to {day} or later.", {field: day})


def _campaign_expiry(ad: Ad, asked: Opportunity) -> dict[str, Any]:
    return _expiry(ad.campaign, "campaign_expiry_date", asked)


def _ad_expiry(ad: Ad, asked: Opportunity) -> dict[str, Any]:
    return _expiry(ad, "ad_expiry_date", asked)


def _time_slot(ad: Ad, asked: Opportunity) -> dict[str, Any]:
    ends = ("time_slot_start", "time_slot_end")
    slots = [{end: f"{getattr(slot, end):%H:%M}" for end in ends} for slot in ad.time_slots.all()]
    start, end = f"{asked.at_quarter(asked.quarter).time:%H:%M}", f"{asked.valid_until:%H:%M}"
    needed = {"time_slot_start": start, "time_slot_end": end}
    return _told(
        f"{asked.time:%H:%M} lies in none of its time slots.",
        f"{start}–{end}",
        [f"{slot['time_slot_start']}–{slot['time_slot_end']}" for slot in slots],
        f"Add a time slot from {start} to {end}, or longer.",
        {"time_slots": [*slots, needed]},
    )


def _in_reach(ad: Ad, *levels: str) -> list[Any]:
    """The campaign's targets that take the place that was asked for, as far as these levels go.

    There may be none: they are read after the verdict, and somebody may have changed them meanwhile.
    """
    targets: list[Any] = list(ad.campaign.audience_targeting.all())
    return [target for target in targets if all(getattr(target, f"takes_{level}") for level in levels)]


def _with_target(campaign: Campaign, changed: CampaignAudienceTargeting | None, **values: Any) -> dict[str, Any]:
    """The campaign's audience with one target changed, or one added."""
    targets = [_as_sent(target) | (values if target == changed else {}) for target in campaign.audience_targeting.all()]
    added = [{"cities": [], "postcodes": [], **values}] if changed is None else []
    return {"audience_targeting": targets + added}


def _as_sent(target: CampaignAudienceTargeting) -> dict[str, Any]:
    return {name: getattr(target, name) for name in ("region", "country", "cities", "postcodes")}


def _country(ad: Ad, asked: Opportunity) -> dict[str, Any]:
    countries = sorted({target.country for target in ad.campaign.audience_targeting.all()})
    message = f"The campaign is not aimed at {asked.country or 'any country'}."
    if country_code(asked.country) is None:
        fix = f"“{asked.country}” is no country. Ask with its ISO 3166-1 code, like DE, or its English name."
        return _told(message, asked.country, countries, fix)
    changes = _with_target(ad.campaign, None, region=asked.region or EVERYWHERE, country=asked.country)
    return _told(message, asked.country, countries, f"Add {asked.country} to the campaign's audience.", changes)


def _region(ad: Ad, asked: Opportunity) -> dict[str, Any]:
    regions = [target.region for target in _in_reach(ad, "country")]
    changes = _with_target(ad.campaign, None, region=asked.region, country=asked.country)
    fix = f"Add the region {asked.region} in {asked.country} to the campaign's audience."
    return _told(f"In {asked.country} it is not aimed at {asked.region}.", asked.region, regions, fix, changes)


def _city(ad: Ad, asked: Opportunity) -> dict[str, Any]:
    reach = _in_reach(ad, "country", "region")
    target = min(reach, key=lambda one: not one.takes_postcode, default=None)
    if target is None:
        return _country(ad, asked)
    values = {"cities": _taking(target.cities, asked.city)}
    also = ""
    if not target.takes_postcode:
        values["postcodes"] = _taking(target.postcodes, asked.postcode)
        also = ", and the postcode to its postcodes" if asked.postcode else ", and empty its postcodes"
    where = f"the cities of {target}"
    fix = f"Add {asked.city} to {where}{also}." if asked.city else f"Ask with a city, or empty {where}{also}."
    actual = sorted({city for one in reach for city in one.cities})
    message = f"The campaign is {f'not aimed at {asked.city}' if asked.city else 'aimed at some cities only'}."
    return _told(message, asked.city, actual, fix, _with_target(ad.campaign, target, **values))


def _postcode(ad: Ad, asked: Opportunity) -> dict[str, Any]:
    target = next(iter(_in_reach(ad, "country", "region", "city")), None)
    if target is None:
        return _country(ad, asked)
    changes = _with_target(ad.campaign, target, postcodes=_taking(target.postcodes, asked.postcode))
    where = f"the postcodes of {target}"
    if asked.postcode:
        message, fix = f"The campaign is not aimed at {asked.postcode}.", f"Add {asked.postcode} to {where}."
    else:
        message, fix = "The campaign is aimed at some postcodes only.", f"Ask with a postcode, or empty {where}."
    return _told(message, asked.postcode, target.postcodes, fix, changes)


def _taking(names: list[str], name: str) -> list[str]:
    return [*names, name] if name else []


def _view_cap(ad: Ad, asked: Opportunity) -> dict[str, Any]:
    views, _ = used_up(ad.campaign)
    return _told(
        f"The campaign has used up its {ad.campaign.campaign_max_view_count} views.",
        views + 1,
        ad.campaign.campaign_max_view_count,
        f"Raise campaign_max_view_count to {views + 1} or more, or empty it.",
        {"campaign_max_view_count": views + 1},
    )


def _view_duration_cap(ad: Ad, asked: Opportunity) -> dict[str, Any]:
    _, seconds = used_up(ad.campaign)
    value, unit = ad.campaign.campaign_max_view_duration_value, ad.campaign.campaign_max_view_duration_unit
    needed = seconds // SECONDS[str(unit)] + 1
    return _told(
        f"The campaign has used up its {value} {unit} of viewing time.",
        needed,
        value,
        f"Raise campaign_max_view_duration_value to {needed} or more ({unit}), or empty value and unit.",
        {"campaign_max_view_duration_value": needed},
    )


def _max_rating(ad: Ad, asked: Opportunity) -> dict[str, Any]:
    label = getattr(getattr(ad, "content_rating", None), "rating_label", None)
    allowed = [name for labels in RATING_LABELS.values() for name in labels if RATING_LEVELS[name] <= asked.max_level]
    if label is None:
        return _told("It has no rating label.", allowed, None, "Give it a rating_system and a rating_label.")
    fix = f"Ask with max_rating={label}, or show another ad: {label} is stronger than {asked.max_rating}."
    return _told(f"It is rated {label}; {asked.max_rating} is the most that was asked for.", allowed, label, fix)


_TELL: dict[str, Callable[[Ad, Opportunity], dict[str, Any]]] = {
    "campaign_active": _campaign_active,
    "ad_active": _ad_active,
    "approved": _approved,
    "rated": _rated,
    "campaign_dates": _campaign_dates,
    "ad_dates": _ad_dates,
    "campaign_expiry_date": _campaign_expiry,
    "ad_expiry_date": _ad_expiry,
    "time_slot": _time_slot,
    "country": _country,
    "region": _region,
    "city": _city,
    "postcode": _postcode,
    "view_cap": _view_cap,
    "view_duration_cap": _view_duration_cap,
    "max_rating": _max_rating,
}
