"""Filters, search and order of lists. An unknown or repeated query parameter is an error."""

import re
from collections.abc import Collection
from datetime import date, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar, cast

from django import forms
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db.models import QuerySet
from django.utils.text import get_text_list
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django_filters import (
    BaseInFilter,
    CharFilter,
    ChoiceFilter,
    DateFilter,
    FilterSet,
    IsoDateTimeFilter,
    TypedChoiceFilter,
)
from django_filters.fields import IsoDateTimeField
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.filters import OrderingFilter, SearchFilter
from rest_framework.request import Request
from rest_framework.views import APIView

from campaign_studio.api.fields import (
    DATE_FAULTS,
    MOMENT_FAULTS,
    NOT_A_COUNTRY,
    NOT_A_MOMENT,
    date_refusal,
    day_in,
    moment_refusal,
)
from campaign_studio.api.pagination import PARAMETERS as PAGE_PARAMETERS
from campaign_studio.api.schema import Schema
from campaign_studio.lookups import MOST_SEARCH_TERMS
from campaign_studio.places import country_code

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

    from campaign_studio.api.viewsets import StudioListViewSet

LONGEST_SEARCH = 200
# As many forms as a process keeps: one for each set of filters that is in use.
FORMS = 500
PLACEHOLDER = re.compile(r"\{(\w+)\}")


def refuse_unknown_parameters(request: Request, known: Collection[str]) -> None:
    """Raise ValidationError for each query parameter that isn't `known` or is sent more than once."""
    errors = {}
    for name, values in request.query_params.lists():
        if name not in known:
            errors[name] = [ErrorDetail(_unknown_parameter(known), "unknown_parameter")]
        elif len(values) > 1:
            errors[name] = [ErrorDetail(_("This parameter may be sent only once."), "repeated_parameter")]
    if errors:
        raise ValidationError(errors)


def _unknown_parameter(known: Collection[str]) -> str:
    if not known:
        return _("There is no such parameter. This URL takes none.")
    return _("There is no such parameter. This URL takes %(parameters)s.") % {
        "parameters": get_text_list(sorted(known), _("and"))
    }


class ChoiceListFilter(BaseInFilter, ChoiceFilter):
    """`?campaign_status=active,paused`: any of several choices."""


class OnceBuiltFilterSet(FilterSet):
    """The filters of a list, whose form is built once. django-filter would build it for every request.

    A form copies all of its fields for every request, so it has only those that were sent. Filters that read each
    other's values are named `together`: if one is sent, the form has all of them.
    """

    together: ClassVar[frozenset[str]] = frozenset()

    def get_form_class(self) -> type[forms.Form]:
        sent = self.base_filters.keys() & self.data.keys()
        return self._form_of(frozenset(sent | self.together if sent & self.together else sent), get_language())

    @classmethod
    @lru_cache(maxsize=FORMS)
    def _form_of(cls, names: frozenset[str], language: str | None) -> type[forms.Form]:
        """The form with these fields, whose labels are in the `language` of the moment."""
        whole = super(OnceBuiltFilterSet, cls()).get_form_class()
        left_out = dict.fromkeys(cls.base_filters.keys() - names)
        return type(whole)(whole.__name__, (whole,), left_out)


class StrictFilterBackend(DjangoFilterBackend):
    """The view's filters. django-filter itself refuses bad values, but takes an empty one for none."""

    def filter_queryset(self, request: Request, queryset: QuerySet, view: APIView) -> QuerySet:
        """Raise ValidationError for a filter without a value: answering with all rows would hide the mistake."""
        sent = [name for name in self.filter_parameters(view) if name in request.query_params]
        empty = [name for name in sent if request.query_params[name] == ""]
        if empty:
            message = _("Send a value, or leave this parameter out.")
            raise ValidationError({name: [ErrorDetail(message, "empty_parameter")] for name in empty})
        return super().filter_queryset(request, queryset, view) if sent else queryset

    def filter_parameters(self, view: APIView) -> list[str]:
        """The names of the filters that the view offers."""
        filterset = getattr(view, "filterset_class", None)
        return list(filterset.base_filters) if filterset else []


class SubstringSearchFilter(SearchFilter):
    """`?search=`: every word must occur in one of the view's `search_fields`, as `matches` compares."""

    def construct_search(self, field_name: str, queryset: QuerySet) -> str:
        """Use the look-up that the trigram indexes support."""
        return f"{field_name}__matches"

    def get_search_terms(self, request: Request) -> list[str]:
        """Raise ValidationError if there are too many words or the text is too long."""
        text = request.query_params.get(self.search_param, "")
        terms = super().get_search_terms(request)
        if len(terms) > MOST_SEARCH_TERMS or len(text) > LONGEST_SEARCH:
            message = _("Search for at most %(words)s words and %(characters)s characters.")
            limits = {"words": MOST_SEARCH_TERMS, "characters": LONGEST_SEARCH}
            raise ValidationError({self.search_param: [ErrorDetail(message % limits, "search_too_long")]})
        return terms

    def get_schema_operation_parameters(self, view: APIView) -> list[Schema]:
        """Documented only for views that can be searched."""
        if not getattr(view, "search_fields", None):
            return []
        return [
            {
                "name": self.search_param,
                "in": "query",
                "required": False,
                "description": _("Only objects that contain each of these words, of which there are at most %(words)s.")
                % {"words": MOST_SEARCH_TERMS},
                "schema": {"type": "string", "maxLength": LONGEST_SEARCH},
            }
        ]


