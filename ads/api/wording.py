"""What the API says about deliveries and views: one sentence for each problem, each step, each rejection."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from ads.delivery.facts import Fact, Problem, Step
from ads.reporting.counting import Refusal, Rejection

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

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
# The names of fields are the API's: they begin with what the row is called.
STEPS: Mapping[Step, "StrPromise"] = {
    Step.ACTIVATE: _("Set %(resource)s_status to active."),
    Step.DRAFT_THEN_ACTIVATE: _("Set %(resource)s_status to draft first, then to active."),
    Step.THEN_ACTIVATE: _("Then set %(resource)s_status to active."),
    Step.THEN_DRAFT_THEN_ACTIVATE: _("Then set %(resource)s_status to draft first, then to active."),
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
    Step.MOVE_START: _("Move %(resource)s_start_date to %(day)s or earlier."),
    Step.MOVE_END: _("Move %(resource)s_end_date to %(day)s or later."),
    Step.MOVE_END_AND_EXPIRY: _(
        "Move %(resource)s_end_date to %(day)s or later, and %(resource)s_expiry_date with it."
    ),
    Step.MOVE_EXPIRY: _("Move %(resource)s_expiry_date to %(day)s or later."),
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
    Step.RAISE_VIEW_CAP: _("Raise campaign_max_view_count to %(needed)d or more, or empty it."),
    Step.RAISE_VIEWING_TIME_CAP: _(
        "Raise campaign_max_view_duration_value to %(needed)d or more (%(unit)s), or empty value and unit."
    ),
    Step.GIVE_RATING_LABEL: _("Give it a rating_system and a rating_label."),
    Step.ALLOW_RATING: _(
        "Ask with max_rating=%(label)s, or show another ad: %(label)s is stronger than %(max_rating)s."
    ),
    Step.ADD_AD: _("Add an ad, up to six."),
    Step.ADD_ANY_COUNTRY: _("Add a country to its audience."),
    Step.PROLONG: _("Move %(resource)s_end_date to go on."),
    Step.PROLONG_EXPIRY: _("Move %(resource)s_expiry_date to go on."),
    Step.RAISE_VIEW_CAP_TO_GO_ON: _("Raise campaign_max_view_count to go on."),
    Step.RAISE_VIEWING_TIME_CAP_TO_GO_ON: _("Raise campaign_max_view_duration_value to go on."),
}
REFUSALS: Mapping[Refusal, "StrPromise"] = {
    Refusal.UNKNOWN_AD: _("There is no ad with this ad_id. Send the id of the ad that was shown."),
    Refusal.TOO_SHORT: ngettext_lazy(
        "A view of this ad counts from %(needed)d second on; this one lasted %(lasted)d.",
        "A view of this ad counts from %(needed)d seconds on; this one lasted %(lasted)d.",
        "needed",
    ),
    Refusal.IN_FUTURE: _(
        "viewed_at lies in the future. Set the clock of the device, and send the time at which it was shown."
    ),
    Refusal.EXPIRED: _(
        "This view is too old: views are counted from %(oldest)s on. There is no need to send it again."
    ),
    Refusal.VIEW_CAP_REACHED: ngettext_lazy(
        "The campaign has used up its %(cap)d view. Ask again what to show: this ad shows no more.",
        "The campaign has used up its %(cap)d views. Ask again what to show: this ad shows no more.",
        "cap",
    ),
    Refusal.VIEW_DURATION_CAP_REACHED: ngettext_lazy(
        "The campaign has used up its %(cap)d second. Ask again what to show: this ad shows no more.",
        "The campaign has used up its %(cap)d seconds. Ask again what to show: this ad shows no more.",
        "cap",
    ),
}


def message(fact: Fact) -> str:
    """What is wrong, as a sentence."""
    return PROBLEMS[fact.problem] % _params(fact)


def fix(fact: Fact) -> str:
    """What to do about it, step by step."""
    params = _params(fact)
    return " ".join(STEPS[step] % params for step in fact.steps)


def refusal(rejection: Rejection) -> str:
    """Why a view is not counted."""
    return REFUSALS[rejection.code] % rejection.params


def _params(fact: Fact) -> dict[str, object]:
    params = {**fact.params, "resource": fact.resource_type}
    return params | ({"duration": DURATIONS[str(params["unit"])] % params} if "unit" in params else {})
