"""The campaign is aimed at the place: one and the same of its targets takes it on every level."""

from datetime import date

from django.db.models import Exists, OuterRef, Q, Value
from django.db.models.functions import Lower
from django.db.models.lookups import Exact

from ads.delivery.criteria.criterion import Criterion, Kept
from ads.delivery.facts import Changes, Problem, Reason, Step, reason
from ads.delivery.opportunity import Opportunity
from ads.delivery.statement import Question
from ads.models import Ad, DeliverablePlace
from campaign_studio.places import country_code
from campaigns.models import Campaign, CampaignAudienceTargeting

# The region of a target that is added for a screen which doesn't know its own.
EVERYWHERE = "Everywhere"


def target_takes(asked: Question) -> dict[str, Q]:
    """For each level of a place whether a target takes it. Case is ignored, as the database does it."""
    return {
        "country": Q(Exact(Lower("country"), Lower(asked.country))),
        # A screen that doesn't know its region is in every region of its country.
        "region": Q(Exact(asked.region, Value(""))) | Q(Exact(Lower("region"), Lower(asked.region))),
        "city": Q(cities=[]) | Q(cities__has_entry=asked.city),
        "postcode": Q(postcodes=[]) | Q(postcodes__has_entry=asked.postcode),
    }


def _targets(asked: Question, *levels: str) -> Q:
    matches = target_takes(asked)
    targets = CampaignAudienceTargeting.objects.filter(campaign=OuterRef("campaign"))
    return Q(Exists(targets.filter(*[matches[level] for level in levels])))


def _has_target(day: date) -> Q:
    return Q(Exists(CampaignAudienceTargeting.objects.filter(campaign=OuterRef("campaign"))))


def _in_a_place(asked: Question) -> Q:
    """All levels at once, as one index answers it."""
    places = DeliverablePlace.objects.filter(
        Exact(asked.region, Value("")) | Q(region=Lower(asked.region)),
        country=Lower(asked.country),
        places__overlap=asked.places(),
        postcodes__overlap=asked.postcodes(),
    )
    return Q(campaign__in=places.values("campaign"))


_IN_PLACES = Kept({}, _in_a_place)


def _reached(ad: Ad, *levels: str) -> list[CampaignAudienceTargeting]:
    """The campaign's targets that take the place that was asked for, as far as these levels go.

    There may be none: they are read after the criteria were asked, and may have changed since.
    """
    targets = ad.campaign.audience_targeting.all()
    return [target for target in targets if all(_takes(target, level) for level in levels)]


def _takes(target: CampaignAudienceTargeting, level: str) -> bool:
    return bool(getattr(target, f"takes_{level}"))


def _with_target(campaign: Campaign, changed: CampaignAudienceTargeting | None, **values: object) -> Changes:
    """The campaign's audience with one target changed, or one added."""
    targets = [_as_sent(target) | (values if target == changed else {}) for target in campaign.audience_targeting.all()]
    added = [{"cities": [], "postcodes": [], **values}] if changed is None else []
    return {"audience_targeting": targets + added}


def _as_sent(target: CampaignAudienceTargeting) -> dict[str, object]:
    return {name: getattr(target, name) for name in ("region", "country", "cities", "postcodes")}


def _taking(names: list[str], name: str) -> list[str]:
    return [*names, name] if name else []


def _country(code: str, ad: Ad, asked: Opportunity) -> Reason:
    is_country = country_code(asked.country) is not None
    changes = _with_target(ad.campaign, None, region=asked.region or EVERYWHERE, country=asked.country)
    return reason(
        code,
        ad.campaign,
        "country",
        Problem.COUNTRY_NOT_TARGETED,
        Step.ADD_COUNTRY if is_country else Step.NAME_A_COUNTRY,
        expected=asked.country,
        actual=sorted({target.country for target in ad.campaign.audience_targeting.all()}),
        changes=changes if is_country else None,
        country=asked.country,
    )


def _region(code: str, ad: Ad, asked: Opportunity) -> Reason:
    return reason(
        code,
        ad.campaign,
        "region",
        Problem.REGION_NOT_TARGETED,
        Step.ADD_REGION,
        expected=asked.region,
        actual=[target.region for target in _reached(ad, "country")],
        changes=_with_target(ad.campaign, None, region=asked.region, country=asked.country),
        region=asked.region,
        country=asked.country,
    )


def _city(code: str, ad: Ad, asked: Opportunity) -> Reason:
    reached = _reached(ad, "country", "region")
    target = min(reached, key=lambda one: not _takes(one, "postcode"), default=None)
    if target is None:
        return _country(code, ad, asked)
    values = {"cities": _taking(target.cities, asked.city)}
    step = Step.ADD_CITY if asked.city else Step.GIVE_CITY_OR_EMPTY_CITIES
    if not _takes(target, "postcode"):
        values["postcodes"] = _taking(target.postcodes, asked.postcode)
        step = _step_with_postcode(asked)
    return reason(
        code,
        ad.campaign,
        "cities",
        Problem.CITY_NOT_TARGETED if asked.city else Problem.SOME_CITIES_ONLY,
        step,
        expected=asked.city,
        actual=sorted({city for one in reached for city in one.cities}),
        changes=_with_target(ad.campaign, target, **values),
        city=asked.city,
        target=str(target),
    )


def _step_with_postcode(asked: Opportunity) -> Step:
    if not asked.city:
        return Step.GIVE_CITY_OR_EMPTY_CITIES_AND_POSTCODES
    return Step.ADD_CITY_AND_POSTCODE if asked.postcode else Step.ADD_CITY_AND_EMPTY_POSTCODES


def _postcode(code: str, ad: Ad, asked: Opportunity) -> Reason:
    target = next(iter(_reached(ad, "country", "region", "city")), None)
    if target is None:
        return _country(code, ad, asked)
    return reason(
        code,
        ad.campaign,
        "postcodes",
        Problem.POSTCODE_NOT_TARGETED if asked.postcode else Problem.SOME_POSTCODES_ONLY,
        Step.ADD_POSTCODE if asked.postcode else Step.GIVE_POSTCODE_OR_EMPTY_POSTCODES,
        expected=asked.postcode,
        actual=target.postcodes,
        changes=_with_target(ad.campaign, target, postcodes=_taking(target.postcodes, asked.postcode)),
        postcode=asked.postcode,
        target=str(target),
    )


CRITERIA = (
    Criterion(
        code="country",
        holds=lambda asked: _targets(asked, "country"),
        can_hold=_has_target,
        why=_country,
        kept=_IN_PLACES,
    ),
    Criterion(
        code="region",
        holds=lambda asked: _targets(asked, "country", "region"),
        can_hold=None,
        why=_region,
        kept=_IN_PLACES,
        within="country",
    ),
    Criterion(
        code="city",
        holds=lambda asked: _targets(asked, "country", "region", "city"),
        can_hold=None,
        why=_city,
        kept=_IN_PLACES,
        within="region",
    ),
    Criterion(
        code="postcode",
        holds=lambda asked: _targets(asked, "country", "region", "city", "postcode"),
        can_hold=None,
        why=_postcode,
        kept=_IN_PLACES,
        within="city",
    ),
)
