"""The sentences of the API and the console about deliveries and views, each asserted once."""

from collections.abc import Mapping
from datetime import date, time
from types import ModuleType
from uuid import uuid4

import pytest

from ads.api import wording as api
from ads.console import wording as console
from ads.console.answers import value_of
from ads.delivery.criteria import CRITERIA
from ads.delivery.facts import Fact, Problem, Reason, ResourceType, Step
from ads.reporting.reports import Refusal, Rejection
from ads.time_slots import Slot

PARAMS: Mapping[str, object] = {
    "status": "paused",
    "date": date(2026, 11, 20),
    "day": date(2026, 11, 23),
    "time": "08:15",
    "start": "08:15",
    "end": "08:30",
    "weekday": 6,
    "slot": Slot(time(7), time(9), [1, 2, 3, 4, 5]),
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
    "countries": ("AT", "US"),
    "count": 7,
    "first": date(2026, 11, 23),
    "last": date(2026, 11, 27),
    "weekdays": [1, 2, 3, 5],
}
# What is wrong: in the API, and in the console where that differs.
PROBLEMS = {
    Problem.NOT_REVIEWED: "The ad is pending review.",
    Problem.REJECTED: "A moderator rejected the ad.",
    Problem.APPROVED_UNCONFIRMED: (
        "The ad was approved before its content declaration was confirmed, so the approval doesn't count."
    ),
    Problem.UNRATED: "The ad has no content rating.",
    Problem.OUTSIDE_TIME_SLOTS: "The ad has no time slot at 08:15.",
    Problem.NOT_ON_THIS_WEEKDAY: "Saturday is not among the days of the ad's time slot Mon–Fri 07:00–09:00.",
    Problem.CITY_NOT_TARGETED: "The campaign doesn't target Berlin.",
    Problem.SOME_CITIES_ONLY: "The campaign targets certain cities only.",
    Problem.POSTCODE_NOT_TARGETED: "The campaign doesn't target the postcode 10115.",
    Problem.SOME_POSTCODES_ONLY: "The campaign targets certain postcodes only.",
    Problem.VIEWS_USED_UP: "The campaign has reached its view cap of 72 views.",
    Problem.VIEWING_TIME_USED_UP: "The campaign has reached its viewing-time cap (72 minutes).",
    Problem.NO_RATING_LABEL: "The ad has no rating label.",
    Problem.RATED_TOO_STRONG: "The ad is rated R, which is stronger than PG.",
    Problem.NO_ADS: "The campaign has no ads.",
    Problem.NO_TARGETS: "The campaign has no targets.",
    Problem.EXPIRES_TODAY: "The ad expires today.",
    Problem.EXPIRES_TOMORROW: "The ad expires tomorrow.",
    Problem.EXPIRES_IN_DAYS: "The ad expires in 5 days.",
    Problem.VIEWS_NEARLY_USED_UP: "The campaign has used 60 of its 72 views.",
    Problem.VIEWING_TIME_NEARLY_USED_UP: "The campaign has used 60 seconds of its viewing-time cap (72 minutes).",
    Problem.MORE_PLACES_UNKNOWN: "7 more cities or regions aren't known in their countries.",
}
PROBLEMS_BY_DOOR = {
    Problem.CAMPAIGN_NOT_ACTIVE: (
        "The campaign's status is paused, not active.",
        "The campaign's status is “Paused”, not “Active”.",
    ),
    Problem.AD_NOT_ACTIVE: ("The ad's status is paused, not active.", "The ad's status is “Paused”, not “Active”."),
    Problem.UNCONFIRMED: (
        "The content declaration (no_prohibited_content) isn't confirmed.",
        "The content declaration isn't confirmed.",
    ),
    Problem.COUNTRY_NOT_TARGETED: ("The campaign doesn't target DE.", "The campaign doesn't target Germany."),
    Problem.REGION_NOT_TARGETED: (
        "The campaign doesn't target Bavaria in DE.",
        "The campaign doesn't target Bavaria in Germany.",
    ),
    Problem.STARTS_AFTER_CAMPAIGN: (
        "The ad starts on 2026-11-20, after the campaign's last day, 2026-11-23.",
        "The ad starts on 20 Nov 2026, after the campaign's last day, 23 Nov 2026.",
    ),
    Problem.ENDS_BEFORE_CAMPAIGN: (
        "The ad ends on 2026-11-20, before the campaign's first day, 2026-11-23.",
        "The ad ends on 20 Nov 2026, before the campaign's first day, 23 Nov 2026.",
    ),
    Problem.EXPIRES_BEFORE_START: (
        "The ad expires on 2026-11-20, before its first day, 2026-11-23.",
        "The ad expires on 20 Nov 2026, before its first day, 23 Nov 2026.",
    ),
    Problem.NO_TIME_SLOT_ON_ITS_DAYS: (
        "The ad's dates are 2026-11-23 to 2026-11-27 (Mon–Wed, Fri), but it has no time slot on any of these days.",
        "The ad's dates are 23 Nov 2026 to 27 Nov 2026 (Mon–Wed, Fri), but it has no time slot on any of these days.",
    ),
    Problem.CITY_UNKNOWN: (
        "“Berlin” isn't known as a city in DE.",
        "“Berlin” isn't known as a city in Germany.",
    ),
    Problem.CITY_ELSEWHERE: (
        "“Berlin” is known in AT, US, but not in DE.",
        "“Berlin” is known in Austria and United States, but not in Germany.",
    ),
    Problem.REGION_ELSEWHERE: (
        "“Bavaria” is known as a region of AT, US, but not of DE. This target matches no screen.",
        "“Bavaria” is known as a region of Austria and United States, but not of Germany. This target matches no "
        "screen.",
    ),
    Problem.AREA_ELSEWHERE: (
        "“Bavaria” doesn't contain DE. This target matches no screen.",
        "“Bavaria” doesn't contain Germany. This target matches no screen.",
    ),
}
# What is wrong: of a campaign, and of an ad. The API has the same sentences with dates in ISO 8601.
PROBLEMS_BY_RESOURCE = {
    Problem.STARTS_LATER: ("The campaign starts on 20 Nov 2026.", "The ad starts on 20 Nov 2026."),
    Problem.ENDS: ("The campaign ends on 20 Nov 2026.", "The ad ends on 20 Nov 2026."),
    Problem.ENDED: ("The campaign ended on 20 Nov 2026.", "The ad ended on 20 Nov 2026."),
    Problem.EXPIRES: ("The campaign expires on 20 Nov 2026.", "The ad expires on 20 Nov 2026."),
    Problem.EXPIRED: ("The campaign expired on 20 Nov 2026.", "The ad expired on 20 Nov 2026."),
    Problem.ENDS_TODAY: ("The campaign ends today.", "The ad ends today."),
    Problem.ENDS_TOMORROW: ("The campaign ends tomorrow.", "The ad ends tomorrow."),
    Problem.ENDS_IN_DAYS: ("The campaign ends in 5 days.", "The ad ends in 5 days."),
}
# What to do: the same in the API and the console.
STEPS = {
    Step.HAVE_APPROVED: "Ask a moderator to approve the ad.",
    Step.CHANGE_AND_HAVE_APPROVED: "Change what the moderator objected to. The ad then goes back to review.",
    Step.READ_THE_NOTE: "The moderator's note: 100 % too loud",
    Step.ADD_TIME_SLOT: "Add a time slot that includes Saturday, 08:15 to 08:30.",
    Step.ADD_WEEKDAY: "Add Saturday to the days of the time slot Mon–Fri 07:00–09:00.",
    Step.ADD_CITY: "Add Berlin to the cities of the target “Germany, Europe”.",
    Step.ADD_CITY_AND_POSTCODE: (
        "Add Berlin to the cities of the target “Germany, Europe”, and the postcode to its postcodes."
    ),
    Step.ADD_CITY_AND_EMPTY_POSTCODES: (
        "Add Berlin to the cities of the target “Germany, Europe”, and clear its postcodes."
    ),
    Step.ADD_POSTCODE: "Add 10115 to the postcodes of the target “Germany, Europe”.",
    Step.FIT_TIME_SLOTS: "Add one of these days to a time slot, or change the dates.",
    Step.ADD_AD: "Add an ad.",
    Step.CHECK_PLACES: "Check the spelling and the country. If both are right, nothing needs to change.",
}
# What to do: in the API for a campaign, and in the console for a campaign and for an ad.
STEPS_BY_RESOURCE = {
    Step.ACTIVATE: ("Set campaign_status to active.", "Activate the campaign.", "Activate the ad."),
    Step.DRAFT_THEN_ACTIVATE: (
        "Set campaign_status to draft first, then to active.",
        "Return the campaign to draft, then activate it.",
        "Return the ad to draft, then activate it.",
    ),
    Step.THEN_ACTIVATE: (
        "Then set campaign_status to active.",
        "Then activate the campaign.",
        "Then activate the ad.",
    ),
    Step.THEN_DRAFT_THEN_ACTIVATE: (
        "Then set campaign_status to draft, then to active.",
        "Then return the campaign to draft and activate it.",
        "Then return the ad to draft and activate it.",
    ),
    Step.MOVE_START: (
        "Set campaign_start_date to 2026-11-23 or earlier.",
        "Set the campaign's start date to 23 Nov 2026 or earlier.",
        "Set the ad's start date to 23 Nov 2026 or earlier.",
    ),
    Step.MOVE_END: (
        "Set campaign_end_date to 2026-11-23 or later.",
        "Set the campaign's end date to 23 Nov 2026 or later.",
        "Set the ad's end date to 23 Nov 2026 or later.",
    ),
    Step.MOVE_END_AND_EXPIRY: (
        "Set campaign_end_date and campaign_expiry_date to 2026-11-23 or later.",
        "Set the campaign's end date and expiry date to 23 Nov 2026 or later.",
        "Set the ad's end date and expiry date to 23 Nov 2026 or later.",
    ),
    Step.MOVE_EXPIRY: (
        "Set campaign_expiry_date to 2026-11-23 or later.",
        "Set the campaign's expiry date to 23 Nov 2026 or later.",
        "Set the ad's expiry date to 23 Nov 2026 or later.",
    ),
    Step.PROLONG: (
        "Set campaign_end_date to a later day to keep it running.",
        "Set a later end date to keep the campaign running.",
        "Set a later end date to keep the ad running.",
    ),
}
# What to do: in the API with the codes of fields, and in the console with their labels.
STEPS_BY_DOOR = {
    Step.FIRST_MOVE_CAMPAIGN_END: (
        "Before that, set the campaign_end_date of its campaign to today or later.",
        "Before that, set the campaign's end date to today or later.",
    ),
    Step.FIRST_CONFIRM: (
        "Before that, set no_prohibited_content to true in its content_rating.",
        "Before that, confirm the content declaration in the ad's content rating.",
    ),
    Step.FIRST_MOVE_CAMPAIGN_END_AND_CONFIRM: (
        "Before that, set the campaign_end_date of its campaign to today or later, and no_prohibited_content to true "
        "in its content_rating.",
        "Before that, set the campaign's end date to today or later, and confirm the content declaration in the ad's "
        "content rating.",
    ),
    Step.CONFIRM_AND_HAVE_APPROVED: (
        "Set no_prohibited_content to true in its content_rating, then ask a moderator to approve the ad again.",
        "Confirm the content declaration in the ad's content rating, then ask a moderator to approve the ad again.",
    ),
    Step.CONFIRM: (
        "Set no_prohibited_content to true in its content_rating.",
        "Confirm the content declaration in the ad's content rating.",
    ),
    Step.RATE_AND_CONFIRM: (
        "Send a content_rating with no_prohibited_content set to true.",
        "Add a content rating and confirm the content declaration.",
    ),
    Step.ADD_COUNTRY: (
        "Add a target for DE to the campaign's audience_targeting.",
        "Add Germany to the campaign's targeting.",
    ),
    Step.ADD_REGION: (
        "Add a target for Bavaria in DE to the campaign's audience_targeting.",
        "Add a target for Bavaria in Germany to the campaign's targeting.",
    ),
    Step.NAME_A_REGION: (
        "“Bavaria” is not in DE. Send a region of the country, or none.",
        "“Bavaria” is not in Germany. Use a region of the country, or leave it empty.",
    ),
    Step.ADD_ANY_COUNTRY: (
        "Add a target to the campaign's audience_targeting.",
        "Add a country to the campaign's targeting.",
    ),
    Step.GIVE_CITY_OR_EMPTY_CITIES: (
        "Send a city, or clear the cities of the target “Germany, Europe”.",
        "Enter a city, or clear the cities of the target “Germany, Europe”.",
    ),
    Step.GIVE_CITY_OR_EMPTY_CITIES_AND_POSTCODES: (
        "Send a city or clear the cities of the target “Germany, Europe”, and clear its postcodes.",
        "Enter a city or clear the cities of the target “Germany, Europe”, and clear its postcodes.",
    ),
    Step.GIVE_POSTCODE_OR_EMPTY_POSTCODES: (
        "Send a postcode, or clear the postcodes of the target “Germany, Europe”.",
        "Enter a postcode, or clear the postcodes of the target “Germany, Europe”.",
    ),
    Step.RAISE_VIEW_CAP: (
        "Set campaign_max_view_count to 73 or more, or to null.",
        "Raise the campaign's view cap to 73 or more, or remove it.",
    ),
    Step.RAISE_VIEWING_TIME_CAP: (
        "Set campaign_max_view_duration_value to 73 or more (minutes), or the value and its unit to null.",
        "Raise the campaign's viewing-time cap (needed: 73 minutes), or remove it.",
    ),
    Step.RAISE_VIEW_CAP_TO_GO_ON: (
        "Raise campaign_max_view_count to keep it running.",
        "Raise the view cap to keep the campaign running.",
    ),
    Step.RAISE_VIEWING_TIME_CAP_TO_GO_ON: (
        "Raise campaign_max_view_duration_value to keep it running.",
        "Raise the viewing-time cap to keep the campaign running.",
    ),
    Step.PROLONG_EXPIRY: (
        "Set ad_expiry_date to a later day to keep it running.",
        "Set a later expiry date to keep the ad running.",
    ),
    Step.CORRECT_REGION: (
        "Correct the region or the country of the target, or send an empty region.",
        "Correct the region or the country of the target, or clear the region.",
    ),
    Step.GIVE_RATING_LABEL: (
        "Set rating_system and rating_label in its content_rating.",
        "Choose a rating system and a rating label.",
    ),
    Step.ALLOW_RATING: (
        "Send max_rating=R, or show another ad.",
        "Choose R as the strongest rating, or show another ad.",
    ),
}


