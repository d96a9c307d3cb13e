"""Roles and users."""

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
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.audit.models import SecurityEvent
from accounts.choices import LEVELS, STAFF_ROLES, RoleName, SecurityEventKind
from accounts.querysets import RoleQuerySet, UserManager
from accounts.rules import permissions_of
from accounts.signin import confirmation, mails
from accounts.validators import validate_person_name, validate_username
from campaign_studio import acting
from campaign_studio.constraints import FieldUnique
from campaign_studio.models.base import TimestampedModel

if TYPE_CHECKING:
    from accounts.signin.sessions import Session

NAME_RULES = {
    "username": validate_username,
    "first_name": validate_person_name,
    "last_name": validate_person_name,
}
LAST_SYSTEM_ADMIN = _("This is the last active system administrator. Make someone else a system administrator first.")


class Role(TimestampedModel):
    """A set of permissions. The six rows are created by the first migration."""

    role_id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    role_name = models.CharField(_("role name"), max_length=50, unique=True, choices=RoleName.choices)
    role_level = models.PositiveSmallIntegerField(
        _("role level"), help_text=_("From 1 (full access) to 6 (least access).")
    )
    role_description = models.TextField(_("role description"), null=True, blank=True)

    objects = RoleQuerySet.as_manager()

    class Meta:
        db_table = "roles"
        verbose_name = _("role")
        verbose_name_plural = _("roles")
        ordering = ["role_level"]
        constraints = [
            models.CheckConstraint(
                name="role_name_and_level_belong_together",
                condition=Q(*[Q(role_name=name, role_level=level) for name, level in LEVELS.items()], _connector=Q.OR),
                violation_error_message=_(
                    "This role has a different level. Levels run from 1 (system administrator) to 6 (guest)."
                ),
            )
        ]

    def __str__(self) -> str:
        return self.get_role_name_display()


