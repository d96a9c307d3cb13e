"""Changing the encryption key: all values stay readable, and no edit is lost, even if the command is killed."""

import io
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import connection, models, transaction
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEntry
from advertisers.models import AdvertiserBankAccount
from advertisers.tests.factories import (
    ACCOUNT_NUMBER,
    IBAN,
    OTHER_IBAN,
    AdvertiserBankAccountFactory,
    AdvertiserFactory,
)
from campaign_studio.encryption import EncryptedTextField, Secret, encrypt, encrypted_columns, is_current

ROOT = Path(__file__).resolve().parents[2]
OLD_KEY, NEW_KEY, OTHER_KEY = ("old-key" * 6, "new-key" * 6, "other-key" * 6)

objects = AdvertiserBankAccount._base_manager


def rotate(*arguments: str) -> str:
    out = io.StringIO()
    call_command("rotate_encryption_key", *arguments, stdout=out)
    return out.getvalue()


def accounts_of(count: int, **values: Any) -> list[AdvertiserBankAccount]:
    """`count` bank accounts of one advertiser, in the order of their primary keys."""
    made = AdvertiserBankAccountFactory.create_batch(count, advertiser=AdvertiserFactory(), **values)
    return sorted(made, key=lambda account: account.pk)


def stored(name: str = "bank_account_number") -> list[str | None]:
    """The ciphertexts in the column, in the order of the primary keys."""
    column: Any = AdvertiserBankAccount._meta.get_field(name)
    return list(objects.order_by("pk").values_list(column.ciphertext, flat=True))


@pytest.fixture
def keys(settings: Any) -> Callable[..., None]:
    """Sets ENCRYPTION_KEY: `keys(newest, …)`."""

    def use(*given: str) -> None:
        settings.ENCRYPTION_KEYS = list(given)

    use(OLD_KEY)
    return use


@pytest.mark.django_db
def test_the_new_key_alone_decrypts_every_secret_afterwards(keys: Callable[..., None]) -> None:
    both = AdvertiserBankAccountFactory(bank_account_iban=IBAN)
    iban_only = AdvertiserBankAccountFactory(bank_account_number=None, bank_account_iban=OTHER_IBAN)
    keys(NEW_KEY, OLD_KEY)
    output = rotate()

    keys(NEW_KEY)
    both.refresh_from_db()
    iban_only.refresh_from_db()
    assert [both.bank_account_number, both.bank_account_iban] == [Secret(ACCOUNT_NUMBER), Secret(IBAN)]
    assert [iban_only.bank_account_number, iban_only.bank_account_iban] == [None, Secret(OTHER_IBAN)]
    assert "Re-encrypted: 3. Already current: 0." in output
    assert "remove the old key from ENCRYPTION_KEY" in output


@pytest.mark.django_db
def test_a_second_run_writes_nothing(keys: Callable[..., None]) -> None:
    accounts_of(3)
    keys(NEW_KEY, OLD_KEY)
    rotate()
    before = stored()

    assert "Re-encrypted: 0. Already current: 3." in rotate()
    assert stored() == before


@pytest.mark.django_db
def test_nothing_else_changes_and_nothing_is_logged(keys: Callable[..., None]) -> None:
    account = AdvertiserBankAccountFactory()
    entries = AuditEntry.objects.count()
    keys(NEW_KEY, OLD_KEY)
    rotate()
    now = AdvertiserBankAccount.objects.get(pk=account.pk)

    assert AuditEntry.objects.count() == entries
    assert (now.updated_at, now.bank_name) == (account.updated_at, account.bank_name)


@pytest.mark.django_db
def test_the_only_key_is_not_suggested_for_removal(keys: Callable[..., None]) -> None:
    accounts_of(1)
    output = rotate()

    assert "Already current: 1." in output
    assert "remove the old key" not in output


@pytest.mark.django_db
def test_no_query_reads_more_than_a_batch(keys: Callable[..., None]) -> None:
    accounts_of(5)
    keys(NEW_KEY, OLD_KEY)
    with CaptureQueriesContext(
        connection,
    ) as captured:
        rotate("--batch-size", "2")
    statements = [one["sql"] for one in captured if "advertiser_bank_accounts" in one["sql"]]
    reads = [sql for sql in statements if sql.startswith("SELECT") and "COUNT(" not in sql]

    assert len(reads) == 4
    assert all("LIMIT 2" in sql for sql in reads)
    assert all(token is not None and is_current(token) for token in stored())


@pytest.mark.parametrize("size", ["0", "-1", "many", "10001"])
def test_an_impossible_batch_size_is_refused(size: str) -> None:
    with pytest.raises(CommandError, match="--batch-size"):
        rotate("--batch-size", size)


def test_every_encrypted_column_is_rotated() -> None:
    found = {(model._meta.db_table, field.column) for model, columns in encrypted_columns() for field in columns}

    assert {
        ("advertiser_bank_accounts", "bank_account_number"),
        ("advertiser_bank_accounts", "bank_account_iban"),
    } <= found
    assert len(found) == sum(len(columns) for _, columns in encrypted_columns())


@pytest.mark.django_db
def test_values_that_no_key_decrypts_are_listed_and_all_others_renewed(keys: Callable[..., None]) -> None:
    first, lost, last = accounts_of(3)
    keys(OTHER_KEY)
    objects.filter(pk=lost.pk).update(bank_account_number="99998888")
    keys(NEW_KEY, OLD_KEY)
    before = stored()[1]
    out = io.StringIO()
    with pytest.raises(CommandError, match="Add the key it was encrypted with") as refused:
        call_command("rotate_encryption_key", stdout=out)

    assert f"advertisers.AdvertiserBankAccount.bank_account_number of row {lost.pk}." in out.getvalue()
    assert "Re-encrypted: 2." in out.getvalue()
    assert "remove the old key" not in out.getvalue()
    assert str(before) not in out.getvalue() + str(refused.value)
    assert stored()[1] == before
    keys(NEW_KEY)
    first.refresh_from_db()
    last.refresh_from_db()

    keys(NEW_KEY, OLD_KEY, OTHER_KEY)
    assert "Re-encrypted: 1. Already current: 2." in rotate()


