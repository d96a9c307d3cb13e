"""The number of queries of a request doesn't depend on the number of rows."""

import re
from collections.abc import Callable
from datetime import time
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts.models import AuditEntry, User
from accounts.tests.factories import Cast, UserFactory
from ads.tests.factories import AdContentRatingFactory, AdFactory, AdTimeSlotFactory, DeviceFactory
from advertisers.tests.factories import AdvertiserBankAccountFactory, AdvertiserContactFactory, AdvertiserFactory
from campaign_studio.tests.bodies import ad_body, bearing, campaign_body, tokens_of
from campaigns.models import Campaign
from campaigns.tests.factories import AudienceTargetingFactory, CampaignFactory

pytestmark = pytest.mark.django_db

Rows = Callable[[int], Any]


@pytest.fixture
def client(cast: Cast) -> APIClient:
    """A system admin with a real token, so that authentication is counted too."""
    return bearing(tokens_of(cast.system_admin)["access_token"])


def queries(client: APIClient, address: str) -> int:
    with CaptureQueriesContext(connection) as seen:
        answer = client.get(address)
    assert answer.status_code == 200, answer.content
    return len(seen)


@pytest.fixture
def whole(cast: Cast) -> dict[str, Any]:
    """One object of each kind with one part of each kind, by name."""
    advertiser = AdvertiserFactory(contact=True)
    AdvertiserBankAccountFactory(advertiser=advertiser)
    campaign = CampaignFactory(advertiser=advertiser, campaign_created_by=cast.owner)
    AudienceTargetingFactory(campaign=campaign)
    ad = AdFactory(campaign=campaign)
    AdContentRatingFactory(ad=ad)
    AdTimeSlotFactory(ad=ad)
    return {"advertiser": advertiser, "campaign": campaign, "ad": ad, "device": DeviceFactory()}


def grow(whole: dict[str, Any], client: APIClient) -> None:
    """Add many more rows of every kind."""
    for number in range(4):
        advertiser = AdvertiserFactory()
        AdvertiserContactFactory(advertiser=whole["advertiser"])
        AdvertiserBankAccountFactory(advertiser=whole["advertiser"])
        campaign = CampaignFactory(advertiser=advertiser)
        AudienceTargetingFactory(campaign=whole["campaign"], region=f"Region {number}")
        AdContentRatingFactory(ad=AdFactory(campaign=campaign))
        AdTimeSlotFactory(ad=whole["ad"], time_slot_start=time(number + 10), time_slot_end=time(number + 11))
        UserFactory()
        DeviceFactory()
        client.patch(f"/api/campaigns/{whole['campaign'].pk}", {"campaign_name": f"Name {number}"})
        client.patch(f"/api/ads/{whole['ad'].pk}", {"ad_name": f"Name {number}"})
        client.patch(f"/api/advertisers/{whole['advertiser'].pk}", {"city": f"City {number}"})
    AdFactory.create_batch(5, campaign=whole["campaign"])


# URL, and the most queries it may take, including authentication.
COSTS = [
    ("/api/campaigns", 2),
    ("/api/campaigns?ordering=ad_count&search=a&country=DE", 2),
    ("/api/campaigns/{campaign.pk}", 1),
    ("/api/campaigns/{campaign.pk}/history", 7),
    ("/api/campaigns/{campaign.pk}/ads", 3),
    ("/api/ads", 2),
    ("/api/ads/{ad.pk}", 1),
    ("/api/ads/{ad.pk}/history", 7),
    ("/api/moderation-queue", 2),
    ("/api/advertisers", 2),
    ("/api/advertisers/{advertiser.pk}", 4),
    ("/api/advertisers/{advertiser.pk}/history", 6),
    ("/api/advertisers/{advertiser.pk}/contacts", 3),
    ("/api/advertisers/{advertiser.pk}/bank-accounts", 4),
    ("/api/devices", 2),
    ("/api/devices/{device.pk}", 1),
    ("/api/devices/{device.pk}/history", 4),
    ("/api/users", 2),
    ("/api/users/{user.pk}", 2),
    ("/api/roles", 2),
    ("/api/audit-log", 3),
    ("/api/auth/me", 2),
]


@pytest.mark.matrix
@pytest.mark.parametrize(("address", "most"), COSTS)
def test_reading_takes_as_many_queries_for_one_row_as_for_many(
    cast: Cast, client: APIClient, whole: dict[str, Any], address: str, most: int
) -> None:
    address = address.format(**whole, user=cast.user)
    # Content types are cached per process.
    client.get(address)

    with_one = queries(client, address)
    grow(whole, client)
    with_many = queries(client, address)

    assert with_many == with_one
    assert with_one <= most


