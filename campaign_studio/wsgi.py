"""The server's way in: `granian --interface wsgi campaign_studio.wsgi:application`.

A thin shim answers what the framework would turn into a 500 before any middleware runs (8-reliability R25).
"""

import json
import os
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import unquote_to_bytes

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "campaign_studio.settings")

LONGEST_QUERY = 4096
django_application = get_wsgi_application()


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Refuse what can't be a request; hand on everything else."""
    refused = refusal(environ)
    if refused is None:
        return django_application(environ, start_response)
    status, detail = refused
    body = json.dumps({"detail": detail}).encode()
    start_response(status, [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]


def refusal(environ: dict[str, Any]) -> tuple[str, str] | None:
    """Status line and reason, when the request is one nobody can answer."""
    query = environ.get("QUERY_STRING", "")
    if len(query) > LONGEST_QUERY:
        return "414 URI Too Long", f"The query is longer than {LONGEST_QUERY} bytes. Send less, or use a body."
    if not _is_text(environ.get("PATH_INFO", "").encode("latin-1")) or not _is_text(
        unquote_to_bytes(query.encode("latin-1"))
    ):
        return "400 Bad Request", "The address holds a null byte or is not UTF-8."
    if _charset(environ.get("CONTENT_TYPE", "")) not in ("", "utf-8", "utf8"):
        return "415 Unsupported Media Type", "Send UTF-8."
    return None


def _is_text(data: bytes) -> bool:
    try:
        return "\x00" not in data.decode("utf-8")
    except UnicodeDecodeError:
        return False


def _charset(content_type: str) -> str:
    for parameter in content_type.split(";")[1:]:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            return value.strip(" \"'").lower()
    return ""
