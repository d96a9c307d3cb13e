"""What people did: the audit log of every change, and the events that matter to security."""

import uuid

from auditlog.models import AbstractLogEntry
from django.db import models

from accounts.choices import Door, SecurityEventKind
from accounts.querysets import AuditEntryManager, SecurityEventQuerySet


class AuditEntry(AbstractLogEntry):
    """Who did what to which object, when, from where, by which door. Written by `campaign_studio.audit` alone."""

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