def fact(problem: Problem, *steps: Step, of: ResourceType = "campaign", params: Mapping[str, object] = PARAMS) -> Fact:
    """A fact with every parameter that a sentence may name."""
    return Fact(
        code="any",
        problem=problem,
        steps=steps,
        params=params,
        resource_type=of,
        resource_id=uuid4(),
        field="any",
    )


def with_step(step: Step, of: ResourceType = "campaign") -> Fact:
    """A fact with one step."""
    return fact(Problem.NO_ADS, step, of=of)


def test_every_problem_step_criterion_and_refusal_has_a_sentence() -> None:
    problems = {*PROBLEMS, *PROBLEMS_BY_DOOR, *PROBLEMS_BY_RESOURCE}
    steps = {*STEPS, *STEPS_BY_RESOURCE, *STEPS_BY_DOOR, Step.NAME_A_COUNTRY}

    assert problems == set(api.PROBLEMS) == set(console.PROBLEMS) == set(Problem)
    assert steps == set(api.STEPS) == set(console.STEPS) == set(Step)
    assert set(api.REFUSALS) == set(Refusal)
    assert list(console.HEADINGS) == [criterion.code for criterion in CRITERIA]
    assert set(console.NOT_CHECKED_BEFORE) == {criterion.within for criterion in CRITERIA if criterion.within}


