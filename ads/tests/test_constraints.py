"""The constraints of ads and their parts: model and database refuse the same values, with the right message."""

from datetime import date, time, timedelta
from typing import Any

import pytest
from django.apps import apps
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
NOT_A_CHOICE = "invalid_choice"
IS_FULL = "A campaign can have up to 6 ads. Delete one of them, or add this ad to another campaign."
ON_THE_QUARTER_HOUR = "A time slot must start and end on a quarter hour: :00, :15, :30 or :45."
FULL_URL = "Enter a full URL that starts with http:// or https://."
POSITIONS = (
    "Choose top_bar_ad, bottom_left_ad, bottom_right_ad, bottom_center_ad, center_right_content_ad or "
    "center_left_content_ad."
)
MEDIA_OF_BARS = (
    "The bars at the top and bottom only accept text, images and animated images (text, image, gif). The two centre "
    "positions accept every media type."
)
MEDIA_NEEDS = (
    "An image, an animated image, a video or a news feed needs a media URL. Text, HTML, events, breaking news and "
    "alerts need media content."
)
CONTENT_WARNINGS = (
    "Choose Cartoon Violence, Fantasy Violence, Intense Violence, Graphic Violence, Mild Language, Strong Language, "
    "Strong Profanity, Use of Tobacco, Drug Reference, Alcohol Consumption, Alcohol Reference, Self-harm, Abuse, "
    "Photosensitive Seizure Warning or Gambling Content."
)
BOTH_OR_NEITHER = "Give both the value and the unit of the %s duration, or neither."
MESSAGES = {
    "ad_number_is_one_to_six": IS_FULL,
    "campaign_holds_six_ads": IS_FULL,
    "ad_type_is_a_position": POSITIONS,
    "ad_media_type_is_known": "Choose text, image, gif, video, html, news_rss, events, breaking_news or alerts.",
    "ad_position_takes_the_media": MEDIA_OF_BARS,
    "ad_has_what_its_media_needs": MEDIA_NEEDS,
    "media_url_is_http": FULL_URL,
    "ad_advertiser_forwarding_url_is_http": FULL_URL,
    "ad_impression_duration_value_and_unit_together": BOTH_OR_NEITHER % "impression",
    "ad_impression_duration_is_positive": "The impression duration must be more than 0.",
    "ad_impression_duration_unit_is_known": "Choose seconds, minutes or hours.",
    "ad_in_view_duration_value_and_unit_together": BOTH_OR_NEITHER % "in-view",
    "ad_in_view_duration_is_positive": "The in-view duration must be more than 0.",
    "ad_in_view_duration_unit_is_known": "Choose seconds, minutes or hours.",
    "ad_ends_after_it_starts": "The end date must be on or after the start date.",
    "ad_expires_after_it_ends": "The expiry date must be on or after the end date.",
    "ad_view_count_is_not_negative": "The view count can't be negative.",
    "ad_status_is_known": "Choose draft, active, paused, inactive or expired.",
    "ad_moderation_status_is_known": "Choose pending, approved or rejected.",
    "time_slot_start_is_on_the_quarter_hour": ON_THE_QUARTER_HOUR,
    "time_slot_end_is_on_the_quarter_hour": ON_THE_QUARTER_HOUR,
    "time_slot_ends_after_it_starts": "A time slot must end after it starts. Use 00:00 or 24:00 for midnight.",
    "time_slot_has_weekdays": "Choose at least one day of the week.",
    "time_slot_weekdays_are_sorted": "List each day of the week once, from 1 (Monday) to 7 (Sunday).",
    "time_slots_of_an_ad_do_not_overlap": "This time slot overlaps another time slot of the same ad.",
    "rating_label_belongs_to_the_system": (
        "Choose a label of the rating system: G, PG, PG-13, R, NC-17 for MPAA, or E, E10+, T, M, AO for ESRB."
    ),
    "content_warnings_are_in_the_catalogue": CONTENT_WARNINGS,
    "ad_view_lasts_a_day_at_most": "A view must last between 0 and 86,400 seconds.",
    "ad_view_day_is_one_row": "The views of an ad on one day in one city must be in one row.",
    "ad_view_day_counts_up": "The views and seconds of a day can't be negative.",
    "campaign_view_totals_are_not_negative": "The views and seconds of a campaign can't be negative.",
    "device_id_fits_a_header": (
        "Use 1–100 letters from A to Z, digits and the characters . _ ~ + = @ and -, "
        "beginning with a letter or a digit."
    ),
    "device_has_a_fleet": "Enter the name of a fleet.",
    "device_key_is_a_hash": "A device needs a key. Create one when you create the device.",
    "media_file_is_named_by_its_hash": "The name of an uploaded file is its SHA-256.",
    "media_file_shows_something": "Choose image, gif or video.",
    "delivery_changes_once": "A transaction notes a country once.",
}


