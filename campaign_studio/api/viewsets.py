"""What every resource's views share: visible rows, one transaction per write, one document per answer."""

from collections.abc import Callable
from typing import Any, ClassVar

from django.core.exceptions import ValidationError as ModelValidationError
from django.db import DatabaseError, models, transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from rest_framework import serializers, status
from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from campaign_studio.acting import set_database_actor
from campaign_studio.api.errors import Conflict
from campaign_studio.api.etags import Stale, asks_for_match, check_match, etag_of
from campaign_studio.api.filters import list_parameters, refuse_unknown_parameters
from campaign_studio.api.idempotency import IdempotencyMixin
from campaign_studio.api.throttling import EarlyThrottleMixin
from campaign_studio.encryption import EncryptedTextField
from campaign_studio.models.versioned import StaleError
from campaign_studio.retrying import retried
from campaign_studio.writing import one_write

VERBS = {
    "list": "view",
    "retrieve": "view",
    "history": "view",
    "create": "add",
    "update": "change",
    "partial_update": "change",
    "destroy": "delete",
}


class AtomicWritesMixin:
    """One request is one transaction (2-api "Writes"): everything it wrote is kept, or nothing.

    An answer that is an error undoes what was written before it; what only COMMIT finds out (a parent deleted
    meanwhile) is answered in the same way.
    """

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Handle one request."""
        if request.method in SAFE_METHODS:
            return super().dispatch(request, *args, **kwargs)  # type: ignore[misc]
        try:
            return retried(lambda: self._in_one_transaction(request, *args, **kwargs))
        except DatabaseError as error:
            response = self.handle_exception(error)  # type: ignore[attr-defined]
            return self.finalize_response(self.request, response)  # type: ignore[attr-defined]

    def _in_one_transaction(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        # Who acts is known once the framework has looked at the token: see `initial`.
        with one_write(tell_actor=False):
            response: HttpResponse = super().dispatch(request, *args, **kwargs)  # type: ignore[misc]
            if response.exception:  # type: ignore[attr-defined]
                transaction.set_rollback(True)
            return response

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Once it is known who asks, the database is told."""
        super().initial(request, *args, **kwargs)  # type: ignore[misc]
        if request.method not in SAFE_METHODS:
            set_database_actor()


