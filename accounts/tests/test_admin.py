"""Users, roles and the audit log in the admin console."""

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
NEW = {"username": "newcomer", "email": "Newcomer@Example.com", "password1": NEW_PASSWORD, "password2": NEW_PASSWORD}


def page_of(user: User, view: str = "change") -> str:
    return reverse(f"admin:accounts_user_{view}", args=[user.pk])


def test_an_administrator_creates_a_user_who_can_sign_in(cast: Cast, console_for: ConsoleFor) -> None:
    client = console_for(cast.app_admin)
    answer = client.post(ADD, form_data(client.get(ADD), **NEW, role="campaign_manager"))

    assert answer.status_code == 302, errors_of(answer)
    created = User.objects.get(username="newcomer")
    assert created.role_id == "campaign_manager"
    assert Client().login(username="newcomer", password=NEW_PASSWORD)
    entry = AuditEntry.objects.get(object_pk=str(created.pk))
    assert entry.door == "admin"
    assert entry.changes["password"] == [None, "[changed]"]


def test_the_form_refuses_invalid_values(cast: Cast, console_for: ConsoleFor) -> None:
    client = console_for(cast.app_admin)
    refused: dict[tuple[str, str], dict[str, Any]] = {
        ("username", "username_is_unique_without_regard_to_case"): {"username": "CAMPAIGN_MANAGER"},
        ("email", "email_is_unique_without_regard_to_case"): {"email": "USER@example.com"},
        ("username", "invalid"): {"username": "a@b"},
        ("password2", "password_too_short"): {"password1": "short", "password2": "short"},
        ("password2", "password_too_common"): {"password1": "password12", "password2": "password12"},
        ("password2", "password_mismatch"): {"password2": "another long password"},
        ("role", "invalid_choice"): {"role": "system_admin"},
    }
    for (field, code), typed in refused.items():
        answer = client.post(ADD, form_data(client.get(ADD), **NEW | typed))

        assert answer.status_code == 200, code
        errors = answer.context["adminform"].form.errors.as_data()
        assert code in [error.code for error in errors.get(field, [])], errors
    assert not User.objects.filter(username="newcomer").exists()


@pytest.mark.parametrize("role", ADMINS)
def test_the_form_offers_roles_up_to_the_users_own(role: str, cast: Cast, console_for: ConsoleFor) -> None:
    form = console_for(cast.in_role(role)).get(ADD).context["adminform"].form

    assert ("system_admin" in form.fields["role"].queryset.values_list("role_name", flat=True)) == (
        role == "system_admin"
    )


@pytest.mark.parametrize("role", STAFF)
def test_users_cannot_change_their_own_role_or_deactivate_themselves(
    role: str, cast: Cast, console_for: ConsoleFor
) -> None:
    user = cast.in_role(role)
    client = console_for(user)
    typed = form_data(client.get(page_of(user)), first_name="New", role="guest", is_active=None, is_verified="on")
    answer = client.post(page_of(user), typed, follow=True)
    user.refresh_from_db()

    assert answer.status_code == 200
    assert (user.first_name, user.role_id, user.is_active) == ("New", role, True)
    assert not user.is_verified