def test_a_page_of_a_hundred_rows_takes_as_many_queries_as_a_page_of_one(client: APIClient) -> None:
    CampaignFactory.create_batch(3)

    assert queries(client, "/api/campaigns?page_size=1") == queries(client, "/api/campaigns?page_size=100")


def test_whether_the_server_is_alive_takes_no_query() -> None:
    with CaptureQueriesContext(connection) as seen:
        assert APIClient().get("/api/live").status_code == 200
    assert len(seen) == 0


@pytest.mark.parametrize("address", ["/api/campaigns", "/api/advertisers"])
def test_a_list_without_a_token_takes_no_query(address: str) -> None:
    with CaptureQueriesContext(connection) as seen:
        assert APIClient().get(address).status_code == 401
    assert len(seen) == 0


def test_unchanged_rows_of_a_list_take_no_further_queries(cast: Cast) -> None:
    client = bearing(tokens_of(cast.owner)["access_token"])
    targets = [{"region": f"Region {number}", "country": "DE", "cities": [], "postcodes": []} for number in range(20)]

    def cost(rows: list[dict[str, Any]]) -> int:
        document = client.post("/api/campaigns", campaign_body(audience_targeting=rows)).json()
        address = f"/api/campaigns/{document['campaign_id']}"
        with CaptureQueriesContext(connection) as seen:
            answer = client.patch(address, {"campaign_name": "Renamed", "audience_targeting": rows})
        assert answer.status_code == 200
        return len(seen)

    assert cost(targets[:1]) == cost(targets)


def test_a_refused_write_takes_few_queries(cast: Cast, whole: dict[str, Any]) -> None:
    """Forbidden requests can't be used to load the database."""
    client = bearing(tokens_of(cast.guest)["access_token"])

    with CaptureQueriesContext(connection) as seen:
        assert client.post("/api/campaigns", campaign_body()).status_code == 403
    statements = [query["sql"] for query in seen if "SAVEPOINT" not in query["sql"]]
    assert len(statements) <= 2, statements


def test_a_user_without_rows_reads_an_empty_page(cast: Cast) -> None:
    user: User = cast.guest
    client = bearing(tokens_of(user)["access_token"])

    assert queries(client, "/api/campaigns") <= 3


def statements_of(client: APIClient, method: str, address: str, body: dict[str, Any]) -> list[str]:
    with CaptureQueriesContext(connection) as seen:
        answer = getattr(client, method)(address, body)
    assert answer.status_code in (200, 201), answer.content
    # Within the transaction of a test, that of the request is a savepoint.
    begin, *statements, commit = [query["sql"] for query in seen]
    assert (begin.split()[0], commit.split()[0]) == ("SAVEPOINT", "RELEASE")
    return statements


def entries() -> list[tuple[Any, ...]]:
    """The audit entries, oldest first, without what differs from one request to the next."""
    columns = ("content_type__model", "action", "changes", "parent_id", "actor_username", "door", "object_repr")
    return list(AuditEntry.objects.exclude(content_type__model="user").order_by("pk").values_list(*columns))


def test_a_campaign_with_a_target_is_created_in_five_statements(cast: Cast) -> None:
    """The session, two rows, the answer and the audit entries. A new campaign has version 1."""
    client = bearing(tokens_of(cast.owner)["access_token"])
    target = {"region": "Europe", "country": "DE", "cities": ["Berlin"], "postcodes": ["10115"]}
    # Content types are cached per process.
    client.post("/api/campaigns", campaign_body(audience_targeting=[target]))
    before = len(entries())

    statements = statements_of(client, "post", "/api/campaigns", campaign_body(audience_targeting=[target]))

    tables = ["sessions", "campaigns", "campaign_audience_targeting", "campaigns", "audit_log"]
    assert len(statements) == len(tables), "\n".join(statements)
    assert all(f'"{table}"' in sql for table, sql in zip(tables, statements, strict=True))
    campaign = Campaign.objects.latest("created_at")
    assert campaign.version == 1
    first, second = entries()[before:]
    assert (first[0], first[1], first[3:6]) == ("campaign", 0, (None, cast.owner.username, "api"))
    assert first[2]["campaign_name"] == [None, campaign.campaign_name]
    assert (second[0], second[1], second[3]) == ("campaignaudiencetargeting", 0, campaign.pk)
    assert second[2]["country"] == [None, "DE"]


