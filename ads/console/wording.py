"""The console's sentences about deliveries: one for each problem, step, criterion and link, with fields by label."""

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, cast

from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from ads.choices import WEEKDAYS
from ads.delivery.explaining import Explanation
from ads.delivery.facts import Fact, Problem, ResourceType, Step
from ads.time_slots import words_of_days
from campaign_studio.places import country_choices
from campaigns.choices import Status
from campaigns.console import doubts

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

_TARGETING = ("audience_targeting-group", _("Go to the campaign's targeting"))
_RATING = ("content_rating-group", _("Go to the ad's content rating"))
# For each field that a fact can name: its element on the change page, and the text of the link to it.
LINKS: Mapping[str, "tuple[str, StrPromise]"] = {
    "campaign_status": ("id_campaign_status", _("Go to the campaign's status")),
    "campaign_start_date": ("id_campaign_start_date", _("Go to the campaign's start date")),
    "campaign_end_date": ("id_campaign_end_date", _("Go to the campaign's end date")),
    "campaign_expiry_date": ("id_campaign_expiry_date", _("Go to the campaign's expiry date")),
    "campaign_max_view_count": ("id_campaign_max_view_count", _("Go to the campaign's view cap")),
    "campaign_max_view_duration_value": (
        "id_campaign_max_view_duration_value",
        _("Go to the campaign's viewing-time cap"),
    ),
    "audience_targeting": _TARGETING,
    "country": _TARGETING,
    "region": _TARGETING,
    "cities": _TARGETING,
    "postcodes": _TARGETING,
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
# What each criterion asks for.
HEADINGS: Mapping[str, "StrPromise"] = {
    "campaign_active": _("The campaign is active"),
    "ad_active": _("The ad is active"),
    "approved": _("A moderator has approved the ad"),
    "rated": _("The content declaration is confirmed"),
    "campaign_dates": _("The day is within the campaign's dates"),
    "ad_dates": _("The day is within the ad's own dates"),
    "campaign_expiry_date": _("The campaign hasn't expired"),
    "ad_expiry_date": _("The ad hasn't expired"),
    "time_slot": _("The day and time are within the ad's time slots"),
    "country": _("The campaign targets the country"),
    "region": _("The campaign targets the region"),
    "city": _("The campaign targets the city"),
    "postcode": _("The campaign targets the postcode"),
    "view_cap": _("The campaign is below its view cap"),
    "view_duration_cap": _("The campaign is below its viewing-time cap"),
    "max_rating": _("The ad's rating is no stronger than allowed"),
}
# Why a criterion wasn't checked, by the failing one that it depends on.
NOT_CHECKED_BEFORE: Mapping[str, "StrPromise"] = {
    "country": _("Not checked: the campaign doesn't target the country."),
    "region": _("Not checked: the campaign doesn't target the region."),
    "city": _("Not checked: the campaign doesn't target the city."),
}
ANY_RATING_IS_ALLOWED = _("Not checked: any rating is allowed.")
SHOWS = _("Shows")
ELIGIBLE = _("Eligible")
DOES_NOT_SHOW = ngettext_lazy("Doesn't show: %(count)d reason", "Doesn't show: %(count)d reasons", "count")
DURATIONS: Mapping[str, "StrPromise"] = {
    "seconds": ngettext_lazy("%(count)d second", "%(count)d seconds", "count"),
    "minutes": ngettext_lazy("%(count)d minute", "%(count)d minutes", "count"),
    "hours": ngettext_lazy("%(count)d hour", "%(count)d hours", "count"),
    "days": ngettext_lazy("%(count)d day", "%(count)d days", "count"),
}
PROBLEMS: Mapping[Problem, "StrPromise | Mapping[ResourceType, StrPromise]"] = {
    Problem.CAMPAIGN_NOT_ACTIVE: _("The campaign's status is “%(status)s”, not “Active”."),
    Problem.AD_NOT_ACTIVE: _("The ad's status is “%(status)s”, not “Active”."),
    Problem.NOT_REVIEWED: _("The ad is pending review."),
    Problem.REJECTED: _("A moderator rejected the ad."),
    Problem.APPROVED_UNCONFIRMED: _(
        "The ad was approved before its content declaration was confirmed, so the approval doesn't count."
    ),
    Problem.UNCONFIRMED: _("The content declaration isn't confirmed."),
    Problem.UNRATED: _("The ad has no content rating."),
    Problem.STARTS_LATER: {
        "campaign": _("The campaign starts on %(date)s."),
        "ad": _("The ad starts on %(date)s."),
    },
    Problem.ENDS: {"campaign": _("The campaign ends on %(date)s."), "ad": _("The ad ends on %(date)s.")},
    Problem.ENDED: {"campaign": _("The campaign ended on %(date)s."), "ad": _("The ad ended on %(date)s.")},
    Problem.EXPIRES: {"campaign": _("The campaign expires on %(date)s."), "ad": _("The ad expires on %(date)s.")},
    Problem.EXPIRED: {"campaign": _("The campaign expired on %(date)s."), "ad": _("The ad expired on %(date)s.")},
    Problem.OUTSIDE_TIME_SLOTS: _("The ad has no time slot at %(time)s."),
    Problem.NOT_ON_THIS_WEEKDAY: _("%(weekday)s is not among the days of the ad's time slot %(slot)s."),
    Problem.COUNTRY_NOT_TARGETED: _("The campaign doesn't target %(country)s."),
    Problem.REGION_NOT_TARGETED: _("The campaign doesn't target %(region)s in %(country)s."),
    Problem.CITY_NOT_TARGETED: _("The campaign doesn't target %(city)s."),
    Problem.SOME_CITIES_ONLY: _("The campaign targets certain cities only."),
    Problem.POSTCODE_NOT_TARGETED: _("The campaign doesn't target the postcode %(postcode)s."),
    Problem.SOME_POSTCODES_ONLY: _("The campaign targets certain postcodes only."),
    Problem.VIEWS_USED_UP: ngettext_lazy(
        "The campaign has reached its view cap of %(cap)d view.",
        "The campaign has reached its view cap of %(cap)d views.",
        "cap",
    ),
    Problem.VIEWING_TIME_USED_UP: _("The campaign has reached its viewing-time cap (%(duration)s)."),
    Problem.NO_RATING_LABEL: _("The ad has no rating label."),
    Problem.RATED_TOO_STRONG: _("The ad is rated %(label)s, which is stronger than %(max_rating)s."),
    Problem.NO_ADS: _("The campaign has no ads."),
    Problem.NO_TARGETS: _("The campaign has no targets."),
    Problem.STARTS_AFTER_CAMPAIGN: _("The ad starts on %(date)s, after the campaign's last day, %(day)s."),
    Problem.ENDS_BEFORE_CAMPAIGN: _("The ad ends on %(date)s, before the campaign's first day, %(day)s."),
    Problem.EXPIRES_BEFORE_START: _("The ad expires on %(date)s, before its first day, %(day)s."),
    Problem.NO_TIME_SLOT_ON_ITS_DAYS: _(
        "The ad's dates are %(first)s to %(last)s (%(weekdays)s), but it has no time slot on any of these days."
    ),
    Problem.ENDS_TODAY: {"campaign": _("The campaign ends today."), "ad": _("The ad ends today.")},
    Problem.ENDS_TOMORROW: {"campaign": _("The campaign ends tomorrow."), "ad": _("The ad ends tomorrow.")},
    Problem.ENDS_IN_DAYS: {
        "campaign": ngettext_lazy("The campaign ends in %(days)d day.", "The campaign ends in %(days)d days.", "days"),
        "ad": ngettext_lazy("The ad ends in %(days)d day.", "The ad ends in %(days)d days.", "days"),
    },
    Problem.EXPIRES_TODAY: _("The ad expires today."),
    Problem.EXPIRES_TOMORROW: _("The ad expires tomorrow."),
    Problem.EXPIRES_IN_DAYS: ngettext_lazy(
        "The ad expires in %(days)d day.", "The ad expires in %(days)d days.", "days"
    ),
    Problem.VIEWS_NEARLY_USED_UP: ngettext_lazy(
        "The campaign has used %(used)d of its %(cap)d view.",
        "The campaign has used %(used)d of its %(cap)d views.",
        "cap",
    ),
    Problem.VIEWING_TIME_NEARLY_USED_UP: ngettext_lazy(
        "The campaign has used %(used)d second of its viewing-time cap (%(duration)s).",
        "The campaign has used %(used)d seconds of its viewing-time cap (%(duration)s).",
        "used",
    ),
    Problem.CITY_UNKNOWN: doubts.CITY_UNKNOWN,
    Problem.CITY_ELSEWHERE: doubts.CITY_ELSEWHERE,
    Problem.REGION_ELSEWHERE: doubts.REGION_ELSEWHERE,
    Problem.AREA_ELSEWHERE: doubts.AREA_ELSEWHERE,
    Problem.MORE_PLACES_UNKNOWN: doubts.MORE_PLACES_UNKNOWN,
}
STEPS: Mapping[Step, "StrPromise | Mapping[ResourceType, StrPromise]"] = {
    Step.ACTIVATE: {"campaign": _("Activate the campaign."), "ad": _("Activate the ad.")},
    Step.DRAFT_THEN_ACTIVATE: {
        "campaign": _("Return the campaign to draft, then activate it."),
        "ad": _("Return the ad to draft, then activate it."),
    },
    Step.THEN_ACTIVATE: {"campaign": _("Then activate the campaign."), "ad": _("Then activate the ad.")},
    Step.THEN_DRAFT_THEN_ACTIVATE: {
        "campaign": _("Then return the campaign to draft and activate it."),
        "ad": _("Then return the ad to draft and activate it."),
    },
    Step.FIRST_MOVE_CAMPAIGN_END: _("Before that, set the campaign's end date to today or later."),
    Step.FIRST_CONFIRM: _("Before that, confirm the content declaration in the ad's content rating."),
    Step.FIRST_MOVE_CAMPAIGN_END_AND_CONFIRM: _(
        "Before that, set the campaign's end date to today or later, and confirm the content declaration in the ad's "
        "content rating."
    ),
    Step.HAVE_APPROVED: _("Ask a moderator to approve the ad."),
    Step.CHANGE_AND_HAVE_APPROVED: _("Change what the moderator objected to. The ad then goes back to review."),
    Step.READ_THE_NOTE: _("The moderator's note: %(note)s"),
    Step.CONFIRM_AND_HAVE_APPROVED: _(
        "Confirm the content declaration in the ad's content rating, then ask a moderator to approve the ad again."
    ),
    Step.CONFIRM: _("Confirm the content declaration in the ad's content rating."),
    Step.RATE_AND_CONFIRM: _("Add a content rating and confirm the content declaration."),
    Step.MOVE_START: {
        "campaign": _("Set the campaign's start date to %(day)s or earlier."),
        "ad": _("Set the ad's start date to %(day)s or earlier."),
    },
    Step.MOVE_END: {
        "campaign": _("Set the campaign's end date to %(day)s or later."),
        "ad": _("Set the ad's end date to %(day)s or later."),
    },
    Step.MOVE_END_AND_EXPIRY: {
        "campaign": _("Set the campaign's end date and expiry date to %(day)s or later."),
        "ad": _("Set the ad's end date and expiry date to %(day)s or later."),
    },
    Step.MOVE_EXPIRY: {
        "campaign": _("Set the campaign's expiry date to %(day)s or later."),
        "ad": _("Set the ad's expiry date to %(day)s or later."),
    },
    Step.ADD_TIME_SLOT: _("Add a time slot that includes %(weekday)s, %(start)s to %(end)s."),
    Step.ADD_WEEKDAY: _("Add %(weekday)s to the days of the time slot %(slot)s."),
    Step.ADD_COUNTRY: _("Add %(country)s to the campaign's targeting."),
    Step.NAME_A_COUNTRY: _("“%(country)s” is not a country. Use an ISO 3166-1 code such as DE, or an English name."),
    Step.NAME_A_REGION: _("“%(region)s” is not in %(country)s. Use a region of the country, or leave it empty."),
    Step.ADD_REGION: _("Add a target for %(region)s in %(country)s to the campaign's targeting."),
    Step.ADD_CITY: _("Add %(city)s to the cities of the target “%(target)s”."),
    Step.ADD_CITY_AND_POSTCODE: _(
        "Add %(city)s to the cities of the target “%(target)s”, and the postcode to its postcodes."
    ),
    Step.ADD_CITY_AND_EMPTY_POSTCODES: _(
        "Add %(city)s to the cities of the target “%(target)s”, and clear its postcodes."
    ),
    Step.GIVE_CITY_OR_EMPTY_CITIES: _("Enter a city, or clear the cities of the target “%(target)s”."),
    Step.GIVE_CITY_OR_EMPTY_CITIES_AND_POSTCODES: _(
        "Enter a city or clear the cities of the target “%(target)s”, and clear its postcodes."
    ),
    Step.ADD_POSTCODE: _("Add %(postcode)s to the postcodes of the target “%(target)s”."),
    Step.GIVE_POSTCODE_OR_EMPTY_POSTCODES: _("Enter a postcode, or clear the postcodes of the target “%(target)s”."),
    Step.RAISE_VIEW_CAP: _("Raise the campaign's view cap to %(needed)d or more, or remove it."),
    Step.RAISE_VIEWING_TIME_CAP: _(
        "Raise the campaign's viewing-time cap (needed: %(needed_duration)s), or remove it."
    ),
    Step.GIVE_RATING_LABEL: _("Choose a rating system and a rating label."),
    Step.ALLOW_RATING: _("Choose %(label)s as the strongest rating, or show another ad."),
    Step.FIT_TIME_SLOTS: _("Add one of these days to a time slot, or change the dates."),
    Step.ADD_AD: _("Add an ad."),
    Step.ADD_ANY_COUNTRY: _("Add a country to the campaign's targeting."),
    Step.PROLONG: {
        "campaign": _("Set a later end date to keep the campaign running."),
        "ad": _("Set a later end date to keep the ad running."),
    },
    Step.PROLONG_EXPIRY: _("Set a later expiry date to keep the ad running."),
    Step.RAISE_VIEW_CAP_TO_GO_ON: _("Raise the view cap to keep the campaign running."),
    Step.RAISE_VIEWING_TIME_CAP_TO_GO_ON: _("Raise the viewing-time cap to keep the campaign running."),
    Step.CHECK_PLACES: doubts.CHECK_PLACES,
    Step.CORRECT_REGION: doubts.CORRECT_REGION,
}


def message(fact: Fact) -> str:
    """The sentence about what is wrong."""
    return _for_resource(PROBLEMS[fact.problem], fact) % _params(fact)


def fix(fact: Fact) -> str:
    """What to do about it: a sentence for each step."""
    params = _params(fact)
    return " ".join(_for_resource(STEPS[step], fact) % params for step in fact.steps)


def _for_resource(sentence: "StrPromise | Mapping[ResourceType, StrPromise]", fact: Fact) -> "StrPromise":
    return sentence[fact.resource_type] if isinstance(sentence, Mapping) else sentence


def _params(fact: Fact) -> dict[str, object]:
    """The fact's parameters as people read them."""
    params = {name: date_format(value) if isinstance(value, date) else value for name, value in fact.params.items()}
    if "status" in params:
        params["status"] = Status(str(params["status"])).label
    if "country" in params:
        params["country"] = country_label(params["country"])
    if "countries" in params:
        params["countries"] = doubts.names_of(cast("tuple[str, ...]", params["countries"]))
    if "weekdays" in params:
        params["weekdays"] = words_of_days(cast("list[int]", params["weekdays"]), separator=", ")
    if "weekday" in params:
        params["weekday"] = WEEKDAYS[int(str(params["weekday"]))]
    if "unit" in params:
        duration = DURATIONS[str(params["unit"])]
        params["duration"] = duration % {"count": params["cap"]}
        params["needed_duration"] = duration % {"count": params.get("needed", 0)}
    return params


def country_label(code: object) -> str:
    """The name of a country by its code. What isn't a code is returned as it is."""
    return dict(country_choices()).get(str(code), str(code))


def outcome(explained: Explanation) -> str:
    """Whether the ad shows, in a few words."""
    if explained.eligible:
        return str(SHOWS if explained.shown else ELIGIBLE)
    return DOES_NOT_SHOW % {"count": len(explained.reasons)}


def not_checked(code: str) -> str:
    """Why a criterion wasn't checked: by the code of the failing one that it depends on, or its own."""
    return str(NOT_CHECKED_BEFORE.get(code, ANY_RATING_IS_ALLOWED))
