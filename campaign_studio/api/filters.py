"""List parameters are a form: what it doesn't know, or knows twice, is an error."""

from collections.abc import Collection
from typing import TYPE_CHECKING, cast

from django.db.models import QuerySet
from django_filters import BaseInFilter, CharFilter, ChoiceFilter, TypedChoiceFilter
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.exceptions import ValidationError
from rest_framework.filters import OrderingFilter, SearchFilter
from rest_framework.request import Request
from rest_framework.views import APIView

from campaign_studio.api.pagination import PARAMETERS as PAGE_PARAMETERS
from campaign_studio.api.pagination import Schema
from campaign_studio.lookups import MOST_SEARCH_TERMS
from campaign_studio.places import country_code

if TYPE_CHECKING:
    from campaign_studio.api.viewsets import StudioListViewSet

LONGEST_SEARCH = 200


def refuse_unknown_parameters(request: Request, known: Collection[str]) -> None:
    """Raise ValidationError naming each query parameter that isn't known or comes twice."""
    errors = {}
    for name, values in request.query_params.lists():
        if name not in known:
            listed = f" Known here: {', '.join(sorted(known))}." if known else " There are none here."
            errors[name] = [f"This parameter is unknown.{listed}"]
        elif len(values) > 1:
            errors[name] = ["Send this parameter once."]
    if errors:
        raise ValidationError(errors)


class ChoiceListFilter(BaseInFilter, ChoiceFilter):
    """`?campaign_status=active,paused`: any of several choices."""


class StrictFilterBackend(DjangoFilterBackend):
    """The view's filters; django-filter itself refuses bad values."""

    def filter_parameters(self, view: APIView) -> list[str]:
        """The names of the filters that the view offers."""
        filterset = getattr(view, "filterset_class", None)
        return list(filterset.base_filters) if filterset else []


class SubstringSearchFilter(SearchFilter):
    """`?search=`: every word must occur in one of the view's `search_fields`, whatever the case."""

    def construct_search(self, field_name: str, queryset: QuerySet) -> str:
        """By the look-up that the trigram indexes serve."""
        return f"{field_name}__ilike"

    def get_search_terms(self, request: Request) -> list[str]:
        """The words. Raises ValidationError for too many or too long ones."""
        text = request.query_params.get(self.search_param, "")
        terms = super().get_search_terms(request)
        if len(terms) > MOST_SEARCH_TERMS or len(text) > LONGEST_SEARCH:
            raise ValidationError(
                {self.search_param: [f"Send at most {MOST_SEARCH_TERMS} words, {LONGEST_SEARCH} characters."]}
            )
        return terms

    def get_schema_operation_parameters(self, view: APIView) -> list[Schema]:
        """For OpenAPI: only where there is something to search."""
        return super().get_schema_operation_parameters(view) if getattr(view, "search_fields", None) else []


class TotalOrderingFilter(OrderingFilter):
    """`?ordering=-created_at`: any listed column. The key is appended, so that every order is total."""

    def get_ordering(self, request: Request, queryset: QuerySet, view: APIView) -> list[str]:
        """The order to use. Raises ValidationError for a name that isn't offered."""
        offered = cast("StudioListViewSet", view).offered_orderings()
        names = [name.strip() for name in request.query_params.get(self.ordering_param, "").split(",") if name.strip()]
        for name in names:
            if name.removeprefix("-") not in offered:
                message = f"Can't order by {name.removeprefix('-')!r}. Offered: {', '.join(sorted(offered))}."
                raise ValidationError({self.ordering_param: [message]})
        ordering = names or [str(name) for name in queryset.query.order_by or queryset.model._meta.ordering]
        return self._with_key(ordering, queryset.model._meta.pk.name)

    def filter_queryset(self, request: Request, queryset: QuerySet, view: APIView) -> QuerySet:
        ordering = self.get_ordering(request, queryset, view)
        for name, annotate in cast("StudioListViewSet", view).computed_orderings.items():
            if name in {part.removeprefix("-") for part in ordering}:
                queryset = annotate(queryset)
        return queryset.order_by(*ordering)

    def get_schema_operation_parameters(self, view: APIView) -> list[Schema]:
        """For OpenAPI: the offered names."""
        offered = sorted(cast("StudioListViewSet", view).offered_orderings())
        return [
            {
                "name": self.ordering_param,
                "in": "query",
                "required": False,
                "description": f"Comma-separated, a minus for descending. Offered: {', '.join(offered)}.",
                "schema": {"type": "string"},
            }
        ]

    @staticmethod
    def _with_key(ordering: list[str], key: str) -> list[str]:
        if key in {name.removeprefix("-") for name in ordering}:
            return ordering
        descending = bool(ordering) and ordering[-1].startswith("-")
        return [*ordering, f"-{key}" if descending else key]


def list_parameters(view: "StudioListViewSet") -> set[str]:
    """Every parameter that a list view knows."""
    known = {*PAGE_PARAMETERS, "ordering", *StrictFilterBackend().filter_parameters(view)}
    return known | {"search"} if view.search_fields else known


class YesNoFilter(TypedChoiceFilter):
    """`true` or `false`; anything else is refused, where the stock filter would show everything."""

    def __init__(self, **kwargs: object) -> None:
        choices = [("true", "true"), ("false", "false")]
        super().__init__(choices=choices, coerce=lambda text: text == "true", **kwargs)


class CountryFilter(CharFilter):
    """A country by its code or English name, whatever the case."""

    def __init__(self, **kwargs: object) -> None:
        super().__init__(lookup_expr="iexact", max_length=100, **kwargs)

    def filter(self, queryset: QuerySet, value: str) -> QuerySet:
        return super().filter(queryset, self.code(value))

    @staticmethod
    def code(value: str) -> str:
        """The code meant, or the text itself."""
        return (country_code(value) or value) if value else value
