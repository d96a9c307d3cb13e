"""Every constraint has a message beside the right field, exists in the database, and is tested."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, models, transaction

from accounts.models import Role, User
from accounts.tests.factories import UserFactory
from ads.models import AdContentRating
from ads.tests.factories import AdContentRatingFactory, AdFactory, AdTimeSlotFactory, DeviceFactory
from advertisers.tests.factories import (
    AdvertiserBankAccountFactory,
    AdvertiserContactFactory,
    AdvertiserFactory,
)
from campaign_studio.constraints import CONFLICT, REFERENCE_IS_GONE, FieldCheck, FieldUnique, validation_error
from campaigns.models import Campaign, CampaignAudienceTargeting
from campaigns.tests.factories import AudienceTargetingFactory, CampaignFactory

ROOT = Path(__file__).resolve().parents[2]
OURS = ["accounts", "advertisers", "campaigns", "ads"]


def our_constraints() -> list[tuple[type[models.Model], models.BaseConstraint]]:
    """All constraints of the project's tables."""
    return [
        (model, constraint)
        for label in OURS
        for model in apps.get_app_config(label).get_models()
        for constraint in model._meta.constraints
    ]


def test_every_constraint_has_a_message() -> None:
    wordless = [
        constraint.name
        for _, constraint in our_constraints()
        if constraint.violation_error_message == models.BaseConstraint.default_violation_error_message
        or not str(constraint.violation_error_message).endswith(".")
    ]

    assert len(our_constraints()) > 50
    assert wordless == []


def name_in_tests(name: str) -> str:
    """The constraint's name as it is written in tests, where parametrised names contain a placeholder."""
    if name in {"media_url_is_http", "ad_advertiser_forwarding_url_is_http"}:
        return "{field}_is_http"
    return re.sub("^ad_(impression|in_view)_duration(?=_)", "{name}", name)


def test_every_constraint_is_tested() -> None:
    tests = {label: "".join(file.read_text() for file in (ROOT / label / "tests").glob("test_*.py")) for label in OURS}
    untested = [
        constraint.name
        for model, constraint in our_constraints()
        if f'"{name_in_tests(constraint.name)}"' not in tests[model._meta.app_label]
    ]

    assert untested == []


def test_the_field_of_a_constraint_exists() -> None:
    for model, constraint in our_constraints():
        if isinstance(constraint, FieldCheck | FieldUnique):
            assert model._meta.get_field(constraint.field), constraint.name


@pytest.mark.django_db
def test_every_constraint_is_in_the_database() -> None:
    tables = {model._meta.db_table for model, _ in our_constraints()}
    with connection.cursor() as cursor:
        there = {name for table in tables for name in connection.introspection.get_constraints(cursor, table)}

    assert {constraint.name for _, constraint in our_constraints()} - there == set()


def test_a_constraint_keeps_its_field_in_migrations_and_clones() -> None:
    for constraint in (
        FieldCheck(field="size", condition=models.Q(size__gt=0), name="size_is_positive"),
        FieldUnique(field="size", fields=["size"], name="size_is_unique"),
    ):
        path, args, kwargs = constraint.deconstruct()
        assert path == f"campaign_studio.constraints.{type(constraint).__name__}"
        assert kwargs["field"] == "size"
        assert constraint.clone() == constraint
        assert args == ()


# --- Errors of the database ------------------------------------------------------------------------------------------


def collision(write: Any) -> IntegrityError:
    """The error that a race would cause."""
    with pytest.raises(IntegrityError) as raised, transaction.atomic():
        write()
    return raised.value


def message_of(model: type[models.Model], name: str) -> str:
    """The message of the constraint of that name."""
    return str(next(one for one in model._meta.constraints if one.name == name).violation_error_message)


@pytest.mark.django_db
def test_a_lost_race_is_answered_by_the_constraints_message_beside_its_field() -> None:
    taken, other = UserFactory.create_batch(2)

    error = validation_error(
        collision(lambda: User.objects.filter(pk=other.pk).update(username=taken.username.upper()))
    )

    message = message_of(User, "username_is_unique_without_regard_to_case")
    assert error.message_dict == {"username": [message]}


@pytest.mark.django_db
def test_a_constraint_about_several_fields_is_a_non_field_error() -> None:
    target = AudienceTargetingFactory()
    again = AudienceTargetingFactory.build(campaign=target.campaign)

    error = validation_error(collision(lambda: CampaignAudienceTargeting.objects.bulk_create([again])))

    assert error.message_dict == {"__all__": [message_of(CampaignAudienceTargeting, "campaign_targets_a_place_once")]}


@pytest.mark.django_db
def test_a_deleted_parent_is_reported() -> None:
    campaign = CampaignFactory()
    AdFactory(campaign=campaign)

    def delete_the_parent_alone() -> None:
        Campaign.objects.filter(pk=campaign.pk)._raw_delete(using="default")
        connection.check_constraints()

    error = validation_error(collision(delete_the_parent_alone))

    assert error.message_dict == {"__all__": [str(REFERENCE_IS_GONE)]}


@pytest.mark.django_db
@pytest.mark.parametrize(
    "write",
    [
        lambda: Role.objects.bulk_create([Role(role_name="user", role_level=5)]),
        lambda: AdContentRating.objects.bulk_create([AdContentRatingFactory.build(ad=AdContentRatingFactory().ad)]),
    ],
    ids=["unique field", "one to one"],
)
def test_a_collision_without_its_own_message_asks_to_reload(write: Any) -> None:
    assert validation_error(collision(write)).message_dict == {"__all__": [str(CONFLICT)]}


def test_an_error_without_diagnostics_asks_to_reload() -> None:
    assert isinstance(validation_error(IntegrityError("?")), ValidationError)
    assert validation_error(IntegrityError("?")).message_dict == {"__all__": [str(CONFLICT)]}


# --- Factories -------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("factory", "changes"),
    [
        (UserFactory, {}),
        (AdvertiserFactory, {"contact": True}),
        (AdvertiserContactFactory, {}),
        (AdvertiserBankAccountFactory, {}),
        (CampaignFactory, {}),
        (AudienceTargetingFactory, {}),
        (AdFactory, {}),
        (AdFactory, {"rated": True, "approved": True}),
        (AdTimeSlotFactory, {}),
        (AdContentRatingFactory, {}),
        (DeviceFactory, {}),
    ],
    ids=str,
)
def test_factories_make_valid_objects(factory: Any, changes: dict[str, Any]) -> None:
    made = factory(**changes)

    made.full_clean()
    made.refresh_from_db()
    made.full_clean()
