"""Which errors are database faults, and how they are answered.

A fault is temporary and not the client's mistake: a broken connection, a lock or statement timeout, no free connection,
no space left. It is answered 503 with `Retry-After`. Any other error is a bug, answered 500.
"""

import logging
import sys
from collections.abc import Callable
from contextvars import ContextVar

from django.core.signals import got_request_exception
from django.db import DEFAULT_DB_ALIAS, InterfaceError, OperationalError, connections
from django.db.backends.postgresql.base import DatabaseWrapper
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils.log import log_response
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.views.debug import ExceptionReporter

from campaign_studio.acting import current_request_id, is_api

logger = logging.getLogger(__name__)

UNAVAILABLE = _("The database isn't responding at the moment. Try again in a few seconds.")
RETRY_AFTER = 5

IDLE_IN_TRANSACTION = "25P03"
CONNECTION_ENDED = "57P"
# "Program limit exceeded": the same statement would always fail.
LIMIT_EXCEEDED = "54"

# The fault that the current request met outside its view.
_fault: ContextVar[Exception | None] = ContextVar("fault", default=None)


def sqlstate(error: BaseException) -> str | None:
    """PostgreSQL's code for a database error; None if the server could not send one."""
    return getattr(error.__cause__, "sqlstate", None)


def is_fault(error: BaseException) -> bool:
    """Whether the database failed, rather than the request or the code."""
    code = sqlstate(error)
    if isinstance(error, OperationalError):
        return not (code or "").startswith(LIMIT_EXCEEDED)
    return isinstance(error, InterfaceError) or code == IDLE_IN_TRANSACTION


def _is_loss(fault: Exception) -> bool:
    """Whether the connection failed, or no connection was available."""
    return (sqlstate(fault) or CONNECTION_ENDED).startswith(CONNECTION_ENDED)


class DatabaseUnavailableMiddleware:
    """Answers 503 with `Retry-After` if a view or an inner middleware meets a database fault."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Replace the 500 that Django returns for a fault in a middleware."""
        before = _fault.set(None)
        try:
            response = self.get_response(request)
            fault = _fault.get()
        finally:
            _fault.reset(before)
        return _unavailable(request, fault) if fault and response.status_code == 500 else response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Answer a fault in a view."""
        return _unavailable(request, exception) if is_fault(exception) else None


def _unavailable(request: HttpRequest, fault: Exception) -> HttpResponse:
    response: HttpResponse
    if is_api(request.path_info):
        response = JsonResponse({"detail": UNAVAILABLE}, status=503)
    else:
        # Rendered without the request, whose context processors would query the database.
        response = HttpResponse(render_to_string("503.html", {"request_id": current_request_id()}), status=503)
        response["Cache-Control"] = "no-store"
    response["Retry-After"] = str(RETRY_AFTER)
    line = ("Database unavailable at %s %s: %s", request.method, request.path, str(fault))
    log_response(*line, response=response, request=request, logger=logger)
    if _is_loss(fault):
        _check_every_connection()
    return response


def _check_every_connection() -> None:
    """Have the pool test all connections: if one is broken, the others usually are too."""
    database = connections[DEFAULT_DB_ALIAS]
    if isinstance(database, DatabaseWrapper) and database.pool and not database.pool.closed:
        database.pool.check()


class _NoReport(ExceptionReporter):
    """An empty error report: under DEBUG, Django would query the unavailable database to render a full one."""

    def get_traceback_html(self) -> SafeString:
        return SafeString()

    def get_traceback_text(self) -> SafeString:
        return SafeString()


def _remember(sender: object, request: HttpRequest | None = None, **kwargs: object) -> None:
    error = sys.exception()
    if request is not None and isinstance(error, Exception) and is_fault(error):
        _fault.set(error)
        request.exception_reporter_class = _NoReport


got_request_exception.connect(_remember, dispatch_uid="campaign_studio.database.unavailable")
