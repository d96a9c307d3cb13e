"""The base classes of the viewsets of all resources: lists of visible rows, and documents of single objects."""

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, ClassVar, TypeVar, cast

from django.core.exceptions import ValidationError as ModelValidationError
from django.db import models, transaction
from django.db.models import QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status
from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from campaign_studio.api.base import StudioView
from campaign_studio.api.documents.rows import lock_visible, only_row
from campaign_studio.api.documents.statements import Kind, read_document, read_visible, why_in_python
from campaign_studio.api.errors import Conflict
from campaign_studio.api.etags import Document, ETagMixin, Stale, etag_of
from campaign_studio.api.filters import list_parameters, repeatable_parameters
from campaign_studio.api.pagination import PARAMETERS as PAGE_PARAMETERS
from campaign_studio.api.pagination import KeysFirstPagination
from campaign_studio.api.permissions import ROLE_MAY_NOT
from campaign_studio.api.serializers import StudioSerializer
from campaign_studio.encryption import EncryptedTextField
from campaign_studio.models.versioned import StaleError
from campaign_studio.querysets import StudioQuerySet

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

VERBS = {
    "list": "view",
    "retrieve": "view",
    "history": "view",
    "counts": "view",
    "create": "add",
    "update": "change",
    "partial_update": "change",
    "destroy": "delete",
}
Row = TypeVar("Row", bound=models.Model)


class StudioListViewSet(StudioView, mixins.ListModelMixin, GenericViewSet[Row]):
    """Lists the rows of one table that the user may see. Subclasses are declarative.

    `row_serializer_class` describes a row. `computed_orderings` maps the names that a list can be ordered by, besides
    its columns, to functions that annotate a queryset with them.
    """

    queryset: StudioQuerySet
    row_serializer_class: type[serializers.Serializer]
    search_fields: ClassVar[tuple[str, ...]] = ()
    computed_orderings: ClassVar[dict[str, Callable[..., QuerySet]]] = {}

    def visible_rows(self) -> StudioQuerySet:
        """The rows of this URL that the user may see."""
        return self.queryset.all().visible_to(self.request.user)

    def get_queryset(self) -> QuerySet[Row]:
        return self.visible_rows()

    def get_serializer_class(self) -> type[serializers.Serializer]:
        return self.row_serializer_class

    def list(self, request: Request, *args: object, **kwargs: object) -> Response:
        rows = self.filter_queryset(self.get_queryset())
        kind = Kind.of(self.get_serializer_class(), rows.model, request.user)
        pages = self.paginator
        if isinstance(pages, KeysFirstPagination) and pages.is_in_sql(kind):
            # Searching costs more than bringing what matches in order.
            return pages.written(kind, rows, request, matched_once="search" in request.query_params)
        page = self.get_serializer(self.paginate_queryset(rows), many=True)
        return self.get_paginated_response(page.data)

    def known_parameters(self) -> set[str]:
        """Lists take pages, order, search and filters. Their counts take search and filters."""
        if self.action == "counts":
            return list_parameters(self) - {*PAGE_PARAMETERS, "ordering"}
        return list_parameters(self) if self.action == "list" else set()

    def repeatable_parameters(self) -> set[str]:
        return repeatable_parameters(self)

    def offered_orderings(self) -> set[str]:
        """The columns of a list row and the computed orderings."""
        model: type[models.Model] = self.queryset.model
        return {*_listed_columns(self.row_serializer_class, model), *self.computed_orderings}


@cache
def _listed_columns(listed: type[serializers.Serializer], model: type[models.Model]) -> frozenset[str]:
    """The columns that rows of a list show, except encrypted ones."""
    stored = model._meta.concrete_fields
    columns = {field.attname for field in stored if not isinstance(field, EncryptedTextField)}
    return frozenset(name for name, field in listed().fields.items() if {name, field.source} & columns)


