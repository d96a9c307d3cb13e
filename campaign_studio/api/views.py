"""Addresses that belong to no resource: health, and what nothing else answers."""

from typing import Any

from django.conf import settings
from django.db import Error, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from drf_spectacular.utils import extend_schema, inline_serializer
from drf_spectacular.views import SpectacularJSONAPIView, SpectacularRedocView, SpectacularSwaggerSplitView
from rest_framework import serializers, status
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from campaign_studio.api.errors import not_found
from campaign_studio.api.viewsets import StrictQueryParamsMixin

HEALTH = inline_serializer(
    "Health",
    {"status": serializers.CharField(), "version": serializers.CharField(), "database": serializers.CharField()},
)


class HealthView(StrictQueryParamsMixin, APIView):
    """For load balancers and monitoring."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    # A load balancer asks as often as it likes.
    throttle_classes = ()

    @extend_schema(operation_id="health", tags=["health"], responses={200: HEALTH, 503: HEALTH})
    def get(self, request: Request) -> Response:
        """200 when everything works, 503 when the database is gone."""
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
        except Error:
            body = {"status": "unhealthy", "version": settings.APP_VERSION, "database": "unreachable"}
            return Response(body, status=status.HTTP_503_SERVICE_UNAVAILABLE, headers={"Retry-After": "5"})
        return Response({"status": "healthy", "version": settings.APP_VERSION, "database": "connected"})


class _JSONErrorMixin:
    """The one error shape, for pages that are answered in other formats (8-reliability R26)."""

    allowed_methods: list[str]

    def http_method_not_allowed(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """405."""
        allowed = {"Allow": ", ".join(self.allowed_methods)}
        return JsonResponse({"detail": f'Method "{request.method}" not allowed.'}, status=405, headers=allowed)


class SchemaView(_JSONErrorMixin, SpectacularJSONAPIView):
    """The OpenAPI document."""


class DocsView(_JSONErrorMixin, SpectacularSwaggerSplitView):
    """The API, to try out."""


class RedocView(_JSONErrorMixin, SpectacularRedocView):
    """The API, to read."""


@csrf_exempt
def no_such_address(request: HttpRequest, path: str = "") -> HttpResponse:
    """Whatever else is asked for under /api/ (under DEBUG too, where Django would answer a page)."""
    return not_found(request)
