"""Which documents the database writes, and that their statements are compiled once without mixing readers up."""

import json
from collections.abc import Callable
from threading import Thread
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework import serializers
from rest_framework.test import APIClient

from accounts.choices import RoleName
from accounts.models import User
from accounts.tests.factories import Cast, UserFactory
from ads.api.serializers import AdSerializer
from ads.models import Ad
from ads.tests.factories import AdContentRatingFactory, AdFactory, AdTimeSlotFactory, DeviceFactory
from advertisers.tests.factories import AdvertiserBankAccountFactory, AdvertiserContactFactory
from campaign_studio.api.documents import statements
from campaign_studio.api.documents.describing import AnyReader, ReaderKey
from campaign_studio.api.documents.statements import Kind, read_document, read_page, why_in_python
from campaign_studio.tests.bodies import bearing, tokens_of
from campaign_studio.tests.documents import check_rows, in_sql, kinds, rows_of
from campaigns.models import Campaign
from campaigns.tests.factories import AudienceTargetingFactory, CampaignFactory

pytestmark = pytest.mark.django_db
ClientFor = Callable[[User | None], APIClient]

# What only Python can represent, and why.
IN_PYTHON = {
    "AdvertiserSerializer": "AdvertiserSerializer.to_representation",
    "AuditEntrySerializer": "AuditEntrySerializer.to_representation",
    "BankAccountSerializer": "BankAccountSerializer.bank_account_number is read by EncryptedTextField",
    "SecurityEventSerializer": "SecurityEventSerializer.user_id is a ReadOnlyField of a UUIDField",
    "SessionSerializer": "SessionSerializer.user_id is a ReadOnlyField of a UUIDField",
}


@pytest.mark.parametrize("role", RoleName.values)
def test_documents_that_python_writes_are_listed_with_the_reason(cast: Cast, role: str) -> None:
    reasons = {
        kind.serializer.__name__: reason
        for kind, is_page in kinds(cast.in_role(role))
        if (reason := why_in_python(kind, is_page=is_page))
    }

    assert reasons == IN_PYTHON


class Shouted(serializers.CharField):
    """Python code."""

    def to_representation(self, value: Any) -> str:
        return str(value).upper()


class Guessed(serializers.CharField):
    """Python code too."""

    def get_attribute(self, instance: Any) -> str:
        return "guessed"


class Ended(serializers.Serializer[Any]):
    """A nested object that is Python code."""

    ad_name = serializers.CharField()

    def to_representation(self, instance: Any) -> dict[str, object]:
        return {"ad_name": "other"}


@pytest.mark.parametrize(
    ("field", "reason"),
    [
        (Shouted(source="campaign_name"), "is a Shouted of a CharField"),
        (Guessed(source="campaign_name"), "get_attribute"),
        (serializers.SerializerMethodField(), "reads the whole row"),
        (serializers.CharField(source="last_day"), "isn't a column"),
        (serializers.CharField(source="campaign_max_view_count"), "is a CharField of a PositiveIntegerField"),
        (serializers.DateField(source="campaign_start_date", format="%d.%m.%Y"), "has a format of its own"),
        (serializers.CharField(source="advertiser.advertiser_name", read_only=True), "Set allow_null=True"),
        (Ended(source="ads", many=True), "Ended.to_representation"),
        (Ended(source="advertiser"), "Ended.to_representation"),
        (Ended(source="campaign_name"), "isn't such a relation"),
    ],
)
def test_a_field_that_is_python_code_is_found(cast: Cast, field: Any, reason: str) -> None:
    strange = type("Strange", (serializers.Serializer,), {"one": field, "get_one": lambda self, row: "x"})

    assert reason in (why_in_python(Kind.of(strange, Campaign, cast.system_admin)) or "")


def test_a_field_is_added_by_one_line(cast: Cast) -> None:
    class Named(serializers.Serializer[Campaign]):
        campaign_name = serializers.CharField()
        advertiser_name = serializers.CharField(source="advertiser.advertiser_name", allow_null=True)

    advertised = CampaignFactory(advertiser=AdvertiserContactFactory().advertiser)
    other = CampaignFactory()
    kind = Kind.of(Named, Campaign, cast.user)

    for campaign, name in ((advertised, advertised.advertiser.advertiser_name), (other, None)):
        written = read_document(kind, Campaign.objects.filter(pk=campaign.pk), cast.user)
        assert written is not None
        assert json.loads(written.body) == {"campaign_name": campaign.campaign_name, "advertiser_name": name}


def test_rows_that_a_reader_may_not_see_are_never_nested_by_the_database(cast: Cast) -> None:
    class Account(serializers.Serializer[Any]):
        bank_name = serializers.CharField()

    class Nesting(serializers.Serializer[Any]):
        bank_accounts = Account(many=True)

    model = AdvertiserBankAccountFactory().advertiser.__class__

    assert why_in_python(Kind.of(Nesting, model, cast.campaign_manager)) is None
    assert "may not see all" in (why_in_python(Kind.of(Nesting, model, cast.content_moderator)) or "")


