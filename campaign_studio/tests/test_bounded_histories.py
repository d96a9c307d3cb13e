"""Histories, the audit log and its export are bounded, however long the values are that were changed."""

import json
import re
import tracemalloc
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from rest_framework.test import APIClient

from accounts.audit.history import readable
from accounts.models import AuditEntry, User
from accounts.tests.factories import Cast
from ads.tests.factories import AdFactory
from campaign_studio.acting import acting_as
from campaigns.models import Campaign, CampaignAudienceTargeting
from campaigns.tests.factories import AudienceTargetingFactory, CampaignFactory

pytestmark = pytest.mark.django_db

ClientFor = Callable[[User | None], APIClient]
LARGEST_PAGE = 2_000_000
LONG = "An 𝄞 " * 2_000
NAMES = [f"{number:05}" + "ü" * 195 for number in range(5_000)]


def changed(cast: Cast, **lists: list[str]) -> CampaignAudienceTargeting:
    """A target whose creation has been logged."""
    with acting_as(cast.owner):
        target: CampaignAudienceTargeting = AudienceTargetingFactory(**lists)
    return target


def history(client: APIClient, campaign: Campaign, **query: str) -> list[dict[str, Any]]:
    answer = client.get(f"/api/campaigns/{campaign.pk}/history", {"page_size": "100", **query})
    assert answer.status_code == 200
    found: list[dict[str, Any]] = answer.json()["results"]
    return found


def test_a_change_of_a_list_says_what_was_added_and_removed(cast: Cast, client_for: ClientFor) -> None:
    target = changed(cast, cities=["Berlin", "Köln"])
    target.cities = ["Ulm", "Berlin", "Bonn"]
    target.save()
    client = client_for(cast.owner)

    change, creation = history(client, target.campaign, field="cities")

    url = change["changes"]["cities"].pop("url")
    assert change["changes"] == {
        "cities": {"added": ["Bonn", "Ulm"], "removed": ["Köln"], "added_count": 2, "removed_count": 1}
    }
    (line,) = change["readable"]
    assert (line["old"], line["new"]) == ("Köln", "Bonn, Ulm")
    assert creation["changes"]["cities"]["added_count"] == 2
    # The link leads to the whole list.
    assert client.get(url).json()["audience_targeting"][0]["cities"] == ["Ulm", "Berlin", "Bonn"]
    assert client.get(creation["changes"]["cities"]["url"]).json()["audience_targeting"][0]["cities"] == [
        *("Berlin", "Köln")
    ]


def test_of_long_lists_the_first_names_are_shown_and_the_others_counted(cast: Cast, client_for: ClientFor) -> None:
    target = changed(cast, cities=NAMES)

    (creation,) = history(client_for(cast.owner), target.campaign, field="cities")

    cities = creation["changes"]["cities"]
    assert cities["added"] == [name[:100] for name in NAMES[:10]]
    assert (cities["added_count"], cities["removed"], cities["removed_count"]) == (5_000, [], 0)
    shown = next(line["new"] for line in creation["readable"] if line["field"] == "cities")
    assert shown.endswith(" and 4990 more")


def test_the_console_counts_the_others_too(cast: Cast, console_for: Callable[[User | None], Client]) -> None:
    target = changed(cast, cities=NAMES)

    page = console_for(cast.owner).get(f"/admin/campaigns/campaign/{target.campaign_id}/history/").content.decode()

    assert " and 4990 more" in page


def test_a_long_text_is_a_count_with_a_link_to_the_whole(cast: Cast, client_for: ClientFor) -> None:
    campaign = CampaignFactory(campaign_description=LONG)
    campaign.campaign_description = "Short"
    campaign.save()
    client = client_for(cast.owner)

    change = history(client, campaign)[0]

    old, new = change["changes"]["campaign_description"]
    url = old.pop("url")
    assert (old, new) == ({"start": LONG[:100], "count": len(LONG)}, "Short")
    assert client.get(url).json()["campaign_description"] == LONG
    assert change["readable"][0]["old"] == f"{LONG[:100]}… ({len(LONG)} characters)"


