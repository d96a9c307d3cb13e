"""Statements that answer with documents: compiled once for each shape of a question, and run with its values."""

import re
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple, cast

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Count, Model, QuerySet, TextField, Window
from django.db.models.expressions import Combinable, RawSQL
from django.db.models.functions import Cast
from psycopg import sql
from rest_framework import serializers

from campaign_studio.acting import Reader
from campaign_studio.api.documents.describing import AnyReader, ReaderKey, described
from campaign_studio.api.documents.fields import JSONObject, NotInSQLError
from campaign_studio.api.documents.shapes import UnknownShapeError, shape_of
from campaign_studio.api.documents.written import Written
from campaign_studio.database.prepared import PLACEHOLDER, fetch_one
from campaign_studio.querysets import StudioQuerySet

AnySerializerClass = type[serializers.Serializer[Any]]
AnyQuerySet = QuerySet[Any, Any]

# As many statements as a process keeps: some for each list, one for each set of its filters that is in use.
STATEMENTS = 500
LIMIT, OFFSET = object(), object()
# The page that is asked for most is part of the text: for a page that PostgreSQL doesn't know it would plan each time.
USUAL_PAGE = (20, 0)


class Given(NamedTuple):
    """A parameter that stands for a value of the question, by its place among them."""

    place: int


@dataclass(frozen=True)
class Kind:
    """A kind of documents: what describes them, and for whom. `counters` are fields that aren't edited."""

    serializer: AnySerializerClass
    model: type[Model]
    role: str | None
    counters: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, serializer: AnySerializerClass, model: type[Model], reader: Reader, counters: tuple[str, ...] = ()
    ) -> "Kind":
        """The documents that a serializer describes, for readers such as this one."""
        return cls(serializer, model, getattr(reader, "role_id", None), counters)

    @property
    def reader(self) -> AnyReader:
        """Any reader of this kind."""
        return AnyReader(self.role)

    def columns(self, rows: AnyQuerySet) -> dict[str, Combinable]:
        """The document of each row as text, in pieces: each second one has counters. Raises NotInSQLError."""
        pieces: list[dict[str, Combinable]] = [{}]
        for name, value in described(self.serializer(), rows, self.reader).items():
            if (name in self.counters) is (len(pieces) % 2 == 1):
                pieces.append({})
            pieces[-1][name] = value
        return {f"json_{number}": Cast(JSONObject(piece), TextField()) for number, piece in enumerate(pieces)}


@dataclass(frozen=True)
class Question:
    """A kind of documents and the rows that are asked for. Equal to any other of the same shape."""

    kind: Kind
    shape: Hashable
    is_page: bool
    # Whether the rows are matched once and then counted, because that costs more than bringing them in order.
    matched_once: bool
    is_usual_page: bool
    rows: AnyQuerySet = field(compare=False)
    values: list[Any] = field(compare=False)


class Statement(NamedTuple):
    """A compiled statement, with parameters that are filled in for each request."""

    text: str
    parameters: tuple[Any, ...]

    def row(self, values: Sequence[Any], reader: Reader, *, limit: int = 0, offset: int = 0) -> tuple[Any, ...] | None:
        """The first row of the answer."""
        return fetch_one(self.text, self.filled(values, reader.pk, limit=limit, offset=offset))

    def filled(self, values: Sequence[Any], reader: object, *, limit: int = 0, offset: int = 0) -> list[Any]:
        """The parameters for a reader with this key."""
        filled = []
        for one in self.parameters:
            if type(one) is Given:
                filled.append(values[one.place])
            elif type(one) is ReaderKey:
                filled.append(reader)
            else:
                filled.append(limit if one is LIMIT else offset if one is OFFSET else one)
        return filled


class Page(NamedTuple):
    """A page of documents as a JSON list, and how many there are on all pages."""

    results: str
    total: int


@lru_cache(maxsize=STATEMENTS)
def why_in_python(kind: Kind, *, is_page: bool = False) -> str | None:
    """Why the database can't write these documents, or None if it can."""
    rows = cast("StudioQuerySet", kind.model._default_manager.all())
    try:
        kind.columns(rows.as_rows() if is_page else rows.as_document(kind.reader))
    except NotInSQLError as error:
        return str(error)
    return None


def read_document(kind: Kind, rows: AnyQuerySet, reader: Reader) -> Written | None:
    """The document of the one row, or None if there is none."""
    try:
        statement, values = _statement(kind, rows)
    except EmptyResultSet:
        return None
    row = statement.row(values, reader)
    return Written(row) if row else None


def read_visible(kind: Kind, key: object, reader: Reader) -> Written | None:
    """The document of the row with this key, or None if there is none that the reader may see."""
    statement = find_visible(kind)
    row = statement and statement.row([key], reader)
    return Written(row) if row else None


def read_page(
    kind: Kind, rows: AnyQuerySet, reader: Reader, *, limit: int, offset: int, matched_once: bool = False
) -> Page:
    """The documents of a page of these rows. The values that `as_rows()` adds are computed only for them."""
    try:
        is_usual = (limit, offset) == USUAL_PAGE
        statement, values = _statement(kind, rows, is_page=True, matched_once=matched_once, is_usual_page=is_usual)
    except EmptyResultSet:
        return Page("[]", 0)
    results, total = statement.row(values, reader, limit=limit, offset=offset) or ("[]", 0)
    # Matched once, a page past the end has no row that could tell the total.
    return Page(results, (rows.count() if offset else 0) if total is None else total)


