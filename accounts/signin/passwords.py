"""Changing a password and resetting a forgotten one (`/api/auth/password`, `/api/auth/password/reset`).

Reset tokens are Django's: signed, valid for an hour (`PASSWORD_RESET_TIMEOUT`), and void once the password was changed
or the user has signed in.
"""

import logging
from threading import Thread

from django.contrib.auth.tokens import default_token_generator
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_decode, urlsafe_base64_encode
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.choices import SecurityEventKind
from accounts.models import LockedOutError, SecurityEvent, SignInAttempts, User
from campaign_studio.acting import current_address

logger = logging.getLogger(__name__)

WRONG_PASSWORD = _("This isn't your current password.")
INVALID_LINK = _("This link is incorrect, expired or already used. Request a new one.")


def check_current_password(user: User, password: str) -> None:
    """Raise ValidationError unless `password` is the user's. Wrong ones count as failed sign-ins.

    Raises LockedOutError after too many. Call it outside a transaction, so that the count isn't rolled back.
    """
    address = current_address()
    attempt = SignInAttempts.objects.attempt(user, address, at=timezone.now())
    if not user.check_password(password):
        attempt.failed(user, "current password")
        raise ValidationError(WRONG_PASSWORD, code="password_incorrect")
    SignInAttempts.objects.forget(user, address)


def request_reset(email: str, *, site: str) -> None:
    """Email a reset link to the active user with this email address, if there is one.

    `site` is the scheme and host of the link. The mail is written in the active language and sent from a separate
    thread, so that the response time doesn't reveal whether the address is known. Each address gets at most
    `LOGIN_FAILURE_LIMIT` mails within `LOGIN_COOLOFF_MINUTES`.
    """
    user = User.objects.filter(is_active=True).named(email).filter(email__iexact=email).first()
    try:
        SignInAttempts.objects.attempt(f"reset:{email}", "", at=timezone.now())
    except LockedOutError:
        return
    SecurityEvent.objects.record(SecurityEventKind.RESET_REQUESTED, user)
    if user is None:
        return
    uid, token = urlsafe_base64_encode(force_bytes(str(user.pk))), default_token_generator.make_token(user)
    body = render_to_string("email/password_reset.txt", {"user": user, "uid": uid, "token": token, "site": site})
    message = EmailMessage(gettext("Reset your Campaign Studio password"), body, to=[user.email])
    Thread(target=_send, args=[message], name="password-reset-mail").start()


def user_of(uid: str, token: str) -> User:
    """The active user whose password may be reset with this pair. Raises ValidationError if there is none."""
    try:
        user = User.objects.filter(pk=urlsafe_base64_decode(uid).decode(), is_active=True).first()
    except (ValueError, ValidationError):
        user = None
    if user is None or not default_token_generator.check_token(user, token):
        raise ValidationError({"token": [INVALID_LINK]})
    return user


def reset(user: User, password: str) -> None:
    """Set a new password for a user whose token has just been checked, end their sessions and unlock them.

    Raises ValidationError if another request has used the token since.
    """
    with transaction.atomic():
        held = User.objects.select_for_update(of=("self",)).get(pk=user.pk)
        if held.password != user.password:
            raise ValidationError({"token": [INVALID_LINK]})
        held.set_password(password)
        held.save(update_fields=["password"])
        held.end_sessions()
        SignInAttempts.objects.forget(held)
        SecurityEvent.objects.record(SecurityEventKind.PASSWORD_RESET, held)


def _send(message: EmailMessage) -> None:
    try:
        message.send()
    except OSError as error:
        logger.error("The password reset mail could not be sent: %s", error)
