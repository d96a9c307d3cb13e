"""Bodies with `Content-Encoding: gzip`: the limits hold for what they contain, and bombs take no memory."""

import gzip
import json
import tracemalloc
import zlib
from typing import Any

import pytest

from accounts.tests.factories import Cast
from campaign_studio.api.parsers import LARGE
from campaign_studio.tests import bodies
from campaign_studio.tests.attackers import client_of
from campaigns.models import Campaign

pytestmark = pytest.mark.django_db


def post(cast: Cast, body: bytes, encoding: str, address: str = "/api/campaigns") -> Any:
    client: Any = client_of(cast, "campaign_manager")
    return client.generic(
        "POST", address, body, content_type="application/json", headers={"Content-Encoding": encoding}
    )


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", "x-gzip", " gzip "])
def test_a_compressed_body_is_read(cast: Cast, encoding: str) -> None:
    answer = post(cast, gzip.compress(json.dumps(bodies.campaign_body(campaign_name="Small")).encode()), encoding)

    assert answer.status_code == 201, answer.content
    assert Campaign.objects.get().campaign_name == "Small"


def test_identity_is_the_body_itself(cast: Cast) -> None:
    assert post(cast, json.dumps(bodies.campaign_body()).encode(), "identity").status_code == 201


@pytest.mark.parametrize("encoding", ["br", "deflate", "gzip, gzip", "zstd", "x" * 3000])
def test_another_encoding_is_refused(cast: Cast, encoding: str) -> None:
    answer = post(cast, gzip.compress(json.dumps(bodies.campaign_body()).encode()), encoding)

    assert answer.status_code == 415
    assert answer["Accept-Encoding"] == "gzip"
    assert len(answer.content) < 500
    assert not Campaign.objects.exists()


GOOD = gzip.compress(json.dumps({"campaign_name": "x"}).encode())


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"{}", id="not compressed"),
        pytest.param(GOOD[:-4], id="cut off"),
        pytest.param(GOOD[:-8] + b"\x00" * 8, id="wrong checksum"),
        pytest.param(GOOD + GOOD, id="two parts"),
        pytest.param(GOOD + b"{}", id="with a tail"),
        pytest.param(zlib.compress(b"{}"), id="zlib"),
    ],
)
def test_what_is_not_gzip_is_refused(cast: Cast, body: bytes) -> None:
    answer = post(cast, body, "gzip")

    assert (answer.status_code, list(answer.json())) == (400, ["detail"])


@pytest.mark.parametrize("factor", [1, 100])
def test_a_bomb_is_refused_without_being_inflated(cast: Cast, factor: int) -> None:
    bomb = gzip.compress(b" " * (LARGE.size * factor + 1), compresslevel=1)
    assert len(bomb) < LARGE.size
    client_of(cast, "campaign_manager")

    tracemalloc.start()
    try:
        answer = post(cast, bomb, "gzip")
        _size, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert answer.status_code == 413
    # What was inflated, its copy, and the body.
    assert peak < 4 * LARGE.size


def test_the_limit_without_a_token_holds_for_what_a_body_contains(cast: Cast, client: Any) -> None:
    body = gzip.compress(b'{"username": "' + b"x" * 70_000 + b'"}')
    assert len(body) < 1_000

    answer = client.generic(
        "POST", "/api/auth/login", body, content_type="application/json", headers={"Content-Encoding": "gzip"}
    )

    assert answer.status_code == 413
