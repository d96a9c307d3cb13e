"""What API and console say, each sentence once: by problem, by step, by rejection, by criterion."""

from collections.abc import Mapping
from datetime import date
from types import ModuleType
from uuid import uuid4

import pytest

from ads.api import wording as api
from ads.console import wording as console
from ads.delivery.criteria import CRITERIA
from ads.delivery.facts import Fact, Problem, ResourceType, Step
from ads.reporting.counting import Refusal, Rejection

PARAMS: Mapping[str, object] = {
    "status": "paused",
    "date": date(2026, 11, 20),
    "day": date(2026, 11, 23),
    "time": "08:15",
    "start": "08:15",
    "end": "08:30",
    "country": "DE",
    "region": "Bavaria",
    "city": "Berlin",
    "postcode": "10115",
    "target": "Germany, Europe",
    "cap": 72,
    "unit": "minutes",
    "used": 60,
    "needed": 73,
    "days": 5,
    "label": "R",
    "max_rating": "PG",
    "note": "100 % too loud",
}
# Both doors say the same of what is wrong.
PROBLEMS = {
    Problem.CAMPAIGN_NOT_ACTIVE: "The campaign is paused, not active.",
    Problem.AD_NOT_ACTIVE: "The ad is paused, not active.",
    Problem.NOT_REVIEWED: "No moderator has approved it yet.",
    Problem.REJECTED: "A moderator has rejected it.",
    Problem.APPROVED_UNCONFIRMED: (
        "It was approved while “no prohibited content” wasn't confirmed: that doesn't count."
    ),
    Problem.UNCONFIRMED: "“No prohibited content” isn't confirmed.",
    Problem.UNRATED: "It has no content rating.",
    Problem.STARTS_LATER: "It starts on 2026-11-20.",
    Problem.ENDS: "It ends on 2026-11-20.",
    Problem.ENDED: "It ended on 2026-11-20.",
    Problem.EXPIRES: "It expires on 2026-11-20.",
    Problem.EXPIRED: "It expired on 2026-11-20.",
    Problem.OUTSIDE_TIME_SLOTS: "08:15 lies in none of its time slots.",
    Problem.COUNTRY_NOT_TARGETED: "The campaign is not aimed at DE.",
    Problem.REGION_NOT_TARGETED: "In DE it is not aimed at Bavaria.",
    Problem.CITY_NOT_TARGETED: "The campaign is not aimed at Berlin.",
    Problem.SOME_CITIES_ONLY: "The campaign is aimed at some cities only.",
    Problem.POSTCODE_NOT_TARGETED: "The campaign is not aimed at 10115.",
    Problem.SOME_POSTCODES_ONLY: "The campaign is aimed at some postcodes only.",
    Problem.VIEWS_USED_UP: "The campaign has used up its 72 views.",
    Problem.VIEWING_TIME_USED_UP: "The campaign has used up its 72 minutes of viewing time.",
    Problem.NO_RATING_LABEL: "It has no rating label.",
    Problem.RATED_TOO_STRONG: "It is rated R; PG is the most that was asked for.",
    Problem.NO_ADS: "It has no ads.",
    Problem.NO_TARGETS: "It is not aimed at any place.",
    Problem.ENDS_TODAY: "It ends today.",
    Problem.ENDS_TOMORROW: "It ends tomorrow.",
    Problem.ENDS_IN_DAYS: "It ends in 5 days.",
    Problem.EXPIRES_TODAY: "It expires today.",
    Problem.EXPIRES_TOMORROW: "It expires tomorrow.",
    Problem.EXPIRES_IN_DAYS: "It expires in 5 days.",
    Problem.VIEWS_NEARLY_USED_UP: "60 of its 72 views are used up.",
    Problem.VIEWING_TIME_NEARLY_USED_UP: "60 seconds of its 72 minutes of viewing time are used up.",
}
# And of what to do about it, apart from the names of fields.
STEPS = {
    Step.FIRST_MOVE_CAMPAIGN_END: "Before that, move the end of its campaign.",
    Step.FIRST_CONFIRM: "Before that, confirm “no prohibited content” in its content rating.",
    Step.FIRST_MOVE_CAMPAIGN_END_AND_CONFIRM: (
        "Before that, move the end of its campaign and confirm “no prohibited content” in its content rating."
    ),
    Step.HAVE_APPROVED: "Have a moderator approve it.",
    Step.CHANGE_AND_HAVE_APPROVED: "Change what was objected to, then have a moderator approve it.",
    Step.READ_THE_NOTE: "The moderator wrote: 100 % too loud",
    Step.CONFIRM_AND_HAVE_APPROVED: "Confirm it in the content rating, then have a moderator approve the ad again.",
    Step.CONFIRM: "Confirm “no prohibited content” in its content rating.",
    Step.RATE_AND_CONFIRM: "Rate it and confirm “no prohibited content” in its content rating.",
    Step.ADD_TIME_SLOT: "Add a time slot from 08:15 to 08:30, or longer.",
    Step.ADD_COUNTRY: "Add DE to the campaign's audience.",
    Step.NAME_A_COUNTRY: "“DE” is no country. Ask with its ISO 3166-1 code, like DE, or its English name.",
    Step.ADD_REGION: "Add the region Bavaria in DE to the campaign's audience.",
    Step.ADD_CITY: "Add Berlin to the cities of Germany, Europe.",
    Step.ADD_CITY_AND_POSTCODE: "Add Berlin to the cities of Germany, Europe, and the postcode to its postcodes.",
    Step.ADD_CITY_AND_EMPTY_POSTCODES: "Add Berlin to the cities of Germany, Europe, and empty its postcodes.",
    Step.GIVE_CITY_OR_EMPTY_CITIES: "Ask with a city, or empty the cities of Germany, Europe.",
    Step.GIVE_CITY_OR_EMPTY_CITIES_AND_POSTCODES: (
        "Ask with a city, or empty the cities of Germany, Europe, and empty its postcodes."
    ),
    Step.ADD_POSTCODE: "Add 10115 to the postcodes of Germany, Europe.",
    Step.GIVE_POSTCODE_OR_EMPTY_POSTCODES: "Ask with a postcode, or empty the postcodes of Germany, Europe.",
    Step.ADD_AD: "Add an ad, up to six.",
    Step.ADD_ANY_COUNTRY: "Add a country to its audience.",
}
# Where fields are named: in the API of a campaign, in the console of a campaign and of an ad.
NAMING_FIELDS = {
    Step.ACTIVATE: (
        "Set campaign_status to active.",
        "Set the campaign's status to active.",
        "Set the ad's status to active.",
    ),
    Step.DRAFT_THEN_ACTIVATE: (
        "Set campaign_status to draft first, then to active.",
        "Set the campaign's status to draft first, then to active.",
        "Set the ad's status to draft first, then to active.",
    ),
    Step.THEN_ACTIVATE: (
        "Then set campaign_status to active.",
        "Then set the campaign's status to active.",
        "Then set the ad's status to active.",
    ),
    Step.THEN_DRAFT_THEN_ACTIVATE: (
        "Then set campaign_status to draft first, then to active.",
        "Then set the campaign's status to draft first, then to active.",
        "Then set the ad's status to draft first, then to active.",
    ),
    Step.MOVE_START: (
        "Move campaign_start_date to 2026-11-23 or earlier.",
        "Move the campaign's start date to 2026-11-23 or earlier.",
        "Move the ad's start date to 2026-11-23 or earlier.",
    ),
    Step.MOVE_END: (
        "Move campaign_end_date to 2026-11-23 or later.",
        "Move the campaign's end date to 2026-11-23 or later.",
        "Move the ad's end date to 2026-11-23 or later.",
    ),
    Step.MOVE_END_AND_EXPIRY: (
        "Move campaign_end_date to 2026-11-23 or later, and campaign_expiry_date with it.",
        "Move the campaign's end date to 2026-11-23 or later, and the campaign's expiry date with it.",
        "Move the ad's end date to 2026-11-23 or later, and the ad's expiry date with it.",
    ),
    Step.MOVE_EXPIRY: (
        "Move campaign_expiry_date to 2026-11-23 or later.",
        "Move the campaign's expiry date to 2026-11-23 or later.",
        "Move the ad's expiry date to 2026-11-23 or later.",
    ),
    Step.PROLONG: (
        "Move campaign_end_date to go on.",
        "Move the campaign's end date to go on.",
        "Move the ad's end date to go on.",
    ),
}
# Fields that only one of the two has.
NAMING_ITS_FIELDS = {
    Step.RAISE_VIEW_CAP: (
        "Raise campaign_max_view_count to 73 or more, or empty it.",
        "Raise the campaign's view cap to 73 or more, or empty it.",
    ),
    Step.RAISE_VIEWING_TIME_CAP: (
        "Raise campaign_max_view_duration_value to 73 or more (minutes), or empty value and unit.",
        "Raise the campaign's cap on viewing time to 73 or more (minutes), or empty value and unit.",
    ),
    Step.RAISE_VIEW_CAP_TO_GO_ON: (
        "Raise campaign_max_view_count to go on.",
        "Raise the campaign's view cap to go on.",
    ),
    Step.RAISE_VIEWING_TIME_CAP_TO_GO_ON: (
        "Raise campaign_max_view_duration_value to go on.",
        "Raise the campaign's cap on viewing time to go on.",
    ),
    Step.PROLONG_EXPIRY: ("Move ad_expiry_date to go on.", "Move the ad's expiry date to go on."),
    Step.GIVE_RATING_LABEL: (
        "Give it a rating_system and a rating_label.",
        "Give it a rating system and a rating label.",
    ),
    Step.ALLOW_RATING: (
        "Ask with max_rating=R, or show another ad: R is stronger than PG.",
        "Ask with the strongest rating R, or show another ad: R is stronger than PG.",
    ),
}


