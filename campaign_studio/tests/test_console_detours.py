"""Attempts to get around the console's permissions: odd parameters, lookups that reveal data, and bulk actions."""

from collections.abc import Callable
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import models
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.choices import RoleName
from accounts.models import SignInAttempts, User
from accounts.tests.factories import Cast, UserFactory
from ads.tests.factories import AdFactory
from campaign_studio.tests.bodies import session_of, stored
from campaign_studio.tests.console_bodies import Forms, rows_of
from campaign_studio.tests.scenes import scene
from campaigns.tests.factories import CampaignFactory

pytestmark = [pytest.mark.django_db, pytest.mark.matrix]

ConsoleFor = Callable[[User | None], Client]
STAFF = ["system_admin", "app_admin", "campaign_manager", "content_moderator"]
CAMPAIGNS, ADS, USERS = "/admin/campaigns/campaign/", "/admin/ads/ad/", "/admin/accounts/user/"
ADVERTISERS = "/admin/advertisers/advertiser/"
CAMPAIGN, AD = CAMPAIGNS + "{campaign_id}/change/", ADS + "{ad_id}/change/"
USER = USERS + "{user_id}/change/"

DETOURS = [
    "_popup=1",
    "_popup=1&_to_field=campaign_id",
    "_to_field=password",
    "_to_field=campaign_created_by__password",
    "_popup=1&_to_field=ad_id",
    "_changelist_filters=_to_field%3Dpassword",
    "_changelist_filters=https%3A%2F%2Fexample.com%2F",
    "next=https://example.com/",
    "_source_model=accounts.user&_popup=1",
]


@pytest.mark.parametrize("page", [CAMPAIGN, AD])
@pytest.mark.parametrize("verb", ["change", "delete"])
def test_no_parameter_opens_a_colleagues_objects(verb: str, page: str, cast: Cast, console_for: ConsoleFor) -> None:
    keys = scene(cast.colleague)
    _, sent = Forms(cast.system_admin).posted(page, "-", keys)
    address = page.format(**keys).replace("/change/", f"/{verb}/")
    client = console_for(cast.owner)
    before = stored()
    for detour in DETOURS:
        for body in (sent, sent | dict(one.split("=") for one in detour.split("&"))):
            answer = client.post(f"{address}?{detour}", body | {"post": "yes"})

            assert answer.status_code in (400, 403), detour
            assert stored() == before, detour


@pytest.mark.parametrize("query", ["_to_field=password", "_popup=1&_to_field=password", "_to_field=email"])
@pytest.mark.parametrize("role", STAFF)
def test_no_page_finds_a_user_by_password(query: str, role: str, cast: Cast, console_for: ConsoleFor) -> None:
    client = console_for(cast.in_role(role))
    target = cast.in_role(role)
    for key in (str(target.pk), target.password, target.email):
        for view in ("change", "delete"):
            answer = client.get(reverse(f"admin:accounts_user_{view}", args=[key]) + f"?{query}")
            assert answer.status_code in (400, 403)
    if role in STAFF[:2]:
        _, sent = Forms(cast.other_system_admin).posted(USERS + "add/", "-", {})
        answer = client.post(f"{USERS}add/?{query}", sent | {"_popup": "1", "_to_field": "password"})
        assert answer.status_code == 400
        assert not User.objects.filter(username="fresh").exists()


@pytest.mark.parametrize("filters", ["https://example.com/", "//example.com", "a=1&b=2", "p=x"])
def test_saving_redirects_within_the_console(filters: str, cast: Cast, console_for: ConsoleFor) -> None:
    keys = scene(cast.owner)
    _, sent = Forms(cast.system_admin).posted(CAMPAIGN, "-", keys)
    client = console_for(cast.owner)
    address = CAMPAIGN.format(**keys)
    answer = client.post(address, sent | {"next": filters}, query_params={"_changelist_filters": filters})

    assert answer.status_code == 302
    assert answer["Location"].startswith(CAMPAIGNS)


def test_a_popup_response_escapes_names(cast: Cast, console_for: ConsoleFor) -> None:
    _, sent = Forms(cast.system_admin).posted(CAMPAIGNS + "add/", "-", {})
    name = "</script><script>alert(1)</script>"
    answer = console_for(cast.owner).post(CAMPAIGNS + "add/", sent | {"campaign_name": name, "_popup": "1"})

    assert answer.status_code == 200
    assert "<script>alert(1)" not in answer.content.decode()


# --- Data that lists and autocomplete fields reveal ---

ORACLES = {
    USERS: ["password__startswith", "role__users__password__startswith", "sessions__user__password__contains"],
    CAMPAIGNS: [
        "campaign_created_by__password__startswith",
        "campaign_created_by__email__contains",
        "advertiser__bank_accounts__bank_account_number__isnull",
        "advertiser__contacts__contact_email__startswith",
        "campaign_created_by__campaign_id__exact",
    ],
    ADS: [
        "campaign__campaign_created_by__password__startswith",
        "ad_created_by__password__startswith",
        "moderated_by__password__startswith",
        "campaign__advertiser__bank_accounts__bank_name__startswith",
    ],
    ADVERTISERS: ["created_by__password__startswith", "bank_accounts__bank_name__startswith", "campaigns__ads__isnull"],
    "/admin/accounts/role/": ["users__password__startswith", "users__email__startswith"],
    "/admin/accounts/auditentry/": ["actor__password__startswith", "changes__icontains", "object_pk__startswith"],
    "/admin/accounts/session/": ["user__password__startswith", "token_hash__startswith", "user__email__startswith"],
}


