"""Lists of the admin console: a constant number of queries, and an answer to every query string."""

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
from unfold.contrib.filters.admin import DropdownFilter, RangeDateFilter
from unfold.views import ChangeList

from campaign_studio.lookups import MOST_SEARCH_TERMS
from campaign_studio.querysets import StudioQuerySet

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin

TOO_MANY_TERMS = f"Search for at most {MOST_SEARCH_TERMS} words at once."
NOT_UNDERSTOOD = "The list can't be filtered by what the address asks for. Here is all of it."
# What odd values in a query string end in, somewhere between Django and the database.
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
    """The query string asks for something a list can't do; the text says so to people."""


class StudioChangeList(ChangeList):
    """One page of a list: its keys first, then those rows with all they show."""

    # A queryset first, then the rows themselves; Unfold is published without types.
    result_list: Any

    def get_results(self, request: HttpRequest) -> None:
        """Fetch the page. What a row shows beyond its columns is asked for these rows alone."""
        super().get_results(request)
        keys = list(self.result_list.values_list("pk", flat=True))
        by_key = {row.pk: row for row in self.page_rows(keys)}
        self.result_list = [by_key[key] for key in keys if key in by_key]

    def page_rows(self, keys: list[object]) -> QuerySet:
        """The rows with these keys, in any order, with all that the list shows of them."""
        rows: StudioQuerySet = self.apply_select_related(self.root_queryset.filter(pk__in=keys))
        return rows.as_rows()


class Pager(TypedDict):
    """What `admin/includes/pager.html` is given."""

    page: Page
    page_range: Iterator[int | str]


def pager(rows: QuerySet, request: HttpRequest, per_page: int) -> Pager:
    """The page of `rows` that `?p=` asks for; an odd number means the first or the last."""
    page = Paginator(rows, per_page).get_page(request.GET.get("p"))
    return {"page": page, "page_range": page.paginator.get_elided_page_range(page.number)}


class DateRangeFilter(RangeDateFilter):
    """From one day to another, written as the form fields of this console write days; anything else is refused.

    Unfold's own reads them the American way whatever the language, and overlooks what it can't read.
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
    """One of `lookups()`; anything else is refused."""

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        """The rows that `matching()` finds for the chosen value."""
        value = self.value()
        if not value:
            return queryset
        if value not in {str(key) for key, _ in self.lookup_choices}:
            raise IncorrectLookupParameters
        return self.matching(queryset, value)

    def matching(self, queryset: QuerySet, value: str) -> QuerySet:
        """The rows of `queryset` that have `value`."""
        raise NotImplementedError


def has_too_many_terms(text: str) -> bool:
    """Each word of a search is one more condition on every row."""
    return sum(1 for _ in smart_split(text)) > MOST_SEARCH_TERMS


def allowed_lookups(model_admin: "ModelAdmin", request: HttpRequest) -> set[str]:
    """The parameters that the list's own filters use; all others would read columns letter by letter."""
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
