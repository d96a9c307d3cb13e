"""Roles, and the people who have them."""

import uuid
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Any

import rules
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models, transaction
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone

from accounts.audit.models import SecurityEvent
from accounts.choices import LEVELS, STAFF_ROLES, RoleName, SecurityEventKind
from accounts.querysets import RoleQuerySet, UserManager
from campaign_studio import acting
from campaign_studio.constraints import FieldUnique
from campaign_studio.models.base import TimestampedModel

if TYPE_CHECKING:
    from accounts.signin.sessions import Session

LAST_SYSTEM_ADMIN = "This is the last active system administrator. Make somebody else one first."


class Role(TimestampedModel):
    """What a group of people may do. The six rows come with the first migration."""

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


# The two-factor library publishes no types, so the managers of its devices can't be resolved.
class User(AbstractBaseUser, TimestampedModel):  # type: ignore[django-manager-missing]
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
    # The session by which they are acting right now, set by whoever let them in.
    present_session: "Session | None" = None
    # Whether they have just shown a two-factor code, set by the sign-in.
    has_shown_code = False

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
        return self.display_name

    def get_short_name(self) -> str:
        return self.first_name or self.username

    def has_perm(self, perm: str, obj: object = None) -> bool:
        """Ask the one matrix (`<app>/rules.py`). Without an object: whether they may at all."""
        return self.is_active and rules.has_perm(perm, self, obj)

    def has_perms(self, perm_list: Collection[str], obj: object = None) -> bool:
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
        """Write. A new password or role, and deactivation, end the sessions at once; one's own new password spares
        the session that set it.

        Raises ValidationError for the last system administrator, also when two demote each other at once.
        """
        with transaction.atomic():
            if not (self.is_superuser and self.is_active) and self._was_the_last_system_admin():
                raise ValidationError(LAST_SYSTEM_ADMIN, code="last_system_admin")
            changes = list(self._changes_of_access())
            super().save(**kwargs)
            if changes:
                kept = self.acting_session() if changes == [SecurityEventKind.PASSWORD_CHANGED] else None
                self.end_sessions(but=kept)
            for kind in changes:
                SecurityEvent.objects.record(kind, self)

    def end_sessions(self, *, but: "Session | None" = None) -> None:
        """Sign them out everywhere, `but` in one session."""
        ending = self.sessions.exclude(pk=but.pk) if but else self.sessions.all()
        ending.end(at=timezone.now())

    def _changes_of_access(self) -> Iterator[SecurityEventKind]:
        if self._state.adding:
            return
        # Set until saved by set_password(); a mere rehash of the same password clears it before.
        if self._password is not None:  # type: ignore[attr-defined]
            yield SecurityEventKind.PASSWORD_CHANGED
        if self.has_changed("role_id"):
            yield SecurityEventKind.ROLE_CHANGED
        if self.has_changed("is_active") and not self.is_active:
            yield SecurityEventKind.DEACTIVATED

    def acting_session(self) -> "Session | None":
        """The session behind the present request, where it is their own."""
        actor = acting.current_user()
        return actor.present_session if actor is not None and actor.pk == self.pk else None

    def delete(self, using: str | None = None, keep_parents: bool = False) -> tuple[int, dict[str, int]]:
        """Delete for good. Raises ValidationError for the last system administrator, ProtectedError for creators."""
        with transaction.atomic():
            if self._was_the_last_system_admin():
                raise ValidationError(LAST_SYSTEM_ADMIN, code="last_system_admin")
            return super().delete(using, keep_parents)

    def _was_the_last_system_admin(self) -> bool:
        if self.stored("role_id") != RoleName.SYSTEM_ADMIN or not self.stored("is_active"):
            return False
        with transaction.atomic():
            # Locked in one order, so that two who demote each other at once can't both succeed.
            admins = type(self).objects.active_system_admins().select_for_update(no_key=True).order_by("pk")
            return [admin.pk for admin in admins] == [self.pk]
