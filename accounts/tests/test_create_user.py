"""`manage.py create_user`."""

import io

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command

from accounts.models import AuditEntry, User
from accounts.tests.factories import UserFactory

GOOD = "a quiet road at night"


def create(monkeypatch: pytest.MonkeyPatch, *arguments: str, password: str = GOOD) -> str:
    monkeypatch.setattr("sys.stdin", io.StringIO(password + "\n"))
    out = io.StringIO()
    call_command("create_user", *arguments, "--password-stdin", stdout=out)
    return out.getvalue()


@pytest.mark.django_db
def test_a_user_can_sign_in_with_the_role_and_password_given(monkeypatch: pytest.MonkeyPatch) -> None:
    output = create(monkeypatch, "nora", "nora@example.com", "--role", "content_moderator", "--first-name", "Nora")

    user = User.objects.get(username="nora")
    assert user.check_password(GOOD)
    assert (user.role_id, user.first_name, user.is_active) == ("content_moderator", "Nora", True)
    assert output == "Created the user “nora” with the role “Content moderator”.\n"


@pytest.mark.django_db
def test_the_audit_log_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    create(monkeypatch, "nora", "nora@example.com", "--role", "user")

    entry = AuditEntry.objects.get(object_repr="nora")
    assert (entry.door, entry.actor_name, entry.actor_id) == ("command", "create_user", None)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("arguments", "password", "reason"),
    [
        (("nora", "nora@example.com", "--role", "user"), "short", "too short"),
        (("nora", "nora@example.com", "--role", "user"), "password123", "too common"),
        (("nora-lindgren", "n@example.com", "--role", "user"), "nora-lindgren", "too similar"),
        (("nora", "no address", "--role", "user"), GOOD, "email: "),
        (("no@ra", "nora@example.com", "--role", "user"), GOOD, "username: "),
        (("TAKEN", "nora@example.com", "--role", "user"), GOOD, "username: "),
    ],
)
def test_invalid_values_are_named_and_no_user_is_created(
    monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], password: str, reason: str
) -> None:
    UserFactory(username="taken")

    with pytest.raises(CommandError, match=reason):
        create(monkeypatch, *arguments, password=password)
    assert User.objects.count() == 1


@pytest.mark.django_db
def test_an_error_that_concerns_no_field_is_printed_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(user: User) -> None:
        raise ValidationError("Two fields contradict each other.")

    monkeypatch.setattr(User, "clean", refuse)

    with pytest.raises(CommandError) as refusal:
        create(monkeypatch, "nora", "nora@example.com", "--role", "user")
    assert str(refusal.value) == "Two fields contradict each other."


@pytest.mark.django_db
def test_an_unknown_role_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CommandError, match="invalid choice: 'emperor'"):
        create(monkeypatch, "nora", "nora@example.com", "--role", "emperor")


@pytest.mark.django_db
def test_the_password_is_prompted_for_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    typed = iter([GOOD, GOOD])
    monkeypatch.setattr("getpass.getpass", lambda prompt: next(typed))

    call_command("create_user", "nora", "nora@example.com", "--role", "user", stdout=io.StringIO())

    assert User.objects.get(username="nora").check_password(GOOD)


@pytest.mark.django_db
def test_two_different_passwords_create_no_user(monkeypatch: pytest.MonkeyPatch) -> None:
    typed = iter([GOOD, GOOD + "!"])
    monkeypatch.setattr("getpass.getpass", lambda prompt: next(typed))

    with pytest.raises(CommandError, match="are different"):
        call_command("create_user", "nora", "nora@example.com", "--role", "user")
    assert not User.objects.exists()


@pytest.mark.django_db
def test_an_empty_input_points_to_the_option(monkeypatch: pytest.MonkeyPatch) -> None:
    def end_of_input(prompt: str) -> str:
        raise EOFError

    monkeypatch.setattr("getpass.getpass", end_of_input)

    with pytest.raises(CommandError, match="--password-stdin"):
        call_command("create_user", "nora", "nora@example.com", "--role", "user")
    assert not User.objects.exists()
