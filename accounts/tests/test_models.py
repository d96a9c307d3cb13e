"""The rules that roles and users keep, and users who can't be removed."""

from typing import Any

import pytest
from django.contrib.auth import authenticate
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import ProtectedError

from accounts.choices import LEVELS, STAFF_ROLES, RoleName
from accounts.models import AuditEntry, Role, User
from accounts.tests.factories import PASSWORD, Cast, UserFactory
from accounts.validators import LONGEST_PASSWORD
from ads.tests.factories import AdFactory
from advertisers.tests.factories import AdvertiserFactory
from campaign_studio.acting import acting_as
from campaign_studio.tests.refusals import assert_database_refuses, assert_model_refuses, write_past_the_model
from campaigns.tests.factories import CampaignFactory

pytestmark = pytest.mark.django_db


def test_the_six_roles_come_with_the_migrations() -> None:
    assert list(Role.objects.values_list("role_name", "role_level")) == [
        ("system_admin", 1),
        ("app_admin", 2),
        ("campaign_manager", 3),
        ("content_moderator", 4),
        ("user", 5),
        ("guest", 6),
    ]


@pytest.mark.parametrize("changes", [{"role_level": 1}, {"role_level": 7}], ids=str)
def test_a_role_keeps_its_level(changes: dict[str, Any]) -> None:
    role = Role.objects.get(role_name="user")

    assert_database_refuses("role_name_and_level_belong_together", write_past_the_model(role, **changes))
    assert_model_refuses(role, "__all__", "Levels run from 1 (system administrator) to 6 (guest).", **changes)


def test_an_additional_role_is_refused() -> None:
    role = Role(role_name="editor", role_level=7)

    assert_model_refuses(role, "role_name", "invalid_choice")
    assert_database_refuses("role_name_and_level_belong_together", lambda: Role.objects.bulk_create([role]))


def test_a_role_cannot_be_created_twice() -> None:
    again = Role(role_name="user", role_level=5)

    assert_model_refuses(again, "role_name", "unique")
    assert_database_refuses("roles_role_name_key", lambda: Role.objects.bulk_create([again]))


def test_a_role_in_use_cannot_be_deleted() -> None:
    UserFactory(role=RoleName.GUEST)

    with pytest.raises(ProtectedError):
        Role.objects.get(role_name="guest").delete()


@pytest.mark.parametrize(
    ("field", "constraint", "first", "second", "message"),
    [
        ("username", "username_is_unique_without_regard_to_case", "mona", "MONA", "This username is taken."),
        (
            "email",
            "email_is_unique_without_regard_to_case",
            "mona@example.com",
            "Mona@Example.com",
            "A user with this email address already exists.",
        ),
    ],
)
def test_a_username_or_email_address_that_is_taken_in_another_case_is_refused(
    field: str, constraint: str, first: str, second: str, message: str
) -> None:
    UserFactory(**{field: first})
    other = UserFactory()

    assert_database_refuses(constraint, write_past_the_model(other, **{field: second}))
    assert_model_refuses(other, field, message, **{field: second})


@pytest.mark.parametrize("username", ["mona@example.com", "mona lisa", "mona\n", "", "a" * 101, "mona\x00"])
def test_a_username_with_forbidden_characters_or_length_is_refused(username: str) -> None:
    assert_model_refuses(UserFactory.build(), "username", "", username=username)


def test_the_message_about_a_username_says_which_characters_to_use() -> None:
    assert_model_refuses(
        UserFactory.build(), "username", "Use only letters, digits and the characters . + - and _.", username="a b"
    )


def test_a_new_user_is_active_and_has_the_role_user() -> None:
    user = User.objects.create_user("mona", "Mona@EXAMPLE.com", PASSWORD)
    user.refresh_from_db()

    assert (user.role_id, user.is_active, user.is_verified) == (RoleName.USER, True, False)
    assert user.email == "Mona@example.com"
    assert user.check_password(PASSWORD)


def test_a_user_is_validated_before_being_stored() -> None:
    with pytest.raises(ValidationError) as refused:
        User.objects.create_user("mona", "nowhere", PASSWORD)
    assert [error.code for error in refused.value.error_dict["email"]] == ["invalid"]
    assert not User.objects.exists()


def test_a_user_without_a_password_cannot_sign_in() -> None:
    assert not User.objects.create_user("mona", "mona@example.com").has_usable_password()


def test_a_superuser_is_a_system_administrator() -> None:
    assert User.objects.create_superuser("root", "root@example.com", PASSWORD).role_id == RoleName.SYSTEM_ADMIN


