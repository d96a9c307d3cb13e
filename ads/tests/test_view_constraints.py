"""The constraints of counted views: the model and the database refuse the same values."""

from datetime import date
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from ads.models import AdView, AdViewDay, CampaignViewTotals
from ads.tests.factories import AdFactory
from ads.tests.test_constraints import MESSAGES
from campaign_studio.tests.refusals import assert_database_refuses, assert_model_refuses, write_past_the_model

pytestmark = pytest.mark.django_db

PER_VIEW = """
INSERT INTO ad_views (view_id, ad_id, viewed_at, duration_seconds, country, city, postcode, device_id, created_at)
VALUES (gen_random_uuid(), gen_random_uuid(), now(), %s, '', '', '', '', now())
"""


@pytest.mark.parametrize("seconds", [-1, 86_401])
def test_a_view_lasts_a_day_at_most(seconds: int) -> None:
    def write() -> None:
        with connection.cursor() as cursor:
            cursor.execute(PER_VIEW, [seconds])

    view = AdView(ad=AdFactory(), view_id=AdFactory().pk, viewed_at=timezone.now())
    field = "duration_seconds" if seconds < 0 else "__all__"
    refusal = "min_value" if seconds < 0 else MESSAGES["ad_view_lasts_a_day_at_most"]
    assert_model_refuses(view, field, refusal, duration_seconds=seconds)
    assert_database_refuses("ad_view_lasts_a_day_at_most", write)


def day(**values: Any) -> AdViewDay:
    return AdViewDay(**{"ad": AdFactory(), "day": date(2026, 11, 1), "view_count": 1, "view_seconds": 9, **values})


def test_an_ad_has_one_sum_per_day_and_city() -> None:
    first = day(city="Ulm")
    first.save()

    again = day(ad=first.ad, city="Ulm")

    assert_model_refuses(again, "__all__", MESSAGES["ad_view_day_is_one_row"])
    assert_database_refuses("ad_view_day_is_one_row", again.save)


@pytest.mark.parametrize("column", ["view_count", "view_seconds"])
def test_sums_cannot_be_negative(column: str) -> None:
    of_day = day()
    of_day.save()
    of_campaign = CampaignViewTotals.objects.create(campaign=of_day.ad.campaign)

    for row, name in (
        (of_day, "ad_view_day_counts_up"),
        (of_campaign, "campaign_view_totals_are_not_negative"),
    ):
        assert_database_refuses(name, write_past_the_model(row, **{column: -1}))
        assert_model_refuses(row, "__all__", MESSAGES[name], **{column: -1})
