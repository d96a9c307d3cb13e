"""Who may do what with people, asked as the admin and the API ask them."""

import pytest
from django.contrib.auth.models import AnonymousUser

from accounts.choices import LEVELS, RoleName
from accounts.models import AuditEntry, Role, User
from accounts.tests.factories import Cast, UserFactory

pytestmark = pytest.mark.django_db

EVERYBODY = RoleName.values
ADMINS = ["system_admin", "app_admin"]

WITHOUT_OBJECT = {
    "accounts.list_user": ADMINS,
    "accounts.add_user": ADMINS,
    "accounts.view_user": EVERYBODY,
    "accounts.change_user": EVERYBODY,
    "accounts.administer_user": ADMINS,
    "accounts.delete_user": ["system_admin"],
    "accounts.assign_role": ADMINS,
    "accounts.view_role": EVERYBODY,
    "accounts.view_auditentry": ADMINS,
    "accounts": ADMINS,
}

# permission → who may, asked about themselves, about a plain user, about another system admin
ABOUT_SOMEBODY = {
    "accounts.view_user": (EVERYBODY, ADMINS, ["system_admin"]),
    "accounts.change_user": (EVERYBODY, ADMINS, ["system_admin"]),
    "accounts.administer_user": (ADMINS, ADMINS, ["system_admin"]),
    "accounts.delete_user": (["system_admin"], ["system_admin"], ["system_admin"]),
}


@pytest.mark.parametrize("role", RoleName.values)
@pytest.mark.parametrize("permission", WITHOUT_OBJECT)
def test_who_may_at_all(permission: str, role: str, cast: Cast) -> None:
    assert cast.in_role(role).has_perm(permission) == (role in WITHOUT_OBJECT[permission])


@pytest.mark.parametrize("role", RoleName.values)
@pytest.mark.parametrize("permission", ABOUT_SOMEBODY)
def test_who_may_what_about_whom(permission: str, role: str, cast: Cast) -> None:
    asking = cast.in_role(role)
    plain, system_admin = UserFactory(), cast.other_system_admin
    may_about_oneself, may_about_a_user, may_about_a_system_admin = ABOUT_SOMEBODY[permission]

    assert asking.has_perm(permission, asking) == (role in may_about_oneself)
    assert asking.has_perm(permission, plain) == (role in may_about_a_user)
    assert asking.has_perm(permission, system_admin) == (role in may_about_a_system_admin)


@pytest.mark.parametrize("given", RoleName.values)
@pytest.mark.parametrize("role", RoleName.values)
def test_nobody_gives_away_a_role_above_their_own(role: str, given: str, cast: Cast) -> None:
    asking = cast.in_role(role)
    may = role in ADMINS and LEVELS[given] >= LEVELS[role]

    assert asking.has_perm("accounts.assign_role", given) == may
    assert Role.objects.assignable_by(asking).filter(role_name=given).exists() == may


@pytest.mark.parametrize("permission", WITHOUT_OBJECT)
def test_an_inactive_person_may_nothing(permission: str) -> None:
    assert not UserFactory(role=RoleName.SYSTEM_ADMIN, is_active=False).has_perm(permission)


def test_several_permissions_are_had_together_or_not(cast: Cast) -> None:
    assert cast.app_admin.has_perms(["accounts.add_user", "accounts.list_user"])
    assert not cast.app_admin.has_perms(["accounts.add_user", "accounts.delete_user"])


def test_an_unknown_permission_is_nobodys(cast: Cast) -> None:
    assert not any(person.has_perm("accounts.fly") for person in cast)


@pytest.mark.parametrize("role", RoleName.values)
def test_whom_people_see_is_whom_they_may_view(role: str, cast: Cast) -> None:
    asking = cast.in_role(role)

    seen = set(User.objects.visible_to(asking))

    assert seen == {person for person in cast if asking.has_perm("accounts.view_user", person)}


@pytest.mark.parametrize("role", RoleName.values)
def test_the_log_is_the_admins(role: str, cast: Cast) -> None:
    assert AuditEntry.objects.visible_to(cast.in_role(role)).exists() == (role in ADMINS)


@pytest.mark.parametrize("role", RoleName.values)
def test_the_console_shows_administration_to_admins_alone(role: str, cast: Cast) -> None:
    assert cast.in_role(role).has_module_perms("accounts") == (role in ADMINS)


def test_nobody_signed_in_sees_nobody(cast: Cast) -> None:
    nobody = AnonymousUser()

    assert not User.objects.visible_to(nobody).exists()
    assert not Role.objects.visible_to(nobody).exists()
    assert not AuditEntry.objects.visible_to(nobody).exists()
