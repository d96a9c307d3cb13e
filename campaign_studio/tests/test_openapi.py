"""The OpenAPI document is valid and complete, and equals a snapshot.

If a URL or a field has changed and `test_the_document_equals_the_snapshot` fails, renew the snapshot with

    RENEW_OPENAPI=1 pytest campaign_studio/tests/test_openapi.py

and read the difference before committing it: frontends depend on the document.
"""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.validation import validate_schema
from jsonschema import validate

from campaign_studio.api.schema import naming

pytestmark = pytest.mark.any_database

RECORD = Path(__file__).with_name("openapi.json")
VERBS = (
    "(list|get|count|create|replace|update|delete|set|approve|reject|reveal|rotate|shift|duplicate|publish|plan|apply|undo|upload|"
    "explain|report|check|refresh|change|request|confirm|end)([A-Z][a-z]+)+"
)
NAMED = {
    "get /api/campaigns": "listCampaigns",
    "get /api/campaigns/{campaign_id}": "getCampaign",
    "post /api/campaigns": "createCampaign",
    "put /api/campaigns/{campaign_id}": "replaceCampaign",
    "patch /api/campaigns/{campaign_id}": "updateCampaign",
    "delete /api/campaigns/{campaign_id}": "deleteCampaign",
    "get /api/campaigns/{campaign_id}/history": "listCampaignHistory",
    "get /api/campaigns/{campaign_id}/ads": "listCampaignAds",
    "post /api/ads/{ad_id}/approve": "approveAd",
    "put /api/ads/{ad_id}/content-rating": "setAdContentRating",
    "post /api/advertisers/{advertiser_id}/bank-accounts/{bank_id}/reveal": "revealBankAccount",
    "post /api/devices/{device_id}/rotate-key": "rotateDeviceKey",
    "get /api/delivery": "getDelivery",
    "get /api/moderation-queue": "listModerationQueue",
}
TAGS = ["auth", "advertisers", "campaigns", "ads", "delivery", "reports", "moderation", "people", "audit", "system"]
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
/api/campaigns/counts                                         get
/api/campaigns/{campaign_id}                                  get put patch delete
/api/campaigns/{campaign_id}/ads                              get post
/api/campaigns/{campaign_id}/history                          get
/api/ads                                                      get post
/api/ads/counts                                               get
/api/ads/{ad_id}                                              get put patch delete
/api/ads/{ad_id}/approve                                      post
/api/ads/{ad_id}/content-rating                               put
/api/ads/{ad_id}/reject                                       post
/api/ads/{ad_id}/history                                      get
/api/meta                                                     get
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
/api/media                                                    post
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
/api/change-sets                                              get post
/api/change-sets/{change_set_id}                              get
/api/change-sets/{change_set_id}/apply                        post
/api/change-sets/{change_set_id}/undo                         post
/api                                                          get
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
                assert resolved(document, answer)["content"][kind]["schema"], f"{where} {code}"


