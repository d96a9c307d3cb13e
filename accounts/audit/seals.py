"""How a seal is computed, which formats of seals there are, and with which keys (docs/adr/0009 and 0012)."""

import hashlib
import hmac
import json
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Literal, NamedTuple

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.db import models

# Stands in for the previous seal of the first one.
BEGINNING = "0" * 64

Kind = Literal["entry", "event"]


class SealFormat(NamedTuple):
    """What a seal covers: the columns of an audit entry or a security event. Unless it is keyed, anyone can make it."""

    kind: Kind
    columns: tuple[str, ...]
    is_keyed: bool


_ENTRY = (
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
_EVENT = (
    "event_id",
    "happened_at",
    "kind",
    "user_id",
    "username",
    "actor_username",
    "remote_addr",
    "user_agent",
    "door",
    "request_id",
    "detail",
)
# Seals must stay verifiable for ever, so a format never changes: an additional column needs a new format with the next
# number. The newest one of each kind is used.
SEAL_FORMATS: dict[int, SealFormat] = {
    1: SealFormat("entry", _ENTRY, is_keyed=False),
    2: SealFormat("entry", _ENTRY, is_keyed=True),
    3: SealFormat("event", _EVENT, is_keyed=True),
}


def newest_format(kind: Kind) -> int:
    """The number of the format in which new entries or events are sealed."""
    return max(number for number, form in SEAL_FORMATS.items() if form.kind == kind)


def values_of(row: models.Model, columns: Iterable[str]) -> dict[str, object]:
    """The values of these columns as in JSON.

    Times are in UTC with microseconds, the content type is `app.model`, UUIDs are strings.
    """
    return {name: _as_json(row, name) for name in columns}


def _as_json(row: models.Model, column: str) -> object:
    if column == "content_type":
        kind = ContentType.objects.get_for_id(getattr(row, "content_type_id"))  # noqa: B009 - any model may be passed
        return f"{kind.app_label}.{kind.model}"
    value = getattr(row, column)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    return str(value) if isinstance(value, uuid.UUID) else value


def seal_of(previous: str, values: dict[str, object], *, key: str | None) -> str:
    """The seal of an entry or event that follows the one with the seal `previous`: 64 hexadecimal digits.

    It is the HMAC-SHA256 under `key` of the previous seal, a line feed, and the values as JSON in UTF-8 with sorted
    keys and no spaces, so it can be computed from an export and the key. Without a key, as in format 1, it is their
    SHA-256.
    """
    text = json.dumps(values, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    message = f"{previous}\n{text}".encode()
    return hashlib.sha256(message).hexdigest() if key is None else hmac.digest(key.encode(), message, "sha256").hex()


def newest_key() -> str:
    """The key in `SEAL_KEYS` that seals."""
    key: str = settings.SEAL_KEYS[0]
    return key


def fits(seal: str, form: SealFormat, previous: str, values: dict[str, object]) -> bool:
    """Whether it is the seal of these values after `previous`, under any key in `SEAL_KEYS` if the format is keyed."""
    keys: list[str | None] = [*settings.SEAL_KEYS] if form.is_keyed else [None]
    return any(hmac.compare_digest(seal_of(previous, values, key=key), seal) for key in keys)


def proof_of_pruning(position: int, seal: str, *, key: str) -> str:
    """The proof in a checkpoint that `prune_audit_log` made it. Only someone with the key can compute it.

    What a seal covers begins with the previous seal, never with these words, so no seal can serve as a proof.
    """
    return hmac.digest(key.encode(), f"pruned up to {position}:{seal}".encode(), "sha256").hex()


def proves_pruning(proof: object, position: int, seal: str) -> bool:
    """Whether the proof was made with a key in `SEAL_KEYS`."""
    made = [proof_of_pruning(position, seal, key=key) for key in settings.SEAL_KEYS]
    return isinstance(proof, str) and any(hmac.compare_digest(one.encode(), proof.encode()) for one in made)
