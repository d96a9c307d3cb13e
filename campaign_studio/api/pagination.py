"""Pagination that selects the keys of a page first and reads only those rows, by number or from a cursor."""

import json
import math
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.utils.translation import gettext, ngettext
from rest_framework.exceptions import ErrorDetail, NotFound, ValidationError
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView

from campaign_studio.api.cursors import Cursor, Side, names_of
from campaign_studio.api.documents.slices import read_slice
from campaign_studio.api.documents.statements import Kind, read_page, why_in_python
from campaign_studio.api.documents.written import Written
from campaign_studio.api.schema import OPTIONAL, Schema

NUMBERS = ("page", "page_size")
PARAMETERS = (*NUMBERS, "cursor")
DEFAULT_SIZE = 20
LARGEST_SIZE = 100
LARGEST_PAGE = 10**9


class KeysFirstPagination(BasePagination):
    """`?page=1&page_size=20` → `{"count", "next", "previous", "results"}`; the count is exact.

    `?cursor=` begins at the first row instead, and its answer has no count: such a page costs the same wherever it is.

    The values that a list shows in addition to columns (`as_rows()`) are computed only for the rows of the page.
    """

    takes_cursors = True
    page: int
    size: int
    count: int
    request: Request
    # The links of a page that a cursor began; None for one with a number.
    around: dict[str, str | None] | None = None

    def paginate_queryset(
        self, queryset: QuerySet | Sequence[Any], request: Request, view: APIView | None = None
    ) -> list[Any]:
        """The rows of the page. Raises ValidationError for a bad number, NotFound for a page past the end."""
        if not isinstance(queryset, QuerySet) or not queryset.ordered:
            raise TypeError("A queryset must be ordered to be paginated.")
        if "cursor" in request.query_params:
            return self._from_cursor(queryset, request)
        start = self._start(request)
        self._found(queryset.count())
        return self.rows(queryset, queryset.values("pk")[start : start + self.size])

    def is_in_sql(self, kind: Kind) -> bool:
        """Whether the database can write the rows of these pages. A subclass that adds to them reads them itself."""
        return type(self).rows is KeysFirstPagination.rows and why_in_python(kind, is_page=True) is None

    def written(self, kind: Kind, queryset: QuerySet, request: Request, *, matched_once: bool = False) -> Response:
        """The page as the database writes it, in one statement. See `read_page()`.

        Raises ValidationError for a bad number, NotFound for a page past the end.
        """
        if "cursor" in request.query_params:
            return self._written_from_cursor(kind, queryset, request)
        start = self._start(request)
        page = read_page(kind, queryset, request.user, limit=self.size, offset=start, matched_once=matched_once)
        self._found(page.total)
        heading = json.dumps({"count": page.total, **self._links()})
        return Response(Written((f'{heading[:-1]}, "results": {page.results}}}',)))

    def _written_from_cursor(self, kind: Kind, queryset: QuerySet, request: Request) -> Response:
        """The page that begins at the cursor. Raises ValidationError."""
        cursor = self._cursor(queryset, request)
        names = names_of(cursor.ordering)
        rows = cursor.select(queryset)
        found = read_slice(kind, rows, request.user, names=names, ordering=cursor.ordering, size=self.size)
        links = self._links_around(cursor, found.positions)
        return Response(Written((f'{json.dumps(links)[:-1]}, "results": {found.results}}}',)))

    def _from_cursor(self, queryset: QuerySet, request: Request) -> list[Any]:
        cursor = self._cursor(queryset, request)
        names = names_of(cursor.ordering)
        positions = list(cursor.select(queryset).values_list(*names)[: self.size + 1])
        self.around = self._links_around(cursor, positions)
        key = names.index(queryset.model._meta.pk.name)
        keys = [position[key] for position in positions[: self.size]]
        return self.rows(queryset.order_by(*cursor.ordering), keys)

    def _cursor(self, queryset: QuerySet, request: Request) -> Cursor:
        """The position that is asked for. Raises ValidationError."""
        self.request = request
        if "page" in request.query_params:
            message = gettext("Send either a page or a cursor.")
            raise ValidationError({"cursor": [ErrorDetail(message, "page_and_cursor")]})
        self.size = _number(request, "page_size", DEFAULT_SIZE, LARGEST_SIZE)
        return Cursor.of(request.query_params["cursor"], queryset)

    def _links_around(self, cursor: Cursor, positions: Sequence[Sequence[Any]]) -> dict[str, str | None]:
        """The links from a page. `positions` are those of its rows, nearest to the cursor first, and of one more."""
        shown = positions[: self.size]
        far = shown[-1] if len(positions) > self.size else None
        # Where no row is left, the way back is to the position of the cursor itself.
        near = shown[0] if shown else cursor.values
        back = Side.BEFORE if shown else Side.UP_TO
        if cursor.is_backwards:
            after = self._at(cursor.at(Side.AFTER, near)) if shown else self._at("")
            return {"next": after, "previous": self._at(cursor.at(Side.BEFORE, far)) if far else None}
        return {
            "next": self._at(cursor.at(Side.AFTER, far)) if far else None,
            "previous": self._at(cursor.at(back, near)) if cursor.values else None,
        }

    def _at(self, cursor: str) -> str:
        return replace_query_param(self.request.build_absolute_uri(), "cursor", cursor)

    def _start(self, request: Request) -> int:
        """The number of rows before the page that is asked for. Raises ValidationError for a bad number."""
        self.request = request
        self.page = _number(request, "page", 1, LARGEST_PAGE)
        self.size = _number(request, "page_size", DEFAULT_SIZE, LARGEST_SIZE)
        return (self.page - 1) * self.size

    def _found(self, count: int) -> None:
        """Raise NotFound if the page is past the end."""
        self.count = count
        last = self._last_page()
        if self.page > last:
            message = ngettext("There is only %(count)d page.", "There are only %(count)d pages.", last)
            raise NotFound(message % {"count": last})

    def rows(self, queryset: QuerySet, keys: QuerySet | list[Any]) -> list[Any]:
        """The rows with these keys, as a list shows them."""
        ordering = queryset.query.order_by or queryset.model._meta.ordering
        return list(queryset.model._default_manager.filter(pk__in=keys).as_rows().order_by(*ordering))

    def get_paginated_response(self, data: object) -> Response:
        if self.around is not None:
            return Response({**self.around, "results": data})
        return Response({"count": self.count, **self._links(), "results": data})

    def get_paginated_response_schema(self, schema: Schema) -> Schema:
        link = {"type": ["string", "null"], "format": "uri"}
        return {
            "type": "object",
            OPTIONAL: ["count"],
            "properties": {
                "count": {
                    "type": "integer",
                    "description": gettext("The number of objects on all pages. Left out with `cursor`."),
                },
                "next": link,
                "previous": link,
                "results": schema,
            },
        }

    def get_schema_operation_parameters(self, view: APIView) -> list[Schema]:
        limits = {"page": (1, LARGEST_PAGE, 1), "page_size": (1, LARGEST_SIZE, DEFAULT_SIZE)}
        texts = {
            "page": gettext("The number of the page. There is always a first page, which may be empty."),
            "page_size": gettext("The number of objects on a page."),
        }
        numbers: list[Schema] = [
            {
                "name": name,
                "in": "query",
                "required": False,
                "description": texts[name],
                "schema": {"type": "integer", "minimum": low, "maximum": high, "default": default},
            }
            for name, (low, high, default) in limits.items()
        ]
        description = gettext(
            "Instead of `page`: send it empty to begin, and then follow `next` and `previous`. Such a page has no "
            "`count`, costs the same wherever it is, and skips or repeats no row when others come or go."
        )
        cursor = {
            "name": "cursor",
            "in": "query",
            "required": False,
            "allowEmptyValue": True,
            "description": description,
            "schema": {"type": "string"},
        }
        return [*numbers, cursor] if self.takes_cursors else numbers

    def _links(self) -> dict[str, str | None]:
        return {
            "next": self._link(self.page + 1) if self.page < self._last_page() else None,
            "previous": self._link(self.page - 1) if self.page > 1 else None,
        }

    def _last_page(self) -> int:
        return max(1, math.ceil(self.count / self.size))

    def _link(self, page: int) -> str:
        sent = {**dict(self.request.query_params.lists()), "page": [str(page)]}
        if page == 1:
            del sent["page"]
        query = urlencode(sorted(sent.items()), doseq=True)
        url = f"{self.request.scheme}://{self.request.get_host()}{self.request.path}"
        return f"{url}?{query}" if query else url


class NumberedPages(KeysFirstPagination):
    """Pages of rows whose order isn't one of columns, so that no cursor can name a position in it."""

    takes_cursors = False


def _number(request: Request, name: str, default: int, largest: int) -> int:
    text = request.query_params.get(name, str(default))
    if text.isascii() and text.isdigit() and len(text) <= len(str(largest)) and 1 <= int(text) <= largest:
        return int(text)
    message = gettext("Send a whole number from 1 to %(largest)d.") % {"largest": largest}
    raise ValidationError({name: [ErrorDetail(message, "out_of_range")]})
