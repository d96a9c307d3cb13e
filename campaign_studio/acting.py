"""The acting user: a context variable knows who is behind the current request or command.

The user is looked up only when needed, because the API authenticates a token late. This module knows users by a
protocol only; the model is in `accounts`.
"""

import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Protocol

from django.contrib.auth import get_user_model
from django.db import connection
from django.http import HttpRequest, HttpResponse

# An id that a client or a proxy sends along. Together with ours it fits the columns of both logs.
SENT_ID = re.compile(r"[A-Za-z0-9._-]{1,40}")
# Where later code finds the id of a request, even when nobody acts any more.
REQUEST_ID = "campaign_studio.request_id"
# The setting of the database in which triggers find the key of the acting user.
DATABASE_ACTOR = "app.actor"


def is_api(path: str) -> bool:
    """Whether a path belongs to the REST API. All others are the console's."""
    return path == "/api" or path.startswith("/api/")


class Actor(Protocol):
    """What the foundations need to know about a user."""

    pk: Any
    username: str
    email: str

    @property
    def display_name(self) -> str:
        """The full name, else the username."""


class Reader(Protocol):
    """What a queryset needs to know about its reader, who may be Django's AnonymousUser or a device."""

    @property
    def pk(self) -> object:
        """The primary key; None if the reader isn't signed in."""

    @property
    def is_authenticated(self) -> bool:
        """Whether the reader is signed in."""


@dataclass(frozen=True)
class Acting:
    """Who makes the current changes, and through which door: `admin`, `api` or `command`.

    A device isn't a user: it is only named, as `device <device_id>`, which no user or command can be called.
    """

    door: str
    find_user: Callable[[], Actor | None] = lambda: None
    find_device: Callable[[], str] = lambda: ""
    command: str = ""
    remote_addr: str | None = None
    user_agent: str = ""
    request_id: str = field(default_factory=lambda: new_request_id())

    @property
    def name(self) -> str:
        """The name of the user, device or command, for `created_by_name` and `updated_by_name`."""
        user = self.find_user()
        return user.display_name if user else self.find_device() or self.command

    @property
    def username(self) -> str | None:
        """The username, or the name of the device or command; None if no one is signed in."""
        user = self.find_user()
        return user.username if user else self.find_device() or self.command or None


def new_request_id(sent: str = "") -> str:
    """A new id of 20 hexadecimal digits. After a slash follows the id that was `sent` along, if it is usable.

    Only the part before the slash is ours, so nobody can give a request the id of another one.
    """
    own = secrets.token_hex(10)
    return f"{own}/{sent}" if SENT_ID.fullmatch(sent) else own


_acting: ContextVar[Acting | None] = ContextVar("acting", default=None)


def current() -> Acting | None:
    """Who is acting; None outside requests and attributed commands."""
    return _acting.get()


def current_request_id() -> str | None:
    """The id that log lines, audit entries and the response of one request share (`X-Request-ID`)."""
    acting = _acting.get()
    return acting.request_id if acting else None


def current_user() -> Any:
    """The signed-in user (an `Actor`) behind the current request or command, if any."""
    acting = _acting.get()
    return acting.find_user() if acting else None


def current_address() -> str:
    """The client's IP address; "" outside requests."""
    acting = _acting.get()
    return (acting.remote_addr or "") if acting else ""


@contextmanager
def acting_as(who: Actor | str, *, door: str = "command") -> Iterator[None]:
    """Attribute all changes inside to a user, or to a command by its name."""
    acting = Acting(door, command=who) if isinstance(who, str) else Acting(door, find_user=lambda: who)
    token = _acting.set(acting)
    try:
        yield
    finally:
        _acting.reset(token)


def set_database_actor() -> None:
    """Tell triggers who acts, until the transaction ends: `current_setting('app.actor', true)`."""
    user = current_user()
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config(%s, %s, true)", [DATABASE_ACTOR, str(user.pk) if user else ""])


class ActingMiddleware:
    """Gives each request an id and a door, and returns the id as `X-Request-ID`.

    A client or a proxy may send its own id, 1–40 letters, digits, dots, hyphens or underscores, which follows ours.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request_id = new_request_id(request.META.get("HTTP_X_REQUEST_ID", ""))
        request.META[REQUEST_ID] = request_id
        acting = Acting(
            door="api" if is_api(request.path_info) else "admin",
            find_user=lambda: _signed_in(request),
            find_device=lambda: _device(request),
            remote_addr=request.META.get("REMOTE_ADDR") or None,
            user_agent=request.META.get("HTTP_USER_AGENT", "")[:255],
            request_id=request_id,
        )
        token = _acting.set(acting)
        try:
            response = self.get_response(request)
        finally:
            _acting.reset(token)
        response["X-Request-ID"] = request_id
        return response


def kind_of(asker: Reader) -> str:
    """Who sends an authenticated request: a `user`, or a `device`, whose key could equal a user's."""
    return "user" if isinstance(asker, _user_model()) else "device"


@cache
def _user_model() -> type:
    return get_user_model()


def _signed_in(request: HttpRequest) -> Any:
    user = getattr(request, "user", None)
    return user if user is not None and user.is_authenticated and kind_of(user) == "user" else None


def _device(request: HttpRequest) -> str:
    asker = getattr(request, "user", None)
    if asker is None or not asker.is_authenticated or kind_of(asker) != "device":
        return ""
    return f"device {asker.pk}"
