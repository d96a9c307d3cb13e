"""The triggers in the database match the criteria they are generated from."""

from importlib import import_module

import pytest
from django.db import connection, transaction
from django.db.models.functions import Substr

from ads.api.shown_documents import kept_sql, shown_document
from ads.choices import RATING_LEVELS
from ads.delivery import triggers
from ads.delivery.criteria import CRITERIA, audience
from campaigns.choices import SECONDS

pytestmark = pytest.mark.django_db

KEPT = """
SELECT pg_get_functiondef('find_deliverable_ads(uuid)'::regprocedure)
UNION ALL
SELECT pg_get_functiondef('note_used_up_caps()'::regprocedure)
UNION ALL
(SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgname LIKE '%\\_change\\_what\\_is\\_deliverable' ORDER BY tgname)
"""
MIGRATE = "A criterion or what screens get has changed. Add a migration, as described in ads/delivery/triggers.py."


def kept(*statements: str) -> list[str]:
    """The function and the triggers in the database after running the statements, which are rolled back."""
    with transaction.atomic(), connection.cursor() as cursor:
        for sql in statements:
            cursor.execute(sql)
        cursor.execute(KEPT)
        definitions = [definition for (definition,) in cursor.fetchall()]
        transaction.set_rollback(True)
    return definitions


def test_the_newest_migration_matches_the_criteria() -> None:
    assert kept(kept_sql()) == kept(), MIGRATE


# Criteria about places have their own table, which no constant of a criterion affects.
OF_ADS = [criterion.code for criterion in CRITERIA if criterion not in audience.CRITERIA]


@pytest.mark.parametrize("code", OF_ADS)
def test_a_change_to_any_criterion_needs_a_migration(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    without = [criterion for criterion in CRITERIA if criterion.code != code]
    monkeypatch.setattr(triggers, "CRITERIA", without)

    assert kept(kept_sql()) != kept()


def test_a_change_to_what_screens_get_needs_a_migration() -> None:
    shorter = Substr(shown_document(), 1, 9)

    assert kept(triggers.trigger_sql(shorter)) != kept()


def test_the_function_has_every_rating_label_and_unit() -> None:
    function = kept()[0]

    assert all(f"'{label}' THEN {level} " in function for label, level in RATING_LEVELS.items())
    assert all(f"'{unit}' THEN {seconds} " in function for unit, seconds in SECONDS.items())


def test_the_migration_can_be_reversed() -> None:
    before, after = (
        import_module(f"ads.migrations.{name}")
        for name in ("0005_deliverable_ads", "0006_deliverable_ads_from_criteria")
    )

    statements = after.KEPT_BEFORE.replace("OR REPLACE ", "").strip().split("\n\n")

    assert len(statements) == 3
    assert all(statement in before.KEEP for statement in statements)
    assert kept(after.KEPT_BEFORE, after.KEEP) == kept(after.KEEP) != kept(after.KEPT_BEFORE)
