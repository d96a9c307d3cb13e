"""Mails to users, and the links in them.

Anyone can register with someone else's email address, so a mail contains nothing that its sender could have chosen: no
names, no other text, and no Host header. Only users who have confirmed their address are greeted by name.
"""

import logging
from threading import Thread
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_decode, urlsafe_base64_encode
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

    from accounts.models import User

logger = logging.getLogger(__name__)

THREAD = "mail"
INVALID_LINK = _("This link is incorrect, expired or already used. Request a new one.")


def send(template: str, subject: "str | StrPromise", user: "User", *, to: str = "", **values: str) -> None:
    """Send `email/<template>.txt` to the user, or to `to`, a former address, after the current transaction commits.

    The mail is written at once, in the active language. It is sent from a separate thread, so that a slow mail server
    delays nobody and the response time reveals nothing. A mail that can't be sent is logged, without its text.
    """
    is_confirmed = user.is_verified and not to
    context = {"name": user.display_name if is_confirmed else "", "site": settings.PUBLIC_URL, **values}
    message = EmailMessage(str(subject), render_to_string(f"email/{template}.txt", context), to=[to or user.email])
    transaction.on_commit(Thread(target=_send, args=[message], name=THREAD).start, robust=True)


def link(page: str, **parts: str) -> str:
    """The absolute URL of a page, by the name of its route."""
    return settings.PUBLIC_URL + reverse(page, kwargs=parts)


def uid_of(user: "User") -> str:
    """The user's id as it is written in links."""
    return urlsafe_base64_encode(force_bytes(str(user.pk)))


def key_in(uid: str) -> str:
    """The id in a link. Raises ValueError for anything that `uid_of` didn't write."""
    return urlsafe_base64_decode(uid).decode()


def _send(message: EmailMessage) -> None:
    try:
        message.send()
    except Exception as error:
        logger.error("A mail could not be sent: %s", type(error).__name__)
