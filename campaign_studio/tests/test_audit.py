"""Every change is logged: who made it, when, from which IP address and through which channel."""

from collections.abc import Callable
from datetime import timedelta
from threading import Thread
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import connection, models
from django.db.models import signals
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.utils import translation
from django.utils.functional import SimpleLazyObject

from accounts.models import AuditEntry, User
from accounts.tests.factories import PASSWORD, Cast, UserFactory
from ads.tests.factories import AdContentRatingFactory, AdFactory, AdTimeSlotFactory
from advertisers.tests.factories import (
    AdvertiserBankAccountFactory,
    AdvertiserContactFactory,
    AdvertiserFactory,
)
from campaign_studio import acting
from campaign_studio.acting import ActingMiddleware, acting_as, set_database_actor
from campaign_studio.middleware import ClientAddressMiddleware
from campaigns.models import Campaign
from campaigns.tests.factories import AudienceTargetingFactory, CampaignFactory

pytestmark = pytest.mark.django_db

Action = AuditEntry.Action


def entries(instance: models.Model) -> list[AuditEntry]:
    """The entries about one object, oldest first."""
    model = {"content_type__app_label": instance._meta.app_label, "content_type__model": instance._meta.model_name}
    return list(AuditEntry.objects.filter(object_pk=str(instance.pk), **model).order_by("timestamp", "id"))


def last_entry(instance: models.Model) -> AuditEntry:
    """The newest entry about one object."""
    return entries(instance)[-1]


def through_the_web(user: Any, do: Callable[[], Any], path: str = "/api/campaigns", **meta: Any) -> None:
    """Call `do()` in a request whose user is only known after the middleware has run, as in the API."""

    def view(request: HttpRequest) -> HttpResponse:
        request.user = user
        do()
        return HttpResponse()

    ClientAddressMiddleware(ActingMiddleware(view))(RequestFactory().post(path, **meta))


# --- What is logged --------------------------------------------------------------------------------------------------


def test_creating_changing_and_deleting_add_one_entry_each(cast: Cast) -> None:
    with acting_as(cast.owner):
        campaign = CampaignFactory(campaign_name="Spring", campaign_created_by=cast.owner)
        campaign.campaign_name = "Summer"
        campaign.save()
        key = campaign.pk
        campaign.delete()
    campaign.pk = key
    created, changed, deleted = entries(campaign)

    assert [one.action for one in (created, changed, deleted)] == [Action.CREATE, Action.UPDATE, Action.DELETE]
    assert created.changes["campaign_name"] == [None, "Spring"]
    assert changed.changes == {"campaign_name": ["Spring", "Summer"]}
    assert deleted.changes["campaign_name"] == ["Summer", None]
    assert {one.actor_id for one in (created, changed, deleted)} == {cast.owner.pk}
    assert changed.object_repr == "Summer"


def test_a_save_that_changes_nothing_adds_no_entry() -> None:
    campaign = CampaignFactory()
    before = len(entries(campaign))

    campaign.save()

    assert len(entries(campaign)) == before


def test_timestamps_names_and_keys_are_not_logged_as_changes(cast: Cast) -> None:
    with acting_as(cast.owner):
        created = last_entry(CampaignFactory())

    assert not {"created_at", "updated_at", "created_by_name", "updated_by_name", "campaign_id"} & set(created.changes)


def test_a_foreign_key_has_the_name_it_has_in_the_api() -> None:
    advertiser = AdvertiserFactory()
    campaign = CampaignFactory()

    campaign.advertiser = advertiser
    campaign.save()

    assert last_entry(campaign).changes == {"advertiser_id": [None, str(advertiser.pk)]}


def test_the_entry_of_a_new_ad_names_its_campaign_and_creator_as_the_api_does() -> None:
    ad = AdFactory()

    changes = last_entry(ad).changes

    assert changes["campaign_id"] == [None, str(ad.campaign_id)]
    assert changes["ad_created_by_id"] == [None, str(ad.ad_created_by_id)]
    assert not {"campaign", "ad_created_by", "ad_number", "ad_view_count"} & set(changes)


def test_the_stored_name_of_an_object_does_not_depend_on_the_active_language(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Campaign, "__str__", lambda campaign: str(translation.get_language()))

    with translation.override("de"):
        campaign = CampaignFactory()
        campaign.campaign_name, key = "Summer", campaign.pk
        campaign.save()
        campaign.delete()
    campaign.pk = key

    assert [entry.object_repr for entry in entries(campaign)] == [settings.LANGUAGE_CODE] * 3


def test_a_role_is_logged_by_name() -> None:
    person = UserFactory()
    person.role_id = "guest"
    person.save()

    assert last_entry(person).changes == {"role": ["user", "guest"]}


def test_lists_are_logged_with_their_values() -> None:
    target = AudienceTargetingFactory(cities=["Berlin"])
    target.cities = ["Berlin", "Köln"]
    target.save()

    before, after = last_entry(target).changes["cities"]
    assert ("Köln" in before, "Köln" in after) == (False, True)


@pytest.mark.parametrize(
    ("part", "parent"),
    [
        (AdvertiserContactFactory, "advertiser_id"),
        (AdvertiserBankAccountFactory, "advertiser_id"),
        (AudienceTargetingFactory, "campaign_id"),
        (AdFactory, "campaign_id"),
        (AdTimeSlotFactory, "ad_id"),
        (AdContentRatingFactory, "ad_id"),
    ],
)
def test_the_entry_of_a_part_has_the_id_of_the_whole(part: Any, parent: str) -> None:
    row = part()
    parent_id = getattr(row, parent)

    key = row.pk
    row.delete()
    row.pk = key

    assert [one.parent_id for one in entries(row)] == [parent_id, parent_id]


