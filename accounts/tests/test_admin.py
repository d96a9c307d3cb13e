"""People, roles and the audit log in the admin console."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.console.admin import UserAdmin
from accounts.models import LAST_SYSTEM_ADMIN, AuditEntry, User
from accounts.tests.factories import PASSWORD, Cast, UserFactory
from campaign_studio.tests.browser import errors_of, form_data, messages_of
from campaigns.tests.factories import CampaignFactory

pytestmark = pytest.mark.django_db

ConsoleFor = Callable[[User | None], Client]
ADD = "/admin/accounts/user/add/"
LIST = "/admin/accounts/user/"
LOG = "/admin/accounts/auditentry/"
STAFF = ["system_admin", "app_admin", "campaign_manager", "content_moderator"]
ADMINS = ["system_admin", "app_admin"]
NEW_PASSWORD = "a rather long new password"
NEW = {"username": "fresh", "email": "Fresh@Example.com", "password1": NEW_PASSWORD, "password2": NEW_PASSWORD}


def page_of(user: User, view: str = "change") -> str:
    return reverse(f"admin:accounts_user_{view}", args=[user.pk])


def test_an_admin_creates_somebody_who_can_sign_in(cast: Cast, console_for: ConsoleFor) -> None:
    client = console_for(cast.app_admin)
    answer = client.post(ADD, form_data(client.get(ADD), **NEW, role="campaign_manager"))

    assert answer.status_code == 302, errors_of(answer)
    fresh = User.objects.get(username="fresh")
    assert fresh.role_id == "campaign_manager"
    assert Client().login(username="fresh", password=NEW_PASSWORD)
    entry = AuditEntry.objects.get(object_pk=str(fresh.pk))
    assert entry.door == "admin"
    assert entry.changes["password"] == [None, "[changed]"]


def test_what_the_form_says_no_to(cast: Cast, console_for: ConsoleFor) -> None:
    client = console_for(cast.app_admin)
    refused: dict[str, dict[str, Any]] = {
        "This username is taken.": {"username": "CAMPAIGN_MANAGER"},
        "registered with this e-mail address": {"email": "USER@example.com"},
        "Use letters, digits": {"username": "a@b"},
        "too short": {"password1": "short", "password2": "short"},
        "too common": {"password1": "password12", "password2": "password12"},
        "didn’t match": {"password2": "another long password"},
        "Select a valid choice": {"role": "system_admin"},
    }
    for message, typed in refused.items():
        answer = client.post(ADD, form_data(client.get(ADD), **NEW | typed))

        assert answer.status_code == 200, message
        assert any(message in said for said in errors_of(answer)), (message, errors_of(answer))
    assert not User.objects.filter(username="fresh").exists()


@pytest.mark.parametrize("role", ADMINS)
def test_roles_above_ones_own_are_not_on_offer(role: str, cast: Cast, console_for: ConsoleFor) -> None:
    form = console_for(cast.in_role(role)).get(ADD).context["adminform"].form

    assert ("system_admin" in form.fields["role"].queryset.values_list("role_name", flat=True)) == (
        role == "system_admin"
    )


@pytest.mark.parametrize("role", STAFF)
def test_nobody_changes_their_own_role_or_locks_themselves_out(role: str, cast: Cast, console_for: ConsoleFor) -> None:
    person = cast.in_role(role)
    client = console_for(person)
    typed = form_data(client.get(page_of(person)), first_name="New", role="guest", is_active=None, is_verified="on")
    answer = client.post(page_of(person), typed, follow=True)
    person.refresh_from_db()

    assert answer.status_code == 200
    assert (person.first_name, person.role_id, person.is_active) == ("New", role, True)
    assert not person.is_verified


@pytest.mark.parametrize("whom", ["user", "app_admin", "system_admin"])
@pytest.mark.parametrize("role", STAFF)
def test_who_administers_whom(role: str, whom: str, cast: Cast, console_for: ConsoleFor) -> None:
    person = UserFactory(role=whom)
    CampaignFactory(campaign_created_by=cast.owner)
    filled_in = form_data(console_for(cast.system_admin).get(page_of(person)), role="guest")
    client = console_for(cast.in_role(role))
    client.get(page_of(person))
    client.post(page_of(person), filled_in)
    password = {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    client.post(reverse("admin:auth_user_password_change", args=[person.pk]), password)
    seen = client.get(LIST)
    person.refresh_from_db()

    may = role == "system_admin" or (role == "app_admin" and whom != "system_admin")
    assert (person.role_id == "guest") == may
    assert person.check_password(NEW_PASSWORD) == may
    assert (seen.status_code == 200 and person.email in seen.content.decode()) == may


def test_one_changes_ones_own_password_with_the_present_one(cast: Cast, console_for: ConsoleFor) -> None:
    user = cast.campaign_manager
    client = console_for(user)
    without = client.get(reverse("admin:auth_user_password_change", args=[user.pk]))
    assert (without.status_code, without["Location"]) == (302, reverse("admin:password_change"))
    typed = {"old_password": "wrong", "new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD}
    refused = client.post(reverse("admin:password_change"), typed)
    assert "This is not your present password." in refused.content.decode()

    answer = client.post(reverse("admin:password_change"), typed | {"old_password": PASSWORD}, follow=True)

    user.refresh_from_db()
    assert answer.status_code == 200
    assert user.check_password(NEW_PASSWORD)
    assert client.get(reverse("admin:index")).status_code == 200, "the session that changed it stays"
    assert client.get(reverse("admin:auth_user_password_change", args=["no-uuid"])).status_code == 404


@pytest.mark.parametrize("role", STAFF)
def test_who_deletes_people(role: str, cast: Cast, console_for: ConsoleFor) -> None:
    answer = console_for(cast.in_role(role)).post(page_of(cast.guest, "delete"), {"post": "yes"})

    may = role == "system_admin"
    assert answer.status_code == 302 if may else answer.status_code in (302, 403)
    assert User.objects.filter(pk=cast.guest.pk).exists() != may


def test_people_are_not_deleted_in_bulk(cast: Cast, console_for: ConsoleFor) -> None:
    chosen = {"action": "delete_selected", "_selected_action": str(cast.guest.pk), "post": "yes"}
    console_for(cast.system_admin).post(LIST, chosen)

    assert User.objects.filter(pk=cast.guest.pk).exists()


def test_a_creator_is_deactivated_instead(cast: Cast, console_for: ConsoleFor) -> None:
    CampaignFactory(campaign_created_by=cast.owner)
    answer = console_for(cast.system_admin).post(page_of(cast.owner, "delete"), {"post": "yes"})

    assert "Deactivate them instead" in answer.content.decode()
    assert User.objects.filter(pk=cast.owner.pk).exists()


def test_the_last_system_admin_stays(cast: Cast, console_for: ConsoleFor) -> None:
    cast.other_system_admin.delete()
    client = console_for(cast.system_admin)
    answer = client.post(page_of(cast.system_admin, "delete"), {"post": "yes"}, follow=True)

    assert messages_of(answer) == [LAST_SYSTEM_ADMIN]
    assert User.objects.filter(pk=cast.system_admin.pk).exists()


def test_a_demotion_that_would_leave_no_system_admin_is_said_in_the_form(
    cast: Cast, console_for: ConsoleFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = console_for(cast.system_admin)
    typed = form_data(client.get(page_of(cast.other_system_admin)), role="guest")
    get_object = UserAdmin.get_object

    def while_the_asking_one_is_demoted(*args: Any) -> Any:
        found = get_object(*args)
        User.objects.filter(pk=cast.system_admin.pk).update(role="guest")
        return found

    monkeypatch.setattr(UserAdmin, "get_object", while_the_asking_one_is_demoted)
    answer = client.post(page_of(cast.other_system_admin), typed)

    assert errors_of(answer) == [LAST_SYSTEM_ADMIN]
    assert User.objects.get(pk=cast.other_system_admin.pk).role_id == "system_admin"


@pytest.mark.parametrize("role", STAFF)
def test_roles_are_read_only(role: str, cast: Cast, console_for: ConsoleFor) -> None:
    client = console_for(cast.in_role(role))
    page = reverse("admin:accounts_role_change", args=[cast.guest.role.pk])

    assert client.get(page).status_code == 200
    assert client.post(page, {"role_name": "guest", "role_level": "1"}).status_code == 403
    assert client.post(reverse("admin:accounts_role_delete", args=[cast.guest.role.pk])).status_code == 403


@pytest.mark.parametrize("role", STAFF)
def test_the_log_is_read_by_admins_and_changed_by_nobody(role: str, cast: Cast, console_for: ConsoleFor) -> None:
    entry = AuditEntry.objects.filter(object_pk=str(cast.guest.pk)).get()
    client = console_for(cast.in_role(role))
    page = reverse("admin:accounts_auditentry_change", args=[entry.pk])

    assert client.get(page).status_code == (200 if role in ADMINS else 403)
    assert client.post(page, {"actor_name": "me"}).status_code == 403
    assert client.post(reverse("admin:accounts_auditentry_delete", args=[entry.pk])).status_code in (302, 403)
    assert client.get(reverse("admin:accounts_auditentry_history", args=[entry.pk])).status_code in (302, 404)
    assert AuditEntry.objects.filter(pk=entry.pk, actor_name=entry.actor_name).exists()


def test_an_entry_shows_each_field_old_and_new(cast: Cast, console_for: ConsoleFor) -> None:
    client = console_for(cast.app_admin)
    typed = form_data(client.get(page_of(cast.guest)), first_name="<b>Eve</b>", role="user", is_active=None)
    client.post(page_of(cast.guest), typed)
    entry = AuditEntry.objects.filter(object_pk=str(cast.guest.pk), action=AuditEntry.Action.UPDATE).get()
    page = client.get(reverse("admin:accounts_auditentry_change", args=[entry.pk])).content.decode()

    for expected in (
        "First name",
        "&lt;b&gt;Eve&lt;/b&gt;",
        "Role",
        "guest",
        "app_admin",
        "Admin console",
        "127.0.0.1",
    ):
        assert expected in page
    assert "<b>Eve</b>" not in page


def test_the_log_is_found_by_object_who_and_filters(cast: Cast, console_for: ConsoleFor) -> None:
    client = console_for(cast.app_admin)
    client.post(page_of(cast.guest), form_data(client.get(page_of(cast.guest)), last_name="Changed"))
    kind = AuditEntry.objects.first().content_type_id
    year = AuditEntry.objects.first().timestamp.year
    for query in (f"?action=1&door__exact=admin&kind={kind}", "?q=app_admin&action=1", f"?q={cast.guest.pk}&action=1"):
        answer = client.get(LOG + query + f"&timestamp__year={year}")

        assert [entry.object_pk for entry in answer.context["cl"].result_list] == [str(cast.guest.pk)], query


def test_the_own_account_is_one_link_away(cast: Cast, console_for: ConsoleFor) -> None:
    assert page_of(cast.campaign_manager) in console_for(cast.campaign_manager).get("/admin/").content.decode()
