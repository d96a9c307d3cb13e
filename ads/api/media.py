"""Uploads of pictures and videos, and the URLs at which viewers get them."""

import re
from typing import Any, cast

from django.conf import settings
from django.core.exceptions import ValidationError as ModelValidationError
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import UploadedFile
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.utils.http import parse_etags
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.views import View
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema, extend_schema_serializer
from rest_framework import serializers, status
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.fields import get_error_detail
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet
from whitenoise.responders import SlicedFile

from accounts.models import User
from ads.choices import AdType, MediaType
from ads.media import MOST_BYTES
from ads.models import MediaFile
from ads.uploads.keeping import BusyError, StorageUnavailableError, in_memory, keep
from ads.uploads.kinds import CONTENT_TYPES
from campaign_studio.api.base import StudioView
from campaign_studio.api.parsers import LARGE
from campaign_studio.api.serializers import StrictFields
from campaign_studio.api.uploads import UploadParser

# The URL of a file, without the slash that begins it.
NAME = r"(?P<name>(?:thumbnails/)?[0-9a-f]{64}\.(?P<extension>[a-z0-9]{1,5}))$"
MEDIA_FILE = f"^{settings.MEDIA_URL[1:]}{NAME}"
POLICY = "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; sandbox"
HEADERS = {
    "Cache-Control": "public, max-age=31536000, immutable",
    "Accept-Ranges": "bytes",
    # Browsers show a file that is opened by itself in a page of their own, with inline styles. In the sandbox that page
    # belongs to no site, so the file must be readable from everywhere.
    "Content-Security-Policy": POLICY,
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
}
LARGEST = max(MOST_BYTES.values())
RANGE = re.compile(r"bytes=([0-9]{0,15})-([0-9]{0,15})")