def test_parts_deleted_with_the_whole_are_logged_too() -> None:
    slot = AdTimeSlotFactory()
    key = slot.pk

    slot.ad.campaign.delete()
    slot.pk = key

    assert last_entry(slot).action == Action.DELETE


def test_the_history_of_an_object_contains_that_of_its_parts(cast: Cast) -> None:
    account = AdvertiserBankAccountFactory(advertiser__contact=True)

    def kinds(reader: User) -> set[str]:
        found = AuditEntry.objects.about(account.advertiser, reader=reader)
        return {one.content_type.model for one in found.select_related("content_type")}

    assert kinds(cast.owner) == {"advertiser", "advertisercontact", "advertiserbankaccount"}
    assert kinds(cast.content_moderator) == {"advertiser", "advertisercontact"}
    assert kinds(cast.guest) == set()


# --- User, IP address, channel ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("path", "door"), [("/api/campaigns", "api"), ("/admin/campaigns/", "admin")])
def test_an_entry_has_the_user_the_ip_address_and_the_channel(path: str, door: str, cast: Cast) -> None:
    campaign = CampaignFactory()
    campaign.campaign_name = "Renamed"

    through_the_web(cast.owner, campaign.save, path, REMOTE_ADDR="203.0.113.9", HTTP_X_REQUEST_ID="request-1")

    entry = last_entry(campaign)
    assert (entry.actor_id, entry.actor_name) == (cast.owner.pk, "campaign_manager")
    assert (entry.actor_username, entry.actor_email) == (cast.owner.username, cast.owner.email)
    assert (entry.remote_addr, entry.door) == ("203.0.113.9", door)
    assert str(entry.cid).endswith("/request-1")


@pytest.mark.parametrize("forged", ["6.6.6.6", "unknown", "1.2.3.4" * 100])
def test_a_forged_ip_address_is_not_logged(forged: str, cast: Cast) -> None:
    campaign = CampaignFactory()
    campaign.campaign_name = "Renamed"

    through_the_web(cast.owner, campaign.save, REMOTE_ADDR="203.0.113.9", HTTP_X_FORWARDED_FOR=forged)

    assert last_entry(campaign).remote_addr == "203.0.113.9"


def test_the_lazy_user_of_the_console_is_logged_too(cast: Cast) -> None:
    made: list[Any] = []

    through_the_web(SimpleLazyObject(lambda: cast.owner), lambda: made.append(AdvertiserFactory()), "/admin/")

    assert last_entry(made[0]).actor_id == cast.owner.pk
    assert made[0].created_by_name == "campaign_manager"


def test_an_anonymous_request_is_logged_without_an_actor() -> None:
    through_the_web(AnonymousUser(), lambda: User.objects.create_user("mona", "mona@example.com", PASSWORD))

    entry = last_entry(User.objects.get(username="mona"))
    assert (entry.actor_id, entry.door, entry.remote_addr) == (None, "api", "127.0.0.1")


def test_a_command_is_logged_by_name() -> None:
    with acting_as("expire_campaigns"):
        campaign = CampaignFactory()

    entry = last_entry(campaign)
    assert (entry.actor_id, entry.actor_name, entry.door) == (None, "expire_campaigns", "command")
    assert (campaign.created_by_name, campaign.updated_by_name) == ("expire_campaigns", "expire_campaigns")


def test_an_inner_actor_takes_precedence_until_its_block_ends(cast: Cast) -> None:
    with acting_as("demo"):
        with acting_as(cast.owner, door="admin"):
            inner = CampaignFactory()
        outer = CampaignFactory()
    nobodys = CampaignFactory()

    assert [last_entry(one).actor_name for one in (inner, outer, nobodys)] == ["campaign_manager", "demo", None]
    assert [last_entry(one).door for one in (inner, outer, nobodys)] == ["admin", "command", None]


def test_another_thread_has_no_actor(cast: Cast) -> None:
    seen: list[Any] = []
    with acting_as(cast.owner):
        thread = Thread(target=lambda: seen.append(acting.current()))
        thread.start()
        thread.join()

    assert seen == [None]


def test_entries_of_one_request_share_its_id(cast: Cast) -> None:
    campaign, ad = CampaignFactory(), AdFactory()

    def change_both() -> None:
        campaign.campaign_end_date += timedelta(days=1)
        campaign.save()
        ad.ad_description = "Better"
        ad.save()

    through_the_web(cast.owner, change_both)

    assert last_entry(campaign).cid == last_entry(ad).cid
    assert last_entry(ad).cid


def test_triggers_can_read_the_actor(cast: Cast) -> None:
    def actor() -> str:
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('app.actor', true)")
            return str(cursor.fetchone()[0] or "")

    with acting_as(cast.owner):
        set_database_actor()
        assert actor() == str(cast.owner.pk)
    set_database_actor()
    assert actor() == ""


def test_requests_leave_no_signal_receivers_behind(cast: Cast) -> None:
    watched = [signals.pre_save, signals.post_save, signals.pre_delete, signals.post_delete, signals.m2m_changed]
    campaign = CampaignFactory()
    Client().get("/api/health")

    before = [len(signal.receivers) for signal in watched]
    for number in range(5):
        campaign.campaign_name = f"Renamed {number}"
        through_the_web(cast.owner, campaign.save)
        Client().get("/api/health")
        Client().get("/admin/login/")

    assert [len(signal.receivers) for signal in watched] == before
