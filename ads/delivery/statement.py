"""The parts of an opportunity as expressions in conditions, or as blanks in a compiled statement."""

from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.fields import ArrayField
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
)
from django.db.models.sql.compiler import SQLCompiler

from ads.delivery.opportunity import Opportunity
from campaign_studio.database.prepared import fetch_all


@dataclass(frozen=True)
class Blank:
    """A parameter of a compiled statement, to be filled in with the part of an opportunity that it names."""

    name: str


class OpportunityPart(Expression):
    """A part of an opportunity within a condition, as a parameter with a type."""

    def __init__(self, value: Any, output_field: "Field[object, object]", cast: str) -> None:
        super().__init__(output_field=output_field)
        self.value = value
        self.cast = cast

    def as_sql(self, compiler: SQLCompiler, connection: object) -> tuple[str, tuple[Any, ...]]:
        """The placeholder with a cast, so that PostgreSQL doesn't have to guess its type."""
        return f"%s::{self.cast}", (self.value,)


class Question:
    """The parts of an opportunity that conditions use, as expressions.

    Without an opportunity, each part is a `Blank`: a statement is compiled once and filled in for each request.
    """

    def __init__(self, opportunity: Opportunity | None = None) -> None:
        def part(name: str, output_field: "Field[object, object]", cast: str) -> OpportunityPart:
            value = Blank(name) if opportunity is None else getattr(opportunity, name)
            return OpportunityPart(value, output_field, cast)

        self.country = part("country", TextField(), "text")
        self.region = part("region_key", TextField(), "text")
        self.city = part("city_key", TextField(), "text")
        self.postcode = part("postcode_key", TextField(), "text")
        self.day = part("day", DateField(), "date")
        self.time = part("time", TimeField(), "time")
        self.weekday = part("weekday", SmallIntegerField(), "smallint")
        self.quarter_of_week = part("quarter_of_week", IntegerField(), "integer")
        self.max_level = part("max_level", IntegerField(), "integer")

    def regions(self) -> Func:
        """The key of the region; empty if it is unknown or contains the whole country."""
        return _once("region_key", TextField(), self.country, self.region)

    def cities(self) -> Func:
        """The keys of all cities that the name of this city can mean."""
        return _once("city_keys", ArrayField(TextField()), self.country, self.city)

    def postcode_keys(self) -> Func:
        """The key of this postcode, as a list."""
        return _array(TextField(), self.postcode)

    def places(self) -> Func:
        """The words by which deliverable targets that cover this city are found."""
        return _once("words_of_city", ArrayField(TextField()), self.country, self.city)

    def postcodes(self) -> Func:
        """The words by which deliverable targets that cover this postcode are found: the country, and the postcode."""
        return _array(TextField(), _word(self.country), _word(self.country, self.postcode))

    def weekdays(self) -> Func:
        """This day of the week, as a list."""
        return _array(SmallIntegerField(), self.weekday)


@dataclass(frozen=True)
class Statement:
    """A compiled query with blanks. Compiling takes longer than running it in the database, and so does planning."""

    sql: str
    parameters: tuple[Any, ...]

    @classmethod
    def compiled(cls, rows: "QuerySet[Model, object]") -> "Statement":
        """Compile a queryset whose conditions use a `Question` without an opportunity."""
        sql, parameters = rows.query.sql_with_params()
        return cls(sql, tuple(parameters))

    def filled(self, opportunity: Opportunity) -> list[Any]:
        """The parameters for an opportunity."""
        return [getattr(opportunity, one.name) if isinstance(one, Blank) else one for one in self.parameters]

    def rows(self, opportunity: Opportunity) -> list[tuple[Any, ...]]:
        """Run the statement for an opportunity and return its rows."""
        return fetch_all(self.sql, self.filled(opportunity))


def _word(*parts: Expression) -> Func:
    """The key by which a place is found: `de/berlin`, or `de`."""
    joined = {"template": "lower(%(expressions)s)", "arg_joiner": ") || '/' || lower("}
    return Func(*parts, **joined, output_field=TextField())


def _array(entry: "Field[object, object]", *entries: Expression) -> Func:
    return Func(*entries, template="ARRAY[%(expressions)s]", output_field=ArrayField(entry))


def _once(function: str, output_field: "Field[object, object]", *parts: Expression) -> Func:
    """A function of the database, evaluated once for the whole statement instead of once for each row."""
    return Func(*parts, function=function, template="(SELECT %(function)s(%(expressions)s))", output_field=output_field)
