"""Active sessions are listed and ended in the API and the console, and refused from the next request on."""

from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.choices import Door, RoleName, SecurityEventKind
from accounts.models import SecurityEvent, Session, User
from accounts.tests.factories import PASSWORD, Cast, UserFactory
from campaign_studio.tests.bodies import bearing, session_of, tokens_of
from campaign_studio.tests.browser import messages_of

pytestmark = pytest.mark.django_db

ConsoleFor = Callable[[User | None], Client]
LIST = reverse("admin:accounts_session_changelist")
CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"


def login(user: User, **options: Any) -> APIClient:
    """An API client that has signed in with a password."""
    sent = {"username": user.username, "password": PASSWORD}
    answer = APIClient(**options).post("/api/auth/login", sent)
    return bearing(answer.json()["access_token"])


def is_alive(client: APIClient) -> bool:
    return bool(client.get("/api/auth/me").status_code == 200)


def is_signed_in(browser: Client) -> bool:
    return bool(browser.get(reverse("admin:index")).status_code == 200)


def sign_in(user: User) -> Client:
    """A browser that has signed in to the console."""
    browser = Client()
    browser.post("/admin/login/", {"username": user.username, "password": PASSWORD})
    assert is_signed_in(browser)
    return browser


def test_a_session_shows_device_ip_address_and_times() -> None:
    user = UserFactory()
    with time_machine.travel("2026-11-22T12:00:30Z", tick=False):
        client = login(user, REMOTE_ADDR="192.0.2.7", HTTP_USER_AGENT=CHROME)
        found = client.get("/api/auth/sessions").json()["results"]

    assert found == [
        {
            "session_id": str(Session.objects.get().pk),
            "user_id": str(user.pk),
            "username": user.username,
            "door": "api",
            "device": "Chrome on Linux",
            "user_agent": CHROME,
            "remote_addr": "192.0.2.7",
            "second_factor": False,
            "created_at": "2026-11-22T12:00:30Z",
            "last_seen_at": "2026-11-22T12:00:30Z",
            "expires_at": "2026-11-29T12:00:30Z",
            "is_current": True,
        }
    ]


def test_the_api_and_the_console_list_the_users_own_active_sessions() -> None:
    user = UserFactory(role=RoleName.CAMPAIGN_MANAGER)
    client, browser = login(user), sign_in(user)
    session_of(UserFactory())
    session_of(user).revoke(SecurityEventKind.LOGGED_OUT, at=timezone.now())
    Session.start(user, door=Door.API, at=timezone.now() - timedelta(days=8), lasts=timedelta(days=7))

    listed = client.get("/api/auth/sessions").json()["results"]
    page = browser.get(LIST)

    assert {(row["door"], row["is_current"]) for row in listed} == {("api", True), ("admin", False)}
    shown = {(row.door, row.is_current) for row in page.context["cl"].result_list}
    assert shown == {("api", False), ("admin", True)}


def test_the_time_last_seen_is_written_once_a_minute() -> None:
    client = login(UserFactory())
    begun = Session.objects.get().last_seen_at
    with time_machine.travel(begun + timedelta(seconds=59), tick=False), CaptureQueriesContext(connection) as seen:
        client.get("/api/auth/me")
    assert Session.objects.get().last_seen_at == begun
    assert not [query for query in seen if query["sql"].startswith("UPDATE")]

    with time_machine.travel(begun + timedelta(seconds=61), tick=False):
        client.get("/api/auth/me")
        assert Session.objects.get().last_seen_at == timezone.now()


def test_authentication_costs_one_query_in_the_api_and_two_in_the_console() -> None:
    user = UserFactory(role=RoleName.CAMPAIGN_MANAGER)
    client, browser = login(user), sign_in(user)
    with CaptureQueriesContext(connection) as api:
        client.get("/api/roles?page=9")
    with CaptureQueriesContext(connection) as console:
        browser.get(reverse("admin:jsi18n"))

    for queries, tables in ((api, ['FROM "sessions"']), (console, ['FROM "users"', 'FROM "sessions"'])):
        statements = [query["sql"] for query in queries]
        assert [name for sql in statements for name in ('FROM "users"', 'FROM "sessions"') if name in sql] == tables


def end_by_deactivation(user: User) -> None:
    user.is_active = False
    user.save()


