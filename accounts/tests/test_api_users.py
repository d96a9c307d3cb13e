"""Users and roles in the API: who may see and change which users."""

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.choices import RoleName
from accounts.models import User
from accounts.models.people import LAST_SYSTEM_ADMIN
from accounts.tests.factories import PASSWORD, Cast, UserFactory
from campaign_studio.tests.bodies import stored, user_body
from campaigns.tests.factories import CampaignFactory

pytestmark = pytest.mark.django_db

ClientFor = Callable[[User | None], APIClient]


def address(user: User) -> str:
    return f"/api/users/{user.pk}"


def names(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [row["username"] for row in answer.json()["results"]]


def test_every_user_can_read_the_six_roles_in_order(cast: Cast, client_for: ClientFor) -> None:
    answer = client_for(cast.guest).get("/api/roles")

    assert answer.status_code == 200
    assert [(role["role_name"], role["role_level"]) for role in answer.json()["results"]] == [
        ("system_admin", 1),
        ("app_admin", 2),
        ("campaign_manager", 3),
        ("content_moderator", 4),
        ("user", 5),
        ("guest", 6),
    ]


def test_a_system_admin_lists_all_users_and_an_app_admin_all_but_system_admins(
    cast: Cast, client_for: ClientFor
) -> None:
    all_users = {user.username for user in cast}

    assert set(names(client_for(cast.system_admin).get("/api/users"))) == all_users
    assert set(names(client_for(cast.app_admin).get("/api/users"))) == all_users - {
        "system_admin",
        "other_system_admin",
    }


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete"])
def test_an_app_admin_cannot_see_a_system_admin(cast: Cast, client_for: ClientFor, method: str) -> None:
    before = stored()

    body = {} if method == "get" else {"first_name": "Hi"}
    answer = getattr(client_for(cast.app_admin), method)(address(cast.system_admin), body)

    # An app admin may delete no users at all, so that is refused before the user is looked up.
    assert answer.status_code == (403 if method == "delete" else 404)
    assert stored() == before


def test_an_admin_creates_a_user_who_can_sign_in(cast: Cast, client_for: ClientFor) -> None:
    client = client_for(cast.app_admin)

    answer = client.post("/api/users", user_body(role="campaign_manager", is_verified=True, first_name="Nina"))

    assert answer.status_code == 201
    assert "password" not in answer.json()
    assert (answer.json()["role"], answer.json()["is_verified"]) == ("campaign_manager", True)
    assert client.get(f"/api/users/{answer.json()['user_id']}").json() == answer.json()
    assert User.objects.get(username="newcomer").check_password(PASSWORD)


def test_a_new_user_has_the_role_user_by_default(cast: Cast, client_for: ClientFor) -> None:
    answer = client_for(cast.system_admin).post("/api/users", user_body())

    assert (answer.json()["role"], answer.json()["is_active"], answer.json()["is_verified"]) == ("user", True, False)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"password": "short"}, "password"),
        ({"password": "newcomer12"}, "password"),
        ({"role": "emperor"}, "role"),
        ({"role": "system_admin"}, "role"),
        ({"role": None}, "role"),
        ({"username": "GUEST"}, "username"),
        ({"email": "GUEST@example.com"}, "email"),
        ({"username": ""}, "username"),
        ({"is_superuser": True}, "is_superuser"),
        ({"is_active": "perhaps"}, "is_active"),
    ],
)
def test_an_invalid_user_is_refused_with_the_name_of_the_field(
    cast: Cast, client_for: ClientFor, changes: dict[str, Any], field: str
) -> None:
    before = stored()

    answer = client_for(cast.app_admin).post("/api/users", user_body(**changes))

    assert answer.status_code == 400
    assert list(answer.json()) == [field]
    assert stored() == before


@pytest.mark.parametrize("role", RoleName.values)
def test_admins_cannot_assign_a_role_above_their_own(cast: Cast, client_for: ClientFor, role: str) -> None:
    by_app_admin = client_for(cast.app_admin).patch(address(cast.user), {"role": role})
    expected = 400 if role == "system_admin" else 200
    assert by_app_admin.status_code == expected
    if expected == 400:
        assert by_app_admin.json() == {"role": ["You can't assign a role above your own."]}
        assert User.objects.get(pk=cast.user.pk).role_id == "user"

    by_system_admin = client_for(cast.system_admin).patch(address(cast.user), {"role": role})
    assert (by_system_admin.status_code, by_system_admin.json()["role"]) == (200, role)


@pytest.mark.parametrize("change", [{"role": "guest"}, {"is_active": False}])
def test_admins_cannot_change_their_role_or_status(cast: Cast, client_for: ClientFor, change: dict[str, Any]) -> None:
    before = stored()

    for admin in (cast.system_admin, cast.app_admin):
        answer = client_for(admin).patch(address(admin), change)
        assert answer.status_code == 400
        (field,) = change
        assert answer.json() == {field: [f"You can't change your own `{field}`. Ask another administrator."]}

    assert stored() == before


@pytest.mark.parametrize("change", [{"role": "app_admin"}, {"is_active": False}])
def test_the_last_system_admin_keeps_their_role_and_status(
    cast: Cast, client_for: ClientFor, change: dict[str, Any]
) -> None:
    other = client_for(cast.other_system_admin)
    assert other.patch(address(cast.system_admin), {"role": "app_admin"}).status_code == 200

    # `other` is the last one now. They can't change or delete themselves, and no other user may.
    before = stored()
    assert other.patch(address(cast.other_system_admin), change).status_code == 400
    assert other.delete(address(cast.other_system_admin)).status_code == 409
    assert stored() == before


