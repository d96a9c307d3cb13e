"""For random campaigns and ads, readiness agrees with an oracle that tries every day, time slot and target."""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given

from accounts.tests.factories import UserFactory
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


def daily(world: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same world with time slots for every day of the week, because readiness doesn't depend on their days."""
    for campaign in world:
        for ad in campaign["ads"]:
            longest = max((weekdays for _start, _end, weekdays in ad["slots"]), key=len, default=[])
            of_some_days = [slot for slot in ad["slots"] if slot[2] == longest]
            ad["slots"] = [(start, end, list(range(1, 8))) for start, end, _weekdays in of_some_days]
    return world


def ever_shows(campaign: dict[str, Any], ad: dict[str, Any]) -> bool:
    return any(shows(campaign, ad, opportunity) for opportunity in opportunities(campaign, ad))


@by_chance
@given(world=worlds.map(daily))
def test_what_is_ready_shows_some_time_and_what_is_not_never_does(world: Any) -> None:
    with undone():
        stored = build(world, UserFactory())
        able = {key for key, values in stored.items() if ever_shows(*values)}

        assert set(able_to_show(Ad.objects.all(), on=DAY).values_list("pk", flat=True)) == able
        running = set(Ad.objects.filter(pk__in=able).values_list("campaign", flat=True))
        found = readiness_of(Campaign.objects.all(), at=NOON)
        assert {key for key, one in found.items() if one.ready} == running
        for one in found.values():
            said = [(item.code, item.resource_id, repr(item.params)) for item in (*one.blockers, *one.warnings)]
            assert len(said) == len(set(said))