@pytest.mark.parametrize("role", RoleName.values)
def test_only_the_role_determines_access_to_the_console(role: str) -> None:
    user = UserFactory.build(role=role)

    assert user.is_staff == (role in STAFF_ROLES)
    assert user.is_superuser == (role == RoleName.SYSTEM_ADMIN)
    assert user.level == LEVELS[role] == RoleName(role).level


@pytest.mark.parametrize(
    ("first_name", "last_name", "display_name", "short_name"),
    [("Mona", "Lisa", "Mona Lisa", "Mona"), ("", "Lisa", "Lisa", "mona"), ("", "", "mona", "mona")],
)
def test_users_are_shown_by_their_full_name_or_else_their_username(
    first_name: str, last_name: str, display_name: str, short_name: str
) -> None:
    user = UserFactory.build(username="mona", first_name=first_name, last_name=last_name)

    assert (user.display_name, user.get_full_name()) == (display_name, display_name)
    assert user.get_short_name() == short_name
    assert str(user) == "mona"


# --- Signing in ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("identifier", ["mona", "MONA", "mona@example.com", "Mona@Example.COM"])
def test_users_sign_in_by_username_or_email_address_in_any_case(identifier: str) -> None:
    mona = UserFactory(username="mona")

    assert authenticate(username=identifier, password=PASSWORD) == mona
    assert User.objects.get_by_natural_key(identifier) == mona


@pytest.mark.parametrize(
    ("username", "password"),
    [
        ("mona", "wrong"),
        ("nobody", PASSWORD),
        ("mona", ""),
        ("", PASSWORD),
        ("mona", f" {PASSWORD}"),
        ("mona\x00", PASSWORD),
        ("mona", "x" * (LONGEST_PASSWORD + 1)),
    ],
)
def test_a_wrong_username_or_password_is_refused(username: str, password: str) -> None:
    UserFactory(username="mona")

    assert authenticate(username=username, password=password) is None


def test_an_inactive_user_cannot_sign_in() -> None:
    UserFactory(username="mona", is_active=False)

    assert authenticate(username="mona", password=PASSWORD) is None


# --- The last system administrator -----------------------------------------------------------------------------------


@pytest.mark.parametrize("changes", [{"role_id": RoleName.APP_ADMIN}, {"is_active": False}], ids=str)
def test_the_last_system_administrator_cannot_be_demoted_or_deactivated(changes: dict[str, Any]) -> None:
    UserFactory(role=RoleName.SYSTEM_ADMIN, is_active=False)
    last = User.objects.get(pk=UserFactory(role=RoleName.SYSTEM_ADMIN).pk)

    assert_model_refuses(last, "__all__", "last_system_admin", **changes)


def test_the_last_system_administrator_cannot_be_deleted() -> None:
    last = User.objects.get(pk=UserFactory(role=RoleName.SYSTEM_ADMIN).pk)

    with pytest.raises(ValidationError, match="Make someone else a system administrator first"):
        last.delete()
    assert User.objects.filter(pk=last.pk).exists()


@pytest.mark.parametrize("changes", [{"role_id": RoleName.USER}, {"is_active": False}, {}], ids=str)
def test_a_system_administrator_can_be_demoted_while_another_one_is_active(changes: dict[str, Any], cast: Cast) -> None:
    leaving = User.objects.get(pk=cast.system_admin.pk)
    for name, value in changes.items():
        setattr(leaving, name, value)

    leaving.full_clean()
    leaving.save()

    assert User.objects.active_system_admins().count() == (1 if changes else 2)


# --- Deletion --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "create",
    [
        lambda user: CampaignFactory(campaign_created_by=user),
        lambda user: AdFactory(ad_created_by=user),
        lambda user: AdvertiserFactory(created_by=user),
        lambda user: AdFactory(rated=True).approve(user, at=user.created_at),
    ],
    ids=["campaign", "ad", "advertiser", "approval"],
)
def test_a_user_who_created_content_cannot_be_deleted(create: Any) -> None:
    user = UserFactory()
    create(user)

    with pytest.raises(ProtectedError), transaction.atomic():
        user.delete()
    assert User.objects.filter(pk=user.pk).exists()


def test_a_user_who_created_nothing_can_be_deleted_and_stays_in_the_log() -> None:
    user, other = UserFactory(username="mona"), UserFactory()
    with acting_as(user):
        other.first_name = "Otto"
        other.save()
    entry = AuditEntry.objects.get(actor_id=user.pk)

    user.delete()

    entry.refresh_from_db()
    assert entry.actor_name == "mona"
    assert entry.actor_id is not None
