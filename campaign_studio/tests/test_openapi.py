"""The OpenAPI document is valid and complete, and equals a snapshot.

If a URL or a field has changed and `test_the_document_equals_the_snapshot` fails, renew the snapshot with

    RENEW_OPENAPI=1 pytest campaign_studio/tests/test_openapi.py

and read the difference before committing it: frontends depend on the document.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.validation import validate_schema
from jsonschema import validate

pytestmark = pytest.mark.any_database

RECORD = Path(__file__).with_name("openapi.json")
METHODS = {"get", "post", "put", "patch", "delete"}
RESET = ("/api/auth/password/reset", "/api/auth/password/reset/confirm", "/api/auth/email/confirm")
HEALTH = {"/api/live", "/api/health"}
OPEN = {"/api/auth/register", "/api/auth/login", "/api/auth/refresh", *HEALTH, *RESET}

# Every URL.
ADDRESSES = """
/api/auth/register                                            post
/api/auth/login                                               post
/api/auth/refresh                                             post
/api/auth/logout                                              post
/api/auth/me                                                  get patch
/api/auth/password                                            post
/api/auth/password/reset                                      post
/api/auth/password/reset/confirm                              post
/api/auth/email                                               post
/api/auth/email/confirm                                       post
/api/auth/sessions                                            get
/api/auth/sessions/{session_id}                               delete
/api/security-events                                          get
/api/roles                                                    get
/api/users                                                    get post
/api/users/{user_id}                                          get put patch delete
/api/users/{user_id}/password                                 put
/api/campaigns                                                get post
/api/campaigns/{campaign_id}                                  get put patch delete
/api/campaigns/{campaign_id}/ads                              get post
/api/campaigns/{campaign_id}/history                          get
/api/ads                                                      get post
/api/ads/{ad_id}                                              get put patch delete
/api/ads/{ad_id}/approve                                      post
/api/ads/{ad_id}/content-rating                               put
/api/ads/{ad_id}/reject                                       post
/api/ads/{ad_id}/history                                      get
/api/moderation-queue                                         get
/api/campaigns/{campaign_id}/shift                            post
/api/campaigns/{campaign_id}/duplicate                        post
/api/campaigns/{campaign_id}/publish                          post
/api/campaigns/{campaign_id}/readiness                        get
/api/campaigns/{campaign_id}/performance                      get
/api/ads/{ad_id}/qr.svg                                       get
/api/delivery                                                 get
/api/delivery/explain                                         get
/api/delivery/views                                           post
/api/devices                                                  get post
/api/devices/{device_id}                                      get put patch delete
/api/devices/{device_id}/history                              get
/api/devices/{device_id}/rotate-key                           post
/api/advertisers                                              get post
/api/advertisers/{advertiser_id}                              get put patch delete
/api/advertisers/{advertiser_id}/history                      get
/api/advertisers/{advertiser_id}/contacts                     get post
/api/advertisers/{advertiser_id}/contacts/{contact_id}        get put patch delete
/api/advertisers/{advertiser_id}/bank-accounts                get post
/api/advertisers/{advertiser_id}/bank-accounts/{bank_id}      get put patch delete
/api/advertisers/{advertiser_id}/bank-accounts/{bank_id}/reveal  post
/api/audit-log                                                get
/api/health                                                   get
/api/live                                                     get
"""


@pytest.fixture
def document() -> dict[str, Any]:
    """The document at `/api/openapi.json`."""
    found: dict[str, Any] = json.loads(Client().get("/api/openapi.json").content)
    return found


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if method in METHODS
    ]


def test_the_document_is_valid_and_generated_without_warnings(document: dict[str, Any], tmp_path: Path) -> None:
    validate_schema(document)

    GENERATOR_STATS.reset()
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(tmp_path / "openapi.yaml"))


def test_the_document_equals_the_snapshot(document: dict[str, Any]) -> None:
    if os.environ.get("RENEW_OPENAPI"):
        RECORD.write_text(json.dumps(document, indent=1, ensure_ascii=False, sort_keys=True) + "\n")

    assert document == json.loads(RECORD.read_text()), (
        "If this is intended, renew the snapshot: see the top of this file."
    )


def test_every_url_is_documented(document: dict[str, Any]) -> None:
    described = {path: sorted(METHODS & set(methods)) for path, methods in document["paths"].items()}

    assert described == {line.split()[0]: sorted(line.split()[1:]) for line in ADDRESSES.splitlines() if line.strip()}


def test_every_operation_documents_its_errors(document: dict[str, Any]) -> None:
    for path, method, operation in operations(document):
        answers = operation["responses"]
        where = f"{method} {path}"
        assert "400" in answers, where
        assert ("403" in answers) == (path not in OPEN or path.endswith(("register", "login"))), where
        assert ("401" in answers) == (path not in ("/api/auth/register", *HEALTH, *RESET)), where
        assert ("429" in answers) == (path not in HEALTH), where
        assert ("404" in answers) >= ("{" in path), where
        assert ("415" in answers) == ("413" in answers) == (method in ("post", "put", "patch")), where
        assert any(operation.get("security", [])) == (path not in OPEN), where
        for code, answer in answers.items():
            if code not in ("204", "304"):
                kind = "image/svg+xml" if path.endswith(".svg") and code == "200" else "application/json"
                assert answer["content"][kind]["schema"], f"{where} {code}"


def with_defaults(node: Any) -> Iterator[dict[str, Any]]:
    """Every schema in the document that has a default."""
    if isinstance(node, dict) and "default" in node and "type" in node:
        yield node
    for part in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from with_defaults(part)


def test_every_default_fits_its_schema(document: dict[str, Any]) -> None:
    """Otherwise generators of clients leave the whole operation out."""
    schemas = list(with_defaults(document))

    assert len(schemas) > 10
    for schema in schemas:
        validate(schema["default"], {**schema, "type": [schema["type"], *(["null"] if schema.get("nullable") else [])]})


def test_every_operation_has_an_id_and_a_description(document: dict[str, Any]) -> None:
    found = operations(document)
    names = [operation["operationId"] for _, _, operation in found]

    assert len(names) == len(set(names))
    for path, method, operation in found:
        assert operation.get("description"), f"{method} {path}"
        assert operation["tags"]


def test_lists_document_their_parameters(document: dict[str, Any]) -> None:
    def parameters(path: str) -> set[str]:
        return {one["name"] for one in document["paths"][path]["get"]["parameters"]}

    assert parameters("/api/campaigns") == {
        "page",
        "page_size",
        "search",
        "ordering",
        "campaign_status",
        "advertiser_id",
        "campaign_created_by_id",
        "country",
        "city",
        "running_on",
        "campaign_start_date_after",
        "campaign_start_date_before",
        "campaign_end_date_after",
        "campaign_end_date_before",
    }
    history = parameters("/api/campaigns/{campaign_id}/history")
    assert history == {"campaign_id", "page", "page_size", "actor", "field", "from", "to"}
    assert "as_of" in parameters("/api/ads/{ad_id}")
    assert {"actor", "resource_type", "resource_id", "action", "from", "to"} <= parameters("/api/audit-log")


def test_secret_and_read_only_fields_are_documented(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]

    assert "password" not in schemas["User"]["properties"]
    assert "ad_view_count" not in schemas["AdRequest"]["properties"]
    assert schemas["Ad"]["properties"]["ad_view_count"]["readOnly"] is True
    assert "bearer" in document["components"]["securitySchemes"]
