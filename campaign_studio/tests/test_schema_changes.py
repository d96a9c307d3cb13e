"""A change of wording needs no migration; a change of the database does."""

from collections.abc import Callable

import pytest
from django.apps import apps
from django.db import models
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ModelState, ProjectState

from ads.models import Ad
from campaign_studio.constraints import FieldCheck
from campaign_studio.database.schema_changes import SchemaAutodetector

LENGTH = Ad._meta.get_field("ad_name").max_length


def changes_after(
    change: Callable[[ModelState], None], detector: type[MigrationAutodetector] = SchemaAutodetector
) -> list[str]:
    """What `makemigrations` would do after this change of the ad's state."""
    before = ProjectState.from_apps(apps)
    after = before.clone()
    ad = after.models["ads", "ad"] = before.models["ads", "ad"].clone()
    change(ad)
    found = detector(before, after).changes(MigrationLoader(None).graph)
    return [type(step).__name__ for migrations in found.values() for one in migrations for step in one.operations]


def reworded(ad: ModelState) -> None:
    ad.options = ad.options | {"verbose_name": "commercial"}
    ad.fields["ad_name"] = models.CharField("heading", max_length=LENGTH, help_text="?")
    status = ad.fields["ad_status"].clone()
    status.choices = [(value, f"{label}?") for value, label in status.flatchoices]
    ad.fields["ad_status"] = status
    check = next(one for one in Ad._meta.constraints if isinstance(one, FieldCheck)).clone()
    check.violation_error_message = "No."
    ad.options["constraints"] = [check if one.name == check.name else one for one in ad.options["constraints"]]


def shortened(ad: ModelState) -> None:
    ad.fields["ad_name"] = models.CharField("name", max_length=7)


def with_another_choice(ad: ModelState) -> None:
    status = ad.fields["ad_status"].clone()
    status.choices = [*status.flatchoices, ("new", "New")]
    ad.fields["ad_status"] = status


def without_a_constraint(ad: ModelState) -> None:
    ad.options["constraints"] = ad.options["constraints"][1:]


@pytest.mark.parametrize(
    ("change", "operations"),
    [
        (reworded, []),
        (shortened, ["AlterField"]),
        (with_another_choice, ["AlterField"]),
        (without_a_constraint, ["RemoveConstraint"]),
    ],
)
def test_only_changes_of_the_database_make_a_migration(
    change: Callable[[ModelState], None], operations: list[str]
) -> None:
    assert changes_after(change) == operations


def test_control_django_makes_a_migration_for_wording() -> None:
    assert sorted(changes_after(reworded, MigrationAutodetector)) == [
        "AlterConstraint",
        "AlterField",
        "AlterField",
        "AlterModelOptions",
    ]
