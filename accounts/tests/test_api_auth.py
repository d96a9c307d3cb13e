"""Registering and signing in through the API, and changing one's own account."""

from typing import Any

import pytest
from django.utils.module_loading import import_string
from pytest_django import Settings
from rest_framework.test import APIClient

from accounts.models import Session, User
from accounts.tests.factories import PASSWORD, UserFactory
from campaign_studio.api.serializers import UNKNOWN_FIELD
from campaign_studio.tests.bodies import bearing, stored, tokens_of, user_body

pytestmark = pytest.mark.django_db

WRONG_CREDENTIALS = {"detail": "The username or password is wrong, or the account is inactive."}


@pytest.fixture
def api() -> APIClient:
    """An anonymous client."""
    return APIClient()


def login(api: APIClient, username: str, password: str = PASSWORD) -> Any:
    return api.post("/api/auth/login", {"username": username, "password": password})


def is_alive(access_token: str) -> bool:
    answer = bearing(access_token).get("/api/auth/me")
    assert answer.status_code in (200, 401), answer.content
    return bool(answer.status_code == 200)


def test_anyone_can_register_and_gets_the_role_user(api: APIClient) -> None:
    answer = api.post("/api/auth/register", user_body(first_name="Nina", last_name=""))

    assert answer.status_code == 201
    user = User.objects.get(username="newcomer")
    assert answer.json() == bearing(tokens_of(user)["access_token"]).get("/api/auth/me").json() | {"last_login": None}
    assert answer.json()["role"] == "user"
    assert answer.json()["is_active"] is True
    assert answer.json()["user_id"] == str(user.pk)
    assert "password" not in answer.content.decode()
    assert login(api, "newcomer").status_code == 200


def test_registration_can_be_closed(api: APIClient, settings: Settings) -> None:
    settings.REGISTRATION_OPEN = False

    answer = api.post("/api/auth/register", user_body())

    assert answer.status_code == 403
    assert answer.json() == {"detail": "Registration is closed. Ask an administrator to create an account for you."}
    assert not User.objects.exists()


@pytest.mark.parametrize("field", ["role", "is_active", "is_verified", "is_superuser", "user_id", "nonsense"])
def test_other_fields_are_refused_at_registration(api: APIClient, field: str) -> None:
    answer = api.post("/api/auth/register", user_body(**{field: "system_admin"}))

    assert answer.status_code == 400
    assert answer.json() == {field: [UNKNOWN_FIELD]}
    assert not User.objects.exists()


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("short-pw9", "at least 10 characters"),
        ("1234567890", "too common"),
        ("newcomer99", "too similar to the username"),
        ("newcomer@example.com", "too similar"),
        ("x" * 1025, "no more than 1024 characters"),
        ("", "may not be blank"),
        (None, "may not be null"),
        (["correct horse battery staple"], "Not a valid string"),
    ],
)
def test_a_weak_password_is_refused_with_the_reason(api: APIClient, password: Any, reason: str) -> None:
    answer = api.post("/api/auth/register", user_body(password=password))

    assert answer.status_code == 400
    assert list(answer.json()) == ["password"]
    assert reason in " ".join(answer.json()["password"])
    assert not User.objects.exists()


def test_a_password_is_not_trimmed_and_needs_no_mixture_of_characters(api: APIClient) -> None:
    assert api.post("/api/auth/register", user_body(password="  all lower case  ")).status_code == 201

    assert login(api, "newcomer", "all lower case").status_code == 401
    assert login(api, "newcomer", "  all lower case  ").status_code == 200


@pytest.mark.parametrize(
    ("taken", "field"),
    [
        ({"username": "NewComer", "email": "other@example.com"}, "username"),
        ({"username": "other", "email": "NEWCOMER@Example.com"}, "email"),
    ],
)
def test_usernames_and_email_addresses_are_unique_regardless_of_case(
    api: APIClient, taken: dict[str, str], field: str
) -> None:
    UserFactory(**taken)

    answer = api.post("/api/auth/register", user_body())

    assert answer.status_code == 400
    assert list(answer.json()) == [field]
    assert User.objects.count() == 1


@pytest.mark.parametrize("name", ["uwe", "UWE", "uwe@example.com", "Uwe@EXAMPLE.com"])
def test_username_and_email_sign_in_in_any_case(api: APIClient, name: str) -> None:
    user = UserFactory(username="Uwe", email="uwe@example.com")

    answer = login(api, name)

    assert answer.status_code == 200
    assert set(answer.json()) == {"access_token", "refresh_token", "token_type", "expires_in", "user"}
    assert (answer.json()["token_type"], answer.json()["expires_in"]) == ("bearer", 1800)
    assert answer.json()["user"]["user_id"] == str(user.pk)
    assert is_alive(answer.json()["access_token"])


@pytest.mark.parametrize(
    ("name", "password"),
    [("nobody", PASSWORD), ("uwe", "wrong password"), ("uwe", f" {PASSWORD}"), ("gone", PASSWORD), ("uwe'--", "x")],
)
def test_every_failed_sign_in_gets_the_same_response(api: APIClient, name: str, password: str) -> None:
    UserFactory(username="uwe")
    UserFactory(username="gone", is_active=False)

    answer = login(api, name, password)

    assert (answer.status_code, answer.json()) == (401, WRONG_CREDENTIALS)
    assert answer["WWW-Authenticate"] == "Bearer"
    assert not Session.objects.exists()


def test_users_change_their_own_name_but_not_their_role_or_status() -> None:
    user = UserFactory(username="uwe")
    client = bearing(tokens_of(user)["access_token"])

    answer = client.patch(
        "/api/auth/me",
        {"first_name": "Uwe", "role": "system_admin", "is_active": False, "is_verified": True, "user_id": "x"},
    )

    assert answer.status_code == 200
    assert answer.json() == client.get("/api/auth/me").json()
    assert (answer.json()["first_name"], answer.json()["role"], answer.json()["is_active"]) == ("Uwe", "user", True)
    assert answer.json()["is_verified"] is False


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"password": "another password"}, "password"),
        ({"nonsense": 1}, "nonsense"),
        ({"username": "a@b"}, "username"),
        ({"email": "no address"}, "email"),
        ({"email": None}, "email"),
        ({"username": "TAKEN"}, "username"),
    ],
)
def test_a_refused_change_of_the_users_own_account_names_the_field(change: dict[str, Any], field: str) -> None:
    UserFactory(username="taken")
    client = bearing(tokens_of(UserFactory(username="uwe"))["access_token"])
    before = stored()

    answer = client.patch("/api/auth/me", {"first_name": "Uwe", **change})

    assert answer.status_code == 400
    assert list(answer.json()) == [field]
    assert stored() == before


def test_passwords_are_hashed_with_bcrypt_in_twelve_rounds() -> None:
    from campaign_studio import settings as ours

    hasher = import_string(ours.PASSWORD_HASHERS[0])()

    assert [hasher.algorithm, hasher.rounds] == ["bcrypt_sha256", 12]
    assert hasher.encode(PASSWORD, hasher.salt()).startswith("bcrypt_sha256$$2b$12$")
