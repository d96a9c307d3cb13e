"""Long lists of the console: their totals, their last pages, and the indexes they are read by."""

import re
from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction
from django.db.models import QuerySet
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django.utils.html import strip_tags
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.audit.models import AuditEntry
from accounts.models import User
from accounts.tests.factories import Cast
from ads.models import Ad
from ads.tests.factories import AdFactory
from campaign_studio.console.pages import Pages
from campaigns.models import Campaign
from campaigns.tests.factories import CampaignFactory

pytestmark = pytest.mark.django_db

ConsoleFor = Callable[[User | None], Client]
CAMPAIGNS = "admin:campaigns_campaign_changelist"
LOG = "admin:accounts_auditentry_changelist"
MANY = 11_000


class FewPages(Pages):
    """Pages that already estimate totals above ten rows."""

    most_counted = 10
    most_found_counted = 10


def copies(number: int) -> None:
    """Many campaigns, written in one statement, with statistics about them."""
    CampaignFactory(campaign_name="Original")
    columns = [
        str(field.column) for field in Campaign._meta.concrete_fields if field.name not in ("campaign_id", "created_at")
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            f"""INSERT INTO campaigns (campaign_id, created_at, {", ".join(columns)})
            SELECT gen_random_uuid(), created_at + number %% 7 * interval '1 s', {", ".join(columns)}
            FROM campaigns, generate_series(1, %s) AS number""",  # noqa: S608
            [number],
        )
        cursor.execute("ANALYZE campaigns")


