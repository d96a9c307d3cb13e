"""Reads numbers, URLs and a storage from the environment, and writes a `.env` for a fresh checkout."""

import os
import re
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

# A scheme, a host and perhaps a port. No user, path, query or fragment.
SITE = re.compile(r"(?:http|https)://(?:[A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")

ENV_FILE = Path(__file__).resolve().parent.parent / ".env"

TEMPLATE = """\
# Written by the first `manage.py demo`: a development setup with its own keys.
# Every variable is explained in .env.example.
DEBUG=true
SECRET_KEY={secret_key}
ENCRYPTION_KEY={encryption_key}
DELIVERY_KEYS={delivery_keys}
SEAL_KEYS={seal_keys}
"""


def ensure_development_env(path: Path = ENV_FILE) -> bool:
    """Write a development `.env` at `path`, unless one exists or the environment sets the keys.

    Returns whether a file was written. Only its owner can read it.
    """
    if path.exists() or "SECRET_KEY" in os.environ:
        return False
    names = ("secret_key", "encryption_key", "delivery_keys", "seal_keys")
    content = TEMPLATE.format(**{name: secrets.token_urlsafe(48) for name in names})
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(content)
    return True


def whole_number(env: environ.Env, variable: str, *, default: int, within: range | None = None) -> int:
    """The number in `variable`. Raises ImproperlyConfigured if it isn't a number, or isn't `within` the range."""
    try:
        number = int(env.int(variable, default=default))
    except ValueError as error:
        raise ImproperlyConfigured(f"{variable} must be a whole number, such as {default}.") from error
    if within is not None and number not in within:
        raise ImproperlyConfigured(f"{variable} must be a number from {within[0]} to {within[-1]}, such as {default}.")
    return number


def site_url(value: str, *, debug: bool) -> str:
    """The value of `PUBLIC_URL`, to which paths are appended. Raises ImproperlyConfigured if links to it can't work.

    A trailing slash is dropped. Plain HTTP is for development only.
    """
    hint = "Set it to the address at which users reach this installation, such as https://studio.example.com"
    if not value:
        raise ImproperlyConfigured(f"PUBLIC_URL is not set. {hint} (or set DEBUG=true on your own machine)")
    url = value.removesuffix("/")
    if not SITE.fullmatch(url):
        raise ImproperlyConfigured(f"PUBLIC_URL must be a scheme and a host, without a user, path or query. {hint}")
    if not debug and not url.startswith("https://"):
        raise ImproperlyConfigured(f"PUBLIC_URL must start with https://. {hint}")
    return url


def media_storage(url: str, folder: Path) -> dict[str, Any]:
    """The storage in `MEDIA_STORAGE_URL`, for `STORAGES`: `s3://KEY:SECRET@HOST/BUCKET/PREFIX?region=…`, or `folder`.

    Without a key, the usual places of AWS are searched for one; without a host, it is AWS itself. Raises
    ImproperlyConfigured.
    """
    if not url:
        # Names are hashes, so what is there already is the same, or was cut off by a crash.
        options: dict[str, Any] = {"location": folder, "allow_overwrite": True}
        return {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": options}
    hint = "Write it as s3://KEY:SECRET@HOST/BUCKET, such as s3://key:secret@s3.example.com/campaign-studio"
    parts, asked = urlsplit(url), dict(parse_qsl(urlsplit(url).query))
    bucket, _slash, prefix = parts.path.removeprefix("/").partition("/")
    if parts.scheme != "s3" or not bucket or not asked.keys() <= {"region", "tls"}:
        raise ImproperlyConfigured(f"MEDIA_STORAGE_URL isn't the URL of an S3-compatible storage. {hint}")
    # A large library, which isn't needed otherwise.
    from botocore.config import Config

    host = parts.netloc.rpartition("@")[2]
    scheme = "http" if asked.get("tls") == "false" else "https"
    options = {
        "bucket_name": bucket,
        "location": prefix,
        "access_key": unquote(parts.username or "") or None,
        "secret_key": unquote(parts.password or "") or None,
        "endpoint_url": f"{scheme}://{host}" if host else None,
        "region_name": asked.get("region"),
        "file_overwrite": True,
        # In seconds. A transaction waits for it.
        "client_config": Config(connect_timeout=3, read_timeout=10, retries={"max_attempts": 2}),
        # Larger files are read from the disk.
        "max_memory_size": 1024**2,
    }
    return {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options}
