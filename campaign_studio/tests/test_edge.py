"""URLs and headers that are refused before any other code reads them."""

import json
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from rest_framework.test import APIClient

from campaign_studio.middleware import EdgeMiddleware

ACCEPTED = ["search=%C3%BC%20%F0%9D%84%9E&page=1", "a=%zz&b=%", "x" * 4096, ""]
REFUSED = [
    *[("search=%00", 400), ("%00=1", 400), ("search=\x00", 400)],
    *[("search=%FF", 400), ("search=%ED%A0%80", 400), ("search=\xff", 400)],
    ("x" * 4097, 414),
]


def answer(path: str = "/api/campaigns", **meta: Any) -> HttpResponse:
    """The response of EdgeMiddleware; 200 means that it accepted the request."""
    request = RequestFactory().get("/")
    request.path_info = path
    request.META.update(meta)

    def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse()

    handed_on = EdgeMiddleware(view)(request)
    assert isinstance(handed_on, HttpResponse)
    return handed_on


@pytest.mark.parametrize("query", ACCEPTED)
def test_a_query_of_valid_text_is_accepted(query: str) -> None:
    assert answer(QUERY_STRING=query).status_code == 200


@pytest.mark.parametrize(("query", "status"), REFUSED)
def test_any_other_query_is_refused(query: str, status: int) -> None:
    assert answer(QUERY_STRING=query).status_code == status


def test_a_null_byte_is_refused_in_path_and_headers() -> None:
    assert answer("/api/münchen/東京", HTTP_USER_AGENT="ÿ").status_code == 200
    assert answer("/api/campaigns/\x00").status_code == 400
    assert answer(HTTP_USER_AGENT="\x00").status_code == 400


def test_a_refusal_is_explained() -> None:
    too_long, not_text = (json.loads(answer(QUERY_STRING=query).content)["detail"] for query in ("x" * 4097, "%00"))

    assert too_long == "The query string is longer than 4,096 bytes. Use fewer parameters or a request body."
    assert not_text == "The URL and the headers must be UTF-8 without null bytes."


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/api/nothing", "/api/health", "/admin/", "/admin/login/", "/static/x.css", "/"])
@pytest.mark.parametrize("odd", ["%00", "?q=%00"])
def test_every_url_is_behind_the_edge(address: str, odd: str) -> None:
    for client in (Client(), APIClient()):
        refused = client.get(address + odd)

        assert refused.status_code == 400
        assert list(refused.json()) == ["detail"]
        assert refused["X-Request-ID"]
        assert refused["Content-Security-Policy"]
