"""Which entries of the logs and histories each role reads, and which of them with IP address and request id."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from rest_framework.test import APIClient

from accounts.choices import SecurityEventKind as Kind
from accounts.models import AuditEntry, SecurityEvent, User
from accounts.tests.factories import PASSWORD, Cast
from ads.tests.factories import AdFactory
from advertisers.tests.factories import AdvertiserFactory
from campaign_studio.tests.bodies import bearing, tokens_of
from campaigns.models import Campaign
from campaigns.tests.factories import CampaignFactory

pytestmark = pytest.mark.django_db

ClientFor = Callable[[User | None], APIClient]
ConsoleFor = Callable[[User | None], Client]
# Where a system administrator works in these tests.
SECRET_PLACE = "203.0.113.77"
TRACES = {"remote_addr", "user_agent", "request_id"}


def working(user: User) -> APIClient:
    """A client with a real token, whose IP address, user agent and request id can be recognised."""
    client = bearing(tokens_of(user)["access_token"])
    client.defaults |= {
        "REMOTE_ADDR": SECRET_PLACE,
        "HTTP_X_REQUEST_ID": "secret-request",
        "HTTP_USER_AGENT": "SecretBrowser",
    }
    return client


def rows(client: APIClient, path: str, **query: Any) -> list[dict[str, Any]]:
    answer = client.get(path, query)
    assert answer.status_code == 200, answer.content
    found: list[dict[str, Any]] = answer.json()["results"]
    return found


def changed_by(user: User) -> Campaign:
    """A campaign of which this user has changed the name."""
    campaign: Campaign = CampaignFactory(campaign_created_by=user)
    assert working(user).patch(f"/api/campaigns/{campaign.pk}", {"campaign_name": "Changed"}).status_code == 200
    return campaign


# --- The audit log ---------------------------------------------------------------------------------------------------


def test_the_audit_log_of_an_application_administrator_has_no_entries_about_system_administrators(
    cast: Cast, client_for: ClientFor, console_for: ConsoleFor
) -> None:
    working(cast.system_admin).patch("/api/auth/me", {"email": "new-secret@example.com"})
    working(cast.guest).patch("/api/auth/me", {"first_name": "Gwen"})
    (entry,) = AuditEntry.objects.filter(object_pk=str(cast.system_admin.pk), action=AuditEntry.Action.UPDATE)
    query = {"resource_id": str(cast.system_admin.pk)}
    change = reverse("admin:accounts_auditentry_change", args=[entry.pk])
    pages = [reverse("admin:accounts_auditentry_changelist"), change]

    assert "new-secret@example.com" in str(rows(client_for(cast.other_system_admin), "/api/audit-log", **query))
    assert rows(client_for(cast.app_admin), "/api/audit-log", **query) == []
    assert rows(client_for(cast.app_admin), "/api/audit-log", resource_id=str(cast.guest.pk))
    for page in pages:
        assert "system_admin" in console_for(cast.other_system_admin).get(page, follow=True).content.decode()
    # The entry page leads home, as for an entry that doesn't exist.
    assert console_for(cast.app_admin).get(change).status_code == 302
    listed = console_for(cast.app_admin).get(pages[0], {"q": "system_admin"}).content.decode()
    assert "new-secret" not in listed
    assert change not in listed


def test_a_deleted_user_is_in_the_log_of_system_administrators_only(cast: Cast, client_for: ClientFor) -> None:
    key = str(cast.user.pk)
    cast.user.delete()

    assert rows(client_for(cast.system_admin), "/api/audit-log", resource_id=key)[0]["action"] == "delete"
    assert rows(client_for(cast.app_admin), "/api/audit-log", resource_id=key) == []


def test_who_becomes_a_system_administrator_leaves_the_log_of_the_others(cast: Cast, client_for: ClientFor) -> None:
    key = str(cast.guest.pk)
    assert rows(client_for(cast.app_admin), "/api/audit-log", resource_id=key)

    client_for(cast.system_admin).patch(f"/api/users/{key}", {"role": "system_admin"})

    assert rows(client_for(cast.app_admin), "/api/audit-log", resource_id=key) == []


def test_what_a_system_administrator_changes_is_logged_without_their_traces(cast: Cast, client_for: ClientFor) -> None:
    campaign = changed_by(cast.system_admin)
    query = {"resource_id": str(campaign.pk), "action": "update"}

    (whole,) = rows(client_for(cast.other_system_admin), "/api/audit-log", **query)
    (seen,) = rows(client_for(cast.app_admin), "/api/audit-log", **query)

    assert whole["remote_addr"] == SECRET_PLACE
    assert whole["request_id"].endswith("secret-request")
    assert (seen["remote_addr"], seen["request_id"]) == (None, None)
    assert {**whole, "remote_addr": None, "request_id": None} == seen


def test_the_console_shows_no_traces_of_system_administrators_either(cast: Cast, console_for: ConsoleFor) -> None:
    campaign = changed_by(cast.system_admin)
    entry = AuditEntry.objects.filter(object_pk=str(campaign.pk)).latest("pk")
    pages = [
        reverse("admin:accounts_auditentry_changelist"),
        reverse("admin:accounts_auditentry_changelist") + "?o=7",
        reverse("admin:accounts_auditentry_change", args=[entry.pk]),
        reverse("admin:campaigns_campaign_history", args=[campaign.pk]),
    ]

    for page in pages:
        assert SECRET_PLACE in console_for(cast.other_system_admin).get(page).content.decode(), page
        shown = console_for(cast.app_admin).get(page).content.decode()
        assert "Changed" in shown, page
        assert SECRET_PLACE not in shown, page
        assert "secret-request" not in shown, page


# --- Security events -------------------------------------------------------------------------------------------------


def test_the_security_log_of_an_application_administrator_has_no_events_of_system_administrators(
    cast: Cast, client_for: ClientFor, console_for: ConsoleFor
) -> None:
    for user in (cast.system_admin, cast.guest):
        client = APIClient(REMOTE_ADDR=SECRET_PLACE)
        client.post("/api/auth/login", {"username": user.username, "password": PASSWORD})
    event = SecurityEvent.objects.get(user=cast.system_admin)
    change = reverse("admin:accounts_securityevent_change", args=[event.pk])

    assert len(rows(client_for(cast.other_system_admin), "/api/security-events", kind="login_ok")) == 2
    seen = rows(client_for(cast.app_admin), "/api/security-events")
    assert [(one["username"], one["remote_addr"]) for one in seen] == [("guest", SECRET_PLACE)]
    assert rows(client_for(cast.app_admin), "/api/security-events", user_id=str(cast.system_admin.pk)) == []
    assert client_for(cast.app_admin).get("/api/security-events").json()["count"] == 1
    assert console_for(cast.app_admin).get(change).status_code == 302
    listed = console_for(cast.app_admin).get(reverse("admin:accounts_securityevent_changelist")).content.decode()
    assert str(event.pk) not in listed
    assert event.detail not in listed


@pytest.fixture
def promotion(cast: Cast) -> SecurityEvent:
    """The event of a guest whose role a system administrator changed."""
    working(cast.system_admin).patch(f"/api/users/{cast.guest.pk}", {"role": "user"})
    return SecurityEvent.objects.get(kind=Kind.ROLE_CHANGED)


def test_what_a_system_administrator_does_to_an_account_is_an_event_without_their_traces(
    cast: Cast, client_for: ClientFor, promotion: SecurityEvent
) -> None:
    (whole,) = rows(client_for(cast.other_system_admin), "/api/security-events", kind="role_changed")
    (seen,) = rows(client_for(cast.app_admin), "/api/security-events", kind="role_changed")

    assert (whole["remote_addr"], whole["user_agent"]) == (SECRET_PLACE, "SecretBrowser")
    assert whole["request_id"].endswith("secret-request")
    assert {**whole, **dict.fromkeys(TRACES)} == seen
    assert seen["actor_username"] == "system_admin"


def test_hidden_ip_addresses_can_not_be_searched_for(
    cast: Cast, client_for: ClientFor, console_for: ConsoleFor, promotion: SecurityEvent
) -> None:
    page = reverse("admin:accounts_securityevent_changelist")

    for reader, hits in ((cast.other_system_admin, 1), (cast.app_admin, 0)):
        assert len(rows(client_for(reader), "/api/security-events", remote_addr=SECRET_PLACE)) == hits
        found = console_for(reader).get(page, {"q": SECRET_PLACE}).content.decode()
        assert found.count(reverse("admin:accounts_securityevent_change", args=[promotion.pk])) == hits
    shown = console_for(cast.app_admin).get(reverse("admin:accounts_securityevent_change", args=[promotion.pk]))
    assert "guest" in shown.content.decode()
    assert not [text for text in (SECRET_PLACE, "secret-request", "SecretBrowser") if text in shown.content.decode()]


# --- Histories -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["campaign_manager", "content_moderator"])
def test_managers_and_moderators_read_histories_without_ip_addresses_and_request_ids(
    role: str, cast: Cast, client_for: ClientFor, console_for: ConsoleFor
) -> None:
    campaign = changed_by(cast.owner)

    newest = rows(client_for(cast.in_role(role)), f"/api/campaigns/{campaign.pk}/history")[0]
    page = console_for(cast.in_role(role)).get(reverse("admin:campaigns_campaign_history", args=[campaign.pk]))

    assert (newest["actor"]["username"], newest["remote_addr"], newest["request_id"]) == (
        "campaign_manager",
        None,
        None,
    )
    assert "Changed" in page.content.decode()
    assert SECRET_PLACE not in page.content.decode()


def test_administrators_read_the_ip_addresses_of_users_whom_they_see(cast: Cast, client_for: ClientFor) -> None:
    campaign = changed_by(cast.owner)

    for reader in (cast.system_admin, cast.app_admin):
        newest = rows(client_for(reader), f"/api/campaigns/{campaign.pk}/history")[0]
        assert newest["remote_addr"] == SECRET_PLACE
        assert newest["request_id"].endswith("secret-request")


@pytest.mark.parametrize("role", ["user", "guest"])
def test_histories_are_for_staff(role: str, cast: Cast, client_for: ClientFor) -> None:
    client = client_for(cast.in_role(role))
    ad = AdFactory()
    for path in (f"/api/campaigns/{ad.campaign_id}", f"/api/ads/{ad.pk}"):
        assert client.get(path).status_code == 200
        assert client.get(f"{path}/history").status_code == 403
    assert client.get(f"/api/advertisers/{AdvertiserFactory().pk}/history").status_code == 403
