"""Whether an ad shows at a moment: the criteria, in order. Written here once; everything else asks them (5-delivery).

`eligible()` is their conjunction, `explaining.py` says which of them fail, `readiness.py` which can never hold again.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import (
    BigIntegerField,
    Case,
    Exists,
    F,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Value,
    When,
)
from django.db.models.functions import Coalesce, Lower
from django.db.models.lookups import Exact, LessThan, LessThanOrEqual

from ads.choices import RATING_LEVELS, ModerationStatus
from ads.delivery.opportunity import ANY_LEVEL, Question
from ads.models import Ad, AdTimeSlot
from campaigns.choices import SECONDS, Status
from campaigns.models import CampaignAudienceTargeting

Condition = Callable[[Question], Q]


@dataclass(frozen=True)
class Criterion:
    """One thing that must hold.

    `holds` is its condition on ads; `can_hold` the one that asks whether it can still come true from a day on (by
    itself, without anybody changing anything), by default the same; None where it always can. `field` of `whose`
    (`ad`, `campaign`, `content_rating`, `time_slots` or `audience_targeting`) is what to change. `within` names the
    criterion that this one is a part of: its condition includes that one's, and it is asked about only where that one
    holds.
    """

    code: str
    sentence: str
    whose: str
    field: str
    holds: Condition
    can_hold: Callable[[date], Q] | None
    within: str = ""


def _always(condition: Q) -> dict[str, Any]:
    """Of a criterion that no time changes."""
    return {"holds": lambda asked: condition, "can_hold": lambda day: condition}


def _since(field: str, day: Any) -> Q:
    return Q(**{f"{field}__isnull": True}) | Q(**{f"{field}__lte": day})


def _until(field: str, day: Any) -> Q:
    return Q(**{f"{field}__isnull": True}) | Q(**{f"{field}__gte": day})


def _in_slot(asked: Question) -> Q:
    slots = AdTimeSlot.objects.filter(ad=OuterRef("pk"))
    # An end of 00:00 is midnight, the end of the day.
    now = slots.filter(time_slot_start__lte=asked.time).filter(
        Q(time_slot_end__gt=asked.time) | Q(time_slot_end="00:00")
    )
    return Q(~Exists(slots)) | Q(Exists(now))


def target_takes(asked: Question) -> dict[str, Q]:
    """For each level of a place whether a target takes it. Case is ignored, as the database does it (1-domain)."""
    return {
        "country": Q(Exact(Lower("country"), Lower(asked.country))),
        # A screen that doesn't know its region is in every region of its country.
        "region": Q(Exact(asked.region, Value(""))) | Q(Exact(Lower("region"), Lower(asked.region))),
        "city": Q(cities=[]) | Q(cities__has_entry=asked.city),
        "postcode": Q(postcodes=[]) | Q(postcodes__has_entry=asked.postcode),
    }


def _aimed_at(asked: Question, *levels: str) -> Q:
    """One and the same target of the campaign matches on every level."""
    matches = target_takes(asked)
    targets = CampaignAudienceTargeting.objects.filter(campaign=OuterRef("campaign"))
    return Q(Exists(targets.filter(*[matches[level] for level in levels])))


def _has_target(day: date) -> Q:
    return Q(Exists(CampaignAudienceTargeting.objects.filter(campaign=OuterRef("campaign"))))


def _used(column: str) -> Coalesce:
    return Coalesce(F(f"campaign__view_totals__{column}"), Value(0), output_field=BigIntegerField())


_VIEWS_ARE_LEFT = Q(campaign__campaign_max_view_count__isnull=True) | Q(
    LessThan(_used("view_count"), F("campaign__campaign_max_view_count"))
)
_seconds_of_a_unit = Case(
    *[When(campaign__campaign_max_view_duration_unit=unit, then=Value(seconds)) for unit, seconds in SECONDS.items()],
    output_field=BigIntegerField(),
)
_TIME_IS_LEFT = Q(campaign__campaign_max_view_duration_value__isnull=True) | Q(
    LessThan(_used("view_seconds"), F("campaign__campaign_max_view_duration_value") * _seconds_of_a_unit)
)
# An ad without a label counts as stronger than every label: who asks for a limit wants to be sure.
_level = Case(
    *[When(content_rating__rating_label=label, then=Value(level)) for label, level in RATING_LEVELS.items()],
    default=Value(ANY_LEVEL),
    output_field=IntegerField(),
)

CRITERIA: tuple[Criterion, ...] = (
    Criterion(
        "campaign_active",
        "The campaign is active",
        "campaign",
        "campaign_status",
        **_always(Q(campaign__campaign_status=Status.ACTIVE)),
    ),
    Criterion("ad_active", "The ad is active", "ad", "ad_status", **_always(Q(ad_status=Status.ACTIVE))),
    Criterion(
        "approved",
        "A moderator has approved it",
        "ad",
        "moderation_status",
        # Confirming “no prohibited content” sends an ad back to the moderators: an approval from before is none.
        **_always(Q(moderation_status=ModerationStatus.APPROVED, content_rating__no_prohibited_content=True)),
    ),
    Criterion(
        "rated",
        "It is rated, and sworn free of prohibited content",
        "content_rating",
        "no_prohibited_content",
        **_always(Q(content_rating__no_prohibited_content=True)),
    ),
    Criterion(
        "campaign_dates",
        "The day lies inside the campaign's dates",
        "campaign",
        "campaign_end_date",
        holds=lambda asked: Q(campaign__campaign_start_date__lte=asked.day, campaign__campaign_end_date__gte=asked.day),
        can_hold=lambda day: Q(campaign__campaign_end_date__gte=day),
    ),
    Criterion(
        "ad_dates",
        "The day lies inside the ad's own dates",
        "ad",
        "ad_end_date",
        holds=lambda asked: _since("ad_start_date", asked.day) & _until("ad_end_date", asked.day),
        can_hold=lambda day: _until("ad_end_date", day),
    ),
    Criterion(
        "campaign_expiry_date",
        "The campaign has not expired",
        "campaign",
        "campaign_expiry_date",
        holds=lambda asked: _until("campaign__campaign_expiry_date", asked.day),
        can_hold=lambda day: _until("campaign__campaign_expiry_date", day),
    ),
    Criterion(
        "ad_expiry_date",
        "The ad has not expired",
        "ad",
        "ad_expiry_date",
        holds=lambda asked: _until("ad_expiry_date", asked.day),
        # It must not have expired before its first day either.
        can_hold=lambda day: (
            _until("ad_expiry_date", day)
            & _until("ad_expiry_date", Coalesce("ad_start_date", "campaign__campaign_start_date"))
        ),
    ),
    Criterion("time_slot", "The time lies in one of its slots", "time_slots", "time_slots", _in_slot, None),
    Criterion(
        "country",
        "The campaign is aimed at the country",
        "audience_targeting",
        "country",
        holds=lambda asked: _aimed_at(asked, "country"),
        can_hold=_has_target,
    ),
    Criterion(
        "region",
        "The campaign is aimed at the region",
        "audience_targeting",
        "region",
        holds=lambda asked: _aimed_at(asked, "country", "region"),
        can_hold=None,
        within="country",
    ),
    Criterion(
        "city",
        "The campaign is aimed at the city",
        "audience_targeting",
        "cities",
        holds=lambda asked: _aimed_at(asked, "country", "region", "city"),
        can_hold=None,
        within="region",
    ),
    Criterion(
        "postcode",
        "The campaign is aimed at the postcode",
        "audience_targeting",
        "postcodes",
        holds=lambda asked: _aimed_at(asked, "country", "region", "city", "postcode"),
        can_hold=None,
        within="city",
    ),
    Criterion(
        "view_cap",
        "The campaign has views left",
        "campaign",
        "campaign_max_view_count",
        **_always(_VIEWS_ARE_LEFT),
    ),
    Criterion(
        "view_duration_cap",
        "The campaign has viewing time left",
        "campaign",
        "campaign_max_view_duration_value",
        **_always(_TIME_IS_LEFT),
    ),
    Criterion(
        "max_rating",
        "It is rated no stronger than asked for",
        "content_rating",
        "rating_label",
        holds=lambda asked: Q(LessThanOrEqual(_level, asked.max_level)),
        can_hold=None,
    ),
)
BY_CODE = {criterion.code: criterion for criterion in CRITERIA}


def eligible(ads: "QuerySet[Ad]", asked: Question, *, leaving_out: tuple[str, ...] = ()) -> "QuerySet[Ad]":
    """Those of `ads` for which every criterion holds; `leaving_out` names the codes not to ask about."""
    wanted = [criterion for criterion in CRITERIA if criterion.code not in leaving_out]
    included = {criterion.within for criterion in wanted}
    return ads.filter(*[criterion.holds(asked) for criterion in wanted if criterion.code not in included])


def able_to_show(ads: "QuerySet[Ad]", *, on: date) -> "QuerySet[Ad]":
    """Those that can still show from a day on, somewhere, at some time, if nobody changes anything."""
    return ads.filter(*[criterion.can_hold(on) for criterion in CRITERIA if criterion.can_hold])


def verdicts(ads: "QuerySet[Ad]", asked: Question) -> "QuerySet[Ad]":
    """Each with `holds_<code>` for every criterion, and `failing`: how many fail, less those within one that fails."""
    judged = {
        f"holds_{criterion.code}": Case(When(criterion.holds(asked), then=Value(True)), default=Value(False))
        for criterion in CRITERIA
    }
    ads = ads.annotate(**judged)
    fails = [
        Case(When(_fails(criterion), then=Value(1)), default=Value(0), output_field=IntegerField())
        for criterion in CRITERIA
    ]
    return ads.annotate(failing=sum(fails[1:], fails[0]))


def _fails(criterion: Criterion) -> Q:
    by_itself = Q(**{f"holds_{criterion.code}": False})
    return by_itself & Q(**{f"holds_{criterion.within}": True}) if criterion.within else by_itself
