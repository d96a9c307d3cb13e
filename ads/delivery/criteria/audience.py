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
from campaign_studio.places.regions import ELSEWHERE, continent_of
from campaigns.models import Campaign, CampaignAudienceTargeting

# The region of a target that is added for a screen in an unknown region.
EVERYWHERE = "Everywhere"


def target_covers(question: Question) -> dict[str, Q]:
    """For each level of a place, the condition that a target covers it, however the place is spelled."""
    return {
        "country": Q(Exact(Lower("country"), Lower(question.country))),
        "region": _in_region(question, "region_key"),
        "city": Q(cities=[]) | Q(city_keys__overlap=question.cities()),
        "postcode": Q(postcodes=[]) | Q(postcode_keys__overlap=question.postcode_keys()),
    }


def _in_region(question: Question, column: str) -> Q:
    """The condition on the column with the key of a target's region.

    An area that contains the country restricts nothing. A screen in an unknown region is in every region of its
    country.
    """
    is_there = Q(Exact(question.regions(), Value(""))) | Q(**{column: question.regions()})
    return Q(**{column: ""}) | (_is_in_its_country(column) & is_there)


def _is_in_its_country(column: str) -> Q:
    """A region that is elsewhere matches nothing, not even a screen that sends the same."""
    return ~Q(**{column: ELSEWHERE})


def _targets(question: Question, *levels: str) -> Q:
    matches = target_covers(question)
    targets = CampaignAudienceTargeting.objects.filter(campaign=OuterRef("campaign"))
    return Q(Exists(targets.filter(*[matches[level] for level in levels])))


def _has_target(path: str, *conditions: Q) -> Q:
    return Q(Exists(CampaignAudienceTargeting.objects.filter(*conditions, campaign=OuterRef(f"{path}pk"))))


def _has_target_in_its_country(path: str) -> Q:
    """Without any target, that is what is wrong."""
    return _has_target(path, _is_in_its_country("region_key")) | ~_has_target(path)


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
    region = EVERYWHERE if _asks_elsewhere(ad) else opportunity.region or EVERYWHERE
    changes = _with_target(ad.campaign, None, region=region, country=opportunity.country)
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


def _asks_elsewhere(ad: Ad) -> bool:
    """Whether the region of the screen isn't in its country but in others."""
    return bool(getattr(ad, "region_asked", "") == ELSEWHERE)


def _region(code: str, ad: Ad, opportunity: Opportunity) -> Reason:
    reached = _reached(ad, "country")
    if reached and all(target.region_key == ELSEWHERE for target in reached):
        return _elsewhere(code, ad, reached)
    asks_elsewhere = _asks_elsewhere(ad)
    changes = _with_target(ad.campaign, None, region=opportunity.region, country=opportunity.country)
    return reason(
        code,
        ad.campaign,
        "region",
        Problem.REGION_NOT_TARGETED,
        Step.NAME_A_REGION if asks_elsewhere else Step.ADD_REGION,
        expected=opportunity.region,
        actual=[target.region for target in reached],
        changes=None if asks_elsewhere else changes,
        region=opportunity.region,
        country=opportunity.country,
    )


def _elsewhere(code: str, ad: Ad, reached: list[CampaignAudienceTargeting]) -> Reason:
    """No target for the country names a region of it. Corrected, one that covers city and postcode would match."""
    corrected = next((one for one in reached if _covers(one, "city") and _covers(one, "postcode")), None)
    named = corrected or reached[0]
    continent = continent_of(named.country)
    return reason(
        code,
        ad.campaign,
        "region",
        Problem.AREA_ELSEWHERE if getattr(named, "is_area", False) else Problem.REGION_ELSEWHERE,
        Step.CORRECT_REGION if corrected else Step.ADD_COUNTRY,
        expected=continent,
        actual=[target.region for target in reached],
        changes=_with_target(ad.campaign, corrected, region=continent, country=named.country),
        region=named.region,
        country=named.country,
        countries=tuple(getattr(named, "known_in", ())),
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
        can_hold=campaign_can(_has_target_in_its_country),
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
