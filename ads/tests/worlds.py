"""Random campaigns, ads and moments, and an oracle in plain Python for what must show."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

from accounts.models import User
from ads.choices import RATING_LABELS, AdType, MediaType
from ads.delivery.opportunity import Opportunity
from ads.models import Ad, AdContentRating, AdTimeSlot, CampaignViewTotals
from campaigns.models import Campaign, CampaignAudienceTargeting

DAY = date(2026, 11, 23)
POSITIONS = [AdType.TOP_BAR.value, AdType.CENTER_LEFT.value]
SECONDS = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86400}
# Labels at the same index are equally strong.
LEVELS = {label: place for labels in RATING_LABELS.values() for place, label in enumerate(labels)}
COUNTRIES = {"DE": "DE", "germany": "DE", "FR": "FR", "Atlantis": "Atlantis"}
# The spellings of each place that occur here. Written by hand, so that no function of the product is trusted.
CITIES = [
    {"Berlin", "berlin", "BERLIN\u200b"},
    {"hamburg", "HAMBURG"},
    {"Köln", "Ko\u0308ln", "Cologne", "KOELN"},
    {"Munich", "München", "Muenchen"},
]
POSTCODES = [{"10115", "D-10115", "１０１１５"}, {"SE1 9SG", "se1 9sg", "se19sg"}]
GERMAN_REGIONS = [{"Bavaria", "Bayern", "DE-BY"}, {"Hesse", "Hessen"}]
WHOLE = {"Europe", "europe", "Western Europe"}
# No screen matches these targets. “South East” and “Hessen” are regions elsewhere, but may be names in every country.
CONTRADICTORY = {
    ("Asia", "DE"),
    ("Asia", "FR"),
    ("US-TX", "DE"),
    ("US-TX", "FR"),
}
# No shrinking: every world has to be stored, which would take minutes.
by_chance = settings(
    max_examples=60,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@contextmanager
def undone() -> Iterator[None]:
    """Roll back what is stored inside."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def days(first: int, last: int) -> Any:
    """Days near `DAY`."""
    return st.integers(first, last).map(lambda number: DAY + timedelta(number))


def often(value: Any, *others: Any) -> Any:
    """`value` in two of three cases, so that not every criterion fails."""
    return st.one_of(st.just(value), st.just(value), st.sampled_from(others))


@st.composite
def runs(draw: Any, *, optional: bool) -> tuple[date | None, date | None, date | None]:
    """The start, end and expiry date of a campaign or an ad."""
    first = draw(st.one_of(st.none(), days(-3, 1)) if optional else days(-3, 1))
    last = draw(st.one_of(st.none(), days(-1, 4)) if optional else days(-1, 4))
    if first and last and last < first:
        first, last = last, first
    expiry = draw(st.one_of(st.none(), st.none(), days(-2, 5)))
    if expiry and last and expiry < last:
        expiry = last
    return first, last, expiry


@st.composite
def slots(draw: Any) -> list[tuple[int, int, list[int]]]:
    """Time slots that overlap on no day, as quarter hours from and to (96 is midnight), and days of the week."""
    some_days = draw(often(frozenset(range(1, 8)), frozenset({1, 2, 3, 4, 5}), frozenset({7}), frozenset({1, 6})))
    found = []
    for weekdays in (some_days, frozenset(range(1, 8)) - some_days):
        ends = sorted(draw(st.sets(st.sampled_from([0, 1, 30, 33, 34, 40, 95, 96]), max_size=4)))
        found += [(start, end, sorted(weekdays)) for start, end in zip(ends[::2], ends[1::2], strict=False) if weekdays]
    return found


@st.composite
def targets(draw: Any) -> list[dict[str, Any]]:
    """Up to three targets with different regions and countries."""
    places = draw(
        st.lists(
            st.tuples(
                st.sampled_from(["Europe", "Bavaria", "Hessen", "Asia", "US-TX", "South East"]), often("DE", "FR")
            ),
            unique=True,
            max_size=3,
        )
    )
    return [
        {
            "region": region,
            "country": country,
            "cities": draw(st.sampled_from([[], ["Berlin"], ["hamburg", "Köln"], ["München", "Nowhere"], ["*"]])),
            "postcodes": draw(st.sampled_from([[], ["10115"], ["10115", "SE1 9SG"], ["*"]])),
        }
        for region, country in places
    ]


ads = st.fixed_dictionaries(
    {
        "ad_type_id": st.sampled_from(POSITIONS),
        "ad_status": often("active", "paused", "expired", "draft"),
        "moderation_status": often("approved", "pending", "rejected"),
        "run": runs(optional=True),
        "slots": slots(),
        "rating": often((True, "MPAA", "PG"), None, (False, "ESRB", "E"), (True, None, None), (True, "ESRB", "AO")),
    }
)
campaigns = st.fixed_dictionaries(
    {
        "campaign_status": often("active", "paused", "expired", "inactive"),
        "run": runs(optional=False),
        "cap": often(None, 5, 6),
        "time_cap": often(None, (2, "minutes"), (1, "hours")),
        "used": st.one_of(st.none(), st.tuples(st.sampled_from([4, 5, 7]), st.sampled_from([0, 119, 120, 3600]))),
        "targets": targets(),
        "ads": st.lists(ads, max_size=3),
    }
)
worlds = st.lists(campaigns, min_size=1, max_size=3)


