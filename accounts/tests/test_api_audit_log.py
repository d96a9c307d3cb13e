"""The audit log in the API, for administrators."""

from collections.abc import Callable
from typing import Any
from unittest.mock import ANY

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import AuditEntry, User
from accounts.tests.factories import Cast
from campaign_studio.acting import acting_as
from campaign_studio.tests.bodies import advertiser_body, bearing, campaign_body, tokens_of, user_body
from campaigns.tests.factories import CampaignFactory

pytestmark = pytest.mark.django_db

ClientFor = Callable[[User | None], APIClient]
KEYS = {
    "timestamp",
    "actor",
    "action",
    "door",
    "remote_addr",
    "request_id",
    "resource_type",
    "resource_id",
    "resource_name",
    "parent_id",
    "changes",
}


@pytest.fixture
def mia(cast: Cast) -> APIClient:
    """A campaign manager with a real token, who sends a request id."""
    client = bearing(tokens_of(cast.campaign_manager)["access_token"])
    client.defaults |= {"REMOTE_ADDR": "192.0.2.7", "HTTP_X_REQUEST_ID": "mia-1"}
    return client


def entries(client: APIClient, query: str = "") -> list[dict[str, Any]]:
    answer = client.get(f"/api/audit-log?{query}")
    assert answer.status_code == 200, answer.content
    found: list[dict[str, Any]] = answer.json()["results"]
    return found


def test_a_change_by_token_is_logged_with_actor_channel_ip_address_and_request_id(
    cast: Cast, client_for: ClientFor, mia: APIClient
) -> None:
    campaign = mia.post("/api/campaigns", campaign_body(campaign_name="Summer")).json()
    mia.patch(f"/api/campaigns/{campaign['campaign_id']}", {"campaign_name": "Autumn"})

    changed, created = entries(client_for(cast.app_admin), f"resource_id={campaign['campaign_id']}")

    assert set(changed) == KEYS
    assert changed["request_id"].endswith("/mia-1")
    assert {key: changed[key] for key in KEYS - {"timestamp"}} == {
        "actor": {"user_id": str(cast.campaign_manager.pk), "username": "campaign_manager"},
        "action": "update",
        "door": "api",
        "remote_addr": "192.0.2.7",
        "request_id": ANY,
        "resource_type": "campaign",
        "resource_id": campaign["campaign_id"],
        "resource_name": "Autumn",
        "parent_id": None,
        "changes": {"campaign_name": ["Summer", "Autumn"]},
    }
    assert created["action"] == "create"
    assert created["changes"]["campaign_name"] == [None, "Summer"]
    assert changed["timestamp"].endswith("Z")


def test_a_refused_write_leaves_no_entry(cast: Cast, mia: APIClient) -> None:
    theirs = CampaignFactory(campaign_created_by=cast.colleague)
    before = AuditEntry.objects.count()

    assert mia.patch(f"/api/campaigns/{theirs.pk}", {"campaign_name": "Mine"}).status_code == 403
    assert mia.post("/api/campaigns", campaign_body(campaign_end_date="2000-01-01")).status_code == 400
    targets = [{"region": "Europe", "country": "DE"}, {"region": "EUROPE", "country": "DE"}]
    assert mia.post("/api/campaigns", campaign_body(audience_targeting=targets)).status_code == 400

    assert AuditEntry.objects.count() == before


def test_commands_have_a_channel_but_no_actor(cast: Cast, client_for: ClientFor) -> None:
    with acting_as("expire_campaigns"):
        campaign = CampaignFactory(campaign_created_by=cast.owner)

    (entry,) = entries(client_for(cast.system_admin), f"resource_type=campaign&resource_id={campaign.pk}")

    assert (entry["actor"], entry["door"], entry["remote_addr"]) == (None, "command", None)


def test_passwords_and_bank_numbers_are_never_shown(cast: Cast, client_for: ClientFor) -> None:
    client = client_for(cast.system_admin)
    client.post("/api/users", user_body())
    advertiser = client.post("/api/advertisers", advertiser_body()).json()
    bank = {"bank_name": "B", "bank_account_name": "A", "bank_account_iban": "DE89370400440532013000"}
    client.post(f"/api/advertisers/{advertiser['advertiser_id']}/bank-accounts", bank)

    (user,) = entries(client, "resource_type=user&page_size=1")
    (account,) = entries(client, "resource_type=advertiserbankaccount")

    assert user["changes"].get("password", [None, "[changed]"])[1] == "[changed]"
    assert account["changes"]["bank_account_iban"] == [None, "[changed]"]
    assert account["parent_id"] == advertiser["advertiser_id"]
    assert "DE8937" not in client.get("/api/audit-log").content.decode()


def test_only_admins_can_read_the_log(cast: Cast, client_for: ClientFor) -> None:
    for user, status in (
        (cast.system_admin, 200),
        (cast.app_admin, 200),
        (cast.campaign_manager, 403),
        (cast.content_moderator, 403),
        (cast.user, 403),
        (cast.guest, 403),
        (None, 401),
    ):
        assert client_for(user).get("/api/audit-log").status_code == status


def test_the_log_can_be_filtered(cast: Cast, client_for: ClientFor) -> None:
    admin = client_for(cast.system_admin)
    start = timezone.now()
    campaign = client_for(cast.owner).post("/api/campaigns", campaign_body()).json()["campaign_id"]
    middle = timezone.now()
    client_for(cast.app_admin).patch(f"/api/campaigns/{campaign}", {"campaign_name": "Other"})
    client_for(cast.app_admin).delete(f"/api/campaigns/{campaign}")

    def actions(query: str) -> list[str]:
        return [entry["action"] for entry in entries(admin, f"resource_id={campaign}&{query}")]

    at, later = (moment.isoformat().replace("+00:00", "Z") for moment in (start, middle))
    assert actions("") == ["delete", "update", "create"]
    assert actions("ordering=timestamp") == ["create", "update", "delete"]
    assert actions("action=update") == ["update"]
    assert actions("action=access") == []
    assert actions(f"actor={cast.app_admin.pk}") == ["delete", "update"]
    assert actions("resource_type=campaign") == ["delete", "update", "create"]
    assert actions("resource_type=ad") == []
    assert actions(f"from={later}") == ["delete", "update"]
    assert actions(f"to={later}") == ["create"]
    assert actions(f"from={at}&to={later}&action=create") == ["create"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("actor=mia", "actor"),
        ("action=rename", "action"),
        ("resource_type=nothing", "resource_type"),
        ("resource_id=" + "x" * 256, "resource_id"),
        ("from=yesterday", "from"),
        ("to=99999-01-01T00:00:00Z", "to"),
        ("ordering=actor", "ordering"),
        ("search=x", "search"),
        ("changes=x", "changes"),
    ],
)
def test_an_invalid_filter_of_the_log_is_refused_by_name(
    cast: Cast, client_for: ClientFor, query: str, field: str
) -> None:
    answer = client_for(cast.system_admin).get(f"/api/audit-log?{query}")

    assert answer.status_code == 400
    assert list(answer.json()) == [field]


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_the_log_cannot_be_written(cast: Cast, client_for: ClientFor, method: str) -> None:
    answer = getattr(client_for(cast.system_admin), method)("/api/audit-log", {})

    assert answer.status_code == 405
    assert list(answer.json()) == ["detail"]
