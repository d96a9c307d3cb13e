"""The audit log with its seals, and the security events."""

import uuid
from functools import cache
from typing import Any

from auditlog.models import AbstractLogEntry
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.choices import Door, SecurityEventKind
from accounts.querysets import AuditEntryManager, SecurityEventQuerySet
from campaign_studio import acting
from campaign_studio.database.rows import create_rows
from campaign_studio.lookups import SearchKey
from campaign_studio.writing import before_commit

# By which part of them entries are found in the console.
SEARCHED_COLUMNS = ("object_repr", "actor_name", "actor_username")


class AuditEntry(AbstractLogEntry):
    """One change of one object: who made it, when, from which IP address and through which channel.

    Everything stored here is sealed, so it must not depend on the active language.
    """

    # Columns without the library's own indexes, as another begins with them or nothing searches them. Each entry is
    # written into each index.
    timestamp = models.DateTimeField(_("timestamp"), default=timezone.now)
    object_pk = models.CharField(_("object pk"), max_length=255)
    object_id = models.BigIntegerField(_("object id"), null=True, blank=True)
    cid = models.CharField(_("request id"), max_length=255, null=True, blank=True)
    # The log outlives its users: the id stays when the user is deleted, and no entry is rewritten.
    actor = models.ForeignKey(
        "accounts.User",
        models.DO_NOTHING,
        db_constraint=False,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("user"),
    )
    actor_username = models.CharField(_("username"), max_length=100, null=True, blank=True)
    actor_name = models.CharField(
        _("done by"), max_length=200, null=True, blank=True, help_text=_("The user's name, or the name of the command.")
    )
    door = models.CharField(
        _("channel"),
        max_length=10,
        null=True,
        blank=True,
        choices=Door.choices,
        help_text=_("The channel through which the change was made."),
    )
    parent_id = models.UUIDField(
        _("parent id"), null=True, blank=True, help_text=_("The id of the object that the changed row is a part of.")
    )

    changes: Any

    objects = AuditEntryManager()

    class Meta(AbstractLogEntry.Meta):
        db_table = "audit_log"
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit entries")
        ordering = ["-timestamp", "-id"]
        indexes = [
            models.Index(fields=["object_pk", "-timestamp"], name="audit_of_an_object"),
            models.Index(fields=["parent_id", "-timestamp"], name="audit_parent"),
            models.Index(fields=["-timestamp", "-id"], name="audit_newest"),
            GinIndex(
                *[OpClass(SearchKey(name), name="gin_trgm_ops") for name in SEARCHED_COLUMNS], name="audit_search"
            ),
        ]

    def save(self, **kwargs: Any) -> None:
        """Save the entry with the acting user, their IP address and channel, and the API's names of foreign keys.

        Inside `one_write()` it is saved together with the other entries of that write, and has no key until then.
        """
        self.attribute()
        if not before_commit(write_together, self):
            super().save(**kwargs)
            _have_sealed()

    def attribute(self) -> None:
        """Fill in who acts, and the API's names of foreign keys."""
        now = acting.current()
        if now:
            user = now.find_user()
            self.actor = user
            self.actor_name = now.name
            self.actor_username = user.username if user else None
            self.actor_email = user.email if user else None
            self.remote_addr = now.remote_addr
            self.door = now.door
        self.parent_id = (self.additional_data or {}).get("parent_id")
        if self.changes:
            model = self.content_type.model_class()
            self.changes = {_column(model, name): change for name, change in self.changes.items()}


def write_together(entries: list[AuditEntry]) -> None:
    """Save the entries of one write with the same timestamp.

    The time is taken now, when all locks are held, so that the entries of a row are in the order of its changes.
    """
    now = timezone.now()
    for entry in entries:
        entry.timestamp = now
    create_rows(entries)
    _have_sealed()


def _have_sealed() -> None:
    # `sealing` imports this module.
    from accounts.audit.sealing import seal_after_commit

    seal_after_commit()


@cache
def _column(model: type[models.Model] | None, name: str) -> str:
    """`advertiser` → `advertiser_id`: the API's name of a foreign key."""
    try:
        found = model._meta.get_field(name) if model else None
    except FieldDoesNotExist:
        return name
    # A role is stored by name, not by id, so its column is named like the field.
    return found.attname if isinstance(found, models.ForeignKey) and found.column == found.attname else name


class SecurityEvent(models.Model):
    """A sign-in, a refusal, a lockout and so on: who, from where and when. Use `SecurityEvent.objects.record()`.

    It never contains a password, a token or an unknown username, because users type passwords into the wrong field.
    """

    event_id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    happened_at = models.DateTimeField(_("time"), help_text=_("In UTC."))
    kind = models.CharField(_("event"), max_length=40, choices=SecurityEventKind.choices)
    # Like the audit log, it outlives its users.
    user = models.ForeignKey(
        "accounts.User",
        models.DO_NOTHING,
        db_constraint=False,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("user"),
    )
    username = models.CharField(
        _("account"), max_length=100, null=True, blank=True, help_text=_("The username of the account concerned.")
    )
    actor_username = models.CharField(
        _("done by"),
        max_length=200,
        null=True,
        blank=True,
        help_text=_("The username of the signed-in user, or the name of the command."),
    )
    remote_addr = models.GenericIPAddressField(_("IP address"), null=True, blank=True)
    user_agent = models.CharField(_("user agent"), max_length=255, blank=True)
    door = models.CharField(_("channel"), max_length=10, null=True, blank=True, choices=Door.choices)
    request_id = models.CharField(_("request id"), max_length=64, null=True, blank=True)
    detail = models.CharField(
        _("details"), max_length=255, blank=True, help_text=_("What was requested, or which object it concerned.")
    )

    objects = SecurityEventQuerySet.as_manager()

    class Meta:
        db_table = "security_events"
        verbose_name = _("security event")
        verbose_name_plural = _("security events")
        ordering = ["-happened_at", "event_id"]
        indexes = [
            models.Index(fields=["-happened_at", "event_id"], name="event_time"),
            models.Index(fields=["user", "-happened_at"], name="event_user"),
        ]

    def save(self, **kwargs: Any) -> None:
        """Save the event, and have it sealed after the commit."""
        super().save(**kwargs)
        _have_sealed()

    def __str__(self) -> str:
        if self.username is None:
            return gettext("%(event)s: unknown account") % {"event": self.get_kind_display()}
        return gettext("%(event)s: %(account)s") % {"event": self.get_kind_display(), "account": self.username}


class AuditSeal(models.Model):
    """The seal of one entry or one event. Positions start at 1 and have no gaps, in the order of sealing.

    Exactly one of `entry_id` and `event_id` is set; a constraint of the migration requires it.
    """

    position = models.BigIntegerField(primary_key=True)
    entry_id = models.BigIntegerField(unique=True, null=True)
    event_id = models.UUIDField(unique=True, null=True)
    seal = models.CharField(max_length=64)
    # Not part of the hash: a different format covers other columns or has no key, so it would give a different seal.
    format = models.SmallIntegerField(db_default=1)

    class Meta:
        db_table = "audit_seals"
        ordering = ["position"]

    def __str__(self) -> str:
        return f"{self.position}:{self.seal}"


class AuditEntryToSeal(models.Model):
    """An entry or event that is waiting for its seal. A trigger inserts it, however the entry or event was written."""

    entry_id = models.BigIntegerField(unique=True, null=True)
    event_id = models.UUIDField(unique=True, null=True)

    class Meta:
        db_table = "audit_entries_to_seal"
        ordering = ["id"]

    def __str__(self) -> str:
        return str(self.entry_id or self.event_id)
