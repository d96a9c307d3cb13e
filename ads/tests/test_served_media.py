"""Uploaded files as viewers get them: what the headers promise, ranges, and who may."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import User
from accounts.tests.factories import Cast
from ads.models import MediaFile
from ads.tests.test_uploads import KINDS
from ads.tests.uploads import film, picture, upload

ClientFor = Callable[[User | None], APIClient]
YEAR = "public, max-age=31536000, immutable"


@pytest.fixture
def path(cast: Cast, client_for: ClientFor) -> str:
    """The path of an uploaded film."""
    return path_of(client_for(cast.owner), film())


def path_of(client: Any, content: bytes) -> str:
    """The path of a file that this client uploads."""
    return str(upload(client, content)["Location"].removeprefix("https://studio.example.com"))


@pytest.mark.django_db
@pytest.mark.parametrize("extension", KINDS)
def test_a_file_is_served_to_everyone_as_what_it_is(extension: str, cast: Cast, client_for: ClientFor) -> None:
    found = upload(client_for(cast.owner), KINDS[extension][0], name="evil.html", kind="text/html").json()

    answer = Client().get(found["media_url"].removeprefix("https://studio.example.com"))

    assert answer.status_code == 200
    assert len(answer.getvalue()) == found["bytes"] == int(answer["Content-Length"])
    assert answer["Content-Type"] == KINDS[extension][2]
    assert answer["X-Content-Type-Options"] == "nosniff"
    policy = "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; sandbox"
    assert answer["Content-Security-Policy"] == policy
    assert answer["Access-Control-Allow-Origin"] == "*"
    assert answer["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert answer["Cache-Control"] == YEAR
    assert answer["ETag"] == f'"{MediaFile.objects.get().content_hash}"'
    # One copy is for everyone, whatever they send.
    assert "Vary" not in answer
    assert not answer.cookies


def test_a_file_is_served_without_the_database_and_without_a_limit(
    path: str, cast: Cast, django_assert_num_queries: Any, settings: Any
) -> None:
    signed_in = Client()
    signed_in.force_login(cast.owner)
    settings.THROTTLE_ANON = settings.THROTTLE_CONSOLE = "1/min"

    with django_assert_num_queries(0):
        for client in (signed_in, Client(), Client()):
            assert client.get(path).getvalue()
            assert client.get(path.replace(path[10], "x")).status_code == 404


def test_a_client_that_has_the_file_gets_it_no_more(path: str) -> None:
    tag = Client().head(path)["ETag"]
    for sent, status in ((tag, 304), (f"W/{tag}", 304), ('"other"', 200), (f'"other", {tag}', 304), ("*", 304)):
        answer = Client().get(path, HTTP_IF_NONE_MATCH=sent)
        answer.close()
        assert (answer.status_code, answer["Cache-Control"], answer["ETag"]) == (status, YEAR, tag)


# `{all}` bytes are in the file.
RANGES = {
    "bytes=0-": (206, 0, None),
    "bytes=0-0": (206, 0, 1),
    "bytes=10-19": (206, 10, 20),
    "bytes=10-99999999": (206, 10, None),
    "bytes=-5": (206, -5, None),
    "bytes=-99999999": (206, 0, None),
    "bytes=99999999-": (416, 0, 0),
    "bytes=-0": (416, 0, 0),
    "bytes=20-10": (200, 0, None),
    "bytes=-": (200, 0, None),
    "bytes=0-1,3-4": (200, 0, None),
    "bytes=" + "9" * 400 + "-": (200, 0, None),
    "lines=0-1": (200, 0, None),
    "bytes=٣-٤": (200, 0, None),
}


@pytest.mark.parametrize("asked", RANGES)
def test_players_get_the_range_that_they_ask_for(asked: str, path: str) -> None:
    status, start, stop = RANGES[asked]
    whole = Client().get(path).getvalue()

    answer = Client().get(path, HTTP_RANGE=asked)

    content = answer.getvalue()
    assert (answer.status_code, content) == (status, whole[start:stop])
    assert answer["Content-Length"] == str(len(content))
    if status == 206:
        first = len(whole) + start if start < 0 else start
        assert answer["Content-Range"] == f"bytes {first}-{first + len(content) - 1}/{len(whole)}"
    if status == 416:
        assert answer["Content-Range"] == f"bytes */{len(whole)}"
        assert "Cache-Control" not in answer


@pytest.mark.parametrize(
    "name",
    [
        "0" * 64 + ".png",
        *["../settings.py", "%2e%2e/x.png", "thumbnails/", "", "x.png"],
        *["0" * 64 + ".html", "0" * 64, "0" * 63 + ".png", "A" * 64 + ".png", "0" * 64 + ".png/", "0" * 64 + ".png%0a"],
    ],
)
@pytest.mark.django_db
def test_there_is_nothing_else(name: str) -> None:
    answer = Client().get(f"/media/{name}")

    assert answer.status_code == 404
    assert "Cache-Control" not in answer


def test_a_file_is_only_read(path: str) -> None:
    assert Client().head(path).status_code == 200
    for method in ("post", "put", "patch", "delete"):
        assert getattr(Client(), method)(path).status_code == 405
    assert Client().get(path).getvalue()


def test_the_type_in_the_url_must_be_that_of_the_file(cast: Cast, client_for: ClientFor) -> None:
    path = path_of(client_for(cast.owner), picture())

    assert Client().get(path.replace(".png", ".mp4")).status_code == 404
