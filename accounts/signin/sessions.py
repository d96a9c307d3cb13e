"""Sign-ins that last: what tokens and the console's cookies stand for."""

import hashlib
import uuid
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models, transaction
from django.utils.crypto import salted_hmac
from ua_parser import parse

from accounts.audit.models import SecurityEvent
from accounts.choices import Door, SecurityEventKind
from accounts.querysets import SessionQuerySet
from campaign_studio.acting import current

if TYPE_CHECKING:
    from accounts.models.people import User

# How long the very same refresh token still gets an answer: two tabs of one browser don't throw each other out.
REFRESH_GRACE = timedelta(seconds=2)
# However often it is refreshed, a session ends so long after the sign-in (ASVS 5, 7.3.2).
LONGEST_SESSION = timedelta(days=30)
# `last_seen_at` is exact to this much, so that reading costs no write.
SEEN_EVERY = timedelta(minutes=1)


class Session(models.Model):
    """One sign-in, through the API or the console. Its tokens carry its id and die with it.

    Only a hash of the present refresh token's id is kept: no token is stored.
    """

    session_id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="sessions")
    door = models.CharField(max_length=10, choices=Door.choices, default=Door.API)
    refresh_hash = models.CharField(max_length=64, blank=True, editable=False)
    refreshed_at = models.DateTimeField(null=True, blank=True, editable=False)
    second_factor = models.BooleanField(default=False, help_text="Signed in with a two-factor code as well.")
    remote_addr = models.GenericIPAddressField(null=True, blank=True, verbose_name="address")
    user_agent = models.CharField(max_length=255, blank=True, verbose_name="User-Agent")
    created_at = models.DateTimeField(auto_now_add=True, verbose_name="signed in")
    last_seen_at = models.DateTimeField(verbose_name="last seen")
    expires_at = models.DateTimeField(help_text="Unless it is refreshed before.")
    revoked_at = models.DateTimeField(null=True, blank=True, verbose_name="ended")

    objects = SessionQuerySet.as_manager()

    class Meta:
        db_table = "sessions"
        ordering = ["-last_seen_at", "session_id"]

    def __str__(self) -> str:
        return f"{self.user} since {self.created_at:%Y-%m-%d %H:%M}"

    @property
    def device(self) -> str:
        """Browser and system, as far as the User-Agent tells: `Chrome on Linux`."""
        found = parse(self.user_agent)
        parts = [part.family for part in (found.user_agent, found.os) if part]
        return " on ".join(parts) or self.user_agent or "unknown"

    @classmethod
    def start(cls, user: "User", *, door: Door, at: datetime, lasts: timedelta, refresh_id: str = "") -> "Session":
        """A new session for somebody who has just proved who they are, from where the present request comes."""
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

    @staticmethod
    def hash_of(token_id: str) -> str:
        """What is stored of a refresh token's id."""
        return hashlib.sha256(token_id.encode()).hexdigest()

    def rotate(self, old: str, *, at: datetime) -> str | None:
        """Replace the refresh token whose id is `old`; return the new one's id, None when `old` is refused.

        A new id follows from the old one and the server's key, so that requests with the same token within
        `REFRESH_GRACE` get the same successor. Any other token that was replaced before has leaked: the session ends.
        """
        new = salted_hmac("accounts.refresh", f"{self.pk}:{old}", algorithm="sha256").hexdigest()
        with transaction.atomic():
            held = Session.objects.select_for_update(of=("self",)).filter(pk=self.pk).first()
            if held is None or held.revoked_at or at >= held.created_at + LONGEST_SESSION:
                return None
            if held.refresh_hash == self.hash_of(old):
                held.refresh_hash = self.hash_of(new)
                held.refreshed_at = held.last_seen_at = at
                next_expiry = at + timedelta(days=settings.REFRESH_TOKEN_EXPIRE_DAYS)
                held.expires_at = min(next_expiry, held.created_at + LONGEST_SESSION)
                held.save(update_fields=["refresh_hash", "refreshed_at", "last_seen_at", "expires_at"])
                return new
            was_just_replaced = held.refreshed_at is not None and at - held.refreshed_at <= REFRESH_GRACE
            if held.refresh_hash == self.hash_of(new) and was_just_replaced:
                return new
            held.revoke(SecurityEventKind.REFRESH_REUSED, at=at)
        return None

    def revoke(self, kind: SecurityEventKind, *, at: datetime) -> None:
        """End the session: it is refused from the next request on. `kind` says in the security log why."""
        self.revoked_at = at
        self.save(update_fields=["revoked_at"])
        SecurityEvent.objects.record(kind, self.user, detail=f"session {self.pk}")

    def seen(self, *, at: datetime) -> None:
        """Note that it is in use, to the minute."""
        if at - self.last_seen_at >= SEEN_EVERY:
            Session.objects.filter(pk=self.pk, last_seen_at__lte=at - SEEN_EVERY).update(last_seen_at=at)
