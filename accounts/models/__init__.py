"""People, their sessions and what they did."""

from accounts.models.answers import IdempotentAnswer
from accounts.models.attempts import LockedOutError, SignInAttempts
from accounts.models.log import AuditEntry, SecurityEvent
from accounts.models.people import LAST_SYSTEM_ADMIN, Role, User
from accounts.models.seals import AuditEntryToSeal, AuditSeal
from accounts.models.second_factor import RecoveryCode, TOTPDevice
from accounts.models.sessions import Session

__all__ = [
    "LAST_SYSTEM_ADMIN",
    "AuditEntry",
    "AuditEntryToSeal",
    "AuditSeal",
    "IdempotentAnswer",
    "LockedOutError",
    "RecoveryCode",
    "Role",
    "SecurityEvent",
    "Session",
    "SignInAttempts",
    "TOTPDevice",
    "User",
]
