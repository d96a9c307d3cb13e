"""Middleware that differs by door: what only pages need lets requests without a cookie pass."""

from collections.abc import Awaitable, Callable
from typing import Any, cast

from corsheaders.middleware import CorsMiddleware
from django.conf import settings
from django.contrib.messages import middleware as messages
from django.contrib.sessions import middleware as sessions
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.deprecation import MiddlewareMixin

from campaign_studio.acting import is_api


def is_page(path: str) -> bool:
    """Whether a path has a session: it belongs neither to the API nor to an uploaded file, which is for everyone."""
    return not is_api(path) and not path.startswith(settings.MEDIA_URL)


class PagesOnly(MiddlewareMixin):
    """Lets requests to the API and for uploaded files pass."""

    get_response: Callable[[HttpRequest], HttpResponseBase]

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if not is_page(request.path_info):
            return self.get_response(request)
        return cast("HttpResponseBase", super().__call__(request))


class SessionMiddleware(PagesOnly, sessions.SessionMiddleware):
    """The session of the cookie."""


class MessageMiddleware(PagesOnly, messages.MessageMiddleware):
    """The messages that the next page shows."""


class OriginMiddleware(CorsMiddleware):
    """Says which sites may read an answer. A request without an `Origin` only learns that it would depend on it."""

    def __call__(self, request: HttpRequest) -> Any:
        if "HTTP_ORIGIN" in request.META:
            return super().__call__(request)
        response = self.get_response(request)
        if is_api(request.path_info):
            patch_vary_headers(cast("HttpResponseBase", response), ("origin",))
        return response


class LanguageMiddleware:
    """Chooses the language by `Accept-Language`. No URL begins with a language, which Django's would look for."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        language = request.LANGUAGE_CODE = translation.get_language_from_request(request)
        translation.activate(language)
        response = self.get_response(request)
        if "immutable" in response.get("Cache-Control", ""):
            # What never changes depends on no language either, and caches keep it once.
            return response
        patch_vary_headers(response, ("Accept-Language",))
        response.headers.setdefault("Content-Language", language)
        return response
