"""Settings that are wrong are found at start, with an id and a hint."""

from typing import Any

import pytest
from django.core.checks import run_checks


def found(prefix: str = "campaign_studio.") -> list[tuple[str, str]]:
    """The ids and hints of our own findings."""
    return [(str(one.id), str(one.hint)) for one in run_checks() if str(one.id).startswith(prefix)]


def test_the_settings_as_they_come_are_right() -> None:
    assert [one for one in run_checks() if not one.is_silenced()] == []


@pytest.mark.parametrize("proxies", [["10.0.0.5"], ["10.0.0.0/8", "2001:db8::/32"], ["10.0.0.5/24"], []], ids=str)
def test_addresses_and_networks_are_proxies(proxies: list[str], settings: Any) -> None:
    settings.TRUSTED_PROXIES = proxies

    assert found() == []


def test_each_proxy_that_is_none_is_named(settings: Any) -> None:
    settings.TRUSTED_PROXIES = ["10.0.0.5", "proxy.local", "10.0.0.0/33"]

    assert (
        found()
        == [("campaign_studio.E001", "Write addresses or networks, comma-separated: 10.0.0.5,192.168.0.0/24")] * 2
    )


@pytest.mark.parametrize(
    "origin", ["app.example.com", "https://app.example.com/", "https://app.example.com/x", "ftp://a.example", "*", ""]
)
def test_an_origin_that_is_none_is_named(origin: str, settings: Any) -> None:
    settings.CORS_ALLOWED_ORIGINS = ["https://app.example.com", origin]

    assert found() == [("campaign_studio.E002", 'Write scheme and host without a path: ["https://app.example.com"]')]


@pytest.mark.parametrize("name", ["ACCESS_TOKEN_EXPIRE_MINUTES", "REFRESH_TOKEN_EXPIRE_DAYS"])
@pytest.mark.parametrize("value", [0, -1])
def test_a_token_that_lives_no_time_is_named(name: str, value: int, settings: Any) -> None:
    setattr(settings, name, value)

    assert found() == [("campaign_studio.E003", "Set a number above 0.")]
