"""One operation of a change set: what is asked for, how it is carried out, and why it is refused."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Self, cast
from uuid import UUID

from django.core.exceptions import NON_FIELD_ERRORS, PermissionDenied, ValidationError
from django.db import DataError, IntegrityError, models
from django.db.models import ProtectedError, RestrictedError
from django.utils.translation import gettext_lazy as _

from accounts.models import AuditEntry
from campaign_studio.constraints import NO_SUCH_REFERENCE, protected_message, validation_error
from campaign_studio.models.parts import PartsError, write_with_parts
from campaign_studio.models.stamped import StampedModel
from campaign_studio.models.versioned import StaleError
from campaigns.changesets.resources import Resource, resource_named

if TYPE_CHECKING:
    from accounts.models import User

CREATE, UPDATE, DELETE, MOVE = "create", "update", "delete", "move"
NOT_MOVABLE = _("A move only changes where the object belongs. Use an update for this field.")
KEY_WAS_USED = _("There is or was an object with this id. Leave the id out, or choose a new one.")
OUT_OF_RANGE = _("One of the values is outside the range that can be stored.")
# A message with its code.
Message = dict[str, str]


class Refused(StrEnum):
    """Why an operation isn't carried out. A door words all but the first two, which bring their messages along."""

    INVALID = "invalid"
    CONFLICT = "conflict"
    FORBIDDEN = "forbidden"
    MISSING = "missing"
    STALE = "stale"


@dataclass(frozen=True)
class Refusal:
    """Why an operation isn't carried out: messages with codes by column, nested as the values are."""

    kind: Refused
    code: str
    messages: dict[str, Any] = field(default_factory=dict)

    def dumped(self) -> dict[str, Any]:
        """The refusal as JSON."""
        return {"kind": self.kind.value, "code": self.code, "messages": self.messages}


class RefusedError(Exception):
    """An operation isn't carried out."""

    def __init__(self, refusal: Refusal) -> None:
        self.refusal = refusal
        super().__init__(refusal.code)


@dataclass(frozen=True)
class Operation:
    """What is to be done to one row: to create, update, delete or move it, or a verb of its kind.

    `values` are by column and `parts` by relation, both as JSON has them. A door that has refused the input already
    says so in `refusal`.
    """

    op: str
    resource: str
    key: UUID
    values: dict[str, Any] = field(default_factory=dict)
    parts: dict[str, Any] = field(default_factory=dict)
    refusal: Refusal | None = None

    @property
    def kind(self) -> Resource:
        return resource_named(self.resource)

    @classmethod
    def loaded(cls, stored: Mapping[str, Any]) -> Self:
        """An operation as `dumped()` has stored it."""
        refusal = stored.get("refusal")
        return cls(
            stored["op"],
            stored["resource"],
            UUID(stored["key"]),
            stored["values"],
            stored["parts"],
            Refusal(Refused(refusal["kind"]), refusal["code"], refusal["messages"]) if refusal else None,
        )

    def dumped(self) -> dict[str, Any]:
        """The operation as JSON."""
        return {
            "op": self.op,
            "resource": self.resource,
            "key": str(self.key),
            "values": self.values,
            "parts": self.parts,
            "refusal": self.refusal and self.refusal.dumped(),
        }

    @property
    def permission(self) -> str:
        """The permission that it takes."""
        if self.op in self.kind.verbs:
            return self.kind.verbs[self.op].permission
        return self.kind.permission({CREATE: "add", DELETE: "delete"}.get(self.op, "change"))

    def carry_out(self, by: "User") -> str:
        """Judge and carry it out like a single write by this user. Returns the name of the row.

        Raises RefusedError, after which the transaction must be rolled back to where it was before.
        """
        if self.refusal:
            raise RefusedError(self.refusal)
        if not by.has_perm(self.permission):
            raise RefusedError(Refusal(Refused.FORBIDDEN, "permission_denied"))
        try:
            return self._create(by) if self.op == CREATE else self._to_stored_row(by)
        except StaleError as error:
            raise RefusedError(Refusal(Refused.STALE, "stale")) from error
        except PermissionDenied as error:
            raise RefusedError(_forbidden(str(error))) from error
        except ValidationError as error:
            raise RefusedError(_invalid(error, self.kind.model)) from error
        except PartsError as error:
            raise RefusedError(_invalid_parts(error)) from error
        except (ProtectedError, RestrictedError) as error:
            raise RefusedError(_conflict(protected_message(error), "protected")) from error
        except IntegrityError as error:
            raise RefusedError(_invalid(validation_error(error), self.kind.model)) from error
        except DataError as error:
            refusal = ValidationError(OUT_OF_RANGE, code="out_of_range")
            raise RefusedError(_invalid(refusal, self.kind.model)) from error

    def _create(self, by: "User") -> str:
        row = self.kind.model()
        row.pk = self.key
        if AuditEntry.objects.filter(object_pk=str(self.key)).exists() or _is_stored(row):
            raise ValidationError({row._meta.pk.attname: ValidationError(KEY_WAS_USED, code="key_was_used")})
        self._set(row, by)
        if not by.has_perm(self.permission, row):
            raise RefusedError(_forbidden(str(self.kind.addition_refusal)))
        write_with_parts(None, row, self._typed_parts())
        return str(row)

    def _to_stored_row(self, by: "User") -> str:
        rows: Any = self.kind.model._default_manager.all()
        row = rows.visible_to(by).for_change(self.key).first()
        if row is None:
            raise RefusedError(Refusal(Refused.MISSING, "not_found"))
        if not by.has_perm(self.permission, row):
            raise RefusedError(Refusal(Refused.FORBIDDEN, "permission_denied"))
        name = str(row)
        if self.op in self.kind.verbs:
            self.kind.verbs[self.op].carry_out(row, self.values, by)
        elif self.op == DELETE:
            _delete(row)
        else:
            proposed = copy.copy(row)
            self._set(proposed, by)
            write_with_parts(row, proposed, self._typed_parts())
        return name

    def _set(self, row: StampedModel, by: "User") -> None:
        """Set the values and validate the row. Raises ValidationError."""
        fixed = set(self.values) | set(self.parts) if self.op == MOVE else set()
        if unmovable := fixed - self.kind.movable:
            raise ValidationError({name: ValidationError(NOT_MOVABLE, code="not_movable") for name in unmovable})
        fields = {one.attname: one for one in row._meta.concrete_fields}
        for name, value in self.values.items():
            setattr(row, name, _typed(fields[name], value))
            if isinstance(fields[name], models.ForeignKey) and value is not None:
                _check_is_visible(fields[name], value, by)
        self.kind.prepare(row, self.parts)
        row.full_clean()

    def _typed_parts(self) -> dict[str, Any]:
        typed: dict[str, Any] = {}
        for name, sent in self.parts.items():
            model: Any = self.kind.model._meta.get_field(name).related_model
            fields = {one.name: one for one in model._meta.concrete_fields}
            if isinstance(sent, list):
                typed[name] = [{key: _typed(fields[key], value) for key, value in row.items()} for row in sent]
            else:
                typed[name] = sent and {key: _typed(fields[key], value) for key, value in sent.items()}
        return typed


