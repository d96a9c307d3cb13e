"""`/history` on any audited object."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.serializers import AuditEntrySerializer
from accounts.models import AuditEntry
from campaign_studio.api.pagination import PARAMETERS


class HasHistory:
    """Adds the address to a viewset."""

    @extend_schema(responses=AuditEntrySerializer(many=True), filters=False)
    @action(detail=True, methods=["get"], url_path="history")
    def history(self, request: Request, **kwargs: Any) -> Response:
        """Who changed what, when, from where, through which door: newest first, with the rows that belong to it."""
        row = self.get_object()  # type: ignore[attr-defined]
        entries = AuditEntry.objects.about(row, reader=request.user)
        page = self.paginate_queryset(entries.order_by("-timestamp", "-id"))  # type: ignore[attr-defined]
        return self.get_paginated_response(AuditEntrySerializer(page, many=True).data)  # type: ignore[attr-defined]

    def known_parameters(self) -> set[str]:
        """Pages, for the history."""
        return set(PARAMETERS) if self.action == "history" else super().known_parameters()  # type: ignore[misc,attr-defined]