class StrictQueryParamsMixin(IdempotencyMixin, EarlyThrottleMixin):
    """Refuses query parameters that the action doesn't know (R9), and offers orderings by listed columns."""

    search_fields: ClassVar[tuple[str, ...]] = ()
    computed_orderings: ClassVar[dict[str, Callable[[Any], Any]]] = {}

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Who asks comes first, then whether the question makes sense."""
        super().initial(request, *args, **kwargs)
        # A method that is not allowed here asks nothing, and has an answer of its own.
        if getattr(self, "action", "") not in (None, "metadata"):
            refuse_unknown_parameters(request, self.known_parameters())

    def known_parameters(self) -> set[str]:
        """The names this action understands."""
        return list_parameters(self) if getattr(self, "action", None) == "list" else set()

    def offered_orderings(self) -> set[str]:
        """The columns of a list row, and what the view computes on demand."""
        row = self.row_serializer_class()  # type: ignore[attr-defined]
        stored = row.Meta.model._meta.concrete_fields
        columns = {field.attname for field in stored if not isinstance(field, EncryptedTextField)}
        listed = {name for name, field in row.fields.items() if {name, field.source} & columns}
        return listed | set(self.computed_orderings)


class ETagMixin:
    """One object at one address: answered with its `ETag`, changed under `If-Match` (2-api "Headers").

    `counters` names the fields of the document that are no matter of editing.
    """

    counters: ClassVar[tuple[str, ...]] = ()

    def document_answer(self, document: dict[str, Any], code: int = status.HTTP_200_OK) -> Response:
        """The whole object."""
        return Response(document, status=code, headers={"ETag": etag_of(document, counters=self.counters)})

    def check_match(self, request: Request, present: Callable[[], dict[str, Any]]) -> None:
        """Raise Stale (412) when the client has named another document than the present one. The row is locked."""
        if request.method not in SAFE_METHODS and asks_for_match(request):
            check_match(request, etag_of(present(), counters=self.counters))


class StudioViewSet(ETagMixin, AtomicWritesMixin, StrictQueryParamsMixin, GenericViewSet):
    """List, create, read, replace, change and delete one kind of row. Subclasses are declarations.

    `serializer_class` describes the whole document, `row_serializer_class` a row in a list.
    """

    model: ClassVar[type[models.Model]]
    lookup_value_converter = "uuid"
    row_serializer_class: ClassVar[type[serializers.BaseSerializer[Any]]]

    def required_permission(self) -> str:
        """The permission that the present action needs."""
        options = self.model._meta
        return f"{options.app_label}.{VERBS[self.action]}_{options.model_name}"

    def visible_rows(self) -> QuerySet[Any]:
        """The rows that this address is about, as far as the user may know of them."""
        rows: QuerySet[Any] = self.model._default_manager.all().visible_to(self.request.user)  # type: ignore[attr-defined]
        return rows

    def get_queryset(self) -> QuerySet[Any]:
        """The same; for a change, locked until it is done (R3)."""
        rows = self.visible_rows()
        return rows if self.request.method in SAFE_METHODS else rows.select_for_update(of=("self",))

    def get_serializer_class(self) -> type[serializers.BaseSerializer[Any]]:
        """Rows for lists, documents for everything else."""
        return self.row_serializer_class if self.action == "list" else self.serializer_class  # type: ignore[return-value]

    def get_object(self) -> Any:
        """The row in the address. Raises Http404 for one out of sight, PermissionDenied for one out of reach.

        For a change it is locked, and must be what the client says that it has seen: else Stale (412).
        """
        row = get_object_or_404(self.get_queryset(), pk=self.key())
        self.check_object_permissions(self.request, row)
        self.check_match(self.request, lambda: self.document(self.document_row(row.pk)))
        return row

    def document_row(self, key: Any) -> Any:
        """The row with everything its document shows."""
        rows: Any = self.visible_rows()
        return get_object_or_404(rows.as_document(self.request.user), pk=key)

    def document(self, row: Any) -> dict[str, Any]:
        """The object as the client sees it."""
        return dict(self.serializer_class(row, context=self.get_serializer_context()).data)  # type: ignore[misc]

    def key(self) -> Any:
        """The key in the address."""
        return self.kwargs[self.lookup_url_kwarg or self.lookup_field]

    def list(self, request: Request, **kwargs: Any) -> Response:
        """One page of rows."""
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    def retrieve(self, request: Request, **kwargs: Any) -> Response:
        """One object, whole."""
        row = self.document_row(self.key())
        self.check_object_permissions(request, row)
        return self.document_answer(self.document(row))

    def create(self, request: Request, **kwargs: Any) -> Response:
        """A new object."""
        serializer = self.get_serializer(data=request.data)
        serializer.new_row = self.new_row  # type: ignore[attr-defined]
        serializer.is_valid(raise_exception=True)
        row = serializer.save()
        if not request.user.has_perm(self.required_permission(), row):
            raise PermissionDenied(self.refusal(row))
        return self.document_answer(self.document(self.document_row(row.pk)), status.HTTP_201_CREATED)

    def update(self, request: Request, **kwargs: Any) -> Response:
        """Replace the object: required fields must be sent, optional ones left out keep their value."""
        return self._change(request, partial=False)

    def partial_update(self, request: Request, **kwargs: Any) -> Response:
        """Change some fields."""
        return self._change(request, partial=True)

    def destroy(self, request: Request, **kwargs: Any) -> Response:
        """Delete for good."""
        row = self.get_object()
        try:
            self.delete_row(row)
        except ModelValidationError as error:
            raise Conflict(error.messages[0]) from error
        return Response(status=status.HTTP_204_NO_CONTENT)

    def new_row(self) -> Any:
        """An empty row, with what the address says about it."""
        return self.model()

    def delete_row(self, row: Any) -> None:
        """How one is deleted."""
        row.delete()

    def refusal(self, row: Any) -> str:
        """What somebody reads who may create such objects, but not this one."""
        return "Your role may not do this."

    def _change(self, request: Request, *, partial: bool) -> Response:
        row = self.get_object()
        serializer = self.get_serializer(row, data=request.data, partial=partial)
        serializer.is_valid(raise_exception=True)
        serializer.save()
        return self.document_answer(self.document(self.document_row(row.pk)))

    def handle_exception(self, exc: Exception) -> Response:
        """What the model finds out of date is answered like an `If-Match` that fits no more."""
        if isinstance(exc, StaleError) and self.kwargs.get(self.lookup_url_kwarg or self.lookup_field):
            # The write was refused, not broken off: what is stored can still be read.
            transaction.set_rollback(False)
            present = self.document(self.document_row(self.key()))
            exc = Stale(etag_of(present, counters=self.counters), exc.messages[0])
        return super().handle_exception(exc)
