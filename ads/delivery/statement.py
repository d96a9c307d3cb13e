"""What conditions are written about: an opportunity's parts as expressions, or as blanks of a prepared statement."""

from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import connection
from django.db.models import (
    DateField,
    Expression,
    Field,
    Func,
    IntegerField,
    Model,
    QuerySet,
    SmallIntegerField,
    TextField,
    TimeField,
    Value,
)
from django.db.models.sql.compiler import SQLCompiler

from ads.choices import ALL_DAY
from ads.delivery.opportunity import Opportunity


@dataclass(frozen=True)
class Blank:
    """Stands among the parameters of a statement for a part of the opportunity that will be asked about."""

    name: str


class OpportunityPart(Expression):
    """A part of an opportunity within a condition: one parameter of a known type."""

    def __init__(self, value: Any, output_field: "Field[object, object]", cast: str) -> None:
        super().__init__(output_field=output_field)
        self.value = value
        self.cast = cast

    def as_sql(self, compiler: SQLCompiler, connection: object) -> tuple[str, tuple[Any, ...]]:
        """The placeholder, cast: a text alone would leave PostgreSQL to guess."""
        return f"%s::{self.cast}", (self.value,)


class Question:
    """Each part of an opportunity that a condition may ask about, as an expression.

    Without an opportunity every part is a `Blank`, so that a statement is compiled once and filled in per request.
    """

    def __init__(self, opportunity: Opportunity | None = None) -> None:
        def part(name: str, output_field: "Field[object, object]", cast: str) -> OpportunityPart:
            value = Blank(name) if opportunity is None else getattr(opportunity, name)
            return OpportunityPart(value, output_field, cast)

        self.country = part("country", TextField(), "text")
        self.region = part("region", TextField(), "text")
        self.city = part("city", TextField(), "text")
        self.postcode = part("postcode", TextField(), "text")
        self.day = part("day", DateField(), "date")
        self.time = part("time", TimeField(), "time")
        self.quarter = part("quarter", SmallIntegerField(), "smallint")
        self.max_level = part("max_level", IntegerField(), "integer")

    def places(self) -> Func:
        """The words that a deliverable ad in this country, or this city, is found by."""
        return self._words(self.city)

    def postcodes(self) -> Func:
        """The words that a deliverable ad in this country, or this postcode, is found by."""
        return self._words(self.postcode)

    def moments(self) -> Func:
        """This quarter hour, and all day."""
        return _array(SmallIntegerField(), self.quarter, Value(ALL_DAY))

    def _words(self, narrower: OpportunityPart) -> Func:
        return _array(TextField(), _word(self.country), _word(self.country, narrower))


@dataclass(frozen=True)
class Statement:
    """A query about a blank `Question`, compiled: doing that costs more than the database needs to answer."""

    sql: str
    parameters: tuple[Any, ...]

    @classmethod
    def compiled(cls, rows: "QuerySet[Model, object]") -> "Statement":
        """From a query set whose conditions ask a `Question` without an opportunity."""
        sql, parameters = rows.query.sql_with_params()
        return cls(sql, tuple(parameters))

    def rows(self, opportunity: Opportunity) -> list[tuple[Any, ...]]:
        """What the database answers about the opportunity."""
        filled = [getattr(opportunity, one.name) if isinstance(one, Blank) else one for one in self.parameters]
        with connection.cursor() as cursor:
            cursor.execute(self.sql, filled)
            return list(cursor.fetchall())


def _word(*parts: Expression) -> Func:
    """The word a place is found by: `de/berlin`, or `de`."""
    joined = {"template": "lower(%(expressions)s)", "arg_joiner": ") || '/' || lower("}
    return Func(*parts, **joined, output_field=TextField())


def _array(entry: "Field[object, object]", *entries: Expression) -> Func:
    return Func(*entries, template="ARRAY[%(expressions)s]", output_field=ArrayField(entry))
