"""Lists of the admin console: a constant number of queries, and an answer to every query string (8-reliability R28)."""

from typing import TYPE_CHECKING, Any

from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import FieldError, SuspiciousOperation, ValidationError
from django.db import DataError
from django.db.models import QuerySet
from django.forms import DateField
from django.http import HttpRequest
from django.utils.text import smart_split
from unfold.contrib.filters.admin import DropdownFilter, RangeDateFilter
from unfold.views import ChangeList

from campaign_studio.querysets import StudioQuerySet

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin

MOST_SEARCH_TERMS = 10
TOO_MANY_TERMS = f"Search for at most {MOST_SEARCH_TERMS} words at once."
NOT_UNDERSTOOD = "The list can't be filtered by what the address asks for. Here is all of it."
# What odd values in a query string end in, somewhere between Django and the database.
ODD_VALUES = (
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
    """One page of a list: its keys first, then those rows with all they show (7-performance 5)."""

    result_list: Any

    def get_results(self, request: HttpRequest) -> None:
        """Fetch the page. What a row shows beyond its columns is asked for these rows alone."""
        super().get_results(request)
        keys = list(self.result_list.values_list("pk", flat=True))
        rows = self.apply_select_related(self.root_queryset.filter(pk__in=keys))
        if isinstance(rows, StudioQuerySet):
            rows = rows.as_rows()
        by_key = {row.pk: row for row in rows}
        self.result_list = [by_key[key] for key in keys if key in by_key]


class DateRangeFilter(RangeDateFilter):
    """From one day to another, written as the form fields of this console write days; anything else is refused.

    Unfold's own reads them the American way whatever the language, and overlooks what it can't read.
    """

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        """The rows between the two days."""
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

    def matching(self, queryset: Any, value: str) -> QuerySet:
        """The rows of `queryset` that have `value`."""
        raise NotImplementedError


def has_too_many_terms(text: str) -> bool:
    """Each word of a search is one more condition on every row."""
    return sum(1 for _ in smart_split(text)) > MOST_SEARCH_TERMS


def has_nul(request: HttpRequest) -> bool:
    """PostgreSQL stores no NUL, and refuses to look for one."""
    return any("\x00" in text for name, values in request.GET.lists() for text in (name, *values))


def allowed_lookups(model_admin: "ModelAdmin", request: HttpRequest) -> set[str]:
    """The parameters that the list's own filters use; all others would read columns letter by letter."""
    allowed = set()
    if model_admin.date_hierarchy:
        allowed = {f"{model_admin.date_hierarchy}__{part}" for part in ("year", "month", "day")}
    for item in model_admin.get_list_filter(request):
        if isinstance(item, type):
            allowed.add(str(item.parameter_name))  # type: ignore[attr-defined]
            continue
        name = str(item[0] if isinstance(item, list | tuple) else item)
        field: Any = model_admin.opts.get_field(name)
        exact = f"{name}__{field.target_field.name}__exact" if field.is_relation else f"{name}__exact"
        allowed |= {exact, f"{name}_from", f"{name}_to"}
    return allowed
