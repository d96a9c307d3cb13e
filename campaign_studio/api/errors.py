"""One shape for every error under /api/."""

from django.core.exceptions import NON_FIELD_ERRORS
from django.core.exceptions import ValidationError as ModelValidationError
from django.core.signals import got_request_exception
from django.db import DataError, IntegrityError
from django.db.models import ProtectedError, RestrictedError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.log import log_response
from django.views import defaults
from rest_framework import status
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.response import Response
from rest_framework.settings import api_settings
from rest_framework.views import exception_handler as drf_exception_handler

from campaign_studio.acting import is_api
from campaign_studio.constraints import protected_message, validation_error
from campaign_studio.database.unavailable import is_fault

NOT_FOUND = "Nothing is found at this address. /api/docs lists all there are."
SERVER_ERROR = "Something went wrong on our side. Try again; if it stays, report the X-Request-ID of this answer."


class Conflict(APIException):
    """409: the object is still needed by others, or its state forbids this."""

    status_code = status.HTTP_409_CONFLICT
    default_detail = "The present state of this object does not allow that."
    default_code = "conflict"


def exception_handler(error: Exception, context: dict[str, object]) -> Response:
    """Answer any exception as JSON; but raise a fault again, to be retried or answered further out."""
    if is_fault(error):
        raise error
    known = _as_api_error(error)
    response = drf_exception_handler(known, context) if known else None
    if response is None:
        request = getattr(context.get("request"), "_request", None)
        got_request_exception.send(sender=None, request=request)
        response = Response({"detail": SERVER_ERROR}, status=status.HTTP_500_INTERNAL_SERVER_ERROR)
        path = getattr(request, "path", "?")
        log_response("Unhandled error at %s", path, response=response, request=request, exception=error)
    for name, value in getattr(known, "headers", {}).items():
        response[name] = value
    return response


def _as_api_error(error: Exception) -> Exception | None:
    """The API's word for an error of the model or the database; None for one nobody foresaw."""
    if isinstance(error, ModelValidationError):
        return ValidationError(as_detail(error))
    if isinstance(error, ProtectedError | RestrictedError):
        return Conflict(protected_message(error))
    if isinstance(error, IntegrityError):
        return ValidationError(as_detail(validation_error(error)))
    if isinstance(error, DataError):
        return ValidationError({api_settings.NON_FIELD_ERRORS_KEY: ["A value is outside of what can be stored."]})
    return error


def as_detail(error: ModelValidationError) -> dict[str, list[str]]:
    """A model's ValidationError as the API says it: `{"field": ["message"]}`."""
    if not hasattr(error, "error_dict"):
        return {api_settings.NON_FIELD_ERRORS_KEY: error.messages}
    return {
        api_settings.NON_FIELD_ERRORS_KEY if field == NON_FIELD_ERRORS else field: messages
        for field, messages in error.message_dict.items()
    }


def _json(request: HttpRequest, code: int, detail: str) -> HttpResponse | None:
    if is_api(request.path_info):
        return JsonResponse({"detail": detail}, status=code)
    return None


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404 outside of any view."""
    return _json(request, 404, NOT_FOUND) or defaults.page_not_found(request, exception or Exception())


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400 before any view: an unknown host, a suspicious path."""
    return _json(request, 400, "This request can't be understood.") or defaults.bad_request(request, exception)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403 outside of the API's own views."""
    return _json(request, 403, "You may not do this.") or defaults.permission_denied(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """500 outside of the API's own views."""
    return _json(request, 500, SERVER_ERROR) or defaults.server_error(request)
