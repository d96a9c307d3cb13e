"""A wrong configuration is refused at start in one line with a hint, and every variable is documented."""

import ast
import os
import re
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from django.conf import settings
from django.core.checks.registry import registry
from django.core.exceptions import ImproperlyConfigured
from django.core.files.storage import Storage, storages
from django.test import override_settings

from campaign_studio.database.configuration import REQUIRED_PARTS
from campaign_studio.loopback import beyond_this_computer
from campaign_studio.tests.shape import LAYERS

pytestmark = pytest.mark.any_database

ROOT = Path(__file__).resolve().parents[2]
KEY = "one-secret-of-more-than-fifty-characters-which-nobody-else-has"
OTHER_KEY = "another-secret-of-more-than-32-characters"
SITE = "https://studio.example.com"
SEAL_KEY = "a-third-secret-of-more-than-32-characters"
KEYS = {"SECRET_KEY": KEY, "ENCRYPTION_KEY": OTHER_KEY, "DELIVERY_KEYS": "d" * 48, "SEAL_KEYS": SEAL_KEY}
CONFIGURED = KEYS | {"PUBLIC_URL": SITE}
# The settings that the project's checks read.
CHECKED = [
    "AUDIT_HEADS",
    *["TRUSTED_PROXIES", "CORS_ALLOWED_ORIGINS", "ACCESS_TOKEN_EXPIRE_MINUTES", "REFRESH_TOKEN_EXPIRE_DAYS"],
    *[
        "THROTTLE_ANON",
        "THROTTLE_USER",
        "THROTTLE_CONSOLE",
        "THROTTLE_DEVICE",
        "TWO_FACTOR_ROLES",
        "LOGIN_FAILURE_LIMIT",
        "LOGIN_COOLOFF_MINUTES",
    ],
]
PUBLISHED = ["your-secret-key-change-in-production", "your-encryption-key-of-32-characters"]


