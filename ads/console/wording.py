"""What the console says about deliveries: one sentence for each problem, each step, each criterion, each link."""

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from ads.delivery.explaining import Explanation
from ads.delivery.facts import Fact, Problem, Reason, ResourceType, Step

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

_AUDIENCE = ("audience_targeting-group", _("Go to the campaign's audience"))
_RATING = ("content_rating-group", _("Go to the ad's content rating"))
# For each field that a fact can name: where it stands on its page, and how the link to it reads.
LINKS: Mapping[str, "tuple[str, StrPromise]"] = {
    "campaign_status": ("id_campaign_status", _("Go to the campaign's status")),
    "campaign_start_date": ("id_campaign_start_date", _("Go to the campaign's start date")),
    "campaign_end_date": ("id_campaign_end_date", _("Go to the campaign's end date")),
    "campaign_expiry_date": ("id_campaign_expiry_date", _("Go to the campaign's expiry date")),
    "campaign_max_view_count": ("id_campaign_max_view_count", _("Go to the campaign's view cap")),
    "campaign_max_view_duration_value": (
        "id_campaign_max_view_duration_value",
        _("Go to the campaign's cap on viewing time"),
    ),
    "audience_targeting": _AUDIENCE,
    "country": _AUDIENCE,
    "region": _AUDIENCE,
    "cities": _AUDIENCE,
    "postcodes": _AUDIENCE,
    "ads": ("ads", _("Go to the campaign's ads")),
    "ad_status": ("id_ad_status", _("Go to the ad's status")),
    "ad_start_date": ("id_ad_start_date", _("Go to the ad's start date")),
    "ad_end_date": ("id_ad_end_date", _("Go to the ad's end date")),
    "ad_expiry_date": ("id_ad_expiry_date", _("Go to the ad's expiry date")),
    "moderation_status": ("review", _("Go to the ad's review")),
    "time_slots": ("time_slots-group", _("Go to the ad's time slots")),
    "no_prohibited_content": _RATING,
    "rating_label": _RATING,
}
# What holds where a criterion holds.
HEADINGS: Mapping[str, "StrPromise"] = {
    "campaign_active": _("The campaign is active"),
    "ad_active": _("The ad is active"),
    "approved": _("A moderator has approved it"),
    "rated": _("It is rated, and sworn free of prohibited content"),
    "campaign_dates": _("The day lies inside the campaign's dates"),
    "ad_dates": _("The day lies inside the ad's own dates"),
    "campaign_expiry_date": _("The campaign has not expired"),
    "ad_expiry_date": _("The ad has not expired"),
    "time_slot": _("The time lies in one of its slots"),
    "country": _("The campaign is aimed at the country"),
    "region": _("The campaign is aimed at the region"),
    "city": _("The campaign is aimed at the city"),
    "postcode": _("The campaign is aimed at the postcode"),
    "view_cap": _("The campaign has views left"),
    "view_duration_cap": _("The campaign has viewing time left"),
    "max_rating": _("It is rated no stronger than asked for"),
}
# Said of a criterion that is part of one that fails.
NOT_ASKED_BEFORE: Mapping[str, "StrPromise"] = {
    "country": _("Not asked before the campaign is aimed at the country."),
    "region": _("Not asked before the campaign is aimed at the region."),
    "city": _("Not asked before the campaign is aimed at the city."),
}
ANY_RATING_WILL_DO = _("Not asked: any rating will do.")
SHOWS = _("Shows")
MAY_SHOW = _("May show")
DOES_NOT_SHOW = ngettext_lazy("Doesn't show: %(count)d reason", "Doesn't show: %(count)d reasons", "count")
CONFIRMED: Mapping[object, "StrPromise"] = {True: _("confirmed"), False: _("not confirmed"), None: _("no rating")}
# What an empty place asks for: an ad that is aimed at all of the level above.
EMPTY: Mapping[str, "StrPromise"] = {"city": _("all cities"), "postcode": _("all postcodes")}
NOTHING = _("nothing")
DURATIONS: Mapping[str, "StrPromise"] = {
    "seconds": ngettext_lazy("%(cap)d second", "%(cap)d seconds", "cap"),
    "minutes": ngettext_lazy("%(cap)d minute", "%(cap)d minutes", "cap"),
    "hours": ngettext_lazy("%(cap)d hour", "%(cap)d hours", "cap"),
    "days": ngettext_lazy("%(cap)d day", "%(cap)d days", "cap"),
}
PROBLEMS: Mapping[Problem, "StrPromise"] = {
    Problem.CAMPAIGN_NOT_ACTIVE: _("The campaign is %(status)s, not active."),
    Problem.AD_NOT_ACTIVE: _("The ad is %(status)s, not active."),
    Problem.NOT_REVIEWED: _("No moderator has approved it yet."),
    Problem.REJECTED: _("A moderator has rejected it."),
    Problem.APPROVED_UNCONFIRMED: _(
        "It was approved while “no prohibited content” wasn't confirmed: that doesn't count."
    ),
    Problem.UNCONFIRMED: _("“No prohibited content” isn't confirmed."),
    Problem.UNRATED: _("It has no content rating."),
    Problem.STARTS_LATER: _("It starts on %(date)s."),
    Problem.ENDS: _("It ends on %(date)s."),
    Problem.ENDED: _("It ended on %(date)s."),
    Problem.EXPIRES: _("It expires on %(date)s."),
    Problem.EXPIRED: _("It expired on %(date)s."),
    Problem.OUTSIDE_TIME_SLOTS: _("%(time)s lies in none of its time slots."),
    Problem.COUNTRY_NOT_TARGETED: _("The campaign is not aimed at %(country)s."),
    Problem.REGION_NOT_TARGETED: _("In %(country)s it is not aimed at %(region)s."),
    Problem.CITY_NOT_TARGETED: _("The campaign is not aimed at %(city)s."),
    Problem.SOME_CITIES_ONLY: _("The campaign is aimed at some cities only."),
    Problem.POSTCODE_NOT_TARGETED: _("The campaign is not aimed at %(postcode)s."),
    Problem.SOME_POSTCODES_ONLY: _("The campaign is aimed at some postcodes only."),
    Problem.VIEWS_USED_UP: ngettext_lazy(
        "The campaign has used up its %(cap)d view.", "The campaign has used up its %(cap)d views.", "cap"
    ),
    Problem.VIEWING_TIME_USED_UP: _("The campaign has used up its %(duration)s of viewing time."),
    Problem.NO_RATING_LABEL: _("It has no rating label."),
    Problem.RATED_TOO_STRONG: _("It is rated %(label)s; %(max_rating)s is the most that was asked for."),
    Problem.NO_ADS: _("It has no ads."),
    Problem.NO_TARGETS: _("It is not aimed at any place."),
    Problem.ENDS_TODAY: _("It ends today."),
    Problem.ENDS_TOMORROW: _("It ends tomorrow."),
    Problem.ENDS_IN_DAYS: ngettext_lazy("It ends in %(days)d day.", "It ends in %(days)d days.", "days"),
    Problem.EXPIRES_TODAY: _("It expires today."),
    Problem.EXPIRES_TOMORROW: _("It expires tomorrow."),
    Problem.EXPIRES_IN_DAYS: ngettext_lazy("It expires in %(days)d day.", "It expires in %(days)d days.", "days"),
    Problem.VIEWS_NEARLY_USED_UP: ngettext_lazy(
        "%(used)d of its %(cap)d view are used up.", "%(used)d of its %(cap)d views are used up.", "cap"
    ),
    Problem.VIEWING_TIME_NEARLY_USED_UP: ngettext_lazy(
        "%(used)d second of its %(duration)s of viewing time is used up.",
        "%(used)d seconds of its %(duration)s of viewing time are used up.",
        "used",
    ),
}
STEPS: Mapping[Step, "StrPromise | Mapping[ResourceType, StrPromise]"] = {
    Step.ACTIVATE: {
        "campaign": _("Set the campaign's status to active."),
        "ad": _("Set the ad's status to active."),
    },
    Step.DRAFT_THEN_ACTIVATE: {
        "campaign": _("Set the campaign's status to draft first, then to active."),
        "ad": _("Set the ad's status to draft first, then to active."),
    },
    Step.THEN_ACTIVATE: {
        "campaign": _("Then set the campaign's status to active."),
        "ad": _("Then set the ad's status to active."),
    },
    Step.THEN_DRAFT_THEN_ACTIVATE: {
        "campaign": _("Then set the campaign's status to draft first, then to active."),
        "ad": _("Then set the ad's status to draft first, then to active."),
    },
    Step.FIRST_MOVE_CAMPAIGN_END: _("Before that, move the end of its campaign."),
    Step.FIRST_CONFIRM: _("Before that, confirm “no prohibited content” in its content rating."),
    Step.FIRST_MOVE_CAMPAIGN_END_AND_CONFIRM: _(
        "Before that, move the end of its campaign and confirm “no prohibited content” in its content rating."
    ),
    Step.HAVE_APPROVED: _("Have a moderator approve it."),
    Step.CHANGE_AND_HAVE_APPROVED: _("Change what was objected to, then have a moderator approve it."),
    Step.READ_THE_NOTE: _("The moderator wrote: %(note)s"),
    Step.CONFIRM_AND_HAVE_APPROVED: _("Confirm it in the content rating, then have a moderator approve the ad again."),
    Step.CONFIRM: _("Confirm “no prohibited content” in its content rating."),
    Step.RATE_AND_CONFIRM: _("Rate it and confirm “no prohibited content” in its content rating."),
    Step.MOVE_START: {
        "campaign": _("Move the campaign's start date to %(day)s or earlier."),
        "ad": _("Move the ad's start date to %(day)s or earlier."),
    },
    Step.MOVE_END: {
        "campaign": _("Move the campaign's end date to %(day)s or later."),
        "ad": _("Move the ad's end date to %(day)s or later."),
    },
    Step.MOVE_END_AND_EXPIRY: {
        "campaign": _("Move the campaign's end date to %(day)s or later, and the campaign's expiry date with it."),
        "ad": _("Move the ad's end date to %(day)s or later, and the ad's expiry date with it."),
    },
    Step.MOVE_EXPIRY: {
        "campaign": _("Move the campaign's expiry date to %(day)s or later."),
        "ad": _("Move the ad's expiry date to %(day)s or later."),
    },
    Step.ADD_TIME_SLOT: _("Add a time slot from %(start)s to %(end)s, or longer."),
    Step.ADD_COUNTRY: _("Add %(country)s to the campaign's audience."),
    Step.NAME_A_COUNTRY: _("“%(country)s” is no country. Ask with its ISO 3166-1 code, like DE, or its English name."),
    Step.ADD_REGION: _("Add the region %(region)s in %(country)s to the campaign's audience."),
    Step.ADD_CITY: _("Add %(city)s to the cities of %(target)s."),
    Step.ADD_CITY_AND_POSTCODE: _("Add %(city)s to the cities of %(target)s, and the postcode to its postcodes."),
    Step.ADD_CITY_AND_EMPTY_POSTCODES: _("Add %(city)s to the cities of %(target)s, and empty its postcodes."),
    Step.GIVE_CITY_OR_EMPTY_CITIES: _("Ask with a city, or empty the cities of %(target)s."),
    Step.GIVE_CITY_OR_EMPTY_CITIES_AND_POSTCODES: _(
        "Ask with a city, or empty the cities of %(target)s, and empty its postcodes."
    ),
    Step.ADD_POSTCODE: _("Add %(postcode)s to the postcodes of %(target)s."),
    Step.GIVE_POSTCODE_OR_EMPTY_POSTCODES: _("Ask with a postcode, or empty the postcodes of %(target)s."),
    Step.RAISE_VIEW_CAP: _("Raise the campaign's view cap to %(needed)d or more, or empty it."),
    Step.RAISE_VIEWING_TIME_CAP: _(
        "Raise the campaign's cap on viewing time to %(needed)d or more (%(unit)s), or empty value and unit."
    ),
    Step.GIVE_RATING_LABEL: _("Give it a rating system and a rating label."),
    Step.ALLOW_RATING: _(
        "Ask with the strongest rating %(label)s, or show another ad: %(label)s is stronger than %(max_rating)s."
    ),
    Step.ADD_AD: _("Add an ad, up to six."),
    Step.ADD_ANY_COUNTRY: _("Add a country to its audience."),
    Step.PROLONG: {
        "campaign": _("Move the campaign's end date to go on."),
        "ad": _("Move the ad's end date to go on."),
    },
    Step.PROLONG_EXPIRY: _("Move the ad's expiry date to go on."),
    Step.RAISE_VIEW_CAP_TO_GO_ON: _("Raise the campaign's view cap to go on."),
    Step.RAISE_VIEWING_TIME_CAP_TO_GO_ON: _("Raise the campaign's cap on viewing time to go on."),
}


