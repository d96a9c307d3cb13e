"""The day is within the dates of the campaign and the ad, and day and time are in one of the ad's time slots."""

from datetime import date

from django.db.models import Exists, F, Func, OuterRef, Q, Subquery, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce

from ads.constraints import quarters_of_week
from ads.delivery.criteria import days
from ads.delivery.criteria.criterion import Criterion, KeptColumns
from ads.delivery.criteria.status import run_until
from ads.delivery.facts import Changes, Problem, Reason, Step, kind_of, reason
from ads.delivery.opportunity import Opportunity
from ads.delivery.statement import Question
from ads.fields import IntegerMultirangeField
from ads.models import Ad, AdTimeSlot
from ads.time_slots import QUARTERS_OF_A_WEEK, Slot
from campaign_studio.places.clock import still_today
from campaigns.models import Campaign

# An end of 00:00 means midnight at the end of the day.
_ENDS_AT_MIDNIGHT = Q(time_slot_end="00:00")


def _since(field: str, day: object) -> Q:
    return Q(**{f"{field}__isnull": True}) | Q(**{f"{field}__lte": day})


def _in_slot(question: Question) -> Q:
    slots = AdTimeSlot.objects.filter(ad=OuterRef("pk"))
    begun = slots.filter(weekdays__contains=question.weekdays(), time_slot_start__lte=question.time)
    now = begun.filter(Q(time_slot_end__gt=question.time) | _ENDS_AT_MIDNIGHT)
    return Q(~Exists(slots)) | Q(Exists(now))


def _quarters() -> Combinable:
    """The quarter hours of the week that the ad's time slots cover, or the whole week without time slots."""
    field = IntegerMultirangeField()
    slots = AdTimeSlot.objects.filter(ad=OuterRef("pk")).order_by()
    covered = Func(quarters_of_week(), function="range_agg", output_field=field)
    all_week = Func(Func(Value(0), Value(QUARTERS_OF_A_WEEK), function="int4range"), function="int4multirange")
    return Coalesce(Subquery(slots.values_list(covered)), all_week, output_field=field)


def _run(**columns: str) -> KeptColumns:
    """The first or last day of an ad. All criteria about days share one condition on them."""
    return KeptColumns({column: F(field) for column, field in columns.items()}, _on_its_days)


def _on_its_days(question: Question) -> Q:
    return Q(first_day__lte=question.day, last_day__gte=question.day)


def _in_its_quarters(question: Question) -> Q:
    return Q(quarters__contains=question.quarter_of_week)


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
    slots = [slot.slot for slot in ad.time_slots.all()]
    start = opportunity.at_quarter(opportunity.quarter).time
    needed = Slot(start, opportunity.valid_until.time(), [opportunity.weekday])
    on_other_days = [slot for slot in slots if slot.includes(start)]
    extended = next((slot for slot in on_other_days if _can_be_for(opportunity.weekday, slot, slots)), None)
    if extended:
        step, wanted = Step.ADD_WEEKDAY, [slot.on(opportunity.weekday) if slot is extended else slot for slot in slots]
    else:
        step, wanted = Step.ADD_TIME_SLOT, [*slots, needed]
    return reason(
        code,
        ad,
        "time_slots",
        Problem.NOT_ON_THIS_WEEKDAY if on_other_days else Problem.OUTSIDE_TIME_SLOTS,
        step,
        expected=needed,
        actual=slots,
        changes={"time_slots": [slot.as_sent() for slot in wanted]},
        weekday=opportunity.weekday,
        time=f"{opportunity.time:%H:%M}",
        start=f"{needed.start:%H:%M}",
        end=f"{needed.end:%H:%M}",
        slot=extended or next(iter(on_other_days), None),
    )


def _can_be_for(day: int, slot: Slot, slots: list[Slot]) -> bool:
    """Whether the slot overlaps none of the others on that day."""
    return not slot.on(day).refusal(other for other in slots if other is not slot)


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
        can_hold=days.AD_HAS_SLOT_ON_ITS_DAYS,
        why=_outside_slots,
        kept=KeptColumns({"quarters": _quarters()}, _in_its_quarters),
    ),
)
