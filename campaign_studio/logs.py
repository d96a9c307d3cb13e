"""Filters of log lines.

Logging is configured before the apps are loaded, so modules of the apps are imported when the first line is logged.
"""

import logging

from django.apps import apps


class RequestIdFilter(logging.Filter):
    """Adds the request id (`X-Request-ID`) to every line; "-" outside requests.

    Django logs a refusal after all middleware, when only the line itself knows its request.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = "-"
        if apps.ready:
            from campaign_studio.acting import REQUEST_ID, current_request_id

            meta = getattr(getattr(record, "request", None), "META", {})
            record.request_id = meta.get(REQUEST_ID) or current_request_id() or "-"
        return True


class DatabaseFaultFilter(logging.Filter):
    """Drops Django's traceback of a database fault, which DatabaseUnavailableMiddleware logs in one line."""

    def filter(self, record: logging.LogRecord) -> bool:
        from campaign_studio.database.unavailable import is_fault

        error = record.exc_info[1] if record.exc_info else None
        return error is None or not is_fault(error)


class RefusalFilter(logging.Filter):
    """Makes a refused request one line, at most a warning.

    Django logs some with a traceback, an unknown host even as an error, so anybody could fill the log with our code.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        if getattr(record, "status_code", 500) < 500:
            record.exc_info = record.exc_text = None
            record.levelno = min(record.levelno, logging.WARNING)
            record.levelname = logging.getLevelName(record.levelno)
        return True
