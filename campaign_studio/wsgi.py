"""The WSGI entry point: `granian --interface wsgi campaign_studio.wsgi:application`.

It refuses requests that Django alters or fails on before any middleware runs. Those that a middleware can detect are
refused by `campaign_studio.middleware.EdgeMiddleware`.
"""

import io
import json
import os
from collections.abc import Iterable
from typing import TYPE_CHECKING
from wsgiref.types import StartResponse, WSGIEnvironment

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.template.defaultfilters import filesizeformat
from django.urls import get_resolver
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from campaign_studio.checks import refuse_wrong_settings
from campaign_studio.loopback import refuse_debug_beyond_this_computer
from campaign_studio.unused import left_out

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "campaign_studio.settings")

# The limit of a body without a token (campaign_studio/api/parsers.py), because nothing is known about the client yet.
LARGEST_UNMEASURED = 64 * 1024
URL_NOT_UTF_8 = _("The URL is not UTF-8.")
BODY_NOT_UTF_8 = _("The body must be UTF-8.")
NO_LENGTH = _("The body is larger than %(limit)s and has no Content-Length. Send it with one.")

# A status line, and what is wrong.
Refusal = tuple[str, "str | StrPromise"]

with left_out():
    django_application = get_wsgi_application()
    # Otherwise the first request would load them.
    get_resolver().url_patterns  # noqa: B018
refuse_wrong_settings()
refuse_debug_beyond_this_computer()


def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answer one request: refused here, or by Django."""
    refused = refusal(environ) or _measure(environ)
    if refused is None:
        return django_application(environ, start_response)
    status, detail = refused
    # The language hasn't been negotiated yet, and the thread may still have that of the previous request.
    with override(settings.LANGUAGE_CODE):
        body = json.dumps({"detail": str(detail)}).encode()
    start_response(status, [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]


def refusal(environ: WSGIEnvironment) -> Refusal | None:
    """The status line and the message for a request that Django can't handle; None for any other."""
    try:
        environ.get("PATH_INFO", "").encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        return "400 Bad Request", URL_NOT_UTF_8
    if _charset(environ.get("CONTENT_TYPE", "")) not in ("", "utf-8", "utf8"):
        return "415 Unsupported Media Type", BODY_NOT_UTF_8
    return None


def _measure(environ: WSGIEnvironment) -> Refusal | None:
    """Give a body without a length (RFC 9112, section 7.1) one, because Django would ignore it. Refuse a long one."""
    if environ.get("HTTP_TRANSFER_ENCODING", "").lower() != "chunked" or environ.get("CONTENT_LENGTH"):
        return None
    body = environ["wsgi.input"].read(LARGEST_UNMEASURED + 1)
    if len(body) > LARGEST_UNMEASURED:
        with override(settings.LANGUAGE_CODE):
            return "411 Length Required", NO_LENGTH % {"limit": filesizeformat(LARGEST_UNMEASURED)}
    environ |= {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
    return None


def _charset(content_type: str) -> str:
    for parameter in content_type.split(";")[1:]:
        name, _equals, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            return value.strip(" \"'").lower()
    return ""