@pytest.mark.parametrize("words", [api, console], ids=["API", "console"])
def test_problems_with_the_same_sentence_in_the_api_and_the_console(words: ModuleType) -> None:
    assert {problem: words.message(fact(problem)) for problem in PROBLEMS} == PROBLEMS


def test_problems_name_values_by_code_in_the_api_and_by_label_in_the_console() -> None:
    assert {
        problem: (api.message(fact(problem)), console.message(fact(problem))) for problem in PROBLEMS_BY_DOOR
    } == PROBLEMS_BY_DOOR


def test_problems_of_a_campaign_and_of_an_ad() -> None:
    said = {
        problem: (console.message(fact(problem)), console.message(fact(problem, of="ad")))
        for problem in PROBLEMS_BY_RESOURCE
    }

    assert said == PROBLEMS_BY_RESOURCE
    for problem, sentences in PROBLEMS_BY_RESOURCE.items():
        by_code = tuple(sentence.replace("20 Nov 2026", "2026-11-20") for sentence in sentences)
        assert (api.message(fact(problem)), api.message(fact(problem, of="ad"))) == by_code


@pytest.mark.parametrize("words", [api, console], ids=["API", "console"])
def test_steps_with_the_same_sentence_in_the_api_and_the_console(words: ModuleType) -> None:
    assert {step: words.fix(with_step(step)) for step in STEPS} == STEPS