def plan(rows: QuerySet) -> str:
    """The plan of a query on a table that is too large to be read as a whole."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_sort = off")
    return rows.explain()


def words_of(page: object) -> str:
    return " ".join(strip_tags(page.content.decode()).split())  # type: ignore[attr-defined]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(days=st.lists(st.integers(0, 5), max_size=40), per_page=st.integers(1, 9), is_whole=st.booleans())
@pytest.mark.parametrize("ordering", [("-campaign_start_date", "-pk"), ("campaign_expiry_date", "pk")])
def test_every_page_has_the_rows_that_skipping_would_find(
    cast: Cast, ordering: tuple[str, ...], days: list[int], per_page: int, is_whole: bool
) -> None:
    Campaign.objects.all().delete()
    today = timezone.localdate()
    rows = [
        Campaign(
            campaign_start_date=today + timedelta(days=day),
            campaign_end_date=today + timedelta(days=9),
            campaign_expiry_date=today + timedelta(days=9) if day % 2 else None,
            campaign_created_by=cast.owner,
        )
        for day in days
    ]
    Campaign.objects.bulk_create(rows)
    ordered = Campaign.objects.order_by(*ordering)
    expected = list(ordered)

    seen = []
    for number in range(1, -(-len(days) // per_page) + 1):
        pages = FewPages(ordered, per_page, number=number, is_whole=is_whole)
        seen += list(pages.rows_of(pages.nearest(number)))
    assert seen == expected


def test_a_short_list_says_how_many_rows_it_has(cast: Cast, console_for: ConsoleFor) -> None:
    CampaignFactory.create_batch(3)

    assert " 3 campaigns" in words_of(console_for(cast.system_admin).get(reverse(CAMPAIGNS)))


def test_the_total_of_a_long_list_is_an_estimate_and_says_so(cast: Cast, console_for: ConsoleFor) -> None:
    copies(MANY)
    client = console_for(cast.system_admin)

    with CaptureQueriesContext(connection) as seen:
        page = client.get(reverse(CAMPAIGNS))
    assert "- about 11,000 campaigns" in words_of(page)
    assert "Select all about 11,000 campaigns" in words_of(page)
    assert len(seen) <= 12
    assert not [query["sql"] for query in seen if "OFFSET" in query["sql"] or 'COUNT(*) AS "__count"' in query["sql"]]


def test_the_last_page_of_a_long_list_is_exact(cast: Cast, console_for: ConsoleFor) -> None:
    copies(MANY)
    rows = Campaign.objects.order_by("-created_at", "-campaign_id")
    client = console_for(cast.system_admin)

    with CaptureQueriesContext(connection) as seen:
        page = client.get(reverse(CAMPAIGNS), {"p": "221"})
    assert [row.pk for row in page.context["cl"].result_list] == list(rows[11_000:].values_list("pk", flat=True))
    assert "- 11,001 campaigns" in words_of(page)
    assert len(seen) <= 12
    assert not [query["sql"] for query in seen if "OFFSET" in query["sql"]]


def test_a_page_beyond_an_estimated_end_is_the_last_one(cast: Cast, console_for: ConsoleFor) -> None:
    copies(MANY)
    page = console_for(cast.system_admin).get(reverse(CAMPAIGNS), {"p": "230"})

    assert page.status_code == 200
    assert page.context["cl"].page_num == 221


def test_what_a_search_finds_is_counted_up_to_a_thousand(cast: Cast, console_for: ConsoleFor) -> None:
    copies(1_200)
    CampaignFactory(campaign_name="Needle")
    client = console_for(cast.system_admin)

    assert "- 1,000+ campaigns" in words_of(client.get(reverse(CAMPAIGNS), {"q": "original"}))
    assert " 1 campaign" in words_of(client.get(reverse(CAMPAIGNS), {"q": "needle"}))
    # Further pages are counted as users get there.
    far = client.get(reverse(CAMPAIGNS), {"q": "original", "p": "20"})
    assert "- 1,201 campaigns" in words_of(far)
    assert len(far.context["cl"].result_list) == 50


def test_the_audit_log_is_read_in_its_order_by_an_index() -> None:
    assert "audit_newest" in plan(AuditEntry.objects.order_by("-timestamp", "-id").values("pk")[:50])
    assert "audit_newest" in plan(AuditEntry.objects.order_by("timestamp", "id").values("pk")[:50])


def test_every_index_of_the_audit_log_is_read() -> None:
    """Each entry is written into each index."""
    campaigns = ContentType.objects.get_for_model(Campaign)
    log, key = AuditEntry.objects.order_by(), uuid4()
    read_by = {
        "audit_newest": log.order_by("-timestamp", "-id")[:50],
        "audit_search": log.filter(object_repr__matches="needle"),
        "audit_of_an_object": log.filter(object_pk=str(key), content_type__in=[campaigns]).order_by("-timestamp"),
        "audit_log_content_type_id": log.filter(content_type=campaigns),
        "audit_parent": log.filter(parent_id=key),
        "audit_log_actor_id": log.filter(actor_id=key),
        "audit_log_action": log.filter(action=AuditEntry.Action.ACCESS),
    }
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexname FROM pg_indexes WHERE tablename = 'audit_log'")
        # Django ends some names with a hash.
        found = {re.sub("_[0-9a-f]{8}$", "", name): name for (name,) in cursor.fetchall()}

    assert set(found) == {*read_by, "audit_log_pkey"}
    for name, entries in read_by.items():
        with transaction.atomic(), connection.cursor() as cursor:
            # In a table this small, another index may be as cheap.
            cursor.execute(f"DROP INDEX {', '.join(found[other] for other in read_by if other != name)}")
            assert f" {found[name]}" in plan(entries.values("pk")), name
            transaction.set_rollback(True)


def test_a_search_of_the_audit_log_uses_indexes(cast: Cast, console_for: ConsoleFor) -> None:
    with CaptureQueriesContext(connection) as seen:
        page = console_for(cast.system_admin).get(reverse(LOG), {"q": "needle"})
    assert page.status_code == 200
    (search,) = [query["sql"] for query in seen if "search_key" in query["sql"] and "LIMIT 1001" in query["sql"]]

    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {search}")
        found = "\n".join(line for (line,) in cursor.fetchall())
    assert found.count("Bitmap Index Scan on audit_search") == 3
    assert "search_key" not in found


def test_the_review_queue_reads_its_index_alone(cast: Cast) -> None:
    with connection.cursor() as cursor:
        # On an all but empty table they may seem as good, if statistics of it were made.
        cursor.execute("SELECT conname FROM pg_constraint WHERE conrelid = 'ads'::regclass AND contype IN ('u', 'x')")
        for (other,) in cursor.fetchall():
            cursor.execute(f"ALTER TABLE ads DROP CONSTRAINT {other}")
        cursor.execute(
            "SELECT indexrelid::regclass::text FROM pg_index "
            "WHERE indrelid = 'ads'::regclass AND NOT indisprimary AND indexrelid <> 'ads_pending_review'::regclass"
        )
        for (other,) in cursor.fetchall():
            cursor.execute(f"DROP INDEX {other}")
    AdFactory()
    queue = Ad.objects.all().visible_to(cast.content_moderator).awaiting_review(on=timezone.localdate())
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_bitmapscan = off")

    assert "Index Only Scan using ads_pending_review" in plan(queue.values("pk")[:25])


def test_a_time_is_found_by_its_day_in_utc(cast: Cast, console_for: ConsoleFor) -> None:
    last = AuditEntry.objects.first()
    assert last is not None
    client = console_for(cast.system_admin)

    def found(first: timedelta, until: timedelta) -> int:
        days = {"timestamp_from": last.timestamp + first, "timestamp_to": last.timestamp + until}
        sent = {name: f"{day:%d/%m/%Y}" for name, day in days.items()}
        return int(client.get(reverse(LOG), sent).context["cl"].result_count)

    day = timedelta(days=1)
    assert found(0 * day, 0 * day) > 0
    assert found(-day, -day) == found(day, day) == 0
