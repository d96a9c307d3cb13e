"""`manage.py setup_roles`: the server works with few rights, and with those it can't rewrite the audit log.

On a migrated database of its own, with roles of its own, on the tests' server.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from io import StringIO
from typing import Any

import psycopg
import pytest
from django.contrib.contenttypes.models import ContentType
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoDbBlocker

from accounts.audit.roles import Roles, owns_the_log, statements
from accounts.audit.sealing import seal_everything
from accounts.models import AuditEntry, AuditSeal, SecurityEvent
from accounts.tests.factories import PASSWORD, UserFactory
from campaign_studio.database.configuration import STARTING_ENGINE
from campaign_studio.embedded.roles import SUPERUSER
from campaign_studio.tests.bodies import bearing, campaign_body, tokens_of
from campaign_studio.tests.sabotage import superuser_connection
from campaign_studio.tests.test_upgrade import connect_to, on_a_database_of_its_own

SECRET = secrets.token_hex(8)
# On your own server, that of `DATABASE_URL`, while this thread is connected as another.
ROLE_OF_THE_TESTS = {
    "user": str(connection.settings_dict["USER"]),
    "password": str(connection.settings_dict["PASSWORD"]),
}


@contextmanager
def connected_as(role: str, password: str = SECRET) -> Iterator[None]:
    """Let this thread's connection have another role."""
    held = connection.settings_dict
    before = {"USER": held["USER"], "PASSWORD": held["PASSWORD"]}
    held.update(USER=role, PASSWORD=password)
    connect_to(held["NAME"])
    try:
        yield
    finally:
        held.update(before)
        connect_to(held["NAME"])


@contextmanager
def superuser() -> Iterator[psycopg.Connection[Any]]:
    """A superuser's connection to this thread's database. Skips the test on a server that gives none."""
    with superuser_connection(connection.settings_dict["NAME"], **ROLE_OF_THE_TESTS) as server:
        if server.execute("SELECT current_setting('is_superuser')").fetchone() != ("on",):
            pytest.skip("The role of DATABASE_URL is no superuser, so it can't make roles.")
        yield server


def set_up(roles: Roles) -> None:
    with superuser() as server, server.transaction():
        for statement in statements(roles, database=connection.settings_dict["NAME"]):
            server.execute(statement.encode())


@pytest.fixture(scope="module")
def roles(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Roles]:
    """The roles of a migrated database; this thread is connected to it as the application."""
    unique = secrets.token_hex(4)
    roles = Roles(f"owner_{unique}", f"app_{unique}", f"log_{unique}")
    with django_db_blocker.unblock():
        try:
            with on_a_database_of_its_own():
                call_command("migrate", verbosity=0, interactive=False)
                # Twice: it can be run again.
                set_up(roles)
                set_up(roles)
                with superuser() as server:
                    for role in roles[:2]:
                        server.execute(f"ALTER ROLE {role} PASSWORD '{SECRET}'".encode())
                with connected_as(roles.application):
                    write_old_entries()
                    yield roles
        finally:
            with superuser_connection("postgres") as server:
                server.execute(f"DROP ROLE IF EXISTS {', '.join(roles)}".encode())


def write_old_entries() -> None:
    """Three entries of which time has passed, so to speak: nobody here could make them older afterwards."""
    kind = ContentType.objects.get_for_model(AuditEntry)
    old = timezone.now() - timedelta(days=200)
    AuditEntry.objects.bulk_create(AuditEntry(content_type=kind, action=0, timestamp=old) for _ in range(3))
    seal_everything()


def output_of(*command: str) -> str:
    out = StringIO()
    call_command(*command, stdout=out)
    return out.getvalue()


