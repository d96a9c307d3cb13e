"""Campaigns and their audience: what they must be."""

from datetime import date, timedelta
from typing import Any

import pytest

from accounts.tests.factories import Cast
from ads.tests.factories import AdFactory
from campaign_studio.acting import acting_as
from campaign_studio.tests.refusals import assert_database_refuses, assert_model_refuses, write_past_the_model
from campaigns.choices import DurationUnit
from campaigns.models import Campaign
from campaigns.tests.factories import CampaignFactory

pytestmark = pytest.mark.django_db

START, END = date(2026, 3, 1), date(2026, 3, 31)
NOT_A_CHOICE = "is not a valid choice"
TOGETHER = "Give both the value and the unit"

# constraint, field the message stands beside, part of the message, what is written
CAMPAIGN_RULES: list[tuple[str, str, str, dict[str, Any]]] = [
    ("campaign_status_is_known", "campaign_status", NOT_A_CHOICE, {"campaign_status": "archived"}),
    (
        "campaign_ends_after_it_starts",
        "campaign_end_date",
        "The end date can't lie before the start date.",
        {"campaign_end_date": START - timedelta(days=1)},
    ),
    (
        "campaign_expires_after_it_ends",
        "campaign_expiry_date",
        "The expiry date can't lie before the end date.",
        {"campaign_expiry_date": END - timedelta(days=1)},
    ),
    (
        "campaign_view_duration_value_and_unit_together",
        "__all__",
        TOGETHER,
        {"campaign_max_view_duration_value": 5},
    ),
    (
        "campaign_view_duration_value_and_unit_together",
        "__all__",
        TOGETHER,
        {"campaign_max_view_duration_unit": "days"},
    ),
    (
        "campaign_view_duration_is_positive",
        "campaign_max_view_duration_value",
        "must be more than 0",
        {"campaign_max_view_duration_value": 0, "campaign_max_view_duration_unit": "days"},
    ),
    (
        "campaign_view_duration_unit_is_known",
        "campaign_max_view_duration_unit",
        NOT_A_CHOICE,
        {"campaign_max_view_duration_value": 5, "campaign_max_view_duration_unit": "weeks"},
    ),
    (
        "campaign_view_count_cap_is_positive",
        "campaign_max_view_count",
        "The view cap must be more than 0; leave it empty for no cap.",
        {"campaign_max_view_count": 0},
    ),
]


