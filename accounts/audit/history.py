"""The audit log in readable form: which field changed from what to what, with labels for columns and names for keys."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeAlias

from auditlog.registry import auditlog
from django.core.exceptions import ValidationError
from django.db import models
from django.utils import formats
from django.utils.translation import gettext, ngettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from accounts.audit.recording import CHANGED
from campaign_studio.encryption import EncryptedTextField

if TYPE_CHECKING:
    from django.db.models import Field
    from django_stubs_ext import StrPromise

    from accounts.models import AuditEntry, User

VERBS: "dict[int, StrPromise]" = {
    0: pgettext_lazy("audit action", "created"),
    1: pgettext_lazy("audit action", "changed"),
    2: pgettext_lazy("audit action", "deleted"),
    3: pgettext_lazy("audit action", "viewed"),
}
YES_NO: "dict[str, StrPromise]" = {"True": _("yes"), "False": _("no")}
# How an empty value is written in the log and by `str()`.
EMPTY = ("", "None", "[]")

Names = dict[type[models.Model], dict[str, str]]
# A field of some model and a value it has.
AnyField: TypeAlias = "Field[Any, Any]"
Pair: TypeAlias = "tuple[AnyField | None, object]"


@dataclass(frozen=True)
class Change:
    """One field of one entry: its column, its label, and its old and new value as text, None if empty.

    If `is_difference`, `old` is what was removed from a list and `new` what was added to it.
    """

    field: str
    label: str
    old: str | None
    new: str | None
    is_difference: bool


@dataclass(frozen=True)
class FirstNames:
    """The first names of a list, and how many it has."""

    names: list[str]
    count: int


@dataclass(frozen=True)
class Entry:
    """One entry of a history, ready for display."""

    entry: "AuditEntry"
    kind: str
    verb: str
    changes: list[Change]


@dataclass(frozen=True)
class Detail:
    """One field of a row: its label, and its value as text, None if empty."""

    label: str
    value: str | None


def readable(entries: "Iterable[AuditEntry]", *, reader: "User") -> list[Entry]:
    """The entries of `as_rows()` with labels for columns, and names for the keys of rows that `reader` may see.

    Other keys stay as they are. The rows that the entries refer to are looked up with one query per model.
    """
    entries = list(entries)
    changed = [_changed_fields(entry) for entry in entries]
    names = _names_of_referred(
        ((field, value) for fields in changed for _column, field, values in fields for value in values), reader
    )
    return [
        Entry(
            entry=entry,
            kind=kind_of(entry.content_type.model_class()),
            verb=str(VERBS[entry.action]),
            changes=[
                Change(
                    column,
                    label_of(field, column),
                    _shown(field, old, names),
                    _shown(field, new, names),
                    is_difference=isinstance(new, FirstNames) and entry.action == entry.Action.UPDATE,
                )
                for column, field, (old, new) in fields
            ],
        )
        for entry, fields in zip(entries, changed, strict=True)
    ]


def details(whole: models.Model, parts: Iterable[models.Model], *, reader: "User") -> list[list[Detail]]:
    """The audited fields of the rows themselves: first those of `whole`, then those of each part.

    A part's reference to `whole` and hashes of secrets are left out. Names are looked up as in `readable()`.
    """
    rows = [
        [
            (field, getattr(row, field.attname))
            for field in audited_fields(type(row))
            if field.related_model is not type(whole) and not is_hash(field)
        ]
        for row in (whole, *parts)
    ]
    names = _names_of_referred((pair for row in rows for pair in row), reader)
    return [[Detail(label_of(field), _shown(field, value, names)) for field, value in row] for row in rows]


def audited_fields(model: type[models.Model]) -> "list[AnyField]":
    """The fields whose changes are logged."""
    logged = auditlog.get_model_fields(model)["include_fields"]
    return [field for field in model._meta.concrete_fields if field.name in logged]


def is_hash(field: "AnyField") -> bool:
    """Whether the log says of this field only that it changed, and its value isn't for reading either."""
    is_masked = field.name in auditlog.get_model_fields(field.model)["mask_fields"]
    return is_masked and not isinstance(field, EncryptedTextField)


def parts_of(model: type[models.Model]) -> list[Any]:
    """The relations to audited rows that belong to a row of `model` and are deleted with it."""
    return [
        relation
        for relation in model._meta.related_objects
        if relation.on_delete is models.CASCADE and auditlog.contains(relation.related_model)
    ]


