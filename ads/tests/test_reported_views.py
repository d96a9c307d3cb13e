"""Reports of views: what is accepted, and how invalid views are refused."""

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import User
from accounts.tests.factories import Cast
from ads.models import Ad
from ads.tests.factories import AdFactory
from ads.tests.test_counting_views import ADDRESS, reasons, report, view
from campaign_studio.api.serializers import UNKNOWN_FIELD
from campaign_studio.tests.bodies import send_bytes, stored

pytestmark = pytest.mark.django_db
NO_ZONE = "viewed_at: Send a date and time with its time zone, such as 2026-11-01T12:00:00Z."


@pytest.fixture
def client(device_client: APIClient) -> APIClient:
    """A vehicle's client."""
    return device_client


@pytest.fixture
def ad() -> Ad:
    return AdFactory()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"view_id": "x"}, "view_id: Must be a valid UUID."),
        ({"view_id": 5}, "view_id: Must be a valid UUID."),
        ({"view_id": None}, "view_id: This field may not be null."),
        ({"ad_id": "x"}, "ad_id: Must be a valid UUID."),
        ({"duration_seconds": -1}, "duration_seconds: Ensure this value is greater than or equal to 0."),
        ({"duration_seconds": 86_401}, "duration_seconds: Ensure this value is less than or equal to 86400."),
        ({"duration_seconds": 1.5}, "duration_seconds: A valid integer is required."),
        ({"duration_seconds": True}, "duration_seconds: A valid integer is required."),
        ({"duration_seconds": None}, "duration_seconds: This field may not be null."),
        ({"viewed_at": "2026-11-01T12:00:00"}, NO_ZONE),
        ({"viewed_at": "2026-11-01"}, NO_ZONE),
        ({"viewed_at": "now"}, NO_ZONE),
        ({"viewed_at": 1_700_000_000}, NO_ZONE),
        ({"viewed_at": "0001-01-01T00:00:00+14:00"}, "viewed_at: Datetime value out of range."),
        ({"city": "x" * 201}, "city: Ensure this field has no more than 200 characters."),
        ({"city": "a\x00b"}, "city: Null characters are not allowed."),
        ({"country": ["DE"]}, "country: Not a valid string."),
        ({"device_id": "x" * 101}, "device_id: Ensure this field has no more than 100 characters."),
        ({"odd": 1}, f"odd: {UNKNOWN_FIELD}"),
    ],
)
def test_the_other_views_of_a_report_with_a_malformed_one_are_accepted(
    client: APIClient, ad: Ad, changes: dict[str, Any], reason: str
) -> None:
    answer = report(client, view(ad), view(ad, **changes), view(ad))

    assert answer == {"accepted": 2, "duplicates": 0, "rejected": [{"index": 1, "reason": reason}]}


@pytest.mark.parametrize("odd", [None, 1, "view", [], [{}]])
def test_an_item_that_is_not_a_view_is_refused_with_an_example(client: APIClient, ad: Ad, odd: Any) -> None:
    answer = report(client, odd, view(ad))

    assert answer["accepted"] == 1
    assert reasons(answer)[0].startswith("This is not a view. Send an object such as {")


def test_every_missing_field_is_named(client: APIClient) -> None:
    (reason,) = reasons(report(client, {})).values()

    for name in ("view_id", "ad_id", "viewed_at", "duration_seconds"):
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
    "body", [b"[", rb'[{"city": "\ud800"}]', b'[{"a": 1, "a": 2}]', b'[{"duration_seconds": NaN}]']
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