def fact(problem: Problem, *steps: Step, of: ResourceType = "campaign", params: Mapping[str, object] = PARAMS) -> Fact:
    """One with everything that a sentence may name."""
    return Fact(
        code="any",
        problem=problem,
        steps=steps,
        params=params,
        resource_type=of,
        resource_id=uuid4(),
        field="any",
    )


def doing(step: Step, of: ResourceType = "campaign") -> Fact:
    return fact(Problem.NO_ADS, step, of=of)


def test_there_is_a_sentence_for_everything() -> None:
    assert set(PROBLEMS) == set(api.PROBLEMS) == set(console.PROBLEMS) == set(Problem)
    assert {*STEPS, *NAMING_FIELDS, *NAMING_ITS_FIELDS} == set(api.STEPS) == set(console.STEPS) == set(Step)
    assert set(api.REFUSALS) == set(Refusal)
    assert list(console.HEADINGS) == [criterion.code for criterion in CRITERIA]
    assert set(console.NOT_ASKED_BEFORE) == {criterion.within for criterion in CRITERIA if criterion.within}


@pytest.mark.parametrize("words", [api, console], ids=["API", "console"])
def test_what_is_wrong(words: ModuleType) -> None:
    assert {problem: words.message(fact(problem)) for problem in PROBLEMS} == PROBLEMS


