"""`manage.py doctor` and `manage.py stop_database`."""

import io
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from accounts.models import Role
from accounts.tests.factories import UserFactory
from advertisers.tests.factories import AdvertiserBankAccountFactory

ROOT = Path(__file__).resolve().parent.parent.parent


def doctor() -> str:
    out = io.StringIO()
    try:
        call_command("doctor", stdout=out)
    except CommandError as error:
        return f"{out.getvalue()}{error}"
    return out.getvalue()


@pytest.fixture
def _sound(settings: Any, db: None) -> None:
    """An installation without problems, except for the partitions."""
    settings.SECRET_KEY = "k" * 25 + "".join(chr(97 + n) for n in range(25))
    settings.SECURE_SSL_REDIRECT = True
    settings.REGISTRATION_OPEN = False
    settings.TRUSTED_PROXIES = ["127.0.0.1"]
    UserFactory(role="system_admin")


@pytest.mark.usefixtures("_sound")
def test_a_sound_installation_has_no_problems() -> None:
    call_command("partition_views", stdout=io.StringIO())
    output = doctor()
    assert "✗" not in output
    assert "✓ Migrations" in output


@pytest.mark.usefixtures("_sound")
def test_published_keys_are_reported(settings: Any) -> None:
    settings.ENCRYPTION_KEYS = [settings.EXAMPLE_ENCRYPTION_KEY]
    assert "✗ Keys" in doctor()


@pytest.mark.usefixtures("_sound")
def test_a_missing_proxy_is_reported_unless_this_is_a_developers_machine(settings: Any) -> None:
    settings.TRUSTED_PROXIES = []
    assert "✗ Reverse proxy" in doctor()
    settings.DEBUG = True
    assert "✓ Reverse proxy" in doctor()


@pytest.mark.usefixtures("_sound")
@pytest.mark.parametrize(
    ("changed", "line"),
    [
        ({"DEBUG": True, "ALLOWED_HOSTS": ["studio.example.com"]}, "✗ DEBUG: It shows the code and settings"),
        ({"ALLOWED_HOSTS": ["*"]}, "✗ ALLOWED_HOSTS: It contains *"),
        ({"REGISTRATION_OPEN": True}, "✗ Registration: Anyone can create an account"),
        ({"SECURE_SSL_REDIRECT": False}, "(security.W008)"),
    ],
    ids=["DEBUG beyond this computer", "any host", "open registration", "plain HTTP"],
)
def test_what_strangers_could_use_is_reported(changed: dict[str, Any], line: str, settings: Any) -> None:
    call_command("partition_views", stdout=io.StringIO())
    for name, value in changed.items():
        setattr(settings, name, value)

    output = " ".join(doctor().split())

    assert line in output
    assert output.endswith("1 problem found.")


@pytest.mark.usefixtures("_sound")
def test_debug_on_this_computer_is_a_note_and_no_problem(settings: Any) -> None:
    call_command("partition_views", stdout=io.StringIO())
    settings.DEBUG, settings.REGISTRATION_OPEN, settings.ALLOWED_HOSTS = True, True, ["localhost", "[::1]"]
    output = " ".join(doctor().split())

    assert "! DEBUG is true, which is for this computer only." in output
    assert "✗" not in output


@pytest.mark.usefixtures("_sound")
def test_a_missing_partition_for_next_month_is_reported() -> None:
    assert "✗ View partitions: There is no partition for next month." in doctor()


@pytest.mark.django_db
def test_a_storage_that_takes_no_uploads_is_reported(tmp_path: Path, settings: Any) -> None:
    def use(folder: Path) -> None:
        options = {"OPTIONS": {"location": folder}}
        settings.STORAGES = settings.STORAGES | {"default": settings.STORAGES["default"] | options}

    use(tmp_path / "uploads")
    assert "✓ Uploaded files" in doctor()
    assert list((tmp_path / "uploads").iterdir()) == []

    # A file where the folder should be.
    (tmp_path / "file").write_bytes(b"")
    use(tmp_path / "file")
    assert "✗ Uploaded files: Nothing can be written there" in doctor()


