"""The API's sentences about deliveries and views: one for each problem, step and rejection, with fields by code."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from ads.choices import WEEKDAYS
from ads.delivery.facts import Fact, Problem, ResourceType, Step
from ads.reporting.reports import Refusal, Rejection
from ads.time_slots import words_of_days

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

DURATIONS: Mapping[str, "StrPromise"] = {
    "seconds": ngettext_lazy("%(count)d second", "%(count)d seconds", "count"),
    "minutes": ngettext_lazy("%(count)d minute", "%(count)d minutes", "count"),
    "hours": ngettext_lazy("%(count)d hour", "%(count)d hours", "count"),
    "days": ngettext_lazy("%(count)d day", "%(count)d days", "count"),
}
PROBLEMS: Mapping[Problem, "StrPromise | Mapping[ResourceType, StrPromise]"] = {
    Problem.CAMPAIGN_NOT_ACTIVE: _("The campaign's status is %(status)s, not active."),
    Problem.AD_NOT_ACTIVE: _("The ad's status is %(status)s, not active."),
    Problem.NOT_REVIEWED: _("The ad is pending review."),
    Problem.REJECTED: _("A moderator rejected the ad."),
    Problem.APPROVED_UNCONFIRMED: _(
        "The ad was approved before its content declaration was confirmed, so the approval doesn't count."
    ),
    Problem.UNCONFIRMED: _("The content declaration (no_prohibited_content) isn't confirmed."),
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
    Problem.CITY_UNKNOWN: _("“%(city)s” isn't known as a city in %(country)s."),
    Problem.CITY_ELSEWHERE: _("“%(city)s” is known in %(countries)s, but not in %(country)s."),
    Problem.REGION_ELSEWHERE: _(
        "“%(region)s” is known as a region of %(countries)s, but not of %(country)s. This target matches no screen."
    ),
    Problem.AREA_ELSEWHERE: _("“%(region)s” doesn't contain %(country)s. This target matches no screen."),
    Problem.MORE_PLACES_UNKNOWN: ngettext_lazy(
        "%(count)d more city or region isn't known in its country.",
        "%(count)d more cities or regions aren't known in their countries.",
        "count",
    ),
}
# A field's name begins with its resource: campaign_status, ad_status.
STEPS: Mapping[Step, "StrPromise"] = {
    Step.ACTIVATE: _("Set %(resource)s_status to active."),
    Step.DRAFT_THEN_ACTIVATE: _("Set %(resource)s_status to draft first, then to active."),
    Step.THEN_ACTIVATE: _("Then set %(resource)s_status to active."),
    Step.THEN_DRAFT_THEN_ACTIVATE: _("Then set %(resource)s_status to draft, then to active."),
    Step.FIRST_MOVE_CAMPAIGN_END: _("Before that, set the campaign_end_date of its campaign to today or later."),
    Step.FIRST_CONFIRM: _("Before that, set no_prohibited_content to true in its content_rating."),
    Step.FIRST_MOVE_CAMPAIGN_END_AND_CONFIRM: _(
        "Before that, set the campaign_end_date of its campaign to today or later, and no_prohibited_content to true "
        "in its content_rating."
    ),
    Step.HAVE_APPROVED: _("Ask a moderator to approve the ad."),
    Step.CHANGE_AND_HAVE_APPROVED: _("Change what the moderator objected to. The ad then goes back to review."),
    Step.READ_THE_NOTE: _("The moderator's note: %(note)s"),
    Step.CONFIRM_AND_HAVE_APPROVED: _(
        "Set no_prohibited_content to true in its content_rating, then ask a moderator to approve the ad again."
    ),
    Step.CONFIRM: _("Set no_prohibited_content to true in its content_rating."),
    Step.RATE_AND_CONFIRM: _("Send a content_rating with no_prohibited_content set to true."),
    Step.MOVE_START: _("Set %(resource)s_start_date to %(day)s or earlier."),
    Step.MOVE_END: _("Set %(resource)s_end_date to %(day)s or later."),
    Step.MOVE_END_AND_EXPIRY: _("Set %(resource)s_end_date and %(resource)s_expiry_date to %(day)s or later."),
    Step.MOVE_EXPIRY: _("Set %(resource)s_expiry_date to %(day)s or later."),
    Step.ADD_TIME_SLOT: _("Add a time slot that includes %(weekday)s, %(start)s to %(end)s."),
    Step.ADD_WEEKDAY: _("Add %(weekday)s to the days of the time slot %(slot)s."),
    Step.ADD_COUNTRY: _("Add a target for %(country)s to the campaign's audience_targeting."),
    Step.NAME_A_COUNTRY: _("“%(country)s” is not a country. Send an ISO 3166-1 code such as DE, or an English name."),
    Step.NAME_A_REGION: _("“%(region)s” is not in %(country)s. Send a region of the country, or none."),
    Step.ADD_REGION: _("Add a target for %(region)s in %(country)s to the campaign's audience_targeting."),
    Step.ADD_CITY: _("Add %(city)s to the cities of the target “%(target)s”."),
    Step.ADD_CITY_AND_POSTCODE: _(
        "Add %(city)s to the cities of the target “%(target)s”, and the postcode to its postcodes."
    ),
    Step.ADD_CITY_AND_EMPTY_POSTCODES: _(
        "Add %(city)s to the cities of the target “%(target)s”, and clear its postcodes."
    ),
    Step.GIVE_CITY_OR_EMPTY_CITIES: _("Send a city, or clear the cities of the target “%(target)s”."),
    Step.GIVE_CITY_OR_EMPTY_CITIES_AND_POSTCODES: _(
        "Send a city or clear the cities of the target “%(target)s”, and clear its postcodes."
    ),
    Step.ADD_POSTCODE: _("Add %(postcode)s to the postcodes of the target “%(target)s”."),
    Step.GIVE_POSTCODE_OR_EMPTY_POSTCODES: _("Send a postcode, or clear the postcodes of the target “%(target)s”."),
    Step.RAISE_VIEW_CAP: _("Set campaign_max_view_count to %(needed)d or more, or to null."),
    Step.RAISE_VIEWING_TIME_CAP: _(
        "Set campaign_max_view_duration_value to %(needed)d or more (%(unit)s), or the value and its unit to null."
    ),
    Step.GIVE_RATING_LABEL: _("Set rating_system and rating_label in its content_rating."),
    Step.ALLOW_RATING: _("Send max_rating=%(label)s, or show another ad."),
    Step.FIT_TIME_SLOTS: _("Add one of these days to a time slot, or change the dates."),
    Step.ADD_AD: _("Add an ad."),
    Step.ADD_ANY_COUNTRY: _("Add a target to the campaign's audience_targeting."),
    Step.PROLONG: _("Set %(resource)s_end_date to a later day to keep it running."),
    Step.PROLONG_EXPIRY: _("Set %(resource)s_expiry_date to a later day to keep it running."),
    Step.RAISE_VIEW_CAP_TO_GO_ON: _("Raise campaign_max_view_count to keep it running."),
    Step.RAISE_VIEWING_TIME_CAP_TO_GO_ON: _("Raise campaign_max_view_duration_value to keep it running."),
    Step.CHECK_PLACES: _("Check the spelling and the country. If both are right, nothing needs to change."),
    Step.CORRECT_REGION: _("Correct the region or the country of the target, or send an empty region."),
}
REFUSALS: Mapping[Refusal, "StrPromise"] = {
    Refusal.FORGED: _(
        "This impression wasn't issued here, has been changed, or is too old. Send the impression of the delivered ad "
        "unchanged."
    ),
    Refusal.UNKNOWN_AD: _("The ad has been deleted. Don't send this view again."),
    Refusal.IN_FUTURE: _(
        "viewed_at is in the future. Check the device's clock, and send the time at which the ad was shown."
    ),
    Refusal.EXPIRED: ngettext_lazy(
        "This view is too old: only views of the last %(days)d day count. Don't send it again.",
        "This view is too old: only views of the last %(days)d days count. Don't send it again.",
        "days",
    ),
    Refusal.OUTSIDE_QUARTER: _(
        "viewed_at is outside the quarter hour of the impression, %(first)s to %(last)s. Send the screen's local time "
        "with its offset, and the impression that was delivered for it."
    ),
    Refusal.TOO_MANY: ngettext_lazy(
        "This ad fits into a quarter hour %(most)d time. Count the views of an impression from 0 to %(last)d.",
        "This ad fits into a quarter hour %(most)d times. Count the views of an impression from 0 to %(last)d.",
        "most",
    ),
    Refusal.TOO_SHORT: ngettext_lazy(
        "This view is too short to count: it lasted %(lasted)d of the required %(needed)d second.",
        "This view is too short to count: it lasted %(lasted)d of the required %(needed)d seconds.",
        "needed",
    ),
    Refusal.TOO_LONG: _("A quarter hour has 900 seconds. Send the seconds for which the ad was on the screen."),
    Refusal.IMPRESSION_TOO_LONG: ngettext_lazy(
        "The views of an impression last up to 900 seconds together, and %(used)d second has been counted. Send only "
        "the seconds for which the ad was on the screen.",
        "The views of an impression last up to 900 seconds together, and %(used)d seconds have been counted. Send only "
        "the seconds for which the ad was on the screen.",
        "used",
    ),
    Refusal.QUARTER_TOO_LONG: ngettext_lazy(
        "A position has 900 seconds in a quarter hour, whatever the place, and %(used)d second of this device has been "
        "counted. Send only what was on the screen.",
        "A position has 900 seconds in a quarter hour, whatever the place, and %(used)d seconds of this device have "
        "been counted. Send only what was on the screen.",
        "used",
    ),
    Refusal.VIEW_CAP_REACHED: ngettext_lazy(
        "The campaign has reached its view cap of %(cap)d view. Request the delivery again and show another ad.",
        "The campaign has reached its view cap of %(cap)d views. Request the delivery again and show another ad.",
        "cap",
    ),
    Refusal.VIEW_DURATION_CAP_REACHED: ngettext_lazy(
        "The campaign has reached its viewing-time cap of %(cap)d second. "
        "Request the delivery again and show another ad.",
        "The campaign has reached its viewing-time cap of %(cap)d seconds. "
        "Request the delivery again and show another ad.",
        "cap",
    ),
}


def message(fact: Fact) -> str:
    """The sentence about what is wrong."""
    sentence = PROBLEMS[fact.problem]
    return (sentence[fact.resource_type] if isinstance(sentence, Mapping) else sentence) % _params(fact)


def fix(fact: Fact) -> str:
    """What to do about it: a sentence for each step."""
    params = _params(fact)
    return " ".join(STEPS[step] % params for step in fact.steps)


def refusal(rejection: Rejection) -> str:
    """Why a view doesn't count."""
    return REFUSALS[rejection.reason] % rejection.params


def _params(fact: Fact) -> dict[str, object]:
    params = {**fact.params, "resource": fact.resource_type}
    if "countries" in params:
        params["countries"] = ", ".join(cast("tuple[str, ...]", params["countries"]))
    if "weekdays" in params:
        params["weekdays"] = words_of_days(cast("list[int]", params["weekdays"]), separator=", ")
    if "weekday" in params:
        params["weekday"] = WEEKDAYS[int(str(params["weekday"]))]
    if "unit" in params:
        params["duration"] = DURATIONS[str(params["unit"])] % {"count": params["cap"]}
    return params
