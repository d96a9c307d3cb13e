"""Pagination that selects the keys of a page first and reads only those rows."""

import json
import math
from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext, ngettext
from rest_framework.exceptions import ErrorDetail, NotFound, ValidationError
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import remove_query_param, replace_query_param
from rest_framework.views import APIView

from campaign_studio.api.documents.statements import Kind, read_page, why_in_python
from campaign_studio.api.documents.written import Written

PARAMETERS = ("page", "page_size")
DEFAULT_SIZE = 20
LARGEST_SIZE = 100
LARGEST_PAGE = 10**9
# A part of an OpenAPI document.
Schema = dict[str, Any]


class KeysFirstPagination(BasePagination):
    """`?page=1&page_size=20` → `{"count", "next", "previous", "results"}`; the count is exact.

    The values that a list shows in addition to columns (`as_rows()`) are computed only for the rows of the page.
    """

    page: int
    size: int
    count: int
    request: Request

    def paginate_queryset(
        self, queryset: QuerySet | Sequence[Any], request: Request, view: APIView | None = None
    ) -> list[Any]:
        """The rows of the page. Raises ValidationError for a bad number, NotFound for a page past the end."""
        if not isinstance(queryset, QuerySet) or not queryset.ordered:
            raise TypeError("A queryset must be ordered to be paginated.")
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
        start = self._start(request)
        page = read_page(kind, queryset, request.user, limit=self.size, offset=start, matched_once=matched_once)
        self._found(page.total)
        heading = json.dumps({"count": page.total, **self._links()})
        return Response(Written((f'{heading[:-1]}, "results": {page.results}}}',)))

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

    def rows(self, queryset: QuerySet, keys: QuerySet) -> list[Any]:
        """The rows with these keys, as a list shows them."""
        ordering = queryset.query.order_by or queryset.model._meta.ordering
        return list(queryset.model._default_manager.filter(pk__in=keys).as_rows().order_by(*ordering))

    def get_paginated_response(self, data: object) -> Response:
        return Response({"count": self.count, **self._links(), "results": data})

    def get_paginated_response_schema(self, schema: Schema) -> Schema:
        link = {"type": "string", "format": "uri", "nullable": True}
        return {
            "type": "object",
            "required": ["count", "next", "previous", "results"],
            "properties": {
                "count": {"type": "integer", "description": gettext("The number of objects on all pages.")},
                "next": link,
                "previous": link,
                "results": schema,
            },
        }

    def get_schema_operation_parameters(self, view: APIView) -> list[Schema]:
        limits = {"page": (1, LARGEST_PAGE, 1), "page_size": (1, LARGEST_SIZE, DEFAULT_SIZE)}
        return [
            {
                "name": name,
                "in": "query",
                "required": False,
                "schema": {"type": "integer", "minimum": low, "maximum": high, "default": default},
            }
            for name, (low, high, default) in limits.items()
        ]

    def _links(self) -> dict[str, str | None]:
        return {
            "next": self._link(self.page + 1) if self.page < self._last_page() else None,
            "previous": self._link(self.page - 1) if self.page > 1 else None,
        }

    def _last_page(self) -> int:
        return max(1, math.ceil(self.count / self.size))

    def _link(self, page: int) -> str:
        url = self.request.build_absolute_uri()
        return remove_query_param(url, "page") if page == 1 else replace_query_param(url, "page", page)


def _number(request: Request, name: str, default: int, largest: int) -> int:
    text = request.query_params.get(name, str(default))
    if text.isascii() and text.isdigit() and len(text) <= len(str(largest)) and 1 <= int(text) <= largest:
        return int(text)
    message = gettext("Send a whole number from 1 to %(largest)d.") % {"largest": largest}
    raise ValidationError({name: [ErrorDetail(message, "out_of_range")]})
