"""Administrators set the password of users whom they administer, through the API as in the console."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.choices import SecurityEventKind
from accounts.models import AuditEntry, SecurityEvent, User
from accounts.tests.factories import PASSWORD, Cast, UserFactory
from campaign_studio.tests.bodies import bearing, mailing, stored, tokens_of

pytestmark = pytest.mark.django_db

NEW = "an entirely new password"


def put(actor: User, user: User, body: Any = None) -> Any:
    client = bearing(tokens_of(actor)["access_token"])
    return client.put(f"/api/users/{user.pk}/password", {"new_password": NEW} if body is None else body)


@pytest.mark.parametrize(
    ("actor", "role"), [("system_admin", "system_admin"), ("app_admin", "app_admin"), ("app_admin", "guest")]
)
def test_an_administrator_sets_a_password_and_all_sessions_end(actor: str, role: str, cast: Cast) -> None:
    user = UserFactory(role=role, email="uwe@example.com")
    token = tokens_of(user)["access_token"]

    with mailing() as sent:
        answer = put(cast.in_role(actor), user)

    assert (answer.status_code, answer.content) == (204, b"")
    assert bearing(token).get("/api/auth/me").status_code == 401
    signed_in = APIClient().post("/api/auth/login", {"username": user.username, "password": NEW})
    assert signed_in.status_code == 200
    entry = AuditEntry.objects.filter(object_pk=str(user.pk), changes__has_key="password").latest("pk")
    assert (entry.changes, entry.actor_username) == ({"password": ["[changed]", "[changed]"]}, actor)
    event = SecurityEvent.objects.get(kind=SecurityEventKind.PASSWORD_CHANGED)
    assert (event.user, event.actor_username) == (user, actor)
    assert [one.to for one in sent] == [["uwe@example.com"]]


@pytest.mark.parametrize(
    ("actor", "target", "status"),
    [
        ("app_admin", "system_admin", 404),
        ("app_admin", "app_admin", 403),
        ("system_admin", "system_admin", 403),
        ("campaign_manager", "guest", 403),
        ("content_moderator", "content_moderator", 403),
        ("user", "user", 403),
        ("guest", "user", 403),
    ],
)
def test_nobody_else_sets_a_password_and_nobody_their_own(actor: str, target: str, status: int, cast: Cast) -> None:
    client = bearing(tokens_of(cast.in_role(actor))["access_token"])
    before = stored()

    answer = client.put(f"/api/users/{cast.in_role(target).pk}/password", {"new_password": NEW})

    assert answer.status_code == status
    assert stored() == before
    if actor == target == "system_admin":
        assert "/api/auth/password" in answer.json()["detail"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"new_password": "short"},
        {"new_password": "password1234"},
        {"new_password": "uwe-the-great"},
        {"new_password": "x" * 1025},
        {"new_password": None},
        {"new_password": [NEW]},
    ],
    ids=str,
)
def test_a_refused_password_names_the_field_and_changes_nothing(body: dict[str, Any], cast: Cast) -> None:
    user = UserFactory(username="uwe-the-great")

    answer = put(cast.app_admin, user, body)

    assert (answer.status_code, list(answer.json())) == (400, ["new_password"])
    assert User.objects.get(pk=user.pk).check_password(PASSWORD)


def test_other_fields_and_unknown_users_are_refused(cast: Cast) -> None:
    user = UserFactory()
    client = bearing(tokens_of(cast.system_admin)["access_token"])

    extra = put(cast.system_admin, user, {"new_password": NEW, "role": "system_admin"})

    assert (extra.status_code, list(extra.json())) == (400, ["role"])
    nowhere = "/api/users/00000000-0000-4000-8000-000000000000/password"
    assert client.put(nowhere, {"new_password": NEW}).status_code == 404
    assert client.get(f"/api/users/{user.pk}/password").status_code == 405
    assert client.patch(f"/api/users/{user.pk}/password", {"new_password": NEW}).status_code == 405


def test_a_password_is_not_set_on_a_user_who_has_changed_since(cast: Cast) -> None:
    client = bearing(tokens_of(cast.in_role("app_admin"))["access_token"])
    user = UserFactory()
    read = client.get(f"/api/users/{user.pk}")["ETag"]
    client.patch(f"/api/users/{user.pk}", {"first_name": "Other"})

    refused = client.put(f"/api/users/{user.pk}/password", {"new_password": NEW}, HTTP_IF_MATCH=read)

    assert refused.status_code == 412
    assert user.check_password(PASSWORD)
    body = {"new_password": NEW}
    assert client.put(f"/api/users/{user.pk}/password", body, HTTP_IF_MATCH=refused["ETag"]).status_code == 204
