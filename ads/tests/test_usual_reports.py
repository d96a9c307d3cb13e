"""Reports in the form that devices send take a shorter way, with the same answers and effects as the view."""

from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts.models import SecurityEvent
from ads.api import reporting
from ads.models import Ad, AdView, Device
from ads.tests.factories import AdFactory
from ads.tests.screens import ADDRESS, car, counters, driving, view
from campaigns.tests.factories import CampaignFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def ad() -> Ad:
    return AdFactory()


def reports_of(ad: Ad) -> list[Any]:
    """Reports that are answered in every way."""
    capped = AdFactory(campaign=CampaignFactory(campaign_max_view_count=1))
    sent = view(ad)
    return [
        [sent],
        [sent, view(ad, city="Köln"), {}, 5, {**sent, "viewed_at": "now"}],
        [view(capped), view(capped), view(ad, impression="AQ", sequence=0)],
        [view(ad, duration_seconds=10.9, viewed_at="2000-01-01T00:00:00+00:00")],
        [],
        [5] * 501,
        {"impression": "AQ"},
    ]


@time_machine.travel("2026-11-23T08:17:05+00:00", tick=False)
def test_the_shorter_way_and_the_view_give_the_same_answer(ad: Ad, monkeypatch: pytest.MonkeyPatch) -> None:
    driver = car()
    reports, device = reports_of(ad), driving(driver)
    strangers = [driving(car("off")), APIClient(), APIClient(), APIClient()]
    Device.objects.filter(pk="off").update(is_active=False)
    strangers[1].credentials(HTTP_AUTHORIZATION="Device car-1:wrong")
    # No whitespace of a header.
    strangers[2].credentials(HTTP_AUTHORIZATION=f"Device car-1:{driver.new_key}\xa0")

    def answer_to(client: APIClient, *args: Any, **options: Any) -> tuple[int, bytes, dict[str, str]]:
        answer = client.post(*args, **options)
        return answer.status_code, answer.content, {name: answer[name] for name in {*answer.headers} - {"X-Request-ID"}}

    def answers() -> list[Any]:
        cache.clear()
        with transaction.atomic():
            got: list[Any] = [answer_to(device, ADDRESS, one) for one in reports]
            got += [answer_to(device, ADDRESS, "[1e999]", content_type="application/json")]
            got += [answer_to(stranger, ADDRESS, reports[0]) for stranger in strangers]
            got += [
                answer_to(device, f"{ADDRESS}?odd=1", reports[0]),
                answer_to(device, ADDRESS, "[", content_type="a/b"),
                answer_to(device, ADDRESS, reports[0], headers={"Content-Encoding": "br"}),
            ]
            got += [counters(ad), AdView.objects.count(), SecurityEvent.objects.count()]
            got += [Device.objects.get(pk="car-1").last_seen_at]
            transaction.set_rollback(True)
        return got

    short = answers()
    monkeypatch.setattr(reporting, "_is_usual_report", lambda request: False)

    assert short == answers()
    assert [code for code, *_ in short[:15]] == [200] * 4 + [400] * 4 + [401] * 4 + [400, 415, 415]


def test_a_short_report_is_authenticated_and_locked_by_one_statement(ad: Ad) -> None:
    device = driving(car())
    device.post(ADDRESS, [view(ad)])

    with CaptureQueriesContext(connection) as seen:
        assert device.post(ADDRESS, [view(ad)]).json()["accepted"] == 1
    locked = [one["sql"] for one in seen.captured_queries if "FROM devices" in one["sql"]]
    assert len(locked) == 1
    assert "FOR NO KEY UPDATE" in locked[0]