@pytest.mark.django_db
def test_a_missing_system_administrator_is_reported() -> None:
    assert "✗ System administrators" in doctor()


@pytest.mark.usefixtures("_sound")
def test_an_account_number_that_no_key_decrypts_is_reported(settings: Any) -> None:
    AdvertiserBankAccountFactory()
    settings.ENCRYPTION_KEYS = ["another-key-altogether-of-more-than-32-characters"]
    output = doctor()
    assert "✗ Stored bank account numbers" in output
    assert "ENCRYPTION_KEY" in output


@pytest.mark.usefixtures("_sound")
def test_an_invalid_setting_is_reported(settings: Any) -> None:
    settings.TRUSTED_PROXIES = ["my proxy"]
    assert "campaign_studio.E001" in doctor()


@pytest.mark.usefixtures("_sound")
def test_unapplied_migrations_are_counted() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'ads'")
    output = doctor()
    assert "✗ Migrations" in output
    assert "manage.py migrate" in output


def test_an_unreachable_database_is_reported_without_a_traceback() -> None:
    environment = {
        **os.environ,
        "READ_DOT_ENV": "false",
        "DEBUG": "true",
        "DATABASE_URL": "postgresql://nobody@127.0.0.1:9/nothing",
        "DJANGO_SETTINGS_MODULE": "campaign_studio.settings",
    }
    ended = subprocess.run(
        [sys.executable, "manage.py", "doctor"], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60
    )
    assert ended.returncode == 1
    assert "✗ Database" in ended.stdout
    assert "Connection refused" in ended.stdout
    assert "Check DATABASE_URL" in ended.stdout
    assert "Traceback" not in ended.stdout + ended.stderr


def test_an_embedded_database_that_cannot_be_stored_is_reported_without_a_traceback(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    environment = {
        **os.environ,
        "READ_DOT_ENV": "false",
        "DEBUG": "true",
        "DATABASE_URL": "",
        "DATA_DIR": str(tmp_path / "file" / "data"),
        "DJANGO_SETTINGS_MODULE": "campaign_studio.settings",
    }
    ended = subprocess.run(
        [sys.executable, "manage.py", "doctor"], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60
    )
    assert ended.returncode == 1
    assert "Check DATA_DIR" in ended.stdout
    assert "Traceback" not in ended.stdout + ended.stderr


@pytest.mark.usefixtures("_sound")
def test_a_missing_role_is_reported() -> None:
    Role.objects.get(role_name="guest").delete()
    assert "✗ Roles: The role guest is missing." in doctor()


@pytest.mark.usefixtures("_sound")
def test_a_published_fallback_key_is_reported(settings: Any) -> None:
    settings.SECRET_KEY_FALLBACKS = [settings.EXAMPLE_SECRET_KEY]
    assert "✗ Keys" in doctor()


def test_only_the_embedded_database_can_be_stopped(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    environment = {
        **os.environ,
        "READ_DOT_ENV": "false",
        "DEBUG": "true",
        "DATA_DIR": str(tmp_path_factory.mktemp("data")),
        "DJANGO_SETTINGS_MODULE": "campaign_studio.settings",
    }
    environment.pop("DATABASE_URL", None)

    def stop(**more: str) -> str:
        return subprocess.run(
            [sys.executable, "manage.py", "stop_database"],
            cwd=ROOT,
            env=environment | more,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        ).stdout

    assert "wasn't running" in stop()
    assert "the embedded one only" in stop(DATABASE_URL="postgresql://nobody@127.0.0.1:9/nothing")


@pytest.mark.usefixtures("_sound")
def test_a_server_that_owns_the_audit_log_is_advised_not_to(settings: Any) -> None:
    advice = f"! The database role {connection.settings_dict['USER']} owns the audit log"
    assert advice in doctor()

    settings.DEBUG = True
    assert advice not in doctor()


@pytest.mark.usefixtures("_sound")
def test_a_file_of_heads_that_cannot_be_written_is_reported(settings: Any, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    settings.AUDIT_HEADS = tmp_path / "file" / "heads"

    assert "accounts.W001" in doctor()
