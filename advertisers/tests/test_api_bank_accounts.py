"""Bank accounts in the API: numbers can be written, but every answer masks them."""

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import AuditEntry, User
from accounts.tests.factories import Cast
from advertisers.models import AdvertiserBankAccount
from advertisers.tests.factories import (
    ACCOUNT_NUMBER,
    IBAN,
    OTHER_IBAN,
    AdvertiserBankAccountFactory,
    AdvertiserFactory,
)
from campaign_studio.tests.bodies import bank_account_body, stored
from campaign_studio.tests.refusals import codes_of

pytestmark = pytest.mark.django_db

ClientFor = Callable[[User | None], APIClient]
WITHOUT_NUMBER = {"non_field_errors": ["bank_account_has_a_number_or_an_iban"]}


@pytest.fixture
def client(cast: Cast, client_for: ClientFor) -> APIClient:
    """Signed in as a campaign manager."""
    return client_for(cast.campaign_manager)


@pytest.fixture
def account(db: None) -> AdvertiserBankAccount:
    """The default bank account of an advertiser, with account number and IBAN."""
    made: AdvertiserBankAccount = AdvertiserBankAccountFactory(
        advertiser=AdvertiserFactory(contact=True), bank_account_iban=IBAN, is_default=True
    )
    return made


def at(account: AdvertiserBankAccount, *more: str) -> str:
    return "/".join([f"/api/advertisers/{account.advertiser_id}/bank-accounts", *more])


def numbers(account: AdvertiserBankAccount) -> tuple[str | None, ...]:
    """The stored account number and IBAN, unmasked."""
    fresh = AdvertiserBankAccount.objects.get(pk=account.pk)
    return tuple(secret.reveal() if secret else None for secret in (fresh.bank_account_number, fresh.bank_account_iban))


def test_an_account_is_created_and_its_numbers_masked(client: APIClient, account: AdvertiserBankAccount) -> None:
    body = bank_account_body(
        bank_account_number="1234 5678 9012", bank_account_bic="deutdeff", bank_account_currency="CHF"
    )

    answer = client.post(at(account), body)

    assert answer.status_code == 201
    document = answer.json()
    assert (document["bank_account_number"], document["bank_account_iban"]) == ("••••9012", "••••3000")
    assert (document["bank_account_bic"], document["bank_account_currency"]) == ("DEUTDEFF", "CHF")
    assert client.get(at(account, document["bank_id"])).json() == document
    stored_one = AdvertiserBankAccount.objects.get(pk=document["bank_id"])
    assert numbers(stored_one) == ("1234 5678 9012", IBAN)


def test_only_reveal_shows_a_number(
    client: APIClient, cast: Cast, client_for: ClientFor, account: AdvertiserBankAccount
) -> None:
    one = at(account, str(account.pk))
    advertiser = f"/api/advertisers/{account.advertiser_id}"
    answers = [
        client.get(at(account)),
        client.get(one),
        client.get(advertiser),
        client.patch(advertiser, {"city": "Bonn"}),
        client.patch(one, {"bank_account_iban": OTHER_IBAN}),
        client.put(one, bank_account_body(bank_account_number=ACCOUNT_NUMBER)),
        client.post(at(account), bank_account_body(bank_account_iban="DE89370400440532013001")),
        client.get(f"{advertiser}/history"),
        client_for(cast.system_admin).get("/api/audit-log"),
    ]

    assert [answer.status_code for answer in answers] == [200] * 6 + [400] + [200] * 2
    for answer in answers:
        text = answer.content.decode()
        for secret in (ACCOUNT_NUMBER, IBAN, OTHER_IBAN, IBAN[:-4], ACCOUNT_NUMBER[:-4]):
            assert secret not in text
    assert client.get(advertiser).json()["bank_accounts"][0]["bank_account_number"] == f"••••{ACCOUNT_NUMBER[-4:]}"


@pytest.mark.parametrize("method", ["patch", "put"])
def test_sending_the_mask_back_keeps_the_number(client: APIClient, account: AdvertiserBankAccount, method: str) -> None:
    one = at(account, str(account.pk))
    document = client.get(one).json()

    answer = getattr(client, method)(one, {**document, "bank_name": "Renamed"})

    assert answer.status_code == 200
    assert answer.json()["bank_name"] == "Renamed"
    assert numbers(account) == (ACCOUNT_NUMBER, IBAN)


def test_null_removes_a_number_unless_it_is_the_only_one(client: APIClient, account: AdvertiserBankAccount) -> None:
    one = at(account, str(account.pk))

    assert client.patch(one, {"bank_account_number": ""}).json()["bank_account_number"] is None
    assert numbers(account) == (None, IBAN)

    answer = client.patch(one, {"bank_account_iban": None})
    assert (answer.status_code, codes_of(answer)) == (400, WITHOUT_NUMBER)
    assert numbers(account) == (None, IBAN)


