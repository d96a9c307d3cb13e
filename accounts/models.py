"""Roles, users, sessions and the audit log."""

import hashlib
import uuid
from collections.abc import Collection
from datetime import datetime
from typing import Any

import rules
from auditlog.models import AbstractLogEntry
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models, transaction
from django.db.models import Q
from django.db.models.functions import Lower

from accounts.choices import LEVELS, STAFF_ROLES, RoleName
from accounts.querysets import AuditEntryManager, RoleQuerySet, UserManager
from campaign_studio.constraints import FieldUnique
from campaign_studio.models import RemembersStoredValues, TimestampedModel

LAST_SYSTEM_ADMIN = "This is the last active system administrator. Make somebody else one first."


class Role(TimestampedModel):
    """What a group of people may do (3-roles). The six rows come with the first migration."""

    role_id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    role_name = models.CharField(max_length=50, unique=True, choices=RoleName.choices)
    role_level = models.PositiveSmallIntegerField(help_text="1 may do everything, 6 the least.")
    role_description = models.TextField(null=True, blank=True)

    objects = RoleQuerySet.as_manager()

    class Meta:
        db_table = "roles"
        ordering = ["role_level"]
        constraints = [
            models.CheckConstraint(
                name="role_name_and_level_belong_together",
                condition=Q(*[Q(role_name=name, role_level=level) for name, level in LEVELS.items()], _connector=Q.OR),
                violation_error_message="There are six roles, each with its own level: system_admin 1 to guest 6.",
            )
        ]

    def __str__(self) -> str:
        return self.get_role_name_display()


