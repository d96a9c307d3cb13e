"""Hostile input to delivery and view reports never causes a 5xx, and refused views aren't counted."""

import json
from typing import Any

import pytest
from django.utils.http import urlencode

from ads.api import opportunities
from ads.api.reporting import ReportedViewSerializer
from ads.models import AdView
from ads.tests.delivery_scene import HERE, caller, showing
from ads.tests.screens import ADDRESS, car, driving, view
from campaign_studio.tests.bodies import send_bytes
from campaign_studio.tests.test_hostile_input import NEVER, PERHAPS

pytestmark = [pytest.mark.django_db, pytest.mark.matrix]

TEXTS = [value for value in [*NEVER, *PERHAPS] if isinstance(value, str) and len(value) < 4_000]
TEXTS += ["2026-11-23T08:15:00+99:99", "2026-11-23T24:00:00", "2026-W48-1T08:15", "+002026-11-23T08:15", "PG-13\x00"]


@pytest.fixture
def client(client_for: Any) -> Any:
    return client_for(caller())


@pytest.mark.parametrize("name", [*opportunities.QuestionSerializer().fields, "page", "page_size"])
@pytest.mark.parametrize("address", ["/api/delivery", "/api/delivery/explain"])
def test_no_parameter_breaks_an_answer(client: Any, address: str, name: str, record_property: Any) -> None:
    ad = showing()
    plain: dict[str, Any] = {**HERE, **({"ad_id": str(ad.pk)} if address.endswith("explain") else {})}

    for text in TEXTS:
        asked = urlencode({**plain, name: text.encode(errors="surrogatepass")})
        answer = client.get(f"{address}?{asked}")
        assert answer.status_code in (200, 400, 404), (name, text, answer.status_code)
        json.loads(answer.content)
    record_property("hostile_inputs", len(TEXTS))


@pytest.mark.parametrize("name", list(ReportedViewSerializer().fields))
def test_no_value_breaks_a_report_of_views(name: str, record_property: Any) -> None:
    ad, client = showing(), driving(car())

    for value in [*NEVER, *PERHAPS]:
        good, odd = view(ad, duration_seconds=1), view(ad, duration_seconds=1) | {name: value}
        answer = send_bytes(client, "POST", ADDRESS, json.dumps([good, odd]).encode())
        assert answer.status_code in (200, 400), (name, value, answer.content)
        if answer.status_code == 200:
            result = answer.json()
            assert result["accepted"] + result["duplicates"] + len(result["rejected"]) == 2
            assert all(one["reason"] and one["code"] and one["index"] == 1 for one in result["rejected"])
    record_property("hostile_inputs", len(NEVER) + len(PERHAPS))


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b"null", b"1", b'"x"', b"[", b"[" * 50_000, b"[1,[2]]", b"[[]]", b"[NaN]"],
    ids=lambda body: repr(body[:9]),
)
def test_no_body_breaks_a_report_of_views(body: bytes, record_property: Any) -> None:
    answer = send_bytes(driving(car()), "POST", ADDRESS, body)

    assert answer.status_code in (200, 400)
    assert not AdView.objects.exists()
    record_property("hostile_inputs", 1)
