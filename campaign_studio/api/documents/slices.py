"""Statements that read the rows after or before a position in a list, without counting the others."""

import json
from collections.abc import Hashable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple, cast

from django.core.exceptions import EmptyResultSet
from django.db.models.expressions import RawSQL

from campaign_studio.acting import Reader
from campaign_studio.api.documents.shapes import UnknownShapeError, shape_of
from campaign_studio.api.documents.statements import (
    LIMIT,
    STATEMENTS,
    AnyQuerySet,
    Kind,
    Statement,
    blanks,
    with_constants,
)
from campaign_studio.querysets import StudioQuerySet

# Sizes that are asked for most are part of the text: for others PostgreSQL would plan each time.
USUAL_SIZES = (20, 50, 100)


@dataclass(frozen=True)
class Slice:
    """A kind of documents, the shape of the rows, and the order in which they are listed."""

    kind: Kind
    shape: Hashable
    # The names that the rows are ordered by, and how the documents are.
    names: tuple[str, ...]
    ordering: tuple[str, ...]
    usual_size: int | None
    rows: AnyQuerySet = field(compare=False)
    values: list[Any] = field(compare=False)


class Documents(NamedTuple):
    """The documents of some rows as a JSON list, and the positions of these rows and of the one that follows."""

    results: str
    positions: list[list[Any]]


def read_slice(
    kind: Kind, rows: AnyQuerySet, reader: Reader, *, names: tuple[str, ...], ordering: tuple[str, ...], size: int
) -> Documents:
    """The documents of the first `size` rows, and the positions of one row more.

    `names` are those that `rows` are ordered by, the last one is the key. The documents are in the order `ordering`,
    which may be the opposite one.
    """
    usual_size = size if size in USUAL_SIZES else None
    try:
        try:
            shape, values = shape_of(rows.query)
            statement = _compiled(Slice(kind, shape, names, ordering, usual_size, rows, values))
        except UnknownShapeError:
            values = []
            statement = _compile(Slice(kind, None, names, ordering, usual_size, rows, values))
    except EmptyResultSet:
        return Documents("[]", [])
    results, positions = statement.row(values, reader, limit=size) or ("[]", "[]")
    return Documents(results, json.loads(positions))


@lru_cache(maxsize=STATEMENTS)
def _compiled(question: Slice) -> Statement:
    """The statement for all questions of this shape."""
    return _compile(question)


def _compile(question: Slice) -> Statement:
    """The positions first, then only the documents of these rows, as for a page."""
    rows = question.rows
    size = question.usual_size or LIMIT
    keys, parameters = rows.values_list(*question.names).query.sql_with_params()
    columns = [f"value_{number}" for number in range(len(question.names) - 1)] + ["key"]
    within = RawSQL("SELECT key FROM page LIMIT %s", (size,))
    page = cast("StudioQuerySet", rows.model._default_manager.filter(pk__in=within)).as_rows()
    page = page.order_by(*question.ordering)
    described = question.kind.columns(page)
    documents, constants = page.annotate(**described).values_list(*described).query.sql_with_params()
    # Materialized, so that the order of the page is that of its rows.
    heading = ", ".join(columns)
    results = f"'[' || array_to_string(ARRAY({documents}), ',') || ']'"
    positions = f"to_json(ARRAY(SELECT json_build_array({heading}) FROM page))::text"  # noqa: S608 - our own names
    text = f"WITH page({heading}) AS MATERIALIZED ({keys} LIMIT (%s::bigint + 1)) SELECT {results}, {positions}"
    filled = [*blanks(parameters, question.shape, question.values), size, *constants]
    return with_constants(text, filled) if question.shape else Statement(text, tuple(filled))