def test_every_constraint_has_its_message() -> None:
    constraints = [one for model in apps.get_app_config("ads").get_models() for one in model._meta.constraints]

    assert {one.name: str(one.violation_error_message) for one in constraints} == MESSAGES


def _duration_rules(name: str, value: str, unit: str) -> list[tuple[str, str, str, dict[str, Any]]]:
    return [
        (f"{name}_value_and_unit_together", "__all__", "", {value: 5}),
        (f"{name}_value_and_unit_together", "__all__", "", {unit: "seconds"}),
        (f"{name}_is_positive", value, "", {value: 0, unit: "seconds"}),
        (f"{name}_unit_is_known", unit, NOT_A_CHOICE, {value: 5, unit: "days"}),
    ]


# The constraint, the field of the message, the code of the error if it isn't the constraint, and the changes.
AD_RULES: list[tuple[str, str, str, dict[str, Any]]] = [
    ("ad_number_is_one_to_six", "__all__", "", {"ad_number": 0}),
    ("ad_number_is_one_to_six", "__all__", "", {"ad_number": 7}),
    ("ad_type_is_a_position", "ad_type_id", NOT_A_CHOICE, {"ad_type_id": "rear_window_ad"}),
    ("ad_media_type_is_known", "media_type", NOT_A_CHOICE, {"media_type": "hologram"}),
    *_duration_rules("ad_impression_duration", "ad_impression_duration_value", "ad_impression_duration_unit"),
    *_duration_rules("ad_in_view_duration", "ad_in_view_duration_value", "ad_in_view_duration_unit"),
    (
        "ad_ends_after_it_starts",
        "ad_end_date",
        "",
        {"ad_start_date": date(2026, 3, 11), "ad_end_date": date(2026, 3, 10)},
    ),
    (
        "ad_expires_after_it_ends",
        "ad_expiry_date",
        "",
        {"ad_end_date": date(2026, 3, 10), "ad_expiry_date": date(2026, 3, 9)},
    ),
    ("ad_view_count_is_not_negative", "__all__", "", {"ad_view_count": -1}),
    ("ad_status_is_known", "ad_status", NOT_A_CHOICE, {"ad_status": "archived"}),
    ("ad_moderation_status_is_known", "__all__", "", {"moderation_status": "maybe"}),
]


@pytest.fixture
def ad() -> Ad:
    """An ad in a centre position, which accepts every media type, in a campaign in March."""
    made: Ad = AdFactory(
        campaign=CampaignFactory(campaign_start_date=START, campaign_end_date=END),
        ad_type_id="center_left_content_ad",
        media_url="https://example.com/spot",
    )
    return made


@pytest.mark.parametrize(("constraint", "field", "code", "changes"), AD_RULES, ids=str)
def test_model_and_database_refuse_an_ad_that_violates_a_constraint(
    ad: Ad, constraint: str, field: str, code: str, changes: dict[str, Any]
) -> None:
    if constraint == "ad_type_is_a_position":
        # An unknown position also violates this constraint, and PostgreSQL may report either.
        _drop("ads", "ad_position_takes_the_media")
    assert_database_refuses(constraint, write_past_the_model(ad, **changes))
    assert_model_refuses(ad, field, code or constraint, **changes)


def _drop(table: str, constraint: str) -> None:
    """Drop a constraint until the test is rolled back."""
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
def test_an_ad_at_the_limits_of_the_constraints_is_accepted(ad: Ad, changes: dict[str, Any]) -> None:
    write_past_the_model(ad, **changes)()
    ad.refresh_from_db()

    ad.full_clean()


@pytest.mark.parametrize("status", Status.values)
def test_the_database_accepts_every_status(ad: Ad, status: str) -> None:
    assert write_past_the_model(ad, ad_status=status)() == 1


# --- Up to six ads ---------------------------------------------------------------------------------------------------


