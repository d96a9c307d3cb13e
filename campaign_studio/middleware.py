"""What comes before views: whether the server is alive, the client's IP address, refusals, and the security policy."""

import ipaddress
from collections.abc import Awaitable, Callable
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from csp.constants import HEADER, NONE, SELF, UNSAFE_EVAL, UNSAFE_INLINE
from csp.middleware import CSPMiddleware, PolicyParts
from csp.utils import build_policy
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from campaign_studio.acting import is_api
from campaign_studio.addresses import parsed
from campaign_studio.loopback import is_loopback

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network
FORWARDED = (
    "HTTP_X_FORWARDED_FOR",
    "HTTP_X_FORWARDED_PROTO",
    "HTTP_X_FORWARDED_HOST",
    "HTTP_X_FORWARDED_PORT",
    "HTTP_X_REAL_IP",
    "HTTP_FORWARDED",
)


LIVE_PATH = "/api/live"
LIVE = b'{"status": "live"}'


class LiveMiddleware:
    """Answers `GET /api/live` before anything else: for every host, without HTTPS, and without the database.

    With a query, or by another method, `campaign_studio.api.views.LiveView` refuses it.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        asks = request.path_info == LIVE_PATH and request.method in ("GET", "HEAD")
        if asks and not request.META.get("QUERY_STRING"):
            return HttpResponse(LIVE, content_type="application/json", headers={"Cache-Control": "no-store"})
        return self.get_response(request)


class ClientAddressMiddleware:
    """Sets `REMOTE_ADDR` to the client's IP address for everything that follows: audit, limits, logs.

    An IPv4 address that arrives as IPv6 (`::ffff:192.0.2.1`) becomes IPv4. Forwarding headers are trusted only from a
    peer in `TRUSTED_PROXIES` (IP addresses or networks), else they are dropped. Behind several trusted proxies the
    client is the last address in `X-Forwarded-For` that is not a proxy.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        networks = _networks(*settings.TRUSTED_PROXIES)
        meta = request.META
        if peer := parsed(meta.get("REMOTE_ADDR", "")):
            meta["REMOTE_ADDR"] = str(peer)
        if not _is_within(meta.get("REMOTE_ADDR", ""), networks):
            for header in FORWARDED:
                meta.pop(header, None)
        hops = meta.pop("HTTP_X_FORWARDED_FOR", "")
        for hop in reversed(hops.split(",")) if hops else ():
            if parsed(hop) is None:
                break
            meta["REMOTE_ADDR"] = str(parsed(hop))
            if not _is_within(hop, networks):
                break
        return self.get_response(request)


NOT_THIS_COMPUTER = _(
    "This server runs with DEBUG=true, so it only answers this computer. Set DEBUG=false to serve others."
)


class DebugStaysHereMiddleware:
    """Under DEBUG, refuses every request that doesn't come from this computer, also through a trusted proxy.

    The address that the server listens on isn't known here, and a page of DEBUG shows code and settings.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if settings.DEBUG and not is_loopback(request.META.get("REMOTE_ADDR", "")):
            return _refusal(NOT_THIS_COMPUTER, 403)
        return self.get_response(request)


@lru_cache
def _networks(*proxies: str) -> tuple[IPNetwork, ...]:
    return tuple(ipaddress.ip_network(proxy, strict=False) for proxy in proxies)


def _is_within(text: str, networks: tuple[IPNetwork, ...]) -> bool:
    if not networks:
        return False
    address = parsed(text)
    return address is not None and any(address in network for network in networks)


LONGEST_QUERY = 4096
QUERY_TOO_LONG = _("The query string is longer than 4,096 bytes. Use fewer parameters or a request body.")
FORM_TOO_LARGE = _("The form is larger than 2.5 MB. Send less at once.")
NOT_TEXT = _("The URL and the headers must be UTF-8 without null bytes.")


class EdgeMiddleware:
    """Refuses URLs and headers that the code behind it can't use, so that it needn't check them.

    PostgreSQL can't store null bytes, and Django replaces bad UTF-8. Bodies are checked where they are parsed, but
    Django would write files in forms of any size to the disk first.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        query = request.META.get("QUERY_STRING", "").encode("latin-1", "replace")
        if len(query) > LONGEST_QUERY:
            return _refusal(QUERY_TOO_LONG, 414)
        if not is_api(request.path_info) and _length(request) > (settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0):
            return _refusal(FORM_TOO_LARGE, 413)
        headers = [value for name, value in request.META.items() if name.startswith("HTTP_")]
        if not _is_text(unquote_to_bytes(query)) or "\x00" in "".join([request.path_info, *headers]):
            return _refusal(NOT_TEXT, 400)
        return self.get_response(request)


def _length(request: HttpRequest) -> int:
    """The `Content-Length`, or 0 without a valid one: Django reads no body then."""
    try:
        return int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return 0


def _refusal(message: "StrPromise", status: int) -> JsonResponse:
    # The language hasn't been negotiated yet, and the thread may still have that of the previous request.
    with override(settings.LANGUAGE_CODE):
        return JsonResponse({"detail": message}, status=status)


def _is_text(data: bytes) -> bool:
    try:
        return "\x00" not in data.decode("utf-8")
    except UnicodeDecodeError:
        return False


CONSOLE = {"script-src": [SELF, UNSAFE_EVAL], "style-src": [SELF, UNSAFE_INLINE]}
# The directives that replace those of CONTENT_SECURITY_POLICY in each area. The first match applies. A page that needs
# more uses a decorator of django-csp. Inline scripts are allowed nowhere.
AREAS: tuple[tuple[str, dict[str, list[str]]], ...] = (
    ("/admin/", CONSOLE),
    ("/api/docs", {}),
    ("/api/redoc", {"style-src": [SELF, UNSAFE_INLINE], "worker-src": ["blob:"]}),
)
PAGES_OF_THE_API = tuple(start for start, _replaced in AREAS if is_api(start))
NOTHING: dict[str, list[str]] = {"default-src": [NONE], "frame-ancestors": [NONE]}


class BrowserPolicyMiddleware(CSPMiddleware):
    """Sets the content security policy by area: the console, the API documentation, the API itself."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        super().__init__(get_response)
        self.of_the_api = {
            HEADER: build_policy(NOTHING),
            "Permissions-Policy": settings.PERMISSIONS_POLICY,
        }

    get_response: Callable[[HttpRequest], HttpResponseBase]

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        """Set the headers. Those of the API are always the same, except in the error pages of DEBUG."""
        if not is_api(request.path_info) or request.path_info.startswith(PAGES_OF_THE_API) or settings.DEBUG:
            return super().__call__(request)
        response = self.get_response(request)
        for name, value in self.of_the_api.items():
            response.headers[name] = value
        return response

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        # Django has no setting for this header.
        response.headers.setdefault("Permissions-Policy", settings.PERMISSIONS_POLICY)
        return super().process_response(request, response)

    def get_policy_parts(
        self, request: HttpRequest, response: HttpResponseBase, report_only: bool = False
    ) -> PolicyParts:
        parts = super().get_policy_parts(request, response, report_only)
        if report_only:
            return parts
        path = request.path_info
        for start, replaced in AREAS:
            if path.startswith(start):
                parts.replace = {**replaced, **(parts.replace or {})}
                return parts
        if is_api(path):
            parts.config = NOTHING
        return parts
