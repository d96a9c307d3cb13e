"""Audit entries as people read them: which field went from what to what."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import models

if TYPE_CHECKING:
    from accounts.models import AuditEntry, User

NOTHING = "–"
VERBS = {0: "created", 1: "changed", 2: "deleted", 3: "seen"}
YES_NO = {"True": "yes", "False": "no"}


@dataclass(frozen=True)
class Change:
    """One field of one entry."""

    field: str
    old: str
    new: str


@dataclass(frozen=True)
class Entry:
    """One line of a history, ready to be shown."""

    entry: "AuditEntry"
    kind: str
    verb: str
    changes: list[Change]


def readable(entries: "Iterable[AuditEntry]", *, reader: "User") -> list[Entry]:
    """The entries with labels instead of columns and names instead of keys, as far as `reader` may see those rows.

    The rows that entries refer to are looked up once per model, however many entries there are.
    """
    entries = list(entries)
    names = _names_of_referred(entries, reader)
    return [
        Entry(
            entry=entry,
            kind=str(entry.content_type.model_class()._meta.verbose_name) if entry.content_type.model_class() else "",
            verb=VERBS[entry.action],
            changes=[
                Change(_label(entry, name), _shown(entry, name, old, names), _shown(entry, name, new, names))
                for name, (old, new) in (entry.changes or {}).items()
            ],
        )
        for entry in entries
    ]


def _field(entry: "AuditEntry", name: str) -> Any:
    """The model's field behind a name in the log: a column (`advertiser_id`) or a field; None if it is gone."""
    model = entry.content_type.model_class()
    for field in model._meta.concrete_fields if model else ():
        if name in (field.attname, field.name):
            return field
    return None


def _label(entry: "AuditEntry", name: str) -> str:
    field = _field(entry, name)
    return str(field.verbose_name) if field is not None else name.replace("_", " ")


def _shown(entry: "AuditEntry", name: str, value: Any, names: dict[type[models.Model], dict[str, str]]) -> str:
    field = _field(entry, name)
    if value in (None, "", "None", "[]"):
        return NOTHING
    text = str(value)
    if isinstance(field, models.ForeignKey):
        return names.get(field.related_model, {}).get(text, text)
    choices = dict(getattr(field, "flatchoices", None) or ())
    return str(choices.get(text, YES_NO.get(text, text)))


def _names_of_referred(entries: "list[AuditEntry]", reader: "User") -> dict[type[models.Model], dict[str, str]]:
    wanted: dict[Any, set[str]] = defaultdict(set)
    for entry in entries:
        for name, values in (entry.changes or {}).items():
            field = _field(entry, name)
            if isinstance(field, models.ForeignKey) and field.target_field.primary_key:
                wanted[field.related_model] |= {str(value) for value in values if value not in (None, "", "None")}
    return {
        model: {str(row.pk): str(row) for row in model._default_manager.visible_to(reader).filter(pk__in=keys)}
        for model, keys in wanted.items()
    }
