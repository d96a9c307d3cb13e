"""Which users, sessions and log entries a user may see."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Self, TypeVar
from uuid import UUID

from auditlog.models import LogEntryManager
from auditlog.registry import auditlog
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import BaseUserManager
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models import Case, Exists, F, OuterRef, Q, Value, When
from django.db.models.functions import Cast, Lower
from django.utils import timezone, translation

from accounts.audit.shortening import ShortChanges
from accounts.choices import ADMIN_ROLES, LEVELS, Door, RoleName, SecurityEventKind
from accounts.rules import role_of
from campaign_studio.acting import Reader, current
from campaign_studio.querysets import StudioQuerySet

if TYPE_CHECKING:
    from accounts.models import User


# The console asks for the password again after this long without a request (ASVS 5, 7.3.1).
CONSOLE_IDLE = timedelta(hours=4)


Log = TypeVar("Log", bound=models.QuerySet)


def _with_traces(rows: Log, is_shown: Q, **columns: str) -> Log:
    """Annotate `shown_…` for each of `columns`: its value where `is_shown`, else null."""
    model = rows.model
    return rows.annotate(
        **{
            f"shown_{name}": Case(
                When(is_shown, then=F(column)), default=None, output_field=model._meta.get_field(column).clone()
            )
            for name, column in columns.items()
        }
    )


class RoleQuerySet(StudioQuerySet):
    """The six roles, filtered by who may see or assign them."""

    def visible_to(self, user: Reader) -> Self:
        """All roles for every signed-in user."""
        return self if user.is_authenticated else self.none()

    def assignable_by(self, user: "User") -> Self:
        """The roles that `user` may assign, up to their own level."""
        if user.role_id not in ADMIN_ROLES:
            return self.none()
        return self.filter(role_level__gte=LEVELS[user.role_id])


class UserQuerySet(StudioQuerySet):
    """Users, found by name or filtered by who may see or change them."""

    def visible_to(self, user: Reader) -> Self:
        """System administrators see all users, application administrators all except those, others themselves."""
        if not user.is_authenticated:
            return self.none()
        if role_of(user) == RoleName.SYSTEM_ADMIN:
            return self
        if role_of(user) == RoleName.APP_ADMIN:
            return self.exclude(role_id=RoleName.SYSTEM_ADMIN)
        return self.filter(pk=user.pk)

    def changeable_by(self, user: Reader) -> Self:
        """The same as `visible_to`: users may change every user they see."""
        return self.visible_to(user)

    def named(self, identifier: str) -> Self:
        """The user with this username or email address, ignoring case. At most one: usernames can't contain `@`."""
        wanted = Lower(Value(identifier))
        return self.alias(lower_username=Lower("username"), lower_email=Lower("email")).filter(
            Q(lower_username=wanted) | Q(lower_email=wanted)
        )

    def active_system_admins(self) -> Self:
        """Active system administrators, of whom there must always be one."""
        return self.filter(role_id=RoleName.SYSTEM_ADMIN, is_active=True)


class UserManager(BaseUserManager.from_queryset(UserQuerySet)):  # type: ignore[misc]
    """Creates users with a hashed password and finds them by username or email address."""

    def create_user(self, username: str, email: str, password: str | None = None, **fields: Any) -> "User":
        """Create and validate a user. A password of None is unusable.

        Raises ValidationError for anything the model refuses.
        """
        user: User = self.model(username=username, email=email, **fields)
        user.set_password(password)
        user.full_clean()
        user.save()
        return user

    def create_superuser(self, username: str, email: str, password: str | None = None, **fields: Any) -> "User":
        """Create a system administrator (used by `manage.py createsuperuser`)."""
        return self.create_user(username, email, password, **fields | {"role_id": RoleName.SYSTEM_ADMIN})

    def get_by_natural_key(self, username: str | None) -> "User":
        found: User = self.named(username or "").get()
        return found


class SessionQuerySet(StudioQuerySet):
    """Sessions of the API and the console, both active and ended."""

    def visible_to(self, user: Reader) -> Self:
        """The sessions of the users whom `UserQuerySet.visible_to()` contains."""
        if not user.is_authenticated:
            return self.none()
        if role_of(user) == RoleName.SYSTEM_ADMIN:
            return self
        if role_of(user) in ADMIN_ROLES:
            return self.exclude(user__role_id=RoleName.SYSTEM_ADMIN)
        return self.filter(user=user.pk)

    def as_rows(self) -> Self:
        return self.select_related("user")

    def alive(self, *, at: datetime) -> Self:
        """Sessions that can still be used: not ended, not expired and, in the console, not idle for too long."""
        is_in_use = ~Q(door=Door.ADMIN) | Q(last_seen_at__gt=at - CONSOLE_IDLE)
        return self.filter(is_in_use, revoked_at__isnull=True, expires_at__gt=at)

    def end(self, *, at: datetime) -> int:
        """End the sessions. Returns how many of them hadn't ended before."""
        return self.filter(revoked_at__isnull=True).update(revoked_at=at)


