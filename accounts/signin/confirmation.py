"""Confirming an email address by the link that is sent to it (`/api/auth/email/confirm`).

A token is signed for this purpose alone. It names the user, the address and how often the address was changed or
confirmed before, so it works once, and not after another change, even to the same address.
"""

import math
from datetime import timedelta
from typing import TYPE_CHECKING

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.core.signing import BadSignature, TimestampSigner
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from accounts.audit.models import SecurityEvent
from accounts.choices import SecurityEventKind
from accounts.signin import mails
from accounts.signin.attempts import LockedOutError, SignInAttempts

if TYPE_CHECKING:
    from accounts.models import User

VALID_FOR = timedelta(days=3)


def token_of(user: "User") -> str:
    """The token that confirms the user's present address."""
    subject = _subject(user)
    return _signer().sign(subject).removeprefix(f"{subject}.")


def send_link(user: "User") -> int:
    """Send a link that confirms the user's address to that address. Returns 0, or the seconds to wait after too many.

    Each address gets at most `LOGIN_FAILURE_LIMIT` links within `LOGIN_COOLOFF_MINUTES`, and each user can request as
    many, so that nobody floods other people's mailboxes.
    """
    for counter in (f"confirm:{user.email}", f"confirm-by:{user.pk}"):
        if wait := _wait(counter):
            return wait
    uid, token = mails.uid_of(user), token_of(user)
    url = mails.link("email_confirm", uidb64=uid, token=token)
    subject = gettext("Confirm your email address for Campaign Studio")
    mails.send("email_confirm", subject, user, url=url, uid=uid, token=token)
    return 0


def tell_of_change(user: "User", former: str) -> None:
    """Tell both addresses that the user's address has changed: the former one, and the new one with a link.

    Notices are limited as links are: those to an address, and those that a user causes, who could otherwise have one
    sent to any number of addresses in turn. The first change of a series is always told.
    """
    # These notices have counters of their own, so that requests for links can't use them up.
    if not any(_wait(counter) for counter in (f"changed:{former}", f"changed-by:{user.pk}")):
        mails.send("email_changed", gettext("Your Campaign Studio email address was changed"), user, to=former)
    if user.is_active:
        send_link(user)


def user_of(uid: str, token: str, *, is_locked: bool = False) -> "User":
    """The active user whose present address this pair confirms. Raises ValidationError if there is none."""
    users = get_user_model().objects.filter(is_active=True)
    if is_locked:
        users = users.select_for_update(of=("self",))
    try:
        user = users.filter(pk=mails.key_in(uid)).first()
    except (ValueError, ValidationError):
        user = None
    if user is None or not _is_valid(user, token):
        raise ValidationError({"token": ValidationError(mails.INVALID_LINK, code="invalid_link")})
    return user


def confirm(uid: str, token: str) -> None:
    """Record that the address is the user's own. Raises ValidationError if the link doesn't work (any more)."""
    with transaction.atomic():
        user = user_of(uid, token, is_locked=True)
        user.is_verified = True
        user.email_revision += 1
        user.save(update_fields=["is_verified", "email_revision", "updated_at"])
        SecurityEvent.objects.record(SecurityEventKind.EMAIL_CONFIRMED, user)


def _signer() -> TimestampSigner:
    return TimestampSigner(salt="accounts.signin.confirmation", sep=".")


def _subject(user: "User") -> str:
    return f"{user.pk} {user.email_revision} {user.email}"


def _is_valid(user: "User", token: str) -> bool:
    try:
        _signer().unsign(f"{_subject(user)}.{token}", max_age=VALID_FOR)
    except (BadSignature, ValueError):
        return False
    return True


def _wait(counter: str) -> int:
    try:
        SignInAttempts.objects.attempt(counter, "", at=timezone.now())
    except LockedOutError as error:
        return max(1, math.ceil(error.wait))
    return 0