@pytest.mark.parametrize("whom", ["user", "app_admin", "system_admin"])
@pytest.mark.parametrize("role", STAFF)
def test_which_roles_administer_which_users(role: str, whom: str, cast: Cast, console_for: ConsoleFor) -> None:
    user = UserFactory(role=whom)
    CampaignFactory(campaign_created_by=cast.owner)
    filled_in = form_data(console_for(cast.system_admin).get(page_of(user)), role="guest")
    client = console_for(cast.in_role(role))
    client.get(page_of(user))
    client.post(page_of(user), filled_in)
    password = {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    client.post(reverse("admin:auth_user_password_change", args=[user.pk]), password)
    seen = client.get(LIST)
    user.refresh_from_db()

    may = role == "system_admin" or (role == "app_admin" and whom != "system_admin")
    assert (user.role_id == "guest") == may
    assert user.check_password(NEW_PASSWORD) == may
    assert (seen.status_code == 200 and user.email in seen.content.decode()) == may


def test_users_change_their_own_password_with_the_current_one(cast: Cast, console_for: ConsoleFor) -> None:
    user = cast.campaign_manager
    client = console_for(user)
    without = client.get(reverse("admin:auth_user_password_change", args=[user.pk]))
    assert (without.status_code, without["Location"]) == (302, reverse("admin:password_change"))
    typed = {"old_password": "wrong", "new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD}
    refused = client.post(reverse("admin:password_change"), typed)
    assert [error.code for error in refused.context["form"].errors.as_data()["old_password"]] == ["password_incorrect"]

    answer = client.post(reverse("admin:password_change"), typed | {"old_password": PASSWORD}, follow=True)

    user.refresh_from_db()
    assert answer.status_code == 200
    assert user.check_password(NEW_PASSWORD)
    assert client.get(reverse("admin:index")).status_code == 200, "the session that changed it continues"
    assert client.get(reverse("admin:auth_user_password_change", args=["no-uuid"])).status_code == 404


@pytest.mark.parametrize("role", STAFF)
def test_only_system_administrators_delete_users(role: str, cast: Cast, console_for: ConsoleFor) -> None:
    answer = console_for(cast.in_role(role)).post(page_of(cast.guest, "delete"), {"post": "yes"})

    may = role == "system_admin"
    assert answer.status_code == 302 if may else answer.status_code in (302, 403)
    assert User.objects.filter(pk=cast.guest.pk).exists() != may


def test_users_are_not_deleted_in_bulk(cast: Cast, console_for: ConsoleFor) -> None:
    chosen = {"action": "delete_selected", "_selected_action": str(cast.guest.pk), "post": "yes"}
    console_for(cast.system_admin).post(LIST, chosen)

    assert User.objects.filter(pk=cast.guest.pk).exists()


def test_the_page_says_to_deactivate_a_creator_instead_of_deleting_them(cast: Cast, console_for: ConsoleFor) -> None:
    CampaignFactory(campaign_created_by=cast.owner)
    answer = console_for(cast.system_admin).post(page_of(cast.owner, "delete"), {"post": "yes"})

    assert "This user created content that must be kept." in answer.content.decode()
    assert User.objects.filter(pk=cast.owner.pk).exists()


def test_the_last_system_administrator_cannot_be_deleted(cast: Cast, console_for: ConsoleFor) -> None:
    cast.other_system_admin.delete()
    client = console_for(cast.system_admin)
    answer = client.post(page_of(cast.system_admin, "delete"), {"post": "yes"}, follow=True)

    assert messages_of(answer) == [str(LAST_SYSTEM_ADMIN)]
    assert User.objects.filter(pk=cast.system_admin.pk).exists()


def test_the_form_refuses_a_demotion_that_would_leave_no_system_administrator(
    cast: Cast, console_for: ConsoleFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = console_for(cast.system_admin)
    typed = form_data(client.get(page_of(cast.other_system_admin)), role="guest")
    get_object = UserAdmin.get_object

    def while_the_signed_in_user_is_demoted(*args: Any) -> Any:
        found = get_object(*args)
        User.objects.filter(pk=cast.system_admin.pk).update(role="guest")
        return found

    monkeypatch.setattr(UserAdmin, "get_object", while_the_signed_in_user_is_demoted)
    answer = client.post(page_of(cast.other_system_admin), typed)

    assert errors_of(answer) == [str(LAST_SYSTEM_ADMIN)]
    assert User.objects.get(pk=cast.other_system_admin.pk).role_id == "system_admin"


@pytest.mark.parametrize("role", STAFF)
def test_roles_are_read_only(role: str, cast: Cast, console_for: ConsoleFor) -> None:
    client = console_for(cast.in_role(role))
    page = reverse("admin:accounts_role_change", args=[cast.guest.role.pk])

    assert client.get(page).status_code == 200
    assert client.post(page, {"role_name": "guest", "role_level": "1"}).status_code == 403
    assert client.post(reverse("admin:accounts_role_delete", args=[cast.guest.role.pk])).status_code == 403


@pytest.mark.parametrize("role", STAFF)
def test_administrators_read_the_log_and_no_one_changes_it(role: str, cast: Cast, console_for: ConsoleFor) -> None:
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
    typed = form_data(client.get(page_of(cast.guest)), first_name="<b>Eve", role="user", is_active=None)
    client.post(page_of(cast.guest), typed)
    entry = AuditEntry.objects.filter(object_pk=str(cast.guest.pk), action=AuditEntry.Action.UPDATE).get()
    page = client.get(reverse("admin:accounts_auditentry_change", args=[entry.pk])).content.decode()

    for expected in (
        "First name",
        "&lt;b&gt;Eve",
        "Role",
        "guest",
        "app_admin",
        "Admin console",
        "127.0.0.1",
    ):
        assert expected in page
    assert "<b>Eve" not in page


def test_the_log_can_be_searched_and_filtered(cast: Cast, console_for: ConsoleFor) -> None:
    client = console_for(cast.app_admin)
    client.post(page_of(cast.guest), form_data(client.get(page_of(cast.guest)), last_name="Changed"))
    kind = AuditEntry.objects.first().content_type_id
    day = AuditEntry.objects.first().timestamp.date()
    for query in (f"?action=1&door__exact=admin&kind={kind}", "?q=app_admin&action=1", f"?q={cast.guest.pk}&action=1"):
        answer = client.get(LOG + query + f"&timestamp_from={day:%d/%m/%Y}&timestamp_to={day:%d/%m/%Y}")

        assert [entry.object_pk for entry in answer.context["cl"].result_list] == [str(cast.guest.pk)], query


def test_the_home_page_links_to_the_users_own_account(cast: Cast, console_for: ConsoleFor) -> None:
    assert page_of(cast.campaign_manager) in console_for(cast.campaign_manager).get("/admin/").content.decode()