class SecurityEventQuerySet(StudioQuerySet):
    """Events in the security log."""

    def visible_to(self, user: Reader) -> Self:
        """Only for administrators, like the audit log, and without the accounts that the reader can't see."""
        if role_of(user) not in ADMIN_ROLES:
            return self.none()
        visible = self.with_traces_for(user)
        if role_of(user) == RoleName.SYSTEM_ADMIN:
            return visible
        return visible.filter(Q(user__isnull=True) | Q(user__in=get_user_model().objects.visible_to(user)))

    def with_traces_for(self, reader: Reader) -> Self:
        """Annotate `shown_remote_addr`, `shown_user_agent` and `shown_request_id`: the traces of who caused the event.

        Application administrators see them if it was the account itself, nobody who had signed in, or a device: anyone
        else may have been a system administrator.
        """
        is_shown = Q(actor_username__isnull=True) | Q(actor_username=F("username"))
        # Only devices report views.
        is_shown |= Q(kind=SecurityEventKind.IMPLAUSIBLE_VIEWS)
        return _with_traces(
            self,
            ~Q(pk__in=[]) if role_of(reader) == RoleName.SYSTEM_ADMIN else is_shown,
            remote_addr="remote_addr",
            user_agent="user_agent",
            request_id="request_id",
        )

    def record(self, kind: SecurityEventKind, user: "User | None", *, detail: str = "") -> None:
        """Record an event on `user`'s account, caused by the acting user or command.

        `user` is None if the typed username matches no account. `detail` is stored, so it isn't translated.
        """
        acting = current()
        self.create(
            kind=kind,
            happened_at=timezone.now(),
            user=user,
            username=user.username if user else None,
            actor_username=acting.username if acting else None,
            remote_addr=acting.remote_addr if acting else None,
            user_agent=acting.user_agent if acting else "",
            door=acting.door if acting else None,
            request_id=acting.request_id if acting else None,
            detail=detail[:255],
        )


class AuditEntryQuerySet(StudioQuerySet):
    """Entries of the audit log."""

    def visible_to(self, user: Reader) -> Self:
        """The log, only for administrators, and without the users that they can't see.

        To application administrators, deleted users are out of sight too: the log doesn't say which role they had last.
        Others read the history of single objects, see `about`.
        """
        if role_of(user) not in ADMIN_ROLES:
            return self.none()
        visible = self.with_traces_for(user)
        if role_of(user) == RoleName.SYSTEM_ADMIN:
            return visible
        people = get_user_model()
        in_sight = people.objects.visible_to(user).values(key=Cast("pk", models.CharField()))
        return visible.exclude(~Q(object_pk__in=in_sight), content_type=ContentType.objects.get_for_model(people))

    def with_traces_for(self, reader: Reader) -> Self:
        """Annotate `shown_remote_addr` and `shown_request_id`: the traces of who made the change.

        Application administrators see those of users whom they can see, and of commands. Other readers see none.
        """
        role = role_of(reader)
        in_sight = get_user_model().objects.visible_to(reader).filter(pk=OuterRef("actor_id"))
        is_shown = Q(pk__in=[])
        if role == RoleName.SYSTEM_ADMIN:
            is_shown = ~is_shown
        elif role == RoleName.APP_ADMIN:
            is_shown = Q(actor_id__isnull=True) | Q(Exists(in_sight))
        return _with_traces(self, is_shown, remote_addr="remote_addr", request_id="cid")

    def as_rows(self) -> Self:
        """The entries as a list shows them: `short_changes` in place of `changes`, which may be megabytes."""
        return self.select_related("content_type").defer("changes").annotate(short_changes=ShortChanges("changes"))

    def about(self, instance: models.Model, *, reader: "User") -> Self:
        """The history of one object: its own entries, and those of its parts that `reader` may see.

        With the traces that `reader` may see.
        """
        readable = [
            kind.pk
            for model, kind in ContentType.objects.get_for_models(*auditlog.get_models()).items()
            if reader.has_perm(f"{model._meta.app_label}.view_{model._meta.model_name}")
        ]
        parts = Q(parent_id=instance.pk) if isinstance(instance.pk, UUID) else Q()
        entries = self.filter(Q(object_pk=str(instance.pk)) | parts, content_type__in=readable)
        return entries.with_traces_for(reader)

    def by(self, who: str) -> Self:
        """Entries by one actor: a key of `actors()`, or a username in any case."""
        try:
            return self.filter(actor_id=UUID(who))
        except ValueError:
            return self.filter(Q(actor_username__iexact=who) | Q(actor_id__isnull=True, actor_name=who))

    def touching(self, column: str) -> Self:
        """Entries in which a field changed, by its name in `changes`."""
        return self.filter(changes__has_key=column)

    def actors(self) -> dict[str, str]:
        """All actors in these entries, sorted by name: user id or name of the command → display name."""
        found = self.exclude(actor_id__isnull=True, actor_name__isnull=True).order_by("actor_name").distinct()
        return {
            str(key or name): f"{name} ({username})" if username and username != name else str(name)
            for key, name, username in found.values_list("actor_id", "actor_name", "actor_username")
        }

    def columns(self) -> set[tuple[int, str]]:
        """All fields that changed in these entries: id of the content type, name in `changes`."""
        names = models.Func("changes", function="jsonb_object_keys", output_field=models.TextField())
        return set(self.order_by().values_list("content_type_id", names).distinct())


class AuditEntryManager(LogEntryManager.from_queryset(AuditEntryQuerySet)):  # type: ignore[misc]
    """The audit log, with the library's methods that write entries."""

    def log_create(self, *args: Any, **kwargs: Any) -> Any:
        """Write an entry. The name of the object is stored, so it doesn't depend on the active language."""
        with translation.override(settings.LANGUAGE_CODE):
            return super().log_create(*args, **kwargs)
