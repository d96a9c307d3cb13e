"""Objects as they were at a past time: the stored rows, with every change that the audit log has recorded since undone.

Working backwards needs only the entries after that time, so it also works after older entries have been pruned.

Some values can't be restored, because no entry contains them:

- Secrets: a number that was changed or deleted since then is shown as the mask alone. An unchanged one is shown as it
  is now.
- Columns that aren't logged, such as the version and the view counts, are None.
- Saves that changed nothing: `updated_at` and `updated_by_name` come from the row's last logged change. The
  `created_at` of a deleted part is the time of its creation entry, or None if that entry has been pruned.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import connection, models
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.audit.history import AnyField, audited_fields, field_of, parts_of, timestamp
from accounts.audit.models import AuditEntry
from accounts.querysets import AuditEntryQuerySet
from campaign_studio.encryption import EncryptedTextField, Secret
from campaign_studio.models import StampedModel
from campaign_studio.moments import moment_in

if TYPE_CHECKING:
    from accounts.models import User

NOT_A_MOMENT = _(
    "This is not a date or a time. Use a date such as 2026-11-01 (meaning the end of that day), or a UTC time such as "
    "2026-11-01T12:00:00Z."
)
IN_FUTURE = _("This time is in the future. Use an earlier one.")
# Columns that aren't logged, but follow from the entries.
CREATION = frozenset({"created_at", "created_by_name"})
STAMPS = ("created_at", "updated_at", "created_by_name", "updated_by_name")

ENTRIES_AT_ONCE = 5

Values = dict[str, Any]
Rows = dict[tuple[type[models.Model], Any], Values]


class TooEarlyError(Exception):
    """The object didn't exist yet, or the log doesn't go back that far.

    As text, it names the earliest time as the API takes it. `describe()` names it in the reader's format.
    """

    def __init__(self, message: str, earliest: datetime) -> None:
        self.message = message
        self.earliest = earliest
        super().__init__(message % {"time": earliest.isoformat().replace("+00:00", "Z")})

    def describe(self) -> str:
        return self.message % {"time": timestamp(self.earliest)}


def moment_of(text: str) -> datetime:
    """The time that `text` denotes. A date means the end of that day, today means now. Times without a zone are UTC.

    Raises ValidationError for anything else, and for a time in the future.
    """
    now = timezone.now()
    try:
        day = parse_date(text)
    except ValueError as error:
        raise ValidationError(NOT_A_MOMENT, code="invalid") from error
    at = datetime.combine(day, time.max, UTC) if day else moment_in(text)
    if at is None:
        raise ValidationError(NOT_A_MOMENT, code="invalid")
    if day == now.date():
        return now
    if at > now:
        raise ValidationError(IN_FUTURE, code="in_future")
    return at


def as_it_was(present: StampedModel, at: datetime, *, reader: "User") -> Any:
    """A copy of `present` with the values and parts it had at that time, without parts that `reader` may not see.

    Everything that `as_document()` loads is loaded. Don't save the copy. Raises TooEarlyError.
    """
    # The rows are read before the log, so a write in between is undone too, whether or not the row contains it.
    rows = {_key(row): values_of(row) for row in [present, *_parts(present, reader)]}
    # Of rows that were deleted and restored in between, too.
    created = {key: {name: values[name] for name in CREATION & set(values)} for key, values in rows.items()}
    history = AuditEntry.objects.about(present, reader=reader)
    _check_reaches(history, present, at)
    later = history.select_related("content_type").filter(timestamp__gt=at).order_by("-timestamp", "-id")
    restored: datetime | None = None
    # A few at a time, because an entry may be megabytes long.
    for entry in later.iterator(chunk_size=ENTRIES_AT_ONCE):
        undo_entry(rows, entry)
        restored = entry.timestamp if entry.action == entry.Action.CREATE and _is_about(entry, present) else restored
    if _key(present) not in rows and restored:
        raise TooEarlyError(gettext("This object was deleted then, and restored at %(time)s."), restored)
    for key, values in rows.items():
        values |= created.get(key, {})
    _stamp(rows, history.filter(timestamp__lte=at), at)
    return _assembled(present, rows)


def _key(row: models.Model) -> tuple[type[models.Model], Any]:
    return type(row), row.pk


def _is_about(entry: AuditEntry, row: models.Model) -> bool:
    return entry.object_pk == str(row.pk)


def values_of(row: models.Model) -> Values:
    """The columns of a row, by the names of their attributes."""
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


def _parts(whole: models.Model, reader: "User") -> Iterable[models.Model]:
    for relation in parts_of(type(whole)):
        rows: Any = relation.related_model._default_manager
        yield from rows.visible_to(reader).filter(**{relation.field.name: whole})


def _check_reaches(history: AuditEntryQuerySet, present: StampedModel, at: datetime) -> None:
    """Raise TooEarlyError if the object didn't exist at that time or its history at that time is unknown."""
    own = history.filter(object_pk=str(present.pk), action=AuditEntry.Action.CREATE)
    # An object that was deleted and restored has been created twice.
    created = own.values_list("timestamp", flat=True).last()
    since = created or present.created_at
    if since > at:
        raise TooEarlyError(gettext("This object was created at %(time)s. Choose a later time."), since)
    oldest = None if created else AuditEntry.objects.aggregate(models.Min("timestamp"))["timestamp__min"]
    if oldest and oldest > at:
        raise TooEarlyError(gettext("The audit log only goes back to %(time)s. Choose a later time."), oldest)


