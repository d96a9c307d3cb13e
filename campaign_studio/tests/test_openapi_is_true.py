"""The OpenAPI document is true: answers have the headers that it describes, and URLs know exactly its parameters."""

import json
import re
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from rest_framework.test import APIClient

from campaign_studio.tests.bodies import tokens_of
from campaigns.tests.factories import CampaignFactory

# Only devices get as far as their parameters.
WITHOUT_PARAMETERS = {"/api/delivery/views"}


@pytest.fixture
def document() -> dict[str, Any]:
    """The document at `/api/openapi.json`."""
    found: dict[str, Any] = json.loads(Client().get("/api/openapi.json").content)
    return found


def headers_of(document: dict[str, Any], path: str, method: str, code: str) -> set[str]:
    """The headers of an answer, which may refer to a shared one."""
    answer = document["paths"][path][method]["responses"][code]
    name = answer.get("$ref", "").removeprefix("#/components/responses/")
    return {name.lower() for name in (document["components"]["responses"][name] if name else answer)["headers"]}


# What every server sends, whatever it answers.
OF_ALL = {
    "content-type",
    "content-language",
    "content-length",
    "allow",
    "vary",
    "cache-control",
    "content-security-policy",
    "cross-origin-opener-policy",
    "permissions-policy",
    "referrer-policy",
    "x-content-type-options",
    "x-frame-options",
}


def test_the_headers_of_answers_are_documented(document: dict[str, Any], cast: Any, settings: Any) -> None:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {tokens_of(cast.owner)['access_token']}")
    campaign = CampaignFactory(campaign_created_by=cast.owner)
    one, ads = f"/api/campaigns/{campaign.pk}", {"campaign_id": str(campaign.pk)}
    body = {"campaign_name": "Documented", "campaign_start_date": "2027-01-01", "campaign_end_date": "2027-01-31"}
    tag = client.get(one)["ETag"]
    answers = [
        ("/api/campaigns", client.get("/api/campaigns")),
        ("/api/campaigns", client.get("/api/campaigns?nonsense=1")),
        ("/api/campaigns", client.post("/api/campaigns", body, HTTP_IDEMPOTENCY_KEY="documented")),
        ("/api/campaigns", client.post("/api/campaigns", body, HTTP_IDEMPOTENCY_KEY="documented")),
        ("/api/campaigns", client.post("/api/campaigns?dry_run=true", body)),
        ("/api/campaigns/{campaign_id}", client.get(one)),
        ("/api/campaigns/{campaign_id}", client.get(one, HTTP_IF_NONE_MATCH=tag)),
        ("/api/campaigns/{campaign_id}", client.patch(one, {"campaign_name": "New"}, HTTP_IF_MATCH='"old"')),
        ("/api/campaigns/{campaign_id}/duplicate", client.post(f"{one}/duplicate", {})),
        ("/api/ads", client.post("/api/ads", ads)),
        ("/api/auth/me", client.get("/api/auth/me")),
        ("/api/users", client.get("/api/users")),
        ("/api/health", client.get("/api/health")),
        ("/api/campaigns", APIClient().get("/api/campaigns")),
    ]
    settings.THROTTLE_ANON = "1/min"
    answers += [("/api/roles", APIClient().get("/api/roles")) for _ in range(2)]

    assert {answer.status_code for _, answer in answers} == {200, 201, 304, 400, 401, 403, 412, 429}
    seen = set()
    for path, answer in answers:
        method, code = str(answer.wsgi_request.method).lower(), str(answer.status_code)
        sent = {name.lower() for name in answer.headers} - OF_ALL
        assert sent <= headers_of(document, path, method, code), f"{method} {path} {code}"
        seen |= sent
    documented = {name.lower() for name in document["components"]["headers"]}
    assert documented - seen == set()


def test_exactly_the_documented_parameters_are_known(document: dict[str, Any], cast: Any) -> None:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {tokens_of(cast.system_admin)['access_token']}")
    number = 0
    every = [(path, method, one) for path, methods in document["paths"].items() for method, one in methods.items()]
    for path, method, operation in every:
        url = re.sub(r"\{\w+\}", str(uuid4()), path)
        refusal = client.generic(method.upper(), f"{url}?nonsense=1", "{}", content_type="application/json")
        if refusal.status_code != 400 or "nonsense" not in refusal.json():
            # Devices only, and what is refused or counted before parameters are.
            assert path in WITHOUT_PARAMETERS, f"{method} {path}: {refusal.status_code} {refusal.content!r}"
            continue
        known = set(re.findall(r"\b[a-z_]+\b", refusal.json()["nonsense"][0].partition("This URL takes ")[2]))
        told = {one["name"] for one in operation.get("parameters", []) if one["in"] == "query"}
        assert known - {"and", "none"} == told, f"{method} {path}"
        number += 1
    assert number > 50


def test_every_list_takes_the_times_that_it_documents(document: dict[str, Any], cast: Any) -> None:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {tokens_of(cast.system_admin)['access_token']}")
    for path, methods in document["paths"].items():
        for parameter in methods.get("get", {}).get("parameters", []):
            if parameter["schema"].get("format") == "date-time" and "{" not in path:
                url = f"{path}?{parameter['name']}=2026-07-01T00:00:00Z"
                assert client.get(url).status_code == 200, url