def test_six_ads_are_numbered_one_to_six() -> None:
    ads = AdFactory.create_batch(6, campaign=CampaignFactory())

    assert [ad.ad_number for ad in ads] == [1, 2, 3, 4, 5, 6]


def test_validating_and_saving_a_seventh_ad_is_refused() -> None:
    campaign = CampaignFactory()
    AdFactory.create_batch(6, campaign=campaign)
    seventh = AdFactory.build(campaign=campaign, ad_created_by=campaign.campaign_created_by)

    assert_model_refuses(seventh, "__all__", "campaign_is_full")
    with pytest.raises(ValidationError) as refused:
        seventh.save()
    assert [error.code for error in refused.value.error_dict["__all__"]] == ["campaign_is_full"]
    assert refused.value.messages == [IS_FULL]
    assert campaign.ads.count() == 6


@pytest.mark.parametrize(
    ("number", "constraint"), [(7, "ad_number_is_one_to_six"), (3, "campaign_holds_six_ads")], ids=str
)
def test_the_database_refuses_a_seventh_ad(number: int, constraint: str) -> None:
    campaign = CampaignFactory()
    AdFactory.create_batch(6, campaign=campaign)
    seventh = AdFactory.build(campaign=campaign, ad_created_by=campaign.campaign_created_by, ad_number=number)

    assert_database_refuses(constraint, lambda: Ad.objects.bulk_create([seventh]))
    assert_model_refuses(seventh, "__all__", "campaign_is_full")


def test_a_deleted_ad_makes_room_for_another() -> None:
    campaign = CampaignFactory()
    ads = AdFactory.create_batch(6, campaign=campaign)
    ads[2].delete()

    assert AdFactory(campaign=campaign).ad_number == 3


# --- Content ratings -------------------------------------------------------------------------------------------------

EVERY_LABEL = [label for labels in RATING_LABELS.values() for label in labels]


@pytest.mark.parametrize("label", [*EVERY_LABEL, None])
@pytest.mark.parametrize("system", ["MPAA", "ESRB", None])
def test_a_rating_label_must_belong_to_its_system(system: str | None, label: str | None) -> None:
    rating = AdContentRatingFactory()
    changes = {"rating_system": system, "rating_label": label}

    if label in (RATING_LABELS[system] if system else (None,)):
        write_past_the_model(rating, **changes)()
        rating.refresh_from_db()
        rating.full_clean()
    else:
        assert_database_refuses("rating_label_belongs_to_the_system", write_past_the_model(rating, **changes))
        assert_model_refuses(rating, "rating_label", "rating_label_belongs_to_the_system", **changes)


def test_model_and_database_refuse_an_unknown_rating_system() -> None:
    rating = AdContentRatingFactory()
    changes = {"rating_system": "FSK", "rating_label": "12"}

    assert_database_refuses("rating_label_belongs_to_the_system", write_past_the_model(rating, **changes))
    assert_model_refuses(rating, "rating_system", NOT_A_CHOICE, **changes)


def test_an_ad_has_at_most_one_content_rating() -> None:
    again = AdContentRatingFactory.build(ad=AdContentRatingFactory().ad)

    assert_model_refuses(again, "ad", "unique")
    assert_database_refuses("ad_content_ratings_ad_id_key", lambda: AdContentRating.objects.bulk_create([again]))


def test_every_content_warning_is_accepted() -> None:
    AdContentRatingFactory(content_warnings=ALL_CONTENT_WARNINGS).full_clean()


@pytest.mark.parametrize("warning", ["Spoilers", "", "cartoon violence"])
def test_model_and_database_refuse_an_unknown_content_warning(warning: str) -> None:
    rating = AdContentRatingFactory()
    changes = {"content_warnings": ["Abuse", warning]}

    assert_database_refuses("content_warnings_are_in_the_catalogue", write_past_the_model(rating, **changes))
    assert_model_refuses(rating, "content_warnings", "", **changes)


def test_missing_content_warnings_become_an_empty_list() -> None:
    rating = AdContentRatingFactory()
    rating.content_warnings = None

    rating.full_clean()

    assert rating.content_warnings == []


def test_ratings_and_time_slots_are_named_by_their_values() -> None:
    assert str(AdContentRatingFactory()) == "MPAA G"
    assert str(AdContentRatingFactory(rating_system=None, rating_label=None)) == "Unrated"
    assert str(AdTimeSlotFactory(time_slot_end=time(0))) == "07:00–00:00"
    assert AdTimeSlot.objects.count() == 1
