"""Guesses at a password: counted for the IP address they come from, and for the account from all addresses together.

After `SPREAD_FAILURE_LIMIT` failures from all addresses together, addresses that are unknown to the account have to
wait: 15 seconds at first, twice as long after each further failure, and at most `LOGIN_COOLOFF_MINUTES`. Requests are
refused until then, so no thread waits. Addresses from which the user has signed in before aren't affected, so nobody is
locked out by others. It ends when an hour has passed without another failure (ADR 0007).
"""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import F, QuerySet
from django.utils.translation import gettext, ngettext

from accounts.choices import SecurityEventKind
from accounts.models import LockedOutError, SecurityEvent, SignInAttempts, User
from accounts.signin import mails
from campaign_studio.addresses import networks_of, parsed

WINDOW = timedelta(hours=1)
FIRST_DELAY = timedelta(seconds=15)
NOBODY = UUID(int=0)

# Returns no row while unknown addresses have to wait.
COUNT = """
INSERT INTO sign_in_attempts AS held (account, remote_addr, attempts, ends_at)
VALUES (%(account)s, '', 1, %(at)s + %(window)s)
ON CONFLICT (account, remote_addr) DO UPDATE SET
    attempts = CASE WHEN held.ends_at <= %(at)s THEN 1 ELSE LEAST(held.attempts, 30000) + 1 END,
    ends_at = CASE
        WHEN held.ends_at <= %(at)s OR held.attempts >= %(limit)s - 1 THEN %(at)s + %(window)s
        ELSE held.ends_at
    END,
    next_at = CASE
        WHEN held.ends_at > %(at)s AND held.attempts >= %(limit)s - 1
        THEN %(at)s + LEAST(%(longest)s, %(delay)s * power(2, LEAST(held.attempts + 1 - %(limit)s, 20)))
    END
WHERE held.next_at IS NULL OR held.next_at <= %(at)s OR held.ends_at <= %(at)s
RETURNING attempts
"""
# Once the limit is reached the failures stay, because the guessing may go on. Unless this attempt reached it: it has
# turned out to be a success, so there were fewer failures.
TAKE_BACK = """
UPDATE sign_in_attempts SET attempts = GREATEST(attempts - %(attempts)s, 0), next_at = NULL
WHERE account = %(account)s AND remote_addr = ''
    AND (attempts < %(limit)s OR (attempts = %(limit)s AND %(number)s = %(limit)s))
"""
# Only the owner of the mailbox can reset the password, and may do so where they have never signed in.
KNOWN = """
SELECT EXISTS (
    SELECT FROM sessions WHERE user_id = %(user)s AND remote_addr <<= %(network)s::inet
) OR EXISTS (
    SELECT FROM security_events
    WHERE user_id = %(user)s AND kind = 'password_reset' AND remote_addr <<= %(network)s::inet
)
"""


class SlowedDownError(LockedOutError):
    """There were too many failures from all IP addresses, and this one is unknown to the account."""

    @staticmethod
    def text(minutes: int) -> str:
        return ngettext(
            "Too many failed attempts on this account from different IP addresses. Try again in %(minutes)d minute, or "
            "set a new password with a link by email.",
            "Too many failed attempts on this account from different IP addresses. Try again in %(minutes)d minutes, "
            "or set a new password with a link by email.",
            minutes,
        )


