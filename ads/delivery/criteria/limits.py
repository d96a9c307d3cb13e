"""The campaign's caps aren't used up, and the ad's rating is within the limit of the screen."""

from django.db.models import BigIntegerField, Case, Exists, F, IntegerField, OuterRef, Q, QuerySet, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast, Coalesce
from django.db.models.lookups import LessThan, LessThanOrEqual

from ads.choices import RATING_LABELS, RATING_LEVELS
from ads.delivery.criteria.criterion import Criterion, KeptColumns, always, campaign_can
from ads.delivery.facts import Problem, Reason, Step, reason
from ads.delivery.opportunity import ANY_LEVEL, Opportunity
from ads.delivery.statement import Question
from ads.models import Ad, CampaignViewTotals
from campaigns.choices import SECONDS

# The path from ads to the fields of their campaign.
CAMPAIGN = "campaign__"


def max_views(path: str) -> F:
    """The view cap of a campaign, at this path."""
    return F(f"{path}campaign_max_view_count")


def max_seconds(path: str) -> Combinable:
    """The viewing-time cap of a campaign in seconds, at this path."""
    unit = f"{path}campaign_max_view_duration_unit"
    seconds = Case(
        *[When(**{unit: name}, then=Value(seconds)) for name, seconds in SECONDS.items()],
        output_field=BigIntegerField(),
    )
    return Cast(f"{path}campaign_max_view_duration_value", BigIntegerField()) * seconds


def _used(path: str, column: str) -> Coalesce:
    return Coalesce(F(f"{path}view_totals__{column}"), Value(0), output_field=BigIntegerField())


def _views_are_left(path: str) -> Q:
    without_cap = Q(**{f"{path}campaign_max_view_count__isnull": True})
    return without_cap | Q(LessThan(_used(path, "view_count"), max_views(path)))


def _time_is_left(path: str) -> Q:
    without_cap = Q(**{f"{path}campaign_max_view_duration_value__isnull": True})
    return without_cap | Q(LessThan(_used(path, "view_seconds"), max_seconds(path)))


_LEVEL = Case(
    *[When(content_rating__rating_label=label, then=Value(level)) for label, level in RATING_LEVELS.items()],
    output_field=IntegerField(),
)


def _is_mild_enough(level: object, question: Question) -> Q:
    # An ad without a rating label exceeds every limit.
    return Q(LessThanOrEqual(Coalesce(level, Value(ANY_LEVEL)), question.max_level))


def _totals() -> "QuerySet[CampaignViewTotals]":
    return CampaignViewTotals.objects.filter(campaign=OuterRef("campaign"))


# Without a cap, no totals are looked up.
def _under_view_cap(question: Question) -> Q:
    without_cap = Q(max_view_count__isnull=True)
    return without_cap | Q(~Exists(_totals().filter(view_count__gte=OuterRef("max_view_count"))))


def _under_viewing_time_cap(question: Question) -> Q:
    without_cap = Q(max_view_seconds__isnull=True)
    return without_cap | Q(~Exists(_totals().filter(view_seconds__gte=OuterRef("max_view_seconds"))))


def within_caps() -> Q:
    """The deliverable ads whose campaign is below its caps, whatever the place and the moment."""
    anywhere = Question()
    return _under_view_cap(anywhere) & _under_viewing_time_cap(anywhere)


def _views_used_up(code: str, ad: Ad, opportunity: Opportunity) -> Reason:
    field, cap = "campaign_max_view_count", ad.campaign.campaign_max_view_count
    needed = CampaignViewTotals.used_by(ad.campaign).views + 1
    return reason(
        code,
        ad.campaign,
        field,
        Problem.VIEWS_USED_UP,
        Step.RAISE_VIEW_CAP,
        expected=needed,
        actual=cap,
        changes={field: needed},
        cap=cap,
        needed=needed,
    )


def _viewing_time_used_up(code: str, ad: Ad, opportunity: Opportunity) -> Reason:
    field, cap = "campaign_max_view_duration_value", ad.campaign.campaign_max_view_duration_value
    unit = ad.campaign.campaign_max_view_duration_unit
    needed = CampaignViewTotals.used_by(ad.campaign).seconds // SECONDS[str(unit)] + 1
    return reason(
        code,
        ad.campaign,
        field,
        Problem.VIEWING_TIME_USED_UP,
        Step.RAISE_VIEWING_TIME_CAP,
        expected=needed,
        actual=cap,
        changes={field: needed},
        cap=cap,
        unit=unit,
        needed=needed,
    )


def _rated_too_strong(code: str, ad: Ad, opportunity: Opportunity) -> Reason:
    label = getattr(getattr(ad, "content_rating", None), "rating_label", None)
    return reason(
        code,
        ad,
        "rating_label",
        Problem.NO_RATING_LABEL if label is None else Problem.RATED_TOO_STRONG,
        Step.GIVE_RATING_LABEL if label is None else Step.ALLOW_RATING,
        expected=[
            name for names in RATING_LABELS.values() for name in names if RATING_LEVELS[name] <= opportunity.max_level
        ],
        actual=label,
        label=label,
        max_rating=opportunity.max_rating,
    )


CRITERIA = (
    Criterion(
        code="view_cap",
        holds=always(_views_are_left(CAMPAIGN)),
        can_hold=campaign_can(_views_are_left),
        why=_views_used_up,
        kept=KeptColumns({"max_view_count": max_views(CAMPAIGN)}, _under_view_cap),
    ),
    Criterion(
        code="view_duration_cap",
        holds=always(_time_is_left(CAMPAIGN)),
        can_hold=campaign_can(_time_is_left),
        why=_viewing_time_used_up,
        kept=KeptColumns({"max_view_seconds": max_seconds(CAMPAIGN)}, _under_viewing_time_cap),
    ),
    Criterion(
        code="max_rating",
        holds=lambda question: _is_mild_enough(_LEVEL, question),
        can_hold=None,
        why=_rated_too_strong,
        kept=KeptColumns({"rating_level": _LEVEL}, lambda question: _is_mild_enough(F("rating_level"), question)),
    ),
)