@st.composite
def opportunities(draw: Any) -> Opportunity:
    """An opportunity near the dates and places of the ads."""
    city = draw(often("berlin", "", "HAMBURG", "Paris", "BERLIN\u200b", "Cologne", "Ko\u0308ln", "KOELN", "Munich"))
    quarter = draw(st.sampled_from([0, 29, 30, 33, 34, 95]))
    return Opportunity(
        country=draw(often("DE", "germany", "FR", "Atlantis")),
        at=datetime.combine(draw(days(-3, 4)), time(quarter // 4, quarter % 4 * 15 + draw(st.integers(0, 14)))),
        region=draw(
            often("", "europe", "Western Europe", "Bavaria", "Bayern", "DE-BY", "Hesse", "Asia", "US-TX", "South East")
        ),
        city=city,
        postcode=draw(often("10115", "", "se1 9sg", "se19sg", "D-10115", "１０１１５")) if city else "",
        turn=draw(st.sampled_from([0, 1, 59])),
        max_rating=draw(often("", "PG-13", "E", "NC-17")),
    )


def build(world: list[dict[str, Any]], creator: User) -> dict[Any, tuple[dict[str, Any], dict[str, Any]]]:
    """Store the world. Returns the values of each ad's campaign and of the ad, by the key of the ad."""
    stored = {}
    for campaign_values in world:
        campaign = Campaign(
            campaign_name="C", campaign_created_by=creator, campaign_status=campaign_values["campaign_status"]
        )
        campaign.campaign_start_date, campaign.campaign_end_date, campaign.campaign_expiry_date = campaign_values["run"]
        campaign.campaign_max_view_count = campaign_values["cap"]
        if time_cap := campaign_values["time_cap"]:
            campaign.campaign_max_view_duration_value, campaign.campaign_max_view_duration_unit = time_cap
        Campaign.objects.bulk_create([campaign])
        CampaignAudienceTargeting.objects.bulk_create(
            [CampaignAudienceTargeting(campaign=campaign, **target) for target in campaign_values["targets"]]
        )
        if campaign_values["used"]:
            views, seconds = campaign_values["used"]
            CampaignViewTotals.objects.create(campaign=campaign, view_count=views, view_seconds=seconds)
        for number, ad_values in enumerate(campaign_values["ads"], start=1):
            stored[_store_ad(campaign, number, ad_values, creator).pk] = (campaign_values, ad_values)
    return stored


def _store_ad(campaign: Campaign, number: int, ad_values: dict[str, Any], creator: User) -> Ad:
    ad = Ad(campaign=campaign, ad_number=number, ad_name=f"Ad {number}", ad_created_by=creator)
    ad.media_type, ad.media_content = MediaType.TEXT, "Hello"
    for name in ("ad_type_id", "ad_status", "moderation_status"):
        setattr(ad, name, ad_values[name])
    ad.ad_start_date, ad.ad_end_date, ad.ad_expiry_date = ad_values["run"]
    Ad.objects.bulk_create([ad])
    AdTimeSlot.objects.bulk_create(
        [
            AdTimeSlot(ad=ad, time_slot_start=_clock(start), time_slot_end=_clock(end), weekdays=weekdays)
            for start, end, weekdays in ad_values["slots"]
        ]
    )
    if ad_values["rating"]:
        declared, system, label = ad_values["rating"]
        AdContentRating.objects.bulk_create(
            [AdContentRating(ad=ad, no_prohibited_content=declared, rating_system=system, rating_label=label)]
        )
    return ad


def _clock(quarter: int) -> time:
    return time(quarter // 4 % 24, quarter % 4 * 15)


def shows(campaign_values: dict[str, Any], ad_values: dict[str, Any], opportunity: Opportunity) -> bool:
    """The oracle: whether the ad shows, by the same rules as the criteria."""
    day, quarter = opportunity.at.date(), opportunity.at.hour * 4 + opportunity.at.minute // 15
    first, last, expiry = campaign_values["run"]
    ad_first, ad_last, ad_expiry = ad_values["run"]
    views, seconds = campaign_values["used"] or (0, 0)
    value, unit = campaign_values["time_cap"] or (None, "seconds")
    declared, _, label = ad_values["rating"] or (False, None, None)
    return (
        (campaign_values["campaign_status"], ad_values["ad_status"], ad_values["moderation_status"])
        == ("active", "active", "approved")
        and declared
        and first <= day <= last
        and (ad_first or day) <= day <= (ad_last or day)
        and (expiry or day) >= day
        and (ad_expiry or day) >= day
        and (not ad_values["slots"] or any(_is_in(slot, day, quarter) for slot in ad_values["slots"]))
        and any(_reaches(target, opportunity) for target in campaign_values["targets"])
        and (campaign_values["cap"] is None or views < campaign_values["cap"])
        and (value is None or seconds < value * SECONDS[unit])
        and (not opportunity.max_rating or (label is not None and LEVELS[label] <= LEVELS[opportunity.max_rating]))
    )


def _is_in(slot: tuple[int, int, list[int]], day: date, quarter: int) -> bool:
    start, end, weekdays = slot
    # 3 January 2000 was a Monday.
    return start <= quarter < end and (day - date(2000, 1, 3)).days % 7 + 1 in weekdays


def _reaches(target: dict[str, Any], opportunity: Opportunity) -> bool:
    country, region = target["country"], opportunity.region
    regions = GERMAN_REGIONS if country == "DE" else []
    return (
        country == COUNTRIES.get(opportunity.country, opportunity.country)
        and (target["region"], country) not in CONTRADICTORY
        and (not region or {region, target["region"]} & WHOLE or _is_one(region, target["region"], regions))
        and (not target["cities"] or any(_is_one(opportunity.city, city, CITIES) for city in target["cities"]))
        and (
            not target["postcodes"]
            or any(_is_one(opportunity.postcode, code, POSTCODES) for code in target["postcodes"])
        )
    )


def _is_one(one: str, other: str, places: list[set[str]]) -> bool:
    """Whether both are spellings of one place."""
    return one == other or any({one, other} <= spellings for spellings in places)