def test_a_system_admin_whose_colleague_is_inactive_is_the_last(cast: Cast, client_for: ClientFor) -> None:
    client = client_for(cast.system_admin)
    client.patch(address(cast.other_system_admin), {"is_active": False})

    answer = client.delete(address(cast.system_admin))

    assert (answer.status_code, answer.json()) == (409, {"detail": LAST_SYSTEM_ADMIN})
    assert User.objects.filter(pk=cast.system_admin.pk).exists()


def test_a_system_admin_can_delete_users_who_created_nothing(cast: Cast, client_for: ClientFor) -> None:
    client = client_for(cast.system_admin)

    assert client.delete(address(cast.user)).status_code == 204
    assert client.get(address(cast.user)).status_code == 404
    assert client.delete(address(cast.user)).status_code == 404


def test_a_user_who_created_something_can_only_be_deactivated(cast: Cast, client_for: ClientFor) -> None:
    CampaignFactory(campaign_created_by=cast.owner)
    client = client_for(cast.system_admin)
    before = stored()

    answer = client.delete(address(cast.owner))

    assert answer.status_code == 409
    assert answer.data["detail"].code == "protected"
    assert stored() == before
    assert client.patch(address(cast.owner), {"is_active": False}).json()["is_active"] is False


def test_other_users_see_and_change_only_themselves(cast: Cast, client_for: ClientFor) -> None:
    for user in (cast.campaign_manager, cast.content_moderator, cast.user, cast.guest):
        client = client_for(user)

        assert client.get("/api/users").status_code == 403
        assert client.post("/api/users", user_body()).status_code == 403
        assert client.get(address(cast.colleague)).status_code == 404
        assert client.patch(address(cast.colleague), {"first_name": "x"}).status_code == 404
        assert client.delete(address(user)).status_code == 403

        answer = client.patch(address(user), {"first_name": "Me", "role": "system_admin", "is_active": False})
        assert answer.status_code == 200
        assert (answer.json()["first_name"], answer.json()["role"]) == ("Me", user.role_id)
        assert answer.json()["is_active"] is True
        assert client.get(address(user)).json() == answer.json()


def test_replacing_a_user_keeps_what_is_left_out(cast: Cast, client_for: ClientFor) -> None:
    client = client_for(cast.system_admin)
    client.patch(address(cast.user), {"first_name": "Uwe", "role": "guest"})

    assert client.put(address(cast.user), {"username": "uwe"}).json() == {"email": ["This field is required."]}

    answer = client.put(address(cast.user), {"username": "uwe", "email": "uwe@example.com"})
    assert answer.status_code == 200
    assert (answer.json()["username"], answer.json()["first_name"], answer.json()["role"]) == ("uwe", "Uwe", "guest")


def test_a_response_can_be_sent_back_unchanged(cast: Cast, client_for: ClientFor) -> None:
    client = client_for(cast.system_admin)
    document = client.get(address(cast.user)).json()

    answer = client.put(address(cast.user), document)

    assert answer.status_code == 200
    assert answer.json() | {"updated_at": ""} == document | {"updated_at": ""}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("role=guest", ["guest"]),
        ("role=app_admin", ["app_admin", "other_app_admin"]),
        ("is_active=false", ["gone"]),
        ("is_active=true&role=user", ["user"]),
        ("search=OTHER_app", ["other_app_admin"]),
        ("search=GONE@elsewhere", ["gone"]),
        ("search=Ute", ["gone"]),
        ("search=Meier ute", ["gone"]),
        ("search=%25", []),
        ("search=guest&ordering=-username", ["guest"]),
        ("role=app_admin&ordering=-username", ["other_app_admin", "app_admin"]),
    ],
)
def test_users_are_filtered_searched_and_ordered(
    cast: Cast, client_for: ClientFor, query: str, found: list[str]
) -> None:
    UserFactory(
        username="gone", email="gone@elsewhere.org", first_name="Ute", last_name="Meier", is_active=False, role="guest"
    )
    if query == "role=guest":
        found = [*sorted(["gone", "guest"])]

    assert names(client_for(cast.system_admin).get(f"/api/users?{query}")) == found


@pytest.mark.parametrize(
    "query", ["role=emperor", "is_active=perhaps", "ordering=password", "password=x", "role=a&role=b"]
)
def test_an_unknown_filter_is_refused_by_name(cast: Cast, client_for: ClientFor, query: str) -> None:
    answer = client_for(cast.system_admin).get(f"/api/users?{query}")

    assert answer.status_code == 400
    assert list(answer.json()) == [query.partition("=")[0]]


def test_no_response_contains_a_password_hash(cast: Cast, client_for: ClientFor) -> None:
    client = client_for(cast.system_admin)
    answers = [
        client.get("/api/users"),
        client.get(address(cast.user)),
        client.post("/api/users", user_body()),
        client.get("/api/audit-log"),
    ]

    for answer in answers:
        assert "md5$" not in answer.content.decode()
        assert '"password":' not in answer.content.decode() or "[changed]" in answer.content.decode()
