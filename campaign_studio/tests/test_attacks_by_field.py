"""Unknown fields are refused by name, and read-only fields are ignored.

The fields come from the serializer and the model of each resource, so a new column is covered at once. The most
important ones are written out below.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import models, transaction
from rest_framework import serializers

from accounts.api.serializers import SelfSerializer, UserSerializer
from accounts.models import User
from accounts.tests.factories import PASSWORD, Cast
from campaign_studio.api.refusals import MOST_PROBLEMS
from campaign_studio.api.serializers import UNKNOWN_FIELD
from campaign_studio.tests import bodies
from campaign_studio.tests.attackers import ADMINS, EVERY_ROLE, NOWHERE, client_of, refused, send
from campaign_studio.tests.bodies import stored
from campaign_studio.tests.scenes import scene
from campaign_studio.tests.writes import WRITES, requests

pytestmark = [pytest.mark.django_db, pytest.mark.matrix]

NEVER_FIELDS = [
    *["is_superuser", "is_staff", "groups", "user_permissions", "pk", "id", "_state", "_method", "version"],
    *["password_hash", "created_by", "updated_by", "owner", "user", "campaign_created_by", "advertiser_created_by"],
    *["save", "delete", "__class__", "objects", "role_id", "role_level", "level"],
]
WITHOUT_READ_ONLY = ("registration", "approval", "rejection", "shift", "copy", "publication")
# Fields that only the server sets, even if a serializer forgets to make them read-only.
FILLED_IN = {
    *["campaign_created_by_id", "ad_created_by_id", "created_by_id", "created_by_name", "created_at", "last_login"],
    *["ad_view_count", "moderation_status", "moderated_by_id", "moderated_at", "moderation_note", "user_id", "ad_id"],
    *["contact_id", "bank_id"],
}
STAMPS = {"updated_at", "updated_by_name", "version"}
# The roles with the most and the fewest permissions among those that may write the resource.
WRITERS = {
    **{kind: ["system_admin", "campaign_manager"] for kind in WRITES},
    "device": ADMINS,
    "new device": ADMINS,
    "user": ADMINS,
    "registration": ["anonymous", "guest"],
    "oneself": ["app_admin", "guest"],
    "approval": ["system_admin", "content_moderator"],
    "rejection": ["system_admin", "content_moderator"],
}
CASES = [pytest.param(kind, role, id=f"{kind} by {role}") for kind in WRITES for role in WRITERS[kind]]


def all_requests(kind: str, keys: dict[str, Any], changes: dict[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """POST, PUT and PATCH, where the URL supports them."""
    _, body, _, change = WRITES[kind]
    yield from requests(kind, keys, changes)
    if change and kind != "oneself":
        whole = {"username": "renamed", "email": "renamed@example.com"} if kind == "user" else body()
        yield "PUT", change.format(**keys), whole | changes


def column_names(kind: str) -> set[str]:
    """The names of all fields, relations and properties of the model."""
    model: type[models.Model] | None = getattr(getattr(WRITES[kind][0], "Meta", None), "model", None)
    if model is None:
        return set()
    properties = {name for name in vars(model) if isinstance(getattr(model, name), property)}
    fields = model._meta.get_fields()
    return {field.name for field in fields} | {getattr(field, "attname", field.name) for field in fields} | properties


def another(field: serializers.Field[Any, Any, Any, Any], cast: Cast) -> Any:
    """A valid value of the field other than the current one."""
    if isinstance(field, serializers.BooleanField):
        return True
    if isinstance(field, serializers.UUIDField):
        return str(cast.colleague.pk)
    if isinstance(field, serializers.DateTimeField):
        return "2001-01-01T00:00:00Z"
    if isinstance(field, serializers.IntegerField):
        return 999
    if isinstance(field, serializers.ChoiceField):
        return list(field.choices)[1]
    return [] if isinstance(field, serializers.ListSerializer) else "Mallory"


@pytest.mark.parametrize(("kind", "role"), CASES)
def test_a_field_that_does_not_exist_is_refused_by_name(cast: Cast, kind: str, role: str) -> None:
    keys = scene(cast.campaign_manager) | {"user_id": cast.user.pk}
    client = client_of(cast, role)
    unknown = {*NEVER_FIELDS, *column_names(kind)} - set(WRITES[kind][0]().fields)
    assert len(unknown) > 15

    names = sorted(unknown)
    for sent in (names[start : start + MOST_PROBLEMS] for start in range(0, len(names), MOST_PROBLEMS)):
        for method, address, body in all_requests(kind, keys, dict.fromkeys(sent, "x")):
            answer = refused(client, method, address, body)
            assert (answer.status_code, sorted(answer.json())) == (400, sent), (method, address)
            assert {tuple(messages) for messages in answer.json().values()} == {(UNKNOWN_FIELD,)}


@pytest.mark.parametrize(("kind", "role"), [case for case in CASES if case.values[0] not in WITHOUT_READ_ONLY])
def test_a_read_only_field_sent_along_is_ignored(cast: Cast, kind: str, role: str) -> None:
    keys = scene(cast.campaign_manager) | {"user_id": cast.user.pk}
    client = client_of(cast, role)
    serializer = WRITES[kind][0]
    fields = serializer().fields.items()
    sent = {name: another(field, cast) for name, field in fields if field.read_only or name in FILLED_IN}
    assert len(sent) > 2
    label = serializer.Meta.model._meta.label  # type: ignore[attr-defined]
    before = {row_key(row): row for row in stored()[label]}

    for method, address, body in all_requests(kind, keys, sent):
        with transaction.atomic():
            answer = send(client, method, address, body)
            assert answer.status_code == (201 if method == "POST" else 200), (method, address, answer.content)
            if method == "POST":
                taken = {name: value for name, value in sent.items() if value and answer.json()[name] == value}
                assert not taken, address
            for row in stored()[label]:
                assert "version" not in row or row["version"] != sent["version"], (method, address)
                for name in sent.keys() & before.get(row_key(row), {}).keys() - STAMPS:
                    assert row[name] == before[row_key(row)][name], (method, name)
            transaction.set_rollback(True)


def row_key(row: dict[str, Any]) -> Any:
    """The primary key, which is the first column of each table."""
    return next(iter(row.values()))


# --- Privileges ------------------------------------------------------------------------------------------------------

STANDING: dict[str, Any] = {
    "role": "system_admin",
    "is_active": False,
    "is_verified": True,
    "user_id": NOWHERE,
    "last_login": "2001-01-01T00:00:00Z",
    "created_at": "2001-01-01T00:00:00Z",
    "updated_at": "2001-01-01T00:00:00Z",
}


def privileges_of(user: User) -> dict[str, Any]:
    """The stored values of the fields above, and the password."""
    names = ["role_id", "is_active", "is_verified", "user_id", "last_login", "created_at", "password"]
    [row] = User.objects.filter(pk=user.pk).values(*names)
    return dict(row)


@pytest.mark.parametrize("role", EVERY_ROLE)
def test_users_can_not_change_their_own_privileges_at_auth_me(cast: Cast, role: str) -> None:
    person = cast.in_role(role)
    client = client_of(cast, role)
    before = privileges_of(person)

    for body in (STANDING, *({name: value} for name, value in STANDING.items())):
        assert send(client, "PATCH", "/api/auth/me", body).status_code == 200
        assert privileges_of(person) == before


@pytest.mark.parametrize("role", ["campaign_manager", "content_moderator", "user", "guest"])
@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_only_admins_change_privileges_of_users(cast: Cast, role: str, method: str) -> None:
    person = cast.in_role(role)
    client = client_of(cast, role)
    before = privileges_of(person)

    mine = send(client, method, f"/api/users/{person.pk}", bodies.user_body(**STANDING) | {"password": "x"})
    assert (mine.status_code, list(mine.json())) == (400, ["password"])
    body = {"username": person.username, "email": person.email} | STANDING
    assert send(client, method, f"/api/users/{person.pk}", body).status_code == 200
    assert privileges_of(person) == before
    for other in (cast.colleague, cast.other_app_admin, cast.system_admin):
        assert refused(client, method, f"/api/users/{other.pk}", body).status_code == 404
    assert refused(client, "POST", "/api/users", bodies.user_body(**STANDING)).status_code == 403


@pytest.mark.parametrize("role", ADMINS)
@pytest.mark.parametrize("name", ["role", "is_active"])
def test_admins_can_not_raise_their_own_privileges(cast: Cast, role: str, name: str) -> None:
    person = cast.in_role(role)
    value = {"role": "app_admin" if role == "system_admin" else "system_admin", "is_active": False}[name]

    for method in ("PUT", "PATCH"):
        body = {"username": person.username, "email": person.email, name: value}
        answer = refused(client_of(cast, role), method, f"/api/users/{person.pk}", body)
        assert (answer.status_code, list(answer.json())) == (400, [name])


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
def test_an_app_admin_can_not_make_anyone_a_system_admin(cast: Cast, method: str) -> None:
    client = client_of(cast, "app_admin")
    body = bodies.user_body(role="system_admin")
    if method != "POST":
        del body["password"]
    targets = [None] if method == "POST" else [cast.user, cast.other_app_admin, cast.guest]

    for target in targets:
        answer = refused(client, method, f"/api/users/{target.pk}" if target else "/api/users", body)
        assert (answer.status_code, list(answer.json())) == (400, ["role"])


@pytest.mark.parametrize("role", ["anonymous", *EVERY_ROLE])
@pytest.mark.parametrize("name", [*STANDING, "is_superuser", "is_staff", "groups"])
def test_registration_can_not_set_privileges(cast: Cast, role: str, name: str) -> None:
    body = bodies.user_body(**{name: STANDING.get(name, True)})

    answer = refused(client_of(cast, role), "POST", "/api/auth/register", body)

    assert (answer.status_code, list(answer.json())) == (400, [name])


@pytest.mark.parametrize("role", ADMINS)
@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_a_password_can_not_be_set_among_other_fields(cast: Cast, role: str, method: str) -> None:
    body = {"username": "renamed", "email": "renamed@example.com", "password": "another long password"}

    for address in (f"/api/users/{cast.user.pk}", "/api/auth/me"):
        if (method, address) != ("PUT", "/api/auth/me"):
            answer = refused(client_of(cast, role), method, address, body)
            assert (answer.status_code, list(answer.json())) == (400, ["password"])
    assert User.objects.get(pk=cast.user.pk).check_password(PASSWORD)


def test_every_field_of_users_is_either_editable_by_them_or_privileged() -> None:
    """A new field must be classified: users may change it themselves, or it is one of the privileges above."""
    own = {"username", "email", "first_name", "last_name"}

    assert set(UserSerializer().fields) - own == set(STANDING)
    assert {name for name, field in SelfSerializer().fields.items() if not field.read_only} == own