# The two-factor library publishes no types, so the managers of its devices can't be resolved.
class User(AbstractBaseUser, TimestampedModel):  # type: ignore[django-manager-missing]
    """A user account. The role alone determines what the user may do; there are no other flags or groups."""

    user_id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    username = models.CharField(
        _("username"),
        max_length=100,
        validators=[
            RegexValidator(
                r"^[\w.+-]+\Z",
                _("Use only letters, digits and the characters . + - and _."),
            )
        ],
        help_text=_("Only letters of one alphabet, digits and the characters . + - and _."),
    )
    email = models.EmailField(_("email address"), max_length=255)
    first_name = models.CharField(_("first name"), max_length=100, blank=True)
    last_name = models.CharField(_("last name"), max_length=100, blank=True)
    role = models.ForeignKey(
        Role,
        models.PROTECT,
        to_field="role_name",
        db_column="role",
        default=RoleName.USER,
        related_name="users",
        verbose_name=_("role"),
        help_text=_("Determines what this user may do and whether they may use the admin console."),
    )
    last_login = models.DateTimeField(_("last sign-in"), null=True, blank=True)
    is_active = models.BooleanField(
        _("active"),
        default=True,
        help_text=_("Turn this off instead of deleting the user. An inactive user can't sign in."),
    )
    is_verified = models.BooleanField(
        _("verified"),
        default=False,
        help_text=_(
            "The email address has been confirmed as this user's own. A new address has to be confirmed again."
        ),
    )
    email_revision = models.PositiveIntegerField(
        _("revision of the email address"),
        default=0,
        db_default=0,
        editable=False,
        help_text=_("How often the address was changed or confirmed, so that each link to confirm it works once."),
    )

    objects = UserManager()

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["email"]
    # The session of the current request, set where the request is authenticated.
    current_session: "Session | None" = None
    # Whether the user has just entered a correct two-factor code, set at sign-in.
    has_shown_code = False

    class Meta:
        db_table = "users"
        verbose_name = _("user")
        verbose_name_plural = _("users")
        ordering = ["username", "user_id"]
        constraints = [
            FieldUnique(
                Lower("username"),
                field="username",
                name="username_is_unique_without_regard_to_case",
                violation_error_message=_("This username is taken."),
            ),
            FieldUnique(
                Lower("email"),
                field="email",
                name="email_is_unique_without_regard_to_case",
                violation_error_message=_("A user with this email address already exists."),
            ),
        ]

    def __str__(self) -> str:
        return self.username

    @property
    def display_name(self) -> str:
        """The full name, or the username if there is none."""
        return f"{self.first_name} {self.last_name}".strip() or self.username

    @property
    def level(self) -> int:
        """The level of the role, from 1 (full access) to 6 (least access)."""
        return LEVELS[str(self.role_id)]

    @property
    def is_staff(self) -> bool:
        """Whether the user may use the admin console."""
        return self.role_id in STAFF_ROLES

    @property
    def is_superuser(self) -> bool:
        """Whether the user is a system administrator."""
        return self.role_id == RoleName.SYSTEM_ADMIN

    def get_full_name(self) -> str:
        return self.display_name

    def get_short_name(self) -> str:
        return self.first_name or self.username

    def has_perm(self, perm: str, obj: object = None) -> bool:
        """Whether the rules in `<app>/rules.py` grant the permission, for `obj` or, without it, at all."""
        return self.is_active and rules.has_perm(perm, self, obj)

    @property
    def permissions(self) -> list[str]:
        """The names of the permissions that the rules grant, at least for some objects."""
        return permissions_of(self)

    def has_perms(self, perm_list: Collection[str], obj: object = None) -> bool:
        return all(self.has_perm(perm, obj) for perm in perm_list)

    def has_module_perms(self, app_label: str) -> bool:
        """Whether the console lists this app for the user."""
        return self.has_perm(app_label)

    def clean(self) -> None:
        """Normalise the email address, check new names, and protect the last active system administrator.

        Raises ValidationError for a refused name, and if the last active system administrator would be demoted or
        deactivated.
        """
        super().clean()
        self.email = type(self).objects.normalize_email(self.email)
        self.check_changed(NAME_RULES)
        if self._was_the_last_system_admin() and not (self.is_superuser and self.is_active):
            raise ValidationError(LAST_SYSTEM_ADMIN, code="last_system_admin")

    def save(self, **kwargs: Any) -> None:
        """Save the user. A new password, a new role or deactivation ends all their sessions at once.

        A user who changes only their own password keeps the session in which they did so. A new email address isn't
        verified, and both addresses are told. Raises ValidationError if no active system administrator would remain,
        even when two demote each other at the same time.
        """
        with transaction.atomic():
            if not (self.is_superuser and self.is_active) and self._was_the_last_system_admin():
                raise ValidationError(LAST_SYSTEM_ADMIN, code="last_system_admin")
            changes = list(self._changes_of_access())
            former = self._former_email(kwargs.get("update_fields"))
            if former:
                self.is_verified = False
                self.email_revision += 1
                if kwargs.get("update_fields") is not None:
                    kwargs["update_fields"] = {*kwargs["update_fields"], "is_verified", "email_revision"}
            super().save(**kwargs)
            if changes:
                kept = self.acting_session() if changes == [SecurityEventKind.PASSWORD_CHANGED] else None
                self.end_sessions(but=kept)
            for kind in changes:
                SecurityEvent.objects.record(kind, self)
            if SecurityEventKind.PASSWORD_CHANGED in changes:
                url = mails.link("admin_password_reset")
                mails.send("password_changed", gettext("Your Campaign Studio password was changed"), self, url=url)
            if former:
                SecurityEvent.objects.record(SecurityEventKind.EMAIL_CHANGED, self)
                confirmation.tell_of_change(self, former)

    def end_sessions(self, *, but: "Session | None" = None) -> None:
        """End all sessions of this user except `but`."""
        ending = self.sessions.exclude(pk=but.pk) if but else self.sessions.all()
        ending.end(at=timezone.now())

    def _former_email(self, saved: Collection[str] | None) -> str | None:
        """The address that this save replaces, if any. Upper and lower case make no difference."""
        if not self.has_changed("email") or (saved is not None and "email" not in saved):
            return None
        former = str(self.stored("email"))
        return former if former.lower() != self.email.lower() else None

    def _changes_of_access(self) -> Iterator[SecurityEventKind]:
        if self._state.adding:
            return
        # set_password() sets `_password` until the user is saved. Rehashing the same password clears it before saving.
        if self._password is not None:  # type: ignore[attr-defined]
            yield SecurityEventKind.PASSWORD_CHANGED
        if self.has_changed("role_id"):
            yield SecurityEventKind.ROLE_CHANGED
        if self.has_changed("is_active") and not self.is_active:
            yield SecurityEventKind.DEACTIVATED

    def acting_session(self) -> "Session | None":
        """The session of the current request, if this user sent the request."""
        actor = acting.current_user()
        return actor.current_session if actor is not None and actor.pk == self.pk else None

    def delete(self, using: str | None = None, keep_parents: bool = False) -> tuple[int, dict[str, int]]:
        """Delete the user permanently.

        Raises ValidationError for the last active system administrator, ProtectedError for users who created content.
        """
        with transaction.atomic():
            if self._was_the_last_system_admin():
                raise ValidationError(LAST_SYSTEM_ADMIN, code="last_system_admin")
            return super().delete(using, keep_parents)

    def _was_the_last_system_admin(self) -> bool:
        if self.stored("role_id") != RoleName.SYSTEM_ADMIN or not self.stored("is_active"):
            return False
        with transaction.atomic():
            # Rows are locked in a fixed order, so two users who demote each other at once can't both succeed.
            admins = type(self).objects.active_system_admins().select_for_update(no_key=True).order_by("pk")
            return [admin.pk for admin in admins] == [self.pk]
