"""Users, their sessions, and the logs of what they did."""

from accounts.audit.models import AuditEntry, AuditEntryToSeal, AuditSeal, SecurityEvent
from accounts.models.people import LAST_SYSTEM_ADMIN, Role, User
from accounts.signin.attempts import LockedOutError, SignInAttempts
from accounts.signin.sessions import Session
from accounts.signin.two_factor import RecoveryCode, TOTPDevice

__all__ = [
    "LAST_SYSTEM_ADMIN",
    "AuditEntry",
    "AuditEntryToSeal",
    "AuditSeal",
    "LockedOutError",
    "RecoveryCode",
    "Role",
    "SecurityEvent",
    "Session",
    "SignInAttempts",
    "TOTPDevice",
    "User",
]
