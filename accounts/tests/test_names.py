"""Names that could be mistaken for another name, for a command or for a URL are refused through every door."""

import io
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import User
from accounts.tests.factories import PASSWORD, Cast, UserFactory
from accounts.validators import validate_person_name, validate_title, validate_username
from campaign_studio.tests.bodies import bearing, tokens_of, user_body
from campaign_studio.tests.browser import form_data

MISLEADING = [
    ("rооt", "username_of_several_scripts"),
    ("аdmin", "username_of_several_scripts"),
    ("αdmin", "username_of_several_scripts"),
    ("uwe٣", "username_of_several_scripts"),
    ("日本uwe", "username_of_several_scripts"),
    ("한글かな", "username_of_several_scripts"),
    ("roıt", "username_with_lookalike"),
    ("ɡuest", "username_with_lookalike"),
    ("rᴏᴏt", "username_with_lookalike"),
    ("ʀoot", "username_with_lookalike"),
    ("ǀena", "username_with_lookalike"),
    ("ｒｏｏｔ", "username_with_variants"),
    ("roſe", "username_with_variants"),
    ("ﬁle", "username_with_variants"),
    ("uwe²", "username_with_variants"),
    ("e\u0301va", "username_with_variants"),
    ("expire_campaigns", "username_reserved"),
    ("Expire-Campaigns", "username_reserved"),
    ("create_user", "username_reserved"),
    ("demo", "username_reserved"),
    ("migrate", "username_reserved"),
    ("System", "username_reserved"),
    ("me", "username_reserved"),
    (".", "username_without_letters"),
    ("..", "username_without_letters"),
    ("-", "username_without_letters"),
    ("__", "username_without_letters"),
]
HONEST = [
    "uwe",
    "Uwe.Bahn-2",
    "o'".rstrip("'"),
    "ольга",
    "νίκος",
    "groß",
    "名前",
    "日本のたろう",
    "ラーメン",
    "홍길동",
    "عمر",
    "müller_7",
]
HIDDEN = [
    *["a\nb", "a\r\nb", "a\tb", "a\x00b", "a\x1bb", "a\x85b", "a\u2028b", "a\u200bb", "a\ufeffb", "a\u00adb"],
    *["\u115f", "\u3164", "a\uffa0b", "\u2800"],
    *["\u202eevil", "a\u2066b", "a\u200eb", "a\u061cb", "a\U000e0041b", "a\ue000b"],
]
LIKE_URLS = ["https://evil.example", "a/b", "a:b", "a／b", "a：b", "℀"]
REAL = [
    "Zoë",
    "O’Neill",
    "Jean-Luc",
    "José María",
    "李小龍",
    "נועה",
    "علی\u200cرضا",
    "Dr. Ann (QA)",
    "",
    "Ünal & Söhne",
    "👩\u200d🚀",
]


def code_of(check: Any, value: str) -> str:
    try:
        check(value)
    except ValidationError as error:
        return str(error.code)
    return ""


@pytest.mark.parametrize(("name", "code"), MISLEADING)
def test_a_misleading_username_is_refused(name: str, code: str) -> None:
    assert code_of(validate_username, name) == code


@pytest.mark.parametrize("name", HONEST)
def test_a_username_of_one_script_is_accepted(name: str) -> None:
    assert code_of(validate_username, name) == ""


@pytest.mark.parametrize("name", HIDDEN)
def test_a_name_with_hidden_characters_is_refused(name: str) -> None:
    assert code_of(validate_person_name, name) == "hidden_character"


@pytest.mark.parametrize(
    "name", ["a\tb", "a\x00b", "a\x85b", "a\u2028b", "\u202eevil", "a\u202ab", "a\u2066b", "a\u2069"]
)
def test_the_name_of_a_thing_stays_on_its_line(name: str) -> None:
    assert code_of(validate_title, name) == "hidden_character"


@pytest.mark.parametrize("name", [*REAL, *LIKE_URLS, "שלום\u200f 50%", "🏴\U000e0067\U000e0062\U000e007f", "Z̸a̷l̶g̵o̴"])
def test_the_name_of_a_thing_may_be_anything_else(name: str) -> None:
    assert code_of(validate_title, name) == ""


@pytest.mark.parametrize("name", LIKE_URLS)
def test_a_name_with_a_slash_or_a_colon_is_refused(name: str) -> None:
    assert code_of(validate_person_name, name) == "name_like_a_url"


@pytest.mark.parametrize("name", REAL)
def test_real_names_are_accepted(name: str) -> None:
    assert code_of(validate_person_name, name) == ""


def test_a_refusal_says_which_scripts_are_mixed_and_which_username_would_do() -> None:
    with pytest.raises(ValidationError) as mixed:
        validate_username("rооt")
    with pytest.raises(ValidationError) as variant:
        validate_username("ｒｏｏｔ")

    assert mixed.value.messages == ["This username mixes letters of several alphabets: Cyrillic and Latin. Use one."]
    assert variant.value.messages == ["This username contains variants of usual characters. Use “root”."]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("field", "value"), [("username", "rооt"), ("username", ".."), ("first_name", "a/b"), ("last_name", "\u202eb")]
)
def test_every_door_refuses_such_a_name(field: str, value: str, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(PASSWORD))
    admin, own = (bearing(tokens_of(user)["access_token"]) for user in (cast.app_admin, cast.user))
    browser = Client()
    browser.force_login(cast.app_admin)
    page = f"/admin/accounts/user/{cast.guest.pk}/change/"
    before = list(User.objects.order_by("pk").values())

    answers = [
        APIClient().post("/api/auth/register", user_body(**{field: value})),
        admin.post("/api/users", user_body(**{field: value})),
        admin.patch(f"/api/users/{cast.guest.pk}", {field: value}),
        own.patch("/api/auth/me", {field: value}),
    ]
    form = browser.post(page, form_data(browser.get(page), **{field: value})).context["adminform"].form
    names = {"username": "fresh", "first_name": "", "last_name": ""} | {field: value}
    with pytest.raises(CommandError, match=field):
        call_command(
            *["create_user", names["username"], "fresh@example.com", "--role", "guest", "--password-stdin"],
            *[f"--first-name={names['first_name']}", f"--last-name={names['last_name']}"],
            stdout=io.StringIO(),
        )

    assert [(one.status_code, list(one.json())) for one in answers] == [(400, [field])] * 4
    assert field in form.errors
    assert list(User.objects.order_by("pk").values()) == before


@pytest.mark.django_db
def test_users_keep_the_names_that_they_had_before_the_rules() -> None:
    user = UserFactory(role="campaign_manager")
    old = {"username": "rооt", "first_name": "a/b", "last_name": "c\nd"}
    User.objects.filter(pk=user.pk).update(**old)
    client = bearing(tokens_of(User.objects.get(pk=user.pk))["access_token"])

    kept = client.patch("/api/auth/me", {**old, "email": "other@example.com"})
    changed = client.patch("/api/auth/me", {"first_name": "a/c"})

    assert (kept.status_code, changed.status_code) == (200, 400)
    assert list(changed.json()) == ["first_name"]
    assert APIClient().post("/api/auth/login", {"username": "rооt", "password": "wrong"}).status_code == 401


@pytest.mark.parametrize("name", ["\u200b", "\u00ad\ufeff", "\u3164", "\u2800 \u2800", "\u0301", "\u00a0\u200d"])
def test_a_name_of_a_thing_can_be_seen(name: str) -> None:
    assert code_of(validate_title, name) == "invisible_name"
    assert code_of(validate_title, f"{name}A") == ""
