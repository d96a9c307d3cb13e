"""Settings that are wrong, found at start with an id and a hint."""

import ipaddress
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from campaign_studio.rate_limits import rate


@register()
def trusted_proxies(**kwargs: object) -> list[CheckMessage]:
    """`TRUSTED_PROXIES` holds addresses or networks."""
    errors: list[CheckMessage] = []
    for proxy in settings.TRUSTED_PROXIES:
        try:
            ipaddress.ip_network(proxy, strict=False)
        except ValueError:
            errors.append(
                Error(
                    f"TRUSTED_PROXIES names {proxy!r}, which is no address or network.",
                    hint="Write addresses or networks, comma-separated: 10.0.0.5,192.168.0.0/24",
                    id="campaign_studio.E001",
                )
            )
    return errors


@register()
def cors_origins(**kwargs: object) -> list[CheckMessage]:
    """`CORS_ORIGINS` holds origins: scheme, host, perhaps a port, and no path."""
    return [
        Error(
            f"CORS_ORIGINS names {origin!r}, which is no origin.",
            hint='Write scheme and host without a path: ["https://app.example.com"]',
            id="campaign_studio.E002",
        )
        for origin in settings.CORS_ALLOWED_ORIGINS
        if urlsplit(origin).scheme not in {"http", "https"} or urlsplit(origin).path or not urlsplit(origin).netloc
    ]


@register()
def token_lifetimes(**kwargs: object) -> list[CheckMessage]:
    """Tokens live for a positive time."""
    return [
        Error(f"{name} is {getattr(settings, name)}.", hint="Set a number above 0.", id="campaign_studio.E003")
        for name in ("ACCESS_TOKEN_EXPIRE_MINUTES", "REFRESH_TOKEN_EXPIRE_DAYS")
        if getattr(settings, name) <= 0
    ]


@register()
def rate_limits(**kwargs: object) -> list[CheckMessage]:
    """Rate limits can be read."""
    errors: list[CheckMessage] = []
    for name in ("THROTTLE_ANON", "THROTTLE_USER"):
        try:
            rate(getattr(settings, name))
        except ValueError as error:
            errors.append(Error(f"{name}: {error}", id="campaign_studio.E004"))
    return errors