def test_steps_of_a_campaign_and_of_an_ad() -> None:
    assert {
        step: (api.fix(with_step(step)), console.fix(with_step(step)), console.fix(with_step(step, "ad")))
        for step in STEPS_BY_RESOURCE
    } == STEPS_BY_RESOURCE
    assert api.fix(with_step(Step.ACTIVATE, "ad")) == "Set ad_status to active."


def test_steps_name_fields_by_code_in_the_api_and_by_label_in_the_console() -> None:
    assert {
        step: (api.fix(with_step(step, "ad")), console.fix(with_step(step, "ad"))) for step in STEPS_BY_DOOR
    } == STEPS_BY_DOOR


def test_an_unknown_country_is_quoted_as_it_was_sent() -> None:
    not_a_country = fact(Problem.COUNTRY_NOT_TARGETED, Step.NAME_A_COUNTRY, params={"country": "Xanadu"})

    assert api.fix(not_a_country) == (
        "“Xanadu” is not a country. Send an ISO 3166-1 code such as DE, or an English name."
    )
    assert console.fix(not_a_country) == (
        "“Xanadu” is not a country. Use an ISO 3166-1 code such as DE, or an English name."
    )


def test_steps_follow_one_another() -> None:
    steps = (Step.MOVE_END, Step.THEN_ACTIVATE, Step.FIRST_CONFIRM)

    assert api.fix(fact(Problem.AD_NOT_ACTIVE, *steps, of="ad")) == (
        "Set ad_end_date to 2026-11-23 or later. Then set ad_status to active. "
        "Before that, set no_prohibited_content to true in its content_rating."
    )


