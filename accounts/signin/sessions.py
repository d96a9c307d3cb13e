"""Sessions. Access tokens, refresh tokens and the console's cookies refer to them."""

import hashlib
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import DEFAULT_DB_ALIAS, models, transaction
from django.db.models import Func, TextField
from django.utils import formats
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from ua_parser import parse

from accounts.audit.models import SecurityEvent
from accounts.choices import Door, SecurityEventKind
from accounts.querysets import SessionQuerySet
from campaign_studio.acting import DATABASE_ACTOR, current
from campaign_studio.database.prepared import fetch_one

if TYPE_CHECKING:
    from accounts.models.people import User

# A session ends this long after the sign-in, however often it is refreshed (ASVS 5, 7.3.2).
LONGEST_SESSION = timedelta(days=30)
# `last_seen_at` is updated at most this often, so that most requests don't write.
SEEN_EVERY = timedelta(minutes=1)
# The columns that every request needs: for the session itself, and for permissions, responses and the audit log. They
# are in the order of the models' fields, as `from_db()` takes them.
OF_A_REQUEST = ("session_id", "user_id", "second_factor", "remote_addr", "last_seen_at", "revoked_at")
OF_ITS_USER = ("user_id", "username", "email", "first_name", "last_name", "role_id", "is_active")
# One more tells triggers who acts.
COLUMNS_OF_A_REQUEST = len(OF_A_REQUEST) + len(OF_ITS_USER) + 1


class RefreshId(NamedTuple):
    """The id of a refresh token, and when the token was issued."""

    token_id: str
    issued_at: datetime


