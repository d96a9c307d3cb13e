"""Checks that are judged in Python get the verdict of the database, for random rows of every model."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from random import Random
from typing import Any

import pytest
from django.apps import apps
from django.contrib.postgres.fields import ArrayField
from django.db import connection, models
from django.db.models import Q, Value
from django.test.utils import CaptureQueriesContext

from ads.tests.factories import AdTimeSlotFactory
from campaign_studio.models.base import StudioModel
from campaign_studio.models.verdicts import Check, Verdict, checks_of
from campaigns.tests.factories import AudienceTargetingFactory, CampaignFactory

pytestmark = pytest.mark.django_db

ROWS = 120
MODELS = [model for model in apps.get_models() if issubclass(model, StudioModel) and checks_of(model)]
DAYS = [date(2026, 1, 1), date(2026, 1, 2), date(2026, 12, 31)]
TIMES = [time(0, 0), time(0, 15), time(7, 7), time(7, 15, 1), time(23, 45)]
TEXTS = ["", " ", "a", "Z", "ä", "0" * 64, "http://example.com/x", "HTTPS://ä.example", "ftp://x", "{1,2}"]
NUMBERS = [-1, 0, 1, 3, 6, 7, 86_400, 86_401]


def values_for(field: models.Field, constants: list[Any]) -> list[Any]:
    """Values that a field may have, those in its checks among them."""
    if isinstance(field, ArrayField):
        inside = [value for value in values_for(field.base_field, constants) if value is not None]
        return [[], inside[:1], inside[1:3], inside[-2:], inside]
    kinds: list[tuple[type[models.Field], list[Any]]] = [
        (models.DateField, DAYS),
        (models.TimeField, TIMES),
        (models.FloatField, [-180.5, -90.0, 0.0, 90.0, 180.0, float("inf"), float("nan")]),
        (models.SmallIntegerField, NUMBERS[:6]),
        (models.IntegerField, NUMBERS),
        (models.CharField, TEXTS + 3 * constants),
        (models.TextField, TEXTS + 3 * constants),
    ]
    if isinstance(field, models.DateTimeField):
        return [None, datetime(2026, 1, 1, tzinfo=UTC)]
    return [None, *next((values for kind, values in kinds if isinstance(field, kind)), [])]


def constants_in(condition: Any) -> Iterator[Any]:
    """The texts that a condition compares with."""
    if isinstance(condition, Q):
        for child in condition.children:
            yield from constants_in(child[1] if isinstance(child, tuple) else child)
    elif isinstance(condition, list | tuple | set):
        for one in condition:
            yield from constants_in(one)
    elif isinstance(condition, str):
        yield str(condition)


def holds_in_the_database(row: models.Model, check: Check) -> bool:
    # A list of names drops blanks on the way to the database.
    kinds = {f.name: ArrayField(f.base_field) if isinstance(f, ArrayField) else f for f in row._meta.concrete_fields}
    columns = {field.name: field.attname for field in row._meta.concrete_fields}
    values = {name: Value(getattr(row, columns[name]), kind) for name, kind in kinds.items()}
    condition: Any = check.constraint.condition
    return bool(condition.check(values))


def verdicts_on(row: models.Model) -> list[Verdict]:
    return [check.judge(row) for check in checks_of(type(row))]


@pytest.mark.parametrize("model", MODELS)
def test_a_verdict_is_that_of_the_database(model: type[StudioModel]) -> None:
    chance = Random(f"verdicts {model.__name__}")  # noqa: S311 - it must be reproducible
    judged: dict[str, set[Verdict]] = {}

    for check in checks_of(model):
        columns: list[Any] = [model._meta.get_field(name) for name in check.fields]
        constants = list(constants_in(check.constraint.condition))
        for _ in range(ROWS):
            row = model(**{one.attname: chance.choice(values_for(one, constants)) for one in columns})
            verdict = check.judge(row)
            judged.setdefault(str(check.constraint.name), set()).add(verdict)
            if verdict is not Verdict.DOUBT:
                shown = {one.attname: getattr(row, one.attname) for one in columns}
                assert (verdict is not Verdict.FALSE) == holds_in_the_database(row, check), (check, shown)
    # Every check that only compares columns was judged both to fail and not to.
    certain = [verdicts for verdicts in judged.values() if Verdict.DOUBT not in verdicts]
    assert all(Verdict.FALSE in verdicts and len(verdicts) > 1 for verdicts in certain)


def test_checks_that_compare_columns_take_no_query() -> None:
    campaign: Any = CampaignFactory()
    target: Any = AudienceTargetingFactory()

    with CaptureQueriesContext(connection) as seen:
        assert verdicts_on(campaign) == [Verdict.TRUE] * 7
        assert verdicts_on(target) == [Verdict.TRUE]
        campaign.validate_constraints()
    assert len(seen) == 0


def test_checks_that_only_the_database_can_judge_take_one_query() -> None:
    slot: Any = AdTimeSlotFactory()

    with CaptureQueriesContext(connection) as seen:
        slot.validate_constraints()
    assert verdicts_on(slot).count(Verdict.DOUBT) > 1
    assert len([query for query in seen if "_check" in query["sql"]]) == 1
