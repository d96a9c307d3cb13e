"""The campaign targets the place: one of its targets covers the place on every level."""

from datetime import date

from django.db.models import Exists, OuterRef, Q, Value
from django.db.models.functions import Lower
from django.db.models.lookups import Exact

from ads.delivery.criteria.criterion import Criterion, KeptColumns, campaign_can
from ads.delivery.facts import Changes, Problem, Reason, Step, reason
from ads.delivery.opportunity import Opportunity
from ads.delivery.statement import Question
from ads.models import Ad, DeliverablePlace
from campaign_studio.places import country_code
from campaigns.models import Campaign, CampaignAudienceTargeting

# The region of a target that is added for a screen in an unknown region.
EVERYWHERE = "Everywhere"


def target_covers(question: Question) -> dict[str, Q]:
    """For each level of a place, the condition that a target covers it, however the place is spelled."""
    return {
        "country": Q(Exact(Lower("country"), Lower(question.country))),
        # A screen in an unknown region is in every region of its country.
        "region": _in_region(question, "region_key"),
        "city": Q(cities=[]) | Q(city_keys__overlap=question.cities()),
        "postcode": Q(postcodes=[]) | Q(postcode_keys__overlap=question.postcode_keys()),
    }


def _in_region(question: Question, column: str) -> Q:
    """The condition on the column with the key of the region. An area that contains the country restricts nothing."""
    return Q(**{column: ""}) | Q(Exact(question.regions(), Value(""))) | Q(**{column: question.regions()})


def _targets(question: Question, *levels: str) -> Q:
    matches = target_covers(question)
    targets = CampaignAudienceTargeting.objects.filter(campaign=OuterRef("campaign"))
    return Q(Exists(targets.filter(*[matches[level] for level in levels])))


def _has_target(path: str) -> Q:
    return Q(Exists(CampaignAudienceTargeting.objects.filter(campaign=OuterRef(f"{path}pk"))))


def _no_target(ad: Ad, day: date) -> Reason:
    return reason(
        "no_audience",
        ad.campaign,
        "audience_targeting",
        Problem.NO_TARGETS,
        Step.ADD_ANY_COUNTRY,
        expected=None,
        actual=[],
    )


def _in_a_place(question: Question) -> Q:
    """The condition for all levels at once, which a single index answers."""
    places = DeliverablePlace.objects.filter(
        _in_region(question, "region"),
        country=Lower(question.country),
        places__overlap=question.places(),
        postcodes__overlap=question.postcodes(),
    )
    return Q(campaign__in=places.values("campaign"))


_IN_PLACES = KeptColumns({}, _in_a_place)


def _reached(ad: Ad, *levels: str) -> list[CampaignAudienceTargeting]:
    """The campaign's targets that cover the place on these levels.

    There may be none, because they are read after the criteria were evaluated and may have changed in between.
    """
    targets = ad.campaign.audience_targeting.all()
    return [target for target in targets if all(_covers(target, level) for level in levels)]


def _covers(target: CampaignAudienceTargeting, level: str) -> bool:
    return bool(getattr(target, f"covers_{level}"))


def _with_target(campaign: Campaign, changed: CampaignAudienceTargeting | None, **values: object) -> Changes:
    """The campaign's targeting with one target changed, or added if `changed` is None."""
    targets = [_as_sent(target) | (values if target == changed else {}) for target in campaign.audience_targeting.all()]
    added = [{"cities": [], "postcodes": [], **values}] if changed is None else []
    return {"audience_targeting": targets + added}


def _as_sent(target: CampaignAudienceTargeting) -> dict[str, object]:
    key = {"audience_id": str(target.pk)}
    return key | {name: getattr(target, name) for name in ("region", "country", "cities", "postcodes")}


def _with_name(names: list[str], name: str) -> list[str]:
    return [*names, name] if name else []


