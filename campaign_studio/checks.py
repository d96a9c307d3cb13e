"""System checks of the settings, each with an id and a hint."""

import ipaddress
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import ERROR, CheckMessage, Error, register, run_checks
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext as _

from campaign_studio.rate_limits import PERIODS, rate

# The tag of checks that read nothing but settings, in this module and in those of the apps.
SETTINGS = "settings"


def refuse_wrong_settings() -> None:
    """Raise ImproperlyConfigured with all errors in the settings. Servers call it; `manage.py` runs checks itself."""
    errors = [error for error in run_checks(tags=[SETTINGS]) if error.level >= ERROR]
    if errors:
        raise ImproperlyConfigured(" ".join(f"{error.msg} {error.hint}" for error in errors))


@register(SETTINGS)
def trusted_proxies(**kwargs: object) -> list[CheckMessage]:
    """`TRUSTED_PROXIES` lists IP addresses and networks, but not every address."""
    errors: list[CheckMessage] = []
    for proxy in settings.TRUSTED_PROXIES:
        try:
            includes_everyone = ipaddress.ip_network(proxy, strict=False).prefixlen == 0
        except ValueError:
            message = _("TRUSTED_PROXIES contains “%(value)s”, which is not an IP address or network.")
        else:
            if not includes_everyone:
                continue
            message = _("TRUSTED_PROXIES contains “%(value)s”, which is everyone: any client could forge its address.")
        hint = _("Set it to IP addresses or networks, separated by commas: 10.0.0.5,192.168.0.0/24")
        errors.append(Error(message % {"value": proxy}, hint=hint, id="campaign_studio.E001"))
    return errors


@register(SETTINGS)
def cors_origins(**kwargs: object) -> list[CheckMessage]:
    """`CORS_ORIGINS` lists origins: a scheme and a host, optionally a port, and no path."""
    return [
        Error(
            _("CORS_ORIGINS contains “%(value)s”, which is not an origin.") % {"value": origin},
            hint=_('Write the scheme and the host without a path: ["https://app.example.com"]'),
            id="campaign_studio.E002",
        )
        for origin in settings.CORS_ALLOWED_ORIGINS
        if urlsplit(origin).scheme not in {"http", "https"} or urlsplit(origin).path or not urlsplit(origin).netloc
    ]


@register(SETTINGS)
def token_lifetimes(**kwargs: object) -> list[CheckMessage]:
    """`ACCESS_TOKEN_EXPIRE_MINUTES` and `REFRESH_TOKEN_EXPIRE_DAYS` are above 0."""
    return [
        Error(
            _("%(setting)s is %(value)s.") % {"setting": name, "value": getattr(settings, name)},
            hint=_("Set it to a number above 0."),
            id="campaign_studio.E003",
        )
        for name in ("ACCESS_TOKEN_EXPIRE_MINUTES", "REFRESH_TOKEN_EXPIRE_DAYS")
        if getattr(settings, name) <= 0
    ]


@register(SETTINGS)
def rate_limits(**kwargs: object) -> list[CheckMessage]:
    """`THROTTLE_ANON`, `THROTTLE_USER`, `THROTTLE_CONSOLE` and `THROTTLE_DEVICE` are rates such as `100/min`."""
    errors: list[CheckMessage] = []
    for name in ("THROTTLE_ANON", "THROTTLE_USER", "THROTTLE_CONSOLE", "THROTTLE_DEVICE"):
        try:
            rate(getattr(settings, name))
        except ValueError:
            errors.append(
                Error(
                    _("%(setting)s is “%(value)s”, which is not a rate.")
                    % {"setting": name, "value": getattr(settings, name)},
                    hint=_("Write a number, a slash and one of %(periods)s: 100/min") % {"periods": ", ".join(PERIODS)},
                    id="campaign_studio.E004",
                )
            )
    return errors
