"""Problems of ads and campaigns, and how to fix them, as data that the API and the console put into words."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum, auto
from typing import Any, Literal
from uuid import UUID

from ads.models import Ad
from campaigns.models import Campaign

ResourceType = Literal["ad", "campaign"]
# The body of a `PATCH` request.
Changes = dict[str, Any]


class Problem(StrEnum):
    """A kind of problem. The API and the console have a sentence for each."""

    CAMPAIGN_NOT_ACTIVE = auto()
    AD_NOT_ACTIVE = auto()
    NOT_REVIEWED = auto()
    REJECTED = auto()
    APPROVED_UNCONFIRMED = auto()
    UNCONFIRMED = auto()
    UNRATED = auto()
    STARTS_LATER = auto()
    ENDS = auto()
    ENDED = auto()
    EXPIRES = auto()
    EXPIRED = auto()
    OUTSIDE_TIME_SLOTS = auto()
    NOT_ON_THIS_WEEKDAY = auto()
    COUNTRY_NOT_TARGETED = auto()
    REGION_NOT_TARGETED = auto()
    REGION_ELSEWHERE = auto()
    AREA_ELSEWHERE = auto()
    CITY_NOT_TARGETED = auto()
    SOME_CITIES_ONLY = auto()
    POSTCODE_NOT_TARGETED = auto()
    SOME_POSTCODES_ONLY = auto()
    VIEWS_USED_UP = auto()
    VIEWING_TIME_USED_UP = auto()
    NO_RATING_LABEL = auto()
    RATED_TOO_STRONG = auto()
    # These are only used by readiness.
    NO_ADS = auto()
    NO_TARGETS = auto()
    STARTS_AFTER_CAMPAIGN = auto()
    ENDS_BEFORE_CAMPAIGN = auto()
    EXPIRES_BEFORE_START = auto()
    NO_TIME_SLOT_ON_ITS_DAYS = auto()
    ENDS_TODAY = auto()
    ENDS_TOMORROW = auto()
    ENDS_IN_DAYS = auto()
    EXPIRES_TODAY = auto()
    EXPIRES_TOMORROW = auto()
    EXPIRES_IN_DAYS = auto()
    VIEWS_NEARLY_USED_UP = auto()
    VIEWING_TIME_NEARLY_USED_UP = auto()
    CITY_UNKNOWN = auto()
    CITY_ELSEWHERE = auto()
    MORE_PLACES_UNKNOWN = auto()


class Step(StrEnum):
    """A step of a fix. The API and the console have a sentence for each."""

    ACTIVATE = auto()
    DRAFT_THEN_ACTIVATE = auto()
    THEN_ACTIVATE = auto()
    THEN_DRAFT_THEN_ACTIVATE = auto()
    FIRST_MOVE_CAMPAIGN_END = auto()
    FIRST_CONFIRM = auto()
    FIRST_MOVE_CAMPAIGN_END_AND_CONFIRM = auto()
    HAVE_APPROVED = auto()
    CHANGE_AND_HAVE_APPROVED = auto()
    READ_THE_NOTE = auto()
    CONFIRM_AND_HAVE_APPROVED = auto()
    CONFIRM = auto()
    RATE_AND_CONFIRM = auto()
    MOVE_START = auto()
    MOVE_END = auto()
    MOVE_END_AND_EXPIRY = auto()
    MOVE_EXPIRY = auto()
    ADD_TIME_SLOT = auto()
    ADD_WEEKDAY = auto()
    ADD_COUNTRY = auto()
    NAME_A_COUNTRY = auto()
    ADD_REGION = auto()
    NAME_A_REGION = auto()
    CORRECT_REGION = auto()
    ADD_CITY = auto()
    ADD_CITY_AND_POSTCODE = auto()
    ADD_CITY_AND_EMPTY_POSTCODES = auto()
    GIVE_CITY_OR_EMPTY_CITIES = auto()
    GIVE_CITY_OR_EMPTY_CITIES_AND_POSTCODES = auto()
    ADD_POSTCODE = auto()
    GIVE_POSTCODE_OR_EMPTY_POSTCODES = auto()
    RAISE_VIEW_CAP = auto()
    RAISE_VIEWING_TIME_CAP = auto()
    GIVE_RATING_LABEL = auto()
    ALLOW_RATING = auto()
    # These are only used by readiness.
    ADD_AD = auto()
    ADD_ANY_COUNTRY = auto()
    FIT_TIME_SLOTS = auto()
    PROLONG = auto()
    PROLONG_EXPIRY = auto()
    RAISE_VIEW_CAP_TO_GO_ON = auto()
    RAISE_VIEWING_TIME_CAP_TO_GO_ON = auto()
    CHECK_PLACES = auto()


@dataclass(frozen=True, kw_only=True)
class Fact:
    """A problem with an ad or a campaign. `params` are the values for its sentences, `field` is the field to change."""

    code: str
    problem: Problem
    steps: tuple[Step, ...]
    params: Mapping[str, object]
    resource_type: ResourceType
    resource_id: UUID
    field: str


@dataclass(frozen=True, kw_only=True)
class Reason(Fact):
    """A criterion that fails. `code` is the code of the criterion.

    `expected` and `actual` are strings, dates, numbers, time slots, lists or None. `changes` is the body of a `PATCH`
    request that does what the steps say, or None if a person has to decide.
    """

    expected: object
    actual: object
    changes: Changes | None


def kind_of(row: Ad | Campaign) -> ResourceType:
    """The resource type of the row, which is also the prefix of its field names."""
    return "campaign" if isinstance(row, Campaign) else "ad"


def reason(
    code: str,
    row: Ad | Campaign,
    field: str,
    problem: Problem,
    *steps: Step,
    expected: object,
    actual: object,
    changes: Changes | None = None,
    **params: object,
) -> Reason:
    """The reason why a criterion fails, where `row` is the resource to change."""
    return Reason(
        code=code,
        problem=problem,
        steps=steps,
        params=params,
        resource_type=kind_of(row),
        resource_id=row.pk,
        field=field,
        expected=expected,
        actual=actual,
        changes=changes,
    )