def columns_about(model: type[models.Model], reader: "User") -> list[str]:
    """The names that can occur in `changes` in the history of a row of `model`, without parts hidden from `reader`."""
    kinds = [model, *(relation.related_model for relation in parts_of(model))]
    seen = [kind for kind in kinds if reader.has_perm(f"{kind._meta.app_label}.view_{kind._meta.model_name}")]
    return sorted({field.attname for kind in seen for field in audited_fields(kind)})


def field_of(model: type[models.Model] | None, column: str) -> "AnyField | None":
    """The model's field for a name in the log, a column (`advertiser_id`) or a field. None if it no longer exists."""
    for field in model._meta.concrete_fields if model else ():
        if column in (field.attname, field.name):
            return field
    return None


def label_of(field: "AnyField | None", column: str = "") -> str:
    """The label of a field. If it no longer exists, its column in words."""
    return str(field.verbose_name) if field is not None else column.replace("_", " ")


def kind_of(model: type[models.Model] | None) -> str:
    """The model's name for display, or "" if the model no longer exists."""
    return str(model._meta.verbose_name) if model else ""


def timestamp(at: datetime) -> str:
    """A time in UTC with seconds, in the format of the active language. Without a time zone, `at` is UTC already."""
    at = at.astimezone(UTC) if at.tzinfo else at
    parts = {"date": formats.date_format(at, "DATE_FORMAT"), "time": formats.time_format(at, "H:i:s")}
    return gettext("%(date)s, %(time)s UTC") % parts


def _changed_fields(entry: "AuditEntry") -> "list[tuple[str, AnyField | None, list[object]]]":
    """The changes in the order of the model's fields. The database doesn't keep the order in which they were logged."""
    model = entry.content_type.model_class()
    order = list(model._meta.concrete_fields) if model else []
    found = [(column, field_of(model, column), _pair(values)) for column, values in short_changes(entry).items()]
    return sorted(found, key=lambda change: order.index(change[1]) if change[1] else len(order))


def short_changes(entry: "AuditEntry") -> dict[str, Any]:
    """The changes of an entry of `as_rows()`; see `ShortChanges`."""
    found: dict[str, Any] | None = getattr(entry, "short_changes", None)
    return found or {}


def _pair(change: Any) -> list[object]:
    """The old and the new value. Of a list, the names that were removed, those that were added, and their number."""
    if not isinstance(change, dict):
        return list(change)
    return [
        FirstNames(change["removed"], change["removed_count"]),
        FirstNames(change["added"], change["added_count"]),
    ]


def _shown(field: "AnyField | None", value: object, names: Names) -> str | None:
    if value is None or str(value) in EMPTY:
        return None
    if isinstance(value, FirstNames):
        return _listed(field, value.names, value.count)
    if isinstance(value, list | tuple):
        return _listed(field, value, len(value))
    if isinstance(value, dict):
        return gettext("%(start)s… (%(count)d characters)") % value
    if isinstance(field, models.ForeignKey):
        return names.get(field.related_model, {}).get(str(value), str(value))
    if value == CHANGED:
        return gettext("[changed]")
    return _formatted(field, value) or _chosen(field, str(value))


def _listed(field: "AnyField | None", items: "Sequence[object]", count: int) -> str | None:
    """The items, and how many more there are. None for an empty list."""
    listed = ", ".join(_chosen(getattr(field, "base_field", None), item) for item in items)
    left = count - len(items)
    more = ngettext("%(items)s and %(count)d more", "%(items)s and %(count)d more", left)
    return (more % {"items": listed, "count": left} if left else listed) or None


def _formatted(field: "AnyField | None", value: object) -> str | None:
    """A date, a time or a number in the format of the active language. None for anything else."""
    if not isinstance(field, models.DateField | models.TimeField | models.FloatField | models.DecimalField):
        return None
    try:
        value = field.to_python(value)
    except ValidationError:
        return None
    if isinstance(value, datetime):
        return timestamp(value)
    return str(formats.localize(value))


def _chosen(field: "AnyField | None", value: object) -> str:
    """The label of a choice, or the value itself."""
    # The log has numbers in lists as texts.
    choices = {str(choice): label for choice, label in getattr(field, "flatchoices", None) or ()}
    return str(choices.get(str(value), YES_NO.get(str(value), value)))


def _names_of_referred(values: "Iterable[Pair]", reader: "User") -> Names:
    """The names of the rows that the foreign keys among `values` refer to, as far as `reader` may see them."""
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
