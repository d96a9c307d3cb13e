"""What a fresh checkout lacks: an `.env` with keys of its own. Used by `manage.py demo` before settings load."""

import os
import secrets
from pathlib import Path

ENV_FILE = Path(__file__).resolve().parent.parent / ".env"

TEMPLATE = """\
# Written by the first `manage.py demo`: a development set-up with keys of its own.
# Every variable is explained in .env.example.
DEBUG=true
SECRET_KEY={secret_key}
ENCRYPTION_KEY={encryption_key}
"""


def ensure_development_env(path: Path = ENV_FILE) -> bool:
    """Write a development `.env` at `path` unless one exists or the environment already configures the keys.

    Returns whether a file was written. The file is readable by its owner alone.
    """
    if path.exists() or "SECRET_KEY" in os.environ:
        return False
    content = TEMPLATE.format(secret_key=secrets.token_urlsafe(48), encryption_key=secrets.token_urlsafe(48))
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(content)
    return True