@pytest.mark.parametrize("page", ORACLES)
def test_a_lookup_without_a_filter_reveals_nothing(page: str, cast: Cast, console_for: ConsoleFor) -> None:
    scene(cast.owner)
    client = console_for(cast.system_admin)
    for lookup in ORACLES[page]:
        for value in ("", "m", cast.guest.password, "True", "False", "1", "B"):
            answer = client.get(page, {lookup: value})
            assert (answer.status_code, answer.get("Location")) == (302, page), (lookup, value)


LINKS = [
    (model._meta.label_lower, field.name)
    for model in apps.get_models()
    if model._meta.app_label in ("accounts", "advertisers", "campaigns", "ads")
    for field in model._meta.get_fields()
    if isinstance(field, models.ForeignKey)
]


@pytest.mark.parametrize("role", STAFF)
@pytest.mark.parametrize(("model", "field"), LINKS)
def test_autocomplete_offers_visible_objects_only(
    model: str, field: str, role: str, cast: Cast, console_for: ConsoleFor
) -> None:
    scene(cast.owner)
    app_label, model_name = model.split(".")
    query = {"app_label": app_label, "model_name": model_name, "field_name": field, "term": ""}
    actor = cast.in_role(role)
    answer = console_for(actor).get(reverse("admin:autocomplete"), query)

    if answer.status_code != 200:
        assert answer.status_code in (403, 404)
        return
    target: Any = apps.get_model(model)._meta.get_field(field).related_model
    offered = {one["id"] for one in answer.json()["results"]}
    assert target in admin.site._registry
    if target is User:
        out_of_sight = {
            str(one.pk)
            for one in cast
            if one != actor and (role not in STAFF[:2] or (role == "app_admin" and one.role_id == "system_admin"))
        }
        assert not offered & out_of_sight
    assert offered


# --- Actions on objects without permission ---


@pytest.mark.parametrize("across", ["", "1"])
@pytest.mark.parametrize("role", ["campaign_manager", "content_moderator"])
@pytest.mark.parametrize(("page", "kind"), [(CAMPAIGNS, "campaign_id"), (ADS, "ad_id"), (ADVERTISERS, "advertiser_id")])
def test_bulk_deletion_deletes_nothing_of_others(
    page: str, kind: str, role: str, across: str, cast: Cast, console_for: ConsoleFor
) -> None:
    mine, theirs = scene(cast.in_role(role)), scene(cast.colleague)
    chosen = [str(mine[kind])] if across else [str(mine[kind]), str(theirs[kind])]
    sent = {"action": "delete_selected", "_selected_action": chosen, "select_across": across, "post": "yes"}
    client = console_for(cast.in_role(role))
    before = stored()
    for _ in range(2):
        client.post(page, sent)
        client.post(page, sent | {"index": "0"})
        client.post(page, sent | {"action": ["", "delete_selected"], "index": "1"})

    assert stored() == before


@pytest.mark.parametrize("action", ["approve_selected", "reject_selected"])
def test_a_manager_cannot_review_in_bulk(action: str, cast: Cast, console_for: ConsoleFor) -> None:
    ads = [AdFactory(campaign=CampaignFactory(campaign_created_by=who), rated=True) for who in (cast.owner, cast.guest)]
    sent = {"action": action, "_selected_action": [str(ad.pk) for ad in ads], "decide": "", "note": "Fine"}
    client = console_for(cast.owner)
    before = stored()
    for extra in ({}, {}, {"select_across": "1"}, {"index": "0"}):
        client.post(ADS, sent | extra)

    assert stored() == before


def test_an_app_admin_cannot_unlock_a_system_admin(cast: Cast, console_for: ConsoleFor) -> None:
    for user in (cast.system_admin, cast.guest):
        SignInAttempts.objects.attempt(user, "192.0.2.1", at=timezone.now())
    client = console_for(cast.app_admin)
    before = rows_of("accounts.SignInAttempts")
    alone = {"action": "unlock", "_selected_action": [str(cast.system_admin.pk)]}
    for _ in range(2):
        client.post(USERS, alone)
    assert rows_of("accounts.SignInAttempts") == before

    client.post(USERS, alone | {"select_across": "1"})
    assert [held["account"] for held in rows_of("accounts.SignInAttempts")] == [
        SignInAttempts.key_of(cast.system_admin)
    ]


@pytest.mark.parametrize("role", STAFF[1:])
def test_no_other_role_can_end_a_system_admins_sessions(role: str, cast: Cast, console_for: ConsoleFor) -> None:
    theirs = session_of(UserFactory(role=RoleName.SYSTEM_ADMIN))
    sent = {"action": "end_sessions", "_selected_action": [str(theirs.pk)]}
    client = console_for(cast.in_role(role))
    for extra in ({}, {}, {"select_across": "1"}):
        client.post("/admin/accounts/session/", sent | extra)
    theirs.refresh_from_db()

    assert theirs.revoked_at is None


@pytest.mark.parametrize("role", STAFF)
def test_no_role_can_delete_users_or_logs_in_bulk(role: str, cast: Cast, console_for: ConsoleFor) -> None:
    client = console_for(cast.in_role(role))
    before = stored()
    for model in ("user", "role", "auditentry", "securityevent", "session"):
        key = cast.guest.pk if model == "user" else apps.get_model("accounts", model)._base_manager.earliest("pk").pk
        sent = {"action": "delete_selected", "_selected_action": str(key), "post": "yes"}
        for extra in ({}, {"select_across": "1"}):
            client.post(f"/admin/accounts/{model}/", sent | extra)

    assert stored() == before