@dataclass(frozen=True)
class Guess:
    """A counted guess, which may now be evaluated. Say afterwards whether it failed or succeeded.

    `counted` are the counters of its IP address or networks, narrowest first. `number` is its place among the failures
    from all addresses; None if it came from a known address while others had to wait.
    """

    account: User | str
    counted: tuple[SignInAttempts, ...]
    number: int | None

    def failed(self, user: User | None, detail: str = "") -> None:
        """Record the failure, the lockout if it was the last one allowed, and the beginning of spread guessing."""
        SecurityEvent.objects.record(SecurityEventKind.LOGIN_FAILED, user, detail=detail)
        for one in self.counted:
            if one.attempts == one.limit:
                until = f"until {one.ends_at:%Y-%m-%d %H:%M} UTC"
                SecurityEvent.objects.record(SecurityEventKind.LOCKED_OUT, user, detail=until)
        if self.number == settings.SPREAD_FAILURE_LIMIT:
            reached = f"{self.number} failures within an hour"
            SecurityEvent.objects.record(SecurityEventKind.GUESSING_SPREAD, user, detail=reached)
            if user is not None:
                _warn(user)

    def succeeded(self, user: User) -> None:
        """Clear the counters of this address, and take its failures back from those of all addresses.

        Not once the limit is reached: the user's success doesn't mean that the guessing has ended.
        """
        keys = [SignInAttempts.key_of(user), SignInAttempts.key_of(f"code:{user.pk}")]
        places = ["", *(one.remote_addr for one in self.counted)]
        SignInAttempts.objects.filter(account__in=keys, remote_addr__in=places).delete()
        if self.number is None:
            return
        values: dict[str, Any] = {
            "account": SignInAttempts.spread_key_of(self.account),
            "attempts": self.counted[0].attempts,
            "limit": settings.SPREAD_FAILURE_LIMIT,
            "number": self.number,
        }
        with connection.cursor() as cursor:
            cursor.execute(TAKE_BACK, values)


def count_guess(account: User | str, remote_addr: str, *, at: datetime) -> Guess:
    """Count one more guess, in statements that commit before it is evaluated.

    `account` is the user, or what was typed if it doesn't match a user. Raises LockedOutError after more than
    `LOGIN_FAILURE_LIMIT` failures from this IP address or network within `LOGIN_COOLOFF_MINUTES`, SlowedDownError if
    the address has to wait because of failures from others.
    """
    counted = tuple(
        SignInAttempts.objects.attempt(account, one.name, at=at, limit=settings.LOGIN_FAILURE_LIMIT * one.factor)
        for one in networks_of(remote_addr)
    )
    number = _count_among_all(account, at=at)
    if number is None and not _is_known(account, remote_addr):
        # It isn't evaluated, so it is no failure of its address.
        for one in counted:
            _counter(one.account, one.remote_addr).update(attempts=F("attempts") - 1)
        raise SlowedDownError(_seconds_left(account, at=at))
    return Guess(account, counted, number)


def _warn(user: User) -> None:
    """Tell the owner of the account, if the email address is known to be theirs."""
    if user.is_verified and user.is_active:
        subject = gettext("Failed sign-ins to your Campaign Studio account")
        mails.send("guessing", subject, user, url=mails.link("admin_password_reset"))


def _count_among_all(account: User | str, *, at: datetime) -> int | None:
    """The number of this failure among those from all addresses; None while unknown addresses have to wait."""
    values: dict[str, Any] = {
        "account": SignInAttempts.spread_key_of(account),
        "at": at,
        "window": WINDOW,
        "limit": settings.SPREAD_FAILURE_LIMIT,
        "delay": FIRST_DELAY,
        "longest": timedelta(minutes=settings.LOGIN_COOLOFF_MINUTES),
    }
    with connection.cursor() as cursor:
        cursor.execute(COUNT, values)
        row = cursor.fetchone()
    return row[0] if row else None


def _is_known(account: User | str, remote_addr: str) -> bool:
    """Whether the user has signed in from this IP address before, or from its /64 network.

    A name without an account is looked up too, or else the response time would tell which accounts exist.
    """
    if parsed(remote_addr) is None:
        return False
    user = NOBODY if isinstance(account, str) else account.pk
    with connection.cursor() as cursor:
        cursor.execute(KNOWN, {"user": user, "network": networks_of(remote_addr)[0].name})
        return bool(cursor.fetchone()[0])


def _seconds_left(account: User | str, *, at: datetime) -> int:
    held = _counter(SignInAttempts.spread_key_of(account), "").first()
    return max(1, math.ceil((held.next_at - at).total_seconds())) if held and held.next_at else 1


def _counter(account: str, remote_addr: str) -> QuerySet[SignInAttempts]:
    return SignInAttempts.objects.filter(account=account, remote_addr=remote_addr, attempts__gt=0)
