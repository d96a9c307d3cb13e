"""For random campaigns, ads and moments, the decision, the explanation and an oracle agree."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings

from accounts.tests.factories import UserFactory
from ads.api import wording as api
from ads.console import wording as console
from ads.delivery.criteria import able_to_show, eligible
from ads.delivery.engine import decide, plan_of_day
from ads.delivery.explaining import Explanation, explain, with_failures
from ads.delivery.facts import Reason
from ads.delivery.opportunity import Opportunity
from ads.delivery.shown import shown_at
from ads.delivery.statement import Question
from ads.media import BAR_POSITIONS
from ads.models import Ad, AdContentRating, AdTimeSlot
from ads.tests.worlds import build, by_chance, opportunities, shows, undone, worlds
from campaigns.models import Campaign, CampaignAudienceTargeting

pytestmark = pytest.mark.django_db


@pytest.fixture
def creator() -> Any:
    return UserFactory()


def explained(opportunity: Opportunity) -> dict[Any, Explanation]:
    return {one.ad_id: one for one in explain(with_failures(Ad.objects.all(), opportunity), opportunity)}


@by_chance
@given(world=worlds, opportunity=opportunities())
def test_the_decision_agrees_with_the_oracle(world: Any, opportunity: Opportunity, creator: Any) -> None:
    with undone():
        stored = build(world, creator)

        decision = decide(opportunity)

        expected = {key for key, values in stored.items() if shows(*values, opportunity)}
        found = {key for keys in decision.eligible.values() for key in keys}
        assert found == {str(key) for key in expected}
        assert set(eligible(Ad.objects.all(), Question(opportunity)).values_list("pk", flat=True)) == expected
        assert decision.keys() <= found
        assert {position: [key for key, _ in ads] for position, ads in shown_at(opportunity).items()} == decision.shown
        for position, keys in decision.eligible.items():
            assert decision.shown[position] == (keys[:1] if position in BAR_POSITIONS else keys)
            days = (opportunity.at.date() - date(2000, 1, 1)).days
            number = days * 96 + opportunity.at.hour * 4 + opportunity.at.minute // 15
            assert not keys or keys[0] == sorted(keys)[(opportunity.turn + number) % len(keys)]


@pytest.mark.matrix
@by_chance
@given(world=worlds, opportunity=opportunities())
def test_only_eligible_ads_have_no_reasons(world: Any, opportunity: Opportunity, creator: Any) -> None:
    with undone():
        stored = build(world, creator)
        decision = decide(opportunity)
        showing = decision.keys()

        for key, one in explained(opportunity).items():
            assert one.eligible == shows(*stored[key], opportunity)
            assert one.eligible == (not one.reasons)
            assert one.shown == (str(key) in showing)
            winner = decision.shown[one.ad.ad_type_id][0] if one.eligible and not one.shown else None
            assert one.lost_to == winner
            failing = [code for code in one.considered() if not getattr(one.ad, f"holds_{code}")]
            assert failing == [reason.code for reason in one.reasons]
            for words in (api, console):
                assert all(words.message(reason) and words.fix(reason) for reason in one.reasons)


# Each reason of each ad is fixed separately.
@pytest.mark.matrix
@settings(by_chance, max_examples=25)
@given(world=worlds, opportunity=opportunities())
def test_a_fix_removes_its_reason_and_adds_no_other(world: Any, opportunity: Opportunity, creator: Any) -> None:
    with undone():
        build(world, creator)
        for key, one in explained(opportunity).items():
            before = {reason.code for reason in one.reasons}
            for reason in one.reasons:
                if reason.changes is None and reason.code != "approved":
                    assert reason.code in ("max_rating", "country", "region")
                    continue
                with undone():
                    apply(reason)
                    after = {left.code for left in explained(opportunity)[key].reasons}
                    assert after <= before - {reason.code}


@pytest.mark.matrix
@by_chance
@given(world=worlds, opportunity=opportunities())
def test_the_plan_of_a_day_has_the_decision_of_each_quarter_hour(
    world: Any, opportunity: Opportunity, creator: Any
) -> None:
    with undone():
        build(world, creator)

        plan = plan_of_day(opportunity)

        assert len(plan) == 96
        for quarter in (0, opportunity.quarter, 33, 95):
            assert plan[quarter].eligible == decide(opportunity.at_quarter(quarter)).eligible


@by_chance
@given(world=worlds, opportunity=opportunities())
def test_ads_that_cannot_show_never_do(world: Any, opportunity: Opportunity, creator: Any) -> None:
    with undone():
        stored = build(world, creator)

        able = set(able_to_show(Ad.objects.all(), on=opportunity.day).values_list("pk", flat=True))

        assert {key for key, values in stored.items() if shows(*values, opportunity)} <= able


def apply(reason: Reason) -> None:
    """Make the changes of a reason."""
    row: Any = (Ad if reason.resource_type == "ad" else Campaign).objects.get(pk=reason.resource_id)
    changes = dict(reason.changes or {"moderation_status": "approved"})
    if reason.code == "approved":
        # An approval needs the content declaration.
        AdContentRating.objects.update_or_create(ad=row, defaults={"no_prohibited_content": True})
    if "time_slots" in changes:
        row.time_slots.all().delete()
        AdTimeSlot.objects.bulk_create([AdTimeSlot(ad=row, **slot) for slot in changes.pop("time_slots")])
    if "audience_targeting" in changes:
        CampaignAudienceTargeting.objects.filter(campaign=row).delete()
        targets = [CampaignAudienceTargeting(campaign=row, **target) for target in changes.pop("audience_targeting")]
        CampaignAudienceTargeting.objects.bulk_create(targets)
    if "content_rating" in changes:
        AdContentRating.objects.update_or_create(ad=row, defaults=changes.pop("content_rating"))
        changes["moderation_status"] = "pending"
    for name in ("ad_status", "campaign_status"):
        if name in changes:
            # An expired one would become a draft first.
            changes[name] = "active"
    if changes:
        type(row).objects.filter(pk=row.pk).update(**changes)
