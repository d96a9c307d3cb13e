"""The server's way in: `granian --interface wsgi campaign_studio.wsgi:application`.

A thin shim refuses what breaks the framework before any middleware runs, or is lost on the way there. All that a
middleware can see is refused by `campaign_studio.middleware.EdgeMiddleware`.
"""

import json
import os
from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIEnvironment

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "campaign_studio.settings")

django_application = get_wsgi_application()


def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Refuse what the framework can't take; hand on everything else."""
    refused = refusal(environ)
    if refused is None:
        return django_application(environ, start_response)
    status, detail = refused
    body = json.dumps({"detail": detail}).encode()
    start_response(status, [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]


def refusal(environ: WSGIEnvironment) -> tuple[str, str] | None:
    """Status line and reason, when the request is one nobody can answer."""
    try:
        environ.get("PATH_INFO", "").encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        return "400 Bad Request", "The address is not UTF-8."
    if _charset(environ.get("CONTENT_TYPE", "")) not in ("", "utf-8", "utf8"):
        return "415 Unsupported Media Type", "Send UTF-8."
    return None


def _charset(content_type: str) -> str:
    for parameter in content_type.split(";")[1:]:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            return value.strip(" \"'").lower()
    return ""