class StorageUnavailable(APIException):
    """503: the files can't be written at present."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_detail = _(
        "The storage of uploaded files isn't responding, or is full. Nothing was stored. Try again later."
    )
    default_code = "storage_unavailable"
    headers = {"Retry-After": "30"}


class UploadsBusy(StorageUnavailable):
    """503: other files are being checked."""

    default_detail = _("Too many files are being uploaded. Nothing was stored. Try again later.")
    default_code = "uploads_busy"


@extend_schema_serializer(component_name="Upload", description=_("A picture, an animation or a video."))
class UploadSerializer(StrictFields):
    """What is uploaded, and where it is meant to show."""

    file = serializers.FileField(
        error_messages={
            "invalid": _("Send a file in this field, not text."),
            # What has no name in a form isn't a file.
            "required": _("Send the file in this field of the form, with a file name."),
        },
        help_text=_("JPEG, PNG, WebP, GIF, MP4 or WebM. Its name and its declared type don't matter."),
    )
    ad_type_id = serializers.ChoiceField(
        choices=AdType.choices,
        required=False,
        allow_null=True,
        help_text=_("The position that it must fit into. Without it, it must fit into any that takes its media type."),
    )


@extend_schema_serializer(component_name="MediaFile", description=_("An uploaded file."))
class MediaFileSerializer(serializers.ModelSerializer):
    """An uploaded file."""

    media_url = serializers.URLField(help_text=_("For `media_url` of ads. What is at this URL never changes."))
    media_type = serializers.ChoiceField(
        choices=MediaType.choices, help_text=_("For `media_type` of ads: `image`, `gif` or `video`.")
    )
    thumbnail_url = serializers.URLField(
        allow_null=True, help_text=_("A picture of at most 320 × 320 pixels (WebP). Null for a video.")
    )

    class Meta:
        model = MediaFile
        fields = ["media_url", "media_type", "width", "height", "bytes", "thumbnail_url"]
        read_only_fields = fields


class MediaViewSet(StudioView, ViewSet):
    """Uploads, for those who may create ads."""

    parser_classes = (UploadParser,)
    body_limits = LARGE

    def required_permission(self) -> str:
        return "ads.add_ad"

    @extend_schema(
        operation_id="uploadMedia",
        summary=_("Upload a picture or a video"),
        description=format_lazy(
            _(
                "Upload a picture, an animation or a video of up to {size} MB, and use its `media_url` in ads. The "
                "same file again is answered with the same URL, and status 200.\n\n"
                "What it is follows from its content, and its pixels must fit into the position. Pictures are written "
                "anew; camera data, places, comments and names are removed from everything. Videos aren't converted. "
                "Files that no ad has used for some weeks are deleted."
            ),
            size=LARGEST // 1024**2,
        ),
        request={"multipart/form-data": UploadSerializer},
        responses={
            200: OpenApiResponse(MediaFileSerializer, description=_("The file has been uploaded before.")),
            201: OpenApiResponse(MediaFileSerializer, description=_("A new file.")),
        },
        parameters=[
            OpenApiParameter(
                "Location", str, OpenApiParameter.HEADER, response=[200, 201], description=_("The `media_url`.")
            )
        ],
    )
    def create(self, request: Request) -> Response:
        serializer = UploadSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        file: UploadedFile[Any] = serializer.validated_data["file"]
        position = serializer.validated_data.get("ad_type_id")
        with in_memory():
            # A retried transaction reads it again.
            file.seek(0)
            try:
                kept, is_new = keep(file.read(LARGEST + 1), position=position, by=cast("User", request.user))
            except ModelValidationError as error:
                raise ValidationError({"file": get_error_detail(error)}) from error
        code = status.HTTP_201_CREATED if is_new else status.HTTP_200_OK
        return Response(MediaFileSerializer(kept).data, status=code, headers={"Location": kept.media_url})

    def dispatch(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        """Also answer a storage that fails at the end of the transaction, which has been rolled back."""
        try:
            return super().dispatch(request, *args, **kwargs)
        except StorageUnavailableError:
            return self.finalize_response(self.request, self.handle_exception(StorageUnavailable()))

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, StorageUnavailableError | BusyError):
            exc = StorageUnavailable() if isinstance(exc, StorageUnavailableError) else UploadsBusy()
        return super().handle_exception(exc)


class MediaFileView(View):
    """An uploaded file, for everyone who knows its URL: vehicles, and browsers of any site.

    It takes no query and counts for no limit, so ads show while the database is down. Its type is the one that was
    recognised, and nothing in it can run or load anything. Understands ranges, which players of videos ask for (RFC
    9110, section 14).
    """

    http_method_names = ["get", "head"]

    def get(self, request: HttpRequest, name: str, extension: str) -> HttpResponseBase:
        """The file; 206 for a range of it, 304 for a client that has it. Raises Http404."""
        headers = HEADERS | {"ETag": f'"{name.partition(".")[0]}"'}
        content_type = CONTENT_TYPES.get(extension)
        if content_type is None:
            raise Http404
        known = parse_etags(request.headers.get("If-None-Match", ""))
        if known == ["*"] or headers["ETag"] in [tag.removeprefix("W/") for tag in known]:
            return HttpResponse(status=status.HTTP_304_NOT_MODIFIED, headers=headers)
        try:
            size = default_storage.size(name)
            wanted = _range(request, size)
            if wanted is not None and not wanted:
                beyond = status.HTTP_416_REQUESTED_RANGE_NOT_SATISFIABLE
                return HttpResponse(status=beyond, headers={"Content-Range": f"bytes */{size}"})
            sent = range(size) if wanted is None else wanted
            headers["Content-Length"] = str(len(sent))
            if request.method == "HEAD":
                return HttpResponse(content_type=content_type, headers=headers)
            file = default_storage.open(name)
        except FileNotFoundError as error:
            raise Http404 from error
        code = status.HTTP_200_OK if wanted is None else status.HTTP_206_PARTIAL_CONTENT
        if wanted is not None:
            headers["Content-Range"] = f"bytes {sent[0]}-{sent[-1]}/{size}"
        part = SlicedFile(file, sent[0], sent[-1])
        return FileResponse(part, status=code, content_type=content_type, headers=headers)


def _range(request: HttpRequest, size: int) -> range | None:
    """The bytes that a client asks for, which are none beyond the end. None for all, also if it asks for several parts.

    A file never changes, so `If-Range` always holds.
    """
    found = RANGE.fullmatch(request.headers.get("Range", ""))
    if found is None or request.method != "GET":
        return None
    first, last = found.groups()
    if first == "":
        return range(max(size - int(last), 0), size) if last else None
    if last and int(last) < int(first):
        return None
    return range(int(first), min(int(last) + 1, size) if last else size)
