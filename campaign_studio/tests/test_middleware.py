"""The client's IP address behind trusted proxies, and the request id."""

import logging
import re
import uuid
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory

from accounts.tests.factories import Cast
from campaign_studio import acting
from campaign_studio.acting import ActingMiddleware
from campaign_studio.middleware import FORWARDED, ClientAddressMiddleware
from campaign_studio.tests.sabotage import log_lines


def seen_by(middleware: Any, **meta: Any) -> HttpRequest:
    """The request as the code behind the middleware sees it."""
    request = RequestFactory().get("/api/campaigns", **meta)
    middleware(lambda request: HttpResponse())(request)
    return request


# peer, X-Forwarded-For, the client's IP address
ROUTES = [
    ("203.0.113.9", None, "203.0.113.9"),
    ("203.0.113.9", "198.51.100.1", "203.0.113.9"),
    ("10.0.0.5", "198.51.100.1", "198.51.100.1"),
    ("10.0.0.5", " 198.51.100.1 ", "198.51.100.1"),
    ("192.168.7.7", "198.51.100.1", "198.51.100.1"),
    ("192.168.8.7", "198.51.100.1", "192.168.8.7"),
    ("10.0.0.5", None, "10.0.0.5"),
    ("10.0.0.5", "", "10.0.0.5"),
    ("10.0.0.5", "198.51.100.1, 192.168.7.1", "198.51.100.1"),
    ("10.0.0.5", "6.6.6.6, 198.51.100.1, 192.168.7.1", "198.51.100.1"),
    ("10.0.0.5", "192.168.7.2, 192.168.7.1", "192.168.7.2"),
    ("10.0.0.5", "unknown", "10.0.0.5"),
    ("10.0.0.5", "6.6.6.6, unknown", "10.0.0.5"),
    ("10.0.0.5", "unknown, 198.51.100.1", "198.51.100.1"),
    ("10.0.0.5", "garbage, 192.168.7.1", "192.168.7.1"),
    ("10.0.0.5", "198.51.100.1:8080", "10.0.0.5"),
    ("10.0.0.5", "<script>", "10.0.0.5"),
    ("10.0.0.5", "1.2.3.4" * 1000, "10.0.0.5"),
    ("10.0.0.5", ",,,", "10.0.0.5"),
    ("10.0.0.5", "2001:db8::1", "2001:db8::1"),
    ("10.0.0.5", "::ffff:198.51.100.1", "198.51.100.1"),
    ("::ffff:10.0.0.5", "198.51.100.1", "198.51.100.1"),
    ("::ffff:203.0.113.9", "198.51.100.1", "203.0.113.9"),
    ("10.0.0.5", "198.51.100.1\x00", "10.0.0.5"),
    ("", "198.51.100.1", ""),
]


@pytest.mark.parametrize(("peer", "forwarded", "counts"), ROUTES)
def test_a_forwarded_address_counts_only_from_a_trusted_proxy(
    peer: str, forwarded: str | None, counts: str, settings: Any
) -> None:
    settings.TRUSTED_PROXIES = ["10.0.0.5", "192.168.7.0/24"]
    sent = {} if forwarded is None else {"HTTP_X_FORWARDED_FOR": forwarded}

    assert seen_by(ClientAddressMiddleware, REMOTE_ADDR=peer, **sent).META["REMOTE_ADDR"] == counts


@pytest.mark.parametrize("header", FORWARDED)
def test_every_forwarding_header_of_an_untrusted_peer_is_dropped(header: str, settings: Any) -> None:
    settings.TRUSTED_PROXIES = ["10.0.0.5"]

    assert header not in seen_by(ClientAddressMiddleware, REMOTE_ADDR="203.0.113.9", **{header: "https"}).META


def test_a_trusted_proxy_may_report_https(settings: Any) -> None:
    settings.TRUSTED_PROXIES = ["10.0.0.5"]
    request = seen_by(ClientAddressMiddleware, REMOTE_ADDR="10.0.0.5", HTTP_X_FORWARDED_PROTO="https")

    assert request.is_secure()


def test_without_trusted_proxies_no_forwarding_header_counts(settings: Any) -> None:
    settings.TRUSTED_PROXIES = []
    request = seen_by(
        ClientAddressMiddleware, REMOTE_ADDR="127.0.0.1", HTTP_X_FORWARDED_FOR="6.6.6.6", HTTP_X_FORWARDED_PROTO="https"
    )

    assert request.META["REMOTE_ADDR"] == "127.0.0.1"
    assert not request.is_secure()


