"""Secrets are kept nowhere: no cache stores them, and `Idempotency-Key` is ignored where an answer contains any."""

from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest
from django.db import connection
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone
from rest_framework.response import Response
from rest_framework.test import APIClient, APIRequestFactory

from accounts.choices import RoleName, SecurityEventKind
from accounts.models import AuditEntry, SecurityEvent, TOTPDevice, User
from accounts.tests.factories import PASSWORD, Cast, UserFactory, make_cast
from accounts.tests.test_two_factor import code_of, next_code
from advertisers.tests.factories import AdvertiserBankAccountFactory
from campaign_studio.api.base import StudioView
from campaign_studio.models import IdempotentAnswer
from campaign_studio.tests.bodies import bearing, campaign_body, reset_of, tokens_of, user_body
from campaign_studio.tests.sabotage import failing_first, whenever

pytestmark = pytest.mark.django_db

KEY = {"Idempotency-Key": "0f9f1c1e-4a52-4a2c-9f1f-6f6a3c1d2b3a"}
NEW_PASSWORD = "another long password"


def reveal() -> str:
    account = AdvertiserBankAccountFactory()
    return f"/api/advertisers/{account.advertiser_id}/bank-accounts/{account.pk}/reveal"


def login(password: str = PASSWORD, **more: str) -> Any:
    return APIClient().post("/api/auth/login", {"username": "uwe", "password": password, **more}, headers=KEY)


def urls(patterns: list[URLPattern | URLResolver], start: str = "") -> Iterator[tuple[str, Any]]:
    """Each URL with its view."""
    for one in patterns:
        if isinstance(one, URLResolver):
            yield from urls(one.url_patterns, f"{start}{one.pattern}")
        else:
            yield f"{start}{one.pattern}", one.callback


def test_every_view_that_answers_secrets_says_that_they_are_not_stored() -> None:
    views = {url: view for url, view in urls(get_resolver().url_patterns) if url.startswith("api/")}
    secret = {url: view for url, view in views.items() if url.startswith("api/auth/") or url.endswith("/reveal")}

    assert len(secret) >= 10
    stored = [url for url, view in secret.items() if not view.initkwargs.get("no_store", view.cls.no_store)]
    assert stored == []


def secrets_of(user: User) -> dict[str, tuple[str, dict[str, Any]]]:
    """Every POST whose answer may contain a secret: path and body."""
    uid, token = reset_of(UserFactory())
    return {
        "login": ("/api/auth/login", {"username": user.username, "password": PASSWORD}),
        "refresh": ("/api/auth/refresh", {"refresh_token": tokens_of(user)["refresh_token"]}),
        "register": ("/api/auth/register", user_body()),
        "reset": ("/api/auth/password/reset", {"email": user.email}),
        "confirm": ("/api/auth/password/reset/confirm", {"uid": uid, "token": token, "new_password": NEW_PASSWORD}),
        "reveal": (reveal(), {}),
        "password": ("/api/auth/password", {"current_password": PASSWORD, "new_password": NEW_PASSWORD}),
        "logout": ("/api/auth/logout", {}),
    }


@pytest.mark.parametrize("name", ["login", "refresh", "register", "reset", "confirm", "reveal", "password", "logout"])
def test_an_answer_with_secrets_is_not_kept(name: str, cast: Cast) -> None:
    path, body = secrets_of(cast.system_admin)[name]
    client = bearing(tokens_of(cast.system_admin)["access_token"])

    answer = client.post(path, body, headers=KEY)

    assert answer.status_code < 300, answer.content
    assert answer["Cache-Control"] == "no-store"
    assert not IdempotentAnswer.objects.exists()


def test_a_refusal_is_not_cached_either() -> None:
    for answer in (login("wrong"), APIClient().get("/api/auth/me"), APIClient().post("/api/auth/refresh", {})):
        assert answer.status_code in (400, 401)
        assert answer["Cache-Control"] == "no-store"


@pytest.mark.parametrize("key", ["", "two words", "x" * 256])
def test_even_a_malformed_key_is_ignored(key: str) -> None:
    UserFactory(username="uwe")
    sent = {"username": "uwe", "password": PASSWORD}

    assert APIClient().post("/api/auth/login", sent, HTTP_IDEMPOTENCY_KEY=key).status_code == 200