@lru_cache(maxsize=STATEMENTS)
def find_visible(kind: Kind) -> Statement | None:
    """The statement for the document of the row with a key. None if the database can't write it, or nothing is seen."""
    if why_in_python(kind) is not None:
        return None
    rows = rows_with_key(kind.model, kind.reader).as_document(kind.reader)
    columns = kind.columns(rows)
    try:
        text, parameters = rows.annotate(**columns).values_list(*columns).query.sql_with_params()
    except EmptyResultSet:
        return None
    return with_constants(text, parameters)


def rows_with_key(model: type[Model], reader: AnyReader) -> StudioQuerySet:
    """The row that such a reader sees, by a key that is filled in as the first value."""
    key = RawSQL(f"%s::{model._meta.pk.db_type(connection)}", (Given(0),))  # noqa: S611 - our column's type
    rows = cast("StudioQuerySet", model._default_manager.all()).visible_to(cast("Any", reader))
    return rows.filter(pk=key).order_by()


def _statement(
    kind: Kind, rows: AnyQuerySet, *, is_page: bool = False, matched_once: bool = False, is_usual_page: bool = False
) -> tuple[Statement, list[Any]]:
    """The statement that answers the question, and the values that it is filled with."""
    try:
        shape, values = shape_of(rows.query)
        return _compiled(Question(kind, shape, is_page, matched_once, is_usual_page, rows, values)), values
    except UnknownShapeError:
        return _compile(Question(kind, None, is_page, matched_once, is_usual_page, rows, [])), []


@lru_cache(maxsize=STATEMENTS)
def _compiled(question: Question) -> Statement:
    """The statement for all questions of this shape."""
    return _compile(question)


def _compile(question: Question) -> Statement:
    return _compile_page(question) if question.is_page else _compile_document(question)


def _compile_document(question: Question) -> Statement:
    kind = question.kind
    rows = cast("StudioQuerySet", question.rows).as_document(kind.reader).order_by()
    columns = kind.columns(rows)
    text, parameters = rows.annotate(**columns).values_list(*columns).query.sql_with_params()
    start = len(parameters) - len(question.values)
    filled = [*parameters[:start], *blanks(parameters[start:], question.shape, question.values)]
    return with_constants(text, filled) if question.shape else Statement(text, tuple(filled))


def _compile_page(question: Question) -> Statement:
    """The keys of the page first, then only its documents: what is added to columns isn't computed below an OFFSET."""
    rows = question.rows
    names = ["pk"]
    if question.matched_once:
        rows, names = rows.annotate(matched_rows=Window(Count("*"))), ["pk", "matched_rows"]
    keys, key_parameters = rows.values_list(*names).query.sql_with_params()
    ordering = rows.query.order_by or rows.model._meta.ordering
    page = cast("StudioQuerySet", rows.model._default_manager.filter(pk__in=RawSQL("SELECT key FROM page", ())))
    page = page.as_rows().order_by(*ordering)
    columns = question.kind.columns(page)
    documents, constants = page.annotate(**columns).values_list(*columns).query.sql_with_params()
    if question.matched_once:
        heading, count, count_parameters = "page(key, matched_rows)", "SELECT max(matched_rows) FROM page", ()
    else:
        matching, count_parameters = rows.order_by().values_list("pk").query.sql_with_params()
        heading, count = "page(key)", f"SELECT count(*) FROM ({matching}) AS matching"  # noqa: S608
    results = f"'[' || array_to_string(ARRAY({documents}), ',') || ']'"
    limits = [*USUAL_PAGE] if question.is_usual_page else [LIMIT, OFFSET]
    text = f"WITH {heading} AS ({keys} LIMIT %s OFFSET %s) SELECT {results}, ({count})"
    filled = [
        *blanks(key_parameters, question.shape, question.values),
        *limits,
        *constants,
        *blanks(count_parameters, question.shape, question.values),
    ]
    return with_constants(text, filled) if question.shape else Statement(text, tuple(filled))


def blanks(parameters: Sequence[Any], shape: Hashable, values: Sequence[Any]) -> list[Any]:
    """A blank for each value of the question, if these are all of them. Raises UnknownShapeError if they aren't.

    A question of unknown shape has no values apart from its statement.
    """
    if shape is None or not parameters:
        return list(parameters)
    known = [(type(one), one) for one in values]
    if [(type(one), one) for one in parameters] != known:
        raise UnknownShapeError
    return [Given(place) for place, _value in enumerate(known)]


def with_constants(text: str, parameters: Sequence[Any]) -> Statement:
    """The statement with constants as part of its text, so that they aren't sent each time."""
    blanks = (Given, ReaderKey, object)
    left = iter(parameters)
    kept: list[Any] = []

    def filled(found: re.Match[str]) -> str:
        if found[0] == "%%":
            return "%%"
        one = next(left)
        if type(one) in blanks:
            kept.append(one)
            return "%s"
        return sql.Literal(one).as_string(connection.connection).replace("%", "%%")

    return Statement(PLACEHOLDER.sub(filled, text), tuple(kept))
