"""Lists of the admin console. They take a constant number of queries and no query string breaks them."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, TypedDict

from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import FieldError, SuspiciousOperation, ValidationError
from django.core.paginator import Page, Paginator
from django.db import DataError
from django.db.models import ForeignKey, QuerySet
from django.forms import DateField
from django.http import HttpRequest
from django.utils.text import smart_split
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.contrib.filters.admin import DropdownFilter, RangeDateFilter
from unfold.views import ChangeList

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

    # A queryset at first, then a list of rows. Unfold has no type hints.
    result_list: Any

    def get_results(self, request: HttpRequest) -> None:
        """Fetch the page. What a row shows beyond its columns is queried for the rows of this page only."""
        super().get_results(request)
        keys = list(self.result_list.values_list("pk", flat=True))
        by_key = {row.pk: row for row in self.page_rows(keys)}
        self.result_list = [by_key[key] for key in keys if key in by_key]

    def page_rows(self, keys: list[object]) -> QuerySet:
        """The rows with these keys, in any order, with everything the list shows."""
        rows: StudioQuerySet = self.apply_select_related(self.root_queryset.filter(pk__in=keys))
        return rows.as_rows()


class Pager(TypedDict):
    """The context of `admin/includes/pager.html`."""

    page: Page
    page_range: Iterator[int | str]


def pager(rows: QuerySet, request: HttpRequest, per_page: int) -> Pager:
    """The page of `rows` with the number in `?p=`; for an invalid number, the first or the last page."""
    page = Paginator(rows, per_page).get_page(request.GET.get("p"))
    return {"page": page, "page_range": page.paginator.get_elided_page_range(page.number)}


class DateRangeFilter(RangeDateFilter):
    """A range of days in the date formats of the console's forms; anything else is refused.

    Unfold's own filter always reads American dates and ignores what it can't parse.
    """

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        day = DateField()
        ends = {"_from": "gte", "_to": "lte"}
        chosen = {
            f"{self.field_path}__{lookup}": day.clean(self.used_parameters[self.field_path + end])
            for end, lookup in ends.items()
            if self.used_parameters.get(self.field_path + end)
        }
        return queryset.filter(**chosen)


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
    if model_admin.date_hierarchy:
        allowed = {f"{model_admin.date_hierarchy}__{part}" for part in ("year", "month", "day")}
    for item in model_admin.get_list_filter(request):
        if isinstance(item, type):
            allowed.add(str(getattr(item, "parameter_name", "")))
            continue
        name = str(item[0] if isinstance(item, list | tuple) else item)
        field = model_admin.opts.get_field(name)
        key = f"__{field.target_field.name}" if isinstance(field, ForeignKey) else ""
        allowed |= {f"{name}{key}__exact", f"{name}_from", f"{name}_to"}
    return allowed