def _delete(row: StampedModel) -> None:
    try:
        row.delete()
    except ValidationError as error:
        raise RefusedError(_conflict(error.messages[0], error.code or "conflict")) from error


def _is_stored(row: StampedModel) -> bool:
    return type(row)._default_manager.filter(pk=row.pk).exists()


def _typed(column: Any, value: Any) -> Any:
    return None if value is None else column.to_python(value)


def _check_is_visible(column: Any, key: Any, by: "User") -> None:
    if not column.related_model._default_manager.visible_to(by).filter(pk=key).exists():
        raise ValidationError({column.attname: ValidationError(NO_SUCH_REFERENCE, code="does_not_exist")})


def _forbidden(message: str) -> Refusal:
    return Refusal(Refused.FORBIDDEN, "permission_denied", {"detail": message} if message else {})


def _conflict(message: str, code: str) -> Refusal:
    return Refusal(Refused.CONFLICT, code, {"detail": message})


def _invalid(error: ValidationError, model: type[models.Model]) -> Refusal:
    columns = {one.name: one.attname for one in model._meta.concrete_fields}
    messages = {columns.get(name, name): found for name, found in _by_column(error).items()}
    return Refusal(Refused.INVALID, next(iter(messages.values()))[0]["code"], messages)


def _invalid_parts(error: PartsError) -> Refusal:
    errors = error.errors
    if isinstance(errors, ValidationError):
        inner: Any = _by_column(errors)
        return Refusal(Refused.INVALID, next(iter(inner.values()))[0]["code"], {error.name: inner})
    rows = {str(index): _by_column(one) for index, one in errors.items()}
    code = next(iter(next(iter(rows.values())).values()))[0]["code"]
    return Refusal(Refused.INVALID, code, {error.name: rows})


def _by_column(error: ValidationError) -> dict[str, list[Message]]:
    """The messages with their codes. Those about the row as a whole are under NON_FIELD_ERRORS."""
    found = error.error_dict if hasattr(error, "error_dict") else {NON_FIELD_ERRORS: error.error_list}
    return {
        name: [{"message": str(text), "code": one.code or "invalid"} for one in errors for text in one.messages]
        for name, errors in cast("dict[str, list[ValidationError]]", found).items()
    }
