"""Reviewing ads in the console: from an ad's page and from the list."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEntry, User
from accounts.tests.factories import Cast
from ads.models import Ad
from ads.tests.factories import AdFactory
from campaign_studio.tests.browser import messages_of
from campaigns.tests.factories import CampaignFactory

pytestmark = pytest.mark.django_db

ConsoleFor = Callable[[User | None], Client]
LIST = "/admin/ads/ad/"
STAFF = ["system_admin", "app_admin", "campaign_manager", "content_moderator"]
MODERATORS = ["system_admin", "app_admin", "content_moderator"]


def page_of(ad: Ad) -> str:
    return reverse("admin:ads_ad_change", args=[ad.pk])


@pytest.mark.parametrize("review", ["approve", "reject"])
@pytest.mark.parametrize("role", STAFF)
def test_only_moderators_and_admins_may_review(role: str, review: str, cast: Cast, console_for: ConsoleFor) -> None:
    ad = AdFactory(campaign__campaign_created_by=cast.owner, rated=True)
    address = f"{page_of(ad).removesuffix('change/')}{review}/"
    client = console_for(cast.in_role(role))
    asked = client.get(address)
    page = client.get(page_of(ad)).content.decode()
    answer = client.post(address, {"decide": "", "note": "Too dark"})
    ad.refresh_from_db()

    may = role in MODERATORS
    assert asked.status_code == (200 if may else 403)
    assert (address in page) == may
    assert answer.status_code == (302 if may else 403)
    assert ad.moderation_status == ({"approve": "approved", "reject": "rejected"}[review] if may else "pending")
    assert ad.moderated_by == (cast.in_role(role) if may else None)
    assert ad.moderation_note == ("Too dark" if may else None)


def test_opening_the_review_page_changes_nothing(cast: Cast, console_for: ConsoleFor) -> None:
    ad = AdFactory()
    console_for(cast.content_moderator).get(f"{page_of(ad).removesuffix('change/')}approve/?decide=1")
    ad.refresh_from_db()

    assert ad.moderation_status == "pending"


def test_a_rejection_needs_a_note(cast: Cast, console_for: ConsoleFor) -> None:
    ad = AdFactory()
    address = f"{page_of(ad).removesuffix('change/')}reject/"
    answer = console_for(cast.content_moderator).post(address, {"decide": "", "note": "  "})
    ad.refresh_from_db()

    assert answer.context["form"].errors.as_data()["note"][0].code == "required"
    assert ad.moderation_status == "pending"


@pytest.mark.parametrize("key", ["no-uuid", "00000000-0000-0000-0000-000000000000"])
def test_reviewing_an_unknown_ad_is_refused(key: str, cast: Cast, console_for: ConsoleFor) -> None:
    answer = console_for(cast.content_moderator).post(f"/admin/ads/ad/{key}/approve/", {"decide": ""}, follow=True)

    assert "exist" in messages_of(answer)[0]


@pytest.mark.parametrize("role", STAFF)
def test_only_moderators_and_admins_may_review_in_bulk(role: str, cast: Cast, console_for: ConsoleFor) -> None:
    ads = AdFactory.create_batch(2, campaign=CampaignFactory(campaign_created_by=cast.owner), rated=True)
    chosen = {"action": "reject_selected", "_selected_action": [str(ad.pk) for ad in ads]}
    client = console_for(cast.in_role(role))
    asked = client.post(LIST, chosen)
    client.post(LIST, chosen | {"decide": "", "note": "Too dark"})

    may = role in MODERATORS
    assert (asked.status_code == 200 and "Reject 2 ads" in asked.content.decode()) == may
    assert Ad.objects.filter(moderation_status="rejected", moderation_note="Too dark").count() == (2 if may else 0)


def test_bulk_approval_leaves_an_audit_entry_per_ad(cast: Cast, console_for: ConsoleFor) -> None:
    ads = AdFactory.create_batch(2, campaign=CampaignFactory(), rated=True)
    chosen = {"action": "approve_selected", "_selected_action": [str(ad.pk) for ad in ads], "decide": "", "note": ""}
    answer = console_for(cast.content_moderator).post(LIST, chosen, follow=True)
    entries = AuditEntry.objects.filter(action=AuditEntry.Action.UPDATE, actor=cast.content_moderator, door="admin")

    assert messages_of(answer) == ["2 ads were approved."]
    assert {entry.object_pk for entry in entries} == {str(ad.pk) for ad in ads}
    assert all(entry.changes["moderation_status"] == ["pending", "approved"] for entry in entries)