def test_a_mask_is_not_accepted_as_the_number_of_a_new_account(
    client: APIClient, account: AdvertiserBankAccount
) -> None:
    answer = client.post(at(account), bank_account_body(bank_account_iban="••••3000"))

    assert (answer.status_code, codes_of(answer)) == (400, WITHOUT_NUMBER)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"bank_account_iban": "DE89370400440532013001"}, "bank_account_iban"),
        ({"bank_account_iban": "X" * 43}, "bank_account_iban"),
        ({"bank_account_iban": ["DE"]}, "bank_account_iban"),
        ({"bank_account_number": "12"}, "bank_account_number"),
        ({"bank_account_number": "12;DROP TABLE"}, "bank_account_number"),
        ({"bank_account_bic": "NOBIC"}, "bank_account_bic"),
        ({"bank_account_swift_code": "12345678"}, "bank_account_swift_code"),
        ({"bank_account_currency": "EURO"}, "bank_account_currency"),
        ({"bank_account_currency": "XXQ"}, "bank_account_currency"),
        ({"bank_account_routing_number": "1/2"}, "bank_account_routing_number"),
        ({"is_default": "perhaps"}, "is_default"),
        ({"advertiser_id": "x"}, "advertiser_id"),
        ({"bank_name": ""}, "bank_name"),
    ],
)
def test_an_invalid_account_is_refused_field_by_field(
    client: APIClient, account: AdvertiserBankAccount, changes: dict[str, Any], field: str
) -> None:
    before = stored()

    for answer in (
        client.post(at(account), bank_account_body(**changes)),
        client.patch(at(account, str(account.pk)), changes),
    ):
        assert (answer.status_code, list(answer.json())) == (400, [field])
    assert stored() == before


def test_a_new_default_account_replaces_the_old_one(client: APIClient, account: AdvertiserBankAccount) -> None:
    def default() -> str:
        return str(AdvertiserBankAccount.objects.get(is_default=True).pk)

    answer = client.post(at(account), bank_account_body(is_default=True))
    assert (answer.status_code, answer.json()["is_default"]) == (201, True)
    assert default() == answer.json()["bank_id"]

    answer = client.patch(at(account, str(account.pk)), {"is_default": True})
    assert (answer.status_code, answer.json()["is_default"]) == (200, True)
    assert default() == str(account.pk)
    changes = AuditEntry.objects.filter(changes__has_key="is_default").order_by("pk")
    assert [(entry.action, entry.changes["is_default"]) for entry in changes][-4:] == [
        (AuditEntry.Action.UPDATE, [True, False]),
        (AuditEntry.Action.CREATE, [None, True]),
        (AuditEntry.Action.UPDATE, [True, False]),
        (AuditEntry.Action.UPDATE, [False, True]),
    ]


def test_admins_reveal_a_number_and_the_audit_log_records_it(
    cast: Cast, client_for: ClientFor, account: AdvertiserBankAccount
) -> None:
    for number, admin in enumerate((cast.app_admin, cast.system_admin), start=1):
        answer = client_for(admin).post(at(account, str(account.pk), "reveal"))

        assert answer.status_code == 200
        assert answer.json() == {"bank_account_number": ACCOUNT_NUMBER, "bank_account_iban": IBAN}
        seen = AuditEntry.objects.filter(action=AuditEntry.Action.ACCESS, object_pk=str(account.pk))
        assert seen.count() == number
        newest = seen.order_by("-timestamp").first()
        assert newest is not None
        assert (newest.actor_id, newest.door, newest.parent_id) == (admin.pk, "api", account.advertiser_id)

    history = client_for(cast.owner).get(f"/api/advertisers/{account.advertiser_id}/history?page_size=1").json()
    assert history["results"][0]["action"] == "access"
    assert history["results"][0]["changes"] == {}


@pytest.mark.parametrize("role", ["campaign_manager", "content_moderator", "user", "guest"])
def test_other_roles_cannot_reveal_a_number(
    cast: Cast, client_for: ClientFor, account: AdvertiserBankAccount, role: str
) -> None:
    before = stored()

    answer = client_for(cast.in_role(role)).post(at(account, str(account.pk), "reveal"))

    assert answer.status_code == 403
    assert stored() == before


def test_a_moderator_sees_an_advertiser_without_its_bank_accounts(
    cast: Cast, client_for: ClientFor, account: AdvertiserBankAccount
) -> None:
    moderator, manager = client_for(cast.content_moderator), client_for(cast.campaign_manager)
    advertiser = f"/api/advertisers/{account.advertiser_id}"
    manager.patch(at(account, str(account.pk)), {"bank_name": "Renamed"})

    document = moderator.get(advertiser)
    assert document.status_code == 200
    assert "bank_accounts" not in document.json()
    assert moderator.get(at(account)).status_code == 403
    assert moderator.get(at(account, str(account.pk))).status_code == 403
    shown = {entry["resource_type"] for entry in moderator.get(f"{advertiser}/history").json()["results"]}
    assert "advertiserbankaccount" not in shown
    shown = {entry["resource_type"] for entry in manager.get(f"{advertiser}/history").json()["results"]}
    assert "advertiserbankaccount" in shown


def test_a_bank_account_is_found_only_under_its_own_advertiser(
    client: APIClient, cast: Cast, client_for: ClientFor, account: AdvertiserBankAccount
) -> None:
    other = AdvertiserFactory(contact=True)
    elsewhere = f"/api/advertisers/{other.pk}/bank-accounts/{account.pk}"
    before = stored()

    assert client.get(elsewhere).status_code == 404
    for method in ("put", "patch", "delete"):
        assert getattr(client, method)(elsewhere, bank_account_body()).status_code == 404
    assert client_for(cast.system_admin).post(f"{elsewhere}/reveal").status_code == 404
    assert client.get(f"/api/advertisers/{other.pk}/bank-accounts").json()["count"] == 0
    assert stored() == before


def test_bank_accounts_are_listed_in_a_total_order_and_deleted(
    client: APIClient, account: AdvertiserBankAccount
) -> None:
    AdvertiserBankAccountFactory(advertiser=account.advertiser, bank_name="Aa")

    names = [row["is_default"] for row in client.get(at(account)).json()["results"]]
    assert names == [True, False]
    assert client.get(f"{at(account)}?ordering=bank_account_number").status_code == 400
    assert client.delete(at(account, str(account.pk))).status_code == 204
    assert client.get(at(account, str(account.pk))).status_code == 404
    assert client.get(at(account)).json()["count"] == 1
