"""Reports of views: what is accepted, and how invalid views are refused."""

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rest_framework.test import APIClient

from accounts.models import User
from accounts.tests.factories import Cast
from ads.api import reporting
from ads.models import Ad, AdView
from ads.reporting.reports import ReportedView
from ads.tests.factories import AdFactory
from ads.tests.screens import ADDRESS, car, driving, reasons, report, view
from campaign_studio.api.serializers import UNKNOWN_FIELD
from campaign_studio.tests.bodies import send_bytes, stored

pytestmark = pytest.mark.django_db
NO_OFFSET = "viewed_at: Send the screen's local date and time with its offset, such as 2026-11-23T08:17:05+01:00."
NO_SECONDS = "duration_seconds: Send a number of seconds, 0 or more."
NO_PROOF = "impression: Send the impression of a delivered ad, which is a text."


@pytest.fixture
def client(db: None) -> APIClient:
    """A vehicle's client."""
    return driving(car())


@pytest.fixture
def ad() -> Ad:
    return AdFactory()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"impression": 5}, NO_PROOF),
        ({"impression": ["x"]}, NO_PROOF),
        ({"impression": None}, "impression: This field may not be null."),
        ({"sequence": -1}, "sequence: Ensure this value is greater than or equal to 0."),
        ({"sequence": 1.5}, "sequence: A valid integer is required."),
        ({"sequence": True}, "sequence: A valid integer is required."),
        ({"sequence": "first"}, "sequence: A valid integer is required."),
        ({"sequence": None}, "sequence: This field may not be null."),
        ({"duration_seconds": -1}, NO_SECONDS),
        ({"duration_seconds": -0.1}, NO_SECONDS),
        ({"duration_seconds": "10"}, NO_SECONDS),
        ({"duration_seconds": True}, NO_SECONDS),
        ({"duration_seconds": None}, "duration_seconds: This field may not be null."),
        ({"viewed_at": "2026-11-01T12:00:00"}, NO_OFFSET),
        ({"viewed_at": "2026-11-01"}, NO_OFFSET),
        ({"viewed_at": "now"}, NO_OFFSET),
        ({"viewed_at": 1_700_000_000}, NO_OFFSET),
        ({"viewed_at": "0001-01-01T00:00:00+14:00"}, "viewed_at: Send a date from 2000 to 2099."),
        ({"viewed_at": "9999-12-31T23:59:59-12:00"}, "viewed_at: Send a date from 2000 to 2099."),
        ({"viewed_at": "2026-11-01T12:00:00+14:01"}, "viewed_at: Send an offset from -12:00 to +14:00."),
        ({"viewed_at": "2026-11-01T12:00:00-23:59"}, "viewed_at: Send an offset from -12:00 to +14:00."),
        ({"odd": 1}, f"odd: {UNKNOWN_FIELD}"),
        *[
            ({name: "x"}, f"{name}: {UNKNOWN_FIELD}")
            for name in ("view_id", "ad_id", "country", "city", "postcode", "device_id")
        ],
    ],
)
def test_the_other_views_of_a_report_with_a_malformed_one_are_accepted(
    client: APIClient, ad: Ad, changes: dict[str, Any], reason: str
) -> None:
    answer = report(client, view(ad), {**view(ad), **changes}, view(ad))

    assert answer == {
        "accepted": 2,
        "duplicates": 0,
        "rejected": [{"index": 1, "code": "invalid", "reason": reason}],
    }


@pytest.mark.parametrize(("sent", "kept"), [(10, 10), (10.0, 10), (10.999, 10), (0.5, 0)])
def test_fractions_of_seconds_are_rounded_down(client: APIClient, ad: Ad, sent: float, kept: int) -> None:
    assert report(client, view(ad, duration_seconds=sent))["accepted"] == 1

    assert AdView.objects.get().duration_seconds == kept


@pytest.mark.parametrize("odd", [None, 1, "view", [], [{}]])
def test_an_item_that_is_not_a_view_is_refused_with_an_example(client: APIClient, ad: Ad, odd: Any) -> None:
    answer = report(client, odd, view(ad))

    assert answer["accepted"] == 1
    assert reasons(answer)[0].startswith("This is not a view. Send an object such as {")


def test_every_missing_field_is_named(client: APIClient) -> None:
    (reason,) = reasons(report(client, {})).values()

    for name in ("impression", "sequence", "viewed_at", "duration_seconds"):
        assert f"{name}: This field is required." in reason


