"""A database of the last release is migrated, and its data is unchanged.

Each fixture contains the rows of `manage.py demo --no-server` in that release, as written by `COPY`, with one kept
answer and responses of that release. A new release adds a fixture; old ones stay.
"""

import gzip
import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import psycopg
import pytest
import time_machine
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from pytest_django import DjangoDbBlocker
from rest_framework.test import APIClient

from accounts.choices import SecurityEventKind
from accounts.models import AuditEntry, AuditSeal, SecurityEvent, User
from ads.delivery.proofs import read
from advertisers.models import AdvertiserBankAccount
from campaign_studio.tests.bodies import campaign_body
from campaign_studio.tests.sabotage import other_connection, start_anew, superuser_connection

FIXTURES = Path(__file__).parent / "fixtures"
# Tables that `migrate` itself fills.
BOOKKEEPING = {"django_migrations", "django_content_type", "auth_permission"}

# The fixture contains all tables, so that rows of old migrations are removed.
EMPTY = "SELECT format('TRUNCATE %%s CASCADE', string_agg(quote_ident(name), ', ')) FROM unnest(%s::text[]) AS name"
COUNTERS = """
SELECT format('SELECT setval(%%L, (SELECT max(%%I) FROM %%I))', pg_get_serial_sequence(table_name, column_name),
              column_name, table_name)
FROM information_schema.columns
WHERE table_schema = 'public' AND table_name = ANY(%s)
AND pg_get_serial_sequence(quote_ident(table_name), column_name) IS NOT NULL
"""


@pytest.fixture(scope="module", params=sorted(path.name for path in FIXTURES.glob("release_*.json.gz")))
def release(request: pytest.FixtureRequest, django_db_blocker: DjangoDbBlocker) -> Iterator[dict[str, Any]]:
    """The data of a release, while this thread is connected to a migrated database that contains it."""
    with gzip.open(FIXTURES / request.param) as file:
        left: dict[str, Any] = json.load(file)
    with django_db_blocker.unblock(), on_a_database_of_its_own():
        executor = MigrationExecutor(connection)
        known = executor.loader.migrated_apps
        executor.migrate([(app, name) for app, name in left["migrations"].items() if app in known])
        load(left["tables"])
        before = counts(left)
        call_command("migrate", verbosity=0, interactive=False)
        yield left | {"before": before, "after": counts(left)}


@contextmanager
def on_a_database_of_its_own() -> Iterator[None]:
    """Connect this thread to a new database on the tests' server."""
    tests, name = connection.settings_dict["NAME"], f"upgrade_{secrets.token_hex(4)}"
    with other_connection("postgres") as server:
        server.execute(f'CREATE DATABASE "{name}"'.encode())
    try:
        connect_to(name)
        yield
    finally:
        connect_to(tests)
        # The database may belong to another role by now, or still have a connection of the superuser's.
        with superuser_connection("postgres") as server:
            server.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


def connect_to(name: str) -> None:
    connection.settings_dict["NAME"] = name
    start_anew()
    ContentType.objects.clear_cache()


def load(tables: list[dict[str, Any]]) -> None:
    """Insert the rows without triggers, which would refuse some and add others."""
    names = [table["name"] for table in tables]
    with superuser_connection(connection.settings_dict["NAME"]) as database, database.transaction():
        database.execute("SET LOCAL session_replication_role = replica")
        run_generated(database, EMPTY, names)
        for table in tables:
            columns = ", ".join(f'"{column}"' for column in table["columns"])
            with database.cursor().copy(f'COPY "{table["name"]}" ({columns}) FROM STDIN'.encode()) as copy:
                copy.write(table["rows"])
        run_generated(database, COUNTERS, names)


def run_generated(database: psycopg.Connection[Any], query: str, tables: list[str]) -> None:
    """Run the statements that a query returns."""
    for (statement,) in database.execute(query.encode(), [tables]).fetchall():
        database.execute(statement.encode())


def counts(left: dict[str, Any]) -> dict[str, int]:
    """The number of rows in each table of the release."""
    found = {}
    with connection.cursor() as cursor:
        for table in left["tables"]:
            if table["name"] not in BOOKKEEPING:
                cursor.execute(f'SELECT count(*) FROM "{table["name"]}"')  # noqa: S608 - names from a fixture of ours
                found[table["name"]] = cursor.fetchone()[0]
    return found


def output_of(*command: str) -> str:
    out = StringIO()
    call_command(*command, stdout=out)
    return out.getvalue()


