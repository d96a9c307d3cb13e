"""Who may do what with users, as the console and the API check it."""

import pytest
from django.contrib.auth.models import AnonymousUser

from accounts.choices import LEVELS, RoleName
from accounts.models import AuditEntry, Role, User
from accounts.tests.factories import Cast, UserFactory

pytestmark = pytest.mark.django_db

EVERYONE = RoleName.values
ADMINS = ["system_admin", "app_admin"]

WITHOUT_OBJECT = {
    "accounts.list_user": ADMINS,
    "accounts.add_user": ADMINS,
    "accounts.view_user": EVERYONE,
    "accounts.change_user": EVERYONE,
    "accounts.administer_user": ADMINS,
    "accounts.delete_user": ["system_admin"],
    "accounts.assign_role": ADMINS,
    "accounts.view_role": EVERYONE,
    "accounts.view_auditentry": ADMINS,
    "accounts": ADMINS,
}

# permission → the roles that have it for themselves, for a plain user, and for another system administrator
ABOUT_A_USER = {
    "accounts.view_user": (EVERYONE, ADMINS, ["system_admin"]),
    "accounts.change_user": (EVERYONE, ADMINS, ["system_admin"]),
    "accounts.administer_user": (ADMINS, ADMINS, ["system_admin"]),
    "accounts.delete_user": (["system_admin"], ["system_admin"], ["system_admin"]),
}


@pytest.mark.parametrize("role", RoleName.values)
@pytest.mark.parametrize("permission", WITHOUT_OBJECT)
def test_which_roles_have_a_permission_without_an_object(permission: str, role: str, cast: Cast) -> None:
    assert cast.in_role(role).has_perm(permission) == (role in WITHOUT_OBJECT[permission])


@pytest.mark.parametrize("role", RoleName.values)
@pytest.mark.parametrize("permission", ABOUT_A_USER)
def test_which_roles_have_a_permission_for_which_users(permission: str, role: str, cast: Cast) -> None:
    user = cast.in_role(role)
    plain, system_admin = UserFactory(), cast.other_system_admin
    may_about_oneself, may_about_a_user, may_about_a_system_admin = ABOUT_A_USER[permission]

    assert user.has_perm(permission, user) == (role in may_about_oneself)
    assert user.has_perm(permission, plain) == (role in may_about_a_user)
    assert user.has_perm(permission, system_admin) == (role in may_about_a_system_admin)


@pytest.mark.parametrize("given", RoleName.values)
@pytest.mark.parametrize("role", RoleName.values)
def test_users_assign_roles_up_to_their_own_level(role: str, given: str, cast: Cast) -> None:
    user = cast.in_role(role)
    may = role in ADMINS and LEVELS[given] >= LEVELS[role]

    assert user.has_perm("accounts.assign_role", given) == may
    assert Role.objects.assignable_by(user).filter(role_name=given).exists() == may


@pytest.mark.parametrize("permission", WITHOUT_OBJECT)
def test_an_inactive_user_has_no_permissions(permission: str) -> None:
    assert not UserFactory(role=RoleName.SYSTEM_ADMIN, is_active=False).has_perm(permission)


def test_a_user_needs_all_of_several_permissions(cast: Cast) -> None:
    assert cast.app_admin.has_perms(["accounts.add_user", "accounts.list_user"])
    assert not cast.app_admin.has_perms(["accounts.add_user", "accounts.delete_user"])


def test_no_one_has_an_unknown_permission(cast: Cast) -> None:
    assert not any(member.has_perm("accounts.fly") for member in cast)


@pytest.mark.parametrize("role", RoleName.values)
def test_users_see_exactly_the_users_they_may_view(role: str, cast: Cast) -> None:
    user = cast.in_role(role)

    seen = set(User.objects.visible_to(user))

    assert seen == {member for member in cast if user.has_perm("accounts.view_user", member)}


@pytest.mark.parametrize("role", RoleName.values)
def test_only_administrators_see_the_audit_log(role: str, cast: Cast) -> None:
    assert AuditEntry.objects.visible_to(cast.in_role(role)).exists() == (role in ADMINS)


@pytest.mark.parametrize("role", RoleName.values)
def test_the_console_shows_the_administration_app_only_to_administrators(role: str, cast: Cast) -> None:
    assert cast.in_role(role).has_module_perms("accounts") == (role in ADMINS)


def test_anonymous_requests_see_no_users_roles_or_entries(cast: Cast) -> None:
    anonymous = AnonymousUser()

    assert not User.objects.visible_to(anonymous).exists()
    assert not Role.objects.visible_to(anonymous).exists()
    assert not AuditEntry.objects.visible_to(anonymous).exists()