def _country(code: str, ad: Ad, opportunity: Opportunity) -> Reason:
    is_country = country_code(opportunity.country) is not None
    changes = _with_target(ad.campaign, None, region=opportunity.region or EVERYWHERE, country=opportunity.country)
    return reason(
        code,
        ad.campaign,
        "country",
        Problem.COUNTRY_NOT_TARGETED,
        Step.ADD_COUNTRY if is_country else Step.NAME_A_COUNTRY,
        expected=opportunity.country,
        actual=sorted({target.country for target in ad.campaign.audience_targeting.all()}),
        changes=changes if is_country else None,
        country=opportunity.country,
    )


def _region(code: str, ad: Ad, opportunity: Opportunity) -> Reason:
    return reason(
        code,
        ad.campaign,
        "region",
        Problem.REGION_NOT_TARGETED,
        Step.ADD_REGION,
        expected=opportunity.region,
        actual=[target.region for target in _reached(ad, "country")],
        changes=_with_target(ad.campaign, None, region=opportunity.region, country=opportunity.country),
        region=opportunity.region,
        country=opportunity.country,
    )


def _city(code: str, ad: Ad, opportunity: Opportunity) -> Reason:
    reached = _reached(ad, "country", "region")
    target = min(reached, key=lambda one: not _covers(one, "postcode"), default=None)
    if target is None:
        return _country(code, ad, opportunity)
    values = {"cities": _with_name(target.cities, opportunity.city)}
    step = Step.ADD_CITY if opportunity.city else Step.GIVE_CITY_OR_EMPTY_CITIES
    if not _covers(target, "postcode"):
        values["postcodes"] = _with_name(target.postcodes, opportunity.postcode)
        step = _step_with_postcode(opportunity)
    return reason(
        code,
        ad.campaign,
        "cities",
        Problem.CITY_NOT_TARGETED if opportunity.city else Problem.SOME_CITIES_ONLY,
        step,
        expected=opportunity.city,
        actual=sorted({city for one in reached for city in one.cities}),
        changes=_with_target(ad.campaign, target, **values),
        city=opportunity.city,
        target=str(target),
    )


def _step_with_postcode(opportunity: Opportunity) -> Step:
    if not opportunity.city:
        return Step.GIVE_CITY_OR_EMPTY_CITIES_AND_POSTCODES
    return Step.ADD_CITY_AND_POSTCODE if opportunity.postcode else Step.ADD_CITY_AND_EMPTY_POSTCODES


def _postcode(code: str, ad: Ad, opportunity: Opportunity) -> Reason:
    target = next(iter(_reached(ad, "country", "region", "city")), None)
    if target is None:
        return _country(code, ad, opportunity)
    return reason(
        code,
        ad.campaign,
        "postcodes",
        Problem.POSTCODE_NOT_TARGETED if opportunity.postcode else Problem.SOME_POSTCODES_ONLY,
        Step.ADD_POSTCODE if opportunity.postcode else Step.GIVE_POSTCODE_OR_EMPTY_POSTCODES,
        expected=opportunity.postcode,
        actual=target.postcodes,
        changes=_with_target(ad.campaign, target, postcodes=_with_name(target.postcodes, opportunity.postcode)),
        postcode=opportunity.postcode,
        target=str(target),
    )


CRITERIA = (
    Criterion(
        code="country",
        holds=lambda question: _targets(question, "country"),
        can_hold=campaign_can(_has_target, _no_target),
        why=_country,
        kept=_IN_PLACES,
    ),
    Criterion(
        code="region",
        holds=lambda question: _targets(question, "country", "region"),
        can_hold=None,
        why=_region,
        kept=_IN_PLACES,
        within="country",
    ),
    Criterion(
        code="city",
        holds=lambda question: _targets(question, "country", "region", "city"),
        can_hold=None,
        why=_city,
        kept=_IN_PLACES,
        within="region",
    ),
    Criterion(
        code="postcode",
        holds=lambda question: _targets(question, "country", "region", "city", "postcode"),
        can_hold=None,
        why=_postcode,
        kept=_IN_PLACES,
        within="city",
    ),
)
