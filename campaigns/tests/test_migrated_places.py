"""Targets from before places had keys get them, with a report of pairs; and back again, and nothing typed is lost."""

import io
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from pytest_django import DjangoDbBlocker

from campaign_studio.tests.test_upgrade import on_a_database_of_its_own

BEFORE = [
    ("campaign_studio", "0002_secrets_are_not_kept"),
    ("campaigns", "0002_version"),
    ("ads", "0008_views_with_proof"),
]
TYPED = [
    ("Bavaria", ["München", "Munich", "Nürnberg"], ["80331", "D-80331"]),
    ("DE-BY", [], []),
    ("Europe", ["Berlin"], ["10115"]),
]

pytestmark = pytest.mark.matrix


def migrate_back() -> Any:
    executor = MigrationExecutor(connection)
    executor.migrate(BEFORE)
    return executor.loader.project_state(BEFORE).apps.get_model


@pytest.fixture
def models(django_db_blocker: DjangoDbBlocker) -> Iterator[Any]:
    """The models before the migration, while this thread is connected to a database of that time."""
    with django_db_blocker.unblock(), on_a_database_of_its_own():
        yield migrate_back()


def columns(*names: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(names)} FROM campaign_audience_targeting ORDER BY region")  # noqa: S608 - names
        return list(cursor.fetchall())


def test_targets_get_keys_and_lose_them_again_and_what_was_typed_stays(models: Any) -> None:
    user = models("accounts", "User").objects.create(username="u", role=models("accounts", "Role").objects.first())
    dates = {"campaign_start_date": date(2026, 11, 1), "campaign_end_date": date(2026, 11, 30)}
    campaign = models("campaigns", "Campaign").objects.create(campaign_name="C", campaign_created_by=user, **dates)
    for region, cities, postcodes in TYPED:
        models("campaigns", "CampaignAudienceTargeting").objects.create(
            campaign=campaign, country="DE", region=region, cities=cities, postcodes=postcodes
        )
    keys = [
        ("de-by", ["munich", "nuremberg"], ["80331"]),
        ("de-by", [], []),
        ("", ["berlin"], ["10115"]),
    ]

    for _ in range(2):
        out = io.StringIO()
        call_command("migrate", stdout=out)

        printed = out.getvalue()
        assert [pair for pair in ("“München” and “Munich”", "“Bavaria” and “DE-BY”", "“80331”") if pair in printed] == [
            "“München” and “Munich”",
            "“Bavaria” and “DE-BY”",
            "“80331”",
        ]
        assert columns("region_key", "city_keys", "postcode_keys") == keys
        assert columns("region", "cities", "postcodes") == TYPED

        migrate_back()
        assert columns("region", "cities", "postcodes") == TYPED
