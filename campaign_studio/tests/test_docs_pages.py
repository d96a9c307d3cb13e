"""The API documentation is public and contacts no other host."""

import gzip
import json
import re
from urllib.parse import urlsplit

import pytest
from django.contrib.staticfiles import finders
from django.test import Client

PAGES = ["/api/docs", "/api/redoc"]
ADDRESS = re.compile(r"""(?:src|href|spec-url|action)\s*=\s*["']([^"']*)["']|url\(([^)]*)\)""", re.IGNORECASE)


@pytest.mark.parametrize("page", PAGES)
def test_a_page_contacts_no_other_host(page: str) -> None:
    answer = Client().get(page)

    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/html")
    html = answer.content.decode()
    assert not re.findall(r"(?:https?:)?//(?!localhost)[\w.-]+\.\w+", html), "an outside host"
    addresses = [found for pair in ADDRESS.findall(html) for found in pair if found]
    assert addresses
    for address in addresses:
        assert not urlsplit(address).netloc, address


@pytest.mark.parametrize("page", PAGES)
def test_every_file_that_a_page_loads_exists(page: str) -> None:
    html = Client().get(page).content.decode()
    loaded = [urlsplit(found).path for pair in ADDRESS.findall(html) for found in pair if found]

    files = [address.removeprefix("/static/") for address in loaded if address.startswith("/static/")]

    assert any(name.endswith(".js") for name in files)
    for name in files:
        assert finders.find(name), name


@pytest.mark.parametrize("page", PAGES)
def test_a_page_loads_the_openapi_document(page: str) -> None:
    client = Client()
    texts = [client.get(page).content.decode(), client.get(f"{page}?script=").content.decode()]

    assert any("/api/openapi.json" in text for text in texts)


def test_redoc_is_kept_from_pictures_of_other_hosts_before_it_begins() -> None:
    scripts = re.findall(r'<script src="([^"]*)"', Client().get("/api/redoc").content.decode())

    assert [path.rpartition("/")[2] for path in scripts] == ["redoc.js", "redoc.standalone.js"]


def test_the_document_is_json_without_blanks() -> None:
    answer = Client().get("/api/openapi.json")

    assert answer.status_code == 200
    assert b"\n" not in answer.content
    assert b'": ' not in answer.content[:200]
    document = json.loads(answer.content)
    assert document["openapi"].startswith("3.")
    assert document["info"]["title"]
    assert document["servers"] == [{"url": "/"}]


def test_the_document_is_made_once_and_a_client_that_has_it_gets_no_other() -> None:
    plain, compressed = (
        Client().get("/api/openapi.json", headers=asked) for asked in ({}, {"Accept-Encoding": "gzip"})
    )

    assert compressed["Content-Encoding"] == "gzip"
    assert gzip.decompress(compressed.content) == plain.content
    assert len(compressed.content) < len(plain.content) / 5
    assert plain["Vary"].startswith("Accept-Encoding, Accept-Language")
    assert plain["ETag"] != compressed["ETag"]
    for answer, asked in ((plain, {}), (compressed, {"Accept-Encoding": "gzip"})):
        assert "max-age" in answer["Cache-Control"]
        again = Client().get("/api/openapi.json", headers={**asked, "If-None-Match": answer["ETag"]})
        assert (again.status_code, again.content, again["ETag"]) == (304, b"", answer["ETag"])


def test_the_document_is_not_made_for_each_request(monkeypatch: pytest.MonkeyPatch) -> None:
    Client().get("/api/openapi.json")
    monkeypatch.setattr("campaign_studio.api.schema.making.make", lambda _language: 1 / 0)

    for query in ("", "?lang=en-gb", "?lang=xx", "?version=1"):
        assert Client().get(f"/api/openapi.json{query}").status_code == 200


def test_the_docs_need_neither_token_nor_database() -> None:
    for page in [*PAGES, "/api/openapi.json"]:
        assert Client().get(page, HTTP_AUTHORIZATION="Bearer nonsense").status_code == 200
