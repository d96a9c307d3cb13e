"""Every invariant of ads, slots and ratings, asked twice: of the model and of the database."""

from datetime import date, time, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from ads.choices import ALL_CONTENT_WARNINGS, RATING_LABELS, AdDurationUnit, ModerationStatus
from ads.models import Ad, AdContentRating, AdTimeSlot
from ads.tests.factories import AdContentRatingFactory, AdFactory, AdTimeSlotFactory
from campaign_studio.tests.refusals import assert_database_refuses, assert_model_refuses, write_past_the_model
from campaigns.choices import Status
from campaigns.tests.factories import CampaignFactory

pytestmark = pytest.mark.django_db

START, END = date(2026, 3, 1), date(2026, 3, 31)
FULL = "A campaign holds at most six ads."
NOT_A_CHOICE = "is not a valid choice"


def _duration_rules(name: str, value: str, unit: str) -> list[tuple[str, str, str, dict[str, Any]]]:
    return [
        (f"{name}_value_and_unit_together", "__all__", "Give both the value and the unit", {value: 5}),
        (f"{name}_value_and_unit_together", "__all__", "Give both the value and the unit", {unit: "seconds"}),
        (f"{name}_is_positive", value, "must be more than 0", {value: 0, unit: "seconds"}),
        (f"{name}_unit_is_known", unit, NOT_A_CHOICE, {value: 5, unit: "days"}),
    ]


# constraint, field the message stands beside, part of the message, what is written
AD_RULES: list[tuple[str, str, str, dict[str, Any]]] = [
    ("ad_number_is_one_to_six", "__all__", FULL, {"ad_number": 0}),
    ("ad_number_is_one_to_six", "__all__", FULL, {"ad_number": 7}),
    ("ad_type_is_a_position", "ad_type_id", NOT_A_CHOICE, {"ad_type_id": "rear_window_ad"}),
    ("ad_media_type_is_known", "media_type", NOT_A_CHOICE, {"media_type": "hologram"}),
    *_duration_rules("ad_impression_duration", "ad_impression_duration_value", "ad_impression_duration_unit"),
    *_duration_rules("ad_in_view_duration", "ad_in_view_duration_value", "ad_in_view_duration_unit"),
    (
        "ad_ends_after_it_starts",
        "ad_end_date",
        "The end date can't lie before the start date.",
        {"ad_start_date": date(2026, 3, 11), "ad_end_date": date(2026, 3, 10)},
    ),
    (
        "ad_expires_after_it_ends",
        "ad_expiry_date",
        "The expiry date can't lie before the end date.",
        {"ad_end_date": date(2026, 3, 10), "ad_expiry_date": date(2026, 3, 9)},
    ),
    ("ad_view_count_is_not_negative", "__all__", "A view count can't be negative.", {"ad_view_count": -1}),
    ("ad_status_is_known", "ad_status", NOT_A_CHOICE, {"ad_status": "archived"}),
    ("ad_moderation_status_is_known", "__all__", "Choose pending", {"moderation_status": "maybe"}),
]


@pytest.fixture
def ad() -> Ad:
    """An ad in the centre of the screen, where every medium is welcome, of a campaign in March."""
    made: Ad = AdFactory(
        campaign=CampaignFactory(campaign_start_date=START, campaign_end_date=END),
        ad_type_id="center_left_content_ad",
        media_url="https://example.com/spot",
    )
    return made


@pytest.mark.parametrize(("constraint", "field", "message", "changes"), AD_RULES, ids=str)
def test_an_ad_that_breaks_a_rule_is_refused_twice(
    ad: Ad, constraint: str, field: str, message: str, changes: dict[str, Any]
) -> None:
    if constraint == "ad_type_is_a_position":
        # An unknown position takes no medium either: without that rule, this one has to stand alone.
        _drop("ads", "ad_position_takes_the_media")
    assert_database_refuses(constraint, write_past_the_model(ad, **changes))
    assert_model_refuses(ad, field, message, **changes)