def end_by_role(user: User) -> None:
    user.role_id = RoleName.CONTENT_MODERATOR
    user.save()


def end_by_password(user: User) -> None:
    user.set_password("another long password")
    user.save()


def end_by_deletion(user: User) -> None:
    user.delete()


def end_by_revocation(user: User) -> None:
    admin = bearing(tokens_of(UserFactory(role=RoleName.APP_ADMIN))["access_token"])
    for session in user.sessions.all():
        assert admin.delete(f"/api/auth/sessions/{session.pk}").status_code == 204


@pytest.mark.parametrize("end", [end_by_deactivation, end_by_role, end_by_password, end_by_deletion, end_by_revocation])
def test_all_sessions_are_refused_from_the_next_request_on(end: Callable[[User], None]) -> None:
    user = UserFactory(role=RoleName.CAMPAIGN_MANAGER)
    client, browser = login(user), sign_in(user)
    assert is_alive(client)

    end(User.objects.get(pk=user.pk))

    assert not is_alive(client)
    assert not is_signed_in(browser)


def test_changing_the_name_ends_no_session() -> None:
    user = UserFactory(role=RoleName.CAMPAIGN_MANAGER)
    client, browser = login(user), sign_in(user)

    client.patch("/api/auth/me", {"first_name": "Other"})

    assert is_alive(client)
    assert is_signed_in(browser)


def test_users_end_their_own_sessions_in_the_api() -> None:
    user = UserFactory(role=RoleName.CAMPAIGN_MANAGER)
    client, browser = login(user), sign_in(user)
    console = Session.objects.get(door=Door.ADMIN)

    assert client.delete(f"/api/auth/sessions/{console.pk}").status_code == 204

    assert not is_signed_in(browser)
    assert is_alive(client)
    assert client.delete(f"/api/auth/sessions/{console.pk}").status_code == 404, "it has already ended"
    event = SecurityEvent.objects.get(kind=SecurityEventKind.SESSION_REVOKED)
    assert (event.user_id, event.actor_username, event.door) == (user.pk, user.username, "api")


def test_users_end_their_own_sessions_in_the_console() -> None:
    user = UserFactory(role=RoleName.CONTENT_MODERATOR)
    client, browser = login(user), sign_in(user)
    chosen = {"action": "end_sessions", "_selected_action": [str(Session.objects.get(door=Door.API).pk)]}

    answer = browser.post(LIST, chosen, follow=True)

    assert messages_of(answer) == ["1 session ended."]
    assert not is_alive(client)
    assert is_signed_in(browser)


@pytest.mark.parametrize(
    ("actor", "target", "may"),
    [
        ("system_admin", "other_system_admin", True),
        ("system_admin", "guest", True),
        ("app_admin", "system_admin", False),
        ("app_admin", "other_app_admin", True),
        ("app_admin", "guest", True),
        ("campaign_manager", "guest", False),
        ("campaign_manager", "other_campaign_manager", False),
    ],
)
def test_which_roles_see_and_end_the_sessions_of_which_users(
    actor: str, target: str, may: bool, cast: Cast, console_for: ConsoleFor
) -> None:
    client = bearing(tokens_of(getattr(cast, actor))["access_token"])
    session = session_of(getattr(cast, target))
    other = session_of(getattr(cast, target))

    listed = client.get("/api/auth/sessions", {"user_id": str(session.user_id)}).json()["results"]
    assert {row["session_id"] for row in listed} == ({str(session.pk), str(other.pk)} if may else set())
    assert client.delete(f"/api/auth/sessions/{session.pk}").status_code == (204 if may else 404)
    chosen = {"action": "end_sessions", "_selected_action": [str(other.pk)]}
    console_for(getattr(cast, actor)).post(LIST, chosen)
    for ended in (session, other):
        ended.refresh_from_db()
        assert (ended.revoked_at is not None) is may


def test_signing_out_of_the_console_ends_its_session() -> None:
    browser = sign_in(UserFactory(role=RoleName.CAMPAIGN_MANAGER))

    page = browser.post(reverse("admin:logout"))

    assert page.context["title"] == "Signed out"
    assert "You have signed out of the admin console." in page.content.decode()
    assert not is_signed_in(browser)
    assert Session.objects.get().revoked_at is not None
    assert SecurityEvent.objects.filter(kind=SecurityEventKind.LOGGED_OUT).count() == 1


