"""The PostgreSQL server that this process uses.

`DATABASE_URL`, or `DATABASE_HOST/PORT/NAME/USER/PASSWORD`, name your own server (PostgreSQL 15 or newer). Without
them, a PostgreSQL from a Python package runs under `DATA_DIR`. The rest of the project works the same with either.
"""

from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

from campaign_studio.database.timeouts import A_DAY, time_limits
from campaign_studio.embedded.roles import NAME
from campaign_studio.env import whole_number

ENGINE = "campaign_studio.database.backend"
STARTING_ENGINE = "campaign_studio.embedded.backend"
REQUIRED_PARTS = ("DATABASE_HOST", "DATABASE_NAME", "DATABASE_USER", "DATABASE_PASSWORD")
URL_EXAMPLE = "such as postgresql://user:password@host:5432/name"
# JIT would spend seconds compiling statements with many conditions, to save milliseconds.
NO_JIT = "-c jit=off"


def configuration(env: environ.Env, data_dir: Path) -> dict[str, Any]:
    """Django's `DATABASES["default"]` for this environment.

    Raises ImproperlyConfigured if `DATABASE_URL` is not PostgreSQL, parts are missing, or a limit is out of range.
    """
    if env.str("DATABASE_URL", default=""):
        try:
            config = dict(env.db("DATABASE_URL"))
        except ValueError as error:
            raise ImproperlyConfigured(f"DATABASE_URL can't be parsed: {error}. Use a URL {URL_EXAMPLE}") from error
        if config.get("ENGINE") != "django.db.backends.postgresql":
            raise ImproperlyConfigured(f"DATABASE_URL must name a PostgreSQL database, {URL_EXAMPLE}")
        config["ENGINE"] = ENGINE
    elif env.str("DATABASE_HOST", default=""):
        missing = [part for part in REQUIRED_PARTS if part not in env.ENVIRON]
        if missing:
            raise ImproperlyConfigured(
                f"DATABASE_HOST is set. Also set {', '.join(missing)}, or use DATABASE_URL instead."
            )
        config = {
            "ENGINE": ENGINE,
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
            "USER": NAME,
        }
    # The pool replaces CONN_MAX_AGE.
    config["CONN_MAX_AGE"] = 0
    config["CONN_HEALTH_CHECKS"] = True
    options = config.setdefault("OPTIONS", {})
    options.setdefault("pool", _pool(env))
    options.setdefault("connect_timeout", 5)
    # Read by `campaign_studio/database/prepared.py`.
    config["PREPARED_STATEMENTS"] = env.bool("DATABASE_PREPARED_STATEMENTS", default=True)
    # The URL's options come last and take precedence.
    options["options"] = f"{NO_JIT} {time_limits(env)} {options.get('options', '')}".strip()
    return config


def _pool(env: environ.Env) -> dict[str, int]:
    """The size of the pool of each process, and how many seconds a request waits for a connection before the 503."""
    patience = whole_number(env, "DATABASE_POOL_TIMEOUT", default=5, within=range(1, A_DAY))
    return {
        "min_size": 1,
        "max_size": whole_number(env, "DATABASE_POOL_SIZE", default=20, within=range(1, 1001)),
        "timeout": patience,
        # Stop reconnecting after the same time. The next request then tries again at once, whereas the pool would wait
        # longer after each attempt.
        "reconnect_timeout": patience,
    }
