"""The campaign model: what it refuses, who changed it, and the dates of its ads."""

from datetime import date, timedelta
from typing import Any

import pytest

from accounts.tests.factories import Cast
from ads.tests.factories import AdFactory
from campaign_studio.acting import acting_as
from campaign_studio.tests.refusals import assert_database_refuses, assert_model_refuses, write_past_the_model
from campaigns.choices import DurationUnit
from campaigns.models import MOVE_BOTH, Campaign
from campaigns.tests.factories import CampaignFactory

pytestmark = pytest.mark.django_db

START, END = date(2026, 3, 1), date(2026, 3, 31)

# constraint, field of the error, its code or message, changes
CAMPAIGN_RULES: list[tuple[str, str, str, dict[str, Any]]] = [
    ("campaign_status_is_known", "campaign_status", "invalid_choice", {"campaign_status": "archived"}),
    (
        "campaign_ends_after_it_starts",
        "campaign_end_date",
        "The end date must be on or after the start date.",
        {"campaign_end_date": START - timedelta(days=1)},
    ),
    (
        "campaign_expires_after_it_ends",
        "campaign_expiry_date",
        "The expiry date must be on or after the end date.",
        {"campaign_expiry_date": END - timedelta(days=1)},
    ),
    (
        "campaign_view_duration_value_and_unit_together",
        "__all__",
        "Enter both the value and the unit of the viewing-time cap, or neither.",
        {"campaign_max_view_duration_value": 5},
    ),
    (
        "campaign_view_duration_value_and_unit_together",
        "__all__",
        "campaign_view_duration_value_and_unit_together",
        {"campaign_max_view_duration_unit": "days"},
    ),
    (
        "campaign_view_duration_is_positive",
        "campaign_max_view_duration_value",
        "The viewing-time cap must be more than 0.",
        {"campaign_max_view_duration_value": 0, "campaign_max_view_duration_unit": "days"},
    ),
    (
        "campaign_view_duration_unit_is_known",
        "campaign_max_view_duration_unit",
        "invalid_choice",
        {"campaign_max_view_duration_value": 5, "campaign_max_view_duration_unit": "weeks"},
    ),
    (
        "campaign_view_count_cap_is_positive",
        "campaign_max_view_count",
        "The view cap must be more than 0. Leave it empty for no cap.",
        {"campaign_max_view_count": 0},
    ),
]


@pytest.mark.parametrize(("constraint", "field", "refusal", "changes"), CAMPAIGN_RULES, ids=str)
def test_a_campaign_that_breaks_a_rule_is_refused_by_model_and_database(
    constraint: str, field: str, refusal: str, changes: dict[str, Any]
) -> None:
    campaign = CampaignFactory(campaign_start_date=START, campaign_end_date=END)

    assert_database_refuses(constraint, write_past_the_model(campaign, **changes))
    assert_model_refuses(campaign, field, refusal, **changes)


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
def test_a_campaign_at_the_limit_of_a_rule_is_accepted(changes: dict[str, Any]) -> None:
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
def test_a_value_that_does_not_fit_its_field_is_refused(field: str, value: object) -> None:
    assert_model_refuses(CampaignFactory(), field, "", **{field: value})


def test_a_new_campaign_is_a_draft_and_shown_by_its_name() -> None:
    campaign = CampaignFactory(campaign_name="Spring")

    assert (campaign.campaign_status, str(campaign)) == ("draft", "Spring")


# --- Who changed it ---------------------------------------------------------------------------------------------------


def test_a_campaign_records_who_created_and_who_changed_it(cast: Cast) -> None:
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


def test_a_command_is_recorded_by_its_name() -> None:
    campaign = CampaignFactory()
    with acting_as("expire_campaigns"):
        campaign.save()
    campaign.refresh_from_db()

    assert (campaign.created_by_name, campaign.updated_by_name) == (None, "expire_campaigns")


def test_a_save_without_a_user_keeps_the_recorded_names(cast: Cast) -> None:
    with acting_as(cast.owner):
        campaign = CampaignFactory()
    campaign.save()
    campaign.refresh_from_db()

    assert (campaign.created_by_name, campaign.updated_by_name) == ("campaign_manager", "campaign_manager")


def test_saving_one_field_also_updates_the_time_of_the_last_change() -> None:
    campaign = CampaignFactory()
    before = campaign.updated_at

    campaign.save(update_fields=["campaign_name"])
    campaign.refresh_from_db()

    assert campaign.updated_at > before > campaign.created_at


# --- Dates of the ads ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "field", "refusal"),
    [
        (
            {"campaign_start_date": date(2026, 3, 11)},
            "campaign_start_date",
            "The ad “Coffee” starts on 10 Mar 2026. Change the ad's dates first. "
            "To move both, extend the campaign first, then change the ad's dates, and then shorten the campaign.",
        ),
        (
            {"campaign_end_date": date(2026, 3, 19)},
            "campaign_end_date",
            f"The ad “Coffee” ends on 20 Mar 2026. Change the ad's dates first. {MOVE_BOTH}",
        ),
        ({"campaign_end_date": date(2026, 3, 9)}, "campaign_end_date", "ad_outside"),
        (
            {"campaign_start_date": date(2026, 4, 1), "campaign_end_date": date(2026, 4, 30)},
            "campaign_start_date",
            "ad_outside",
        ),
    ],
    ids=str,
)
def test_a_campaigns_dates_must_include_its_ads(changes: dict[str, Any], field: str, refusal: str) -> None:
    stored = CampaignFactory(campaign_start_date=START, campaign_end_date=END)
    AdFactory(campaign=stored, ad_name="Coffee", ad_start_date=date(2026, 3, 10), ad_end_date=date(2026, 3, 20))

    assert_model_refuses(Campaign.objects.get(pk=stored.pk), field, refusal, **changes)


@pytest.mark.parametrize(
    ("ad_dates", "changes"),
    [
        ({"ad_start_date": date(2026, 3, 10)}, {"campaign_start_date": date(2026, 3, 11)}),
        ({"ad_end_date": date(2026, 3, 10)}, {"campaign_start_date": date(2026, 3, 11)}),
        ({"ad_end_date": date(2026, 3, 20)}, {"campaign_end_date": date(2026, 3, 19)}),
    ],
    ids=str,
)
def test_a_campaigns_dates_must_include_an_ad_with_a_single_date(
    ad_dates: dict[str, Any], changes: dict[str, Any]
) -> None:
    stored = CampaignFactory(campaign_start_date=START, campaign_end_date=END)
    AdFactory(campaign=stored, **ad_dates)

    assert_model_refuses(Campaign.objects.get(pk=stored.pk), next(iter(changes)), "ad_outside", **changes)


def test_a_campaigns_dates_can_change_as_long_as_they_include_its_ads() -> None:
    stored = CampaignFactory(campaign_start_date=START, campaign_end_date=END)
    AdFactory(campaign=stored, ad_start_date=date(2026, 3, 10), ad_end_date=date(2026, 3, 20))
    AdFactory(campaign=stored)
    campaign = Campaign.objects.get(pk=stored.pk)

    campaign.campaign_start_date, campaign.campaign_end_date = date(2026, 3, 10), date(2026, 3, 20)

    campaign.full_clean()
