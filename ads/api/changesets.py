"""Several objects at once: plans, applies and undoes change sets."""

from typing import Any, cast

from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from ads.api.operations import OperationsSerializer, operation_of
from ads.api.plans import ChangeSetRowSerializer, ChangeSetSerializer, worded
from campaign_studio.api.errors import Conflict
from campaign_studio.api.etags import ETagMixin
from campaign_studio.api.parsers import LARGE
from campaign_studio.api.serializers import StrictFields
from campaign_studio.api.viewsets import VERBS, StudioListViewSet
from campaigns.changesets import applying, planning, undoing
from campaigns.changesets.models import ChangeSet

MOST_NAMES = 20


class NoFields(StrictFields):
    """The body of a request that takes none."""


@extend_schema_view(list=extend_schema(operation_id="listChangeSets", description=_("Your change sets, newest first.")))
class ChangeSetViewSet(ETagMixin, StudioListViewSet[ChangeSet]):
    """Change sets, visible to those who planned them and to administrators."""

    queryset = ChangeSet.objects.all()
    row_serializer_class = ChangeSetRowSerializer
    body_limits = LARGE
    lookup_url_kwarg = "change_set_id"
    lookup_value_converter = "uuid"

    def required_permission(self) -> str:
        return f"campaigns.{VERBS.get(self.action, 'change')}_changeset"

    @extend_schema(
        operation_id="planChangeSet",
        summary=_("Plan changes of several objects"),
        description=_(
            "Store what up to 1,000 operations would do, without doing it: for each the fields that would change, or "
            "why it is refused, in the words of the single write; and which ads would start or stop showing today. "
            "`apply` then does what isn't refused."
        ),
        request=OperationsSerializer,
        responses={201: ChangeSetSerializer},
    )
    def create(self, request: Request, **kwargs: object) -> Response:
        serializer = OperationsSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        operations = [operation_of(sent, request) for sent in serializer.validated_data["operations"]]
        change_set = planning.plan(operations, by=cast("User", request.user))
        answer = self.document_answer(ChangeSetSerializer(change_set).data, status.HTTP_201_CREATED)
        answer["Location"] = reverse("change-set-detail", args=[change_set.pk])
        return answer

    @extend_schema(
        operation_id="getChangeSet",
        summary=_("Get a change set"),
        description=_("A change set with its plan."),
        responses=ChangeSetSerializer,
    )
    def retrieve(self, request: Request, **kwargs: object) -> Response:
        return self.document_answer(ChangeSetSerializer(self.get_object()).data)

    @extend_schema(
        operation_id="applyChangeSet",
        summary=_("Apply a change set"),
        description=_(
            "Carry out everything that the plan didn't refuse, in one transaction with one time in the audit log. 409 "
            "if an object has been changed since the plan, or an operation is refused now: nothing is changed then."
        ),
        request=None,
        responses=ChangeSetSerializer,
    )
    @action(detail=True, methods=["post"])
    def apply(self, request: Request, **kwargs: object) -> Response:
        change_set = self._locked(request)
        try:
            done = applying.apply(change_set.pk, by=cast("User", request.user))
        except applying.WrongStateError as error:
            raise Conflict(str(error), "wrong_state") from error
        except applying.MovedError as error:
            message = gettext("Changed since it was planned: %(names)s. Plan it again.")
            raise Conflict(message % {"names": _names(error)}, "moved") from error
        except applying.OtherwiseError as error:
            raise Conflict(_refused_after_all(error), "refused") from error
        return self.document_answer(ChangeSetSerializer(done).data)

    @extend_schema(
        operation_id="undoChangeSet",
        summary=_("Undo a change set"),
        description=_(
            "Restore everything as it was before the change set was applied. Objects that it created are deleted, and "
            "those that it deleted come back with their ids. 409 if one of them has been changed since: nothing is "
            "changed then."
        ),
        request=None,
        responses=ChangeSetSerializer,
    )
    @action(detail=True, methods=["post"])
    def undo(self, request: Request, **kwargs: object) -> Response:
        change_set = self._locked(request)
        try:
            done = undoing.undo(change_set.pk, by=cast("User", request.user))
        except applying.WrongStateError as error:
            raise Conflict(str(error), "wrong_state") from error
        except applying.MovedError as error:
            message = gettext("Changed since it was applied: %(names)s. Change these back one by one.")
            raise Conflict(message % {"names": _names(error)}, "moved") from error
        except undoing.CannotBeUndoneError as error:
            raise Conflict(str(error), "cannot_be_undone") from error
        return self.document_answer(ChangeSetSerializer(done).data)

    def _locked(self, request: Request) -> ChangeSet:
        # A selection of operations, say, is refused instead of being passed over.
        NoFields(data=request.data).is_valid(raise_exception=True)
        rows = self.visible_rows().select_for_update(of=("self",))
        change_set: ChangeSet = get_object_or_404(rows, pk=self.kwargs["change_set_id"])
        self.check_object_permissions(request, change_set)
        self.check_match(request, lambda: ChangeSetSerializer(change_set).data)
        return change_set


def _names(error: applying.MovedError) -> str:
    """The first names, and how many more there are."""
    names = [f"“{row.name}”" for row in error.rows[:MOST_NAMES]]
    more = len(error.rows) - len(names)
    listed = ", ".join(names)
    return gettext("%(names)s and %(count)d more") % {"names": listed, "count": more} if more else listed


def _refused_after_all(error: applying.OtherwiseError) -> str:
    """Which operation is refused now, and why."""
    refusal = worded(error.operation.dumped(), error.refusal.dumped())
    reasons = " ".join(_texts(refusal["errors"]))
    message = gettext("The %(resource)s %(id)s is refused now: %(reason)s")
    return message % {"resource": error.operation.resource, "id": error.operation.key, "reason": reasons}


def _texts(errors: Any) -> list[str]:
    if isinstance(errors, dict):
        return [text for inner in errors.values() for text in _texts(inner)]
    return [text for one in errors for text in _texts(one)] if isinstance(errors, list) else [str(errors)]
