"""Attempts to get around the console's permissions: fields that forms don't show, and rows of other parents."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import models
from django.test import Client

from accounts.models import User
from accounts.tests.factories import Cast
from ads.models import Ad
from advertisers.models import Advertiser
from campaign_studio.tests.bodies import stored
from campaign_studio.tests.browser import errors_of
from campaign_studio.tests.console_bodies import NEW_CONTACT, Forms, row
from campaign_studio.tests.scenes import scene
from campaigns.models import Campaign
from campaigns.tests.factories import CampaignFactory

pytestmark = [pytest.mark.django_db, pytest.mark.matrix]

ConsoleFor = Callable[[User | None], Client]
STAFF = ["system_admin", "app_admin", "campaign_manager", "content_moderator"]
KEEPERS = STAFF[:3]

CAMPAIGNS, ADS = "/admin/campaigns/campaign/", "/admin/ads/ad/"
ADVERTISERS, USERS = "/admin/advertisers/advertiser/", "/admin/accounts/user/"
CAMPAIGN, AD = CAMPAIGNS + "{campaign_id}/change/", ADS + "{ad_id}/change/"
ADVERTISER, USER = ADVERTISERS + "{advertiser_id}/change/", USERS + "{user_id}/change/"

SIGNED = ["created_by_name", "created_at"]
# Fields that no form accepts from any role.
NEVER = {
    CAMPAIGN: [*SIGNED, "campaign_id", "campaign_created_by"],
    AD: [
        *SIGNED,
        "ad_id",
        "ad_number",
        "ad_view_count",
        "ad_created_by",
        "campaign",
        "moderation_status",
        "moderated_by",
        "moderated_at",
        "moderation_note",
    ],
    ADVERTISER: [*SIGNED, "advertiser_id", "created_by"],
    USER: ["user_id", "password", "last_login", "created_at"],
}
# Fields of their own account that users can't change.
ADMINISTERED = ["role", "is_active", "is_verified"]
MODELS: dict[str, type[models.Model]] = {CAMPAIGN: Campaign, AD: Ad, ADVERTISER: Advertiser, USER: User}


def forged(names: list[str], cast: Cast) -> dict[str, Any]:
    """A value for each of these fields, under the name of the field and of its column."""
    people = {"created_by", "campaign_created_by", "ad_created_by", "moderated_by"}
    values: dict[str, Any] = {
        **dict.fromkeys(people, str(cast.other_app_admin.pk)),
        **dict.fromkeys(["created_at", "moderated_at", "last_login"], "2001-01-01 00:00:00"),
        "ad_view_count": "999999",
        "ad_number": "6",
        "moderation_status": "approved",
        "role": "system_admin",
        "is_active": "",
        "is_verified": "on",
        "campaign": str(CampaignFactory().pk),
        "password": "forged",
    }
    sent = {name: values.get(name, f"{cast.guest.pk}") for name in names}
    dated = {f"{name}_{part}": text for name in names for part, text in ((0, "01/01/2001"), (1, "00:00:00"))}
    return {f"{name}_id": value for name, value in sent.items()} | dated | sent


@pytest.mark.parametrize("role", STAFF)
@pytest.mark.parametrize("page", NEVER)
def test_fields_that_no_form_shows_are_ignored(page: str, role: str, cast: Cast, console_for: ConsoleFor) -> None:
    actor = cast.in_role(role)
    keys = scene(actor) | {"user_id": actor.pk}
    names = [*NEVER[page], *(ADMINISTERED if page == USER else ())]
    row_of = MODELS[page]._base_manager.filter(pk=keys[page.split("{")[1].split("}")[0]])
    client = console_for(actor)
    before = row_of.values(*names).get()
    _, sent = Forms(cast.other_system_admin).posted(page, "-", keys)
    superuser = {"is_superuser": "on", "is_staff": "on", "groups": "1", "user_permissions": "1"}

    extra = superuser | {"updated_by_name": "forged", "updated_at": "2001-01-01 00:00:00"}
    answer = client.post(page.format(**keys), sent | forged(names, cast) | extra)

    refused = role == "content_moderator" and page in (CAMPAIGN, ADVERTISER)
    assert answer.status_code == (403 if refused else 302)
    assert row_of.values(*names).get() == before
    changed: Any = row_of.get()
    assert getattr(changed, "updated_by_name", None) != "forged"
    assert changed.updated_at.year > 2001


@pytest.mark.parametrize("mine", ["ad_name", "ad_status", "media_content", "ad_start_date", "campaign"])
def test_a_moderator_can_change_the_rating_only(mine: str, cast: Cast, console_for: ConsoleFor) -> None:
    keys = scene(cast.colleague)
    before = Ad.objects.filter(pk=keys["ad_id"]).values().get()
    counted = {"version": before["version"] + 1}
    odd = {"ad_status": "active", "ad_start_date": "01/01/2030", "campaign": str(CampaignFactory().pk)}
    sent = Forms(cast.system_admin).form_at(AD, keys) | {mine: odd.get(mine, "Forged")}
    answer = console_for(cast.content_moderator).post(
        AD.format(**keys), sent | row("content_rating", 0, rating_label="R")
    )

    assert answer.status_code == 302
    assert Ad.objects.filter(pk=keys["ad_id"]).values().get() == before | counted
    assert Ad.objects.get(pk=keys["ad_id"]).content_rating.rating_label == "R"


@pytest.mark.parametrize("page", [CAMPAIGN, AD, ADVERTISER])
def test_a_new_object_belongs_to_its_creator_whatever_is_sent(page: str, cast: Cast, console_for: ConsoleFor) -> None:
    keys = scene(cast.owner)
    add = page.split("{")[0] + "add/"
    _, sent = Forms(cast.system_admin).posted(add, "-", keys)
    extra = forged([name for name in NEVER[page] if name != "campaign"], cast)
    there = {each.pk for each in MODELS[page]._base_manager.all()}
    answer = console_for(cast.owner).post(add, sent | extra)

    assert answer.status_code == 302, errors_of(answer)
    made: Any = MODELS[page]._base_manager.exclude(pk__in=there).get()
    assert made.created_by_name == cast.owner.display_name
    assert made.created_at.year > 2001
    creator = {CAMPAIGN: "campaign_created_by", AD: "ad_created_by", ADVERTISER: "created_by"}[page]
    assert getattr(made, creator) == cast.owner
    if page == AD:
        assert (made.moderation_status, made.moderated_by, made.ad_view_count) == ("pending", None, 0)


def test_a_user_with_a_higher_role_than_ones_own_can_not_be_created(cast: Cast, console_for: ConsoleFor) -> None:
    _, sent = Forms(cast.system_admin).posted(USERS + "add/", "-", {})
    answer = console_for(cast.app_admin).post(USERS + "add/", sent | {"role": "system_admin", "is_superuser": "on"})

    assert answer.status_code == 200
    assert not User.objects.filter(username="fresh").exists()


# --- Rows of other parents ---

# The page, the inline's prefix and key, and the values to enter.
INLINES = {
    "target": (CAMPAIGN, "audience_targeting", "audience_id", {"region": "Europe", "country": "FR"}),
    "slot": (AD, "time_slots", "time_slot_id", {"time_slot_start": "06:00", "time_slot_end": "06:30"}),
    "rating": (AD, "content_rating", "rating_id", {"rating_system": "MPAA", "rating_label": "R"}),
    "contact": (ADVERTISER, "contacts", "contact_id", NEW_CONTACT),
    "account": (ADVERTISER, "bank_accounts", "bank_id", {"bank_name": "Forged", "bank_account_name": "Forged"}),
}


def rows_below(page: str, prefix: str, keys: dict[str, Any]) -> tuple[models.Model, list[dict[str, Any]]]:
    """The first row of this parent in an inline, and the stored values of all its rows."""
    parent = MODELS[page]._base_manager.get(pk=keys[page.split("{")[1].split("}")[0]])
    relation: Any = parent._meta.get_field(prefix)
    rows = relation.related_model._base_manager.filter(**{relation.field.name: parent}).order_by("pk")
    return rows.first(), list(rows.values())


@pytest.mark.parametrize("forgery", ["change", "DELETE", "as a new row", "move", "save as new"])
@pytest.mark.parametrize("inline", INLINES)
@pytest.mark.parametrize("role", STAFF)
def test_rows_of_another_parent_cannot_be_changed(
    role: str, inline: str, forgery: str, cast: Cast, console_for: ConsoleFor
) -> None:
    page, prefix, key, typed = INLINES[inline]
    actor = cast.in_role(role)
    mine, theirs = scene(actor), scene(cast.colleague)
    (own, _), (foreign, before) = rows_below(page, prefix, mine), rows_below(page, prefix, theirs)
    link: Any = foreign._meta.get_field(page.split("_id")[0].split("{")[1])
    own_row = row(prefix, 0, **{key: str(own.pk), **typed})
    sent = (
        Forms(cast.system_admin).form_at(page, mine)
        | {
            "change": row(prefix, 0, **{key: str(foreign.pk), **typed}),
            "DELETE": row(prefix, 0, **{key: str(foreign.pk), **typed, "DELETE": "on"}),
            "as a new row": {f"{prefix}-INITIAL_FORMS": "0"} | row(prefix, 0, **{key: str(foreign.pk), **typed}),
            "move": own_row | row(prefix, 0, **{link.name: str(getattr(foreign, link.attname))}),
            "save as new": {"_saveasnew": "1"} | row(prefix, 0, **{key: str(foreign.pk), **typed}),
        }[forgery]
    )
    console_for(actor).post(page.format(**mine), sent)

    assert rows_below(page, prefix, theirs)[1] == before


@pytest.mark.parametrize("page", [CAMPAIGN, AD, ADVERTISER, USER])
@pytest.mark.parametrize("role", STAFF)
def test_saving_as_new_creates_nothing_that_adding_would_not(
    page: str, role: str, cast: Cast, console_for: ConsoleFor
) -> None:
    keys = scene(cast.colleague) | {"user_id": cast.in_role(role).pk}
    _, sent = Forms(cast.other_system_admin).posted(page, "-", keys)
    client = console_for(cast.in_role(role))
    before = stored()
    answer = client.post(page.format(**keys), sent | {"_saveasnew": "1"})

    may_add = role in (STAFF[:2] if page in (AD, USER) else KEEPERS)
    if not may_add:
        assert answer.status_code in (200, 403)
        assert stored() == before
    for row_before in before[MODELS[page]._meta.label]:
        assert row_before in stored()[MODELS[page]._meta.label]