def test_each_reveal_is_an_audit_entry_even_with_the_same_key(cast: Cast) -> None:
    path, client = reveal(), bearing(tokens_of(cast.system_admin)["access_token"])
    before = AuditEntry.objects.count()

    answers = [client.post(path, {}, headers=KEY) for _ in range(2)]

    assert [(answer.status_code, "Idempotency-Replayed" in answer) for answer in answers] == [(200, False)] * 2
    assert AuditEntry.objects.count() == before + 2


def test_a_user_who_lost_the_right_gets_no_revealed_number_again(cast: Cast) -> None:
    path, token = reveal(), tokens_of(cast.app_admin)["access_token"]
    assert bearing(token).post(path, {}, headers=KEY).status_code == 200

    User.objects.filter(pk=cast.app_admin.pk).update(role=RoleName.CAMPAIGN_MANAGER)

    assert bearing(token).post(path, {}, headers=KEY).status_code == 403


def test_a_repeated_two_factor_sign_in_is_refused_like_any_used_code() -> None:
    user = UserFactory(username="uwe", role=RoleName.CAMPAIGN_MANAGER)
    TOTPDevice.objects.begin(user)
    TOTPDevice.objects.begin(user).confirm(code_of(user))
    code = next_code(user)

    first, second = (login(otp_token=code) for _ in range(2))

    assert (first.status_code, second.status_code) == (200, 400)
    assert list(second.json()) == ["otp_token"]


def test_guesses_with_the_key_of_a_sign_in_are_counted() -> None:
    UserFactory(username="uwe")
    assert login().status_code == 200

    answers = [login(f"guess {number}").status_code for number in range(7)]

    assert answers == [401] * 5 + [429] * 2
    assert SecurityEvent.objects.filter(kind=SecurityEventKind.LOGIN_FAILED).count() == 5


class NewSecret(StudioView):
    """Answers with a secret in the way of a view that has public answers too."""

    authentication_classes = ()
    permission_classes = ()

    def post(self, request: Any) -> Response:
        headers = {"Cache-Control": "private, no-store"} if "secret" in request.data else None
        return Response({"made_at": timezone.now().isoformat()}, status=201, headers=headers)


@pytest.mark.parametrize(("body", "kept"), [({"secret": True}, False), ({}, True)])
def test_whatever_says_that_it_must_not_be_stored_is_not_kept(body: dict[str, bool], kept: bool) -> None:
    def post() -> Any:
        return NewSecret.as_view()(APIRequestFactory().post("/api/secrets", body, headers=KEY, format="json"))

    first, second = post(), post()

    assert IdempotentAnswer.objects.exists() is kept
    assert (first.data == second.data) is kept


@pytest.mark.django_db(transaction=True)
def test_a_retried_reveal_is_one_entry_and_keeps_nothing() -> None:
    path, client = reveal(), bearing(tokens_of(make_cast().system_admin)["access_token"])
    before = AuditEntry.objects.count()

    with whenever("audit_log", failing_first(1, "40P01")):
        answer = client.post(path, {}, headers=KEY)

    assert (answer.status_code, answer["Cache-Control"]) == (200, "no-store")
    assert AuditEntry.objects.count() == before + 1
    assert not IdempotentAnswer.objects.exists()


def test_other_answers_are_for_the_user_alone(cast: Cast) -> None:
    client = bearing(tokens_of(cast.system_admin)["access_token"])

    for path in ("/api/campaigns", "/api/users", "/api/roles", f"/api/users/{cast.guest.pk}"):
        assert client.get(path)["Cache-Control"] == "private", path


def test_answers_kept_by_an_older_release_are_deleted_if_they_may_contain_secrets(cast: Cast) -> None:
    migration = import_module("campaign_studio.migrations.0002_secrets_are_not_kept")
    client = bearing(tokens_of(cast.system_admin)["access_token"])
    assert client.post("/api/campaigns", campaign_body(), headers=KEY).status_code == 201
    kept = IdempotentAnswer.objects.get()
    for name, headers in (("tokens", {"Cache-Control": "no-store"}), ("reveal", {}), ("both", {"ETag": '"1"'})):
        body = '{"bank_account_iban": "DE89"}'
        found = headers | ({"Cache-Control": "no-store"} if name == "both" else {})
        IdempotentAnswer.objects.create(
            key=name, fingerprint="0", status=200, headers=found, body=body, answered_at=timezone.now()
        )

    with connection.cursor() as cursor:
        cursor.execute(migration.DELETE)

    assert [answer.pk for answer in IdempotentAnswer.objects.all()] == [kept.pk]
