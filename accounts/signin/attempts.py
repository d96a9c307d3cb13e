"""Attempts are counted, and an account is locked out after five of them from one IP address.

django-axes isn't used, because it counts an attempt after hashing the password: a hundred simultaneous guesses would
all be evaluated. Here, one upsert counts an attempt before anything is hashed, and its row is the lock (ADR 0007).
"""

import hashlib
import math
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import connection, models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.audit.models import SecurityEvent
from accounts.choices import SecurityEventKind
from campaign_studio.addresses import networks_of

if TYPE_CHECKING:
    from accounts.models.people import User

# Two-factor codes are short, so guesses are also counted per account, across all IP addresses. The limit is higher.
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
    """Too many failed attempts, so the input wasn't evaluated. `wait` is in seconds; the text is for the user."""

    def __init__(self, wait: int) -> None:
        self.wait = wait
        minutes = math.ceil(wait / 60)
        super().__init__(self.text(minutes) % {"minutes": minutes})

    @staticmethod
    def text(minutes: int) -> str:
        """The sentence for this number of minutes."""
        return ngettext(
            "Too many failed attempts. Try again in %(minutes)d minute, or ask an administrator to unlock your "
            "account.",
            "Too many failed attempts. Try again in %(minutes)d minutes, or ask an administrator to unlock your "
            "account.",
            minutes,
        )


class SignInAttemptsManager(models.Manager["SignInAttempts"]):
    """Counts attempts by account and IP address, and clears the counters after a success."""

    def attempt(
        self, account: "User | str", remote_addr: str, *, at: datetime, limit: int | None = None
    ) -> "SignInAttempts":
        """Count one more attempt with one counter, in a single statement that commits before the input is evaluated.

        `account` is the user, or what was typed if it doesn't match a user. `remote_addr` is "" if the IP address is
        unknown or doesn't matter. Raises LockedOutError after more than `limit` attempts (by default
        `LOGIN_FAILURE_LIMIT`) within `LOGIN_COOLOFF_MINUTES`.
        """
        limit = limit or settings.LOGIN_FAILURE_LIMIT
        counted = SignInAttempts(account=SignInAttempts.key_of(account), remote_addr=remote_addr)
        counted.limit = limit
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
        """Count one attempt to enter a two-factor code. Raises LockedOutError after too many."""
        return self.attempt(f"code:{user.pk}", "", at=at, limit=CODE_FACTOR * settings.LOGIN_FAILURE_LIMIT)

    def unlock(self, user: "User", remote_addr: str | None = None) -> int:
        """Clear a user's counters and record it as a security event. Returns the number of counters deleted."""
        dropped = self.forget(user, remote_addr)
        SecurityEvent.objects.record(SecurityEventKind.UNLOCKED, user, detail=remote_addr or "from everywhere")
        return dropped

    def forget(self, user: "User", remote_addr: str | None = None) -> int:
        """Clear a user's counters: all, or those that keep one IP address out. Returns the number deleted."""
        keys = [SignInAttempts.key_of(user), SignInAttempts.key_of(f"code:{user.pk}")]
        counters = self.filter(account__in=[*keys, SignInAttempts.spread_key_of(user)])
        if remote_addr is not None:
            counters = counters.filter(remote_addr__in=["", *(network.name for network in networks_of(remote_addr))])
        return counters.delete()[0]


class SignInAttempts(models.Model):
    """The number of attempts on one account from one IP address or network, and when they expire.

    Without an address they are those from all addresses together. `next_at` is set in the count of an account's
    failures from all addresses: until then, unknown addresses have to wait (`accounts/signin/guessing.py`).
    """

    account = models.CharField(
        _("account"), max_length=64, help_text=_("A hash, because some users type their password into this field.")
    )
    remote_addr = models.CharField(_("IP address"), max_length=45, blank=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"))
    ends_at = models.DateTimeField(_("expires at"))
    next_at = models.DateTimeField(_("next attempt at"), null=True, blank=True)

    # How many attempts are allowed. Not stored: it belongs to the attempt that was counted.
    limit = 0

    objects = SignInAttemptsManager()

    class Meta:
        db_table = "sign_in_attempts"
        verbose_name = _("sign-in counter")
        verbose_name_plural = _("sign-in counters")
        constraints = [
            models.UniqueConstraint(
                fields=["account", "remote_addr"],
                name="attempts_are_counted_once",
                violation_error_message=_("Attempts on this account from this IP address are already being counted."),
            )
        ]

    def __str__(self) -> str:
        if not self.remote_addr:
            return ngettext("%(count)d attempt", "%(count)d attempts", self.attempts) % {"count": self.attempts}
        return ngettext("%(count)d attempt from %(address)s", "%(count)d attempts from %(address)s", self.attempts) % {
            "count": self.attempts,
            "address": self.remote_addr,
        }

    @staticmethod
    def key_of(account: "User | str") -> str:
        """The hash that identifies an account. It is the same for a user's username and email address."""
        name = account.casefold() if isinstance(account, str) else f"user:{account.pk}"
        return hashlib.sha256(name.encode()).hexdigest()

    @staticmethod
    def spread_key_of(account: "User | str") -> str:
        """The hash under which an account's failures from all IP addresses are counted."""
        return SignInAttempts.key_of(f"spread:{SignInAttempts.key_of(account)}")