def test_a_status_is_changed_in_five_statements(cast: Cast) -> None:
    """The session, the locked campaign, its change, the answer and the audit entry."""
    client = bearing(tokens_of(cast.owner)["access_token"])
    campaign: Any = CampaignFactory(campaign_created_by=cast.owner, campaign_status="draft")
    address = f"/api/campaigns/{campaign.pk}"
    client.patch(address, {"campaign_status": "active"})
    before = len(entries())

    statements = statements_of(client, "patch", address, {"campaign_status": "paused"})

    tables = ["sessions", "campaigns", "campaigns", "campaigns", "audit_log"]
    assert len(statements) == len(tables), "\n".join(statements)
    assert all(f'"{table}"' in sql for table, sql in zip(tables, statements, strict=True))
    # Only what has changed is written.
    written = statements[2].partition(" SET ")[2].partition(" WHERE ")[0]
    assert re.findall(r'"(\w+)" = ', written) == ["updated_at", "version", "campaign_status"]
    assert entries()[before:] == [
        (
            *("campaign", 1, {"campaign_status": ["active", "paused"]}, None),
            *(cast.owner.username, "api", campaign.campaign_name),
        )
    ]


@pytest.mark.parametrize("number", [2, 5, 50])
def test_several_targets_are_created_by_one_statement(cast: Cast, number: int) -> None:
    """In a savepoint, because two may be the same place."""
    client = bearing(tokens_of(cast.owner)["access_token"])
    targets = [{"region": f"Region {one}", "country": "DE", "cities": [], "postcodes": []} for one in range(number)]
    client.post("/api/campaigns", campaign_body(audience_targeting=targets))
    before = len(entries())

    statements = statements_of(client, "post", "/api/campaigns", campaign_body(audience_targeting=targets))

    assert len(statements) == 5 + 2, "\n".join(statements)
    assert [entry[0] for entry in entries()[before:]] == ["campaign", *["campaignaudiencetargeting"] * number]


@pytest.mark.parametrize("number", [4, 40])
def test_time_slots_are_replaced_by_as_many_statements_as_one(cast: Cast, number: int) -> None:
    """The database finds what is deliverable once for those deleted and once for those created."""
    client = bearing(tokens_of(cast.owner)["access_token"])
    ad: Any = AdFactory(campaign__campaign_created_by=cast.owner)

    def slots(minute: int) -> list[dict[str, Any]]:
        return [
            {"time_slot_start": f"{one % 20:02}:{minute:02}", "time_slot_end": f"{one % 20:02}:{minute + 15:02}"}
            | {"weekdays": [1 + one // 20]}
            for one in range(number)
        ]

    first = client.patch(f"/api/ads/{ad.pk}", {"time_slots": slots(0)}).json()
    before = len(entries())
    kept = slots(0)[:2]
    statements = statements_of(client, "patch", f"/api/ads/{ad.pk}", {"time_slots": [*kept, *slots(15)[2:]]})

    assert len(statements) == 17, [sql[:90] for sql in statements]
    assert len([sql for sql in statements if sql.startswith('INSERT INTO "ad_time_slots"')]) == 1
    assert len([sql for sql in statements if sql.startswith('DELETE FROM "ad_time_slots"')]) == 1
    assert [entry[1] for entry in entries()[before:]] == [2] * (number - 2) + [0] * (number - 2)
    after = client.get(f"/api/ads/{ad.pk}").json()
    assert len(after["time_slots"]) == number
    was = {slot["time_slot_id"] for slot in first["time_slots"]}
    assert len(was & {slot["time_slot_id"] for slot in after["time_slots"]}) == 2


def test_a_new_ad_gets_its_number_under_one_lock(cast: Cast) -> None:
    client = bearing(tokens_of(cast.owner)["access_token"])
    campaign: Any = CampaignFactory(campaign_created_by=cast.owner)
    # Content types are cached per process.
    client.post(f"/api/campaigns/{campaign.pk}/ads", ad_body())

    with CaptureQueriesContext(connection) as seen:
        answer = client.post(f"/api/campaigns/{campaign.pk}/ads", ad_body())
    assert answer.status_code == 201
    statements = [query["sql"] for query in seen]
    locks = [sql for sql in statements if "campaigns" in sql and "FOR NO KEY UPDATE" in sql]
    assert len(locks) == 1, locks
    assert not [sql for sql in statements if answer.json()["ad_id"] in sql and sql.startswith("SELECT 1")]
    assert len(statements) <= 18, "\n".join(statements)