def resolved(document: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
    """An answer, or the shared one that it refers to."""
    name = answer.get("$ref", "").removeprefix("#/components/responses/")
    return document["components"]["responses"][name] if name else answer


def nodes(node: Any) -> Iterator[dict[str, Any]]:
    """Every object in a part of the document."""
    if isinstance(node, dict):
        yield node
    for part in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from nodes(part)


def test_every_default_fits_its_schema(document: dict[str, Any]) -> None:
    """Otherwise generators of clients leave the whole operation out."""
    schemas = [node for node in nodes(document) if "default" in node and "type" in node]

    assert len(schemas) > 10
    for schema in schemas:
        validate(schema["default"], schema)


def test_every_operation_has_a_name_a_summary_a_description_and_a_known_tag(document: dict[str, Any]) -> None:
    found = operations(document)
    names = [operation["operationId"] for _, _, operation in found]

    assert len(names) == len(set(names))
    for path, method, operation in found:
        where, name = f"{method} {path}", operation["operationId"]
        assert re.fullmatch(VERBS, name) or name in ("login", "logout", "register"), f"{where}: {name}"
        assert 3 < len(operation.get("summary", "")) < 60, where
        assert not operation["summary"].endswith("."), where
        assert operation.get("description", "").endswith("."), where
        assert set(operation["tags"]) < set(naming.TAGS), where
        for parameter in operation.get("parameters", []):
            assert parameter["in"] == "path" or parameter.get("description"), f"{where}: {parameter['name']}"
        for code, answer in operation["responses"].items():
            assert resolved(document, answer)["description"], f"{where} {code}"


def test_operations_are_named_as_a_frontend_calls_them(document: dict[str, Any]) -> None:
    found = {f"{method} {path}": operation["operationId"] for path, method, operation in operations(document)}

    assert {key: found[key] for key in NAMED} == NAMED


def test_tags_are_described_in_the_order_of_work(document: dict[str, Any]) -> None:
    assert [tag["name"] for tag in document["tags"]] == TAGS
    assert all(tag["description"] for tag in document["tags"])
    assert {tag for _, _, operation in operations(document) for tag in operation["tags"]} == set(TAGS)


def schemas_of(document: dict[str, Any], parts: Any) -> set[str]:
    """The names of the schemas that parts of the document refer to, directly or not."""
    found: set[str] = set()
    waiting = [parts]
    while waiting:
        for node in nodes(waiting.pop()):
            kind, _, name = str(node.get("$ref", "")).removeprefix("#/components/").partition("/")
            if name and (kind != "schemas" or name not in found):
                found |= {name} if kind == "schemas" else set()
                waiting.append(document["components"][kind][name])
    return found


def test_requests_are_closed_and_answers_complete(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    every = [operation for _, _, operation in operations(document)]
    sent = schemas_of(document, [one["requestBody"] for one in every if "requestBody" in one])
    answered = schemas_of(document, [one["responses"] for one in every])

    assert {name for name in sent if schemas[name].get("properties")} == {
        name for name in sent if schemas[name].get("additionalProperties") is False
    }
    lacking = {
        name: set(schemas[name]["properties"]) - set(schemas[name].get("required", []))
        for name in answered - sent
        if "properties" in schemas[name]
    }
    # A page that a cursor began has no count.
    pages = {name for name in lacking if name.startswith("Paginated")}
    assert [lacking.pop(name) for name in pages] == [{"count"}] * len(pages)
    assert {name: optional for name, optional in lacking.items() if optional} == {
        "Advertiser": {"bank_accounts"},
        "FieldErrors": {"detail", "non_field_errors"},
        "PerformanceRow": {"day", "ad_id", "ad_name", "ad_type_id", "country", "city"},
    }


def test_no_value_is_without_a_type(document: dict[str, Any]) -> None:
    kinds = {"type", "$ref", "anyOf", "allOf", "enum"}
    for name, schema in document["components"]["schemas"].items():
        for node in nodes(schema):
            for key, value in node.get("properties", {}).items():
                assert kinds & set(value), f"{name}.{key}"
            for key in ("items", "additionalProperties"):
                assert not isinstance(node.get(key), dict) or kinds & set(node[key]), f"{name} {key}"


def test_enums_are_shared_under_names_of_their_own(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    enums = {name: frozenset(schema["enum"]) for name, schema in schemas.items() if "enum" in schema}

    # A name that ends so has been made up by drf-spectacular: give it one in ENUM_NAME_OVERRIDES.
    assert not [name for name in schemas if name.endswith("Enum")]
    assert len(set(enums.values())) == len(enums)
    inline = [node for node in nodes([document["paths"], schemas]) if "enum" in node and node not in schemas.values()]
    assert inline == []
    status = parameter_of(document, "/api/campaigns", "campaign_status")
    assert status["schema"]["items"] == {"$ref": "#/components/schemas/PublishingStatus"}
    assert parameter_of(document, "/api/users", "is_active")["schema"] == {"type": "boolean"}


def test_an_empty_url_is_for_requests_only(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    blank = {"type": "string", "maxLength": 0}

    assert blank in schemas["AdRequest"]["properties"]["media_url"]["anyOf"]
    answered = schemas["Ad"]["properties"]["media_url"]
    assert (answered["type"], answered["format"]) == (["string", "null"], "uri")


def test_what_lists_and_orders_take_is_exact(document: dict[str, Any]) -> None:
    contacts = document["components"]["schemas"]["AdvertiserRequest"]["properties"]["contacts"]
    views = document["paths"]["/api/delivery/views"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    ordering = parameter_of(document, "/api/campaigns", "ordering")["schema"]["pattern"]

    assert (contacts["minItems"], contacts["maxItems"]) == (1, 100)
    assert (views["minItems"], views["maxItems"]) == (1, 500)
    assert re.fullmatch(ordering, "campaign_status,-created_at")
    assert not re.fullmatch(ordering, "campaign_status,nonsense")


def parameter_of(document: dict[str, Any], path: str, name: str) -> dict[str, Any]:
    """A parameter of GET."""
    found: dict[str, Any] = next(one for one in document["paths"][path]["get"]["parameters"] if one["name"] == name)
    return found


def test_lists_document_their_parameters(document: dict[str, Any]) -> None:
    def parameters(path: str) -> set[str]:
        return {one["name"] for one in document["paths"][path]["get"]["parameters"] if one["in"] != "header"}

    assert parameters("/api/campaigns") == {
        "page",
        "page_size",
        "cursor",
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
        "created_at_after",
        "created_at_before",
        "updated_at_after",
        "updated_at_before",
    }
    history = parameters("/api/campaigns/{campaign_id}/history")
    assert history == {"campaign_id", "page", "page_size", "cursor", "actor", "field", "from", "to"}
    assert "as_of" in parameters("/api/ads/{ad_id}")
    assert {"actor", "resource_type", "resource_id", "action", "from", "to"} <= parameters("/api/audit-log")


def test_secret_and_read_only_fields_are_documented(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]

    assert "password" not in schemas["User"]["properties"]
    assert "ad_view_count" not in schemas["AdRequest"]["properties"]
    assert schemas["Ad"]["properties"]["ad_view_count"]["readOnly"] is True
    assert "bearer" in document["components"]["securitySchemes"]
