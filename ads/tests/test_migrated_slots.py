"""Time slots from before they had days are for every day, and so is what delivery finds; and back again."""

from collections.abc import Iterator
from datetime import date, time
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from pytest_django import DjangoDbBlocker

from campaign_studio.tests.test_upgrade import on_a_database_of_its_own

BEFORE = [("ads", "0012_one_row_for_local_days_and_one_for_utc")]
AFTER = [("ads", "0014_deliverable_quarters_of_week")]

pytestmark = pytest.mark.matrix


@pytest.fixture
def models(django_db_blocker: DjangoDbBlocker) -> Iterator[Any]:
    """The models before the migration, while this thread is connected to a database of that time."""
    with django_db_blocker.unblock(), on_a_database_of_its_own():
        yield migrate(BEFORE)


def migrate(target: Any) -> Any:
    executor = MigrationExecutor(connection)
    executor.migrate(target)
    return executor.loader.project_state(target).apps.get_model


def new_ad(get_model: Any) -> Any:
    """An ad that may show."""
    name, role = uuid4().hex, get_model("accounts", "Role").objects.first()
    user = get_model("accounts", "User").objects.create(username=name, email=f"{name}@example.com", role=role)
    campaign = get_model("campaigns", "Campaign").objects.create(
        campaign_name="C",
        campaign_start_date=date(2026, 11, 1),
        campaign_end_date=date(2026, 11, 30),
        campaign_status="active",
        campaign_created_by=user,
    )
    values = {"ad_type_id": "top_bar_ad", "media_type": "text", "media_content": "Hi", "ad_name": "Ad"}
    ad = get_model("ads", "Ad").objects.create(
        campaign=campaign, ad_number=1, ad_status="active", moderation_status="approved", ad_created_by=user, **values
    )
    get_model("ads", "AdContentRating").objects.create(ad=ad, no_prohibited_content=True)
    return ad


def add(get_model: Any, ad: Any, start: str, end: str, **values: Any) -> None:
    times = {"time_slot_start": time.fromisoformat(start), "time_slot_end": time.fromisoformat(end)}
    get_model("ads", "AdTimeSlot").objects.create(ad_id=ad.pk, **times, **values)


def ask(sql: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return list(cursor.fetchall())


def slots_of(ad: Any) -> list[str]:
    found = ask(f"SELECT time_slot_start, time_slot_end FROM ad_time_slots WHERE ad_id = '{ad.pk}' ORDER BY 1")  # noqa: S608
    return [f"{start:%H:%M}-{end:%H:%M}" for start, end in found]


def quarters_of(ad: Any) -> Any:
    ((found,),) = ask(f"SELECT quarters FROM deliverable_ads WHERE ad_id = '{ad.pk}'")  # noqa: S608
    return found


def test_slots_are_for_every_day_afterwards_and_merged_backwards_where_they_overlap(models: Any) -> None:
    always, morning, whole_days = (new_ad(models) for _ in range(3))
    add(models, morning, "07:00", "07:30")
    add(models, morning, "07:30", "08:00")
    add(models, morning, "23:45", "00:00")
    add(models, whole_days, "00:00", "00:00")
    before = {ad.pk: sorted(quarters_of(ad)) for ad in (always, morning)}
    assert before == {always.pk: [-1], morning.pk: [28, 29, 30, 31, 95]}

    models = migrate(AFTER)

    assert {tuple(days) for (days,) in ask("SELECT weekdays FROM ad_time_slots")} == {(1, 2, 3, 4, 5, 6, 7)}
    of_each_day = [(first + day * 96, end + day * 96) for day in range(7) for first, end in ((28, 32), (95, 96))]
    assert [(span.lower, span.upper) for span in quarters_of(morning)] == of_each_day
    for ad in (always, whole_days):
        assert [(span.lower, span.upper) for span in quarters_of(ad)] == [(0, 672)]
    computed = ask("SELECT ad_id, quarters::text FROM deliverable_ads ORDER BY 1")
    ask("SELECT find_deliverable_ads(campaign_id) FROM campaigns")
    assert ask("SELECT ad_id, quarters::text FROM deliverable_ads ORDER BY 1") == computed

    add(models, morning, "10:00", "11:00", weekdays=[1])
    weekly = new_ad(models)
    add(models, weekly, "07:00", "09:00", weekdays=[1, 2])
    add(models, weekly, "08:00", "10:00", weekdays=[3])
    add(models, weekly, "08:00", "08:30", weekdays=[5])
    add(models, weekly, "20:00", "22:00", weekdays=[1])
    add(models, weekly, "21:00", "00:00", weekdays=[2])
    add(models, weekly, "12:00", "13:00", weekdays=[7])

    migrate(BEFORE)

    assert slots_of(morning) == ["07:00-07:30", "07:30-08:00", "10:00-11:00", "23:45-00:00"]
    assert slots_of(weekly) == ["07:00-10:00", "12:00-13:00", "20:00-00:00"]
    assert slots_of(whole_days) == ["00:00-00:00"]
    expected = [*range(28, 40), *range(48, 52), *range(80, 96)]
    assert sorted(quarters_of(weekly)) == expected
    assert [quarters_of(ad) for ad in (always, whole_days)] == [[-1], [-1]]

    migrate(AFTER)
    assert [(span.lower, span.upper) for span in quarters_of(always)] == [(0, 672)]
