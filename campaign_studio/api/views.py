"""URLs that belong to no resource: the health checks, the documentation, and everything that doesn't exist."""

import gzip
import hashlib
from functools import cache
from threading import Lock
from typing import ClassVar, NamedTuple

from django.conf import settings
from django.db import Error, connection
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.http import parse_etags
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.csrf import csrf_exempt
from drf_spectacular.renderers import OpenApiJsonRenderer
from drf_spectacular.utils import OpenApiResponse, extend_schema, inline_serializer
from drf_spectacular.views import SpectacularJSONAPIView, SpectacularRedocView, SpectacularSwaggerSplitView
from rest_framework import serializers, status
from rest_framework.permissions import AllowAny
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from campaign_studio.api.base import StudioView
from campaign_studio.api.errors import not_found
from campaign_studio.api.schema import making
from campaign_studio.middleware import LIVE

HEALTH = inline_serializer(
    "Health",
    {"status": serializers.CharField(), "version": serializers.CharField(), "database": serializers.CharField()},
)


class UncountedView(StudioView):
    """The base of the health checks, which load balancers may make as often as they like."""

    # A POST is answered 405 without a query: the database may be unavailable.
    atomic = False
    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = ()

    def is_tagged_by_text(self) -> bool:
        """Never: health is asked anew each time."""
        return False


class LiveView(UncountedView):
    """Whether the server is alive, whatever its database does."""

    @extend_schema(
        operation_id="checkLive",
        summary=_("Check that the server is alive"),
        description=_("200 as long as the server runs, whatever its database does. It answers to any host name."),
        responses={200: inline_serializer("Liveness", {"status": serializers.CharField()})},
    )
    def get(self, request: Request) -> HttpResponse:
        """200. `campaign_studio.middleware.LiveMiddleware` has given this answer before."""
        return HttpResponse(LIVE, content_type="application/json")


class HealthView(UncountedView):
    """The health check for load balancers and monitoring."""

    @extend_schema(
        operation_id="checkHealth",
        summary=_("Check the health"),
        description=_("200 if everything works, 503 if the database is unavailable."),
        responses={200: HEALTH, 503: HEALTH},
    )
    def get(self, request: Request) -> Response:
        """200 if everything works, 503 if the database is unavailable."""
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
        except Error:
            body = {"status": "unhealthy", "version": settings.APP_VERSION, "database": "unreachable"}
            return Response(body, status=status.HTTP_503_SERVICE_UNAVAILABLE, headers={"Retry-After": "5"})
        return Response({"status": "healthy", "version": settings.APP_VERSION, "database": "connected"})


class IndexView(StudioView):
    """`/api`: where to begin. `links` are the names of routes, by what they lead to."""

    permission_classes = (AllowAny,)
    links: ClassVar[dict[str, str]] = {}

    @extend_schema(
        operation_id="getIndex",
        tags=["system"],
        summary=_("Where to begin"),
        description=_("The URLs to begin with. `/api/docs` describes all of them."),
        responses={200: OpenApiResponse({"type": "object", "additionalProperties": {"type": "string"}})},
    )
    def get(self, request: Request) -> Response:
        return Response({name: reverse(route) for name, route in self.links.items()})


class DocumentationView(StudioView):
    """The base of the views that don't return plain JSON. Their errors are JSON all the same."""

    atomic = False

    def known_parameters(self) -> None:
        """Accept any parameter: Swagger UI and Redoc add some of their own."""

    def finalize_response(self, request: Request, response: Response, *args: object, **kwargs: object) -> Response:
        if isinstance(response, Response) and response.exception:
            request.accepted_renderer, request.accepted_media_type = JSONRenderer(), JSONRenderer.media_type
        return super().finalize_response(request, response, *args, **kwargs)


class SchemaView(DocumentationView, SpectacularJSONAPIView):
    """The OpenAPI document as JSON, made once per process and language. Errors look like those of the API."""

    @extend_schema(exclude=True)
    def get(self, request: Request, *args: object, **kwargs: object) -> HttpResponse:
        """The document, compressed if the client can read that; 304 if the client has it already."""
        wanted = request.query_params.get("lang", "")
        language = wanted if wanted in dict(settings.LANGUAGES) else get_language()
        compress = "gzip" in request.headers.get("Accept-Encoding", "")
        document = _document(language or settings.LANGUAGE_CODE)
        tag = f'"{document.digest}{"-gzip" if compress else ""}"'
        headers = {"ETag": tag, "Cache-Control": "public, max-age=300", "Vary": "Accept-Encoding, Accept-Language"}
        if tag in parse_etags(request.headers.get("If-None-Match", "")):
            return HttpResponse(status=status.HTTP_304_NOT_MODIFIED, headers=headers)
        headers |= {"Content-Encoding": "gzip"} if compress else {}
        body = document.compressed if compress else gzip.decompress(document.compressed)
        return HttpResponse(body, content_type=OpenApiJsonRenderer.media_type, headers=headers)


_making = Lock()


class MadeDocument(NamedTuple):
    """The OpenAPI document in one language, compressed, and a hash of it."""

    compressed: bytes
    digest: str


def _document(language: str) -> MadeDocument:
    # One thread has it made while others wait.
    with _making:
        return _made_document(language)


@cache
def _made_document(language: str) -> MadeDocument:
    plain = making.make(language)
    return MadeDocument(gzip.compress(plain, mtime=0), hashlib.sha256(plain).hexdigest()[:32])


class DocsView(DocumentationView, SpectacularSwaggerSplitView):
    """The interactive API documentation (Swagger UI)."""


class RedocView(DocumentationView, SpectacularRedocView):
    """The API reference (Redoc)."""


@csrf_exempt
def no_such_address(request: HttpRequest, path: str = "") -> HttpResponse:
    """404 in JSON for any other URL under /api/, also under DEBUG, where Django would answer with a page."""
    return not_found(request)
