"""The audit log as people read it: which field went from what to what, with labels for columns and names for keys."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from auditlog.registry import auditlog
from django.db import models

if TYPE_CHECKING:
    from django.db.models import Field

    from accounts.models import AuditEntry, User

VERBS = {0: "created", 1: "changed", 2: "deleted", 3: "seen"}
YES_NO = {"True": "yes", "False": "no"}
# How the log and `str()` write that there is nothing.
EMPTY = ("", "None", "[]")
WITH_SECONDS = len("2026-11-01 12:00:00")
WITH_MINUTES = len("12:00")

Names = dict[type[models.Model], dict[str, str]]
# A field of some model, and a value it has.
AnyField: TypeAlias = "Field[Any, Any]"
Pair: TypeAlias = "tuple[AnyField | None, object]"


@dataclass(frozen=True)
class Change:
    """One field of one entry: its column, what people call it, and its values as text; None is nothing."""

    field: str
    label: str
    old: str | None
    new: str | None


@dataclass(frozen=True)
class Entry:
    """One line of a history, ready to be shown."""

    entry: "AuditEntry"
    kind: str
    verb: str
    changes: list[Change]


@dataclass(frozen=True)
class Detail:
    """One field of a row: what people call it, and its value as text; None is nothing."""

    label: str
    value: str | None


def readable(entries: "Iterable[AuditEntry]", *, reader: "User") -> list[Entry]:
    """The entries with labels instead of columns and names instead of keys, as far as `reader` may see those rows.

    The rows that entries refer to are looked up once per model, however many entries there are.
    """
    entries = list(entries)
    changed = [_changed_fields(entry) for entry in entries]
    names = _names_of_referred(
        ((field, value) for fields in changed for _, field, values in fields for value in values), reader
    )
    return [
        Entry(
            entry=entry,
            kind=kind_of(entry.content_type.model_class()),
            verb=VERBS[entry.action],
            changes=[
                Change(column, label_of(field, column), _shown(field, old, names), _shown(field, new, names))
                for column, field, (old, new) in fields
            ],
        )
        for entry, fields in zip(entries, changed, strict=True)
    ]


def details(whole: models.Model, parts: Iterable[models.Model], *, reader: "User") -> list[list[Detail]]:
    """What the log tells of such rows, read off the rows themselves: the fields of the whole, then of each part.

    That it is a part of this whole is left out. Names are looked up as in `readable()`.
    """
    rows = [
        [
            (field, getattr(row, field.attname))
            for field in audited_fields(type(row))
            if field.related_model is not type(whole)
        ]
        for row in (whole, *parts)
    ]
    names = _names_of_referred((pair for row in rows for pair in row), reader)
    return [[Detail(label_of(field), _shown(field, value, names)) for field, value in row] for row in rows]


def audited_fields(model: type[models.Model]) -> "list[AnyField]":
    """The fields whose changes are logged."""
    logged = auditlog.get_model_fields(model)["include_fields"]
    return [field for field in model._meta.concrete_fields if field.name in logged]


def parts_of(model: type[models.Model]) -> list[Any]:
    """The relations to rows that belong to a row of `model`, vanish with it, and are logged as parts of it."""
    return [
        relation
        for relation in model._meta.related_objects
        if relation.on_delete is models.CASCADE and auditlog.contains(relation.related_model)
    ]


def columns_about(model: type[models.Model], reader: "User") -> list[str]:
    """The names that `changes` can hold in the history of a row of `model`, as far as `reader` may see its parts."""
    kinds = [model, *(relation.related_model for relation in parts_of(model))]
    seen = [kind for kind in kinds if reader.has_perm(f"{kind._meta.app_label}.view_{kind._meta.model_name}")]
    return sorted({field.attname for kind in seen for field in audited_fields(kind)})


def field_of(model: type[models.Model] | None, column: str) -> "AnyField | None":
    """The model's field behind a name in the log: a column (`advertiser_id`) or a field; None if it is gone."""
    for field in model._meta.concrete_fields if model else ():
        if column in (field.attname, field.name):
            return field
    return None


def label_of(field: "AnyField | None", column: str = "") -> str:
    """What people call a field; for one that is gone, its column in words."""
    return str(field.verbose_name) if field is not None else column.replace("_", " ")


def kind_of(model: type[models.Model] | None) -> str:
    """What people call such a row; "" for a table that is gone."""
    return str(model._meta.verbose_name) if model else ""


def _changed_fields(entry: "AuditEntry") -> "list[tuple[str, AnyField | None, list[object]]]":
    model = entry.content_type.model_class()
    return [(column, field_of(model, column), values) for column, values in (entry.changes or {}).items()]


def _shown(field: "AnyField | None", value: object, names: Names) -> str | None:
    if value is None or str(value) in EMPTY:
        return None
    if isinstance(value, list | tuple):
        return ", ".join(_chosen(getattr(field, "base_field", None), item) for item in value)
    text = str(value)
    if isinstance(field, models.ForeignKey):
        return names.get(field.related_model, {}).get(text, text)
    if isinstance(field, models.DateTimeField):
        return f"{text[:WITH_SECONDS]} UTC"
    if isinstance(field, models.TimeField):
        return text[:WITH_MINUTES]
    return _chosen(field, text)


def _chosen(field: "AnyField | None", value: object) -> str:
    """The label of a choice, or the value itself."""
    choices = dict(getattr(field, "flatchoices", None) or ())
    return str(choices.get(value, YES_NO.get(str(value), value)))


def _names_of_referred(values: "Iterable[Pair]", reader: "User") -> Names:
    """The names of the rows that foreign keys among `values` point to."""
    wanted: dict[Any, set[str]] = defaultdict(set)
    for field, value in _references(values):
        wanted[field.related_model].add(str(value))
    return {
        model: {str(row.pk): str(row) for row in model._default_manager.visible_to(reader).filter(pk__in=keys)}
        for model, keys in wanted.items()
    }


def _references(values: "Iterable[Pair]") -> "Iterator[tuple[models.ForeignKey, object]]":
    for field, value in values:
        if isinstance(field, models.ForeignKey) and field.target_field.primary_key and value not in (None, *EMPTY):
            yield field, value
