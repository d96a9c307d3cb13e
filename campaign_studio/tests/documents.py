"""The kinds of documents that the API answers with, and how they look in Python."""

import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

from django.db.models import QuerySet
from django.urls import URLPattern, URLResolver, get_resolver

from accounts.models import User
from campaign_studio.api.documents.statements import Kind, read_document, read_page, why_in_python
from campaign_studio.api.viewsets import StudioListViewSet, StudioViewSet
from campaign_studio.querysets import StudioQuerySet


def viewsets(patterns: Any = None) -> Iterator[type[StudioListViewSet[Any]]]:
    """The viewsets of all resources."""
    found = set()
    for pattern in patterns or get_resolver().url_patterns:
        if isinstance(pattern, URLResolver):
            found |= set(viewsets(pattern.url_patterns))
        elif isinstance(pattern, URLPattern):
            view = getattr(pattern.callback, "cls", None)
            if isinstance(view, type) and issubclass(view, StudioListViewSet):
                found.add(view)
    yield from sorted(found, key=lambda view: view.__name__)


def kinds(reader: User) -> Iterator[tuple[Kind, bool]]:
    """Each kind of documents, and whether it is a page of rows."""
    for view in viewsets():
        model = view.queryset.model
        yield Kind.of(view.row_serializer_class, model, reader), True
        if issubclass(view, StudioViewSet):
            yield Kind.of(view.serializer_class, model, reader, view.counters), False


def in_sql(reader: User) -> list[tuple[Kind, bool]]:
    """The kinds of documents that the database writes."""
    return [(kind, is_page) for kind, is_page in kinds(reader) if why_in_python(kind, is_page=is_page) is None]


def rows_of(kind: Kind) -> StudioQuerySet:
    """All rows of a kind."""
    return cast("StudioQuerySet", kind.model._default_manager.all())


def represented(kind: Kind, row: Any, reader: User) -> Any:
    """A row as its serializer represents it."""
    return json.loads(json.dumps(kind.serializer(row, context={"request": SimpleNamespace(user=reader)}).data))


def check_rows(kind: Kind, rows: "QuerySet[Any, Any]", reader: User, *, matched_once: bool = False) -> None:
    """Compare a page with what the serializer makes of its rows."""
    page = read_page(kind, rows, reader, limit=20, offset=1, matched_once=matched_once)
    keys = list(rows.values_list("pk", flat=True)[1:21])
    there = rows_of(kind).filter(pk__in=keys).as_rows().order_by(*rows.query.order_by)
    expected = [represented(kind, row, reader) for row in there]
    assert json.loads(page.results) == expected
    assert page.total == rows.count()


def check_document(kind: Kind, key: object, reader: User) -> None:
    """Compare a document with what the serializer makes of its row."""
    rows = rows_of(kind).visible_to(reader)
    written = read_document(kind, rows.filter(pk=key), reader)
    assert written is not None
    assert json.loads(written.body) == represented(kind, rows.as_document(reader).get(pk=key), reader)
