"""Who may do what with users, sessions and the logs.

Without an object, a predicate says whether the user could have the permission for any object.
"""

from typing import TYPE_CHECKING

import rules
from django.contrib.auth import get_user_model
from rules.permissions import permissions

from accounts.choices import ADMIN_ROLES, LEVELS, STAFF_ROLES, RoleName
from campaign_studio.acting import Reader

if TYPE_CHECKING:
    from accounts.models import AuditEntry, SecurityEvent, User
    from accounts.signin.sessions import Session


def role_of(user: Reader) -> str | None:
    """The name of the user's role, or None for anonymous users."""
    return getattr(user, "role_id", None)


def role_in(*roles: str) -> rules.Predicate:
    """A predicate that is true for users with one of `roles`."""
    allowed = frozenset(roles)
    return rules.Predicate(lambda user: role_of(user) in allowed, name=f"role in {sorted(allowed)}")


is_signed_in = role_in(*RoleName.values)
is_system_admin = role_in(RoleName.SYSTEM_ADMIN)
is_admin = role_in(*ADMIN_ROLES)
is_staff = role_in(*STAFF_ROLES)


@rules.predicate
def is_oneself(user: "User", other: "User | None" = None) -> bool:
    """The other user is the acting user."""
    return other is None or other.pk == user.pk


@rules.predicate
def is_within_reach(user: "User", other: "User | None" = None) -> bool:
    """Only system administrators may act on system administrators."""
    return other is None or user.role_id == RoleName.SYSTEM_ADMIN or other.role_id != RoleName.SYSTEM_ADMIN


@rules.predicate
def is_session_of_oneself(user: "User", session: "Session | None" = None) -> bool:
    """The session is the user's own."""
    return session is None or session.user_id == user.pk


@rules.predicate
def is_session_within_reach(user: "User", session: "Session | None" = None) -> bool:
    """The session belongs to a user who is within reach."""
    return session is None or is_within_reach(user, session.user)


@rules.predicate
def is_entry_within_reach(user: "User", entry: "AuditEntry | None" = None) -> bool:
    """The audit entry isn't about a user whom the reader can't see, or who has been deleted."""
    if entry is None or entry.content_type.model_class() is not get_user_model():
        return True
    return _can_see(user, entry.object_pk)


@rules.predicate
def is_event_within_reach(user: "User", event: "SecurityEvent | None" = None) -> bool:
    """The security event belongs to no account, or to one that the reader can see."""
    return event is None or event.user_id is None or _can_see(user, event.user_id)


def _can_see(user: "User", key: object) -> bool:
    if user.role_id == RoleName.SYSTEM_ADMIN:
        return True
    return bool(get_user_model().objects.visible_to(user).filter(pk=key).exists())


@rules.predicate
def is_not_above(user: "User", role_name: str | None = None) -> bool:
    """The role isn't above the user's own."""
    return role_name is None or LEVELS[role_name] >= user.level


def permissions_of(user: "User") -> list[str]:
    """The names of the permissions that the user has, at least for some objects."""
    return sorted(name for name in permissions if "." in name and user.has_perm(name))


rules.add_perm("accounts", is_admin)
rules.add_perm("accounts.list_user", is_admin)
rules.add_perm("accounts.view_user", is_signed_in & (is_oneself | (is_admin & is_within_reach)))
rules.add_perm("accounts.add_user", is_admin)
rules.add_perm("accounts.change_user", is_signed_in & (is_oneself | (is_admin & is_within_reach)))
rules.add_perm("accounts.administer_user", is_admin & is_within_reach)
rules.add_perm("accounts.delete_user", is_system_admin)
rules.add_perm("accounts.assign_role", is_admin & is_not_above)
rules.add_perm("accounts.view_role", is_signed_in)
rules.add_perm("accounts.view_auditentry", is_admin & is_entry_within_reach)
# The history of an object that the user may see.
rules.add_perm("accounts.view_history", is_staff)
rules.add_perm("accounts.view_securityevent", is_admin & is_event_within_reach)
rules.add_perm("accounts.view_session", is_signed_in & (is_session_of_oneself | (is_admin & is_session_within_reach)))
rules.add_perm("accounts.revoke_session", is_signed_in & (is_session_of_oneself | (is_admin & is_session_within_reach)))
