"""Cursors: positions in a list, so that a page costs the same wherever it is and no row is skipped or repeated.

A cursor contains the values that the rows are ordered by, of the row at the edge of a page. It needn't be signed: it
only selects among rows that the reader may see, by columns that they may order by.
"""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeAlias

from django.core.exceptions import FieldDoesNotExist
from django.core.exceptions import ValidationError as ModelValidationError
from django.db import connection
from django.db.models import F, Field, Q, QuerySet, TextField
from django.db.models.fields.tuple_lookups import (
    Tuple,
    TupleGreaterThan,
    TupleGreaterThanOrEqual,
    TupleLessThan,
    TupleLessThanOrEqual,
)
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.exceptions import ErrorDetail, ValidationError

AnyQuerySet: TypeAlias = "QuerySet[Any, Any]"
AnyField: TypeAlias = "Field[Any, Any]"
# With them a cursor still fits into a URL.
MOST_COLUMNS = 2
NOTHING = Q(pk__in=[])
# By whether the order is descending, and whether the position itself is included.
COMPARE: dict[tuple[bool, bool], Any] = {
    (False, False): TupleGreaterThan,
    (False, True): TupleGreaterThanOrEqual,
    (True, False): TupleLessThan,
    (True, True): TupleLessThanOrEqual,
}


class Side(StrEnum):
    """Which rows a cursor selects: those after the position, before it, or before it and at it."""

    AFTER = "a"
    BEFORE = "b"
    UP_TO = "u"


@dataclass(frozen=True)
class Cursor:
    """A position in a list with this order, and the rows that are selected from there. Without values, all of them."""

    ordering: tuple[str, ...]
    side: Side = Side.AFTER
    values: tuple[Any, ...] = ()

    @classmethod
    def of(cls, text: str, rows: AnyQuerySet) -> "Cursor":
        """The cursor with this text, of these rows in this order. An empty text is the beginning.

        Raises ValidationError.
        """
        ordering = tuple(str(name) for name in rows.query.order_by or rows.model._meta.ordering)
        fields = [_field_of(name, rows) for name in names_of(ordering)]
        if len(fields) > MOST_COLUMNS + 1 or any(isinstance(field, TextField) for field in fields):
            message = _("With a cursor, order by one or two columns that aren't long texts.")
            raise ValidationError({"ordering": [ErrorDetail(message, "not_with_cursor")]})
        if not text:
            return cls(ordering)
        try:
            side, order, *values = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
            if order != ",".join(ordering):
                raise ValueError(order)
            sent = tuple(_value(field, value) for field, value in zip(fields, values, strict=True))
            return cls(ordering, Side(side), sent)
        except (ValueError, TypeError, OverflowError, RecursionError, ModelValidationError, binascii.Error) as error:
            message = _(
                "This is not a cursor of this list in this order. Take it from “next” or “previous” of a page, or "
                "begin with an empty one: ?cursor="
            )
            raise ValidationError({"cursor": [ErrorDetail(message, "not_a_cursor")]}) from error

    @property
    def is_backwards(self) -> bool:
        """Whether the rows before the position are selected."""
        return self.side is not Side.AFTER

    def at(self, side: Side, position: Sequence[Any]) -> str:
        """The text of a cursor at the position of a row: the values of `names_of(ordering)`."""
        text = json.dumps(
            [side, ",".join(self.ordering), *position], default=str, ensure_ascii=False, separators=(",", ":")
        )
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    def select(self, rows: AnyQuerySet) -> AnyQuerySet:
        """The rows on this side of the position, nearest first."""
        ordering = [_turned(name) for name in self.ordering] if self.is_backwards else list(self.ordering)
        if self.values:
            rows = rows.filter(_beyond(ordering, self.values, rows, is_included=self.side is Side.UP_TO))
        return rows.order_by(*ordering)


def names_of(ordering: Sequence[str]) -> tuple[str, ...]:
    """The names in an order, without the signs."""
    return tuple(name.removeprefix("-") for name in ordering)


def _turned(name: str) -> str:
    return name.removeprefix("-") if name.startswith("-") else f"-{name}"


def _field_of(name: str, rows: AnyQuerySet) -> AnyField:
    """The column, or that of what is added to the rows under this name."""
    added = rows.query.annotations.get(name)
    if added is not None:
        field: AnyField = added.output_field
        return field
    found = rows.model._meta.get_field(name)
    if not isinstance(found, Field):
        raise FieldDoesNotExist(name)
    return found


def _value(field: AnyField, value: Any) -> Any:
    """A value from a cursor, as the column has it. Raises ValueError or ValidationError."""
    # Lone surrogates raise UnicodeEncodeError, which is a ValueError.
    if isinstance(value, str) and b"\0" in value.encode():
        raise ValueError(value)
    found = None if value is None else field.to_python(value)
    if isinstance(found, int) and not isinstance(found, bool):
        # psycopg can't send a number beyond 64 bits, and no row has one beyond its column.
        least, most = connection.ops.integer_field_range(field.get_internal_type())
        if not (least is not None and most is not None and least <= found <= most):
            raise ValueError(value)
    if field.get_internal_type() == "DateTimeField" and found is not None and timezone.is_naive(found):
        raise ValueError(value)
    return found


def _may_be_null(name: str, rows: AnyQuerySet) -> bool:
    return name in rows.query.annotations or _field_of(name, rows).null


def _beyond(ordering: Sequence[str], values: Sequence[Any], rows: AnyQuerySet, *, is_included: bool) -> Any:
    """The condition that a row comes after a position, as PostgreSQL orders: null after everything else."""
    names = names_of(ordering)
    signs = {name.startswith("-") for name in ordering}
    is_plain = not any(_may_be_null(name, rows) for name in names)
    if is_plain and len(signs) == 1:
        # One comparison of rows, for which an index on these columns is read from the position on.
        return COMPARE[signs.pop(), is_included](Tuple(*map(F, names)), tuple(values))
    condition = Q(**{names[-1]: values[-1]}) if is_included else NOTHING
    for name, value, written in reversed(list(zip(names, values, ordering, strict=True))):
        equal = Q(**{f"{name}__isnull": True} if value is None else {name: value})
        condition = _after(name, value, rows, is_descending=written.startswith("-")) | (equal & condition)
    return condition


def _after(name: str, value: Any, rows: AnyQuerySet, *, is_descending: bool) -> Q:
    """The condition that a column comes after a value."""
    if value is None:
        return Q(**{f"{name}__isnull": False}) if is_descending else NOTHING
    if is_descending:
        return Q(**{f"{name}__lt": value})
    later = Q(**{f"{name}__gt": value})
    return later | Q(**{f"{name}__isnull": True}) if _may_be_null(name, rows) else later
