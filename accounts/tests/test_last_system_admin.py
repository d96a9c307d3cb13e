"""There is always an active system administrator, in the API, in the console and under concurrent requests."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts.choices import RoleName
from accounts.models import LAST_SYSTEM_ADMIN, User
from accounts.querysets import UserQuerySet
from accounts.tests.factories import Cast, UserFactory
from campaign_studio.tests.attackers import client_of, refused, send
from campaign_studio.tests.bodies import bearing, tokens_of
from campaign_studio.tests.browser import errors_of, form_data

ConsoleFor = Callable[[User | None], Client]
ROUNDS = 5
WAYS: dict[str, tuple[str, dict[str, Any] | None]] = {
    "demote": ("PATCH", {"role": "guest"}),
    "deactivate": ("PATCH", {"is_active": False}),
    "delete": ("DELETE", None),
}
REPLACE: dict[str, tuple[str, dict[str, Any] | None]] = {
    "demote, replacing": ("PUT", {"username": "last", "email": "last@example.com", "role": "app_admin"}),
    "deactivate, replacing": ("PUT", {"username": "last", "email": "last@example.com", "is_active": False}),
}


@pytest.fixture
def last(cast: Cast) -> User:
    """The only active system administrator. Another user in the role is inactive."""
    User.objects.get(pk=cast.other_system_admin.pk).delete()
    UserFactory(username="inactive", role=RoleName.SYSTEM_ADMIN, is_active=False)
    return cast.system_admin


def active_system_admins() -> int:
    return User.objects.filter(role_id=RoleName.SYSTEM_ADMIN, is_active=True).count()


# --- In the API ------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("way", WAYS | REPLACE)
def test_the_last_one_cannot_remove_themselves(cast: Cast, last: User, way: str) -> None:
    method, body = (WAYS | REPLACE)[way]

    answer = refused(client_of(cast, "system_admin"), method, f"/api/users/{last.pk}", body)

    assert answer.status_code == (409 if method == "DELETE" else 400)
    assert method != "DELETE" or answer.json() == {"detail": str(LAST_SYSTEM_ADMIN)}


@pytest.mark.django_db
@pytest.mark.parametrize("role", ["app_admin", "campaign_manager", "content_moderator", "user", "guest", "anonymous"])
@pytest.mark.parametrize("way", WAYS | REPLACE)
def test_others_cannot_remove_the_last_one(cast: Cast, last: User, role: str, way: str) -> None:
    method, body = (WAYS | REPLACE)[way]

    answer = refused(client_of(cast, role), method, f"/api/users/{last.pk}", body)

    assert answer.status_code == (401 if role == "anonymous" else 403 if method == "DELETE" else 404)


@pytest.mark.django_db
@pytest.mark.parametrize("first", WAYS)
@pytest.mark.parametrize("second", WAYS)
def test_a_removed_system_administrator_cannot_remove_another(cast: Cast, first: str, second: str) -> None:
    removed = client_of(cast, "other_system_admin")
    method, body = WAYS[first]
    done = send(client_of(cast, "system_admin"), method, f"/api/users/{cast.other_system_admin.pk}", body)
    assert done.status_code in (200, 204)

    method, body = WAYS[second]
    answer = refused(removed, method, f"/api/users/{cast.system_admin.pk}", body)

    assert answer.status_code in (401, 403, 404)
    assert active_system_admins() == 1


@pytest.mark.django_db
def test_the_last_one_can_be_demoted_once_there_is_another(cast: Cast, last: User) -> None:
    """The control: the requests above are refused only because the user is the last one."""
    client = client_of(cast, "system_admin")
    assert send(client, "PATCH", f"/api/users/{cast.app_admin.pk}", {"role": "system_admin"}).status_code == 200

    by_other = bearing(tokens_of(User.objects.get(pk=cast.app_admin.pk))["access_token"])

    assert send(by_other, "PATCH", f"/api/users/{last.pk}", {"role": "guest"}).status_code == 200
    assert active_system_admins() == 1


# --- In the console --------------------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("role", ["system_admin", "app_admin", "campaign_manager"])
@pytest.mark.parametrize("typed", [{"role": "guest"}, {"is_active": None}], ids=str)
def test_the_forms_of_the_console_cannot_remove_the_last_one(
    cast: Cast, last: User, console_for: ConsoleFor, role: str, typed: dict[str, Any]
) -> None:
    page = reverse("admin:accounts_user_change", args=[last.pk])
    filled_in = form_data(console_for(last).get(page)) | {"role": "system_admin", "is_active": "on"} | typed
    sent = {name: value for name, value in filled_in.items() if value is not None}

    console_for(cast.in_role(role)).post(page, sent)
    console_for(cast.in_role(role)).post(reverse("admin:accounts_user_delete", args=[last.pk]), {"post": "yes"})

    assert list(User.objects.active_system_admins()) == [last]


@pytest.mark.django_db
@pytest.mark.parametrize("typed", [{"role": "guest"}, {"is_active": None}], ids=str)
def test_a_form_opened_while_there_were_two_cannot_remove_the_last_one(
    cast: Cast, console_for: ConsoleFor, typed: dict[str, Any]
) -> None:
    page = reverse("admin:accounts_user_change", args=[cast.other_system_admin.pk])
    console = console_for(cast.system_admin)
    sent = form_data(console.get(page), **typed)
    by_api = send(
        client_of(cast, "other_system_admin"), "PATCH", f"/api/users/{cast.system_admin.pk}", {"role": "app_admin"}
    )
    assert by_api.status_code == 200

    console.post(page, sent)

    assert list(User.objects.active_system_admins()) == [cast.other_system_admin]


@pytest.mark.django_db
def test_the_console_demotes_a_system_administrator_while_there_is_another(cast: Cast, console_for: ConsoleFor) -> None:
    """The control: the forms above can demote a user who isn't the last one."""
    page = reverse("admin:accounts_user_change", args=[cast.other_system_admin.pk])
    console = console_for(cast.system_admin)

    answer = console.post(page, form_data(console.get(page), role="guest"))

    assert answer.status_code == 302, errors_of(answer)
    assert active_system_admins() == 1


