"""The API's tokens: what they contain, how they are refreshed, and when they are refused."""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import jwt
import pytest
import time_machine
from django.conf import settings
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.choices import RoleName
from accounts.models import User
from accounts.tests.factories import PASSWORD, UserFactory
from campaign_studio.tests.bodies import bearing, tokens_of

pytestmark = pytest.mark.django_db
INVALID_TOKEN = {"detail": "This token is invalid or has expired. Sign in again with POST /api/auth/login."}
INVALID_REFRESH_TOKEN = {"detail": "This refresh token is invalid, has expired or was already used. Sign in again."}
CLAIMS = {"sub", "username", "email", "role", "type", "iat", "exp", "jti"}


@pytest.fixture
def api() -> APIClient:
    """An anonymous client."""
    return APIClient()


def login(api: APIClient, username: str, password: str = PASSWORD) -> Any:
    return api.post("/api/auth/login", {"username": username, "password": password})


def claims_of(token: str) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(token, settings.SECRET_KEY, algorithms=["HS256"])
    return claims


def is_alive(access_token: str) -> bool:
    answer = bearing(access_token).get("/api/auth/me")
    assert answer.status_code in (200, 401), answer.content
    return bool(answer.status_code == 200)


def test_tokens_contain_the_user_and_their_expiry(api: APIClient) -> None:
    user = UserFactory(username="mia", role=RoleName.CAMPAIGN_MANAGER)

    pair = login(api, "mia").json()

    for kind, life in (("access", timedelta(minutes=30)), ("refresh", timedelta(days=7))):
        claims = claims_of(pair[f"{kind}_token"])
        assert claims.keys() >= CLAIMS
        assert (claims["sub"], claims["username"], claims["email"]) == (str(user.pk), "mia", user.email)
        assert (claims["role"], claims["type"]) == ("campaign_manager", kind)
        assert claims["exp"] - claims["iat"] == life.total_seconds()
    assert claims_of(pair["access_token"])["jti"] != claims_of(pair["refresh_token"])["jti"]


def refresh(api: APIClient, token: str) -> Any:
    return api.post("/api/auth/refresh", {"refresh_token": token})


def test_signing_out_makes_both_tokens_invalid_at_once(api: APIClient) -> None:
    user = UserFactory()
    pair, other = tokens_of(user), tokens_of(user)

    answer = bearing(pair["access_token"]).post("/api/auth/logout")

    assert (answer.status_code, answer.content) == (204, b"")
    assert not is_alive(pair["access_token"])
    assert api.post("/api/auth/refresh", {"refresh_token": pair["refresh_token"]}).status_code == 401
    assert is_alive(other["access_token"])
    assert bearing(pair["access_token"]).post("/api/auth/logout").status_code == 401


def test_access_and_refresh_tokens_cannot_replace_each_other(api: APIClient) -> None:
    pair = tokens_of(UserFactory())

    assert api.post("/api/auth/refresh", {"refresh_token": pair["access_token"]}).json() == INVALID_REFRESH_TOKEN
    assert not is_alive(pair["refresh_token"])
    assert is_alive(pair["access_token"]), "the wrong kind of token must not end the session"


def _signed(claims: dict[str, Any], key: str | None = None, algorithm: str = "HS256") -> str:
    return jwt.encode(claims, key or settings.SECRET_KEY, algorithm=algorithm)


def _unsigned(claims: dict[str, Any]) -> str:
    return jwt.encode(claims, "", algorithm="none")


def _tampered(claims: dict[str, Any]) -> str:
    head, _, signature = _signed(claims).split(".")
    return ".".join([head, _unsigned(claims | {"role": "system_admin"}).split(".")[1], signature])


def _without(name: str) -> Callable[[dict[str, Any]], str]:
    return lambda claims: _signed({key: value for key, value in claims.items() if key != name})


BAD_TOKENS: dict[str, Callable[[dict[str, Any]], str]] = {
    "unsigned": _unsigned,
    "tampered": _tampered,
    "by another key": lambda claims: _signed(claims, "a different key of more than 32 characters"),
    "by another algorithm": lambda claims: _signed(claims, algorithm="HS384"),
    "expired": lambda claims: _signed(claims | {"exp": int(time.time()) - 11}),
    "issued in the future": lambda claims: _signed(claims | {"iat": int(time.time()) + 60}),
    "not yet valid": lambda claims: _signed(claims | {"nbf": int(time.time()) + 60}),
    "another type": lambda claims: _signed(claims | {"type": "admin"}),
    "another user": lambda claims: _signed(claims | {"sub": "00000000-0000-4000-8000-000000000000"}),
    "not a uuid": lambda claims: _signed(claims | {"sub": "1"}),
    "a malformed session": lambda claims: _signed(claims | {"sid": "\x00"}),
    "a surrogate id": lambda claims: _signed(claims | {"jti": "\ud800"}),
    "without exp": _without("exp"),
    "without sub": _without("sub"),
    "without sid": _without("sid"),
    "without jti": _without("jti"),
    "without type": _without("type"),
    "not a token": lambda _: "nonsense",
    "two dots": lambda _: "..",
    "empty": lambda _: "",
    "two words": lambda claims: f"{_signed(claims)} {_signed(claims)}",
    "not ascii": lambda _: "ÿ.ÿ.ÿ",
}


