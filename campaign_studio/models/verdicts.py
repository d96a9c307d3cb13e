"""Judges check constraints in Python, as far as they only compare columns. The rest is left to the database.

The conditions are judged as Django compiles them for the database, with its three truth values. A property test
compares the verdicts with those of the database.
"""

import operator
from collections.abc import Callable, Iterator
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from functools import cache
from math import isfinite
from types import UnionType
from typing import Any, NamedTuple

from django.contrib.postgres.fields import ArrayField
from django.db.models import CheckConstraint, Func, Model, Value, lookups
from django.db.models.expressions import Col
from django.db.models.sql import Query
from django.db.models.sql.where import AND, OR, WhereNode


class Verdict(Enum):
    """What a condition is for a row. `DOUBT` means that only the database can say it."""

    TRUE = "true"
    FALSE = "false"
    UNKNOWN = "unknown"
    DOUBT = "doubt"


ARRAYS = ArrayField.get_class_lookups()
NEGATED = {Verdict.TRUE: Verdict.FALSE, Verdict.FALSE: Verdict.TRUE}
COMPARISONS: dict[type, Callable[[Any, Any], bool]] = {
    lookups.Exact: operator.eq,
    lookups.IntegerFieldExact: operator.eq,
    lookups.GreaterThan: operator.gt,
    lookups.IntegerGreaterThan: operator.gt,
    lookups.GreaterThanOrEqual: operator.ge,
    lookups.IntegerGreaterThanOrEqual: operator.ge,
    lookups.LessThan: operator.lt,
    lookups.IntegerLessThan: operator.lt,
    lookups.LessThanOrEqual: operator.le,
    lookups.IntegerLessThanOrEqual: operator.le,
    lookups.In: lambda value, listed: value in listed,
    ARRAYS["contains"]: lambda value, wanted: all(element in value for element in wanted),
    ARRAYS["contained_by"]: lambda value, allowed: all(element in allowed for element in value),
}
KINDS: tuple[tuple[type | UnionType, str], ...] = (
    (bool | int | float | Decimal, "number"),
    (str, "text"),
    (datetime, "moment"),
    (date, "day"),
    (time, "time"),
)
# Texts are equal in the database if they are in Python, but they are in another order.
ORDERED = {"number", "day", "time"}
ORDERS = (operator.gt, operator.ge, operator.lt, operator.le)

Judge = Callable[[Model], Verdict]
Operand = Callable[[Model], Any]


class Check(NamedTuple):
    """A check constraint, the names of the fields that it is about, and how it is judged."""

    constraint: CheckConstraint
    fields: frozenset[str]
    judge: Judge


@cache
def checks_of(model: type[Model]) -> tuple[Check, ...]:
    """The check constraints of a model."""
    checks = []
    for constraint in model._meta.constraints:
        if isinstance(constraint, CheckConstraint):
            # As in CheckConstraint itself. Django has no public way to the compiled condition.
            condition: Any = constraint.condition
            where = Query(model, alias_cols=False).build_where(condition)
            checks.append(Check(constraint, frozenset(_fields_in(where)), _judge_of(where)))
    return tuple(checks)


def _fields_in(condition: Any) -> Iterator[str]:
    if isinstance(condition, WhereNode):
        for child in condition.children:
            yield from _fields_in(child)
    else:
        yield from (part.target.name for part in condition.flatten() if isinstance(part, Col))


def _judge_of(condition: Any) -> Judge:
    if isinstance(condition, WhereNode):
        return _judge_of_all(condition)
    if isinstance(condition, lookups.IsNull):
        return _judge_of_null(condition)
    compare = COMPARISONS.get(type(condition))
    left, right = _operand(condition.lhs), _operand(getattr(condition, "rhs", None))
    if compare is None or left is None or right is None:
        return lambda row: Verdict.DOUBT
    comparable = ORDERED if compare in ORDERS else ORDERED | {"text"}

    def judge(row: Model) -> Verdict:
        values = left(row), right(row)
        if values[0] is None or values[1] is None:
            return Verdict.UNKNOWN
        kinds = _kinds(values[0]) | _kinds(values[1])
        if len(kinds) > 1 or not kinds <= comparable:
            return Verdict.DOUBT
        return Verdict.TRUE if compare(*values) else Verdict.FALSE

    return judge


def _judge_of_all(node: WhereNode) -> Judge:
    judges = [_judge_of(child) for child in node.children]
    if node.connector not in (AND, OR):
        return lambda row: Verdict.DOUBT
    decisive, other = (Verdict.FALSE, Verdict.TRUE) if node.connector == AND else (Verdict.TRUE, Verdict.FALSE)

    def judge(row: Model) -> Verdict:
        found = other
        for one in judges:
            verdict = one(row)
            if verdict is decisive:
                found = decisive
                break
            if verdict is Verdict.DOUBT or (verdict is Verdict.UNKNOWN and found is not Verdict.DOUBT):
                found = verdict
        return NEGATED.get(found, found) if node.negated else found

    return judge


def _judge_of_null(lookup: Any) -> Judge:
    value = _operand(lookup.lhs)
    if value is None:
        return lambda row: Verdict.DOUBT
    return lambda row: Verdict.TRUE if (value(row) is None) is lookup.rhs else Verdict.FALSE


def _operand(expression: Any) -> Operand | None:
    """How the value of one side of a comparison is found; None if only the database knows."""
    if isinstance(expression, Col):
        return operator.attrgetter(expression.target.attname)
    if isinstance(expression, Func) and expression.extra.get("function") == "ARRAY":
        parts = expression.get_source_expressions()
        elements = [part.value for part in parts if isinstance(part, Value)]
        return (lambda row: elements) if len(elements) == len(parts) else None
    constant = expression.value if isinstance(expression, Value) else expression
    return None if hasattr(constant, "resolve_expression") else lambda row: constant


def _kinds(value: object) -> set[str]:
    """What Python and the database compare alike with others of its kind. A list has the kinds of its elements."""
    if isinstance(value, list):
        return {kind for element in value for kind in ({"nested"} if isinstance(element, list) else _kinds(element))}
    if isinstance(value, float | Decimal) and not isfinite(value):
        return {"endless"}
    return {next((kind for types, kind in KINDS if isinstance(value, types)), type(value).__name__)}
