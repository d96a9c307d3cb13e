"""The security headers of every response: content security policy, framing, referrers, caching."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import include, path

from accounts.models import User
from accounts.tests.factories import PASSWORD, Cast
from ads.tests.factories import AdFactory
from campaign_studio import urls as real_urls

pytestmark = pytest.mark.matrix
handler404 = real_urls.handler404
handler500 = real_urls.handler500


def broken(request: HttpRequest) -> HttpResponse:
    """A view with a bug."""
    raise RuntimeError("broken")


urlpatterns = [
    *(path(f"{area}broken", broken) for area in ("", "admin/", "api/", "api/docs/")),
    path("", include("campaign_studio.urls")),
]

CONSOLE = ["/admin/login/", "/admin/password_reset/", "/admin/nothing/", "/admin/broken"]
SIGNED_IN = ["/admin/", "/admin/ads/ad/", "/admin/ads/ad/add/", "/admin/accounts/user/", "/admin/search/?s=a"]
JSON = ["/api/health", "/api/openapi.json", "/api/campaigns", "/api/nothing", "/api", "/api/", "/api/broken"]
OTHER = ["/", "/nothing", "/broken", "/admin", "/static/admin_console/favicon.svg"]
DOCS = ["/api/docs", "/api/docs?script=", "/api/redoc"]
EVERYTHING = [*CONSOLE, *SIGNED_IN, *JSON, *OTHER, *DOCS]
FIXED = {
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


@pytest.fixture
def ask(settings: Any, cast: Cast) -> Callable[..., Any]:
    """`ask(url)`: the response to a signed-in administrator's browser."""
    settings.ROOT_URLCONF = __name__
    client = Client(raise_request_exception=False)
    client.force_login(cast.system_admin)

    def get(address: str) -> Any:
        answer = client.get(address)
        answer.close()
        return answer

    return get


def policy_of(answer: Any) -> dict[str, set[str]]:
    """The content security policy as sources by directive."""
    directives = [part.split() for part in answer["Content-Security-Policy"].split(";")]
    assert len({name for name, *_ in directives}) == len(directives)
    return {name: set(sources) for name, *sources in directives}


@pytest.mark.parametrize("address", EVERYTHING)
def test_every_response_has_the_fixed_headers(address: str, ask: Callable[..., Any]) -> None:
    answer = ask(address)

    assert {name: answer.get(name) for name in FIXED} == FIXED
    for feature in ("camera", "geolocation", "microphone", "payment", "usb"):
        assert f"{feature}=()" in answer["Permissions-Policy"]


@pytest.mark.parametrize("address", EVERYTHING)
def test_no_response_allows_inline_scripts_other_hosts_or_frames(address: str, ask: Callable[..., Any]) -> None:
    policy = policy_of(ask(address))

    assert policy["default-src"] == {"'none'"}
    assert policy["frame-ancestors"] == {"'none'"}
    for name, sources in policy.items():
        assert not {source for source in sources if "*" in source or "http" in source}, name
        assert name == "style-src" or "'unsafe-inline'" not in sources
        assert name == "script-src" or "'unsafe-eval'" not in sources
        assert name == "img-src" or "data:" not in sources
        assert name == "worker-src" or "blob:" not in sources


@pytest.mark.parametrize("address", [*CONSOLE, *SIGNED_IN, *OTHER, *DOCS])
def test_a_page_submits_forms_to_this_site_only_and_sets_no_base_url(address: str, ask: Callable[..., Any]) -> None:
    policy = policy_of(ask(address))

    assert policy["form-action"] == {"'self'"}
    assert policy["object-src"] == {"'none'"}
    assert policy["base-uri"] == {"'none'"}


@pytest.mark.parametrize("address", [*CONSOLE, *SIGNED_IN])
def test_the_console_may_use_eval_for_its_theme(address: str, ask: Callable[..., Any]) -> None:
    policy = policy_of(ask(address))

    assert policy["script-src"] == {"'self'", "'unsafe-eval'"}
    assert policy["style-src"] == {"'self'", "'unsafe-inline'"}
    assert "worker-src" not in policy


@pytest.mark.parametrize("address", [*OTHER, "/api/docs", "/api/docs?script=", "/api/docs/broken"])
def test_other_pages_may_use_neither_eval_nor_inline_styles(address: str, ask: Callable[..., Any]) -> None:
    policy = policy_of(ask(address))

    assert policy["script-src"] == policy["style-src"] == {"'self'"}
    assert "worker-src" not in policy


