"""`/api/auth/sessions` and `/api/security-events`."""

from uuid import UUID

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api import serializers
from accounts.api.filters import SecurityEventFilter, SessionFilter
from accounts.api.history import TracedPages
from accounts.choices import SecurityEventKind
from accounts.models import SecurityEvent, Session
from campaign_studio.api.viewsets import StudioListViewSet


@extend_schema_view(
    list=extend_schema(
        summary=_("List active sessions"),
        description=_("Your active sessions. With `user_id`, an administrator sees those of another user."),
    ),
    destroy=extend_schema(
        operation_id="endSession",
        summary=_("End a session"),
        description=_("End a session. From the next request on, its tokens or its cookie are refused."),
    ),
)
class SessionViewSet(StudioListViewSet[Session]):
    """Active sessions. Administrators see and end those of other users too."""

    # As everywhere under `/api/auth/`.
    no_store = True
    row_serializer_class = serializers.SessionSerializer
    filterset_class = SessionFilter
    queryset = Session.objects.all()
    lookup_url_kwarg = "session_id"
    lookup_value_converter = "uuid"

    def required_permission(self) -> str:
        return "accounts.view_session" if self.action == "list" else "accounts.revoke_session"

    def get_queryset(self) -> QuerySet[Session]:
        """The active sessions. The list contains the user's own, unless `user_id` asks for another user's."""
        alive = Session.objects.all().visible_to(self.request.user).alive(at=timezone.now())
        if self.action == "list" and "user_id" not in self.request.query_params:
            return alive.filter(user=self.request.user.pk)
        return alive

    def destroy(self, request: Request, session_id: UUID) -> Response:
        session = get_object_or_404(self.get_queryset().select_for_update(of=("self",)), pk=session_id)
        self.check_object_permissions(request, session)
        session.revoke(SecurityEventKind.SESSION_REVOKED, at=timezone.now())
        return Response(status=status.HTTP_204_NO_CONTENT)


@extend_schema_view(
    list=extend_schema(
        description=_("Sign-ins, refusals, lockouts and other security events, newest first. Only for administrators.")
    )
)
class SecurityEventViewSet(StudioListViewSet[SecurityEvent]):
    """The security log, for administrators."""

    row_serializer_class = serializers.SecurityEventSerializer
    pagination_class = TracedPages
    filterset_class = SecurityEventFilter
    queryset = SecurityEvent.objects.all()

    def required_permission(self) -> str:
        return "accounts.view_securityevent"

    def offered_orderings(self) -> set[str]:
        return {"happened_at"}
