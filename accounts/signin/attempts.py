"""Guessing passwords, counted: five wrong ones, then a lock-out.

Written by hand although django-axes exists: it counts after the hash, so that a hundred guesses at once are all
evaluated. Here one upsert counts and judges before the hash, and the same row is the lock (ADR 0007).
"""

import hashlib
import math
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import connection, models

from accounts.audit.models import SecurityEvent
from accounts.choices import SecurityEventKind

if TYPE_CHECKING:
    from accounts.models.people import User

# Codes are short, so they are counted per account as well, from wherever the guesses come.
CODE_FACTOR = 4

COUNT = """
INSERT INTO sign_in_attempts AS held (account, remote_addr, attempts, ends_at)
VALUES (%(account)s, %(remote_addr)s, 1, %(at)s + %(cooloff)s)
ON CONFLICT (account, remote_addr) DO UPDATE SET
    attempts = CASE WHEN held.ends_at <= %(at)s THEN 1 ELSE LEAST(held.attempts, %(limit)s) + 1 END,
    ends_at = CASE
        WHEN held.ends_at <= %(at)s OR held.attempts = %(limit)s - 1 THEN %(at)s + %(cooloff)s
        ELSE held.ends_at
    END
RETURNING attempts, ends_at
"""


class LockedOutError(Exception):
    """Too many failures; nothing was evaluated. `wait` is in seconds."""

    def __init__(self, wait: int) -> None:
        self.wait = wait
        minutes = math.ceil(wait / 60)
        super().__init__(
            f"Too many failed attempts. Try again in {minutes} minute{'s' if minutes > 1 else ''}, "
            "or ask an administrator to unlock you."
        )


class SignInAttemptsManager(models.Manager["SignInAttempts"]):
    """Counts failures by account and address in the database, and clears them after a success."""

    def attempt(
        self, account: "User | str", remote_addr: str, *, at: datetime, limit: int | None = None
    ) -> "SignInAttempts":
        """Count one more attempt, in one statement that is committed before anything is evaluated.

        `account` is the user, or what was typed where nobody is known by it; `remote_addr` is "" where it is unknown or
        doesn't matter. Raises LockedOutError beyond `limit` (by default `LOGIN_FAILURE_LIMIT`) within
        `LOGIN_COOLOFF_MINUTES`.
        """
        limit = limit or settings.LOGIN_FAILURE_LIMIT
        counted = SignInAttempts(account=SignInAttempts.key_of(account), remote_addr=remote_addr)
        with connection.cursor() as cursor:
            values: dict[str, Any] = {
                "account": counted.account,
                "remote_addr": counted.remote_addr,
                "at": at,
                "cooloff": timedelta(minutes=settings.LOGIN_COOLOFF_MINUTES),
                "limit": limit,
            }
            cursor.execute(COUNT, values)
            counted.attempts, counted.ends_at = cursor.fetchone()
        if counted.attempts > limit:
            raise LockedOutError(max(1, math.ceil((counted.ends_at - at).total_seconds())))
        return counted

    def attempt_code(self, user: "User", *, at: datetime) -> "SignInAttempts":
        """Count one attempt at a two-factor code. Raises LockedOutError."""
        return self.attempt(f"code:{user.pk}", "", at=at, limit=CODE_FACTOR * settings.LOGIN_FAILURE_LIMIT)

    def unlock(self, user: "User", remote_addr: str | None = None) -> int:
        """Let a user in again, and record it. Returns how many counters were dropped."""
        dropped = self.forget(user, remote_addr)
        SecurityEvent.objects.record(SecurityEventKind.UNLOCKED, user, detail=remote_addr or "from everywhere")
        return dropped

    def forget(self, user: "User", remote_addr: str | None = None) -> int:
        """Count anew for a user: from one address, or from everywhere. Returns how many counters were dropped."""
        keys = [SignInAttempts.key_of(user), SignInAttempts.key_of(f"code:{user.pk}")]
        counters = self.filter(account__in=keys)
        if remote_addr is not None:
            counters = counters.filter(remote_addr__in=["", remote_addr])
        return counters.delete()[0]


class SignInAttempts(models.Model):
    """How often somebody tried to get into one account from one address, and until when that counts."""

    account = models.CharField(max_length=64, help_text="A hash: people type passwords into the wrong field.")
    remote_addr = models.CharField(max_length=45, blank=True)
    attempts = models.PositiveSmallIntegerField()
    ends_at = models.DateTimeField()

    objects = SignInAttemptsManager()

    class Meta:
        db_table = "sign_in_attempts"
        constraints = [
            models.UniqueConstraint(
                fields=["account", "remote_addr"],
                name="attempts_are_counted_once",
                violation_error_message="Attempts for this account from this address are counted already.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.attempts} from {self.remote_addr or 'anywhere'}"

    @staticmethod
    def key_of(account: "User | str") -> str:
        """Username and e-mail of one user are one account."""
        name = account.casefold() if isinstance(account, str) else f"user:{account.pk}"
        return hashlib.sha256(name.encode()).hexdigest()

    def failed(self, user: "User | None", detail: str = "") -> None:
        """Record that this attempt was wrong, and that it was the last one allowed."""
        SecurityEvent.objects.record(SecurityEventKind.LOGIN_FAILED, user, detail=detail)
        if self.attempts == settings.LOGIN_FAILURE_LIMIT:
            until = f"until {self.ends_at:%Y-%m-%d %H:%M} UTC"
            SecurityEvent.objects.record(SecurityEventKind.LOCKED_OUT, user, detail=until)