# --- At the same time ------------------------------------------------------------------------------------------------


def remove_each_other(way: str) -> list[int]:
    """Two system administrators, the only users, remove each other at the same time. Returns both status codes."""
    User.objects.all().delete()
    pair = [UserFactory(role=RoleName.SYSTEM_ADMIN) for _ in range(2)]
    tokens = [tokens_of(admin)["access_token"] for admin in pair]
    method, body = WAYS[way]
    ready = Barrier(2)

    def remove(token: str, other: User) -> int:
        try:
            connection.ensure_connection()
            ready.wait(timeout=30)
            return int(send(bearing(token), method, f"/api/users/{other.pk}", body).status_code)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(remove, tokens, reversed(pair)))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("way", WAYS)
def test_one_of_two_who_remove_each_other_remains(way: str) -> None:
    for _ in range(ROUNDS):
        answers = remove_each_other(way)

        assert active_system_admins() == 1, answers
        assert min(answers) in (200, 204), answers
        assert max(answers) in (400, 401, 403, 404, 409), answers


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("way", WAYS)
def test_control_without_the_lock_none_remains(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Unlocked(UserQuerySet):
        def select_for_update(self, *args: Any, **kwargs: Any) -> "Unlocked":
            return self

    def unlocked_admins(users: UserQuerySet) -> UserQuerySet:
        return Unlocked(User).filter(role_id=RoleName.SYSTEM_ADMIN, is_active=True)

    counted = Barrier(2)
    was_the_last = User._was_the_last_system_admin

    def counted_by_both(user: User) -> bool:
        found = was_the_last(user)
        counted.wait(timeout=30)
        return found

    monkeypatch.setattr(UserQuerySet, "active_system_admins", unlocked_admins)
    monkeypatch.setattr(User, "_was_the_last_system_admin", counted_by_both)

    answers = remove_each_other(way)

    assert answers == ([204, 204] if way == "delete" else [200, 200])
    assert active_system_admins() == 0