@pytest.mark.parametrize("body", [b"[]", b"{}", b"1", b"null", b'"x"', b"", b"[" + b"{}," * 500 + b"{}]"])
def test_anything_but_a_list_of_1_to_500_views_is_refused_with_an_example(client: APIClient, body: bytes) -> None:
    before = stored()

    answer = send_bytes(client, "POST", ADDRESS, body)

    assert answer.status_code == 400
    assert set(answer.json()) == {"detail"}
    assert body == b"" or answer.json()["detail"].startswith("Send a list of 1 to 500 views, such as [{")
    assert stored() == before


@pytest.mark.parametrize(
    "body", [b"[", rb'[{"impression": "\ud800"}]', b'[{"a": 1, "a": 2}]', b'[{"duration_seconds": NaN}]']
)
def test_a_body_that_is_not_valid_json_is_refused_as_a_whole(client: APIClient, body: bytes) -> None:
    assert send_bytes(client, "POST", ADDRESS, body).status_code == 400


def test_an_ad_with_views_cannot_be_deleted(
    client: APIClient, ad: Ad, cast: Cast, client_for: Callable[[User | None], APIClient]
) -> None:
    report(client, view(ad))
    boss = client_for(cast.system_admin)

    for address in (f"/api/ads/{ad.pk}", f"/api/campaigns/{ad.campaign_id}"):
        answer = boss.delete(address, headers={"If-Match": boss.get(address)["ETag"]})
        assert answer.status_code == 409, address
        assert answer.data["detail"].code == "protected"


def test_users_of_no_role_may_report_views(cast: Cast, client_for: Callable[[User | None], APIClient], ad: Ad) -> None:
    before = stored()

    for user in cast:
        assert client_for(user).post(ADDRESS, [view(ad)]).status_code == 403, user.role_id
    assert client_for(None).post(ADDRESS, [view(ad)]).status_code == 401
    assert stored() == before


MOMENTS = st.sampled_from(
    [
        *("2026-11-23T08:17:05+01:00", "2026-11-23T08:17:05Z", "2026-11-23 08:17:05.25-0930", "20261123T081705+0100"),
        *("2026-W48-1T08:17+01:00", "2026-11-23T08:17", "2026-11-23", "1999-12-31T23:59:59Z", "2100-01-01T00:00:00Z"),
        *("2026-11-23T08:17:05+14:15", "2026-11-23T08:17:05-12:30", "2026-11-23T24:00:00Z", "2026-11-31T00:00:00Z", ""),
    ]
)
NUMBERS: st.SearchStrategy[Any] = st.sampled_from(
    [0, 1, -1, 10**30, 1.0, 0.5, -0.5, -0.0, 1e308, True, False, None, "1", "", [], {}]
)
TEXTS: st.SearchStrategy[Any] = st.sampled_from(["AQ", "", " AQ ", "\x00", "ä", None, 5, [], {}])
# Every field of a view but one may be anything, or missing.
ITEMS = st.fixed_dictionaries(
    {},
    optional={
        "impression": TEXTS,
        "sequence": NUMBERS | st.integers(0, 5),
        "viewed_at": MOMENTS | NUMBERS,
        "duration_seconds": NUMBERS | st.floats(0, 900),
        "odd": TEXTS,
    },
) | st.builds(
    lambda text, sequence, at, seconds: dict(
        zip(("impression", "sequence", "viewed_at", "duration_seconds"), (text, sequence, at, seconds), strict=True)
    ),
    TEXTS,
    NUMBERS,
    MOMENTS,
    NUMBERS,
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(items=st.lists(ITEMS | NUMBERS, min_size=1, max_size=5))
def test_the_short_way_of_reading_a_view_agrees_with_the_serializer(
    items: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    short = reporting._read(items)
    with monkeypatch.context() as without:
        without.setattr(reporting, "_usual", lambda index, item: None)
        assert reporting._read(items) == short


def test_the_usual_form_of_a_view_takes_the_short_way(ad: Ad) -> None:
    at = timezone.now()
    sent = view(ad, viewed_at=at)

    assert reporting._usual(0, sent) == ReportedView(0, sent["impression"], sent["sequence"], at, 10)
    assert reporting._usual(0, {**sent, "duration_seconds": 10.9}) == reporting._usual(0, sent)