# --- DEBUG stays on this computer ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("peer", "status"),
    [
        *[(peer, 200) for peer in ("127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1")],
        *[(peer, 403) for peer in ("192.0.2.7", "10.0.0.1", "2001:db8::1", "::ffff:192.0.2.7", "", "unknown")],
    ],
)
@pytest.mark.parametrize("path", ["/api/health", "/static/admin_console/favicon.svg"])
@pytest.mark.django_db
def test_under_debug_only_this_computer_is_answered(path: str, peer: str, status: int, settings: Any) -> None:
    settings.DEBUG = True
    answer = Client().get(path, REMOTE_ADDR=peer)

    # Reading a file to its end closes it.
    body = b"".join(answer) if answer.streaming else answer.content
    assert answer.status_code == status
    assert (b"so it only answers this computer." in body) is (status == 403)


def test_under_debug_a_proxy_on_this_computer_serves_nobody_else(settings: Any) -> None:
    settings.DEBUG, settings.TRUSTED_PROXIES = True, ["127.0.0.1"]

    assert Client().get("/api/docs", HTTP_X_FORWARDED_FOR="192.0.2.7").status_code == 403


def test_without_debug_everyone_is_answered(settings: Any) -> None:
    assert Client().get("/api/docs", REMOTE_ADDR="192.0.2.7").status_code == 200


# --- X-Request-ID ----------------------------------------------------------------------------------------------------


def request_ids(sent: str | None) -> tuple[str, str | None]:
    """The id in the response, and the one in the log and the audit log."""
    inside: list[str | None] = []

    def view(request: HttpRequest) -> HttpResponse:
        inside.append(acting.current_request_id())
        return HttpResponse()

    headers: dict[str, Any] = {} if sent is None else {"HTTP_X_REQUEST_ID": sent}
    response = ActingMiddleware(view)(RequestFactory().get("/api/campaigns", **headers))
    return response["X-Request-ID"], inside[0]


OWN_ID = re.compile(r"[0-9a-f]{20}")


@pytest.mark.parametrize("sent", ["a", "abc-DEF_1.2", "x" * 40, str(uuid.UUID(int=7)), "0" * 20])
def test_a_valid_request_id_of_a_client_follows_our_own(sent: str) -> None:
    answered, inside = request_ids(sent)

    own, slash, theirs = answered.partition("/")
    assert OWN_ID.fullmatch(own)
    assert (slash, theirs) == ("/", sent)
    assert answered == inside


@pytest.mark.parametrize(
    "sent", [None, "", "x" * 41, "x" * 300, "a b", "a\r\nSet-Cookie: a=b", "<script>", "ü", "a\n", "0/1"]
)
def test_any_other_request_id_is_dropped(sent: str | None) -> None:
    answered, inside = request_ids(sent)

    assert OWN_ID.fullmatch(answered)
    assert answered == inside


def test_every_request_has_its_own_id() -> None:
    assert request_ids(None) != request_ids(None)


@pytest.mark.parametrize(
    ("path", "door"),
    [
        *[("/api/campaigns", "api"), ("/api/", "api"), ("/api", "api")],
        *[("/admin/", "admin"), ("/", "admin"), ("/apiary", "admin"), ("/admin/api/", "admin")],
    ],
)
def test_the_path_determines_the_channel(path: str, door: str) -> None:
    seen: list[str] = []

    def view(request: HttpRequest) -> HttpResponse:
        now = acting.current()
        seen.append(now.door if now else "none")
        return HttpResponse()

    ActingMiddleware(view)(RequestFactory().get(path))

    assert seen == [door]
    assert acting.current() is None


def test_a_failed_request_leaves_no_actor_behind() -> None:
    def view(request: HttpRequest) -> HttpResponse:
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        ActingMiddleware(view)(RequestFactory().get("/api/campaigns"))

    assert acting.current() is None


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/api/nothing", "/api/campaigns", "/nothing", "/api/campaigns?q=%00"])
def test_the_log_line_of_a_refusal_has_its_id(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    log = log_lines(monkeypatch)

    answer = Client().get(path, headers={"X-Request-ID": "theirs"})

    assert 400 <= answer.status_code < 500
    (line,) = log.getvalue().splitlines()
    assert f"[{answer['X-Request-ID']}]" in line
    assert answer["X-Request-ID"].endswith("/theirs")


def test_only_our_handler_writes_log_lines() -> None:
    # Django's own, which writes under DEBUG, knows neither the time nor the id of a request.
    assert not logging.getLogger("django").handlers


@pytest.mark.django_db
@pytest.mark.parametrize(("page", "host"), [("/admin/", "unknown.example"), ("/admin/accounts/user/", "testserver")])
def test_a_refused_request_is_one_warning_without_traceback(
    page: str, host: str, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = Client()
    browser.force_login(cast.in_role("campaign_manager"))
    log = log_lines(monkeypatch)

    answer = browser.get(page, headers={"Host": host})

    assert answer.status_code == {"unknown.example": 400, "testserver": 403}[host]
    (line,) = log.getvalue().splitlines()
    assert " WARNING " in line
