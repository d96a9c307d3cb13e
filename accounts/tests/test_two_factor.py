"""Two-factor authentication: set up in the console, required by the console and the API."""

import base64
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from django.core.checks import run_checks
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_otp.oath import totp
from rest_framework.test import APIClient

from accounts.choices import RoleName, SecurityEventKind
from accounts.console.two_factor import REQUIRED_OF_ROLE, setup_uri
from accounts.models import LockedOutError, RecoveryCode, SecurityEvent, Session, TOTPDevice, User
from accounts.signin.two_factor import CODE_REQUIRED, INVALID_CODE
from accounts.tests.factories import PASSWORD, Cast, UserFactory
from campaign_studio.tests.bodies import bearing, reset_of, tokens_of

pytestmark = pytest.mark.django_db

PAGE = reverse("admin:two_factor")
INDEX = reverse("admin:index")
CODE_IS_REQUIRED = {"otp_token": [CODE_REQUIRED]}
CODE_IS_INVALID = {"otp_token": [INVALID_CODE]}


def code_of(user: User, *, steps: int = 0) -> str:
    """The code in the user's app, `steps` times 30 seconds from now."""
    key = TOTPDevice.objects.get(user=user).key
    return f"{totp(base64.b32decode(key.reveal()), t0=int(-30 * steps)):06d}"


def next_code(user: User) -> str:
    """The next code, because the current one may have been used to set up the app."""
    return code_of(user, steps=1)


@pytest.fixture
def user(db: None) -> User:
    """A campaign manager who has turned two-factor authentication on."""
    manager: User = UserFactory(username="uwe", role=RoleName.CAMPAIGN_MANAGER)
    TOTPDevice.objects.begin(manager).confirm(code_of_new(manager))
    return manager


def code_of_new(manager: User) -> str:
    TOTPDevice.objects.begin(manager)
    return code_of(manager)


def login(otp_token: str | None = None, password: str = PASSWORD) -> Any:
    sent = {"username": "uwe", "password": password} | ({"otp_token": otp_token} if otp_token is not None else {})
    return APIClient().post("/api/auth/login", sent)


def console(otp_token: str = "") -> tuple[Client, Any]:
    browser = Client()
    sent = {"username": "uwe", "password": PASSWORD, "otp_token": otp_token}
    return browser, browser.post("/admin/login/", sent)


def test_a_code_turns_it_on_and_the_recovery_codes_are_shown_once(console_for: Callable[[User], Client]) -> None:
    manager = UserFactory(username="uwe", role=RoleName.CAMPAIGN_MANAGER)
    browser = console_for(manager)
    other = tokens_of(manager)["access_token"]
    page = browser.get(PAGE).content.decode()
    key = TOTPDevice.objects.get(user=manager).key.reveal()
    assert key in page
    assert "data:image/svg+xml" in page
    assert login().status_code == 200, "no code is required before the first one is confirmed"
    refused = browser.post(PAGE, {"otp_token": code_of(manager), "confirm": "", "password": "wrong"})
    assert [error.code for error in refused.context["form"].errors.as_data()["password"]] == ["password_incorrect"]
    guessed = browser.post(PAGE, {"otp_token": "000000", "confirm": "", "password": PASSWORD})
    assert guessed.context["form"].errors == CODE_IS_INVALID

    done = browser.post(PAGE, {"otp_token": code_of(manager), "confirm": "", "password": PASSWORD}).content.decode()

    codes = re.findall(r"<li>([a-z2-7-]{27})</li>", done)
    assert len(set(codes)) == 10
    assert login().json() == CODE_IS_REQUIRED
    assert bearing(other).get("/api/auth/me").status_code == 401, "other sessions end"
    assert browser.get(INDEX).status_code == 200
    later = browser.get(PAGE).content.decode()
    assert key not in later
    assert codes[0] not in later
    assert login(codes[0]).status_code == 200
    assert SecurityEvent.objects.filter(kind=SecurityEventKind.TWO_FACTOR_ON, user=manager).count() == 1


def test_the_qr_code_contains_what_authenticator_apps_expect(user: User) -> None:
    device = TOTPDevice.objects.get(user=user)
    uri = urlsplit(setup_uri(device))

    assert (uri.scheme, uri.netloc, uri.path) == ("otpauth", "totp", "/Campaign%20Studio:uwe")
    assert parse_qs(uri.query) == {"secret": [device.key.reveal()], "issuer": ["Campaign Studio"]}


def test_the_api_requires_the_code_once_the_password_is_correct(user: User) -> None:
    assert login(password="wrong").status_code == 401
    assert login("123456", password="wrong").status_code == 401
    for sent in (None, ""):
        answer = login(sent)
        assert (answer.status_code, answer.json()) == (400, CODE_IS_REQUIRED)

    answer = login(next_code(user))

    assert answer.status_code == 200
    assert Session.objects.get(door="api").second_factor is True