def undo_entry(rows: Rows, entry: AuditEntry) -> None:
    """Take one entry back, the newest of those that haven't been. Rows that it created leave `rows`."""
    model = entry.content_type.model_class()
    key = (model, model._meta.pk.to_python(entry.object_pk))
    if entry.action == entry.Action.CREATE:
        rows.pop(key, None)
        return
    if entry.action == entry.Action.DELETE:
        rows[key] = {field.attname: _unlogged(field) for field in model._meta.concrete_fields}
        rows[key][model._meta.pk.attname] = key[1]
    for column, (old, _new) in (entry.changes or {}).items():
        field = field_of(model, column)
        if field is not None and key in rows:
            rows[key][field.attname] = _as_stored(field, old)


def _unlogged(field: "AnyField") -> object:
    """The value of a column that the entry of a deletion lacks. One that is never null was added after that entry."""
    return None if field.null or not field.has_default() else field.get_default()


def _as_stored(field: "AnyField", value: object) -> object:
    """A logged value in the type that the row's field has."""
    if value is None:
        return None
    if isinstance(field, EncryptedTextField):
        return Secret("")
    value = field.to_python(value)
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) and value.tzinfo is None else value


def _stamp(rows: Rows, history: AuditEntryQuerySet, at: datetime) -> None:
    """Set when each row was created and who last changed it, and clear the columns that can't be restored."""
    action = AuditEntry.Action
    created = dict(history.filter(action=action.CREATE).values_list("object_pk", "timestamp"))
    changes = history.filter(action__in=[action.CREATE, action.UPDATE])
    newest = changes.order_by("object_pk", "-timestamp", "-id").distinct("object_pk")
    changed = {key: (when, who) for key, when, who in newest.values_list("object_pk", "timestamp", "actor_name")}
    for (model, key), values in rows.items():
        known = {field.attname for field in audited_fields(model)} | {model._meta.pk.attname, *STAMPS}
        values |= dict.fromkeys(set(values) - known)
        if values["created_at"] is None:
            values["created_at"] = created.get(str(key))
        if "updated_at" in values and (values["updated_at"] is None or values["updated_at"] > at):
            values["updated_at"], who = changed.get(str(key), (None, None))
            if "updated_by_name" in values:
                values["updated_by_name"] = who


def _assembled(present: models.Model, rows: Rows) -> models.Model:
    """The row with its parts, as `as_document()` would load them."""
    whole = _built(type(present), rows[_key(present)])
    fields: Any = present._meta.concrete_fields
    for field in fields:
        if field.is_relation and field.is_cached(present):
            field.set_cached_value(whole, field.get_cached_value(present))
    lists = {}
    for relation in parts_of(type(present)):
        model = relation.related_model
        parts = [_built(model, values) for (kind, _pk), values in rows.items() if kind is model]
        for part in parts:
            setattr(part, relation.field.name, whole)
        if relation.one_to_one:
            relation.set_cached_value(whole, parts[0] if parts else None)
        else:
            lists[relation.cache_name] = _in_order(model, parts)
    # Django has no public way to set a row's prefetched lists.
    whole._prefetched_objects_cache = lists
    return whole


def _built(model: type[models.Model], values: Values) -> Any:
    return model.from_db(connection.alias, list(values), list(values.values()))


def _in_order(model: type[models.Model], rows: list[Any]) -> list[Any]:
    """The rows in the model's order. SQL sorts them, because Python doesn't know the database's collation."""
    names: Any = model._meta.ordering
    ordering: list[tuple[bool, Any]] = [
        (name.startswith("-"), model._meta.get_field(name.removeprefix("-"))) for name in names
    ]
    if not rows:
        return []
    keys = ", ".join(f"%s::{field.db_type(connection)}" for _descending, field in ordering)
    listed = ", ".join([f"(%s::integer, {keys})"] * len(rows))
    values = [
        value
        for place, row in enumerate(rows)
        for value in (place, *(field.get_prep_value(getattr(row, field.attname)) for _descending, field in ordering))
    ]
    order = ", ".join(
        f"{place} DESC" if descending else str(place) for place, (descending, _field) in enumerate(ordering, 2)
    )
    with connection.cursor() as cursor:
        # The type names come from our own columns.
        cursor.execute(f"SELECT * FROM (VALUES {listed}) AS listed ORDER BY {order}", values)  # noqa: S608
        return [rows[place] for place, *_keys in cursor.fetchall()]