def test_everything_that_the_product_does_works(roles: Roles) -> None:
    manager = UserFactory(role_id="campaign_manager")
    client = bearing(tokens_of(manager)["access_token"])
    created = client.post("/api/campaigns", campaign_body())
    campaign = f"/api/campaigns/{created.json()['campaign_id']}"

    assert created.status_code == 201
    assert client.patch(campaign, {"campaign_name": "New"}, HTTP_IF_MATCH=created["ETag"]).status_code == 200
    assert client.get(f"{campaign}/history").status_code == 200
    browser = Client()
    admin = UserFactory(role_id="system_admin")
    assert browser.post("/admin/login/", {"username": admin.username, "password": PASSWORD}).status_code == 302
    assert browser.get("/admin/accounts/auditentry/").status_code == 200
    assert SecurityEvent.objects.filter(kind="login_ok", user__in=[manager.pk, admin.pk]).count() == 2
    assert AuditEntry.objects.count() > 3

    for command in (
        "seal_audit_log",
        "verify_audit_log",
        "prune_sessions",
        "prune_idempotency_keys",
        "expire_campaigns",
    ):
        output_of(command)
    assert AuditSeal.objects.count() == AuditEntry.objects.count() + SecurityEvent.objects.count()
    assert output_of("export_audit_log").count("\n") == AuditEntry.objects.count()


def test_old_entries_are_pruned_by_the_function(roles: Roles) -> None:
    UserFactory()

    assert output_of("prune_audit_log", "--days", "100").startswith("Deleted 3 audit entries.\n")
    assert "is intact" in output_of("verify_audit_log")


ATTACKS = [
    *[
        sql.replace("{0}", table)
        for table in ("audit_log", "audit_seals", "security_events")
        for sql in (
            "DELETE FROM {0}",
            "TRUNCATE {0}",
            "ALTER TABLE {0} DISABLE TRIGGER ALL",
            "ALTER TABLE {0} ADD COLUMN x int",
            "ALTER TABLE {0} OWNER TO CURRENT_USER",
            "DROP TABLE {0} CASCADE",
            "DROP TRIGGER {0}_only_grows ON {0}",
            "CREATE TRIGGER mine BEFORE INSERT ON {0} FOR EACH ROW EXECUTE FUNCTION have_the_entry_sealed()",
            "CREATE RULE mine AS ON INSERT TO {0} DO INSTEAD NOTHING",
            "SELECT set_config('app.audit_retention', 'on', true); DELETE FROM {0}",
        )
    ],
    "UPDATE audit_log SET object_repr = 'x'",
    "UPDATE audit_seals SET seal = repeat('0', 64)",
    "UPDATE security_events SET detail = 'x'",
    "UPDATE audit_entries_to_seal SET entry_id = 0",
    "INSERT INTO audit_entries_to_seal (entry_id) VALUES (0)",
    "TRUNCATE audit_entries_to_seal",
    "INSERT INTO audit_log SELECT * FROM audit_log ON CONFLICT (id) DO UPDATE SET object_repr = 'x'",
    "INSERT INTO audit_seals (position, entry_id, seal, format) VALUES (999999, 0, '', 1)",
    "SET session_replication_role = replica",
    "SELECT set_config('session_replication_role', 'replica', true)",
    "CREATE OR REPLACE FUNCTION refuse_to_rewrite_a_log() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END'",
    "ALTER FUNCTION refuse_to_rewrite_a_log() RENAME TO other",
    "DROP FUNCTION prune_audit_log(bigint, integer, text) CASCADE",
    "CREATE FUNCTION public.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE TABLE public.mine (id int)",
    "SELECT prune_audit_log(1, 1, '')",
    "DELETE FROM django_migrations",
    "SET ROLE {owner}",
    "SET ROLE {log_owner}",
    "GRANT {log_owner} TO CURRENT_USER",
    "ALTER ROLE CURRENT_USER SUPERUSER",
    "DROP SCHEMA public CASCADE",
    "COPY audit_log FROM PROGRAM 'cat'",
]