@pytest.mark.parametrize(
    ("problem", "params", "sentence"),
    [
        (Problem.VIEWS_USED_UP, {"cap": 1}, "The campaign has reached its view cap of 1 view."),
        (
            Problem.VIEWING_TIME_USED_UP,
            {"cap": 1, "unit": "hours"},
            "The campaign has reached its viewing-time cap (1 hour).",
        ),
        (
            Problem.VIEWING_TIME_NEARLY_USED_UP,
            {"cap": 1, "unit": "seconds", "used": 1},
            "The campaign has used 1 second of its viewing-time cap (1 second).",
        ),
        (Problem.ENDS_IN_DAYS, {"days": 1}, "The campaign ends in 1 day."),
        (Problem.EXPIRES_IN_DAYS, {"days": 1}, "The ad expires in 1 day."),
        (Problem.MORE_PLACES_UNKNOWN, {"count": 1}, "1 more city or region isn't known in its country."),
    ],
)
def test_sentences_about_one_are_in_the_singular(problem: Problem, params: dict[str, object], sentence: str) -> None:
    assert api.message(fact(problem, params=params)) == console.message(fact(problem, params=params)) == sentence


@pytest.mark.parametrize(
    ("code", "value", "params", "words"),
    [
        ("campaign_active", "paused", {}, "Paused"),
        ("approved", "rejected", {}, "Rejected"),
        ("rated", True, {}, "confirmed"),
        ("rated", None, {}, "no rating"),
        ("ad_dates", date(2026, 11, 20), {}, "20 Nov 2026"),
        (
            "time_slot",
            [Slot(time(22), time(0)), Slot(time(8), time(9), [6, 7])],
            {},
            "22:00–00:00, Sat,Sun 08:00–09:00",
        ),
        ("country", "DE", {}, "Germany"),
        ("country", ["DE", "FR"], {}, "Germany, France"),
        ("country", [], {}, "none"),
        ("city", "", {}, "all cities"),
        ("view_cap", 5, {}, "5"),
        ("view_duration_cap", 1, {"unit": "hours"}, "1 hour"),
    ],
)
def test_values_are_shown_by_their_labels(code: str, value: object, params: dict[str, object], words: str) -> None:
    reason = Reason(
        **{**vars(fact(Problem.NO_ADS, params=params)), "code": code}, expected=value, actual=value, changes=None
    )

    assert value_of(reason, value) == words


