"""The campaign and the ad are active, and the ad is approved and has a content declaration."""

from datetime import date

from django.db.models import Q

from ads.choices import ModerationStatus
from ads.delivery.criteria.criterion import Criterion, ad_can, always, campaign_can
from ads.delivery.facts import Changes, Problem, Reason, Step, kind_of, reason
from ads.delivery.opportunity import Opportunity
from ads.models import Ad
from campaign_studio.places.clock import still_today
from campaigns.choices import Status
from campaigns.models import Campaign


def run_until(row: Ad | Campaign, day: date) -> tuple[Step, Changes]:
    """The step and the changes that move the end date to `day`, and the expiry date if it is earlier."""
    end, expiry = f"{kind_of(row)}_end_date", f"{kind_of(row)}_expiry_date"
    expires_on = getattr(row, expiry)
    if expires_on and expires_on < day:
        return Step.MOVE_END_AND_EXPIRY, {end: day, expiry: day}
    return Step.MOVE_END, {end: day}


def _campaign_not_active(code: str, ad: Ad, opportunity: Opportunity) -> Reason:
    return _not_active(code, ad.campaign, opportunity)


def _ad_not_active(code: str, ad: Ad, opportunity: Opportunity) -> Reason:
    return _not_active(code, ad, opportunity, *_before_activating(ad))


def _before_activating(ad: Ad) -> list[Step]:
    is_over = ad.campaign.campaign_end_date < still_today()
    rating = getattr(ad, "content_rating", None)
    is_confirmed = rating is not None and rating.no_prohibited_content
    if is_over:
        return [Step.FIRST_MOVE_CAMPAIGN_END if is_confirmed else Step.FIRST_MOVE_CAMPAIGN_END_AND_CONFIRM]
    return [] if is_confirmed else [Step.FIRST_CONFIRM]


def _not_active(code: str, row: Ad | Campaign, opportunity: Opportunity, *before: Step) -> Reason:
    kind = kind_of(row)
    field, day = f"{kind}_status", max(still_today(), opportunity.day)
    at_once = Status.ACTIVE in row.allowed_next()
    steps = [Step.ACTIVATE if at_once else Step.DRAFT_THEN_ACTIVATE]
    changes: Changes = {field: Status.ACTIVE.value if at_once else Status.DRAFT.value}
    # After its end date it can be neither activated nor moved back to draft.
    if row.last_day and row.last_day < still_today() and getattr(row, f"{kind}_end_date"):
        move, longer = run_until(row, day)
        steps = [move, Step.THEN_ACTIVATE if at_once else Step.THEN_DRAFT_THEN_ACTIVATE]
        changes = longer | changes
    return reason(
        code,
        row,
        field,
        Problem.CAMPAIGN_NOT_ACTIVE if kind == "campaign" else Problem.AD_NOT_ACTIVE,
        *steps,
        *before,
        expected=Status.ACTIVE.value,
        actual=row.status,
        changes=changes,
        status=row.status,
        day=day,
    )


def _not_approved(code: str, ad: Ad, opportunity: Opportunity) -> Reason:
    problem, steps = Problem.NOT_REVIEWED, [Step.HAVE_APPROVED]
    if ad.moderation_status == ModerationStatus.REJECTED:
        problem, steps = Problem.REJECTED, [Step.CHANGE_AND_HAVE_APPROVED]
        steps += [Step.READ_THE_NOTE] if ad.moderation_note else []
    elif ad.moderation_status == ModerationStatus.APPROVED:
        problem, steps = Problem.APPROVED_UNCONFIRMED, [Step.CONFIRM_AND_HAVE_APPROVED]
    return reason(
        code,
        ad,
        "moderation_status",
        problem,
        *steps,
        expected=ModerationStatus.APPROVED.value,
        actual=ad.moderation_status,
        note=ad.moderation_note,
    )


def _declaration_missing(code: str, ad: Ad, opportunity: Opportunity) -> Reason:
    is_rated = getattr(ad, "content_rating", None) is not None
    return reason(
        code,
        ad,
        "no_prohibited_content",
        Problem.UNCONFIRMED if is_rated else Problem.UNRATED,
        Step.CONFIRM if is_rated else Step.RATE_AND_CONFIRM,
        expected=True,
        actual=False if is_rated else None,
        changes={"content_rating": {"no_prohibited_content": True}},
    )


def _campaign_is_active(path: str) -> Q:
    return Q(**{f"{path}campaign_status": Status.ACTIVE})


_AD_IS_ACTIVE = Q(ad_status=Status.ACTIVE)
_HAS_DECLARATION = Q(content_rating__no_prohibited_content=True)
# Confirming the content declaration makes an ad pending review again, so an approval without it doesn't count.
_IS_APPROVED = Q(moderation_status=ModerationStatus.APPROVED) & _HAS_DECLARATION

CRITERIA = (
    Criterion(
        code="campaign_active",
        holds=always(_campaign_is_active("campaign__")),
        can_hold=campaign_can(_campaign_is_active),
        why=_campaign_not_active,
    ),
    Criterion(code="ad_active", holds=always(_AD_IS_ACTIVE), can_hold=ad_can(_AD_IS_ACTIVE), why=_ad_not_active),
    Criterion(code="approved", holds=always(_IS_APPROVED), can_hold=ad_can(_IS_APPROVED), why=_not_approved),
    Criterion(
        code="rated", holds=always(_HAS_DECLARATION), can_hold=ad_can(_HAS_DECLARATION), why=_declaration_missing
    ),
)