@pytest.mark.parametrize(
    "code", ["000000", "12345", "1234567", "abcdef", "１２３４５６", "-12345", "\u0660" * 6, "x" * 64]
)
def test_the_api_and_the_console_refuse_a_wrong_code(code: str, user: User) -> None:
    assert (login(code).status_code, login(code).json()) == (400, CODE_IS_INVALID)

    browser, page = console(code)

    assert "This code is incorrect, expired or already used. Wait for the next one." in page.content.decode()
    assert browser.get(INDEX).status_code == 302


def test_the_console_requires_the_code(user: User) -> None:
    browser, page = console()
    assert "Enter the 6-digit code from the authenticator app or a recovery code." in page.content.decode()
    assert browser.get(INDEX).status_code == 302

    browser, page = console(next_code(user))

    assert page.status_code == 302
    assert browser.get(INDEX).status_code == 200


def test_no_code_works_twice(user: User) -> None:
    code = next_code(user)

    assert login(code).status_code == 200
    assert login(code).json() == CODE_IS_INVALID


@pytest.mark.parametrize(("steps", "status"), [(-2, 400), (-1, 200), (0, 200), (1, 200), (2, 400)])
def test_the_clock_of_the_phone_may_be_off_by_half_a_minute(steps: int, status: int, user: User) -> None:
    TOTPDevice.objects.filter(user=user).update(last_t=-1)

    with time_machine.travel(timezone.now(), tick=False):
        assert login(code_of(user, steps=steps)).status_code == status


@pytest.mark.django_db(transaction=True)
def test_one_of_four_simultaneous_sign_ins_with_the_same_code_succeeds() -> None:
    manager = UserFactory(username="uwe", role=RoleName.CAMPAIGN_MANAGER)
    TOTPDevice.objects.begin(manager).confirm(code_of_new(manager))
    code = next_code(manager)
    ready = Barrier(4)

    def enter(_: int) -> int:
        try:
            connection.ensure_connection()
            ready.wait(timeout=30)
            return int(login(code).status_code)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(enter, range(4))) == [200, 400, 400, 400]


def test_a_recovery_code_works_once_in_any_spelling(user: User) -> None:
    first, second, *_ = RecoveryCode.objects.renew(user)

    assert login(first.upper().replace("-", " ")).status_code == 200
    assert login(first).json() == CODE_IS_INVALID
    assert login(second).status_code == 200
    assert RecoveryCode.objects.filter(user=user).count() == 8
    assert SecurityEvent.objects.filter(kind=SecurityEventKind.RECOVERY_CODE_USED, user=user).count() == 2


def test_new_recovery_codes_replace_the_old_ones(user: User, console_for: Callable[[User], Client]) -> None:
    old = RecoveryCode.objects.renew(user)[0]
    page = console_for(user).post(PAGE, {"otp_token": next_code(user), "renew": ""}).content.decode()

    new = re.findall(r"<li>([a-z2-7-]{27})</li>", page)
    assert len(new) == 10
    assert login(old).json() == CODE_IS_INVALID
    assert login(new[0]).status_code == 200


def test_the_code_of_another_user_is_refused(user: User) -> None:
    other = UserFactory()
    TOTPDevice.objects.begin(other).confirm(code_of_new(other))

    assert login(RecoveryCode.objects.renew(other)[0]).json() == CODE_IS_INVALID
    assert login(next_code(other)).json() == CODE_IS_INVALID


def test_a_code_turns_it_off(user: User, console_for: Callable[[User], Client]) -> None:
    browser = console_for(user)
    browser.post(PAGE, {"otp_token": "000000", "off": ""})
    assert login().json() == CODE_IS_REQUIRED

    browser.post(PAGE, {"otp_token": next_code(user), "off": ""})

    assert login().status_code == 200
    assert not RecoveryCode.objects.filter(user=user).exists()
    assert SecurityEvent.objects.filter(kind=SecurityEventKind.TWO_FACTOR_OFF, user=user).count() == 1


def test_a_new_password_by_email_leaves_it_on(user: User) -> None:
    uid, token = reset_of(user)
    sent = {"uid": uid, "token": token, "new_password": "an entirely new password"}
    assert APIClient().post("/api/auth/password/reset/confirm", sent).status_code == 204

    answer = login(password="an entirely new password")

    assert (answer.status_code, answer.json()) == (400, CODE_IS_REQUIRED)


def test_wrong_codes_count_like_wrong_passwords(user: User) -> None:
    answers = [login("000000").status_code for _ in range(7)]

    assert answers == [400] * 5 + [429] * 2


def test_wrong_codes_are_counted_across_all_ip_addresses(user: User) -> None:
    answers = []
    for number in range(22):
        sent = {"username": "uwe", "password": PASSWORD, "otp_token": "000000"}
        answers.append(APIClient(REMOTE_ADDR=f"192.0.2.{number}").post("/api/auth/login", sent).status_code)

    assert answers == [400] * 20 + [429] * 2


def test_a_sign_in_without_a_code_does_not_reset_the_count(user: User) -> None:
    answers = [login("000000" if number % 2 else None).status_code for number in range(8)]

    assert answers == [400] * 5 + [429] * 3


