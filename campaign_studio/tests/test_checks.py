"""System checks find wrong settings at start, with an id and a hint."""

import runpy
from typing import Any

import pytest
from django.core.checks import run_checks
from django.core.checks.registry import registry
from django.core.exceptions import ImproperlyConfigured

from campaign_studio.checks import SETTINGS
from campaign_studio.tests.shape import LAYERS, ROOT


def found(prefix: str = "campaign_studio.") -> list[tuple[str, str]]:
    """The ids and hints of the project's own checks."""
    return [(str(one.id), str(one.hint)) for one in run_checks() if str(one.id).startswith(prefix)]


def test_the_default_settings_pass_every_check() -> None:
    assert [one for one in run_checks() if not one.is_silenced()] == []


@pytest.mark.parametrize("proxies", [["10.0.0.5"], ["10.0.0.0/8", "2001:db8::/32"], ["10.0.0.5/24"], []], ids=str)
def test_ip_addresses_and_networks_are_accepted_as_proxies(proxies: list[str], settings: Any) -> None:
    settings.TRUSTED_PROXIES = proxies

    assert found() == []


def test_each_wrong_proxy_is_reported(settings: Any) -> None:
    settings.TRUSTED_PROXIES = ["10.0.0.5", "proxy.local", "10.0.0.0/33", "0.0.0.0/0", "::/0"]

    assert (
        found()
        == [
            ("campaign_studio.E001", "Set it to IP addresses or networks, separated by commas: 10.0.0.5,192.168.0.0/24")
        ]
        * 4
    )


@pytest.mark.parametrize(
    "origin", ["app.example.com", "https://app.example.com/", "https://app.example.com/x", "ftp://a.example", "*", ""]
)
def test_a_wrong_origin_is_reported(origin: str, settings: Any) -> None:
    settings.CORS_ALLOWED_ORIGINS = ["https://app.example.com", origin]

    assert found() == [
        ("campaign_studio.E002", 'Write the scheme and the host without a path: ["https://app.example.com"]')
    ]


@pytest.mark.parametrize("name", ["ACCESS_TOKEN_EXPIRE_MINUTES", "REFRESH_TOKEN_EXPIRE_DAYS"])
@pytest.mark.parametrize("value", [0, -1])
def test_a_token_lifetime_of_zero_is_reported(name: str, value: int, settings: Any) -> None:
    setattr(settings, name, value)

    assert found() == [("campaign_studio.E003", "Set it to a number above 0.")]


@pytest.mark.parametrize("name", ["THROTTLE_ANON", "THROTTLE_USER", "THROTTLE_CONSOLE", "THROTTLE_DEVICE"])
def test_a_wrong_rate_is_reported(name: str, settings: Any) -> None:
    setattr(settings, name, "many")

    wrong = [one for one in run_checks() if one.id == "campaign_studio.E004"]
    assert [one.msg for one in wrong] == [f"{name} is “many”, which is not a rate."]
    assert found() == [
        (
            "campaign_studio.E004",
            "Write a number, a slash and one of sec, second, min, minute, hour, day: 100/min",
        )
    ]


@pytest.mark.parametrize("roles", [["user"], ["system_admin", "guest"]])
def test_a_server_refuses_to_start_with_wrong_settings(roles: list[str], settings: Any) -> None:
    settings.TWO_FACTOR_ROLES = roles

    with pytest.raises(ImproperlyConfigured, match=f"TWO_FACTOR_ROLES contains “{roles[-1]}”.*Use only roles with"):
        runpy.run_path(str(ROOT / "campaign_studio" / "wsgi.py"))


def test_a_server_checks_all_of_our_settings() -> None:
    ours = [check for check in registry.get_checks() if check.__module__.split(".")[0] in LAYERS]

    assert [check.__module__ for check in ours if SETTINGS not in check.tags] == []
