"""Secrets are encrypted at rest, masked when printed, and can't be searched."""

import json
from typing import Any

import pytest
from django.core import serializers
from django.core.exceptions import FieldError, ImproperlyConfigured
from django.db import connection
from django.db.models import F

from advertisers.models import Advertiser, AdvertiserBankAccount
from advertisers.tests.factories import ACCOUNT_NUMBER, IBAN, AdvertiserBankAccountFactory
from campaign_studio.encryption import MASK, Secret, decrypt, encrypt

OLD_KEY, NEW_KEY, OTHER_KEY = ("old-key" * 6, "new-key" * 6, "other-key" * 6)


# --- Output ----------------------------------------------------------------------------------------------------------


def test_a_secret_shows_only_its_end() -> None:
    secret = Secret(ACCOUNT_NUMBER)

    assert str(secret) == f"{secret}" == f"{secret!s}" == "••••6789"
    assert repr(secret) == "<Secret ••••6789>"
    assert ACCOUNT_NUMBER not in repr([secret]) + str({"number": secret})


@pytest.mark.parametrize("text", ["01-0123-0123456-00", "0101230123 45600", "010123/0123456.00"])
def test_the_end_of_a_secret_is_shown_without_separators(text: str) -> None:
    assert str(Secret(text)) == "••••5600"


@pytest.mark.parametrize("text", ["1", "1234", "12345", "1234567", "123-45.6/7"])
def test_a_short_secret_shows_nothing(text: str) -> None:
    assert str(Secret(text)) == MASK


def test_only_reveal_returns_the_whole_secret() -> None:
    assert Secret(ACCOUNT_NUMBER).reveal() == ACCOUNT_NUMBER


def test_secrets_with_equal_texts_are_equal() -> None:
    assert Secret("1234") == Secret("1234") != Secret("1235")
    assert Secret("1234") != "1234"
    assert len({Secret("1234"), Secret("1234")}) == 1
    assert len(Secret("1234")) == 4


def test_a_secret_can_not_be_serialised_as_json() -> None:
    with pytest.raises(TypeError):
        json.dumps(Secret("1234"))


# --- Keys ------------------------------------------------------------------------------------------------------------


def test_the_same_text_is_encrypted_differently_each_time() -> None:
    first, second = encrypt(ACCOUNT_NUMBER), encrypt(ACCOUNT_NUMBER)

    assert first != second
    assert ACCOUNT_NUMBER not in first
    assert decrypt(first) == decrypt(second) == ACCOUNT_NUMBER


def test_a_wrong_key_is_an_error_with_advice(settings: Any) -> None:
    settings.ENCRYPTION_KEYS = [OLD_KEY]
    token = encrypt(ACCOUNT_NUMBER)
    settings.ENCRYPTION_KEYS = [OTHER_KEY]

    with pytest.raises(ImproperlyConfigured, match="Add the key that it was encrypted with") as refused:
        decrypt(token)
    assert token not in str(refused.value)


@pytest.mark.parametrize("stored", ["", ACCOUNT_NUMBER, "gAAAA", "é"])
def test_text_that_was_never_encrypted_is_an_error(stored: str) -> None:
    with pytest.raises(ImproperlyConfigured):
        decrypt(stored)


def test_the_first_key_encrypts_and_all_decrypt(settings: Any) -> None:
    settings.ENCRYPTION_KEYS = [OLD_KEY]
    written_before = encrypt("before")
    settings.ENCRYPTION_KEYS = [NEW_KEY, OLD_KEY]
    written_after = encrypt("after")
    assert decrypt(written_before) == "before"

    settings.ENCRYPTION_KEYS = [NEW_KEY]
    assert decrypt(written_after) == "after"
    with pytest.raises(ImproperlyConfigured):
        decrypt(written_before)


