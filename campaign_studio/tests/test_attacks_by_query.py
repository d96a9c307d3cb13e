"""Filters, orderings and searches by hidden fields are refused by name and reveal nothing."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.urls import get_resolver

from accounts.tests.factories import Cast, UserFactory
from ads.models import Device
from ads.tests.factories import DEVICE_KEY
from advertisers.tests.factories import ACCOUNT_NUMBER, IBAN, AdvertiserBankAccountFactory, AdvertiserFactory
from campaign_studio.api.refusals import MOST_PROBLEMS, more
from campaign_studio.tests.attackers import EVERY_ROLE, NOWHERE, client_of, send
from campaign_studio.tests.scenes import scene
from campaign_studio.tests.test_permission_table import routes
from campaigns.tests.factories import CampaignFactory

pytestmark = [pytest.mark.django_db, pytest.mark.matrix]

SECRETS = ["password", "bank_account_number", "bank_account_iban", "refresh_hash", "token", "secret"]
PATHS = [
    "user__password",
    "actor__password",
    "created_by__password",
    "campaign_created_by__password",
    "ad_created_by__password",
    "moderated_by__password",
    "campaign__campaign_created_by__password",
    "advertiser__created_by__password",
    "advertiser__bank_accounts__bank_account_number",
    "bank_accounts__bank_account_iban",
    "contacts__contact_email",
    "users__password",
    "sessions__refresh_hash",
    "ads__ad_name",
    "campaign.campaign_name",
    "user.password",
]
LOOKUPS = ["", "__startswith", "__regex", "__gt", "__in", "__isnull", "__contains", "__matches", "!", "[]"]
# URLs that aren't lists, or that are lists only with parameters.
SINGLE = {"readiness", "performance", "qr.svg"}
NO_LISTS = {"api", "me", "meta", "health", "live", "docs", "redoc", "openapi.json", "delivery", "explain"} | SINGLE


def is_list(address: str) -> bool:
    """Whether GET returns pages of rows."""
    last = address.rsplit("/", 1)[-1]
    return not last.startswith("{") and last not in NO_LISTS


LISTS = sorted(
    address for method, address in routes(get_resolver().url_patterns) if method == "GET" and is_list(address)
)
ORDERED = [address for address in LISTS if not address.endswith(("/history", "/counts"))]


@pytest.fixture
def keys(cast: Cast) -> dict[str, Any]:
    """One object of each kind."""
    return scene(cast.owner)


def test_lists_are_discovered() -> None:
    assert {"/api/users", "/api/campaigns", "/api/ads", "/api/advertisers", "/api/audit-log", "/api/roles"} <= set(
        LISTS
    )
    assert len(LISTS) >= 12


def may_list(cast: Cast, role: str, address: str, keys: dict[str, Any]) -> Any:
    """A client of this role, and the status of the list without parameters."""
    client = client_of(cast, role)
    return client, send(client, "GET", address.format(**keys)).status_code


@pytest.mark.parametrize("role", ["anonymous", *EVERY_ROLE])
@pytest.mark.parametrize("address", LISTS)
def test_no_list_is_filtered_by_hidden_fields(cast: Cast, keys: dict[str, Any], role: str, address: str) -> None:
    client, plain = may_list(cast, role, address, keys)
    names = [*SECRETS, *PATHS, "ad_number", "pk", "id", "_method", "where", "fields", "include", "expand"]

    # All at once would exceed the longest query string.
    for part in (names[::2], names[1::2]):
        filters = {name + lookup: "a" for name in part for lookup in LOOKUPS}
        answer = client.get(address.format(**keys), filters)
        assert answer.status_code == (400 if plain == 200 else plain)
        if plain != 200:
            assert list(answer.json()) == ["detail"]
            continue
        # The first ones are named, and the others counted.
        told = answer.json()
        assert told.pop("non_field_errors") == [str(more(len(filters) - MOST_PROBLEMS))]
        assert len(told) == MOST_PROBLEMS
        assert set(told) <= set(filters)


@pytest.mark.parametrize("role", ["anonymous", *EVERY_ROLE])
@pytest.mark.parametrize("address", LISTS)
def test_no_list_is_ordered_by_hidden_fields(cast: Cast, keys: dict[str, Any], role: str, address: str) -> None:
    client, plain = may_list(cast, role, address, keys)
    names = [*SECRETS, *PATHS, "ad_number", "pk", "?", "--pk", "1", "created_at__year", "created_at desc", "Lower(1)"]

    for name in names if plain == 200 else names[:1]:
        answer = client.get(address.format(**keys), {"ordering": f"-created_at,-{name}" if "__" in name else name})
        assert answer.status_code == (400 if plain == 200 else plain), name
        assert list(answer.json()) == (["ordering"] if plain == 200 else ["detail"])


@pytest.mark.parametrize("address", ORDERED)
def test_a_list_is_ordered_only_by_fields_that_it_shows(cast: Cast, keys: dict[str, Any], address: str) -> None:
    client = client_of(cast, "system_admin")
    shown = set(send(client, "GET", address.format(**keys)).json()["results"][0])
    refusal = client.get(address.format(**keys), {"ordering": "nonsense"}).json()["ordering"][0]
    offered = set(re.findall(r"\w+", refusal.partition("Order by ")[2])) - {"or"}

    assert offered, refusal
    assert offered <= shown
    assert not {name for name in offered if name in ("bank_account_number", "bank_account_iban")}
    for name in offered:
        assert client.get(address.format(**keys), {"ordering": f"-{name}"}).status_code == 200, name


# --- Search ----------------------------------------------------------------------------------------------------------


def hidden_of_users(cast: Cast, keys: dict[str, Any]) -> list[str]:
    person = cast.guest
    hash_of = person.password
    return [hash_of, hash_of[:8], hash_of[-6:], hash_of.split("$")[0], hash_of.split("$")[1], str(person.pk), "True"]


def hidden_of_advertisers(cast: Cast, keys: dict[str, Any]) -> list[str]:
    AdvertiserBankAccountFactory(advertiser_id=keys["advertiser_id"], bank_account_number=None, bank_account_iban=IBAN)
    with connection.cursor() as cursor:
        cursor.execute("SELECT bank_account_number, bank_account_iban FROM advertiser_bank_accounts")
        written = [str(text) for row in cursor.fetchall() for text in row if text]
    assert len(written) >= 2
    stored_as = [part for text in written for part in (text[:20], text[-20:], "gAAAA")]
    return [*stored_as, ACCOUNT_NUMBER, ACCOUNT_NUMBER[-4:], IBAN, IBAN[-4:], "••••", "Example Ltd", "contact"]


def hidden_of_devices(cast: Cast, keys: dict[str, Any]) -> list[str]:
    key_hash = Device.objects.get(pk=keys["device_id"]).key_hash
    return [DEVICE_KEY, DEVICE_KEY[:6], key_hash, key_hash[:8], key_hash[-8:], cast.owner.username]


def hidden_of_campaigns(cast: Cast, keys: dict[str, Any]) -> list[str]:
    return [cast.owner.password, cast.owner.username, cast.owner.email, str(keys["campaign_id"]), "draft", "Europe"]


def hidden_of_ads(cast: Cast, keys: dict[str, Any]) -> list[str]:
    return [cast.owner.password, cast.owner.username, str(keys["ad_id"]), "draft", "MPAA", "Campaign"]


@pytest.mark.parametrize(
    ("address", "role", "hidden", "shown"),
    [
        ("/api/users", "system_admin", hidden_of_users, "guest"),
        ("/api/users", "app_admin", hidden_of_users, "guest"),
        ("/api/devices", "system_admin", hidden_of_devices, "Taxis"),
        ("/api/advertisers", "system_admin", hidden_of_advertisers, "Advertiser"),
        ("/api/advertisers", "content_moderator", hidden_of_advertisers, "Advertiser"),
        ("/api/campaigns", "guest", hidden_of_campaigns, "Campaign"),
        ("/api/ads", "guest", hidden_of_ads, "Ad"),
        ("/api/campaigns/{campaign_id}/ads", "guest", hidden_of_ads, "Ad"),
    ],
)
def test_a_search_does_not_match_hidden_fields(
    cast: Cast,
    keys: dict[str, Any],
    address: str,
    role: str,
    hidden: Callable[[Cast, dict[str, Any]], list[str]],
    shown: str,
) -> None:
    client = client_of(cast, role)
    terms = hidden(cast, keys)

    def found(term: str) -> int:
        answer = client.get(address.format(**keys), {"search": term})
        assert answer.status_code == 200, answer.content
        return int(answer.json()["count"])

    # The control: the search works, in any case.
    assert found(shown.upper()) >= 1
    # No character is a wildcard or an operator.
    for term in [*terms, "%", f"{shown[0]}_{shown[2:]}", "\\", *(sign + shown for sign in "^=@$*")]:
        assert found(term) == 0, term


@pytest.mark.parametrize("role", EVERY_ROLE)
@pytest.mark.parametrize("address", [address for address in LISTS if "/contacts" in address or "bank" in address])
def test_parts_of_an_advertiser_can_not_be_searched(cast: Cast, keys: dict[str, Any], role: str, address: str) -> None:
    client, plain = may_list(cast, role, address, keys)

    answer = client.get(address.format(**keys), {"search": ACCOUNT_NUMBER})

    assert answer.status_code == (400 if plain == 200 else plain)


# --- Invisible objects -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["user", "guest"])
def test_filtering_campaigns_by_advertiser_reveals_nothing_about_advertisers(cast: Cast, role: str) -> None:
    client = client_of(cast, role)
    there = AdvertiserFactory()
    CampaignFactory()

    answers = [client.get("/api/campaigns", {"advertiser_id": str(key)}) for key in (there.pk, NOWHERE)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].content == answers[1].content
    for name in ("advertiser", "advertiser__advertiser_name", "advertiser_name", "created_by_name"):
        assert client.get("/api/campaigns", {name: there.advertiser_name}).status_code == 400
        assert client.get("/api/campaigns", {"ordering": name}).status_code in (200, 400)
    assert client.get("/api/campaigns", {"search": there.advertiser_name}).json()["count"] == 0


@pytest.mark.parametrize(
    "query",
    [
        {"role": "system_admin"},
        {"search": "system_admin"},
        {"search": "system_admin@example.com"},
        {"role": "system_admin", "is_active": "true"},
        {"role": "system_admin", "ordering": "-last_login"},
        {"page_size": "100"},
    ],
    ids=str,
)
def test_no_query_reveals_a_system_admin_to_an_app_admin(cast: Cast, query: dict[str, str]) -> None:
    UserFactory.create_batch(2)
    answer = client_of(cast, "app_admin").get("/api/users", query)
    seen = client_of(cast, "system_admin").get("/api/users", query)

    hidden = {str(cast.system_admin.pk), str(cast.other_system_admin.pk)}
    assert not hidden & {row["user_id"] for row in answer.json()["results"]}
    assert seen.json()["count"] == answer.json()["count"] + 2
    assert hidden <= {row["user_id"] for row in seen.json()["results"]}


def test_a_moderator_finds_no_bank_accounts_in_lists_documents_or_histories(cast: Cast) -> None:
    keys = scene(cast.owner)
    address = f"/api/advertisers/{keys['advertiser_id']}"
    account = {"bank_name": "Known to few", "bank_account_iban": IBAN}
    manager, moderator = client_of(cast, "campaign_manager"), client_of(cast, "content_moderator")
    assert send(manager, "PATCH", f"{address}/bank-accounts/{keys['bank_id']}", account).status_code == 200

    for path in ("/api/advertisers", address, f"{address}/history", f"{address}/contacts"):
        answer = moderator.get(path)
        assert answer.status_code == 200
        assert not re.search(r"bank|Known to few|3000", answer.content.decode().replace(str(keys["bank_id"]), "bank"))
    assert "Known to few" in manager.get(f"{address}/history").content.decode()
