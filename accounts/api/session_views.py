"""`/api/auth/sessions` and `/api/security-events`: who is signed in, and what happened at sign-in."""

from uuid import UUID

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api import serializers
from accounts.api.filters import SecurityEventFilter, SessionFilter
from accounts.choices import SecurityEventKind
from accounts.models import SecurityEvent, Session
from campaign_studio.api.viewsets import StudioListViewSet


class SessionViewSet(StudioListViewSet[Session]):
    """Where one is signed in. Admins see and end others' sessions too."""

    row_serializer_class = serializers.SessionSerializer
    filterset_class = SessionFilter
    queryset = Session.objects.all()
    lookup_url_kwarg = "session_id"
    lookup_value_converter = "uuid"

    def required_permission(self) -> str:
        return "accounts.view_session" if self.action == "list" else "accounts.revoke_session"

    def get_queryset(self) -> QuerySet[Session]:
        """Those that can still be used; in a list, one's own unless `user_id` names another user."""
        alive = Session.objects.all().visible_to(self.request.user).alive(at=timezone.now())
        if self.action == "list" and "user_id" not in self.request.query_params:
            return alive.filter(user=self.request.user.pk)
        return alive

    def destroy(self, request: Request, session_id: UUID) -> Response:
        """End one: its tokens or cookies are refused from the next request on."""
        session = get_object_or_404(self.get_queryset().select_for_update(of=("self",)), pk=session_id)
        self.check_object_permissions(request, session)
        session.revoke(SecurityEventKind.SESSION_REVOKED, at=timezone.now())
        return Response(status=status.HTTP_204_NO_CONTENT)


class SecurityEventViewSet(StudioListViewSet[SecurityEvent]):
    """Sign-ins, refusals, lock-outs …, newest first. For admins."""

    row_serializer_class = serializers.SecurityEventSerializer
    filterset_class = SecurityEventFilter
    queryset = SecurityEvent.objects.all()

    def required_permission(self) -> str:
        return "accounts.view_securityevent"

    def offered_orderings(self) -> set[str]:
        return {"happened_at"}
