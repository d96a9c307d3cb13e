"""Filters, search and order of lists. An unknown or repeated query parameter is an error."""

from collections.abc import Collection
from typing import TYPE_CHECKING, cast

from django.db.models import QuerySet
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.filters import OrderingFilter, SearchFilter
from rest_framework.request import Request
from rest_framework.views import APIView

from campaign_studio.api.fields import EMPTY_PARAMETER
from campaign_studio.api.filtersets import ChoiceListFilter
from campaign_studio.api.pagination import PARAMETERS as PAGE_PARAMETERS
from campaign_studio.api.schema import Schema
from campaign_studio.lookups import MOST_SEARCH_TERMS

if TYPE_CHECKING:
    from campaign_studio.api.viewsets import StudioListViewSet

LONGEST_SEARCH = 200


def refuse_unknown_parameters(request: Request, known: Collection[str], repeatable: Collection[str] = ()) -> None:
    """Raise ValidationError for each query parameter that isn't `known`, or is sent twice and isn't `repeatable`."""
    errors: dict[str, list[ErrorDetail]] = {}
    for name, values in request.query_params.lists():
        if name not in known:
            # The first one names those that are known.
            message = _("There is no such parameter.") if errors else _unknown_parameter(known)
            errors[name] = [ErrorDetail(message, "unknown_parameter")]
        elif len(values) > 1 and name not in repeatable:
            errors[name] = [ErrorDetail(_("This parameter may be sent only once."), "repeated_parameter")]
    if errors:
        raise ValidationError(errors)


def _unknown_parameter(known: Collection[str]) -> str:
    if not known:
        return _("There is no such parameter. This URL takes none.")
    return _("There is no such parameter. This URL takes %(parameters)s.") % {
        "parameters": get_text_list(sorted(known), _("and"))
    }


class StrictFilterBackend(DjangoFilterBackend):
    """The view's filters. django-filter itself refuses bad values, but takes an empty one for none."""

    def filter_queryset(self, request: Request, queryset: QuerySet, view: APIView) -> QuerySet:
        """Raise ValidationError for a filter without a value: answering with all rows would hide the mistake."""
        sent = [name for name in self.filter_parameters(view) if name in request.query_params]
        empty = [name for name in sent if request.query_params[name] == ""]
        if empty:
            raise ValidationError({name: [ErrorDetail(str(EMPTY_PARAMETER), "empty_parameter")] for name in empty})
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
        """Documents the names that the view offers. What is counted has no order."""
        if getattr(view, "action", None) == "counts":
            return []
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


def repeatable_parameters(view: APIView) -> set[str]:
    """The filters of a list that take several values, and so may be sent several times."""
    filterset = getattr(view, "filterset_class", None)
    known = filterset.base_filters.items() if filterset else ()
    return {name for name, one in known if isinstance(one, ChoiceListFilter)}


def list_parameters(view: "StudioListViewSet") -> set[str]:
    """Every query parameter of a list view."""
    known = {*PAGE_PARAMETERS, "ordering", *StrictFilterBackend().filter_parameters(view)}
    return known | {"search"} if view.search_fields else known