@pytest.mark.parametrize(
    ("code", "params", "sentence"),
    [
        (
            Refusal.FORGED,
            {},
            "This impression wasn't issued here, has been changed, or is too old. Send the impression of the delivered "
            "ad unchanged.",
        ),
        (Refusal.UNKNOWN_AD, {}, "The ad has been deleted. Don't send this view again."),
        (
            Refusal.OUTSIDE_QUARTER,
            {"first": "2026-11-23T08:15", "last": "2026-11-23T08:30"},
            "viewed_at is outside the quarter hour of the impression, 2026-11-23T08:15 to 2026-11-23T08:30. Send the "
            "screen's local time with its offset, and the impression that was delivered for it.",
        ),
        (
            Refusal.TOO_MANY,
            {"most": 60, "last": 59},
            "This ad fits into a quarter hour 60 times. Count the views of an impression from 0 to 59.",
        ),
        (
            Refusal.TOO_LONG,
            {},
            "A quarter hour has 900 seconds. Send the seconds for which the ad was on the screen.",
        ),
        (
            Refusal.IMPRESSION_TOO_LONG,
            {"used": 895},
            "The views of an impression last up to 900 seconds together, and 895 seconds have been counted. Send only "
            "the seconds for which the ad was on the screen.",
        ),
        (
            Refusal.QUARTER_TOO_LONG,
            {"used": 895},
            "A position has 900 seconds in a quarter hour, whatever the place, and 895 seconds of this device have "
            "been counted. Send only what was on the screen.",
        ),
        (
            Refusal.TOO_SHORT,
            {"needed": 11, "lasted": 10},
            "This view is too short to count: it lasted 10 of the required 11 seconds.",
        ),
        (
            Refusal.TOO_SHORT,
            {"needed": 1, "lasted": 0},
            "This view is too short to count: it lasted 0 of the required 1 second.",
        ),
        (
            Refusal.IN_FUTURE,
            {},
            "viewed_at is in the future. Check the device's clock, and send the time at which the ad was shown.",
        ),
        (
            Refusal.EXPIRED,
            {"days": 7},
            "This view is too old: only views of the last 7 days count. Don't send it again.",
        ),
        (
            Refusal.VIEW_CAP_REACHED,
            {"cap": 3},
            "The campaign has reached its view cap of 3 views. Request the delivery again and show another ad.",
        ),
        (
            Refusal.VIEW_DURATION_CAP_REACHED,
            {"cap": 60},
            "The campaign has reached its viewing-time cap of 60 seconds. "
            "Request the delivery again and show another ad.",
        ),
    ],
)
def test_a_refused_view_says_why_it_does_not_count(code: Refusal, params: dict[str, object], sentence: str) -> None:
    assert api.refusal(Rejection(code, params)) == sentence
