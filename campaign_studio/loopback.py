"""Whether DEBUG stays on this computer: error pages show source and settings, and the example keys are accepted."""

import re
from collections.abc import Iterable

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from campaign_studio.addresses import parsed


def is_loopback(host: str) -> bool:
    """Whether this is an IP address or a name of this computer itself (RFC 6761, section 6.3), such as `localhost`."""
    name = host.strip().strip("[]").rstrip(".").lower()
    address = parsed(name)
    return address.is_loopback if address else name == "localhost" or name.endswith(".localhost")


def beyond_this_computer() -> list[str]:
    """What in the settings reaches beyond this computer, such as `ALLOWED_HOSTS contains “*”`."""
    found = [f"ALLOWED_HOSTS contains “{host}”" for host in settings.ALLOWED_HOSTS if not is_loopback(host)]
    return found + [f"the database is on “{host}”" for host in _database_hosts() if not is_loopback(host)]


def _database_hosts() -> Iterable[str]:
    """The hosts in the database's settings. A path is a socket of this computer, and so is an empty name."""
    database = settings.DATABASES["default"]
    options = database.get("OPTIONS", {})
    named = [database.get("HOST"), options.get("host"), options.get("hostaddr")]
    hosts = re.split(r"[,\s]+", ",".join(str(host) for host in named if host))
    return [host for host in hosts if host and not host.startswith(("/", "@"))]


def refuse_debug_beyond_this_computer() -> None:
    """Raise ImproperlyConfigured under DEBUG if the settings reach beyond this computer. For the start of a server."""
    if settings.DEBUG and (found := beyond_this_computer()):
        raise ImproperlyConfigured(
            f"DEBUG is true, but {' and '.join(found)}. DEBUG shows the code and settings to every visitor. "
            "Set DEBUG=false, or use this computer only."
        )
