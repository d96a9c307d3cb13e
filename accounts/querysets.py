"""What may be seen of people and of the log."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Self
from uuid import UUID

from auditlog.models import LogEntryManager
from auditlog.registry import auditlog
from django.contrib.auth.base_user import BaseUserManager
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models import Q, Value
from django.db.models.functions import Lower
from django.utils import timezone

from accounts.choices import ADMIN_ROLES, LEVELS, Door, RoleName, SecurityEventKind
from accounts.rules import role_of
from campaign_studio.acting import Reader, current
from campaign_studio.querysets import StudioQuerySet

if TYPE_CHECKING:
    from accounts.models import User


# After so long without a click the console asks for the password again (ASVS 5, 7.3.1).
CONSOLE_IDLE = timedelta(hours=4)


class RoleQuerySet(StudioQuerySet):
    """The six roles, which everybody signed in may see."""

    def visible_to(self, user: Reader) -> Self:
        """Everybody who is signed in may know the roles."""
        return self if user.is_authenticated else self.none()

    def assignable_by(self, user: "User") -> Self:
        """The roles that `user` may give to others: never one above their own."""
        if user.role_id not in ADMIN_ROLES:
            return self.none()
        return self.filter(role_level__gte=LEVELS[user.role_id])


class UserQuerySet(StudioQuerySet):
    """Users, found by name and narrowed to those that a reader may see or change."""

    def visible_to(self, user: Reader) -> Self:
        """System admins see all, app admins all but system admins, everybody else themselves."""
        if not user.is_authenticated:
            return self.none()
        if role_of(user) == RoleName.SYSTEM_ADMIN:
            return self
        if role_of(user) == RoleName.APP_ADMIN:
            return self.exclude(role_id=RoleName.SYSTEM_ADMIN)
        return self.filter(pk=user.pk)

    def changeable_by(self, user: Reader) -> Self:
        """The same: who sees people may change them, and everybody themselves."""
        return self.visible_to(user)

    def named(self, identifier: str) -> Self:
        """Those whose username or e-mail is `identifier`, whatever the case. At most one: usernames hold no `@`."""
        wanted = Lower(Value(identifier))
        return self.alias(lower_username=Lower("username"), lower_email=Lower("email")).filter(
            Q(lower_username=wanted) | Q(lower_email=wanted)
        )

    def active_system_admins(self) -> Self:
        """Those who can still do everything."""
        return self.filter(role_id=RoleName.SYSTEM_ADMIN, is_active=True)


class UserManager(BaseUserManager.from_queryset(UserQuerySet)):  # type: ignore[misc]
    """Creates users with a hashed password, and finds them by username or e-mail."""

    def create_user(self, username: str, email: str, password: str | None = None, **fields: Any) -> "User":
        """Create a validated user with a hashed password; None means no password works.

        Raises ValidationError for anything the model refuses.
        """
        user: User = self.model(username=username, email=email, **fields)
        user.set_password(password)
        user.full_clean()
        user.save()
        return user

    def create_superuser(self, username: str, email: str, password: str | None = None, **fields: Any) -> "User":
        """Create a system administrator (what `manage.py createsuperuser` calls)."""
        return self.create_user(username, email, password, **fields | {"role_id": RoleName.SYSTEM_ADMIN})

    def get_by_natural_key(self, username: str | None) -> "User":
        found: User = self.named(username or "").get()
        return found


class SessionQuerySet(StudioQuerySet):
    """Sessions of API and console, alive ones and ended ones."""

    def visible_to(self, user: Reader) -> Self:
        """One's own; admins see others', system administrators' only system administrators."""
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
        """Those that can still be used: not ended, not expired, and in the console not left alone for too long."""
        is_in_use = ~Q(door=Door.ADMIN) | Q(last_seen_at__gt=at - CONSOLE_IDLE)
        return self.filter(is_in_use, revoked_at__isnull=True, expires_at__gt=at)

    def end(self, *, at: datetime) -> int:
        """End them all; returns how many were alive."""
        return self.filter(revoked_at__isnull=True).update(revoked_at=at)


class SecurityEventQuerySet(StudioQuerySet):
    """What happened at the doors."""

    def visible_to(self, user: Reader) -> Self:
        """For admins, like the audit log."""
        return self if role_of(user) in ADMIN_ROLES else self.none()

    def record(self, kind: SecurityEventKind, user: "User | None", *, detail: str = "") -> None:
        """Write one event about `user`'s account (None: nobody is known by that name), by whoever acts now."""
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
    """Entries of the audit log: all of them for admins, the history of single objects for others."""

    def visible_to(self, user: Reader) -> Self:
        """The whole log is for admins; others read the history of what they may read, object by object."""
        return self if role_of(user) in ADMIN_ROLES else self.none()

    def as_rows(self) -> Self:
        return self.select_related("content_type")

    def about(self, instance: models.Model, *, reader: "User") -> Self:
        """The history of one object: its own entries and those of its parts, as far as `reader` may see such parts."""
        readable = [
            kind.pk
            for model, kind in ContentType.objects.get_for_models(*auditlog.get_models()).items()
            if reader.has_perm(f"{model._meta.app_label}.view_{model._meta.model_name}")
        ]
        parts = Q(parent_id=instance.pk) if isinstance(instance.pk, UUID) else Q()
        return self.filter(Q(object_pk=str(instance.pk)) | parts, content_type__in=readable)

    def by(self, who: str) -> Self:
        """What one of `people()` did; a username, whatever the case, will do as well."""
        try:
            return self.filter(actor_id=UUID(who))
        except ValueError:
            return self.filter(Q(actor_username__iexact=who) | Q(actor_id__isnull=True, actor_name=who))

    def touching(self, column: str) -> Self:
        """Those in which a field changed, named as `changes` names it."""
        return self.filter(changes__has_key=column)

    def people(self) -> dict[str, str]:
        """Everybody who appears here, by name: user id, or the name of a command → what to call them."""
        found = self.exclude(actor_id__isnull=True, actor_name__isnull=True).order_by("actor_name").distinct()
        return {
            str(key or name): f"{name} ({username})" if username and username != name else str(name)
            for key, name, username in found.values_list("actor_id", "actor_name", "actor_username")
        }

    def columns(self) -> set[tuple[int, str]]:
        """The fields that appear here: id of the content type, name in `changes`."""
        names = models.Func("changes", function="jsonb_object_keys", output_field=models.TextField())
        return set(self.order_by().values_list("content_type_id", names).distinct())


class AuditEntryManager(LogEntryManager.from_queryset(AuditEntryQuerySet)):  # type: ignore[misc]
    """The log, with the library's ways to write entries."""