# --- The column ------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_column_contains_ciphertext() -> None:
    account = AdvertiserBankAccountFactory(bank_account_iban=IBAN)

    with connection.cursor() as cursor:
        cursor.execute("SELECT bank_account_iban FROM advertiser_bank_accounts")
        stored = cursor.fetchone()[0]

    assert IBAN not in stored
    assert decrypt(stored) == IBAN
    account.refresh_from_db()
    assert account.bank_account_iban == Secret(IBAN)


@pytest.mark.django_db
def test_a_row_that_no_key_decrypts_is_an_error_without_ciphertext(settings: Any) -> None:
    account = AdvertiserBankAccountFactory()
    settings.ENCRYPTION_KEYS = [OTHER_KEY]

    with pytest.raises(ImproperlyConfigured, match="ENCRYPTION_KEY"):
        account.refresh_from_db()


@pytest.mark.django_db
def test_saving_a_row_encrypts_with_the_newest_key(settings: Any) -> None:
    settings.ENCRYPTION_KEYS = [OLD_KEY]
    account = AdvertiserBankAccountFactory()
    settings.ENCRYPTION_KEYS = [NEW_KEY, OLD_KEY]
    AdvertiserBankAccount.objects.get(pk=account.pk).save()

    settings.ENCRYPTION_KEYS = [NEW_KEY]

    assert AdvertiserBankAccount.objects.get(pk=account.pk).bank_account_number == Secret(ACCOUNT_NUMBER)


@pytest.mark.django_db
@pytest.mark.parametrize("empty", [None, ""], ids=repr)
def test_empty_text_is_stored_as_null(empty: str | None) -> None:
    account = AdvertiserBankAccountFactory(bank_account_iban=empty)
    account.refresh_from_db()

    assert account.bank_account_iban is None
    assert AdvertiserBankAccount.objects.filter(bank_account_iban__isnull=True).exists()
    assert AdvertiserBankAccount.objects.exclude(bank_account_number__isnull=True).exists()


def test_text_becomes_a_secret_on_assignment() -> None:
    account = AdvertiserBankAccount(bank_account_number=ACCOUNT_NUMBER)

    assert account.bank_account_number == Secret(ACCOUNT_NUMBER)
    assert ACCOUNT_NUMBER not in repr(account.__dict__)


@pytest.mark.django_db
def test_every_way_to_read_the_column_returns_secrets() -> None:
    account = AdvertiserBankAccountFactory()
    objects = AdvertiserBankAccount.objects
    secret = Secret(ACCOUNT_NUMBER)

    assert objects.values("bank_account_number")[0] == {"bank_account_number": secret}
    assert objects.values_list("bank_account_number", flat=True)[0] == secret
    assert objects.annotate(number=F("bank_account_number")).get().number == secret
    assert objects.defer("bank_account_number").get().bank_account_number == secret
    assert objects.only("bank_account_number").get(pk=account.pk).bank_account_number == secret


@pytest.mark.django_db
@pytest.mark.parametrize("form", ["json", "xml"])
def test_a_dump_contains_the_mask(form: str) -> None:
    dump = serializers.serialize(form, [AdvertiserBankAccountFactory(bank_account_iban=IBAN)])

    assert ACCOUNT_NUMBER not in dump
    assert IBAN not in dump
    assert "6789" in dump


LOOKUPS = ["exact", "iexact", "contains", "startswith", "in", "gt", "lt", "range", "regex", "matches", "unaccent"]


@pytest.mark.parametrize("lookup", LOOKUPS)
@pytest.mark.parametrize("method", ["filter", "exclude", "get"])
def test_a_secret_can_only_be_tested_for_null(method: str, lookup: str) -> None:
    ask = getattr(AdvertiserBankAccount.objects, method)

    with pytest.raises(FieldError, match="encrypted"):
        ask(**{f"bank_account_number__{lookup}": ["532"] if lookup in {"in", "range"} else "532"})


def test_a_secret_can_not_be_queried_through_relations() -> None:
    question = {"bank_accounts__bank_account_number__startswith": "5"}

    with pytest.raises(FieldError, match="encrypted"):
        Advertiser.objects.filter(**question)