def start(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run manage.py with this environment only, without the developer's `.env`."""
    bare = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=bare | {"READ_DOT_ENV": "false"} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def settings_from(**environment: str) -> dict[str, Any]:
    """All settings, read in this process from this environment only."""
    with patch.dict(os.environ, {"READ_DOT_ENV": "false"} | environment, clear=True):
        return runpy.run_path(str(ROOT / "campaign_studio" / "settings.py"))


def refusal(**environment: str) -> str:
    """The refusal of this environment by the settings, or else by the project's checks."""
    try:
        found = settings_from(**environment)
    except ImproperlyConfigured as error:
        return str(error)
    ours = [check for check in registry.get_checks() if check.__module__.split(".")[0] in LAYERS]
    with override_settings(**{name: found[name] for name in CHECKED}):
        return "\n".join(str(error) for check in ours for error in check(app_configs=None, databases=None))


def test_debug_needs_no_configuration() -> None:
    assert start("check", DEBUG="true").returncode == 0


REFUSED = [
    ({}, "SECRET_KEY is not set. Generate a key"),
    ({"SECRET_KEY": ""}, "SECRET_KEY is not set. Generate a key"),
    ({"SECRET_KEY": " , "}, "SECRET_KEY is not set. Generate a key"),
    ({"SECRET_KEY": KEY}, "ENCRYPTION_KEY is not set. Generate a key"),
    ({"SECRET_KEY": KEY, "ENCRYPTION_KEY": OTHER_KEY}, "DELIVERY_KEYS is not set. Generate a key"),
    (CONFIGURED | {"DELIVERY_KEYS": " , "}, "DELIVERY_KEYS is not set. Generate a key"),
    (CONFIGURED | {"DELIVERY_KEYS": f"{KEY},short"}, "DELIVERY_KEYS must be at least 32 characters long"),
    (CONFIGURED | {"DELIVERY_KEYS": PUBLISHED[0]}, "DELIVERY_KEYS is the published example"),
    (CONFIGURED | {"VIEW_GRACE_DAYS": "0"}, "VIEW_GRACE_DAYS must be a number from 1 to 28"),
    (CONFIGURED | {"VIEW_GRACE_DAYS": "29"}, "VIEW_GRACE_DAYS must be a number from 1 to 28"),
    (CONFIGURED | {"SECRET_KEY": "k" * 31}, "SECRET_KEY must be at least 32 characters long. Generate a key"),
    (CONFIGURED | {"ENCRYPTION_KEY": "k" * 31}, "ENCRYPTION_KEY must be at least 32 characters long"),
    (CONFIGURED | {"ENCRYPTION_KEY": f"{KEY},short"}, "ENCRYPTION_KEY must be at least 32 characters long"),
    *[(CONFIGURED | {"SECRET_KEY": key}, "SECRET_KEY is the published example") for key in PUBLISHED],
    *[(CONFIGURED | {"ENCRYPTION_KEY": key}, "ENCRYPTION_KEY is the published example") for key in PUBLISHED],
    (CONFIGURED | {"ENCRYPTION_KEY": f"{KEY},{PUBLISHED[1]}"}, "ENCRYPTION_KEY is the published example"),
    (CONFIGURED | {"ENCRYPTION_KEY": "your-encryption-key-32-chars"}, "ENCRYPTION_KEY"),
    (CONFIGURED | {"SECRET_KEY_FALLBACKS": "short"}, "SECRET_KEY_FALLBACKS must be at least 32 characters long"),
    (CONFIGURED | {"SECRET_KEY_FALLBACKS": PUBLISHED[0]}, "SECRET_KEY_FALLBACKS is the published example"),
    (CONFIGURED | {"SEAL_KEYS": ""}, "SEAL_KEYS is not set. Generate a key"),
    (CONFIGURED | {"SEAL_KEYS": f"{KEY},short"}, "SEAL_KEYS must be at least 32 characters long"),
    *[(CONFIGURED | {"SEAL_KEYS": key}, "SEAL_KEYS is the published example") for key in PUBLISHED],
    (CONFIGURED | {"TWO_FACTOR_ROLES": "guest"}, "(accounts.E001)"),
    (CONFIGURED | {"LOGIN_FAILURE_LIMIT": "0"}, "(accounts.E002)"),
    (CONFIGURED | {"THROTTLE_ANON": "many"}, "(campaign_studio.E004)"),
    ({"DEBUG": "true", "SECRET_KEY": "short"}, "SECRET_KEY must be at least 32 characters long"),
    (CONFIGURED | {"PUBLIC_URL": ""}, "PUBLIC_URL is not set. Set it to the address"),
    *[
        (CONFIGURED | {"PUBLIC_URL": url}, "PUBLIC_URL must be a scheme and a host")
        for url in (
            *["studio.example.com", "ftp://studio.example.com", "https://", "https:///x", f"{SITE}/x", f"{SITE}//"],
            *[f"{SITE}?x", f"{SITE}#x", "https://me@studio.example.com", "https://studio.example.com:x", f"{SITE}\n"],
            *[
                "https://studio example.com",
                "javascript://studio.example.com",
                f"{SITE},{SITE}",
                "https://stüdio.example",
            ],
        )
    ],
    (CONFIGURED | {"PUBLIC_URL": "http://studio.example.com"}, "PUBLIC_URL must start with https://"),
    (CONFIGURED | {"PUBLIC_URL": "HTTPS://studio.example.com"}, "PUBLIC_URL must be"),
    (CONFIGURED | {"DEBUG": "true", "PUBLIC_URL": "localhost:8000"}, "PUBLIC_URL must be a scheme and a host"),
    (CONFIGURED | {"ALGORITHM": "none"}, "Use HS256, HS384 or HS512."),
    (CONFIGURED | {"ALGORITHM": "RS256"}, "Use HS256, HS384 or HS512."),
    (CONFIGURED | {"CORS_ORIGINS": '["https://a.example"'}, "CORS_ORIGINS is not a JSON list"),
    (CONFIGURED | {"DATABASE_URL": "sqlite:///db.sqlite3"}, "DATABASE_URL must name a PostgreSQL database"),
    (CONFIGURED | {"DATABASE_HOST": "db"}, "Also set DATABASE_NAME, DATABASE_USER, DATABASE_PASSWORD"),
    (CONFIGURED | {"CORS_ORIGINS": "app.example.com"}, "(campaign_studio.E002)"),
    (CONFIGURED | {"TRUSTED_PROXIES": "proxy"}, "(campaign_studio.E001)"),
    (CONFIGURED | {"ACCESS_TOKEN_EXPIRE_MINUTES": "0"}, "(campaign_studio.E003)"),
]


@pytest.mark.parametrize(("environment", "hint"), REFUSED, ids=str)
def test_a_wrong_configuration_is_refused_with_a_hint_that_contains_no_key(
    environment: dict[str, str], hint: str
) -> None:
    message = refusal(**environment)

    assert hint in message
    assert not any(value in message for name, value in environment.items() if "KEY" in name and value.strip(" ,"))


def test_a_right_configuration_is_accepted() -> None:
    assert refusal(**CONFIGURED) == ""


@pytest.mark.parametrize(
    ("environment", "hint"),
    [
        ({"SECRET_KEY": KEY}, "Campaign Studio can't start: ENCRYPTION_KEY is not set. Generate a key"),
        (CONFIGURED | {"LOGIN_FAILURE_LIMIT": "0"}, "(accounts.E002)"),
        (CONFIGURED | {"REFRESH_TOKEN_EXPIRE_DAYS": "1.5"}, "REFRESH_TOKEN_EXPIRE_DAYS must be a whole number"),
    ],
    ids=["by the settings", "by a check", "by a number"],
)
def test_a_refusal_has_no_traceback(environment: dict[str, str], hint: str) -> None:
    done = start("check", **environment)

    assert done.returncode != 0
    assert hint in done.stderr
    assert "Traceback" not in done.stderr
    assert KEY not in done.stderr


@pytest.mark.parametrize(
    ("environment", "site"),
    [
        (CONFIGURED, SITE),
        (CONFIGURED | {"PUBLIC_URL": f"{SITE}/"}, SITE),
        (CONFIGURED | {"PUBLIC_URL": "https://[2001:db8::1]:8443"}, "https://[2001:db8::1]:8443"),
        ({"DEBUG": "true"}, "http://localhost:8000"),
        ({"DEBUG": "true", "PUBLIC_URL": ""}, "http://localhost:8000"),
        ({"DEBUG": "true", "PUBLIC_URL": "http://127.0.0.1:9000"}, "http://127.0.0.1:9000"),
    ],
    ids=str,
)
def test_links_in_emails_begin_with_the_public_url(environment: dict[str, str], site: str) -> None:
    assert settings_from(**environment)["PUBLIC_URL"] == site


def test_debug_is_off_unless_set_to_a_clear_yes() -> None:
    assert settings_from(**CONFIGURED, DEBUG="perhaps")["DEBUG"] is False


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("ACCESS_TOKEN_EXPIRE_MINUTES", "soon"),
        ("REFRESH_TOKEN_EXPIRE_DAYS", "1.5"),
        ("DATABASE_URL", "postgresql://db:port/name"),
        ("DATABASE_PORT", "default"),
        ("DATABASE_STATEMENT_TIMEOUT", "15s"),
        ("DATABASE_LOCK_TIMEOUT", "-1"),
        ("DATABASE_IDLE_TRANSACTION_TIMEOUT", "86400"),
        ("DATABASE_POOL_SIZE", "0"),
        ("DATABASE_POOL_TIMEOUT", "soon"),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused_by_name(variable: str, value: str) -> None:
    parts = dict.fromkeys(REQUIRED_PARTS, "db") if variable == "DATABASE_PORT" else {}

    with pytest.raises(ImproperlyConfigured, match=variable):
        settings_from(**CONFIGURED, **parts, **{variable: value})


@pytest.mark.parametrize(
    ("written", "origins"),
    [
        ('["https://a.example", "https://b.example"]', ["https://a.example", "https://b.example"]),
        ("https://a.example, https://b.example", ["https://a.example", "https://b.example"]),
        ("https://a.example", ["https://a.example"]),
        ("[]", []),
        ("", []),
        (None, ["http://localhost:5173"]),
    ],
)
def test_origins_are_a_json_list_or_separated_by_commas(written: str | None, origins: list[str]) -> None:
    environment = {} if written is None else {"CORS_ORIGINS": written}

    assert settings_from(**CONFIGURED, **environment)["CORS_ALLOWED_ORIGINS"] == origins


def test_more_headers_may_be_allowed_to_other_origins() -> None:
    allowed = settings_from(**CONFIGURED, CORS_ALLOW_HEADERS="X-Tenant, X-Trace")["CORS_ALLOW_HEADERS"]

    assert {"authorization", "x-tenant", "x-trace"} <= set(allowed)


def test_encryption_keys_are_a_list_newest_first() -> None:
    environment = CONFIGURED | {"ENCRYPTION_KEY": f"{KEY}, {OTHER_KEY}"}

    assert settings_from(**environment)["ENCRYPTION_KEYS"] == [KEY, OTHER_KEY]


def test_delivery_keys_are_a_list_newest_first() -> None:
    environment = CONFIGURED | {"DELIVERY_KEYS": f"{KEY}, {OTHER_KEY}"}

    assert settings_from(**environment)["DELIVERY_KEYS"] == [KEY, OTHER_KEY]


def test_under_debug_the_delivery_key_follows_from_the_secret_key() -> None:
    (one,) = settings_from(DEBUG="true", SECRET_KEY=KEY)["DELIVERY_KEYS"]
    (again,) = settings_from(DEBUG="true", SECRET_KEY=KEY)["DELIVERY_KEYS"]
    (other,) = settings_from(DEBUG="true", SECRET_KEY=OTHER_KEY)["DELIVERY_KEYS"]

    assert one == again != other
    assert KEY not in one


def test_keys_of_seals_are_a_list_newest_first() -> None:
    assert settings_from(**CONFIGURED | {"SEAL_KEYS": f"{KEY},{SEAL_KEY}"})["SEAL_KEYS"] == [KEY, SEAL_KEY]


def test_under_debug_the_keys_of_seals_follow_from_the_secret_keys() -> None:
    one, two = (settings_from(DEBUG="true", SECRET_KEY=key)["SEAL_KEYS"] for key in (KEY, OTHER_KEY))
    both = settings_from(DEBUG="true", SECRET_KEY=KEY, SECRET_KEY_FALLBACKS=OTHER_KEY, SEAL_KEYS="")["SEAL_KEYS"]

    assert both == [*one, *two]
    assert len({KEY, OTHER_KEY, *both}) == 4


@pytest.mark.parametrize(
    ("environment", "file"),
    [
        ({}, ROOT / ".data" / "audit_heads"),
        ({"DATA_DIR": "/var/lib/studio"}, Path("/var/lib/studio/audit_heads")),
        ({"AUDIT_HEADS": "kept/heads"}, ROOT / "kept" / "heads"),
        ({"AUDIT_HEADS": "/mnt/heads"}, Path("/mnt/heads")),
        ({"AUDIT_HEADS": ""}, None),
    ],
    ids=str,
)
def test_the_file_of_the_heads(environment: dict[str, str], file: Path | None) -> None:
    assert settings_from(**CONFIGURED, **environment)["AUDIT_HEADS"] == file


def test_without_debug_the_defaults_are_secure() -> None:
    names = ["DEBUG", "SECURE_SSL_REDIRECT", "SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "REGISTRATION_OPEN"]
    found = settings_from(**CONFIGURED)

    assert [found[name] for name in names] == [False, True, True, True, False]


def test_under_debug_an_empty_key_is_the_published_example_and_registration_is_open() -> None:
    found = settings_from(DEBUG="true", SECRET_KEY="", ENCRYPTION_KEY=" ")

    assert (found["SECRET_KEY"], found["ENCRYPTION_KEYS"]) == (PUBLISHED[0], [PUBLISHED[1]])
    assert found["REGISTRATION_OPEN"] is True


def test_a_deployment_passes_djangos_deployment_check() -> None:
    done = start("check", "--deploy", "--fail-level", "WARNING", **CONFIGURED)

    assert (done.returncode, done.stderr) == (0, "")


def test_the_tests_have_their_own_keys() -> None:
    assert not {settings.SECRET_KEY, *settings.ENCRYPTION_KEYS, *settings.DELIVERY_KEYS} & set(PUBLISHED)


# --- .env.example ----------------------------------------------------------------------------------------------------


def variables_read() -> set[str]:
    """Every variable that the settings read: names passed to `env` or to a helper."""
    found = set(REQUIRED_PARTS)
    for file in ("settings.py", "database/configuration.py", "database/timeouts.py"):
        for call in ast.walk(ast.parse((ROOT / "campaign_studio" / file).read_text())):
            if isinstance(call, ast.Call) and re.search(r"env\.\w+$|_key_list$|whole_number$", ast.unparse(call.func)):
                names = [str(one.value) for one in call.args if isinstance(one, ast.Constant)]
                found |= {name for name in names if re.fullmatch(r"[A-Z][A-Z0-9_]*", name)}
    return found


def variables_documented() -> list[str]:
    """Every variable that `.env.example` sets, or contains in a comment as `# NAME=value`."""
    return re.findall(r"^#? ?([A-Z][A-Z0-9_]*)=", (ROOT / ".env.example").read_text(), re.MULTILINE)


def test_every_variable_is_documented_once_and_no_other() -> None:
    documented = variables_documented()

    assert sorted(documented) == sorted(variables_read())


def example() -> dict[str, str]:
    """What `.env.example` sets."""
    lines = (ROOT / ".env.example").read_text().splitlines()
    return {name: value for name, _, value in (line.partition("=") for line in lines) if re.fullmatch(r"[A-Z_]+", name)}


def test_the_example_is_refused_until_every_key_is_set_and_is_then_safe() -> None:
    written, told = example(), []
    for _ in range(9):
        message = refusal(**written)
        if not (missing := re.match(r"(\w+) is not set\. ", message)):
            break
        told.append(missing[1])
        own = f"{missing[1]}-of-this-server-which-nobody-else-has"
        written[missing[1]] = SITE if missing[1] == "PUBLIC_URL" else own

    assert message == ""
    assert {"SECRET_KEY", "ENCRYPTION_KEY", "PUBLIC_URL"} <= set(told)
    found = settings_from(**written)
    assert [found[name] for name in ("DEBUG", "REGISTRATION_OPEN", "SECURE_SSL_REDIRECT")] == [False, False, True]
    readme = (ROOT / "README.md").read_text().partition("At least: ")[2].partition("Leave")[0]
    assert [name for name in told if f"`{name}`" not in readme] == []


def test_a_server_doesnt_start_with_the_example_as_it_is() -> None:
    done = serve(**example())

    assert done.returncode != 0
    assert "SECRET_KEY is not set. Generate a key" in done.stderr


# --- DEBUG stays on this computer ------------------------------------------------------------------------------------


def serve(module: str = "wsgi", **environment: str) -> subprocess.CompletedProcess[str]:
    """Import the server's entry point with this environment only, as a server does when it starts."""
    bare = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return subprocess.run(  # noqa: S603 - our own module
        [sys.executable, "-c", f"import campaign_studio.{module}"],
        cwd=ROOT,
        env=bare | {"READ_DOT_ENV": "false"} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("module", "environment", "reason"),
    [
        ("wsgi", {"ALLOWED_HOSTS": "localhost,studio.example.com"}, "ALLOWED_HOSTS contains “studio.example.com”"),
        ("asgi", {"ALLOWED_HOSTS": "*"}, "ALLOWED_HOSTS contains “*”"),
        ("wsgi", {"DATABASE_URL": "postgresql://u:secret@db.example.com/x"}, "the database is on “db.example.com”"),
    ],
    ids=["a host", "any host", "a database"],
)
def test_a_server_with_debug_beyond_this_computer_doesnt_start(
    module: str, environment: dict[str, str], reason: str
) -> None:
    done = serve(module, DEBUG="true", **environment)

    assert done.returncode != 0
    assert f"ImproperlyConfigured: DEBUG is true, but {reason}. DEBUG shows the code" in done.stderr
    assert "secret@" not in done.stderr


def test_a_server_with_debug_on_this_computer_starts() -> None:
    hosts = "localhost,127.0.0.1,[::1],studio.localhost"
    done = serve(DEBUG="true", ALLOWED_HOSTS=hosts, DATABASE_URL="postgresql://u:p@127.0.0.1:9/x")

    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("database", "hosts"),
    [
        ({"HOST": "/srv/studio/.data/postgres"}, []),
        ({"HOST": ""}, []),
        ({"HOST": "LOCALHOST."}, []),
        ({"HOST": "::1"}, []),
        ({"HOST": "127.8.8.8"}, []),
        ({"HOST": "localhost,db2"}, ["db2"]),
        ({"HOST": "", "OPTIONS": {"hostaddr": "192.0.2.1"}}, ["192.0.2.1"]),
        ({"HOST": "localhost.example.com"}, ["localhost.example.com"]),
        ({"HOST": "::ffff:192.0.2.1"}, ["::ffff:192.0.2.1"]),
    ],
    ids=str,
)
def test_the_database_is_here_or_elsewhere(database: dict[str, Any], hosts: list[str]) -> None:
    # `override_settings` would warn that it can't reconnect.
    with patch.dict(settings.DATABASES, {"default": database}):
        found = [one for one in beyond_this_computer() if one.startswith("the database")]

    assert found == [f"the database is on “{host}”" for host in hosts]


def test_the_required_variables_are_read() -> None:
    seed = {
        *["APP_NAME", "APP_VERSION", "DEBUG", "SECRET_KEY", "ALGORITHM", "CORS_ORIGINS", "ENCRYPTION_KEY"],
        *["DATABASE_HOST", "DATABASE_PORT", "DATABASE_NAME", "DATABASE_USER", "DATABASE_PASSWORD"],
        *["ACCESS_TOKEN_EXPIRE_MINUTES", "REFRESH_TOKEN_EXPIRE_DAYS"],
    }

    assert seed <= variables_read()


# --- Uploaded files --------------------------------------------------------------------------------------------------


def storage(url: str) -> dict[str, Any]:
    """The options of the storage of uploaded files."""
    found: dict[str, Any] = settings_from(**CONFIGURED, MEDIA_STORAGE_URL=url)["STORAGES"]["default"]
    return {"backend": found["BACKEND"].rpartition(".")[2], **found["OPTIONS"]}


def test_uploaded_files_are_in_a_folder_or_in_an_s3_compatible_storage() -> None:
    folder = storage("")
    assert (folder["backend"], folder["location"].name) == ("FileSystemStorage", "uploads")

    own = storage("s3://key:se%2Fcret@s3.example.com:9000/bucket/a/folder?region=eu-central-1&tls=false")
    assert (
        own.items()
        >= {
            "backend": "S3Storage",
            "endpoint_url": "http://s3.example.com:9000",
            "access_key": "key",
            "secret_key": "se/cret",
            "bucket_name": "bucket",
            "location": "a/folder",
            "region_name": "eu-central-1",
        }.items()
    )
    amazon = storage("s3:///bucket")
    assert amazon.items() >= {"endpoint_url": None, "access_key": None, "bucket_name": "bucket", "location": ""}.items()
    # The library knows all of these options.
    made = storages.create_storage({"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": _without_backend(own)})
    assert isinstance(made, Storage)


def _without_backend(options: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if name != "backend"}


@pytest.mark.parametrize(
    "url",
    ["bucket", "s3://", "s3://host", "s3://key:secret@host/", "https://host/bucket", "s3://host/bucket?acl=public"],
)
def test_any_other_storage_is_refused(url: str) -> None:
    assert "MEDIA_STORAGE_URL isn't the URL of an S3-compatible storage" in refusal(**CONFIGURED, MEDIA_STORAGE_URL=url)


@pytest.mark.parametrize("days", ["0", "3651", "many"])
def test_unused_files_are_kept_for_a_day_to_ten_years(days: str) -> None:
    assert "MEDIA_GRACE_DAYS must be a" in refusal(**CONFIGURED, MEDIA_GRACE_DAYS=days)