@pytest.mark.parametrize("make", BAD_TOKENS.values(), ids=BAD_TOKENS.keys())
def test_an_invalid_token_is_refused_with_401(make: Callable[[dict[str, Any]], str]) -> None:
    good = tokens_of(UserFactory())["access_token"]
    claims = claims_of(good)
    assert is_alive(_signed(claims)), "the control: signed again without a change it is accepted"

    answer = bearing(make(claims)).get("/api/auth/me")

    assert (answer.status_code, answer.json()) == (401, INVALID_TOKEN)
    assert answer["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("header", ["Basic dXdlOnB3", "Token abc", "Bearer"])
def test_another_authentication_scheme_is_refused_with_401(api: APIClient, header: str) -> None:
    answer = api.get("/api/auth/me", HTTP_AUTHORIZATION=header)

    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == "Bearer"


def test_a_request_without_a_token_is_refused_with_401(api: APIClient) -> None:
    answer = api.get("/api/auth/me")

    assert answer.status_code == 401
    assert list(answer.json()) == ["detail"]
    assert answer["WWW-Authenticate"] == "Bearer"


NO_TIMES = [1e308, float("nan"), float("inf"), -1, -(10**30), 10**30, 253_402_300_800, True, False, "9999999999", None]


@pytest.mark.parametrize("value", [*NO_TIMES, 4102444800.5, [], {}], ids=repr)
@pytest.mark.parametrize("claim", ["exp", "iat", "nbf"])
def test_a_time_that_is_none_is_refused_in_any_token(claim: str, value: object) -> None:
    pair = tokens_of(UserFactory())

    access = _signed(claims_of(pair["access_token"]) | {claim: value})
    renewal = _signed(claims_of(pair["refresh_token"]) | {claim: value})

    assert bearing(access).get("/api/auth/me").json() == INVALID_TOKEN
    assert refresh(APIClient(), renewal).status_code == 401
    assert is_alive(pair["access_token"])


@pytest.mark.parametrize(
    ("claim", "seconds", "alive"),
    [
        ("exp", -8, True),
        ("exp", -12, False),
        ("iat", 8, True),
        ("iat", 12, False),
        ("nbf", 8, True),
        ("nbf", 12, False),
    ],
)
def test_the_clocks_of_two_servers_may_differ_by_ten_seconds(claim: str, seconds: int, alive: bool) -> None:
    token = tokens_of(UserFactory())["access_token"]

    with time_machine.travel(timezone.now(), tick=False):
        assert is_alive(_signed(claims_of(token) | {claim: int(time.time()) + seconds})) is alive


def test_an_access_token_expires_after_thirty_minutes() -> None:
    token = tokens_of(UserFactory())["access_token"]

    for minutes, alive in ((29, True), (31, False)):
        with time_machine.travel(timezone.now() + timedelta(minutes=minutes), tick=False):
            assert is_alive(token) is alive


def test_a_deactivated_user_is_refused_on_the_next_request(api: APIClient) -> None:
    user = UserFactory()
    pair = tokens_of(user)
    assert is_alive(pair["access_token"])

    user.is_active = False
    user.save()

    assert not is_alive(pair["access_token"])
    assert api.post("/api/auth/refresh", {"refresh_token": pair["refresh_token"]}).status_code == 401


def test_a_new_role_ends_the_sessions_and_applies_from_the_next_sign_in(api: APIClient) -> None:
    user = UserFactory()
    old = tokens_of(user)["access_token"]
    assert bearing(old).get("/api/users").status_code == 403

    user.role_id = RoleName.APP_ADMIN
    user.save()

    assert not is_alive(old)
    client = bearing(login(api, user.username).json()["access_token"])
    assert client.get("/api/users").status_code == 200
    assert client.get("/api/auth/me").json()["role"] == "app_admin"


def test_a_role_changed_in_the_database_applies_from_the_next_request() -> None:
    user = UserFactory(role=RoleName.APP_ADMIN)
    client = bearing(tokens_of(user)["access_token"])
    assert client.get("/api/users").status_code == 200

    User.objects.filter(pk=user.pk).update(role=RoleName.GUEST)

    assert client.get("/api/users").status_code == 403, "the role in the token is never read"


def test_tokens_signed_with_a_former_key_are_accepted_while_it_is_a_fallback(settings: Any) -> None:
    pair = tokens_of(UserFactory())
    former = settings.SECRET_KEY
    settings.SECRET_KEY = "another secret key of more than 32 characters"
    assert not is_alive(pair["access_token"])

    settings.SECRET_KEY_FALLBACKS = ["some older key of more than 32 characters too", former]

    assert is_alive(pair["access_token"])
    renewed = refresh(APIClient(), pair["refresh_token"]).json()
    settings.SECRET_KEY_FALLBACKS = []
    assert is_alive(renewed["access_token"]), "new tokens are signed with the new key"


def test_a_token_that_was_accepted_is_refused_once_it_has_expired_or_its_key_is_gone(settings: Any) -> None:
    """Its signature is verified once and remembered, but not whether it is still valid."""
    UserFactory(username="mia")
    token = login(APIClient(), "mia").json()["access_token"]
    assert is_alive(token)

    with time_machine.travel(timezone.now() + timedelta(minutes=31)):
        assert not is_alive(token)
    assert is_alive(token)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "n" * 40, []
    assert not is_alive(token)
