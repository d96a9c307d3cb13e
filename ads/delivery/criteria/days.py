"""Whether a campaign and an ad still have a day on which both can run, and one on which a time slot falls.

Each pair of a start and an end is compared by one of these conditions, or by a constraint of the model. So if all of
them hold, there is such a day.
"""

from collections.abc import Callable
from datetime import date, timedelta

from django.contrib.postgres.fields import ArrayField
from django.db.models import DateField, Exists, F, Func, OuterRef, Q, SmallIntegerField, Value
from django.db.models.functions import Greatest, Least
from django.db.models.lookups import LessThan

from ads.delivery.criteria.criterion import Prospect
from ads.delivery.criteria.status import run_until
from ads.delivery.facts import Problem, Reason, Step, reason
from ads.models import Ad, AdTimeSlot

_CAMPAIGN_START, _CAMPAIGN_END = "campaign__campaign_start_date", "campaign__campaign_end_date"


def not_before(field: str, day: object) -> Q:
    """The condition that a date is empty or not before a day."""
    return Q(**{f"{field}__isnull": True}) | Q(**{f"{field}__gte": day})


def first_day_of(ad: Ad, day: date) -> date:
    """The first day from `day` on for which neither the campaign nor the ad starts later."""
    return max(filter(None, (day, ad.campaign.campaign_start_date, ad.ad_start_date)))


def last_day_of(ad: Ad) -> date:
    """The last day before either the campaign or the ad ends or expires."""
    ends = (ad.campaign.campaign_end_date, ad.campaign.campaign_expiry_date, ad.ad_end_date, ad.ad_expiry_date)
    return min(filter(None, ends))


def _first_day(ref: Callable[[str], F], day: date) -> Greatest:
    """`first_day_of()` in the database."""
    # GREATEST and LEAST ignore nulls in PostgreSQL.
    return Greatest(Value(day, DateField()), ref(_CAMPAIGN_START), ref("ad_start_date"))


def _last_day(ref: Callable[[str], F]) -> Least:
    """`last_day_of()` in the database."""
    return Least(*map(ref, (_CAMPAIGN_END, "campaign__campaign_expiry_date", "ad_end_date", "ad_expiry_date")))


def _weekdays(first: Greatest, last: Least) -> Func:
    """The days of the week between two dates, as a list. A week from the first has all of them."""
    in_a_week = Func(first, template="(%(expressions)s + 6)", output_field=DateField())
    days = "ARRAY(SELECT extract(isodow FROM day)::smallint FROM generate_series(%(expressions)s, '1 day') AS day)"
    return Func(first, Least(last, in_a_week), template=days, output_field=ArrayField(SmallIntegerField()))


def _has_slot_on_its_days(day: date, path: str) -> Q:
    slots = AdTimeSlot.objects.filter(ad=OuterRef("pk"))
    on_its_days = slots.filter(weekdays__overlap=_weekdays(_first_day(OuterRef, day), _last_day(OuterRef)))
    # If the ad has no days at all, that is the problem, not its slots.
    has_no_days = Q(LessThan(_last_day(F), _first_day(F, day)))
    return Q(~Exists(slots)) | Q(Exists(on_its_days)) | has_no_days


def _no_slot_on_its_days(ad: Ad, day: date) -> Reason:
    last = last_day_of(ad)
    # Somewhere it may still be the day before.
    first = min(first_day_of(ad, day), last)
    all_days = [first + timedelta(number) for number in range(min((last - first).days, 6) + 1)]
    return reason(
        "time_slot",
        ad,
        "time_slots",
        Problem.NO_TIME_SLOT_ON_ITS_DAYS,
        Step.FIT_TIME_SLOTS,
        expected=sorted(day.isoweekday() for day in all_days),
        actual=[],
        first=first,
        last=last,
        weekdays=sorted(day.isoweekday() for day in all_days),
    )


def _ad_has_days(day: date, path: str) -> Q:
    ends_in_time = not_before("ad_end_date", day) & not_before("ad_end_date", F(_CAMPAIGN_START))
    # If the campaign is over, that is the problem, not the ad's start.
    starts_in_time = Q(ad_start_date__isnull=True) | Q(ad_start_date__lte=F(_CAMPAIGN_END))
    return ends_in_time & (starts_in_time | Q(**{f"{_CAMPAIGN_END}__lt": day}))


def _ad_expires_later(day: date, path: str) -> Q:
    start = Greatest("ad_start_date", _CAMPAIGN_START)
    return not_before("ad_expiry_date", day) & not_before("ad_expiry_date", start)


def _ad_has_no_days(ad: Ad, day: date) -> Reason:
    campaign_end, ad_end, ad_start = ad.campaign.campaign_end_date, ad.ad_end_date, ad.ad_start_date
    first = max(day, ad.campaign.campaign_start_date)
    if ad_end and ad_end < first:
        step, changes = run_until(ad, first)
        return reason(
            "ad_dates",
            ad,
            "ad_end_date",
            Problem.ENDED if ad_end < day else Problem.ENDS_BEFORE_CAMPAIGN,
            step,
            expected=first,
            actual=ad_end,
            changes=changes,
            date=ad_end,
            day=first,
        )
    return reason(
        "ad_dates",
        ad,
        "ad_start_date",
        Problem.STARTS_AFTER_CAMPAIGN,
        Step.MOVE_START,
        expected=campaign_end,
        actual=ad_start,
        changes={"ad_start_date": campaign_end},
        date=ad_start,
        day=campaign_end,
    )


def _ad_expires_too_early(ad: Ad, day: date) -> Reason:
    first, expiry = first_day_of(ad, day), ad.ad_expiry_date
    is_over = expiry is not None and expiry < day
    return reason(
        "ad_expiry_date",
        ad,
        "ad_expiry_date",
        Problem.EXPIRED if is_over else Problem.EXPIRES_BEFORE_START,
        Step.MOVE_EXPIRY,
        expected=first,
        actual=expiry,
        changes={"ad_expiry_date": first},
        date=expiry,
        day=first,
    )


CAMPAIGN_ENDS_LATER = Prospect(of="campaign", condition=lambda day, path: Q(**{f"{path}campaign_end_date__gte": day}))
CAMPAIGN_EXPIRES_LATER = Prospect(
    of="campaign", condition=lambda day, path: not_before(f"{path}campaign_expiry_date", day)
)
AD_HAS_DAYS = Prospect(of="ad", condition=_ad_has_days, why=_ad_has_no_days)
AD_HAS_SLOT_ON_ITS_DAYS = Prospect(of="ad", condition=_has_slot_on_its_days, why=_no_slot_on_its_days)
AD_EXPIRES_LATER = Prospect(of="ad", condition=_ad_expires_later, why=_ad_expires_too_early)