def _drop(table: str, constraint: str) -> None:
    """Take a constraint away until the test is rolled back."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(f'ALTER TABLE "{table}" DROP CONSTRAINT "{constraint}"')


@pytest.mark.parametrize(
    "changes",
    [
        {"ad_start_date": START, "ad_end_date": START, "ad_expiry_date": START},
        {"ad_start_date": END},
        {"ad_end_date": END, "ad_expiry_date": END + timedelta(days=100)},
        {"ad_expiry_date": START - timedelta(days=1)},
        *[{"ad_impression_duration_value": 1, "ad_impression_duration_unit": unit} for unit in AdDurationUnit.values],
        *[{"ad_in_view_duration_value": 1, "ad_in_view_duration_unit": unit} for unit in AdDurationUnit.values],
        *[{"moderation_status": status} for status in ModerationStatus.values],
        *[{"ad_status": status} for status in ("draft", "inactive")],
        {"ad_view_count": 2**40},
    ],
    ids=str,
)
def test_an_ad_at_the_edge_of_a_rule_is_accepted(ad: Ad, changes: dict[str, Any]) -> None:
    write_past_the_model(ad, **changes)()
    ad.refresh_from_db()

    ad.full_clean()


@pytest.mark.parametrize("status", Status.values)
def test_the_database_knows_every_status(ad: Ad, status: str) -> None:
    assert write_past_the_model(ad, ad_status=status)() == 1


# --- At most six -----------------------------------------------------------------------------------------------------


def test_six_ads_are_numbered_one_to_six() -> None:
    ads = AdFactory.create_batch(6, campaign=CampaignFactory())

    assert [ad.ad_number for ad in ads] == [1, 2, 3, 4, 5, 6]


def test_the_seventh_ad_is_refused_by_model_and_save() -> None:
    campaign = CampaignFactory()
    AdFactory.create_batch(6, campaign=campaign)
    seventh = AdFactory.build(campaign=campaign, ad_created_by=campaign.campaign_created_by)

    assert_model_refuses(seventh, "__all__", FULL)
    with pytest.raises(ValidationError, match=FULL):
        seventh.save()
    assert campaign.ads.count() == 6


@pytest.mark.parametrize(
    ("number", "constraint"), [(7, "ad_number_is_one_to_six"), (3, "campaign_holds_six_ads")], ids=str
)
def test_the_seventh_ad_is_refused_by_the_database(number: int, constraint: str) -> None:
    campaign = CampaignFactory()
    AdFactory.create_batch(6, campaign=campaign)
    seventh = AdFactory.build(campaign=campaign, ad_created_by=campaign.campaign_created_by, ad_number=number)

    assert_database_refuses(constraint, lambda: Ad.objects.bulk_create([seventh]))
    assert_model_refuses(seventh, "__all__", FULL)


def test_a_deleted_ad_makes_room_for_another() -> None:
    campaign = CampaignFactory()
    ads = AdFactory.create_batch(6, campaign=campaign)
    ads[2].delete()

    assert AdFactory(campaign=campaign).ad_number == 3


# --- Content ratings -------------------------------------------------------------------------------------------------

EVERY_LABEL = [label for labels in RATING_LABELS.values() for label in labels]


@pytest.mark.parametrize("label", [*EVERY_LABEL, None])
@pytest.mark.parametrize("system", ["MPAA", "ESRB", None])
def test_a_label_belongs_to_its_system(system: str | None, label: str | None) -> None:
    rating = AdContentRatingFactory()
    changes = {"rating_system": system, "rating_label": label}

    if label in (RATING_LABELS[system] if system else (None,)):
        write_past_the_model(rating, **changes)()
        rating.refresh_from_db()
        rating.full_clean()
    else:
        assert_database_refuses("rating_label_belongs_to_the_system", write_past_the_model(rating, **changes))
        assert_model_refuses(rating, "rating_label", "MPAA knows G, PG, PG-13, R, NC-17; ESRB knows E", **changes)


def test_an_unknown_system_is_refused_twice() -> None:
    rating = AdContentRatingFactory()
    changes = {"rating_system": "FSK", "rating_label": "12"}

    assert_database_refuses("rating_label_belongs_to_the_system", write_past_the_model(rating, **changes))
    assert_model_refuses(rating, "rating_system", NOT_A_CHOICE, **changes)


def test_an_ad_has_one_rating() -> None:
    again = AdContentRatingFactory.build(ad=AdContentRatingFactory().ad)

    assert_model_refuses(again, "ad", "already exists")
    assert_database_refuses("ad_content_ratings_ad_id_key", lambda: AdContentRating.objects.bulk_create([again]))


def test_every_warning_of_the_catalogue_is_accepted() -> None:
    AdContentRatingFactory(content_warnings=ALL_CONTENT_WARNINGS).full_clean()


@pytest.mark.parametrize("warning", ["Spoilers", "", "cartoon violence"])
def test_a_warning_that_is_not_in_the_catalogue_is_refused_twice(warning: str) -> None:
    rating = AdContentRatingFactory()
    changes = {"content_warnings": ["Abuse", warning]}

    assert_database_refuses("content_warnings_are_in_the_catalogue", write_past_the_model(rating, **changes))
    assert_model_refuses(rating, "content_warnings", "", **changes)


def test_no_warnings_at_all_are_the_empty_list() -> None:
    rating = AdContentRatingFactory()
    rating.content_warnings = None

    rating.full_clean()

    assert rating.content_warnings == []


def test_a_rating_is_called_by_system_and_label() -> None:
    assert str(AdContentRatingFactory()) == "MPAA G"
    assert str(AdContentRatingFactory(rating_system=None, rating_label=None)) == "Unrated"
    assert str(AdTimeSlotFactory(time_slot_end=time(0))) == "07:00–00:00"
    assert AdTimeSlot.objects.count() == 1
