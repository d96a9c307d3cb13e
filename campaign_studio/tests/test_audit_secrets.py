"""The audit log records that a secret was changed or viewed, but never the secret itself."""

import pytest
from django.db import connection, models
from django.test import Client

from accounts.models import AuditEntry, User
from accounts.tests.factories import PASSWORD, Cast, UserFactory
from advertisers.models import AdvertiserBankAccount
from advertisers.tests.factories import ACCOUNT_NUMBER, IBAN, OTHER_IBAN, AdvertiserBankAccountFactory
from campaign_studio.acting import acting_as

pytestmark = pytest.mark.django_db

Action = AuditEntry.Action


def entries(instance: models.Model) -> list[AuditEntry]:
    """The entries about one object, oldest first."""
    return list(AuditEntry.objects.filter(object_pk=str(instance.pk)).order_by("timestamp", "id"))


def last_entry(instance: models.Model) -> AuditEntry:
    """The newest entry about one object."""
    return entries(instance)[-1]


def raw_log() -> str:
    """Every column of every entry as text."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT audit_log::text FROM audit_log")
        return "\n".join(row[0] for row in cursor.fetchall())


def test_only_the_fact_that_a_password_changed_is_logged() -> None:
    person = User.objects.create_user("mona", "mona@example.com", PASSWORD)
    first_hash = person.password
    person.set_password("another good long password")
    person.save()

    assert last_entry(person).changes == {"password": ["[changed]", "[changed]"]}
    for secret in (PASSWORD, "another good long password", first_hash, person.password):
        assert secret not in raw_log()


def test_only_the_fact_that_a_bank_number_changed_is_logged() -> None:
    account: AdvertiserBankAccount = AdvertiserBankAccountFactory(bank_account_iban=IBAN)
    account.bank_account_iban = OTHER_IBAN
    account.bank_account_number = "998877665544"
    account.save()
    changed = last_entry(account).changes
    account.bank_account_number = None
    account.save()

    assert changed == {name: ["[changed]", "[changed]"] for name in ("bank_account_number", "bank_account_iban")}
    assert last_entry(account).changes == {"bank_account_number": ["[changed]", None]}
    account.delete()
    for secret in (ACCOUNT_NUMBER, IBAN, OTHER_IBAN, "998877665544"):
        assert secret not in raw_log()
        assert secret[:8] not in raw_log()


def test_a_new_number_with_the_same_last_digits_is_logged_too() -> None:
    account = AdvertiserBankAccountFactory(bank_account_number="1111" + "6789")
    before = len(entries(account))
    account.bank_account_number = "2222" + "6789"
    account.save()

    assert len(entries(account)) == before + 1
    assert last_entry(account).changes == {"bank_account_number": ["[changed]", "[changed]"]}


def test_every_reveal_is_logged(cast: Cast) -> None:
    account = AdvertiserBankAccountFactory()
    before = len(entries(account))

    with acting_as(cast.app_admin, door="api"):
        account.reveal()
        account.reveal()

    accesses = entries(account)[before:]
    assert [one.action for one in accesses] == [Action.ACCESS] * 2
    assert {(one.actor_id, one.door, one.parent_id) for one in accesses} == {
        (cast.app_admin.pk, "api", account.advertiser_id)
    }
    assert ACCOUNT_NUMBER not in raw_log()


def test_signing_in_is_not_logged_as_a_change() -> None:
    person = UserFactory()
    before = len(entries(person))

    Client().force_login(person)

    assert len(entries(person)) == before
