"""What people did: the audit log of every change, and the events that matter to security."""

import hashlib
import json
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from auditlog.models import AbstractLogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.utils import timezone

from accounts.choices import Door, SecurityEventKind
from accounts.querysets import AuditEntryManager, SecurityEventQuerySet
from campaign_studio import acting
from campaign_studio.writing import before_commit


class AuditEntry(AbstractLogEntry):
    """Who did what to which object, when, from where, by which door."""

    # The log outlives the people in it: the id stays when the user is gone, and nothing here is rewritten for it.
    actor = models.ForeignKey(
        "accounts.User",
        models.DO_NOTHING,
        db_constraint=False,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="user",
    )
    actor_username = models.CharField(max_length=100, null=True, blank=True, verbose_name="username")
    actor_name = models.CharField(
        max_length=200, null=True, blank=True, verbose_name="who", help_text="The person, or the command."
    )
    door = models.CharField(
        max_length=10,
        null=True,
        blank=True,
        choices=Door.choices,
        help_text="The way in by which the change was made.",
    )
    parent_id = models.UUIDField(null=True, blank=True, help_text="The object that the changed row is a part of.")

    changes: Any

    objects = AuditEntryManager()

    class Meta(AbstractLogEntry.Meta):
        db_table = "audit_log"
        verbose_name = "audit entry"
        verbose_name_plural = "audit log"
        ordering = ["-timestamp", "-id"]
        indexes = [
            models.Index(fields=["content_type", "object_pk", "-timestamp"], name="audit_object"),
            models.Index(fields=["parent_id", "-timestamp"], name="audit_parent"),
        ]

    def save(self, **kwargs: Any) -> None:
        """Write; a new entry is told who acts, from where and by which door, and names foreign keys as the API does.

        Inside of `one_write()` it waits for the others of that write, and has no key until then.
        """
        self._attribute()
        if not before_commit(_write_together, self):
            super().save(**kwargs)
            _have_sealed()

    def _attribute(self) -> None:
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


def _write_together(entries: list[AuditEntry]) -> None:
    """Write the entries of one write with one time, so that what they tell of came to be at once.

    The time is taken now, when every lock is held: a row's entries come in the order in which it changed.
    """
    now = timezone.now()
    for entry in entries:
        entry.timestamp = now
    AuditEntry.objects.bulk_create(entries)
    _have_sealed()


def _have_sealed() -> None:
    # Sealing reads entries, so it can't be imported before they are defined.
    from accounts.audit.sealing import seal_after_commit

    seal_after_commit()


def _column(model: type[models.Model] | None, name: str) -> str:
    """`advertiser` → `advertiser_id`: the name by which everybody outside knows a foreign key."""
    try:
        found = model._meta.get_field(name) if model else None
    except FieldDoesNotExist:
        return name
    # A role is written by its name, not by an id: the column carries the field's own name.
    return found.attname if isinstance(found, models.ForeignKey) and found.column == found.attname else name


class SecurityEvent(models.Model):
    """A sign-in, a refusal, a lock-out …: who, where and when. Written by `SecurityEvent.objects.record()` alone.

    Never holds a password, a token, or a name that belongs to nobody (people type passwords into the wrong field).
    """

    event_id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    happened_at = models.DateTimeField(help_text="UTC")
    kind = models.CharField(max_length=40, choices=SecurityEventKind.choices, verbose_name="event")
    # Like the audit log, it outlives the people in it.
    user = models.ForeignKey(
        "accounts.User", models.DO_NOTHING, db_constraint=False, null=True, blank=True, related_name="+"
    )
    username = models.CharField(
        max_length=100, null=True, blank=True, verbose_name="account", help_text="Whose account it is about."
    )
    actor_username = models.CharField(
        max_length=200, null=True, blank=True, verbose_name="done by", help_text="The person or command, if signed in."
    )
    remote_addr = models.GenericIPAddressField(null=True, blank=True, verbose_name="address")
    user_agent = models.CharField(max_length=255, blank=True, verbose_name="device")
    door = models.CharField(max_length=10, null=True, blank=True, choices=Door.choices)
    request_id = models.CharField(max_length=64, null=True, blank=True)
    detail = models.CharField(max_length=255, blank=True, help_text="What was asked for, or which object.")

    objects = SecurityEventQuerySet.as_manager()

    class Meta:
        db_table = "security_events"
        ordering = ["-happened_at", "event_id"]
        indexes = [
            models.Index(fields=["-happened_at", "event_id"], name="event_time"),
            models.Index(fields=["user", "-happened_at"], name="event_user"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.username or 'unknown account'}"


# What the first seal continues.
BEGINNING = "0" * 64
# What a seal covers, by its format. No format ever changes, for seals in it have to verify for ever: another column
# needs another format, with the next number.
SEAL_FORMATS: dict[int, tuple[str, ...]] = {
    1: (
        "id",
        "timestamp",
        "action",
        "content_type",
        "object_pk",
        "object_id",
        "object_repr",
        "changes",
        "changes_text",
        "serialized_data",
        "additional_data",
        "parent_id",
        "actor_id",
        "actor_username",
        "actor_name",
        "actor_email",
        "door",
        "remote_addr",
        "remote_port",
        "cid",
    ),
}


def values_of(entry: AuditEntry, columns: Iterable[str]) -> dict[str, object]:
    """What an entry says in these columns, as JSON has it.

    Times are UTC with microseconds, the kind of object is `app.model`, keys are texts.
    """
    return {name: _as_json(entry, name) for name in columns}


def _as_json(entry: AuditEntry, column: str) -> object:
    if column == "content_type":
        kind = ContentType.objects.get_for_id(entry.content_type_id)
        return f"{kind.app_label}.{kind.model}"
    value = getattr(entry, column)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    return str(value) if isinstance(value, uuid.UUID) else value


def seal_of(previous: str, values: dict[str, object]) -> str:
    """The seal of an entry that follows the entry with seal `previous`: 64 hexadecimal digits.

    SHA-256 of the previous seal, a line end, and the values as JSON in UTF-8 with sorted keys and without blanks.
    Anybody who has an export can compute it again.
    """
    text = json.dumps(values, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(f"{previous}\n{text}".encode()).hexdigest()


class AuditSeal(models.Model):
    """The seal of one entry. Positions run from 1 without a gap, in the order of sealing."""

    position = models.BigIntegerField(primary_key=True)
    entry_id = models.BigIntegerField(unique=True)
    seal = models.CharField(max_length=64)
    # Not hashed itself: another format has other columns, and so another seal.
    format = models.SmallIntegerField(db_default=1)

    class Meta:
        db_table = "audit_seals"
        ordering = ["position"]

    def __str__(self) -> str:
        return f"{self.position}:{self.seal}"


class AuditEntryToSeal(models.Model):
    """An entry that waits for its seal. A trigger puts it here, whoever wrote the entry."""

    entry_id = models.BigIntegerField(primary_key=True)

    class Meta:
        db_table = "audit_entries_to_seal"
        ordering = ["entry_id"]

    def __str__(self) -> str:
        return str(self.entry_id)