@pytest.mark.parametrize(("constraint", "field", "message", "changes"), CAMPAIGN_RULES, ids=str)
def test_a_campaign_that_breaks_a_rule_is_refused_twice(
    constraint: str, field: str, message: str, changes: dict[str, Any]
) -> None:
    campaign = CampaignFactory(campaign_start_date=START, campaign_end_date=END)

    assert_database_refuses(constraint, write_past_the_model(campaign, **changes))
    assert_model_refuses(campaign, field, message, **changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"campaign_end_date": START},
        {"campaign_expiry_date": END},
        {"campaign_max_view_count": 1},
        *[
            {"campaign_max_view_duration_value": 1, "campaign_max_view_duration_unit": unit}
            for unit in DurationUnit.values
        ],
    ],
    ids=str,
)
def test_a_campaign_at_the_edge_of_a_rule_is_accepted(changes: dict[str, Any]) -> None:
    campaign = CampaignFactory(**{"campaign_start_date": START, "campaign_end_date": END} | changes)

    campaign.full_clean()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("campaign_name", ""),
        ("campaign_name", "x" * 256),
        ("campaign_description", "x" * 10_001),
        ("campaign_max_view_count", -1),
        ("campaign_max_view_count", 2**31),
        ("campaign_start_date", None),
        ("campaign_start_date", "2026-02-30"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_by_the_field(field: str, value: object) -> None:
    assert_model_refuses(CampaignFactory(), field, "", **{field: value})


def test_a_new_campaign_is_a_draft_called_by_its_name() -> None:
    campaign = CampaignFactory(campaign_name="Spring")

    assert (campaign.campaign_status, str(campaign)) == ("draft", "Spring")


# --- Who did it ------------------------------------------------------------------------------------------------------


def test_a_campaign_says_who_created_and_who_changed_it(cast: Cast) -> None:
    cast.owner.first_name, cast.owner.last_name = "Mona", "Lisa"
    with acting_as(cast.owner):
        campaign = Campaign(campaign_name="Spring", campaign_start_date=START, campaign_end_date=END)
        campaign.full_clean()
        campaign.save()
    with acting_as(cast.app_admin):
        campaign.campaign_name = "Summer"
        campaign.save(update_fields=["campaign_name"])
    campaign.refresh_from_db()

    assert campaign.campaign_created_by == cast.owner
    assert (campaign.created_by_name, campaign.updated_by_name) == ("Mona Lisa", "app_admin")


def test_a_command_is_named_as_who_changed_it() -> None:
    campaign = CampaignFactory()
    with acting_as("expire_campaigns"):
        campaign.save()
    campaign.refresh_from_db()

    assert (campaign.created_by_name, campaign.updated_by_name) == (None, "expire_campaigns")


def test_a_campaign_saved_by_nobody_keeps_its_names(cast: Cast) -> None:
    with acting_as(cast.owner):
        campaign = CampaignFactory()
    campaign.save()
    campaign.refresh_from_db()

    assert (campaign.created_by_name, campaign.updated_by_name) == ("campaign_manager", "campaign_manager")


def test_a_save_of_one_field_moves_the_time_of_change() -> None:
    campaign = CampaignFactory()
    before = campaign.updated_at

    campaign.save(update_fields=["campaign_name"])
    campaign.refresh_from_db()

    assert campaign.updated_at > before > campaign.created_at


# --- Dates of the ads ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"campaign_start_date": date(2026, 3, 11)}, "campaign_start_date"),
        ({"campaign_end_date": date(2026, 3, 19)}, "campaign_end_date"),
        ({"campaign_end_date": date(2026, 3, 9)}, "campaign_end_date"),
        ({"campaign_start_date": date(2026, 4, 1), "campaign_end_date": date(2026, 4, 30)}, "campaign_start_date"),
    ],
    ids=str,
)
def test_a_campaigns_dates_can_not_move_away_from_its_ads(changes: dict[str, Any], field: str) -> None:
    stored = CampaignFactory(campaign_start_date=START, campaign_end_date=END)
    AdFactory(campaign=stored, ad_name="Coffee", ad_start_date=date(2026, 3, 10), ad_end_date=date(2026, 3, 20))

    assert_model_refuses(Campaign.objects.get(pk=stored.pk), field, "The ad “Coffee”", **changes)


@pytest.mark.parametrize(
    ("ad_dates", "changes"),
    [
        ({"ad_start_date": date(2026, 3, 10)}, {"campaign_start_date": date(2026, 3, 11)}),
        ({"ad_end_date": date(2026, 3, 10)}, {"campaign_start_date": date(2026, 3, 11)}),
        ({"ad_end_date": date(2026, 3, 20)}, {"campaign_end_date": date(2026, 3, 19)}),
    ],
    ids=str,
)
def test_an_ad_with_one_date_alone_is_kept_inside_as_well(ad_dates: dict[str, Any], changes: dict[str, Any]) -> None:
    stored = CampaignFactory(campaign_start_date=START, campaign_end_date=END)
    AdFactory(campaign=stored, **ad_dates)

    assert_model_refuses(Campaign.objects.get(pk=stored.pk), next(iter(changes)), "Move that ad first.", **changes)


def test_a_campaigns_dates_move_freely_around_its_ads() -> None:
    stored = CampaignFactory(campaign_start_date=START, campaign_end_date=END)
    AdFactory(campaign=stored, ad_start_date=date(2026, 3, 10), ad_end_date=date(2026, 3, 20))
    AdFactory(campaign=stored)
    campaign = Campaign.objects.get(pk=stored.pk)

    campaign.campaign_start_date, campaign.campaign_end_date = date(2026, 3, 10), date(2026, 3, 20)

    campaign.full_clean()
