"""The versions of the rows that a change set is about, and what has moved since they were noted."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import models

from accounts.audit.history import audited_fields, parts_of
from accounts.models import AuditEntry
from campaign_studio.models.stamped import StampedModel
from campaign_studio.models.versioned import PartModel
from campaigns.changesets.operations import CREATE, MOVE, UPDATE, Operation
from campaigns.changesets.resources import (
    Resource,
    all_resources,
    belonging_to,
    resource_named,
    resource_of,
)

# The version of each row by its kind and key, `campaign/…`; None if there is no such row.
Versions = dict[str, int | None]
# Of a row that comes back, these are new.
ALWAYS_NEW = frozenset({"updated_at", "updated_by_name"})


@dataclass(frozen=True)
class Moved:
    """A row that has been changed, created or deleted since its version was noted."""

    resource: str
    key: UUID
    name: str


def label_of(resource: str, key: object) -> str:
    """The key of a row in `Versions`."""
    return f"{resource}/{key}"


def lock(operations: Iterable[Operation]) -> list[StampedModel]:
    """Lock what the operations are about, and what belongs to it, in the order that all writes keep.

    Returns the rows whose version matters: those that are named, and those that a deletion or a verb takes along.
    """
    named: dict[str, set[Any]] = {one.name: set() for one in all_resources()}
    wholly: dict[str, set[Any]] = {one.name: set() for one in all_resources()}
    for operation in operations:
        if operation.op != CREATE:
            named[operation.resource].add(operation.key)
        if operation.op not in (CREATE, UPDATE, MOVE):
            wholly[operation.resource].add(operation.key)
    owners = _owners(named, operations)
    found: list[StampedModel] = []
    for resource in all_resources():
        keys = named[resource.name]
        rows = _locked(resource, keys | owners.get(resource.name, set()))
        found += [row for row in rows if row.pk in keys]
        along = belonging_to(resource, wholly[resource.name])
        for row in along:
            named[_name_of(row)].add(row.pk)
    return found


def _owners(named: dict[str, set[Any]], operations: Iterable[Operation]) -> dict[str, set[Any]]:
    """The rows that must be locked before those that belong to them: the campaigns of ads."""
    owners: dict[str, set[Any]] = {}
    for resource in all_resources():
        for relation in resource.model._meta.concrete_fields:
            remote = relation.remote_field
            owner = resource_of(remote.model) if remote is not None and remote.on_delete is models.CASCADE else None
            if owner is None:
                continue
            rows = resource.model._default_manager.filter(pk__in=named[resource.name])
            sent = [one.values.get(relation.attname) for one in operations if one.resource == resource.name]
            keys = {UUID(key) for key in sent if isinstance(key, str)}
            owners.setdefault(owner.name, set()).update(keys, rows.values_list(relation.attname, flat=True))
    return owners


def _locked(resource: Resource, keys: set[Any]) -> list[StampedModel]:
    rows = resource.model._default_manager.filter(pk__in=keys).order_by("pk")
    return list(rows.select_for_update(of=("self",))) if keys else []


def _name_of(row: models.Model) -> str:
    return str(row._meta.model_name)


def versions_of(rows: Iterable[StampedModel]) -> Versions:
    """The versions of rows that have been read."""
    return {label_of(_name_of(row), row.pk): row.version for row in rows}


def present_versions(labels: Iterable[str], *, lock: bool = False) -> Versions:
    """The stored versions of these rows, which are locked if `lock`."""
    keys: dict[str, set[UUID]] = {}
    for label in labels:
        resource, _slash, key = label.partition("/")
        keys.setdefault(resource, set()).add(UUID(key))
    found: Versions = dict.fromkeys(labels)
    for one in all_resources():
        wanted = keys.get(one.name, set())
        rows = one.model._default_manager.filter(pk__in=wanted).order_by("pk")
        rows = rows.select_for_update(of=("self",)) if lock else rows
        found |= {label_of(one.name, key): version for key, version in rows.values_list("pk", "version")}
    return found


def moved(noted: Versions, present: Versions) -> list[Moved]:
    """The rows whose present version isn't the one that was noted, or which are there on one side only."""
    found = []
    for label in noted | present:
        if present.get(label) != noted.get(label):
            name, _slash, key = label.partition("/")
            row = resource_named(name).model._default_manager.filter(pk=key).first()
            found.append(Moved(name, UUID(key), str(row) if row else key))
    return found


def touched(entries: Iterable[AuditEntry]) -> set[str]:
    """The rows that these audit entries are about, or about parts of which."""
    found = set()
    for entry in entries:
        model = entry.content_type.model_class()
        key: object = entry.object_pk
        if model is not None and issubclass(model, PartModel):
            model, key = model._meta.get_field(model.whole_field).related_model, entry.parent_id
        if resource := resource_of(model):
            found.add(label_of(resource.name, key))
    return found


def unlogged_columns(rows: Iterable[StampedModel]) -> dict[str, dict[str, Any]]:
    """What the audit log doesn't record of these rows and their parts, by `model/key`."""
    found: dict[str, dict[str, Any]] = {}
    by_model: dict[type[models.Model], list[Any]] = {}
    for row in rows:
        by_model.setdefault(type(row), []).append(row)
    for model, wholes in list(by_model.items()):
        for relation in parts_of(model):
            if issubclass(relation.related_model, PartModel):
                parts = relation.related_model._default_manager.filter(**{f"{relation.field.name}__in": wholes})
                by_model.setdefault(relation.related_model, []).extend(parts)
    for listed in by_model.values():
        for row in listed:
            logged = {field.attname for field in audited_fields(type(row))} | {row._meta.pk.attname} | ALWAYS_NEW
            names = [field.attname for field in row._meta.concrete_fields if field.attname not in logged]
            found[label_of(_name_of(row), row.pk)] = {name: _exact(getattr(row, name)) for name in names}
    return found


def _exact(value: Any) -> Any:
    """A value as JSON. Django's encoder would cut times to milliseconds."""
    return value.isoformat() if isinstance(value, datetime) else value