class User(RemembersStoredValues, AbstractBaseUser, TimestampedModel):
    """A person who signs in. The role alone decides what they may do: there is no second switch to forget."""

    user_id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    username = models.CharField(
        max_length=100,
        validators=[
            RegexValidator(
                r"^[\w.+-]+\Z",
                "Use letters, digits and . + - _ only. An @ would make it an e-mail address.",
            )
        ],
        help_text="Letters, digits and . + - _ only.",
    )
    email = models.EmailField(max_length=255)
    first_name = models.CharField(max_length=100, blank=True)
    last_name = models.CharField(max_length=100, blank=True)
    role = models.ForeignKey(
        Role,
        models.PROTECT,
        to_field="role_name",
        db_column="role",
        default=RoleName.USER,
        related_name="users",
        help_text="Decides alone what this person may do, and whether they may enter this console.",
    )
    is_active = models.BooleanField(
        default=True, help_text="Switch off instead of deleting: they can no longer sign in."
    )
    is_verified = models.BooleanField(default=False, help_text="The e-mail address is known to be theirs.")

    objects = UserManager()

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["email"]
    remembered = ("role_id", "is_active")

    class Meta:
        db_table = "users"
        ordering = ["username", "user_id"]
        constraints = [
            FieldUnique(
                Lower("username"),
                field="username",
                name="username_is_unique_without_regard_to_case",
                violation_error_message="This username is taken.",
            ),
            FieldUnique(
                Lower("email"),
                field="email",
                name="email_is_unique_without_regard_to_case",
                violation_error_message="Somebody is registered with this e-mail address already.",
            ),
        ]

    def __str__(self) -> str:
        return self.username

    @property
    def display_name(self) -> str:
        """The full name, else the username."""
        return f"{self.first_name} {self.last_name}".strip() or self.username

    @property
    def level(self) -> int:
        """1 (everything) to 6 (least)."""
        return LEVELS[str(self.role_id)]

    @property
    def is_staff(self) -> bool:
        """Whether they may enter the admin console."""
        return self.role_id in STAFF_ROLES

    @property
    def is_superuser(self) -> bool:
        """Whether they are system administrator."""
        return self.role_id == RoleName.SYSTEM_ADMIN

    def get_full_name(self) -> str:
        """What the console greets them by."""
        return self.display_name

    def get_short_name(self) -> str:
        """First name, else username."""
        return self.first_name or self.username

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        """Ask the one matrix (`<app>/rules.py`). Without an object: whether they may at all."""
        return self.is_active and rules.has_perm(perm, self, obj)

    def has_perms(self, perm_list: Collection[str], obj: Any = None) -> bool:
        """Ask for several at once."""
        return all(self.has_perm(perm, obj) for perm in perm_list)

    def has_module_perms(self, app_label: str) -> bool:
        """Whether the console shows them an app at all."""
        return self.has_perm(app_label)

    def clean(self) -> None:
        """Normalise the address; refuse to lose the last system administrator."""
        super().clean()
        self.email = type(self).objects.normalize_email(self.email)
        if self._was_the_last_system_admin() and not (self.is_superuser and self.is_active):
            raise ValidationError(LAST_SYSTEM_ADMIN, code="last_system_admin")

    def save(self, **kwargs: Any) -> None:
        """Write. Raises ValidationError for the last system administrator, also when two demote each other at once."""
        with transaction.atomic():
            if not (self.is_superuser and self.is_active) and self._was_the_last_system_admin():
                raise ValidationError(LAST_SYSTEM_ADMIN, code="last_system_admin")
            super().save(**kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Delete for good. Raises ValidationError for the last system administrator, ProtectedError for creators."""
        with transaction.atomic():
            if self._was_the_last_system_admin():
                raise ValidationError(LAST_SYSTEM_ADMIN, code="last_system_admin")
            return super().delete(*args, **kwargs)

    def _was_the_last_system_admin(self) -> bool:
        if self.stored("role_id") != RoleName.SYSTEM_ADMIN or not self.stored("is_active"):
            return False
        with transaction.atomic():
            # Locked in one order, so that two who demote each other at once can't both succeed.
            admins = type(self).objects.active_system_admins().select_for_update(no_key=True).order_by("pk")
            return [admin.pk for admin in admins] == [self.pk]


class Session(models.Model):
    """One sign-in through the API. Its tokens carry its id and die with it (8-reliability R12).

    Only a hash of the present refresh token's id is kept: no token is stored.
    """

    session_id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, models.CASCADE, related_name="sessions")
    refresh_hash = models.CharField(max_length=64, editable=False)
    remote_addr = models.GenericIPAddressField(null=True, blank=True)
    user_agent = models.CharField(max_length=255, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    last_seen_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "sessions"
        ordering = ["-last_seen_at", "session_id"]

    def __str__(self) -> str:
        return f"{self.user} since {self.created_at:%Y-%m-%d %H:%M}"

    @staticmethod
    def hash_of(token_id: str) -> str:
        """What is stored of a refresh token's id."""
        return hashlib.sha256(token_id.encode()).hexdigest()

    def rotate(self, old: str, new: str, *, at: datetime) -> bool:
        """Replace the refresh token `old` by `new` (their ids). False when `old` is not the present one.

        A token that was replaced before has leaked: the whole session ends.
        """
        with transaction.atomic():
            held = Session.objects.select_for_update(of=("self",)).filter(pk=self.pk).first()
            if held is None or held.revoked_at:
                return False
            if held.refresh_hash != self.hash_of(old):
                held.revoke(at=at)
                return False
            held.refresh_hash = self.hash_of(new)
            held.last_seen_at = at
            held.save(update_fields=["refresh_hash", "last_seen_at"])
        return True

    def revoke(self, *, at: datetime) -> None:
        """End the session: its access token is refused from the next request on."""
        self.revoked_at = at
        self.save(update_fields=["revoked_at"])


class AuditEntry(AbstractLogEntry):
    """Who did what to which object, when, from where, by which door. Written by `campaign_studio.audit` alone."""

    # The log outlives the people in it: the id stays when the user is gone, and nothing here is rewritten for it.
    actor = models.ForeignKey(
        User,
        models.DO_NOTHING,
        db_constraint=False,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="user",
    )
    actor_username = models.CharField(max_length=100, null=True, blank=True, verbose_name="username")
    actor_name = models.CharField(
        max_length=200, null=True, blank=True, verbose_name="who", help_text="The person, or the command."
    )
    door = models.CharField(
        max_length=10,
        null=True,
        blank=True,
        choices=[("admin", "Admin console"), ("api", "API"), ("command", "Command")],
        help_text="The way in by which the change was made.",
    )
    parent_id = models.UUIDField(null=True, blank=True, help_text="The object that the changed row is a part of.")

    objects = AuditEntryManager()

    class Meta(AbstractLogEntry.Meta):
        db_table = "audit_log"
        verbose_name = "audit entry"
        verbose_name_plural = "audit log"
        ordering = ["-timestamp", "-id"]
        indexes = [
            models.Index(fields=["content_type", "object_pk", "-timestamp"], name="audit_object"),
            models.Index(fields=["parent_id", "-timestamp"], name="audit_parent"),
        ]