def message(fact: Fact) -> str:
    """What is wrong, as a sentence."""
    return PROBLEMS[fact.problem] % _params(fact)


def fix(fact: Fact) -> str:
    """What to do about it, step by step."""
    params = _params(fact)
    sentences = [STEPS[step] for step in fact.steps]
    return " ".join((one[fact.resource_type] if isinstance(one, Mapping) else one) % params for one in sentences)


def _params(fact: Fact) -> Mapping[str, object]:
    params = fact.params
    return {**params, "duration": DURATIONS[str(params["unit"])] % params} if "unit" in params else params


def outcome(explained: Explanation) -> str:
    """The answer in a few words."""
    if explained.eligible:
        return str(SHOWS if explained.shown else MAY_SHOW)
    return DOES_NOT_SHOW % {"count": len(explained.reasons)}


def not_asked(code: str) -> str:
    """Why nobody asked about a criterion that is part of the one with this code, or about a rating."""
    return str(NOT_ASKED_BEFORE.get(code, ANY_RATING_WILL_DO))


def value_of(reason: Reason, value: object) -> str:
    """The value in words and units, as people write it."""
    if reason.code == "rated":
        return str(CONFIRMED[value])
    if isinstance(value, list):
        return ", ".join(map(str, value)) or str(NOTHING)
    if isinstance(value, date):
        return f"{value.day} {value:%b %Y}"
    return f"{value or EMPTY.get(reason.code, NOTHING)} {reason.params.get('unit', '')}".strip()
