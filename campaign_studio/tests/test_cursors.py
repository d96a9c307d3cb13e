"""Pages from a cursor: every row once in the order of the list, whatever comes or goes, at a cost that stays flat."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts.models import User
from accounts.tests.factories import Cast, UserFactory
from ads.tests.factories import AdFactory
from advertisers.tests.factories import AdvertiserFactory
from campaign_studio.api.documents import slices
from campaign_studio.tests.bodies import bearing, tokens_of
from campaigns.models import Campaign
from campaigns.tests.factories import CampaignFactory

pytestmark = pytest.mark.django_db
ClientFor = Callable[[User | None], APIClient]


def page(client: APIClient, address: str) -> dict[str, Any]:
    answer = client.get(address)
    assert answer.status_code == 200, answer.content
    found: dict[str, Any] = answer.json()
    assert list(found) == ["next", "previous", "results"]
    return found


def walked(client: APIClient, address: str, link: str = "next") -> list[list[dict[str, Any]]]:
    """The rows of all pages from this one on, in the order in which they are read."""
    pages = [page(client, address)]
    while pages[-1][link]:
        pages.append(page(client, pages[-1][link]))
    return [one["results"] for one in pages]


@pytest.fixture
def campaigns(cast: Cast) -> list[Any]:
    """Eleven campaigns: names and dates occur twice, and every third has no advertiser."""
    advertisers = [AdvertiserFactory(advertiser_name=name) for name in ("Zeta", "Älpha", "alpha")]
    made = [
        CampaignFactory(
            campaign_name=f"Name {number // 2}",
            advertiser=advertisers[number % 3] if number % 3 else None,
            campaign_max_view_count=number if number % 2 else None,
        )
        for number in range(11)
    ]
    AdFactory(campaign=made[3])
    Campaign.objects.filter(pk__in=[one.pk for one in made[:4]]).update(created_at=made[0].created_at)
    return made


@pytest.mark.parametrize("in_python", [False, True])
@pytest.mark.parametrize(
    "ordering",
    [
        "",
        "campaign_id",
        "-created_at",
        "created_at",
        "campaign_name",
        "-campaign_name,created_at",
        "campaign_max_view_count",
        "-campaign_max_view_count",
        "advertiser_name",
        "-advertiser_name,campaign_max_view_count",
        "-advertiser_id",
        "ad_count",
        "-updated_at,-campaign_id",
    ],
)
def test_pages_from_cursors_are_the_list_forwards_and_backwards(
    cast: Cast,
    campaigns: list[Any],
    client_for: ClientFor,
    ordering: str,
    in_python: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if in_python:
        monkeypatch.setattr("campaign_studio.api.pagination.why_in_python", lambda *args, **options: "for comparison")
    client = client_for(cast.app_admin)
    query = f"search=name&{f'ordering={ordering}&' if ordering else ''}"
    whole = client.get(f"/api/campaigns?{query}").json()["results"]

    forwards = walked(client, f"/api/campaigns?{query}cursor=&page_size=4")
    assert [len(one) for one in forwards] == [4, 4, 3]
    assert [row for one in forwards for row in one] == whole

    last = page(client, f"/api/campaigns?{query}cursor=&page_size=4")
    while last["next"]:
        last = page(client, last["next"])
    backwards = walked(client, last["previous"], "previous")
    assert [len(one) for one in backwards] == [4, 4]
    assert [row for one in reversed(backwards) for row in one] == whole[:8]
    assert page(client, page(client, last["previous"])["next"])["results"] == last["results"]


def test_rows_that_come_or_go_neither_move_others_nor_repeat_them(
    cast: Cast, campaigns: list[Any], client_for: ClientFor
) -> None:
    client = client_for(cast.guest)
    newest = [str(pk) for pk in Campaign.objects.values_list("pk", flat=True)]

    first = page(client, "/api/campaigns?cursor=&page_size=3")
    CampaignFactory.create_batch(2)
    # Also the row at which the cursor stands.
    Campaign.objects.filter(pk=newest[2]).delete()
    second = page(client, first["next"])

    assert [row["campaign_id"] for row in second["results"]] == newest[3:6]
    assert [row["campaign_id"] for row in page(client, second["previous"])["results"]][-2:] == newest[:2]


def test_there_is_a_way_back_from_where_no_row_is_left(cast: Cast, campaigns: list[Any], client_for: ClientFor) -> None:
    client = client_for(cast.guest)
    first = page(client, "/api/campaigns?cursor=&page_size=3")
    shown = [row["campaign_id"] for row in first["results"]]
    AdFactory._meta.model.objects.all().delete()
    Campaign.objects.exclude(pk__in=shown).delete()

    empty = page(client, first["next"])
    assert (empty["results"], empty["next"]) == ([], None)
    assert page(client, empty["previous"])["results"] == first["results"]
    Campaign.objects.all().delete()
    gone = page(client, empty["previous"])
    assert (gone["results"], gone["previous"]) == ([], None)
    assert page(client, gone["next"]) == {"next": None, "previous": None, "results": []}


@pytest.mark.parametrize(
    "address",
    [
        "/api/ads",
        "/api/ads?ordering=campaign_name",
        "/api/moderation-queue",
        "/api/advertisers",
        "/api/users?ordering=-last_login",
        "/api/users?ordering=is_active",
        "/api/devices",
        "/api/roles",
        "/api/audit-log",
        "/api/security-events",
        "/api/auth/sessions",
        "/api/campaigns/{campaign}/ads",
        "/api/campaigns/{campaign}/history",
    ],
)
def test_every_list_has_cursors(cast: Cast, client_for: ClientFor, address: str) -> None:
    campaign: Any = CampaignFactory(advertiser=AdvertiserFactory())
    AdFactory.create_batch(3, campaign=campaign)
    UserFactory()
    client = bearing(tokens_of(cast.system_admin)["access_token"])
    assert client.patch(f"/api/campaigns/{campaign.pk}", {"campaign_name": "Other"}).status_code == 200
    address = address.format(campaign=campaign.pk)
    sign = "&" if "?" in address else "?"

    walk = walked(client, f"{address}{sign}cursor=&page_size=1")

    assert [row for one in walk for row in one] == client.get(f"{address}{sign}page_size=100").json()["results"]


def test_a_cursor_is_one_statement_that_counts_nothing_and_reads_an_index(cast: Cast, campaigns: list[Any]) -> None:
    client = bearing(tokens_of(cast.guest)["access_token"])
    second = page(client, "/api/campaigns?cursor=&page_size=2")["next"]

    with CaptureQueriesContext(connection) as seen:
        page(client, second)
    assert len(seen) == 2
    statement = seen[1]["sql"]
    assert statement.count("count(") == statement.count("AS counted")
    # The rows that don't come after the cursor aren't even read.
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off; SET LOCAL enable_bitmapscan = off")
        keys = statement.partition("MATERIALIZED (")[2].partition(") SELECT '['")[0]
        for number, value in enumerate(("now()", f"'{KEY}'", "2"), start=1):
            keys = keys.replace(f"${number}", value)
        cursor.execute(f"EXPLAIN {keys}")
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "Index Cond: (ROW(created_at, campaign_id) < ROW(" in plan
    assert "Sort" not in plan
    assert "Filter" not in plan


@pytest.mark.parametrize("kind", ["campaigns", "ads"])
def test_polling_reads_an_index(cast: Cast, campaigns: list[Any], kind: str) -> None:
    client = bearing(tokens_of(cast.guest)["access_token"])

    with CaptureQueriesContext(connection) as seen:
        page(client, f"/api/{kind}?updated_at_after=2026-01-01T00:00:00Z&ordering=updated_at&cursor=&page_size=2")
    keys = seen[1]["sql"].partition("MATERIALIZED (")[2].partition(") SELECT '['")[0]
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off; SET LOCAL enable_bitmapscan = off")
        cursor.execute(f"EXPLAIN {keys.replace('$1', 'now()').replace('$2', '2')}")
        plan = "\n".join(row[0] for row in cursor.fetchall())

    assert f"Index Only Scan using {kind}_changed" in plan
    assert "Sort" not in plan


def test_cursors_share_one_statement(cast: Cast, campaigns: list[Any], client_for: ClientFor) -> None:
    client = client_for(cast.guest)
    slices._compiled.cache_clear()

    walked(client, "/api/campaigns?cursor=&page_size=2")

    # One for the beginning, one for all that follow.
    assert slices._compiled.cache_info().currsize == 2
    assert slices._compiled.cache_info().hits == 4


def hostile(*values: Any) -> str:
    text = values[0] if isinstance(values[0], bytes) else json.dumps(list(values)).encode()
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


NEWEST = "-created_at,-campaign_id"
KEY = "00000000-0000-4000-8000-000000000000"


NOT_CURSORS = [
    "x",
    "1",
    "é",
    "%00",
    "a" * 2001,
    hostile(b"\xff\xfe"),
    hostile(b"[" * 2000),
    hostile(b"{}"),
    hostile(b"null"),
    hostile("a"),
    hostile("a", NEWEST),
    hostile("a", NEWEST, "2026-01-01T00:00:00Z"),
    hostile("a", NEWEST, "2026-01-01T00:00:00Z", KEY, KEY),
    hostile("x", NEWEST, "2026-01-01T00:00:00Z", KEY),
    hostile(7, NEWEST, "2026-01-01T00:00:00Z", KEY),
    hostile("a", "created_at,campaign_id", "2026-01-01T00:00:00Z", KEY),
    hostile("a", NEWEST, "2026-01-01T00:00:00", KEY),
    hostile("a", NEWEST, "2026-02-30T00:00:00Z", KEY),
    hostile("a", NEWEST, ["2026-01-01T00:00:00Z"], KEY),
    hostile("a", NEWEST, {}, KEY),
    hostile("a", NEWEST, 10**30, KEY),
    hostile("a", NEWEST, "2026-01-01T00:00:00Z", "1'; --"),
    hostile("a", NEWEST, "2026-01-01T00:00:00Z", -1),
]


def test_what_is_no_cursor_is_refused_with_how_to_begin(cast: Cast, client_for: ClientFor) -> None:
    client = client_for(cast.guest)

    for cursor in NOT_CURSORS:
        answer = client.get("/api/campaigns", {"cursor": cursor})
        assert answer.status_code == 400, (cursor, answer.content)
        assert list(answer.json()) == ["cursor"]
        assert "begin with an empty one: ?cursor=" in answer.json()["cursor"][0]


HOSTILE_VALUES = [
    ("campaign_name", "a\0b"),
    ("campaign_name", "\ud800"),
    ("campaign_name", "%s %% \\ ' \""),
    ("campaign_name", ["x"]),
    ("ad_count", 10**400),
    ("ad_count", "1e5"),
    ("campaign_max_view_count", 10**30),
    ("-campaign_max_view_count", -(10**30)),
    ("version", 2**63),
    ("-version", -(10**30)),
    ("campaign_end_date", "99999-01-01"),
    ("campaign_end_date", "0001-01-01"),
    ("updated_at", "0001-01-01T00:00:00+14:00"),
    ("updated_at", "9999-12-31T23:59:59.999999-14:00"),
    ("created_at", None),
    ("advertiser_id", 5),
    ("advertiser_name", True),
]


def test_hostile_values_in_a_cursor_are_compared_or_refused(
    cast: Cast, campaigns: list[Any], client_for: ClientFor
) -> None:
    client = client_for(cast.app_admin)

    for ordering, value in HOSTILE_VALUES:
        key = "-campaign_id" if ordering.startswith("-") else "campaign_id"
        for side in "abu":
            text = hostile(side, f"{ordering},{key}", value, KEY)
            answer = client.get("/api/campaigns", {"ordering": ordering, "cursor": text})
            assert answer.status_code in (200, 400), (ordering, value, side, answer.content)


def test_what_does_not_go_with_a_cursor_is_refused_by_name(cast: Cast, client_for: ClientFor) -> None:
    client = client_for(cast.guest)

    for query, parameter in [
        ("cursor=&page=2", "cursor"),
        ("cursor=&page_size=0", "page_size"),
        ("cursor=&cursor=", "cursor"),
        ("cursor=&ordering=campaign_description", "ordering"),
        ("cursor=&ordering=campaign_name,created_at,updated_at", "ordering"),
        ("cursor=&ordering=nope", "ordering"),
        ("cursor=&campaign_status=nope", "campaign_status"),
    ]:
        answer = client.get(f"/api/campaigns?{query}")
        assert (answer.status_code, list(answer.json())) == (400, [parameter]), query


def test_an_explanation_has_pages_but_no_cursors(cast: Cast, client_for: ClientFor) -> None:
    query = {"country": "DE", "campaign_id": str(AdFactory().campaign_id)}
    client = client_for(cast.owner)

    assert client.get("/api/delivery/explain", query | {"page": "1"}).status_code == 200
    answer = client.get("/api/delivery/explain", query | {"cursor": ""})
    assert (answer.status_code, list(answer.json())) == (400, ["cursor"])


def test_the_longest_names_fit_into_the_links(cast: Cast, client_for: ClientFor) -> None:
    advertiser = AdvertiserFactory(advertiser_name="🚗" * 255)
    CampaignFactory.create_batch(3, campaign_name="🚗" * 255, advertiser=advertiser)
    client = client_for(cast.app_admin)

    walk = walked(client, "/api/campaigns?ordering=campaign_name,advertiser_name&cursor=&page_size=1")

    assert sum(map(len, walk)) == 3
