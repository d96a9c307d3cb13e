"""Who is acting, and what the audit log may show.

One context variable says who is behind the current request or command; one permanent signal receiver writes it into
every entry. Nothing is connected per request (8-reliability R20), and the user is read only when an entry is written,
so that a token user, whom the API authenticates late, is found too.
"""

import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from auditlog import get_logentry_model
from auditlog.registry import auditlog
from django.core.exceptions import FieldDoesNotExist
from django.db import connection, models
from django.db.models.signals import pre_save
from django.http import HttpRequest, HttpResponse

if TYPE_CHECKING:
    from accounts.models import User

CHANGED = "[changed]"
# What every entry says by itself (who, when) or what only follows from other fields.
NEVER_LOGGED = frozenset({"created_at", "updated_at", "created_by_name", "updated_by_name", "version"})
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


@dataclass(frozen=True)
class Acting:
    """Who changes things right now, and through which door: `admin`, `api` or `command`."""

    door: str
    find_user: Callable[[], "User | None"] = lambda: None
    command: str = ""
    remote_addr: str | None = None
    user_agent: str = ""
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))

    @property
    def name(self) -> str:
        """The name for `created_by_name` and `updated_by_name`: the user's, else the command's."""
        user = self.find_user()
        return user.display_name if user else self.command

    @property
    def username(self) -> str | None:
        """The user's, else the command's name; None for somebody who isn't signed in."""
        user = self.find_user()
        return user.username if user else self.command or None


_acting: ContextVar[Acting | None] = ContextVar("acting", default=None)


def current() -> Acting | None:
    """Who is acting, or None outside of requests and attributed commands."""
    return _acting.get()


def current_request_id() -> str | None:
    """The id that joins log lines, audit entries and answers of one request (`X-Request-ID`)."""
    acting = _acting.get()
    return acting.request_id if acting else None


def current_user() -> "User | None":
    """The signed-in user behind the present request or command; None when there is none."""
    acting = _acting.get()
    return acting.find_user() if acting else None


def current_address() -> str:
    """The address that the present request comes from; "" outside of requests."""
    acting = _acting.get()
    return (acting.remote_addr or "") if acting else ""


@contextmanager
def acting_as(who: "User | str", *, door: str = "command") -> Iterator[None]:
    """Attribute everything inside to a user, or to a command by its name."""
    acting = Acting(door, command=who) if isinstance(who, str) else Acting(door, find_user=lambda: who)
    token = _acting.set(acting)
    try:
        yield
    finally:
        _acting.reset(token)


def tell_database() -> None:
    """Let triggers know who acts until the transaction ends: `current_setting('app.actor', true)` (R20)."""
    user = current_user()
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('app.actor', %s, true)", [str(user.pk) if user else ""])


class ActingMiddleware:
    """Gives each request an id and a door, and answers the id as `X-Request-ID`.

    A client's own id is taken over when it is 1-64 letters, digits, dots, dashes or underscores.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Handle one request."""
        sent = request.headers.get("X-Request-ID", "")
        request_id = sent if REQUEST_ID.fullmatch(sent) else str(uuid.uuid4())
        acting = Acting(
            door="api" if request.path_info.startswith("/api/") else "admin",
            find_user=lambda: _signed_in(request),
            remote_addr=request.META.get("REMOTE_ADDR") or None,
            user_agent=request.headers.get("User-Agent", "").replace("\x00", "")[:255],
            request_id=request_id,
        )
        token = _acting.set(acting)
        try:
            response = self.get_response(request)
        finally:
            _acting.reset(token)
        response["X-Request-ID"] = request_id
        return response


def _signed_in(request: HttpRequest) -> "User | None":
    user = getattr(request, "user", None)
    return user if user is not None and user.is_authenticated else None


def register(model: type[models.Model], *, exclude: set[str] = frozenset(), mask: set[str] = frozenset()) -> None:  # type: ignore[assignment]
    """Log every change of `model`. `exclude` leaves fields out; `mask` logs that they changed, never to what (R18).

    Fields are listed one by one because the library would log reverse relations as well.
    """
    hidden = NEVER_LOGGED | exclude | {model._meta.pk.name}
    auditlog.register(
        model,
        include_fields=[field.name for field in model._meta.concrete_fields if field.name not in hidden],
        mask_fields=list(mask),
    )


def changed_mark(value: str) -> str | None:
    """What the log shows of a masked value: that there was one."""
    return CHANGED if value not in ("", "None") else None


def log_access(instance: models.Model) -> None:
    """Record that the acting user has seen something that is hidden otherwise."""
    entries = get_logentry_model()
    entries.objects.log_create(instance, force_log=True, action=entries.Action.ACCESS)


def _attribute(sender: type[models.Model], instance: Any, **kwargs: Any) -> None:
    """Fill who, whence and by which door into a new entry; name foreign keys as the API does (`advertiser_id`)."""
    if not isinstance(instance, get_logentry_model()) or not instance._state.adding:
        return
    acting = _acting.get()
    if acting:
        user = acting.find_user()
        instance.actor = user
        instance.actor_name = acting.name
        instance.actor_username = user.username if user else None
        instance.actor_email = user.email if user else None
        instance.remote_addr = acting.remote_addr
        instance.door = acting.door
    instance.parent_id = (instance.additional_data or {}).get("parent_id")
    if instance.changes:
        model = instance.content_type.model_class()
        instance.changes = {_column(model, name): change for name, change in instance.changes.items()}


def _column(model: type[models.Model] | None, name: str) -> str:
    """`advertiser` → `advertiser_id`: the name by which everybody outside knows a foreign key."""
    try:
        found = model._meta.get_field(name) if model else None
    except FieldDoesNotExist:
        return name
    # A role is written by its name, not by an id: the column carries the field's own name.
    return found.attname if isinstance(found, models.ForeignKey) and found.column == found.attname else name


pre_save.connect(_attribute, dispatch_uid="campaign_studio.audit")
