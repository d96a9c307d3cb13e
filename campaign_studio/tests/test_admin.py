"""The admin console as a whole: who may open which page, lists, search and deletion."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import AuditEntry, User
from accounts.tests.factories import Cast
from ads.models import Ad
from ads.tests.factories import AdFactory, AdTimeSlotFactory
from advertisers.tests.factories import AdvertiserFactory
from campaign_studio.console.base import StudioAdmin
from campaign_studio.tests.browser import messages_of
from campaigns.models import Campaign
from campaigns.tests.factories import AudienceTargetingFactory, CampaignFactory

pytestmark = pytest.mark.django_db

ConsoleFor = Callable[[User | None], Client]
LISTS = [
    "admin:campaigns_campaign_changelist",
    "admin:ads_ad_changelist",
    "admin:advertisers_advertiser_changelist",
    "admin:accounts_user_changelist",
    "admin:accounts_role_changelist",
    "admin:accounts_auditentry_changelist",
    "admin:accounts_securityevent_changelist",
    "admin:accounts_session_changelist",
]
STAFF = ["system_admin", "app_admin", "campaign_manager", "content_moderator"]
ADMINS = ["system_admin", "app_admin"]
KEEPERS = [*ADMINS, "campaign_manager"]

# Page → roles that may open it. All other roles are refused.
PAGES = {
    "admin:index": STAFF,
    "admin:campaigns_campaign_changelist": STAFF,
    "admin:campaigns_campaign_add": KEEPERS,
    "admin:ads_ad_changelist": STAFF,
    "admin:ads_ad_add": KEEPERS,
    "admin:advertisers_advertiser_changelist": STAFF,
    "admin:advertisers_advertiser_add": KEEPERS,
    "admin:accounts_user_changelist": ADMINS,
    "admin:accounts_user_add": ADMINS,
    "admin:accounts_role_changelist": STAFF,
    "admin:accounts_role_add": [],
    "admin:accounts_auditentry_changelist": ADMINS,
    "admin:accounts_auditentry_add": [],
    "admin:accounts_securityevent_changelist": ADMINS,
    "admin:accounts_securityevent_add": [],
    "admin:accounts_session_changelist": STAFF,
    "admin:accounts_session_add": [],
    "admin:two_factor": STAFF,
    "admin:search": STAFF,
}


@pytest.mark.parametrize("role", [*STAFF, "user", "guest"])
@pytest.mark.parametrize("page", PAGES)
def test_each_page_opens_for_its_roles_only(page: str, role: str, cast: Cast, console_for: ConsoleFor) -> None:
    answer = console_for(cast.in_role(role)).get(reverse(page))

    expected = 200 if role in PAGES[page] else 403 if role in STAFF else 302
    assert answer.status_code == expected


def test_a_visitor_is_sent_to_the_sign_in_page(console_for: ConsoleFor) -> None:
    answer = console_for(None).get(reverse("admin:index"), follow=True)

    assert answer.status_code == 200
    assert answer.redirect_chain[0][0].startswith(reverse("admin:login"))


def test_every_registered_model_uses_our_base_class() -> None:
    assert all(isinstance(model_admin, StudioAdmin) for model_admin in admin.site._registry.values())
    assert {model._meta.label for model in admin.site._registry} == {
        "accounts.AuditEntry",
        "accounts.Role",
        "accounts.SecurityEvent",
        "accounts.Session",
        "accounts.User",
        "ads.Ad",
        "ads.Device",
        "advertisers.Advertiser",
        "campaigns.Campaign",
    }


def test_the_home_page_shows_what_the_role_may_open(cast: Cast, console_for: ConsoleFor) -> None:
    for_manager = console_for(cast.campaign_manager).get(reverse("admin:index")).content.decode()
    for_admin = console_for(cast.app_admin).get(reverse("admin:index")).content.decode()

    assert "Campaigns" in for_manager
    assert "Audit log" not in for_manager
    assert "Audit log" in for_admin


def test_the_filters_of_a_list_work(cast: Cast, console_for: ConsoleFor) -> None:
    wanted = CampaignFactory(advertiser=AdvertiserFactory())
    AudienceTargetingFactory(campaign=wanted)
    CampaignFactory(campaign_status="paused")
    day = wanted.campaign_start_date
    queries = [
        f"?campaign_status__exact=draft&advertiser__advertiser_id__exact={wanted.advertiser_id}",
        "?country=DE",
        f"?campaign_start_date_from={day:%d/%m/%Y}&country=DE",
        f"?campaign_start_date_from={day:%d/%m/%Y}&campaign_start_date_to={day:%d/%m/%Y}&country=DE",
        f"?q={quote(wanted.campaign_name.upper())}",
    ]
    for query in queries:
        answer = console_for(cast.campaign_manager).get(reverse("admin:campaigns_campaign_changelist") + query)

        assert answer.status_code == 200, query
        assert [row.pk for row in answer.context["cl"].result_list] == [wanted.pk], query


def test_the_command_palette_limits_its_results(cast: Cast, console_for: ConsoleFor) -> None:
    CampaignFactory.create_batch(12, campaign_name="Needle", campaign_created_by=cast.owner)
    answer = console_for(cast.content_moderator).get(reverse("admin:search"), {"s": "NEEDLE", "extended": "1"})

    assert answer.content.decode().count('data-title="Needle"') == 10


def test_the_command_palette_finds_no_users_for_managers(cast: Cast, console_for: ConsoleFor) -> None:
    answer = console_for(cast.campaign_manager).get(reverse("admin:search"), {"s": "user", "extended": "1"})

    assert "accounts/user" not in answer.content.decode()


def test_there_is_no_view_on_site_url(cast: Cast, console_for: ConsoleFor) -> None:
    assert console_for(cast.system_admin).get("/admin/r/1/no-uuid/").status_code == 404


AUTOCOMPLETE = {
    "ads.ad.campaign": STAFF,
    "campaigns.campaign.advertiser": STAFF,
    "campaigns.campaign.campaign_name": [],
    "accounts.user.role": [],
    "accounts.user.nope": [],
    "nope.nope.nope": [],
}


@pytest.mark.parametrize("role", [*STAFF, "user"])
@pytest.mark.parametrize("field", AUTOCOMPLETE)
def test_each_autocomplete_field_is_available_to_its_roles_only(
    field: str, role: str, cast: Cast, console_for: ConsoleFor
) -> None:
    app, model, name = field.split(".")
    query = {"app_label": app, "model_name": model, "field_name": name, "term": "a"}
    answer = console_for(cast.in_role(role)).get(reverse("admin:autocomplete"), query)

    if role in AUTOCOMPLETE[field]:
        assert answer.status_code == 200
    else:
        assert answer.status_code in (302, 403, 404)


def queries_of(client: Client, address: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert client.get(address).status_code == 200
    return len(queries)


def _one_more_of_everything(owner: User) -> None:
    campaign = CampaignFactory(advertiser=AdvertiserFactory(contact=True), campaign_created_by=owner)
    AudienceTargetingFactory(campaign=campaign)
    AdTimeSlotFactory(ad=AdFactory(campaign=campaign, rated=True, approved=True))


@pytest.mark.parametrize("page", LISTS)
def test_the_number_of_queries_does_not_depend_on_the_length_of_a_list(
    page: str, cast: Cast, console_for: ConsoleFor
) -> None:
    client = console_for(cast.system_admin)
    _one_more_of_everything(cast.owner)
    client.get(reverse(page))
    for_one = queries_of(client, reverse(page))
    for _ in range(7):
        _one_more_of_everything(cast.owner)

    assert queries_of(client, reverse(page)) == for_one <= 12


def test_the_number_of_queries_does_not_depend_on_the_number_of_ads(cast: Cast, console_for: ConsoleFor) -> None:
    client = console_for(cast.owner)
    campaign = CampaignFactory(campaign_created_by=cast.owner)
    AdFactory(campaign=campaign)
    pages = [reverse(f"admin:campaigns_campaign_{view}", args=[campaign.pk]) for view in ("change", "history")]
    for page in pages:
        client.get(page)
    for_one = [queries_of(client, page) for page in pages]
    AdFactory.create_batch(5, campaign=campaign)

    assert [queries_of(client, page) for page in pages] == for_one


@pytest.mark.parametrize("role", STAFF)
def test_bulk_deletion_checks_the_permission_for_each_object(role: str, cast: Cast, console_for: ConsoleFor) -> None:
    mine = CampaignFactory(campaign_created_by=cast.owner)
    theirs = CampaignFactory(campaign_created_by=cast.colleague, campaign_name="Theirs")
    address = reverse("admin:campaigns_campaign_changelist")
    chosen = {"action": "delete_selected", "_selected_action": [str(mine.pk), str(theirs.pk)]}
    client = console_for(cast.in_role(role))
    confirmation = client.post(address, chosen)
    client.post(address, chosen | {"post": "yes"})

    if role in ADMINS:
        assert not Campaign.objects.exists()
    else:
        assert Campaign.objects.count() == 2
    if role == "campaign_manager":
        assert "“Theirs” (only its owner or an administrator may delete it)" in confirmation.content.decode()


def test_bulk_deletion_writes_an_audit_entry_for_each_object(cast: Cast, console_for: ConsoleFor) -> None:
    campaigns = CampaignFactory.create_batch(2, campaign_created_by=cast.owner)
    chosen = {"action": "delete_selected", "_selected_action": [str(one.pk) for one in campaigns], "post": "yes"}
    console_for(cast.owner).post(reverse("admin:campaigns_campaign_changelist"), chosen)

    deleted = AuditEntry.objects.filter(action=AuditEntry.Action.DELETE)
    assert {(entry.actor_id, entry.door) for entry in deleted} == {(cast.owner.pk, "admin")}
    assert deleted.count() == 2


def test_an_advertiser_with_campaigns_cannot_be_deleted(cast: Cast, console_for: ConsoleFor) -> None:
    advertiser = CampaignFactory(advertiser=AdvertiserFactory()).advertiser
    client = console_for(cast.app_admin)
    page = client.post(reverse("admin:advertisers_advertiser_delete", args=[advertiser.pk]), {"post": "yes"})
    chosen = {"action": "delete_selected", "_selected_action": str(advertiser.pk), "post": "yes"}
    bulk = client.post(reverse("admin:advertisers_advertiser_changelist"), chosen)

    for answer in (page, bulk):
        assert "protected related objects" in answer.content.decode()
    advertiser.refresh_from_db()


def test_a_campaign_added_during_a_deletion_is_reported(
    cast: Cast, console_for: ConsoleFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = CampaignFactory(advertiser=AdvertiserFactory())
    advertiser_admin: Any = admin.site.get_model_admin(type(campaign.advertiser))
    # The campaign is added after the page has checked that nothing refers to the advertiser.
    monkeypatch.setattr(advertiser_admin, "get_deleted_objects", lambda objs, request: ([], {}, [], []))
    address = reverse("admin:advertisers_advertiser_delete", args=[campaign.advertiser_id])
    answer = console_for(cast.app_admin).post(address, {"post": "yes"}, follow=True)

    assert messages_of(answer) == [
        "This can't be deleted: it still has campaigns. Delete them first, or deactivate it instead."
    ]


def test_django_keeps_no_second_log(cast: Cast, console_for: ConsoleFor) -> None:
    from django.contrib.admin.models import LogEntry

    ad = AdFactory(campaign__campaign_created_by=cast.owner)
    console_for(cast.owner).post(reverse("admin:ads_ad_delete", args=[ad.pk]), {"post": "yes"})

    assert not Ad.objects.exists()
    assert not LogEntry.objects.exists()
