"""Changing a password, and getting in again without one (`/api/auth/password`, `/api/auth/password/reset`).

A reset token is the framework's: signed, good for an hour (`PASSWORD_RESET_TIMEOUT`), and dead once the password has
changed or somebody has signed in.
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

from accounts.choices import SecurityEventKind
from accounts.models import LockedOutError, SecurityEvent, SignInAttempts, User
from campaign_studio.acting import current_address

logger = logging.getLogger(__name__)

NOT_THE_PRESENT_ONE = "This is not your present password."
INVALID_LINK = "This link is not valid, too old, or was used before. Ask for a new one."


def check_present(user: User, password: str) -> None:
    """Raise ValidationError unless `password` is the user's. Wrong ones count like those at sign-in.

    Raises LockedOutError after too many. Call it outside of a transaction: the count must outlive the refusal.
    """
    address = current_address()
    attempt = SignInAttempts.objects.attempt(user, address, at=timezone.now())
    if not user.check_password(password):
        attempt.failed(user, "present password asked for")
        raise ValidationError(NOT_THE_PRESENT_ONE, code="password_incorrect")
    SignInAttempts.objects.forget(user, address)


def request_reset(email: str, *, site: str) -> None:
    """Send a link to whoever is registered with this address, and nothing to anybody else.

    `site` is scheme and host for the link. The mail leaves in a thread of its own, so that the answer takes no longer
    for a known address; at most `LOGIN_FAILURE_LIMIT` of them per address and cool-off.
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
    message = EmailMessage("Set a new password for Campaign Studio", body, to=[user.email])
    Thread(target=_send, args=[message], name="password-reset-mail").start()


def user_of(uid: str, token: str) -> User:
    """The active user who may set a new password with this pair. Raises ValidationError."""
    try:
        user = User.objects.filter(pk=urlsafe_base64_decode(uid).decode(), is_active=True).first()
    except (ValueError, ValidationError):
        user = None
    if user is None or not default_token_generator.check_token(user, token):
        raise ValidationError({"token": [INVALID_LINK]})
    return user


def reset(user: User, password: str) -> None:
    """Set a new password for somebody whose token has just been checked; end their sessions, unlock them.

    Raises ValidationError when another request with the same token was faster.
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
        logger.error("A mail for a password reset could not be sent: %s", error)
