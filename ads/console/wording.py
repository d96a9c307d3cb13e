"""Reasons and findings as the console's pages tell them: in plain words, each with a link to what to change."""

import re
from datetime import date
from typing import Any

from django.urls import reverse

from ads.delivery.criteria import BY_CODE, CRITERIA, Criterion
from ads.delivery.explaining import Explanation
from ads.delivery.readiness import Finding
from ads.delivery.reasons import Reason

AUDIENCE = ("audience_targeting-group", "the campaign's audience")
RATING = ("content_rating-group", "the ad's content rating")
# For each field that a reason can name: where it stands on its page, and what people call it.
FIELDS: dict[str, tuple[str, str]] = {
    "campaign_status": ("id_campaign_status", "the campaign's status"),
    "campaign_start_date": ("id_campaign_start_date", "the campaign's start date"),
    "campaign_end_date": ("id_campaign_end_date", "the campaign's end date"),
    "campaign_expiry_date": ("id_campaign_expiry_date", "the campaign's expiry date"),
    "campaign_max_view_count": ("id_campaign_max_view_count", "the campaign's view cap"),
    "campaign_max_view_duration_value": ("id_campaign_max_view_duration_value", "the campaign's cap on viewing time"),
    "audience_targeting": AUDIENCE,
    "country": AUDIENCE,
    "region": AUDIENCE,
    "cities": AUDIENCE,
    "postcodes": AUDIENCE,
    "ads": ("ads", "the campaign's ads"),
    "ad_status": ("id_ad_status", "the ad's status"),
    "ad_start_date": ("id_ad_start_date", "the ad's start date"),
    "ad_end_date": ("id_ad_end_date", "the ad's end date"),
    "ad_expiry_date": ("id_ad_expiry_date", "the ad's expiry date"),
    "moderation_status": ("review", "the ad's review"),
    "time_slots": ("time_slots-group", "the ad's time slots"),
    "no_prohibited_content": RATING,
    "rating_label": RATING,
}
# What the API calls things, and what it is called here.
NAMES = {name: words for name, (_, words) in FIELDS.items() if name.startswith(("campaign_", "ad_"))} | {
    "rating_system": "rating system",
    "rating_label": "rating label",
    "max_rating=": "the strongest rating ",
}
NAME = re.compile(rf"\b({'|'.join(sorted(map(re.escape, NAMES), key=len, reverse=True))})")
PAGES = {"campaign": "admin:campaigns_campaign_change", "ad": "admin:ads_ad_change"}
# What an empty place asks for: an ad that is aimed at all of the level above.
EVERYWHERE = {"city": "all cities", "postcode": "all postcodes"}


def answer(explained: Explanation, names: dict[str, str]) -> dict[str, Any]:
    """What to say of one ad; `names` are those of the ads that have the turn."""
    failing = {one.code: one for one in explained.reasons}
    asked = {criterion.code for criterion, _ in explained.table()}
    return {
        "ad": explained.ad,
        "shown": explained.shown,
        "eligible": explained.eligible,
        "verdict": verdict(explained),
        "lost_to": explained.lost_to if explained.lost_to in names else None,
        "winner": names.get(explained.lost_to or ""),
        "reasons": [{"message": reason.message, **_to_do(reason)} for reason in explained.reasons],
        "holding": len(asked) - len(failing),
        "asked": len(asked),
        "rows": [_row(criterion, asked, failing, explained) for criterion in CRITERIA],
    }


def verdict(explained: Explanation) -> str:
    """The answer in a few words."""
    if explained.shown:
        return "Shows"
    if explained.eligible:
        return "May show"
    count = len(explained.reasons)
    return f"Doesn't show: {count} reason{'' if count == 1 else 's'}"


def finding(found: Finding) -> dict[str, Any]:
    """One of the things to do about a campaign."""
    return {"message": found.message, "name": found.resource_name, "kind": found.resource_type, **_to_do(found)}


def in_words(text: str) -> str:
    """What to do, without the names that fields have in the API."""
    words = NAME.sub(lambda match: NAMES[match[1]], text)
    return words[:1].upper() + words[1:]


def _row(criterion: Criterion, asked: set[str], failing: dict[str, Reason], explained: Explanation) -> dict[str, Any]:
    row: dict[str, Any] = {"code": criterion.code, "sentence": criterion.sentence}
    reason = failing.get(criterion.code)
    if reason is not None:
        needed, actual = (_value(reason, value, explained) for value in (reason.expected, reason.actual))
        return row | {"state": "fails", "message": reason.message, "needed": needed, "actual": actual, **_to_do(reason)}
    if criterion.code in asked:
        return row | {"state": "holds"}
    if criterion.within:
        outer = _outermost(criterion, failing).sentence
        return row | {"state": "open", "message": f"Not asked before {outer[0].lower()}{outer[1:]}."}
    return row | {"state": "open", "message": "Not asked: any rating will do."}


def _outermost(criterion: Criterion, failing: dict[str, Reason]) -> Criterion:
    """Of the criteria that this one is a part of, the one that fails."""
    while criterion.within and criterion.code not in failing:
        criterion = BY_CODE[criterion.within]
    return criterion


def _to_do(about: Reason | Finding) -> dict[str, str]:
    """What to do, and where."""
    anchor, words = FIELDS[about.field]
    page = reverse(PAGES[about.resource_type], args=[about.resource_id])
    # What a moderator wrote stays as it is.
    fix = about.fix if about.code == "approved" else in_words(about.fix)
    return {"fix": fix, "link": f"{page}#{anchor}", "where": words}


def _value(reason: Reason, value: Any, explained: Explanation) -> str:
    """As people write it."""
    if reason.code == "rated":
        return {True: "confirmed", False: "not confirmed"}.get(value, "no rating")
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "nothing"
    if isinstance(value, date):
        return f"{value.day} {value:%b %Y}"
    unit = explained.ad.campaign.campaign_max_view_duration_unit if reason.code == "view_duration_cap" else ""
    return f"{value or EVERYWHERE.get(reason.code, 'nothing')} {unit}".strip()
