"""Where a request really comes from, which are refused unread, and what the browser may do with the answer."""

import ipaddress
from collections.abc import Callable
from urllib.parse import unquote_to_bytes

from csp.constants import NONE, SELF, UNSAFE_EVAL, UNSAFE_INLINE
from csp.middleware import CSPMiddleware, PolicyParts
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse

from campaign_studio.acting import is_api

FORWARDED = (
    "HTTP_X_FORWARDED_FOR",
    "HTTP_X_FORWARDED_PROTO",
    "HTTP_X_FORWARDED_HOST",
    "HTTP_X_FORWARDED_PORT",
    "HTTP_X_REAL_IP",
    "HTTP_FORWARDED",
)


class ClientAddressMiddleware:
    """Makes `REMOTE_ADDR` the client's address for everything that follows: audit, limits, logs.

    Forwarding headers count only from a peer in `TRUSTED_PROXIES` (addresses or networks); from anybody else they are
    dropped. Behind several trusted proxies the client is the last address in `X-Forwarded-For` that is not one of them.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        networks = [ipaddress.ip_network(proxy, strict=False) for proxy in settings.TRUSTED_PROXIES]
        meta = request.META
        if not _is_within(meta.get("REMOTE_ADDR", ""), networks):
            for header in FORWARDED:
                meta.pop(header, None)
        for hop in reversed(meta.pop("HTTP_X_FORWARDED_FOR", "").split(",")):
            if _address(hop) is None:
                break
            meta["REMOTE_ADDR"] = str(_address(hop))
            if not _is_within(hop, networks):
                break
        return self.get_response(request)


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text.strip())
    except ValueError:
        return None


def _is_within(text: str, networks: list[ipaddress.IPv4Network | ipaddress.IPv6Network]) -> bool:
    address = _address(text)
    return address is not None and any(address in network for network in networks)


LONGEST_QUERY = 4096
TOO_LONG = f"The query is longer than {LONGEST_QUERY} bytes. Send less, or use a body."
NOT_TEXT = "Address and headers must be UTF-8 without null bytes."


class EdgeMiddleware:
    """Refuses addresses and headers that nothing behind it could use, so that nothing behind it asks again.

    PostgreSQL stores no null byte and the framework reads bad UTF-8 as something else. Bodies are judged where they are
    parsed.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        query = request.META.get("QUERY_STRING", "").encode("latin-1", "replace")
        if len(query) > LONGEST_QUERY:
            return JsonResponse({"detail": TOO_LONG}, status=414)
        headers = [value for name, value in request.META.items() if name.startswith("HTTP_")]
        if not _is_text(unquote_to_bytes(query)) or any("\x00" in text for text in [request.path_info, *headers]):
            return JsonResponse({"detail": NOT_TEXT}, status=400)
        return self.get_response(request)


def _is_text(data: bytes) -> bool:
    try:
        return "\x00" not in data.decode("utf-8")
    except UnicodeDecodeError:
        return False


CONSOLE = {"script-src": [SELF, UNSAFE_EVAL], "style-src": [SELF, UNSAFE_INLINE]}
# What an area needs beyond CONTENT_SECURITY_POLICY: tried in a browser, and each is missed when it is taken away.
# The first that fits counts; a page that needs more says so itself, by a decorator of django-csp. Nowhere may a page
# run a script that stands in its own text.
AREAS: tuple[tuple[str, dict[str, list[str]]], ...] = (
    ("/admin/", CONSOLE),
    ("/api/docs", {}),
    ("/api/redoc", {"style-src": [SELF, UNSAFE_INLINE], "worker-src": ["blob:"]}),
)
NOTHING: dict[str, list[str]] = {"default-src": [NONE], "frame-ancestors": [NONE]}


class BrowserPolicyMiddleware(CSPMiddleware):
    """Tells browsers what a page may load and run, by area: the console, the API's description, the API itself."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Add what the framework has no setting for."""
        response.headers.setdefault("Permissions-Policy", settings.PERMISSIONS_POLICY)
        return super().process_response(request, response)

    def get_policy_parts(
        self, request: HttpRequest, response: HttpResponseBase, report_only: bool = False
    ) -> PolicyParts:
        """The policy of the area that the address belongs to."""
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
