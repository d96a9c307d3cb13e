"""Which dates and times `?as_of=` accepts, and how it refuses others."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from rest_framework.test import APIClient

from accounts.models import AuditEntry, User
from accounts.tests.factories import Cast
from campaign_studio.tests.attackers import NOWHERE
from campaigns.tests.factories import AudienceTargetingFactory, CampaignFactory

pytestmark = pytest.mark.django_db

ClientFor = Callable[[User | None], APIClient]
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def admin(cast: Cast, client_for: ClientFor) -> APIClient:
    """The client of a user who may see everything."""
    return client_for(cast.system_admin)


def at(hours: int) -> Any:
    """Travel to this number of hours after noon."""
    return time_machine.travel(NOON + timedelta(hours=hours), tick=False)


def moment(hours: int) -> str:
    """That time in the API's format."""
    return (NOON + timedelta(hours=hours)).isoformat().replace("+00:00", "Z")


def read(client: APIClient, row: Any, as_of: str) -> dict[str, Any]:
    answer = client.get(address_of(row), {"as_of": as_of})
    assert answer.status_code == 200, answer.content
    found: dict[str, Any] = answer.json()
    return found


def address_of(row: Any) -> str:
    return f"/api/{row._meta.model_name}s/{row.pk}"


def moment_now() -> str:
    """The current time in the API's format."""
    return datetime.now(UTC).isoformat()


@pytest.mark.parametrize(
    ("as_of", "name"),
    [
        ("2026-03-01", "First"),
        ("2026-03-01T23:59:59.999999Z", "First"),
        ("2026-03-02T00:00:00", "Second"),
        ("2026-03-02T01:00:00+01:00", "Second"),
        ("2026-03-02T00:59:59+01:00", "First"),
        ("2026-03-02", "Second"),
        ("2026-03-03", "Third"),
    ],
)
def test_a_date_means_the_end_of_that_day_and_times_are_utc(as_of: str, name: str, admin: APIClient) -> None:
    with at(0):
        campaign = CampaignFactory(campaign_name="First")
    with at(12):
        admin.patch(address_of(campaign), {"campaign_name": "Second"})
    with at(36):
        admin.patch(address_of(campaign), {"campaign_name": "Third"})

        # The third of March is today, so it means now.
        assert read(admin, campaign, as_of)["campaign_name"] == name


@pytest.mark.parametrize(
    "as_of",
    [
        *["", "yesterday", "2026-02-30", "2026-13-01", "1", "2026-03-01T25:00:00Z", "2026-03-01 12:00 CET"],
        *["9999-12-31T23:59:59-23:00", "0001-01-01T00:00:00+14:00", "2026-03-01T12:00:00Z'", "∞", "9" * 500],
    ],
)
def test_anything_but_a_date_or_time_is_refused(as_of: str, admin: APIClient) -> None:
    answer = admin.get(address_of(CampaignFactory()), {"as_of": as_of})

    assert answer.status_code == 400
    assert answer.json() == {
        "as_of": [
            "This is not a date or a time. Use a date such as 2026-11-01 (meaning the end of that day), or a UTC time "
            "such as 2026-11-01T12:00:00Z."
        ]
    }
    assert answer.data["as_of"][0].code == "invalid"


@pytest.mark.parametrize("as_of", ["9999-12-31", "2026-03-02", moment(1)])
def test_a_time_in_the_future_is_refused(as_of: str, admin: APIClient) -> None:
    with at(0):
        answer = admin.get(address_of(CampaignFactory()), {"as_of": as_of})

    assert answer.status_code == 400
    assert answer.json() == {"as_of": ["This time is in the future. Use an earlier one."]}
    assert answer.data["as_of"][0].code == "in_future"


@pytest.mark.parametrize("as_of", ["0001-01-01", "2026-02-28", moment(-1)])
def test_a_time_before_the_object_existed_is_refused_with_its_creation_time(as_of: str, admin: APIClient) -> None:
    with at(0):
        campaign = CampaignFactory()

    answer = admin.get(address_of(campaign), {"as_of": as_of})

    assert answer.status_code == 404
    assert answer.json() == {"detail": f"This object was created at {moment(0)}. Choose a later time."}
    assert admin.get(address_of(campaign), {"as_of": moment(0)}).status_code == 200


def test_a_deleted_object_is_not_found(admin: APIClient) -> None:
    campaign = CampaignFactory()
    before = moment_now()
    address = address_of(campaign)
    campaign.delete()

    assert admin.get(address, {"as_of": before}).status_code == 404
    assert admin.get(f"/api/ads/{NOWHERE}", {"as_of": before}).status_code == 404


@pytest.mark.parametrize(
    "query", ["as_of=2026-03-01&as_of=2026-03-02", "asof=2026-03-01", "as_of=2026-03-01&version=1"]
)
def test_other_parameters_are_refused(query: str, admin: APIClient) -> None:
    assert admin.get(f"{address_of(CampaignFactory())}?{query}").status_code == 400


def test_a_past_state_can_not_be_changed(admin: APIClient) -> None:
    campaign = CampaignFactory(campaign_name="Now")

    for method in ("put", "patch", "delete"):
        answer = getattr(admin, method)(f"{address_of(campaign)}?as_of={moment(0)}", {"campaign_name": "Then"})
        assert answer.status_code == 400
    campaign.refresh_from_db()
    assert campaign.campaign_name == "Now"


def test_it_works_after_the_start_of_the_log_was_pruned(admin: APIClient, forget: Callable[[datetime], None]) -> None:
    with at(0):
        campaign = CampaignFactory(campaign_name="First")
        AudienceTargetingFactory(campaign=campaign)
    with at(2):
        admin.patch(address_of(campaign), {"campaign_name": "Second"})
    with at(4):
        admin.patch(address_of(campaign), {"campaign_name": "Third", "audience_targeting": []})
    forget(NOON + timedelta(hours=1))

    past = read(admin, campaign, moment(3))
    too_early = admin.get(address_of(campaign), {"as_of": moment(1)})

    assert (past["campaign_name"], len(past["audience_targeting"])) == ("Second", 1)
    assert past["audience_targeting"][0]["created_at"] is None
    assert too_early.status_code == 404
    assert too_early.json() == {"detail": f"The audit log only goes back to {moment(2)}. Choose a later time."}


@pytest.fixture
def forget() -> Callable[[datetime], None]:
    """Delete the entries before a time, as `prune_audit_log` does with entries older than 90 days."""

    def do(before: datetime) -> None:
        with connection.cursor() as cursor:
            # PostgreSQL doesn't alter a table with pending checks.
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("ALTER TABLE audit_log DISABLE TRIGGER USER")
            entries = AuditEntry.objects.filter(timestamp__lt=before)
            entries._raw_delete(entries.db)
            cursor.execute("ALTER TABLE audit_log ENABLE TRIGGER USER")

    return do