def test_redoc_may_style_itself_and_search_in_a_worker(ask: Callable[..., Any]) -> None:
    policy = policy_of(ask("/api/redoc"))

    assert policy["script-src"] == {"'self'"}
    assert policy["style-src"] == {"'self'", "'unsafe-inline'"}
    assert policy["worker-src"] == {"blob:"}


@pytest.mark.parametrize("address", JSON)
def test_a_json_response_may_load_nothing(address: str, ask: Callable[..., Any]) -> None:
    answer = ask(address)

    assert "json" in answer["Content-Type"]
    assert policy_of(answer) == {"default-src": {"'none'"}, "frame-ancestors": {"'none'"}}


@pytest.mark.parametrize(
    ("address", "status"), [("/broken", 500), ("/admin/broken", 500), ("/api/broken", 500), ("/nothing", 404)]
)
def test_the_errors_of_these_tests_occur(address: str, status: int, ask: Callable[..., Any]) -> None:
    assert ask(address).status_code == status


@pytest.mark.parametrize(
    "address", ["/api/docs", "/api/redoc", "/admin/", "/admin/password_reset/", "/admin/ads/ad/add/"]
)
def test_no_page_has_an_inline_script(address: str, ask: Callable[..., Any]) -> None:
    scripts = re.findall(r"<script\b([^>]*)>", ask(address).content.decode())

    assert scripts
    assert all(re.search(r'\bsrc="/|type="application/json"', attributes) for attributes in scripts)


@pytest.mark.django_db
def test_a_refusal_has_the_headers_too(cast: Cast) -> None:
    refused = Client(enforce_csrf_checks=True).post("/admin/login/", {"username": "a", "password": "b"})

    assert refused.status_code == 403
    assert policy_of(refused)["frame-ancestors"] == {"'none'"}
    assert {name: refused.get(name) for name in FIXED} == FIXED


# --- HTTPS, cookies, caches ------------------------------------------------------------------------------------------


def test_http_redirects_to_https_and_browsers_remember_it(settings: Any) -> None:
    settings.SECURE_SSL_REDIRECT = True
    redirected = Client().get("/api/docs")
    over = Client().get("/api/docs", secure=True)

    assert (redirected.status_code, redirected["Location"]) == (301, "https://testserver/api/docs")
    assert policy_of(redirected)["default-src"] == {"'none'"}
    assert over["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains; preload"


@pytest.mark.django_db
def test_cookies_are_for_this_host_over_https_and_hidden_from_scripts(cast: Cast) -> None:
    client = Client()
    client.get("/admin/login/", secure=True)
    signed_in = client.post(
        "/admin/login/", {"username": cast.owner.username, "password": PASSWORD, "next": "/admin/"}, secure=True
    )

    assert signed_in.status_code == 302
    assert {"__Host-sessionid", "__Host-csrftoken"} <= set(client.cookies)
    for name, cookie in client.cookies.items():
        assert name.startswith("__Host-")
        assert (cookie["path"], cookie["domain"], cookie["samesite"]) == ("/", "", "Lax")
        assert cookie["secure"]
        assert cookie["httponly"]


@pytest.mark.django_db
def test_tokens_are_not_cached(cast: Cast) -> None:
    client = Client()
    body = {"username": cast.owner.username, "password": PASSWORD}
    signed_in = client.post("/api/auth/login", body, content_type="application/json")
    renewed = client.post(
        "/api/auth/refresh", {"refresh_token": signed_in.json()["refresh_token"]}, content_type="application/json"
    )

    assert (signed_in.status_code, renewed.status_code) == (200, 200)
    assert "no-store" in signed_in["Cache-Control"]
    assert "no-store" in renewed["Cache-Control"]


@pytest.mark.django_db
def test_pages_of_the_console_are_not_cached(cast: Cast, console_for: Callable[[User], Client]) -> None:
    ad = AdFactory()
    client = console_for(cast.system_admin)
    for address in ("/admin/", "/admin/ads/ad/", f"/admin/ads/ad/{ad.pk}/change/", f"/admin/ads/ad/{ad.pk}/approve/"):
        assert "no-store" in client.get(address)["Cache-Control"], address