# --- One statement for all questions of a shape --------------------------------------------------------------------

LISTS = [
    "/api/campaigns",
    "/api/campaigns?campaign_status=active",
    "/api/campaigns?campaign_status=draft",
    "/api/campaigns?campaign_status=draft,active",
    "/api/campaigns?campaign_status=draft,active,paused",
    "/api/campaigns?country=DE",
    "/api/campaigns?country=FR&city=Paris",
    "/api/campaigns?country=DE&city=Berlin&campaign_status=draft&search=campaign",
    "/api/campaigns?running_on=2026-11-28",
    "/api/campaigns?campaign_start_date_after=2026-01-01&campaign_end_date_before=2099-01-01",
    "/api/campaigns?campaign_end_date_before=2026-01-01",
    "/api/campaigns?search=100%25+campaign",
    "/api/campaigns?search=ca+paign&page_size=2",
    "/api/campaigns?ordering=ad_count",
    "/api/campaigns?ordering=-campaign_name,created_at&page_size=2&page=2",
    "/api/ads",
    "/api/ads?ad_status=draft&moderation_status=pending&search=ad",
    "/api/moderation-queue",
    "/api/moderation-queue?ordering=-goes_live_on",
    "/api/advertisers?country=de",
    "/api/advertisers?search=advertiser",
    "/api/users?is_active=true",
    "/api/users?is_active=false",
    "/api/users?role=user&search=user",
    "/api/devices?is_active=true",
    "/api/roles",
]


@pytest.fixture
def rows(cast: Cast) -> None:
    """Some rows of each kind, with different values."""
    for number in range(4):
        campaign: Any = CampaignFactory(campaign_status="active" if number % 2 else "draft")
        AudienceTargetingFactory(campaign=campaign, cities=["Berlin"] if number else [])
        ad = AdFactory(campaign=campaign)
        AdTimeSlotFactory(ad=ad)
        if number:
            AdContentRatingFactory(ad=ad)
            AdFactory(campaign=campaign, ad_name=f"Ad {number} 100%")
        AdvertiserContactFactory(advertiser__country="DE" if number else None)
        UserFactory(is_active=number == 0)
    CampaignFactory(campaign_name="100% Campaign")
    DeviceFactory()


