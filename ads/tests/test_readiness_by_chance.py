"""For random campaigns and ads, readiness agrees with an oracle that tries every day, time slot and target."""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from accounts.tests.factories import UserFactory
from ads.choices import AdType
from ads.delivery.criteria import able_to_show
from ads.delivery.opportunity import Opportunity
from ads.delivery.readiness import readiness_of
from ads.models import Ad
from ads.tests.worlds import DAY, build, by_chance, shows, undone, worlds
from campaigns.models import Campaign

pytestmark = pytest.mark.django_db
# At noon in UTC, it is this day on every clock.
NOON = datetime.combine(DAY, time(12), UTC)
# No campaign runs longer.
DAYS = [DAY + timedelta(days) for days in range(8)]


def opportunities(campaign: dict[str, Any], ad: dict[str, Any]) -> Iterator[Opportunity]:
    """One in each time slot of each day, in each place that is targeted."""
    for day in DAYS:
        for start, *_end_and_weekdays in ad["slots"] or [(0, 96, range(1, 8))]:
            for target in campaign["targets"]:
                city, postcode = (next(iter(target[name]), "") for name in ("cities", "postcodes"))
                moment = datetime.combine(day, time(start // 4, start % 4 * 15))
                yield Opportunity(target["country"], moment, city=city, postcode=postcode)


def ever_shows(campaign: dict[str, Any], ad: dict[str, Any]) -> bool:
    return any(shows(campaign, ad, opportunity) for opportunity in opportunities(campaign, ad))


def running(world: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same world, but active and approved, so that only days, slots and targets decide."""
    for campaign in world:
        campaign |= {"campaign_status": "active", "cap": None, "time_cap": None}
        for ad in campaign["ads"]:
            ad |= {"ad_status": "active", "moderation_status": "approved", "rating": (True, "MPAA", "PG")}
    return world


def one_ad(run: tuple[int | None, int | None, int | None] = (None, None, None), **values: Any) -> list[dict[str, Any]]:
    """A world with a single ad, whose dates are days from `DAY`. Its campaign runs from the next day to the fourth."""
    dates = tuple(None if days is None else DAY + timedelta(days) for days in run)
    ad = {"ad_type_id": AdType.TOP_BAR.value, "run": dates, "slots": [], **values}
    target = {"region": "Europe", "country": "DE", "cities": [], "postcodes": []}
    campaign = {"run": (DAY + timedelta(1), DAY + timedelta(4), None), "used": None, "targets": [target], "ads": [ad]}
    return running([campaign])


# What is rare by chance.
@example(world=one_ad())
@example(world=one_ad((None, None, 0)))
@example(world=one_ad((2, None, 1)))
@example(world=one_ad((None, 0, None)))
@example(world=one_ad((5, None, None)))
@example(world=one_ad(slots=[(30, 40, [6, 7])]))
@example(world=one_ad((None, 3, None), slots=[(30, 40, [1, 5])]))
@example(world=one_ad((None, None, 3), slots=[(30, 40, [4])]))
@by_chance
@given(world=st.one_of(worlds, worlds.map(running)))
def test_what_is_ready_shows_some_time_and_what_is_not_never_does(world: Any) -> None:
    with undone():
        stored = build(world, UserFactory())
        able = {key for key, values in stored.items() if ever_shows(*values)}

        assert set(able_to_show(Ad.objects.all(), on=DAY).values_list("pk", flat=True)) == able
        with_ads = set(Ad.objects.filter(pk__in=able).values_list("campaign", flat=True))
        found = readiness_of(Campaign.objects.all(), at=NOON)
        assert {key for key, one in found.items() if one.ready} == with_ads
        for one in found.values():
            said = [(item.code, item.resource_id, repr(item.params)) for item in (*one.blockers, *one.warnings)]
            assert len(said) == len(set(said))
