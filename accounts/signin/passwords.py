"""Changing a password and resetting a forgotten one (`/api/auth/password`, `/api/auth/password/reset`).

Reset tokens are Django's: signed, valid for an hour (`PASSWORD_RESET_TIMEOUT`), and void once the password was changed
or the user has signed in.
"""

from django.contrib.auth.tokens import default_token_generator
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.choices import SecurityEventKind
from accounts.models import LockedOutError, SecurityEvent, SignInAttempts, User
from accounts.signin import mails
from accounts.signin.guessing import count_guess
from campaign_studio.acting import current_address

WRONG_PASSWORD = _("This isn't your current password.")


def check_current_password(user: User, password: str) -> None:
    """Raise ValidationError unless `password` is the user's. Wrong ones count as failed sign-ins.

    Raises LockedOutError after too many. Call it outside a transaction, so that the count isn't rolled back.
    """
    guess = count_guess(user, current_address(), at=timezone.now())
    if not user.check_password(password):
        guess.failed(user, "current password")
        raise ValidationError(WRONG_PASSWORD, code="password_incorrect")
    guess.succeeded(user)


def request_reset(email: str) -> None:
    """Email a reset link to the active user with this email address, if there is one.

    Each address gets at most `LOGIN_FAILURE_LIMIT` mails within `LOGIN_COOLOFF_MINUTES`.
    """
    user = User.objects.filter(is_active=True).named(email).filter(email__iexact=email).first()
    try:
        SignInAttempts.objects.attempt(f"reset:{email}", "", at=timezone.now())
    except LockedOutError:
        return
    SecurityEvent.objects.record(SecurityEventKind.RESET_REQUESTED, user)
    if user is None:
        return
    uid, token = mails.uid_of(user), default_token_generator.make_token(user)
    url = mails.link("password_reset_confirm", uidb64=uid, token=token)
    subject = gettext("Reset your Campaign Studio password")
    mails.send("password_reset", subject, user, url=url, uid=uid, token=token)


def user_of(uid: str, token: str) -> User:
    """The active user whose password may be reset with this pair. Raises ValidationError if there is none."""
    try:
        user = User.objects.filter(pk=mails.key_in(uid), is_active=True).first()
    except (ValueError, ValidationError):
        user = None
    if user is None or not default_token_generator.check_token(user, token):
        raise ValidationError({"token": [mails.INVALID_LINK]})
    return user


def reset(user: User, password: str) -> None:
    """Set a new password for a user whose token has just been checked, end their sessions and unlock them.

    Raises ValidationError if another request has used the token since.
    """
    with transaction.atomic():
        held = User.objects.select_for_update(of=("self",)).get(pk=user.pk)
        if held.password != user.password:
            raise ValidationError({"token": [mails.INVALID_LINK]})
        held.set_password(password)
        held.save(update_fields=["password"])
        held.end_sessions()
        SignInAttempts.objects.forget(held)
        SecurityEvent.objects.record(SecurityEventKind.PASSWORD_RESET, held)
