"""What proves that the audit log is whole: a chain of seals, one for each entry (8-reliability R22, ADR 0009)."""

import hashlib
import json
from datetime import UTC
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db import models

from accounts.models.log import AuditEntry

# What the first seal continues.
BEGINNING = "0" * 64
SEALED_COLUMNS = (
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
)


def sealed_values(entry: AuditEntry) -> dict[str, Any]:
    """Everything an entry says, as JSON has it: what is sealed, and what is exported.

    Times are UTC with microseconds, the kind of object is `app.model`, keys are texts.
    """
    values = {name: getattr(entry, name) for name in SEALED_COLUMNS if name != "content_type"}
    kind = ContentType.objects.get_for_id(entry.content_type_id)
    return values | {
        "timestamp": entry.timestamp.astimezone(UTC).isoformat(timespec="microseconds"),
        "content_type": f"{kind.app_label}.{kind.model}",
        "parent_id": str(entry.parent_id) if entry.parent_id else None,
        "actor_id": str(entry.actor_id) if entry.actor_id else None,
    }


def seal_of(previous: str, values: dict[str, Any]) -> str:
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