def client_of_the_first_request(left: dict[str, Any]) -> APIClient:
    client = APIClient()
    client.force_authenticate(User.objects.get(username=left["kept_answer"]["username"]))
    return client


def test_every_row_still_exists(release: dict[str, Any]) -> None:
    written = {table["name"]: table["rows"].count("\n") for table in release["tables"]}

    assert release["before"] == {name: rows for name, rows in written.items() if name not in BOOKKEEPING}
    # The first seal with a key.
    handed_over = {"audit_log": 1, "audit_seals": 1}
    assert release["after"] == {name: rows + handed_over.get(name, 0) for name, rows in release["before"].items()}
    assert len(release["after"]) > 15


def test_there_is_nothing_left_to_migrate(release: dict[str, Any]) -> None:
    call_command("migrate", check_unapplied=True, verbosity=0)
    call_command("makemigrations", check_changes=True, dry_run=True, verbosity=0)


def test_the_audit_log_is_intact_and_continues(release: dict[str, Any]) -> None:
    sealed = release["audit_log_sealed_up_to"]
    assert output_of("verify_audit_log", "--expect", sealed)

    written = client_of_the_first_request(release).post("/api/campaigns", campaign_body())

    assert written.status_code == 201
    output_of("seal_audit_log")
    assert output_of("verify_audit_log", "--expect", sealed)
    assert not output_of("verify_audit_log").strip().endswith(sealed)


def test_seals_without_a_key_are_followed_by_seals_with_one(release: dict[str, Any]) -> None:
    formats = list(AuditSeal.objects.order_by("position").values_list("format", flat=True))
    handover = formats.index(2)

    assert set(formats[:handover]) == {1}
    assert set(formats[handover:]) <= {2, 3}


def test_the_same_ads_show_as_before_in_turns(release: dict[str, Any]) -> None:
    """The rotation of a position may start with another of its ads. Impressions and `next` were added."""
    client = client_of_the_first_request(release)

    for recorded in release["delivery"]:
        answers = [client.get("/api/delivery", {**recorded["asked"], "turn": turn}).json() for turn in range(6)]
        assert all(answer.pop("next") for answer in answers)
        before = recorded["answer"].pop("placements")
        shown = [{name: _ads(placed) for name, placed in answer.pop("placements").items()} for answer in answers]
        assert answers == [recorded["answer"]] * 6
        for name, placed in before.items():
            assert _ads(placed) in [one[name] for one in shown]


def _ads(placed: Any) -> list[Any]:
    """The ads of a position by key, without their impressions, which must be genuine."""
    ads = placed if isinstance(placed, list) else [placed] if placed else []
    for ad in ads:
        assert "impression" not in ad or read(ad.pop("impression"))
    return sorted(ads, key=lambda ad: str(ad["ad_id"]))


def test_a_kept_answer_is_given_again(release: dict[str, Any]) -> None:
    kept = release["kept_answer"]
    with time_machine.travel(datetime.fromisoformat(kept["answered_at"]) + timedelta(hours=1)):
        again = client_of_the_first_request(release).post(kept["path"], kept["body"], HTTP_IDEMPOTENCY_KEY=kept["key"])

    assert (again.status_code, again.json()) == (kept["status"], kept["answer"])
    assert again["Idempotency-Replayed"] == "true"


def test_bank_numbers_can_be_decrypted(release: dict[str, Any]) -> None:
    """The release encrypted them with the tests' key."""
    accounts = AdvertiserBankAccount.objects.all()

    assert len(accounts) > 3
    assert all(account.bank_account_number or account.bank_account_iban for account in accounts)


def test_seals_with_a_key_can_be_taken_back_and_made_again(release: dict[str, Any]) -> None:
    """The last test of this database. Backwards, entries wait for a seal without a key; events have none."""
    SecurityEvent.objects.record(SecurityEventKind.LOGIN_OK, None)
    output_of("seal_audit_log")
    entries = AuditEntry.objects.count()

    call_command("migrate", "accounts", "0010", verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*), max(format), max(position) FROM audit_seals")
        sealed, newest, head = cursor.fetchone()
        cursor.execute("SELECT count(*) FROM audit_entries_to_seal")
        (waiting,) = cursor.fetchone()
    assert (newest, head, sealed + waiting) == (1, sealed, entries)

    call_command("migrate", verbosity=0)
    assert output_of("verify_audit_log", "--expect", release["audit_log_sealed_up_to"])
    assert AuditSeal.objects.exclude(event_id=None).count() == SecurityEvent.objects.count() == 1
