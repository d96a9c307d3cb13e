"""Which other sites may call the API from a browser."""

import pytest
from django.test import Client

ALLOWED = "http://localhost:5173"

pytestmark = pytest.mark.django_db


def test_the_frontend_may_send_credentials() -> None:
    answer = Client().get("/api/health", HTTP_ORIGIN=ALLOWED)

    assert answer["Access-Control-Allow-Origin"] == ALLOWED
    assert answer["Access-Control-Allow-Credentials"] == "true"
    assert "origin" in answer["Vary"].lower()
    exposed = {name.strip().lower() for name in answer["Access-Control-Expose-Headers"].split(",")}
    assert {"x-request-id", "retry-after", "idempotency-replayed", "dry-run", "location", "etag"} <= exposed


def test_the_frontend_reads_errors_too() -> None:
    for address in ("/api/nothing", "/api/campaigns"):
        assert Client().get(address, HTTP_ORIGIN=ALLOWED)["Access-Control-Allow-Origin"] == ALLOWED


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_preflight_requests_are_answered(method: str) -> None:
    answer = Client().options(
        "/api/campaigns",
        HTTP_ORIGIN=ALLOWED,
        HTTP_ACCESS_CONTROL_REQUEST_METHOD=method,
        HTTP_ACCESS_CONTROL_REQUEST_HEADERS="authorization, content-encoding, content-type, x-request-id, traceparent",
    )

    assert answer.status_code == 200
    assert answer["Access-Control-Allow-Origin"] == ALLOWED
    assert method in answer["Access-Control-Allow-Methods"]
    allowed = {name.strip() for name in answer["Access-Control-Allow-Headers"].split(",")}
    assert {
        "authorization",
        "content-encoding",
        "content-type",
        "x-request-id",
        "sentry-trace",
        "baggage",
        "traceparent",
    } <= allowed


@pytest.mark.parametrize(
    "origin",
    [
        "http://localhost:5174",
        "https://localhost:5173",
        "http://localhost:5173.evil.example.com",
        "http://evil.example.com",
        "null",
    ],
)
def test_other_sites_are_refused(origin: str) -> None:
    for answer in (
        Client().get("/api/health", HTTP_ORIGIN=origin),
        Client().options("/api/campaigns", HTTP_ORIGIN=origin, HTTP_ACCESS_CONTROL_REQUEST_METHOD="GET"),
    ):
        assert "Access-Control-Allow-Origin" not in answer
        assert "Access-Control-Allow-Credentials" not in answer


def test_the_console_sends_no_cors_headers() -> None:
    assert "Access-Control-Allow-Origin" not in Client().get("/admin/login/", HTTP_ORIGIN=ALLOWED)
