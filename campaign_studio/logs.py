"""What a log line says, and which are left out.

Logging is set up before the apps are there, so that what belongs to them is imported with the first line.
"""

import logging

from django.apps import apps


class RequestIdFilter(logging.Filter):
    """Gives every line the id that the client was answered as `X-Request-ID`; "-" outside of requests."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = "-"
        if apps.ready:
            from campaign_studio.acting import current_request_id

            record.request_id = current_request_id() or "-"
        return True


class DatabaseFaultFilter(logging.Filter):
    """Drops the framework's word, traceback and all, on what DatabaseUnavailableMiddleware logs in one line."""

    def filter(self, record: logging.LogRecord) -> bool:
        from campaign_studio.database.unavailable import is_fault

        error = record.exc_info[1] if record.exc_info else None
        return error is None or not is_fault(error)
