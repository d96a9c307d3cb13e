"""The day is within the dates of the campaign and the ad, and the time is in one of the ad's time slots."""

from datetime import date

from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.fields import ArrayField
from django.db.models import Case, Exists, F, Func, IntegerField, OuterRef, Q, SmallIntegerField, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast, Coalesce, Extract, NullIf

from ads.choices import ALL_DAY
from ads.delivery.criteria import days
from ads.delivery.criteria.criterion import Criterion, KeptColumns
from ads.delivery.criteria.status import run_until
from ads.delivery.facts import Changes, Problem, Reason, Step, kind_of, reason
from ads.delivery.opportunity import QUARTER, QUARTERS_OF_A_DAY, Opportunity
from ads.delivery.statement import Question
from ads.models import Ad, AdTimeSlot
from campaign_studio.places.clock import still_today
from campaigns.models import Campaign

# An end of 00:00 means midnight at the end of the day.
_ENDS_AT_MIDNIGHT = Q(time_slot_end="00:00")


def _since(field: str, day: object) -> Q:
    return Q(**{f"{field}__isnull": True}) | Q(**{f"{field}__lte": day})


def _in_slot(question: Question) -> Q:
    slots = AdTimeSlot.objects.filter(ad=OuterRef("pk"))
    begun = slots.filter(time_slot_start__lte=question.time)
    now = begun.filter(Q(time_slot_end__gt=question.time) | _ENDS_AT_MIDNIGHT)
    return Q(~Exists(slots)) | Q(Exists(now))


def _quarters() -> Combinable:
    """The quarter hours that the ad's time slots cover, or `ALL_DAY` without time slots."""
    last = Case(
        When(_ENDS_AT_MIDNIGHT, then=Value(QUARTERS_OF_A_DAY - 1)),
        default=_quarter_of("time_slot_end") - Value(1),
        output_field=IntegerField(),
    )
    covered = Func(_quarter_of("time_slot_start"), last, function="generate_series", output_field=IntegerField())
    # Tells Django that the function returns several rows. `Func` has no argument for it.
    covered.set_returning = True
    slots = AdTimeSlot.objects.filter(ad=OuterRef("pk")).order_by()
    array = ArrayField(SmallIntegerField())
    quarters = Cast(ArraySubquery(slots.values_list(covered)), array)
    return Coalesce(NullIf(quarters, Value([], array)), Value([ALL_DAY], array))


def _quarter_of(field: str) -> Cast:
    quarter_seconds = int(QUARTER.total_seconds())
    return Cast(Extract(F(field), "epoch") / Value(quarter_seconds), IntegerField())


def _run(**columns: str) -> KeptColumns:
    """The first or last day of an ad. All criteria about days share one condition on them."""
    return KeptColumns({column: F(field) for column, field in columns.items()}, _on_its_days)


def _on_its_days(question: Question) -> Q:
    return Q(first_day__lte=question.day, last_day__gte=question.day)


def _in_its_quarters(question: Question) -> Q:
    return Q(quarters__overlap=question.moments())


def _outside_campaign_dates(code: str, ad: Ad, opportunity: Opportunity) -> Reason:
    return _outside_dates(code, ad.campaign, opportunity)


def _outside_ad_dates(code: str, ad: Ad, opportunity: Opportunity) -> Reason:
    return _outside_dates(code, ad, opportunity)


def _outside_dates(code: str, row: Ad | Campaign, opportunity: Opportunity) -> Reason:
    start, end = f"{kind_of(row)}_start_date", f"{kind_of(row)}_end_date"
    first, last, day = getattr(row, start), getattr(row, end), opportunity.day
    if first and day < first:
        changes: Changes = {start: day}
        field, problem, actual, step = start, Problem.STARTS_LATER, first, Step.MOVE_START
    else:
        field, problem, actual = end, Problem.ENDED if last < still_today() else Problem.ENDS, last
        step, changes = run_until(row, day)
    return reason(code, row, field, problem, step, expected=day, actual=actual, changes=changes, date=actual, day=day)


def _campaign_expired(code: str, ad: Ad, opportunity: Opportunity) -> Reason:
    return _expired(code, ad.campaign, opportunity)


def _ad_expired(code: str, ad: Ad, opportunity: Opportunity) -> Reason:
    return _expired(code, ad, opportunity)


def _expired(code: str, row: Ad | Campaign, opportunity: Opportunity) -> Reason:
    field, day = f"{kind_of(row)}_expiry_date", opportunity.day
    expiry: date = getattr(row, field)
    return reason(
        code,
        row,
        field,
        Problem.EXPIRED if expiry < still_today() else Problem.EXPIRES,
        Step.MOVE_EXPIRY,
        expected=day,
        actual=expiry,
        changes={field: day},
        date=expiry,
        day=day,
    )


def _outside_slots(code: str, ad: Ad, opportunity: Opportunity) -> Reason:
    slots = [(f"{slot.time_slot_start:%H:%M}", f"{slot.time_slot_end:%H:%M}") for slot in ad.time_slots.all()]
    start, end = f"{opportunity.at_quarter(opportunity.quarter).time:%H:%M}", f"{opportunity.valid_until:%H:%M}"
    return reason(
        code,
        ad,
        "time_slots",
        Problem.OUTSIDE_TIME_SLOTS,
        Step.ADD_TIME_SLOT,
        expected=f"{start}–{end}",
        actual=[f"{first}–{last}" for first, last in slots],
        changes={
            "time_slots": [{"time_slot_start": one, "time_slot_end": other} for one, other in [*slots, (start, end)]]
        },
        time=f"{opportunity.time:%H:%M}",
        start=start,
        end=end,
    )


CRITERIA = (
    Criterion(
        code="campaign_dates",
        holds=lambda question: Q(
            campaign__campaign_start_date__lte=question.day, campaign__campaign_end_date__gte=question.day
        ),
        can_hold=days.CAMPAIGN_ENDS_LATER,
        why=_outside_campaign_dates,
        kept=_run(first_day="campaign__campaign_start_date", last_day="campaign__campaign_end_date"),
    ),
    Criterion(
        code="ad_dates",
        holds=lambda question: _since("ad_start_date", question.day) & days.not_before("ad_end_date", question.day),
        can_hold=days.AD_HAS_DAYS,
        why=_outside_ad_dates,
        kept=_run(first_day="ad_start_date", last_day="ad_end_date"),
    ),
    Criterion(
        code="campaign_expiry_date",
        holds=lambda question: days.not_before("campaign__campaign_expiry_date", question.day),
        can_hold=days.CAMPAIGN_EXPIRES_LATER,
        why=_campaign_expired,
        kept=_run(last_day="campaign__campaign_expiry_date"),
    ),
    Criterion(
        code="ad_expiry_date",
        holds=lambda question: days.not_before("ad_expiry_date", question.day),
        can_hold=days.AD_EXPIRES_LATER,
        why=_ad_expired,
        kept=_run(last_day="ad_expiry_date"),
    ),
    Criterion(
        code="time_slot",
        holds=_in_slot,
        can_hold=None,
        why=_outside_slots,
        kept=KeptColumns({"quarters": _quarters()}, _in_its_quarters),
    ),
)
