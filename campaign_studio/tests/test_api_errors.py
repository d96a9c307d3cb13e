"""Every error under /api/ has the same shape, and nothing is half-written."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, OperationalError
from django.test import Client
from pytest_django import Settings
from rest_framework.test import APIClient

from accounts.models import AuditEntry, User
from accounts.tests.factories import Cast
from advertisers.models import AdvertiserContact
from campaign_studio.tests.bodies import (
    advertiser_body,
    bearing,
    campaign_body,
    contact_body,
    send_bytes,
    stored,
    tokens_of,
)
from campaigns.api.views import CampaignViewSet
from campaigns.models import Campaign, CampaignAudienceTargeting
from campaigns.tests.factories import CampaignFactory

pytestmark = pytest.mark.django_db

ClientFor = Callable[[User | None], APIClient]
NOWHERE = "00000000-0000-4000-8000-000000000000"


def assert_detail(answer: Any, status: int) -> str:
    """The response is JSON with `detail` only; return its text."""
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/json"
    assert list(answer.json()) == ["detail"]
    assert isinstance(answer.json()["detail"], str)
    assert answer["X-Request-ID"]
    return str(answer.json()["detail"])


@pytest.mark.parametrize(
    "address",
    [
        "/api/",
        "/api/nothing",
        "/api/campaigns/",
        "/api/health/",
        "/api/campaigns/1",
        "/api/campaigns/not-a-uuid",
        f"/api/campaigns/{NOWHERE}x",
        f"/api/campaigns/{NOWHERE}/",
        f"/api/campaigns/{NOWHERE}/nothing",
        f"/api/campaigns/{NOWHERE.upper().replace('0', 'G')}",
        "/api/campaigns.json",
        "/api//campaigns",
        "/api/ÿ",
    ],
)
@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete", "options", "head"])
def test_an_unknown_url_is_404_in_json(
    cast: Cast, client_for: ClientFor, address: str, method: str, settings: Settings
) -> None:
    for settings.DEBUG in (False, True):
        answer = getattr(client_for(cast.system_admin), method)(address)
        assert answer.status_code == 404
        assert answer["Content-Type"] == "application/json"
        if method != "head":
            assert_detail(answer, 404)


@pytest.mark.parametrize(
    "address",
    [f"/api/campaigns/{NOWHERE}", f"/api/ads/{NOWHERE}", f"/api/users/{NOWHERE}", f"/api/advertisers/{NOWHERE}"],
)
@pytest.mark.parametrize("method", ["get", "put", "patch", "delete"])
def test_an_unknown_object_is_404(cast: Cast, client_for: ClientFor, address: str, method: str) -> None:
    assert_detail(getattr(client_for(cast.system_admin), method)(address), 404)


@pytest.mark.parametrize(
    ("method", "address"),
    [
        ("delete", "/api/campaigns"),
        ("put", "/api/campaigns"),
        ("post", "/api/roles"),
        ("get", "/api/auth/login"),
        ("get", "/api/auth/logout"),
        ("delete", "/api/auth/me"),
        ("put", "/api/auth/me"),
        ("post", "/api/health"),
        ("post", "/api/live"),
        ("get", f"/api/ads/{NOWHERE}/approve"),
        ("delete", f"/api/campaigns/{NOWHERE}/history"),
        ("trace", "/api/campaigns"),
    ],
)
def test_a_method_that_a_url_does_not_support_is_405(
    cast: Cast, client_for: ClientFor, method: str, address: str
) -> None:
    client = client_for(cast.system_admin)
    answer = client.generic("TRACE", address) if method == "trace" else getattr(client, method)(address)

    assert_detail(answer, 405)
    assert answer["Allow"]


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("/api/campaigns", "GET, POST, HEAD, OPTIONS"),
        ("/api/auth/login", "POST, OPTIONS"),
        ("/api/health", "GET, HEAD, OPTIONS"),
    ],
)
def test_options_answers_which_methods_are_allowed(
    cast: Cast, client_for: ClientFor, address: str, allowed: str
) -> None:
    answer = client_for(cast.guest).options(address)

    assert (answer.status_code, answer.content, answer["Allow"]) == (204, b"", allowed)


def test_head_answers_like_get_without_a_body(cast: Cast, client_for: ClientFor) -> None:
    campaign = CampaignFactory()
    client = client_for(cast.guest)

    for address in ("/api/campaigns", f"/api/campaigns/{campaign.pk}", "/api/auth/me", "/api/roles"):
        answer = client.head(address)
        assert (answer.status_code, answer.content) == (200, b"")
    for address in ("/api/live", "/api/health"):
        assert (client_for(None).head(address).status_code, client_for(None).head(address).content) == (200, b"")


def test_a_request_without_a_token_is_401_and_says_how_to_sign_in(client_for: ClientFor) -> None:
    answer = client_for(None).get("/api/campaigns")

    assert_detail(answer, 401)
    assert answer["WWW-Authenticate"] == "Bearer"


def test_the_wrong_role_is_403(cast: Cast, client_for: ClientFor) -> None:
    assert_detail(client_for(cast.guest).post("/api/campaigns", campaign_body()), 403)


@pytest.mark.parametrize(
    "content_type",
    [
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "text/plain",
        "application/xml",
        "application/json-patch+json",
        "",
        "json",
    ],
)
def test_a_body_that_is_not_json_is_415(cast: Cast, client_for: ClientFor, content_type: str) -> None:
    answer = send_bytes(client_for(cast.owner), "POST", "/api/campaigns", b"a=b", content_type)

    assert_detail(answer, 415)
    assert not Campaign.objects.exists()


@pytest.mark.parametrize(
    "content_type", ["application/json", "APPLICATION/JSON; charset=utf-8", "application/json;v=1"]
)
def test_every_spelling_of_the_json_media_type_is_accepted(
    cast: Cast, client_for: ClientFor, content_type: str
) -> None:
    body = b'{"campaign_name": "A", "campaign_start_date": "2031-01-01", "campaign_end_date": "2031-01-02"}'

    assert send_bytes(client_for(cast.owner), "POST", "/api/campaigns", body, content_type).status_code == 201


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "*/*", "image/png;q=0", "nonsense", ""])
def test_responses_are_json_whatever_the_accept_header_says(cast: Cast, client_for: ClientFor, accept: str) -> None:
    answer = client_for(cast.guest).get("/api/campaigns", HTTP_ACCEPT=accept)

    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")


@pytest.mark.parametrize(
    ("query", "messages"),
    [
        ("page=0", {"page": ["Send a whole number from 1 to 1000000000."]}),
        ("page=1&page=2", {"page": ["This parameter may be sent only once."]}),
        ("search=" + "a+" * 11, {"search": ["Search for at most 10 words and 200 characters."]}),
    ],
)
def test_a_refused_parameter_is_explained(
    cast: Cast, client_for: ClientFor, query: str, messages: dict[str, list[str]]
) -> None:
    answer = client_for(cast.guest).get(f"/api/campaigns?{query}")

    assert (answer.status_code, answer.json()) == (400, messages)


def test_a_refused_order_and_an_unknown_parameter_list_the_valid_names(cast: Cast, client_for: ClientFor) -> None:
    client = client_for(cast.system_admin)

    order = client.get("/api/roles?ordering=size").json()["ordering"][0]
    parameter = client.get("/api/roles?size=1").json()["size"][0]

    assert order.startswith("Can't order by “size”. Order by ")
    assert parameter == (
        "There is no such parameter. This URL takes created_at_after, created_at_before, cursor, ordering, page, "
        "page_size, updated_at_after and updated_at_before."
    )


def test_an_unknown_url_an_unknown_field_and_a_missing_permission_are_explained(
    cast: Cast, client_for: ClientFor
) -> None:
    url = client_for(None).get("/api/nothing")
    field = client_for(cast.owner).post("/api/campaigns", campaign_body(colour="red"))
    role = client_for(cast.guest).post("/api/campaigns", campaign_body())

    assert url.json()["detail"] == "There is nothing at this URL. /api/docs lists the URLs of the API."
    assert field.json() == {"colour": ["There is no such field. /api/docs lists the fields."]}
    assert role.json()["detail"] == "Your role doesn't allow this."


def test_deleting_an_object_that_others_need_is_409(cast: Cast, client_for: ClientFor) -> None:
    admin = client_for(cast.system_admin)
    advertiser = admin.post("/api/advertisers", advertiser_body()).json()
    CampaignFactory(advertiser_id=advertiser["advertiser_id"])

    answer = admin.delete(f"/api/advertisers/{advertiser['advertiser_id']}")

    assert_detail(answer, 409)
    assert answer.data["detail"].code == "protected"


def test_a_campaign_over_twelve_mebibytes_is_413(cast: Cast, client_for: ClientFor) -> None:
    body = b'{"campaign_name": "' + b"x" * (12 * 1024 * 1024) + b'"}'

    answer = send_bytes(client_for(cast.owner), "POST", "/api/campaigns", body)

    assert_detail(answer, 413)
    assert answer.json()["detail"] == "The body is larger than 12.0 MB. Split the request."
    assert not Campaign.objects.exists()


def test_an_unexpected_error_is_500_in_json_with_a_request_id(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    client = bearing(tokens_of(cast.guest)["access_token"], raise_request_exception=False)
    monkeypatch.setattr(CampaignViewSet, "list", lambda *_: 1 / 0)

    answer = client.get("/api/campaigns", HTTP_X_REQUEST_ID="trace-me")

    assert "X-Request-ID" in assert_detail(answer, 500)
    assert answer["X-Request-ID"].endswith("/trace-me")
    assert "ZeroDivisionError" not in answer.content.decode()
    assert "ZeroDivisionError" in caplog.text


def test_the_writes_of_a_failed_request_are_rolled_back(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    client = bearing(tokens_of(cast.owner)["access_token"], raise_request_exception=False)
    target = [{"region": "Europe", "country": "DE"}]
    before = stored()

    for error in (RuntimeError("boom"), OperationalError("gone"), IntegrityError("odd")):
        # The response is rendered after everything has been written, so a failure there comes last.
        with monkeypatch.context() as patched:
            patched.setattr(CampaignViewSet, "document", lambda *_, error=error: _raise(error))
            answer = client.post("/api/campaigns", campaign_body(audience_targeting=target))
        assert answer.status_code in (500, 503, 400)
        assert answer["Content-Type"] == "application/json"
        assert stored() == before

    assert client.post("/api/campaigns", campaign_body(audience_targeting=target)).status_code == 201, "the control"
    assert (Campaign.objects.count(), CampaignAudienceTargeting.objects.count()) == (1, 1)


def _raise(error: Exception) -> None:
    raise error


def test_an_unavailable_database_is_503(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    client = bearing(tokens_of(cast.guest)["access_token"])
    monkeypatch.setattr(CampaignViewSet, "list", lambda *_: _raise(OperationalError("server closed")))

    answer = client.get("/api/campaigns")

    assert "Try again" in assert_detail(answer, 503)
    assert answer["Retry-After"] == "5"
    assert "server closed" not in answer.content.decode()


def test_a_refusal_after_writing_rolls_back(cast: Cast, client_for: ClientFor) -> None:
    admin = client_for(cast.owner)
    advertiser = admin.post(
        "/api/advertisers", advertiser_body(contacts=[contact_body(is_point_of_contact=True)])
    ).json()
    before, entries = stored(), AuditEntry.objects.count()

    answer = admin.patch(
        f"/api/advertisers/{advertiser['advertiser_id']}",
        {"city": "Bonn", "contacts": [contact_body(is_point_of_contact=True)] * 2},
    )

    assert answer.status_code == 400
    assert stored() == before
    assert (AuditEntry.objects.count(), AdvertiserContact.objects.count()) == (entries, 1)


@pytest.mark.parametrize(("sent", "kept"), [("abc-1.2_3", True), ("x" * 40, True), ("x" * 41, False), ("a b", False)])
def test_a_valid_request_id_is_returned(client_for: ClientFor, sent: str, kept: bool) -> None:
    for address in ("/api/health", "/api/nothing", "/api/campaigns"):
        answered = client_for(None).get(address, HTTP_X_REQUEST_ID=sent)["X-Request-ID"]
        assert answered.endswith(f"/{sent}") is kept
        assert 1 <= len(answered) <= 64


def test_every_request_has_its_own_id(client_for: ClientFor) -> None:
    ids = {client_for(None).get("/api/health")["X-Request-ID"] for _ in range(5)}

    assert len(ids) == 5


def test_an_unknown_host_is_400_in_json(client_for: ClientFor) -> None:
    answer = client_for(None).get("/api/health", HTTP_HOST="evil.example.com")

    assert (answer.status_code, answer["Content-Type"]) == (400, "application/json")


def test_urls_outside_the_api_answer_with_pages() -> None:
    assert Client().get("/nothing")["Content-Type"].startswith("text/html")


def test_a_console_session_gives_no_access_to_the_api(cast: Cast, console_for: Callable[[User], Client]) -> None:
    assert_detail(console_for(cast.system_admin).get("/api/campaigns"), 401)


def test_health_reports_the_version_and_the_database(client_for: ClientFor, settings: Settings) -> None:
    answer = client_for(None).get("/api/health")

    assert answer.status_code == 200
    assert answer.json() == {"status": "healthy", "version": settings.APP_VERSION, "database": "connected"}
    assert client_for(None).get("/api/health?x=1").json() == {"x": ["There is no such parameter. This URL takes none."]}


def test_a_server_is_alive_for_every_host_and_without_https(client_for: ClientFor, settings: Settings) -> None:
    settings.SECURE_SSL_REDIRECT = True
    answer = client_for(None).get("/api/live", HTTP_HOST="10.0.0.7:8000")

    assert (answer.status_code, answer.json(), answer["Cache-Control"]) == (200, {"status": "live"}, "no-store")


def test_whether_a_server_is_alive_has_no_parameters(client_for: ClientFor) -> None:
    assert client_for(None).get("/api/live?x=1").json() == {"x": ["There is no such parameter. This URL takes none."]}


def test_health_is_503_if_the_database_is_unavailable(client_for: ClientFor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "campaign_studio.api.views.connection.cursor", lambda: _raise(OperationalError("connection refused"))
    )

    answer = client_for(None).get("/api/health")

    assert answer.status_code == 503
    assert answer["Retry-After"] == "5"
    assert (answer.json()["status"], answer.json()["database"]) == ("unhealthy", "unreachable")
