"""Which PostgreSQL this process talks to.

`DATABASE_URL`, or `DATABASE_HOST/PORT/NAME/USER/PASSWORD`, name a server of yours (PostgreSQL 15 or newer).
With neither, a real PostgreSQL that ships inside a Python package runs under `DATA_DIR`. Nothing else in the project
knows which of the two it is.
"""

from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

from campaign_studio.database.timeouts import A_DAY, time_limits
from campaign_studio.embedded.server import NAME
from campaign_studio.env import whole_number

STARTING_ENGINE = "campaign_studio.embedded.backend"
REQUIRED_PARTS = ("DATABASE_HOST", "DATABASE_NAME", "DATABASE_USER", "DATABASE_PASSWORD")
URL_EXAMPLE = "e.g. postgresql://user:password@host:5432/name"
# PostgreSQL would compile statements with many conditions for seconds, to save milliseconds.
NO_JIT = "-c jit=off"


def configuration(env: environ.Env, data_dir: Path) -> dict[str, Any]:
    """Return Django's `DATABASES["default"]` for this environment.

    Raises ImproperlyConfigured when `DATABASE_URL` is not PostgreSQL, those parts are incomplete, or a limit is no
    usable number.
    """
    if env.str("DATABASE_URL", default=""):
        try:
            config = dict(env.db("DATABASE_URL"))
        except ValueError as error:
            raise ImproperlyConfigured(f"DATABASE_URL can't be read: {error}. {URL_EXAMPLE}") from error
        if config.get("ENGINE") != "django.db.backends.postgresql":
            raise ImproperlyConfigured(f"DATABASE_URL must name a PostgreSQL database, {URL_EXAMPLE}")
    elif env.str("DATABASE_HOST", default=""):
        missing = [part for part in REQUIRED_PARTS if part not in env.ENVIRON]
        if missing:
            raise ImproperlyConfigured(f"DATABASE_HOST is set; set {', '.join(missing)} too, or DATABASE_URL instead.")
        config = {
            "ENGINE": "django.db.backends.postgresql",
            "HOST": env.str("DATABASE_HOST"),
            "PORT": whole_number(env, "DATABASE_PORT", default=5432),
            "NAME": env.str("DATABASE_NAME"),
            "USER": env.str("DATABASE_USER"),
            "PASSWORD": env.str("DATABASE_PASSWORD"),
        }
    else:
        config = {
            "ENGINE": STARTING_ENGINE,
            "HOST": str(data_dir / "postgres"),
            "NAME": NAME,
            "USER": "postgres",
        }
    # A kept pool is the largest gain per line; it replaces CONN_MAX_AGE.
    config["CONN_MAX_AGE"] = 0
    config["CONN_HEALTH_CHECKS"] = True
    options = config.setdefault("OPTIONS", {})
    options.setdefault("pool", _pool(env))
    options.setdefault("connect_timeout", 5)
    # What the URL says comes last, and wins.
    options["options"] = f"{NO_JIT} {time_limits(env)} {options.get('options', '')}".strip()
    return config


def _pool(env: environ.Env) -> dict[str, int]:
    """How many connections a process keeps, and how many seconds a request waits for one before it is told to retry."""
    patience = whole_number(env, "DATABASE_POOL_TIMEOUT", default=5, within=range(1, A_DAY))
    return {
        "min_size": 1,
        "max_size": whole_number(env, "DATABASE_POOL_SIZE", default=20, within=range(1, 1001)),
        "timeout": patience,
        # Then the next request has it try at once. By itself it would pause longer and longer, for minutes.
        "reconnect_timeout": patience,
    }