# --- Concurrent edits -------------------------------------------------------------------------------------------------


def wait_until_blocked_by_us() -> None:
    """Return once another connection waits for a row that this transaction has locked."""
    with connection.cursor() as cursor:
        for _ in range(200_000):
            cursor.execute(
                "SELECT EXISTS (SELECT 1 FROM pg_locks WHERE NOT granted AND transactionid = pg_current_xact_id()::xid)"
            )
            if cursor.fetchone()[0]:
                return
    raise AssertionError("No connection waits for this one.")


def rotate_during(write: Callable[[], Any]) -> str:
    """Run the command so that it has read the old value and waits to write it when `write()` is committed."""

    def run() -> str:
        with closing(connection):
            return rotate()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            write()
            running = pool.submit(run)
            wait_until_blocked_by_us()
        return running.result(timeout=60)


def edit(account: AdvertiserBankAccount, number: str) -> None:
    account.bank_account_number = Secret(number)
    account.save()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("editors_key", [NEW_KEY, OLD_KEY], ids=["new", "old"])
def test_an_edit_made_in_the_meantime_is_not_lost(editors_key: str, keys: Callable[..., None]) -> None:
    account = AdvertiserBankAccountFactory()
    column: Any = AdvertiserBankAccount._meta.get_field("bank_account_number")
    keys(editors_key)
    typed = encrypt("11112222")
    keys(NEW_KEY, OLD_KEY)
    output = rotate_during(lambda: column.replace_ciphertext(account.pk, old=stored()[0], new=typed))

    keys(NEW_KEY)
    account.refresh_from_db()
    assert account.bank_account_number == Secret("11112222")
    assert f"Re-encrypted: {0 if editors_key == NEW_KEY else 1}." in output


@pytest.mark.django_db(transaction=True)
def test_control_without_the_comparison_the_edit_is_lost(
    keys: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    def overwrite(self: EncryptedTextField, pk: Any, *, old: str, new: str) -> bool:
        value = models.Value(new, models.TextField())
        return bool(self.model._base_manager.filter(pk=pk).update(**{self.attname: value}))

    account = AdvertiserBankAccountFactory()
    keys(NEW_KEY, OLD_KEY)
    with monkeypatch.context() as patch:
        patch.setattr(EncryptedTextField, "replace_ciphertext", overwrite)
        rotate_during(lambda: edit(account, "11112222"))

    account.refresh_from_db()
    assert account.bank_account_number == Secret(ACCOUNT_NUMBER)


@pytest.mark.django_db(transaction=True)
def test_an_edit_of_the_whole_row_is_not_lost(keys: Callable[..., None]) -> None:
    account = AdvertiserBankAccountFactory()
    keys(NEW_KEY, OLD_KEY)
    rotate_during(lambda: edit(account, "11112222"))

    account.refresh_from_db()
    assert account.bank_account_number == Secret("11112222")


@pytest.mark.django_db(transaction=True)
def test_a_row_deleted_in_the_meantime_is_skipped(keys: Callable[..., None]) -> None:
    account = AdvertiserBankAccountFactory()
    keys(NEW_KEY, OLD_KEY)
    output = rotate_during(lambda: objects.filter(pk=account.pk).delete())

    assert "Re-encrypted: 0. Already current: 0." in output


# --- kill -9 ---------------------------------------------------------------------------------------------------------

RUN = """
import sys
from django.conf import settings
settings.DATABASES["default"]["NAME"] = sys.argv[1]
settings.ENCRYPTION_KEYS = sys.argv[2:]
import django
django.setup()
from django.core.management import call_command
call_command("rotate_encryption_key", "--batch-size", "7")
"""


@pytest.mark.matrix
@pytest.mark.django_db(transaction=True)
def test_a_run_killed_in_the_middle_is_finished_by_the_next(keys: Callable[..., None]) -> None:
    accounts = accounts_of(60, bank_account_iban=IBAN)
    keys(NEW_KEY, OLD_KEY)
    command = [sys.executable, "-c", RUN, str(connection.settings_dict["NAME"]), NEW_KEY, OLD_KEY]
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "campaign_studio.tests.settings"}
    with transaction.atomic():
        # The command waits for this row, so it is killed in the middle of a batch.
        objects.select_for_update().get(pk=accounts[30].pk)
        running = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)  # noqa: S603
        try:
            wait_until_blocked_by_us()
        finally:
            running.send_signal(signal.SIGKILL)
        assert running.wait(timeout=60) == -signal.SIGKILL

    renewed = [token is not None and is_current(token) for token in stored()]
    assert renewed == [True] * 28 + [False] * 32, "complete batches only"
    assert {account.bank_account_number for account in AdvertiserBankAccount.objects.all()} == {Secret(ACCOUNT_NUMBER)}
    keys(NEW_KEY)
    with pytest.raises(ImproperlyConfigured):
        list(AdvertiserBankAccount.objects.all())

    keys(NEW_KEY, OLD_KEY)
    assert "Re-encrypted: 64. Already current: 56." in rotate()
    keys(NEW_KEY)
    held = AdvertiserBankAccount.objects.values_list("bank_account_number", "bank_account_iban")
    assert list(held) == [(Secret(ACCOUNT_NUMBER), Secret(IBAN))] * 60