@pytest.mark.parametrize("words", [api, console], ids=["API", "console"])
def test_what_to_do(words: ModuleType) -> None:
    assert {step: words.fix(doing(step)) for step in STEPS} == STEPS


def test_what_to_do_with_the_fields_of_either() -> None:
    assert {
        step: (api.fix(doing(step)), console.fix(doing(step)), console.fix(doing(step, "ad"))) for step in NAMING_FIELDS
    } == NAMING_FIELDS
    assert api.fix(doing(Step.ACTIVATE, "ad")) == "Set ad_status to active."


def test_what_to_do_with_the_fields_of_one() -> None:
    assert {
        step: (api.fix(doing(step, "ad")), console.fix(doing(step, "ad"))) for step in NAMING_ITS_FIELDS
    } == NAMING_ITS_FIELDS


def test_steps_stand_one_after_the_other() -> None:
    steps = (Step.MOVE_END, Step.THEN_ACTIVATE, Step.FIRST_CONFIRM)

    assert api.fix(fact(Problem.AD_NOT_ACTIVE, *steps, of="ad")) == (
        "Move ad_end_date to 2026-11-23 or later. Then set ad_status to active. "
        "Before that, confirm “no prohibited content” in its content rating."
    )


@pytest.mark.parametrize(
    ("problem", "params", "sentence"),
    [
        (Problem.VIEWS_USED_UP, {"cap": 1}, "The campaign has used up its 1 view."),
        (
            Problem.VIEWING_TIME_USED_UP,
            {"cap": 1, "unit": "hours"},
            "The campaign has used up its 1 hour of viewing time.",
        ),
        (
            Problem.VIEWING_TIME_NEARLY_USED_UP,
            {"cap": 1, "unit": "seconds", "used": 1},
            "1 second of its 1 second of viewing time is used up.",
        ),
        (Problem.ENDS_IN_DAYS, {"days": 1}, "It ends in 1 day."),
    ],
)
def test_one_is_not_many(problem: Problem, params: dict[str, object], sentence: str) -> None:
    assert api.message(fact(problem, params=params)) == console.message(fact(problem, params=params)) == sentence


@pytest.mark.parametrize(
    ("code", "params", "sentence"),
    [
        (Refusal.UNKNOWN_AD, {}, "There is no ad with this ad_id. Send the id of the ad that was shown."),
        (
            Refusal.TOO_SHORT,
            {"needed": 11, "lasted": 10},
            "A view of this ad counts from 11 seconds on; this one lasted 10.",
        ),
        (
            Refusal.TOO_SHORT,
            {"needed": 1, "lasted": 0},
            "A view of this ad counts from 1 second on; this one lasted 0.",
        ),
        (
            Refusal.IN_FUTURE,
            {},
            "viewed_at lies in the future. Set the clock of the device, and send the time at which it was shown.",
        ),
        (
            Refusal.EXPIRED,
            {"oldest": date(2026, 10, 1)},
            "This view is too old: views are counted from 2026-10-01 on. There is no need to send it again.",
        ),
        (
            Refusal.VIEW_CAP_REACHED,
            {"cap": 3},
            "The campaign has used up its 3 views. Ask again what to show: this ad shows no more.",
        ),
        (
            Refusal.VIEW_DURATION_CAP_REACHED,
            {"cap": 60},
            "The campaign has used up its 60 seconds. Ask again what to show: this ad shows no more.",
        ),
    ],
)
def test_why_a_view_is_not_counted(code: Refusal, params: dict[str, object], sentence: str) -> None:
    assert api.refusal(Rejection(code, params)) == sentence
