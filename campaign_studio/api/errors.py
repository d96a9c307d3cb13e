"""Every error under /api/ has the same shape: `{"detail": …}` or `{"field": ["message"]}`, nested as the input is."""

from typing import TYPE_CHECKING

from django.core.exceptions import NON_FIELD_ERRORS
from django.core.exceptions import ValidationError as ModelValidationError
from django.core.signals import got_request_exception
from django.db import DataError, IntegrityError
from django.db.models import ProtectedError, RestrictedError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils.log import log_response
from django.utils.translation import gettext_lazy as _
from django.views import defaults
from rest_framework import status
from rest_framework.exceptions import APIException, ErrorDetail, NotFound, ValidationError
from rest_framework.response import Response
from rest_framework.settings import api_settings
from rest_framework.views import exception_handler as drf_exception_handler

from campaign_studio.acting import is_api
from campaign_studio.api.refusals import bounded
from campaign_studio.constraints import protected_message, validation_error
from campaign_studio.database.unavailable import is_fault

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

NOT_FOUND = _("There is nothing at this URL. /api/docs lists the URLs of the API.")
SERVER_ERROR = _("The server could not handle this request because of a bug. Report the X-Request-ID of this response.")
OUT_OF_RANGE = _("One of the values is outside the range that can be stored.")

BAD_REQUEST = _("The server can't read this request. Check its URL and headers.")
NO_SUCH_OBJECT = _("No such object, or you may not see it. Check the ID in the URL.")
FORBIDDEN = _("You don't have permission to do this.")


class Conflict(APIException):
    """409: other objects still need this one, or its state doesn't allow the request."""

    status_code = status.HTTP_409_CONFLICT
    default_detail = _("The current state of this object doesn't allow this.")
    default_code = "conflict"


def exception_handler(error: Exception, context: dict[str, object]) -> Response:
    """Answer any exception as JSON of up to 64 kB. A database fault is raised again, to be retried or answered 503."""
    if is_fault(error):
        raise error
    known = _as_api_error(error)
    response = drf_exception_handler(known, context)
    if response is None:
        request = getattr(context.get("request"), "_request", None)
        got_request_exception.send(sender=None, request=request)
        response = Response({"detail": SERVER_ERROR}, status=status.HTTP_500_INTERNAL_SERVER_ERROR)
        path = getattr(request, "path", "?")
        log_response("Unhandled error at %s", path, response=response, request=request, exception=error)
    response.data = bounded(response.data)
    for name, value in getattr(known, "headers", {}).items():
        response[name] = value
    return response


def _as_api_error(error: Exception) -> Exception:
    """Turn an error of a model or the database into one of the API; return any other error unchanged."""
    if isinstance(error, ModelValidationError):
        return ValidationError(as_detail(error))
    if isinstance(error, Http404):
        return NotFound(NO_SUCH_OBJECT)
    if isinstance(error, ProtectedError | RestrictedError):
        return Conflict(protected_message(error), "protected")
    if isinstance(error, IntegrityError):
        return ValidationError(as_detail(validation_error(error)))
    if isinstance(error, DataError):
        return ValidationError({api_settings.NON_FIELD_ERRORS_KEY: [OUT_OF_RANGE]})
    return error


def as_detail(error: ModelValidationError) -> dict[str, list[ErrorDetail]]:
    """A model's ValidationError as the API writes it: `{"field": ["message"]}`. Each message keeps its code."""
    errors = error.error_dict if hasattr(error, "error_dict") else {NON_FIELD_ERRORS: error.error_list}
    return {
        api_settings.NON_FIELD_ERRORS_KEY if field == NON_FIELD_ERRORS else field: _details(found)
        for field, found in errors.items()
    }


def _details(errors: list[ModelValidationError]) -> list[ErrorDetail]:
    return [ErrorDetail(message, one.code or "invalid") for one in errors for message in one.messages]


def _json(request: HttpRequest, code: int, detail: "StrPromise") -> HttpResponse | None:
    if is_api(request.path_info):
        return JsonResponse({"detail": detail}, status=code)
    return None


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404 for a URL without a view."""
    return _json(request, 404, NOT_FOUND) or defaults.page_not_found(request, exception or Exception())


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400 before any view runs: an unknown host, a suspicious path."""
    return _json(request, 400, BAD_REQUEST) or defaults.bad_request(request, exception)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403 outside the API's own views."""
    return _json(request, 403, FORBIDDEN) or defaults.permission_denied(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """500 outside the API's own views."""
    return _json(request, 500, SERVER_ERROR) or defaults.server_error(request)
