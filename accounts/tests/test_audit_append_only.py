"""The logs are append-only: through the application's database connection, rows can be added and nothing else."""

from collections.abc import Callable

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import ProgrammingError, connection, transaction

from accounts.audit.sealing import seal_everything
from accounts.choices import SecurityEventKind
from accounts.models import AuditEntry, AuditSeal, SecurityEvent
from campaigns.tests.factories import CampaignFactory

pytestmark = pytest.mark.django_db
REFUSED = "the log only grows. Old entries are removed by manage.py prune_audit_log"
TABLES = ("audit_log", "audit_seals", "security_events")


@pytest.fixture(autouse=True)
def _there_is_something_in_each() -> None:
    CampaignFactory()
    seal_everything()
    SecurityEvent.objects.record(SecurityEventKind.LOGIN_OK, None)
    connection.check_constraints()


def run(sql: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)


# The last one calls itself as the function that may.
DELETIONS = [
    "DELETE FROM {0}",
    "TRUNCATE {0}",
    "TRUNCATE {0} CASCADE",
    "DELETE FROM {0} WHERE ctid IN (SELECT ctid FROM {0})",
    "DO $$BEGIN DELETE FROM {0}; END$$",
    "DO $$BEGIN EXECUTE E'DELETE FROM {0} /*\\nPL/pgSQL function prune_audit_log(bigint,integer,text) line 1*/'; END$$",
    "CREATE FUNCTION pg_temp.prune_audit_log(bigint, integer, text) RETURNS void LANGUAGE plpgsql"
    " AS 'BEGIN DELETE FROM {0}; END'; SELECT pg_temp.prune_audit_log(1, 1, '')",
]


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("sql", DELETIONS)
@pytest.mark.parametrize("mode", ["", "on"])
def test_rows_cannot_be_deleted(table: str, sql: str, mode: str) -> None:
    """Not even by their owner, whatever variable is set."""
    with pytest.raises(ProgrammingError, match=REFUSED):
        run(f"SET LOCAL app.audit_retention = '{mode}'; {sql.format(table)}")

    assert all(model.objects.exists() for model in (AuditEntry, AuditSeal, SecurityEvent))


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE audit_log SET object_repr = 'another'",
        "UPDATE audit_log SET object_repr = object_repr",
        "UPDATE audit_seals SET seal = repeat('0', 64)",
        "UPDATE security_events SET detail = 'nothing happened'",
        "INSERT INTO audit_seals SELECT * FROM audit_seals ON CONFLICT (position) DO UPDATE SET seal = repeat('0', 64)",
    ],
)
@pytest.mark.parametrize("mode", ["", "on"])
def test_rows_cannot_be_updated_even_while_pruning(sql: str, mode: str) -> None:
    with pytest.raises(ProgrammingError, match=REFUSED):
        run(f"SET LOCAL app.audit_retention = '{mode}'; {sql}")


@pytest.mark.parametrize(
    "rewrite",
    [
        lambda: AuditEntry.objects.all().delete(),
        lambda: AuditEntry.objects.update(door="admin"),
        lambda: AuditEntry.objects.first().save(),
        lambda: SecurityEvent.objects.all().delete(),
        lambda: ContentType.objects.all().delete(),
    ],
)
def test_the_orm_cannot_change_the_logs_either(rewrite: Callable[[], object]) -> None:
    with pytest.raises(ProgrammingError, match=REFUSED), transaction.atomic():
        rewrite()


@pytest.mark.parametrize("number", [1, 0, -1])
def test_no_new_seal_can_be_one_without_a_key(number: int) -> None:
    with pytest.raises(ProgrammingError, match="new seals have a key"):
        AuditSeal.objects.create(position=99, entry_id=0, seal="", format=number)


def test_an_entry_waits_for_its_seal_however_it_was_written() -> None:
    run(
        "INSERT INTO audit_log (object_pk, object_repr, action, timestamp, content_type_id, changes_text)"
        " SELECT 'x', 'by hand', 0, now(), id, '' FROM django_content_type LIMIT 1"
    )

    assert seal_everything() == 2, "and the event of the sign-in"
    assert AuditSeal.objects.filter(entry_id=AuditEntry.objects.get(object_repr="by hand").pk).exists()


def test_entries_outlive_their_users_and_objects() -> None:
    campaign = CampaignFactory()
    user = campaign.campaign_created_by
    keys = [str(campaign.pk), str(user.pk)]
    campaign.delete()
    user.delete()

    entries = AuditEntry.objects.filter(object_pk__in=keys).order_by("pk")
    assert [entry.action for entry in entries] == [0, 0, 2, 2], "both were created and deleted"