def test_the_console_links_each_entry_to_the_object_as_of_then(
    cast: Cast, console_for: Callable[[User | None], Client]
) -> None:
    campaign = CampaignFactory(campaign_description=LONG)
    campaign.campaign_description = "Short"
    campaign.save()
    client = console_for(cast.owner)

    page = client.get(f"/admin/campaigns/campaign/{campaign.pk}/history/").content.decode()
    links = re.findall(r'href="(\?as_of=[^"]+)"', page)

    assert f"({len(LONG)} characters)" in page
    assert len(links) == 2
    then = client.get(f"/admin/campaigns/campaign/{campaign.pk}/history/{links[1]}").content.decode()
    assert LONG[:290] in then


def test_values_of_every_other_type_stay_as_they_are(cast: Cast) -> None:
    campaign = CampaignFactory(campaign_max_view_count=7)
    ad = AdFactory(rated=True)

    for row in (campaign, ad, ad.content_rating):
        entry = AuditEntry.objects.all().as_rows().get(object_pk=str(row.pk), action=0)
        whole = AuditEntry.objects.get(pk=entry.pk).changes
        assert entry.short_changes.keys() == whole.keys()
        for field, (old, new) in whole.items():
            if not isinstance(new, list):
                assert entry.short_changes[field] == [old, new]


def test_an_entry_without_changes_has_none(cast: Cast) -> None:
    AuditEntry.objects.log_create(CampaignFactory(), force_log=True, action=AuditEntry.Action.ACCESS)

    entry = AuditEntry.objects.filter(action=AuditEntry.Action.ACCESS).as_rows()

    assert [line.changes for line in readable(entry, reader=cast.guest)] == [[]]


@pytest.fixture
def long_history(cast: Cast) -> Campaign:
    """A campaign whose history is as long as it can get in twenty changes: 80 MB."""
    target = changed(cast, cities=NAMES, postcodes=NAMES)
    entry = AuditEntry.objects.get(object_pk=str(target.pk))
    copied = [field.column for field in AuditEntry._meta.concrete_fields if not field.primary_key]
    columns = ", ".join(copied)
    with connection.cursor() as cursor:
        source = "FROM audit_log, generate_series(1, 19) WHERE id = %s"
        cursor.execute(f"INSERT INTO audit_log ({columns}) SELECT {columns} {source}", [entry.pk])
    return target.campaign


@pytest.mark.matrix
def test_a_page_of_long_values_is_small(
    long_history: Campaign, cast: Cast, client_for: ClientFor, console_for: Callable[[User | None], Client]
) -> None:
    pages = {
        f"/api/campaigns/{long_history.pk}/history?page_size=100": client_for(cast.owner),
        "/api/audit-log?page_size=100": client_for(cast.system_admin),
        f"/admin/campaigns/campaign/{long_history.pk}/history/": console_for(cast.owner),
        "/admin/accounts/auditentry/": console_for(cast.system_admin),
    }
    for address, client in pages.items():
        client.get(address)
        tracemalloc.start()
        answer = client.get(address)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert answer.status_code == 200
        assert len(answer.content) < LARGEST_PAGE, address
        assert peak < 20_000_000, address


@pytest.mark.matrix
def test_the_export_of_long_values_takes_little_memory_and_is_whole(long_history: Campaign, tmp_path: Any) -> None:
    file = tmp_path / "log.jsonl"
    call_command("seal_audit_log", stdout=StringIO())
    tracemalloc.start()
    call_command("export_audit_log", output=file, stdout=StringIO())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    with file.open() as lines:
        positions = [json.loads(line)["position"] for line in lines]
    assert positions == sorted(positions)
    assert len(positions) == AuditEntry.objects.count()
    assert file.stat().st_size > 70_000_000
    assert peak < file.stat().st_size / 2