class TotalOrderingFilter(OrderingFilter):
    """`?ordering=-created_at`: any listed column. The primary key is appended, so that every order is total."""

    def get_ordering(self, request: Request, queryset: QuerySet, view: APIView) -> list[str]:
        """Raise ValidationError for a name that the view doesn't offer."""
        offered = cast("StudioListViewSet", view).offered_orderings()
        names = [name.strip() for name in request.query_params.get(self.ordering_param, "").split(",") if name.strip()]
        for name in names:
            if name.removeprefix("-") not in offered:
                message = _("Can't order by “%(name)s”. Order by %(offered)s.") % {
                    "name": name.removeprefix("-"),
                    "offered": get_text_list(sorted(offered), _("or")),
                }
                raise ValidationError({self.ordering_param: [ErrorDetail(message, "unknown_ordering")]})
        ordering = names or [str(name) for name in queryset.query.order_by or queryset.model._meta.ordering]
        return self._with_key(ordering, queryset.model._meta.pk.name)

    def filter_queryset(self, request: Request, queryset: QuerySet, view: APIView) -> QuerySet:
        ordering = self.get_ordering(request, queryset, view)
        for name, annotate in cast("StudioListViewSet", view).computed_orderings.items():
            if name in {part.removeprefix("-") for part in ordering}:
                queryset = annotate(queryset)
        return queryset.order_by(*ordering)

    def get_schema_operation_parameters(self, view: APIView) -> list[Schema]:
        """Documents the names that the view offers."""
        offered = sorted(cast("StudioListViewSet", view).offered_orderings())
        names = "|".join(offered)
        return [
            {
                "name": self.ordering_param,
                "in": "query",
                "required": False,
                "description": _(
                    "One or more of these, separated by commas, with a minus sign for descending order: %(offered)s."
                )
                % {"offered": ", ".join(offered)},
                "schema": {"type": "string", "pattern": f"^-?({names})(,-?({names}))*$"},
            }
        ]

    @staticmethod
    def _with_key(ordering: list[str], key: str) -> list[str]:
        if key in {name.removeprefix("-") for name in ordering}:
            return ordering
        descending = bool(ordering) and ordering[-1].startswith("-")
        return [*ordering, f"-{key}" if descending else key]


def list_parameters(view: "StudioListViewSet") -> set[str]:
    """Every query parameter of a list view."""
    known = {*PAGE_PARAMETERS, "ordering", *StrictFilterBackend().filter_parameters(view)}
    return known | {"search"} if view.search_fields else known


class YesNoFilter(TypedChoiceFilter):
    """`true` or `false`. Anything else is refused. django-filter's BooleanFilter would ignore it."""

    def __init__(self, **kwargs: object) -> None:
        choices = [("true", "true"), ("false", "false")]
        super().__init__(choices=choices, coerce=lambda text: text == "true", **kwargs)


def _refusal(message: "str | StrPromise", code: str, params: dict[str, object]) -> DjangoValidationError:
    """A refusal in the words of serializers. django-filter fills in the parameters, which may contain percent signs."""
    return DjangoValidationError(PLACEHOLDER.sub(r"%(\1)s", str(message)), code, params)


class DayField(forms.DateField):
    """A date as serializers read it. Django's own field would read it in the language of the request."""

    def to_python(self, value: object) -> date | None:
        if value in self.empty_values:
            return None
        day = day_in(value)
        if day is None:
            kind, params = date_refusal(value)
            raise _refusal(DATE_FAULTS[kind], kind, params)
        return day


class DayFilter(DateFilter):
    """A date, as YYYY-MM-DD."""

    field_class = DayField


class MomentField(IsoDateTimeField):
    """A date and time, as ISO 8601."""

    def to_python(self, value: object) -> datetime | None:
        try:
            moment: datetime | None = super().to_python(value)
        except DjangoValidationError as error:
            code, params = moment_refusal(value)
            raise _refusal(MOMENT_FAULTS.get(code, NOT_A_MOMENT), code, params) from error
        return moment


class MomentFilter(IsoDateTimeFilter):
    """A date and time, as ISO 8601."""

    field_class = MomentField


class CountryField(forms.CharField):
    """A country by its code or a name, as its alpha-2 code."""

    def to_python(self, value: object) -> str:
        text = super().to_python(value)
        code = country_code(text) if text else ""
        if code is None:
            raise _refusal(NOT_A_COUNTRY, "invalid_choice", {"input": text})
        return code


class CountryFilter(CharFilter):
    """A country by its code or a name, in any case."""

    field_class = CountryField

    def __init__(self, **kwargs: object) -> None:
        super().__init__(lookup_expr="iexact", max_length=100, **kwargs)