def test_no_attack_on_the_log_succeeds(roles: Roles) -> None:
    UserFactory()
    SecurityEvent.objects.record("login_ok", None)  # type: ignore[arg-type]
    seal_everything()
    with connection.cursor() as cursor:
        before = [AuditEntry.objects.count(), AuditSeal.objects.count(), SecurityEvent.objects.count()]
        for attack in ATTACKS:
            with pytest.raises(DatabaseError) as refused:
                cursor.execute(attack.replace("{owner}", roles.owner).replace("{log_owner}", roles.log_owner))
            assert isinstance(refused.value.__cause__, psycopg.errors.InsufficientPrivilege), (attack, refused.value)
        for table in ("audit_log", "audit_seals", "security_events"):
            cursor.execute(
                "SELECT string_agg(privilege_type, ' ' ORDER BY privilege_type)"
                " FROM information_schema.table_privileges WHERE table_name = %s AND grantee = current_user",
                [table],
            )
            assert cursor.fetchone() == ("INSERT SELECT",)
    assert before == [AuditEntry.objects.count(), AuditSeal.objects.count(), SecurityEvent.objects.count()]
    assert "is intact" in output_of("verify_audit_log")
    assert owns_the_log() is None, "so the doctor has no advice"


def test_the_owner_migrates_the_log_and_the_roles_are_set_up_again(roles: Roles) -> None:
    with connected_as(roles.owner):
        assert owns_the_log() == roles.owner
        output_of("partition_views")
        call_command("migrate", "accounts", "0010", verbosity=0)
        call_command("migrate", verbosity=0)
    set_up(roles)
    test_no_attack_on_the_log_succeeds(roles)


def test_a_superuser_can_run_it_again(roles: Roles) -> None:
    names = ["--owner", roles.owner, "--application", roles.application, "--log-owner", roles.log_owner]
    is_embedded = connection.settings_dict["ENGINE"] == STARTING_ENGINE
    with connected_as(SUPERUSER if is_embedded else ROLE_OF_THE_TESTS["user"], ROLE_OF_THE_TESTS["password"]):
        told = output_of("setup_roles", "--run", *names)

    assert told.startswith(f"Done. Give {roles.owner} and {roles.application} a password")
    test_no_attack_on_the_log_succeeds(roles)


def test_the_sql_is_printed_and_nothing_is_run(roles: Roles) -> None:
    printed = output_of("setup_roles", "--owner", "one", "--application", "two", "--log-owner", "three")

    assert printed.startswith("BEGIN;\n")
    assert printed.endswith("COMMIT;\n")
    assert "ALTER TABLE audit_log OWNER TO three;\n" in printed
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_roles WHERE rolname IN ('one', 'two', 'three')")
        assert cursor.fetchone() == (0,)


@pytest.mark.parametrize("name", ["Studio", "a b", "x;y", "1st", "", "x" * 64, 'a"b', "ä"])
def test_a_name_that_would_need_quotes_is_refused(name: str) -> None:
    with pytest.raises(CommandError, match="lower-case letters"):
        call_command("setup_roles", f"--owner={name}")


def test_the_three_names_differ() -> None:
    with pytest.raises(CommandError, match="different names"):
        call_command("setup_roles", "--owner", "one", "--application", "one")


def test_a_role_that_may_not_run_it_is_told_so(roles: Roles) -> None:
    names = ["--owner", roles.owner, "--application", roles.application, "--log-owner", roles.log_owner]
    with pytest.raises(CommandError, match=r"The database refused it: .* DATABASE_URL of a superuser"):
        call_command("setup_roles", "--run", *names, stdout=StringIO())


def test_what_the_application_may_do_with_the_queue_and_the_seals_is_found(roles: Roles) -> None:
    """It may add seals and empty the queue, because it seals."""
    out = StringIO()
    with transaction.atomic():
        UserFactory()
        entry = AuditEntry.objects.latest("pk")
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM audit_entries_to_seal WHERE entry_id = %s", [entry.pk])
        with pytest.raises(CommandError, match=r"Problems found: 1\."):
            call_command("verify_audit_log", stdout=out)
        assert out.getvalue().startswith(f"Entry {entry.pk} (“{entry.object_repr}”) has no seal")

        AuditSeal.objects.create(position=10_000, entry_id=entry.pk, seal="0" * 64, format=2)
        with pytest.raises(CommandError, match=r"Problems found: 1\."):
            call_command("verify_audit_log", stdout=StringIO())
        transaction.set_rollback(True)
