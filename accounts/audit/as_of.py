"""Objects as they were at some moment: what is stored now, with everything undone that the log says happened since.

Going backwards needs no more of the log than those entries, so it works where the beginning has been removed.

What can't be had back, because no entry holds it:

- secrets: a number that was changed or deleted since shows as the bare mask, one that was not as it shows now;
- what is never logged: version, views, and whatever else is excluded, are None;
- the time of a save that changed nothing: `updated_at` and `updated_by_name` tell of the last change of the row itself
  that was logged, and `created_at` of a part that is gone tells when its creation was logged (None where that entry
  has been removed).
"""

from collections.abc import Iterable
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import connection, models
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from accounts.audit.history import AnyField, audited_fields, field_of, parts_of
from accounts.audit.models import AuditEntry
from accounts.querysets import AuditEntryQuerySet
from campaign_studio.encryption import EncryptedTextField, Secret
from campaign_studio.models import StampedModel

if TYPE_CHECKING:
    from accounts.models import User

NOT_A_MOMENT = "Send a day, like 2026-11-01 (its end is meant), or a time in UTC, like 2026-11-01T12:00:00Z."
NOT_YET = "This moment lies in the future. Send one that is past."
# What isn't logged but follows from the entries, or never changes.
STAMPS = ("created_at", "updated_at", "created_by_name", "updated_by_name")

Values = dict[str, Any]
Rows = dict[tuple[type[models.Model], Any], Values]


class TooEarlyError(Exception):
    """The object did not exist, or the log does not reach back so far; the text says since when."""


def moment_of(text: str) -> datetime:
    """The moment somebody asks for. A day means its end, today means now; times without a zone are UTC.

    Raises ValidationError saying what to send instead.
    """
    now = timezone.now()
    try:
        day = parse_date(text)
        at = datetime.combine(day, time.max) if day else parse_datetime(text)
        if at is None:
            raise ValidationError(NOT_A_MOMENT)
        at = (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ValidationError(NOT_A_MOMENT) from error
    if day == now.date():
        return now
    if at > now:
        raise ValidationError(NOT_YET)
    return at


def as_it_was(present: StampedModel, at: datetime, *, reader: "User") -> Any:
    """A row like `present`, with the values and the parts it had at a moment, as far as `reader` may see such parts.

    It is loaded with everything its document shows, and not meant to be saved. Raises TooEarlyError.
    """
    # First the rows, then the log: what somebody writes in between is undone as well, whether or not the row shows it.
    rows = {_key(row): _values(row) for row in [present, *_parts(present, reader)]}
    story = AuditEntry.objects.about(present, reader=reader)
    _check_reaches(story, present, at)
    for entry in story.as_rows().filter(timestamp__gt=at).order_by("-timestamp", "-id"):
        _undo(rows, entry)
    _stamp(rows, story.filter(timestamp__lte=at), at)
    return _whole(present, rows)


def _key(row: models.Model) -> tuple[type[models.Model], Any]:
    return type(row), row.pk


def _values(row: models.Model) -> Values:
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


def _parts(whole: models.Model, reader: "User") -> Iterable[models.Model]:
    for relation in parts_of(type(whole)):
        rows: Any = relation.related_model._default_manager
        yield from rows.visible_to(reader).filter(**{relation.field.name: whole})


def _check_reaches(story: AuditEntryQuerySet, present: StampedModel, at: datetime) -> None:
    """Raise TooEarlyError where nothing is known of the moment."""
    own = story.filter(object_pk=str(present.pk), action=AuditEntry.Action.CREATE)
    created = own.values_list("timestamp", flat=True).first()
    since = created or present.created_at
    if since > at:
        raise TooEarlyError(f"It didn't exist yet: it was created on {_iso(since)}. Ask for a later moment.")
    oldest = None if created else AuditEntry.objects.aggregate(models.Min("timestamp"))["timestamp__min"]
    if oldest and oldest > at:
        raise TooEarlyError(f"The audit log reaches back to {_iso(oldest)}. Ask for a later moment.")


def _iso(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


def _undo(rows: Rows, entry: AuditEntry) -> None:
    model = entry.content_type.model_class()
    key = (model, model._meta.pk.to_python(entry.object_pk))
    if entry.action == entry.Action.CREATE:
        rows.pop(key, None)
        return
    if entry.action == entry.Action.DELETE:
        rows[key] = {field.attname: None for field in model._meta.concrete_fields} | {model._meta.pk.attname: key[1]}
    for column, (old, _) in (entry.changes or {}).items():
        field = field_of(model, column)
        if field is not None and key in rows:
            rows[key][field.attname] = _as_stored(field, old)


def _as_stored(field: "AnyField", value: object) -> object:
    """A value of the log as a row holds it."""
    if value is None:
        return None
    if isinstance(field, EncryptedTextField):
        return Secret("")
    value = field.to_python(value)
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) and value.tzinfo is None else value


def _stamp(rows: Rows, story: AuditEntryQuerySet, at: datetime) -> None:
    """Say when each row was created and who changed it last, and forget what nothing is known of."""
    action = AuditEntry.Action
    created = dict(story.filter(action=action.CREATE).values_list("object_pk", "timestamp"))
    changes = story.filter(action__in=[action.CREATE, action.UPDATE])
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


def _whole(present: models.Model, rows: Rows) -> models.Model:
    """The row with its parts, as `as_document()` would load them."""
    whole = _built(type(present), rows[_key(present)])
    fields: Any = present._meta.concrete_fields
    for field in fields:
        if field.is_relation and field.is_cached(present):
            field.set_cached_value(whole, field.get_cached_value(present))
    lists = {}
    for relation in parts_of(type(present)):
        model = relation.related_model
        parts = [_built(model, values) for (kind, _), values in rows.items() if kind is model]
        for part in parts:
            setattr(part, relation.field.name, whole)
        if relation.one_to_one:
            relation.set_cached_value(whole, parts[0] if parts else None)
        else:
            lists[relation.cache_name] = _in_order(model, parts)
    # Django has no public way to hand a row its prefetched lists.
    whole._prefetched_objects_cache = lists
    return whole


def _built(model: type[models.Model], values: Values) -> Any:
    return model.from_db(connection.alias, list(values), list(values.values()))


def _in_order(model: type[models.Model], rows: list[Any]) -> list[Any]:
    """Sorted by the database: Python doesn't know how it compares letters."""
    names: Any = model._meta.ordering
    ordering: list[tuple[bool, Any]] = [
        (name.startswith("-"), model._meta.get_field(name.removeprefix("-"))) for name in names
    ]
    columns = [[field.get_prep_value(getattr(row, field.attname)) for row in rows] for _, field in ordering]
    listed = ", ".join(f"%s::{field.db_type(connection)}[]" for _, field in ordering)
    order = ", ".join(
        f"{place} DESC" if descending else str(place) for place, (descending, _) in enumerate(ordering, 2)
    )
    with connection.cursor() as cursor:
        # The types are those of our own columns.
        sql = f"SELECT * FROM unnest(%s::integer[], {listed}) ORDER BY {order}"  # noqa: S608
        cursor.execute(sql, [list(range(len(rows))), *columns])
        return [rows[place] for place, *_ in cursor.fetchall()]
