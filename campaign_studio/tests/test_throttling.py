"""Rate limits are counted before permissions are checked, reported in headers and shared through the cache."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import time_machine
from django.conf import settings as django_settings
from django.core.cache import cache
from django.core.checks import run_checks
from django.db import connection
from django.test import Client, override_settings
from redis import Redis
from redis.exceptions import RedisError
from rest_framework.test import APIClient

from accounts.models import SecurityEvent
from accounts.tests.factories import UserFactory
from campaign_studio.rate_limits import Rate, rate
from campaign_studio.tests.bodies import bearing, tokens_of
from campaign_studio.tests.servers import running, send

pytestmark = pytest.mark.django_db

REDIS = "redis://127.0.0.1:6379/9"
HEADERS = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")


@pytest.fixture(autouse=True)
def _limits(settings: Any) -> Iterator[None]:
    settings.THROTTLE_ANON, settings.THROTTLE_USER = "3/min", "5/hour"
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def noon() -> Iterator[None]:
    with time_machine.travel("2026-11-22T12:00:10Z", tick=False):
        yield


def ask(client: APIClient, address: str = "/api/roles") -> tuple[int, list[str | None]]:
    answer = client.get(address)
    return answer.status_code, [answer.headers.get(name) for name in HEADERS]


@pytest.mark.usefixtures("noon")
def test_a_refused_request_without_a_token_is_counted_by_ip_address() -> None:
    reset = "1795348860"
    answers = [ask(APIClient()) for _ in range(4)]

    assert answers == [(401, ["3", left, reset]) for left in "210"] + [(429, ["3", "0", reset])]


@pytest.mark.usefixtures("noon")
def test_a_throttled_client_learns_when_to_retry() -> None:
    for _ in range(3):
        ask(APIClient())
    answer = APIClient().get("/api/roles")

    assert answer["Retry-After"] == "50"
    assert answer.json() == {"detail": "Request was throttled. Expected available in 50 seconds."}
    with time_machine.travel("2026-11-22T12:01:00Z", tick=False):
        assert ask(APIClient())[0] == 401


@pytest.mark.usefixtures("noon")
def test_a_user_is_counted_across_tokens_and_ip_addresses() -> None:
    user = UserFactory()
    answers = [ask(bearing(tokens_of(user)["access_token"], REMOTE_ADDR=f"192.0.2.{one}"))[0] for one in range(6)]

    assert answers == [200] * 5 + [429]
    assert ask(bearing(tokens_of(UserFactory())["access_token"]))[0] == 200


@pytest.mark.usefixtures("noon")
def test_a_request_with_a_bad_token_counts_by_ip_address() -> None:
    assert [ask(bearing("nonsense"))[0] for _ in range(4)] == [401, 401, 401, 429]


@pytest.mark.usefixtures("noon")
@pytest.mark.parametrize(
    "address", ["register", "login", "refresh", "password/reset", "password/reset/confirm", "email/confirm"]
)
def test_public_urls_are_limited(address: str) -> None:
    answers = [APIClient().post(f"/api/auth/{address}", {}).status_code for _ in range(4)]

    assert answers == [400, 400, 400, 429]


@pytest.mark.usefixtures("noon")
def test_forged_forwarding_headers_do_not_evade_the_limit() -> None:
    answers = [APIClient(HTTP_X_FORWARDED_FOR=f"198.51.100.{one}").get("/api/roles").status_code for one in range(4)]

    assert answers == [401, 401, 401, 429]


@pytest.mark.usefixtures("noon")
def test_behind_a_trusted_proxy_each_client_is_counted_separately(settings: Any) -> None:
    settings.TRUSTED_PROXIES = ["127.0.0.1"]
    answers = [APIClient(HTTP_X_FORWARDED_FOR=f"198.51.100.{one}").get("/api/roles").status_code for one in range(4)]

    assert answers == [401] * 4


@pytest.mark.usefixtures("noon")
def test_console_sign_ins_are_limited_by_ip_address() -> None:
    answers = [Client().post("/admin/login/", {"username": f"n{one}", "password": "x"}) for one in range(4)]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[-1]["Retry-After"] == "50"
    assert "Reload this page in 50 seconds." in answers[-1].content.decode()


@pytest.mark.usefixtures("noon")
def test_an_ipv6_network_of_64_bits_counts_as_one_address() -> None:
    addresses = [*(f"2001:db8:1:1::{one}" for one in range(5)), "2001:db8:1:2::1"]
    answers = [APIClient(REMOTE_ADDR=address).get("/api/roles").status_code for address in addresses]

    assert answers == [401, 401, 401, 429, 429, 401]


@pytest.mark.usefixtures("noon")
def test_an_ipv6_network_of_48_bits_may_send_sixteen_times_as_many(settings: Any) -> None:
    settings.THROTTLE_ANON = "1/min"
    answers = [APIClient(REMOTE_ADDR=f"2001:db8:1:{one}::1").get("/api/roles") for one in range(20)]

    assert [answer.status_code for answer in answers] == [401] * 16 + [429] * 4
    assert answers[-1]["X-RateLimit-Limit"] == "16"
    assert APIClient(REMOTE_ADDR="2001:db8:2::1").get("/api/roles").status_code == 401


@pytest.mark.usefixtures("noon")
def test_console_sign_ins_are_limited_by_ipv6_network() -> None:
    answers = [
        Client(REMOTE_ADDR=f"2001:db8::{one}").post("/admin/login/", {"username": f"n{one}", "password": "x"})
        for one in range(4)
    ]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]


def test_monitoring_is_not_limited() -> None:
    assert {ask(APIClient(), "/api/health")[0] for _ in range(10)} == {200}


def roles_without_a_token() -> int:
    """The status of one request, sent from a thread of its own."""
    try:
        return APIClient().get("/api/roles").status_code
    finally:
        connection.close()


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("noon")
def test_the_limit_applies_across_threads(settings: Any) -> None:
    settings.THROTTLE_ANON = "50/min"

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: roles_without_a_token(), range(200)))

    assert answers.count(401) == 50
    assert answers.count(429) == 150


def test_without_a_cache_requests_are_answered_and_not_limited() -> None:
    gone = {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://127.0.0.1:1"}
    with override_settings(CACHES={"default": gone}):
        assert [ask(APIClient())[0] for _ in range(5)] == [401] * 5


@pytest.mark.parametrize(
    ("text", "meant"), [("100/min", Rate(100, 60)), ("1000/hour", Rate(1000, 3600)), ("1/sec", Rate(1, 1))]
)
def test_a_rate_is_parsed(text: str, meant: Rate) -> None:
    assert rate(text) == meant


@pytest.mark.parametrize("text", ["", "100", "100/", "/min", "0/min", "-1/min", "x/min", "10/fortnight", "1.5/min"])
def test_an_invalid_rate_is_refused_at_start(text: str, settings: Any) -> None:
    settings.THROTTLE_ANON = text

    assert "campaign_studio.E004" in [error.id for error in run_checks()]


def redis_answers() -> bool:
    try:
        return bool(Redis.from_url(REDIS, socket_connect_timeout=1).ping())
    except RedisError:
        return False


@pytest.fixture
def two_servers() -> Iterator[list[str]]:
    """The URLs of two server processes that share one Redis."""
    forget_counts()
    # Without DEBUG, which would refuse every other computer.
    environment = {"DEBUG": "false", "SECURE_SSL_REDIRECT": "false", "PUBLIC_URL": django_settings.PUBLIC_URL}
    limits = {"THROTTLE_ANON": "20/day", "CACHE_URL": REDIS, "TRUSTED_PROXIES": "127.0.0.1"}
    with running(2, **environment, **limits) as servers:
        yield servers
    forget_counts()


def forget_counts() -> None:
    client = Redis.from_url(REDIS)
    for counted in ("rate:address", "refused:429:address"):
        for address in ("127.0.0.1", "2001:db8:"):
            for key in client.scan_iter(f"*{counted}:{address}*"):
                client.delete(key)


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(not redis_answers(), reason="No Redis on 127.0.0.1:6379.")
def test_two_server_processes_with_one_redis_count_together(two_servers: list[str]) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda one: send("GET", f"{two_servers[one % 2]}/api/roles").status, range(60)))

    assert answers.count(401) == 20
    assert answers.count(429) == 40
    # Refusals are counted together too.
    assert SecurityEvent.objects.count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(not redis_answers(), reason="No Redis on 127.0.0.1:6379.")
def test_two_server_processes_count_an_ipv6_network_together(two_servers: list[str]) -> None:
    def ask_from(one: int) -> int:
        headers = {"X-Forwarded-For": f"2001:db8:1:1::{one}"}
        return send("GET", f"{two_servers[one % 2]}/api/roles", **headers).status

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask_from, range(60)))

    assert answers.count(401) == 20
    assert answers.count(429) == 40