class Session(models.Model):
    """A sign-in to the API or the console. Its tokens contain its id and are void once it has ended.

    Tokens aren't stored, only a hash of the current refresh token's id.
    """

    session_id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="sessions", verbose_name=_("user"))
    door = models.CharField(_("channel"), max_length=10, choices=Door.choices, default=Door.API)
    refresh_hash = models.CharField(_("refresh hash"), max_length=64, blank=True, editable=False)
    refreshed_at = models.DateTimeField(_("refreshed at"), null=True, blank=True, editable=False)
    second_factor = models.BooleanField(
        _("two-factor authentication"), default=False, help_text=_("The user entered a two-factor code to sign in.")
    )
    remote_addr = models.GenericIPAddressField(_("IP address"), null=True, blank=True)
    user_agent = models.CharField(_("user agent"), max_length=255, blank=True)
    created_at = models.DateTimeField(_("signed in"), auto_now_add=True)
    last_seen_at = models.DateTimeField(_("last seen"))
    expires_at = models.DateTimeField(
        _("expires at"), help_text=_("The session ends at this time unless it is refreshed before.")
    )
    revoked_at = models.DateTimeField(_("ended"), null=True, blank=True)

    objects = SessionQuerySet.as_manager()

    class Meta:
        db_table = "sessions"
        verbose_name = _("session")
        verbose_name_plural = _("sessions")
        ordering = ["-last_seen_at", "session_id"]

    def __str__(self) -> str:
        started = formats.date_format(self.created_at, "DATETIME_FORMAT")
        return gettext("%(user)s since %(time)s") % {"user": self.user, "time": started}

    @property
    def device(self) -> str:
        """Browser and operating system, as far as the user agent says: “Chrome on Linux”."""
        found = parse(self.user_agent)
        if found.user_agent and found.os:
            names = {"browser": found.user_agent.family, "system": found.os.family}
            return gettext("%(browser)s on %(system)s") % names
        known = found.user_agent or found.os
        return known.family if known else self.user_agent or gettext("Unknown")

    @classmethod
    def start(cls, user: "User", *, door: Door, at: datetime, lasts: timedelta, refresh_id: str = "") -> "Session":
        """Create a session for a user who has just signed in with the current request."""
        acting = current()
        session = cls.objects.create(
            user=user,
            door=door,
            refresh_hash=cls.hash_of(refresh_id) if refresh_id else "",
            second_factor=user.has_shown_code,
            remote_addr=acting.remote_addr if acting else None,
            user_agent=acting.user_agent if acting else "",
            last_seen_at=at,
            expires_at=at + lasts,
        )
        SecurityEvent.objects.record(SecurityEventKind.LOGIN_OK, user, detail=f"session {session.pk}")
        return session

    @classmethod
    def of_a_request(cls, session_id: uuid.UUID, user_id: uuid.UUID) -> Self | None:
        """The session that a token names, with its user, unless it has ended or the user isn't active.

        Every request asks this, so it is one statement with a fixed text. Nothing is cached: a revocation, a new role
        or a deactivation counts at once. It also tells triggers who acts, as `set_database_actor()` does.
        """
        found = fetch_one(find_session(), (session_id, user_id))
        return cls.of_row(found) if found else None

    @classmethod
    def of_row(cls, found: Sequence[Any]) -> Self:
        """The session and its user in a row that `find_session()` has found."""
        session = cls.from_db(DEFAULT_DB_ALIAS, OF_A_REQUEST, found[: len(OF_A_REQUEST)])
        users: type[User] = get_user_model()
        session.user = users.from_db(DEFAULT_DB_ALIAS, OF_ITS_USER, found[len(OF_A_REQUEST) : -1])
        return session

    @staticmethod
    def hash_of(token_id: str) -> str:
        """The hash of a refresh token's id, which is stored instead of the token."""
        return hashlib.sha256(token_id.encode()).hexdigest()

    def refresh(self, old: str, *, at: datetime) -> RefreshId | None:
        """Exchange the refresh token whose id is `old`. Returns the one to use from now on, or None if it is refused.

        The new id is derived from the old one and the server's key, so that nothing is stored and all requests with the
        same token within `REFRESH_GRACE_SECONDS` get the same successor, whichever server answers. Any other token that
        was already replaced must have leaked, so the session ends. Without `REFRESH_TOKEN_ROTATION` the current token
        stays.
        """
        with transaction.atomic():
            held = Session.objects.select_for_update(of=("self",)).filter(pk=self.pk).first()
            if held is None or held.revoked_at or at >= held.created_at + LONGEST_SESSION:
                return None
            if held.refresh_hash == self.hash_of(old):
                return held._replace(old, at=at) if settings.REFRESH_TOKEN_ROTATION else held._keep(old, at=at)
            grace = timedelta(seconds=settings.REFRESH_GRACE_SECONDS)
            if held.refreshed_at is not None and at - held.refreshed_at <= grace:
                for new in held._successors(old):
                    if held.refresh_hash == self.hash_of(new):
                        return RefreshId(new, held.refreshed_at)
            held.revoke(SecurityEventKind.REFRESH_REUSED, at=at)
        return None

    def _replace(self, old: str, *, at: datetime) -> RefreshId:
        new = self._successors(old)[0]
        self.refresh_hash = self.hash_of(new)
        self.refreshed_at = self.last_seen_at = at
        next_expiry = at + timedelta(days=settings.REFRESH_TOKEN_EXPIRE_DAYS)
        self.expires_at = min(next_expiry, self.created_at + LONGEST_SESSION)
        self.save(update_fields=["refresh_hash", "refreshed_at", "last_seen_at", "expires_at"])
        return RefreshId(new, at)

    def _keep(self, present: str, *, at: datetime) -> RefreshId:
        # Its issue stays as it was, or a token that it once replaced would get another grace period.
        self.last_seen_at = at
        self.save(update_fields=["last_seen_at"])
        return RefreshId(present, self.refreshed_at or self.created_at)

    def _successors(self, old: str) -> list[str]:
        """The id that follows `old`, and those by former keys, which another server may still have used."""
        return [
            salted_hmac("accounts.refresh", f"{self.pk}:{old}", secret=key, algorithm="sha256").hexdigest()
            for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
        ]

    def revoke(self, kind: SecurityEventKind, *, at: datetime) -> None:
        """End the session, so that the next request is refused. The security log shows `kind` as the reason."""
        self.revoked_at = at
        self.save(update_fields=["revoked_at"])
        SecurityEvent.objects.record(kind, self.user, detail=f"session {self.pk}")

    def seen(self, *, at: datetime) -> None:
        """Update `last_seen_at`, to the minute."""
        if at - self.last_seen_at >= SEEN_EVERY:
            Session.objects.filter(pk=self.pk, last_seen_at__lte=at - SEEN_EVERY).update(last_seen_at=at)


@cache
def find_session() -> str:
    """The statement of `Session.of_a_request()`. Its parameters are the ids of the session and of the user."""
    any_id = uuid.UUID(int=0)
    alive = Session.objects.filter(revoked_at=None, user__is_active=True).filter(pk=any_id).filter(user_id=any_id)
    columns = [*OF_A_REQUEST, *(f"user__{name}" for name in OF_ITS_USER)]
    told = Func(
        "user_id", template=f"set_config('{DATABASE_ACTOR}', %(expressions)s::text, true)", output_field=TextField()
    )
    return alive.order_by().values_list(*columns, told).query.sql_with_params()[0]