class StudioViewSet(ETagMixin, StudioListViewSet[Row]):
    """Lists, creates, reads, replaces, changes and deletes the rows of one table. Subclasses are declarative.

    `serializer_class` describes the whole document, `row_serializer_class` a row in a list. `addition_refusal` is
    the message for users who may create such objects, but not this one.
    """

    lookup_value_converter = "uuid"
    serializer_class: type[StudioSerializer]
    row_serializer_class: type[StudioSerializer]
    addition_refusal: ClassVar["str | StrPromise"] = ROLE_MAY_NOT

    def required_permission(self) -> str:
        """The model permission of the current action."""
        options = self.queryset.model._meta
        return f"{options.app_label}.{VERBS[self.action]}_{options.model_name}"

    def get_queryset(self) -> QuerySet[Row]:
        """The visible rows, locked if the request changes them."""
        rows = self.visible_rows()
        return rows if self.request.method in SAFE_METHODS else rows.select_for_update(of=("self",))

    def get_serializer_class(self) -> type[StudioSerializer]:
        """The row serializer for lists, the document serializer for everything else."""
        return self.row_serializer_class if self.action == "list" else self.serializer_class

    def get_object(self) -> Row:
        """The row in the URL. Raises Http404 if the user may not see it, PermissionDenied if they may not change it.

        A row that is to be changed is locked and must match the client's `If-Match`, else this raises Stale (412).
        """
        is_usual = self.reads_all_visible() and type(self).get_queryset is StudioViewSet.get_queryset
        if is_usual and self.request.method not in SAFE_METHODS:
            row = cast("Row | None", lock_visible(self.queryset.model, self.key(), self.request.user))
        else:
            row = only_row(self.get_queryset().filter(pk=self.key()))
        if row is None:
            raise Http404
        self.check_object_permissions(self.request, row)
        self.check_match(self.request, lambda: self.document(row.pk))
        return row

    def document(self, key: object) -> Document:
        """The object with this key as the client sees it. Raises Http404 if the user may not see it."""
        reader = self.request.user
        kind = Kind.of(self.serializer_class, self.queryset.model, reader, self.counters)
        if why_in_python(kind) is not None:
            return self.represent(get_object_or_404(self.visible_rows().as_document(reader), pk=key))
        if self.reads_all_visible():
            written = read_visible(kind, key, reader)
        else:
            written = read_document(kind, self.visible_rows().filter(pk=key), reader)
        if written is None:
            raise Http404
        return written

    def reads_all_visible(self) -> bool:
        """Whether every row that the user may see can be read at this URL."""
        return type(self).visible_rows is StudioListViewSet.visible_rows

    def represent(self, row: models.Model) -> Document:
        """A row with everything that its document contains, as the client sees it."""
        return self.serializer_class(row, context=self.get_serializer_context()).data

    def key(self) -> object:
        """The primary key in the URL, as its path converter returns it."""
        return self.kwargs[self.lookup_url_kwarg or self.lookup_field]

    @extend_schema(description=_("One page of the objects that you may see."))
    def list(self, request: Request, *args: object, **kwargs: object) -> Response:
        return super().list(request, *args, **kwargs)

    @extend_schema(description=_("One object with everything that belongs to it."))
    def retrieve(self, request: Request, **kwargs: object) -> Response:
        # No check of the object's permission: rows are visible to exactly those who may view them.
        return self.document_answer(self.document(self.key()))

    @extend_schema(description=_("Create an object."))
    def create(self, request: Request, **kwargs: object) -> Response:
        context = {**self.get_serializer_context(), "new_row": self.new_row()}
        serializer = self.get_serializer_class()(data=request.data, context=context)
        serializer.is_valid(raise_exception=True)
        if not request.user.has_perm(self.required_permission(), serializer.proposed):
            raise PermissionDenied(self.addition_refusal)
        row = serializer.save()
        answer = self.document_answer(self.document(row.pk), status.HTTP_201_CREATED)
        answer["Location"] = self.url_of(row)
        return answer

    @extend_schema(
        description=_(
            "Replace the object. Required fields must be sent; optional fields that are missing keep their value."
        )
    )
    def update(self, request: Request, **kwargs: object) -> Response:
        return self._change(request, partial=False)

    @extend_schema(description=_("Change some fields of the object."))
    def partial_update(self, request: Request, **kwargs: object) -> Response:
        return self._change(request, partial=True)

    @extend_schema(description=_("Delete the object permanently."))
    def destroy(self, request: Request, **kwargs: object) -> Response:
        row = self.get_object()
        try:
            self.delete_row(row)
        except ModelValidationError as error:
            raise Conflict(error.messages[0], getattr(error, "code", None)) from error
        return Response(status=status.HTTP_204_NO_CONTENT)

    def new_row(self) -> Row:
        """An unsaved row with the values that the URL implies, such as its parent."""
        row: Row = self.queryset.model()
        return row

    def url_of(self, row: models.Model) -> str:
        """The URL of a row that has been created here. A part has it below that of its whole."""
        return reverse(f"{self.basename}-detail", kwargs={**self.kwargs, str(self.lookup_url_kwarg): row.pk})

    def delete_row(self, row: Row) -> None:
        """Delete a row. Raises ValidationError, answered 409, if it can't be deleted."""
        row.delete()

    def _change(self, request: Request, *, partial: bool) -> Response:
        row = self.get_object()
        serializer = self.get_serializer(row, data=request.data, partial=partial)
        serializer.is_valid(raise_exception=True)
        serializer.save()
        return self.document_answer(self.document(row.pk))

    def handle_exception(self, exc: Exception) -> Response:
        """Answer an edit conflict that the model detects in the same way as a stale `If-Match`."""
        if isinstance(exc, StaleError) and self.kwargs.get(self.lookup_url_kwarg or self.lookup_field):
            # The transaction isn't broken: the stored row can still be read.
            transaction.set_rollback(False)
            exc = Stale(etag_of(self.document(self.key()), counters=self.counters), exc.messages[0])
        return super().handle_exception(exc)