@pytest.mark.parametrize("address", LISTS)
def test_a_list_is_as_the_serializer_represents_its_rows(
    address: str, cast: Cast, rows: None, client_for: ClientFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Compiled afresh, compiled once, and represented in Python."""
    client = client_for(cast.system_admin)
    statements._compiled.cache_clear()
    fresh, again = client.get(address), client.get(address)
    monkeypatch.setattr("campaign_studio.api.pagination.why_in_python", lambda *args, **options: "for comparison")
    in_python = client.get(address)

    assert fresh.status_code == 200
    assert fresh.json()["count"] > 0 or "2026-01-01" in address or "FR" in address
    assert fresh.json() == again.json() == in_python.json()
    assert list(fresh.json()) == ["count", "next", "previous", "results"]


def test_questions_that_differ_only_in_values_share_one_statement(cast: Cast, rows: None) -> None:
    client = bearing(tokens_of(cast.system_admin)["access_token"])
    statements._compiled.cache_clear()

    found = [
        client.get(f"/api/campaigns?campaign_status={status}&search={word}").json()
        for status, word in [("active", "campaign"), ("draft", "100"), ("draft", "campaign"), ("paused", "campaign")]
    ]

    assert [page["count"] for page in found] == [2, 1, 3, 0]
    assert statements._compiled.cache_info().currsize == 1
    assert statements._compiled.cache_info().hits == 3


def test_the_number_of_kept_statements_is_bounded() -> None:
    assert statements._compiled.cache_info().maxsize == statements.STATEMENTS
    assert statements.why_in_python.cache_info().maxsize == statements.STATEMENTS


def test_readers_who_see_different_rows_never_share_them(cast: Cast) -> None:
    """The same statement answers all of them: with the rows that each may see, and 404 for others."""
    readers = [cast.user, cast.guest, cast.system_admin, cast.app_admin]
    clients = [bearing(tokens_of(reader)["access_token"]) for reader in readers]

    for _again in range(2):
        for reader, client in zip(readers, clients, strict=True):
            for other in readers:
                answer = client.get(f"/api/users/{other.pk}")
                is_visible = User.objects.all().visible_to(reader).filter(pk=other.pk).exists()
                assert answer.status_code == (200 if is_visible else 404)
                assert not is_visible or answer.json()["user_id"] == str(other.pk)
        names = [{row["username"] for row in client.get("/api/users").json()["results"]} for client in clients[2:]]
        assert cast.system_admin.username in names[0]
        assert cast.system_admin.username not in names[1]


def test_a_statement_contains_the_key_of_no_reader(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """An expression that depends on who reads is filled in for each request."""

    class Owned(serializers.Serializer[Campaign]):
        owner = serializers.UUIDField()

    monkeypatch.setattr(Campaign, "expressions", classmethod(lambda cls, reader: {"owner": _uuid_of(reader)}))
    campaign = CampaignFactory()

    for reader in (cast.campaign_manager, cast.other_campaign_manager):
        kind = Kind.of(Owned, Campaign, reader)
        written = read_document(kind, Campaign.objects.filter(pk=campaign.pk), reader)
        page = read_page(kind, Campaign.objects.order_by("pk"), reader, limit=1, offset=0)
        assert written is not None
        assert json.loads(written.body) == {"owner": str(reader.pk)} == json.loads(page.results)[0]


def _uuid_of(reader: AnyReader) -> ReaderKey:
    assert isinstance(reader.pk, ReaderKey)
    return reader.pk


@pytest.mark.django_db(transaction=True)
def test_requests_at_the_same_time_get_their_own_rows() -> None:
    campaigns: list[Any] = CampaignFactory.create_batch(8)
    reader = UserFactory()
    kind = next(kind for kind, is_page in in_sql(reader) if kind.model is Campaign and not is_page)
    statements._compiled.cache_clear()
    wrong: list[str] = []

    def read(campaign: Campaign) -> None:
        for _again in range(20):
            written = read_document(kind, Campaign.objects.filter(pk=campaign.pk), reader)
            if written is None or str(campaign.pk) not in written.pieces[0]:
                wrong.append(str(campaign.pk))
        connection.close()

    threads = [Thread(target=read, args=[campaign]) for campaign in campaigns]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert wrong == []


# --- What a client sees ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "most"),
    [
        ("/api/campaigns?campaign_status=draft", 2),
        ("/api/campaigns?search=campaign&country=DE", 2),
        ("/api/campaigns/{ad.campaign_id}", 1),
        ("/api/ads", 2),
        ("/api/ads/{ad.pk}", 1),
        ("/api/campaigns/{ad.campaign_id}/ads", 3),
        ("/api/moderation-queue", 2),
        ("/api/advertisers", 2),
        ("/api/users", 2),
    ],
)
def test_a_read_takes_one_statement_at_most_besides_that_of_the_session(
    cast: Cast, rows: None, address: str, most: int
) -> None:
    client = bearing(tokens_of(cast.system_admin)["access_token"])
    address = address.format(ad=Ad.objects.first())

    with CaptureQueriesContext(connection) as seen:
        answer = client.get(address)

    assert answer.status_code == 200
    assert len(seen) == most, [query["sql"] for query in seen]


def test_a_page_past_the_end_is_refused(cast: Cast, client_for: ClientFor) -> None:
    client = client_for(cast.user)
    CampaignFactory.create_batch(3)

    for search in ("", "&search=campaign"):
        answer = client.get(f"/api/campaigns?page=3&page_size=2{search}")
        assert (answer.status_code, answer.json()) == (404, {"detail": "There are only 2 pages."})
    assert client.get("/api/campaigns?page=2&search=nothing").status_code == 404
    assert client.get("/api/campaigns?search=nothing").json() == {
        "count": 0,
        "next": None,
        "previous": None,
        "results": [],
    }


def test_the_view_count_is_in_the_answer_but_not_in_what_if_match_compares(cast: Cast, client_for: ClientFor) -> None:
    client = client_for(cast.user)
    ad = AdFactory(rated=True)
    before = client.get(f"/api/ads/{ad.pk}")

    Ad.objects.filter(pk=ad.pk).update(ad_view_count=9_007_199_254_740_993)

    after = client.get(f"/api/ads/{ad.pk}")
    assert after.json() == before.json() | {"ad_view_count": 9_007_199_254_740_993}
    assert list(after.json()) == list(AdSerializer().fields)
    tags = [answer["ETag"].strip('"').split("-") for answer in (before, after)]
    assert tags[0][0] == tags[1][0]
    assert tags[0][1] != tags[1][1]


def test_a_changed_answer_is_what_a_read_answers(cast: Cast, client_for: ClientFor) -> None:
    client = client_for(cast.system_admin)
    address = f"/api/ads/{AdFactory(rated=True).pk}"

    changed = client.patch(address, {"ad_name": "Grüße an “alle” \\ 🚗", "time_slots": []})

    read = client.get(address)
    assert changed.json() == read.json()
    assert changed["ETag"] == read["ETag"]
    assert read.json()["ad_name"] == "Grüße an “alle” \\ 🚗"


def test_reading_in_sql_is_compared_with_python(cast: Cast, rows: None) -> None:
    for kind, is_page in in_sql(cast.system_admin):
        if is_page:
            visible = rows_of(kind).visible_to(cast.system_admin)
            check_rows(kind, visible.order_by("pk"), cast.system_admin)
