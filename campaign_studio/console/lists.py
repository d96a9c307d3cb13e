"""Lists of the admin console. They take a constant number of queries and no query string breaks them."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypedDict, cast

from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import FieldError, SuspiciousOperation, ValidationError
from django.db import DataError
from django.db.models import DateTimeField, ForeignKey, QuerySet
from django.forms import DateField
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.text import smart_split
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.contrib.filters.admin import DropdownFilter, RangeDateFilter
from unfold.templatetags.unfold_list import result_headers
from unfold.views import ChangeList

from campaign_studio.console.pages import ListPage, Pages
from campaign_studio.console.rows import rows_of
from campaign_studio.lookups import MOST_SEARCH_TERMS
from campaign_studio.querysets import StudioQuerySet

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin

NOT_UNDERSTOOD = _("The filters in this URL can't be applied. All entries are shown.")
# What Django or the database raises for invalid values in a query string.
LOOKUP_ERRORS = (
    IncorrectLookupParameters,
    SuspiciousOperation,
    ValidationError,
    FieldError,
    DataError,
    ValueError,
    TypeError,
    OverflowError,
)


class UnusableParametersError(Exception):
    """A list can't apply its query string. The message is shown to the user."""


class StudioChangeList(ChangeList):
    """One page of a list: selects the keys first, then these rows with everything they show."""

    # Unfold has no type hints.
    result_list: Any
    page_num: int

    def get_results(self, request: HttpRequest) -> None:
        """Fetch the page. What a row shows beyond its columns is queried for the rows of this page only.

        Django's own method counts the whole list, and skips all rows before the page.
        """
        self.is_whole = not (self.query or self.has_active_filters)
        pages = Pages(self.queryset, self.list_per_page, number=self.page_num, is_whole=self.is_whole)
        self.paginator = pages
        self.result_count = pages.count
        self.full_result_count, self.show_full_result_count, self.show_admin_actions = None, False, True
        self.multi_page = pages.count > self.list_per_page
        self.can_show_all = pages.count <= self.list_max_show_all
        rows = self.queryset
        if self.multi_page and not (self.show_all and self.can_show_all):
            self.page_num = pages.nearest(self.page_num)
            rows = pages.rows_of(self.page_num)
        keys = list(rows.values_list("pk", flat=True))
        by_key = {row.pk: row for row in self.page_rows(keys)}
        self.result_list = [by_key[key] for key in keys if key in by_key]

    @cached_property
    def headers(self) -> list[dict[str, Any]]:
        """The headings of the columns, for Unfold's template."""
        return list(result_headers(self))

    @property
    def sorted_columns(self) -> int:
        """The number of columns by which users have sorted the list."""
        return sum(bool(header["sortable"] and header["sorted"]) for header in self.headers)

    def rows(self) -> Iterator[SafeString]:
        """The cells of each row of the page."""
        return rows_of(self, [header["text"] for header in self.headers])

    def page_rows(self, keys: list[object]) -> QuerySet:
        """The rows with these keys, in any order, with everything the list shows."""
        rows: StudioQuerySet = self.apply_select_related(self.root_queryset.filter(pk__in=keys))
        return rows.as_rows()


class Pager(TypedDict):
    """The context of `admin/includes/pager.html`."""

    page: ListPage
    page_range: Iterator[int | str]


def pager(rows: QuerySet, request: HttpRequest, per_page: int) -> Pager:
    """The page of `rows` with the number in `?p=`; for an invalid number, the first or the last page."""
    asked = request.GET.get("p", "")
    number = int(asked) if asked.isdecimal() and len(asked) < 10 else 1
    page = cast(ListPage, Pages(rows, per_page, number=number).get_page(request.GET.get("p")))
    return {"page": page, "page_range": page.paginator.get_elided_page_range(page.number)}


class DateRangeFilter(RangeDateFilter):
    """A range of days in the date formats of the console's forms, for times in UTC; anything else is refused.

    Unfold's own filter always reads American dates and ignores what it can't parse.
    """

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        first, last = (self._day(end) for end in ("from", "to"))
        bounds: dict[str, date | None] = {"gte": first, "lte": last}
        if isinstance(self.field, DateTimeField):
            # The moments at which the days start and end: a condition on the column's date wouldn't use its index.
            bounds = {"gte": first and _midnight(first), "lt": last and _midnight(last) + timedelta(days=1)}
        return queryset.filter(**{f"{self.field_path}__{lookup}": bound for lookup, bound in bounds.items() if bound})

    def _day(self, end: str) -> date | None:
        day: date | None = DateField(required=False).clean(self.used_parameters.get(f"{self.field_path}_{end}"))
        return day


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


class ChoiceFilter(DropdownFilter):
    """A choice from `lookups()`; any other value is refused."""

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        value = self.value()
        if not value:
            return queryset
        if value not in {str(key) for key, label in self.lookup_choices}:
            raise IncorrectLookupParameters
        return self.matching(queryset, value)

    def matching(self, queryset: QuerySet, value: str) -> QuerySet:
        """The rows of `queryset` with this value."""
        raise NotImplementedError


def has_too_many_terms(text: str) -> bool:
    """Whether a search has too many terms: each one adds a condition to the query."""
    return len(list(smart_split(text))) > MOST_SEARCH_TERMS


def too_many_terms() -> str:
    """The message that refuses a search with too many terms."""
    text = ngettext("Search for at most %(count)d word.", "Search for at most %(count)d words.", MOST_SEARCH_TERMS)
    return text % {"count": MOST_SEARCH_TERMS}


def allowed_lookups(model_admin: "ModelAdmin", request: HttpRequest) -> set[str]:
    """The parameters of the list's own filters. Any other lookup would let users guess hidden columns bit by bit."""
    allowed = set()
    for item in model_admin.get_list_filter(request):
        if isinstance(item, type):
            allowed.add(str(getattr(item, "parameter_name", "")))
            continue
        name = str(item[0] if isinstance(item, list | tuple) else item)
        field = model_admin.opts.get_field(name)
        key = f"__{field.target_field.name}" if isinstance(field, ForeignKey) else ""
        allowed |= {f"{name}{key}__exact", f"{name}_from", f"{name}_to"}
    return allowed