def test_the_console_page_counts_wrong_codes_too(user: User, console_for: Callable[[User], Client]) -> None:
    browser = console_for(user)
    pages = [browser.post(PAGE, {"otp_token": "000000", "off": ""}) for _ in range(21)]

    assert pages[-2].context["form"].errors == CODE_IS_INVALID
    assert pages[-1].context["form"].errors == {"otp_token": [str(LockedOutError(wait=15 * 60))]}
    assert TOTPDevice.objects.is_used_by(user)


@pytest.mark.parametrize("role", ["system_admin", "app_admin", "campaign_manager", "content_moderator"])
def test_an_administrator_turns_it_off_for_a_user_who_lost_the_app(
    role: str, cast: Cast, user: User, console_for: Callable[[User], Client]
) -> None:
    page = reverse("admin:two_factor_off", args=[user.pk])
    browser = console_for(cast.in_role(role))
    confirmation, done = browser.get(page), browser.post(page)

    if role in ("system_admin", "app_admin"):
        assert (confirmation.status_code, done.status_code) == (200, 302)
        assert not TOTPDevice.objects.is_used_by(user)
    else:
        assert (confirmation.status_code, done.status_code) == (404, 404)
        assert TOTPDevice.objects.is_used_by(user)


def test_an_application_administrator_cannot_turn_it_off_for_a_system_administrator(
    cast: Cast, console_for: Callable[[User], Client]
) -> None:
    TOTPDevice.objects.begin(cast.system_admin).confirm(code_of_new(cast.system_admin))

    assert (
        console_for(cast.app_admin).post(reverse("admin:two_factor_off", args=[cast.system_admin.pk])).status_code
        == 404
    )
    own = console_for(cast.system_admin).post(reverse("admin:two_factor_off", args=[cast.system_admin.pk]))
    assert own.status_code == 403, "turning off one's own requires a code"
    assert TOTPDevice.objects.is_used_by(cast.system_admin)


def test_a_user_whose_role_requires_it_has_to_set_it_up_first(
    settings: Any, console_for: Callable[[User], Client]
) -> None:
    manager = UserFactory(username="uwe", role=RoleName.CAMPAIGN_MANAGER)
    before = tokens_of(manager)["access_token"]
    settings.TWO_FACTOR_ROLES = ["campaign_manager"]
    browser, _ = console()

    assert bearing(before).get("/api/campaigns").status_code == 401, "earlier sessions are refused"
    assert login().status_code == 403
    for page in (INDEX, reverse("admin:campaigns_campaign_changelist"), reverse("admin:password_change")):
        answer = browser.get(page)
        assert (answer.status_code, answer["Location"]) == (302, PAGE)
    assert browser.get(PAGE).context["is_required"]

    browser.post(PAGE, {"otp_token": code_of(manager), "confirm": "", "password": PASSWORD})

    assert browser.get(INDEX).status_code == 200
    assert login(next_code(manager)).status_code == 200
    refused = browser.post(PAGE, {"otp_token": RecoveryCode.objects.renew(manager)[0], "off": ""})
    assert refused.context["form"].errors == {"otp_token": [REQUIRED_OF_ROLE]}
    assert TOTPDevice.objects.is_used_by(manager)


def test_other_roles_do_not_require_it(settings: Any) -> None:
    settings.TWO_FACTOR_ROLES = ["system_admin"]
    UserFactory(username="uwe", role=RoleName.CAMPAIGN_MANAGER)

    assert login().status_code == 200
    assert console()[0].get(INDEX).status_code == 200


@pytest.mark.parametrize("role", ["user", "guest", "boss"])
def test_a_required_role_without_access_to_the_console_is_reported_at_start(role: str, settings: Any) -> None:
    settings.TWO_FACTOR_ROLES = [role]

    assert [error.id for error in run_checks() if error.id == "accounts.E001"] == ["accounts.E001"]


def test_the_database_contains_neither_key_nor_codes_in_plain_text(user: User) -> None:
    codes = RecoveryCode.objects.renew(user)
    key = TOTPDevice.objects.get(user=user).key.reveal()
    with connection.cursor() as cursor:
        cursor.execute("SELECT key FROM totp_devices UNION ALL SELECT digest FROM recovery_codes")
        stored = repr(cursor.fetchall())

    assert key not in stored
    assert not any(code.replace("-", "") in stored for code in codes)


def test_a_code_expires(user: User) -> None:
    code = next_code(user)

    with time_machine.travel(timezone.now() + timedelta(minutes=3), tick=False):
        assert login(code).json() == CODE_IS_INVALID


def test_a_user_has_one_authenticator_app(user: User) -> None:
    second = TOTPDevice(user=user, name="Another app", key="A" * 32)

    with pytest.raises(ValidationError, match="This user already has an authenticator app"):
        second.full_clean()
    with pytest.raises(IntegrityError, match="one_authenticator_app_per_user"), transaction.atomic():
        second.save()