def test_the_cookie_of_an_ended_session_is_refused() -> None:
    browser = sign_in(UserFactory(role=RoleName.CAMPAIGN_MANAGER))
    copy = Client()
    copy.cookies = browser.cookies
    browser.post(reverse("admin:logout"))

    assert not is_signed_in(copy)


def test_a_console_session_ends_after_12_hours_or_after_4_hours_without_a_request() -> None:
    user, now = UserFactory(role=RoleName.CAMPAIGN_MANAGER), timezone.now()
    busy, idle = sign_in(user), sign_in(user)
    for hours, alive in ((3, True), (6, True), (9, True), (11.9, True), (12.1, False)):
        with time_machine.travel(now + timedelta(hours=hours), tick=False):
            assert is_signed_in(busy) is alive, hours
    with time_machine.travel(now + timedelta(hours=4, minutes=1), tick=False):
        assert not is_signed_in(idle)


def test_an_api_session_ends_30_days_after_the_sign_in_even_if_it_is_refreshed() -> None:
    now = timezone.now()
    token = tokens_of(UserFactory())["refresh_token"]
    for day in range(5, 35, 5):
        with time_machine.travel(now + timedelta(days=day, seconds=1), tick=False):
            answer = APIClient().post("/api/auth/refresh", {"refresh_token": token})
            assert answer.status_code == (200 if day < 30 else 401), day
            token = answer.json().get("refresh_token", token)
            assert Session.objects.get().expires_at <= now + timedelta(days=30, minutes=1)


def test_the_api_ignores_the_cookies_of_the_console() -> None:
    browser = sign_in(UserFactory(role=RoleName.SYSTEM_ADMIN))

    assert browser.get("/api/users").status_code == 401


@pytest.mark.parametrize("path", ["change", "history", "delete"])
def test_a_session_can_be_viewed_but_not_deleted_and_has_no_history(
    path: str, cast: Cast, console_for: ConsoleFor
) -> None:
    session = session_of(cast.guest)
    answer = console_for(cast.system_admin).get(reverse(f"admin:accounts_session_{path}", args=[session.pk]))

    assert answer.status_code == {"change": 200, "history": 404, "delete": 403}[path]


def test_sessions_that_ended_long_ago_are_pruned() -> None:
    user = UserFactory()
    alive = session_of(user)
    for days, revoked in ((31, True), (29, True), (31, False), (29, False)):
        then = timezone.now() - timedelta(days=days)
        session = Session.start(user, door=Door.API, at=then, lasts=timedelta(seconds=1))
        if revoked:
            session.revoke(SecurityEventKind.LOGGED_OUT, at=then)
    out = StringIO()

    call_command("prune_sessions", stdout=out)

    assert out.getvalue() == "Deleted 2 sessions.\nDeleted 0 sign-in counters.\n"
    assert Session.objects.filter(pk=alive.pk).exists()
    assert Session.objects.count() == 3
    with pytest.raises(CommandError):
        call_command("prune_sessions", "--days", "-1")


def test_a_fallback_key_keeps_users_signed_in(settings: Any) -> None:
    browser = sign_in(UserFactory(role=RoleName.CAMPAIGN_MANAGER))
    former = settings.SECRET_KEY
    settings.SECRET_KEY = "another secret key of more than 32 characters"
    settings.SECRET_KEY_FALLBACKS = [former]
    assert is_signed_in(browser)
    assert is_signed_in(browser), "the cookie is now signed with the new key"

    settings.SECRET_KEY_FALLBACKS = []

    assert is_signed_in(browser)
    assert is_signed_in(sign_in(UserFactory(role=RoleName.CAMPAIGN_MANAGER)))


def test_a_key_that_is_not_a_fallback_signs_users_out(settings: Any) -> None:
    browser = sign_in(UserFactory(role=RoleName.CAMPAIGN_MANAGER))
    settings.SECRET_KEY = "another secret key of more than 32 characters"

    assert not is_signed_in(browser)


def test_the_statement_of_every_request_is_prepared(cast: Cast) -> None:
    """Its text is fixed, so that neither Django nor PostgreSQL works it out again, whoever asks."""
    for user in cast:
        assert is_alive(bearing(tokens_of(user)["access_token"]))

    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%% FROM \"sessions\" %%'")
        assert cursor.fetchone() == (1,)
