"""Fixtures and hooks for all tests."""

import gc
import logging
import re
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from importlib import import_module
from typing import Any

import pytest
from auditlog.context import disable_auditlog
from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.core.cache import cache
from django.db import transaction
from django.db.backends.postgresql.operations import DatabaseOperations
from django.db.models.signals import post_migrate
from django.test import Client
from pytest_django import DjangoDbBlocker
from rest_framework.test import APIClient

from accounts.audit.models import AuditEntry
from accounts.audit.verifying import TRIGGERS
from accounts.models import User
from accounts.tests.factories import PASSWORD, Cast, make_cast
from ads.delivery import remembered
from ads.models import Device
from ads.tests.factories import DEVICE_KEY, DeviceFactory
from advertisers.tests.factories import ACCOUNT_NUMBER, IBAN
from campaign_studio.models.places import City, PlaceName
from campaign_studio.tests.bodies import as_device

SQL_FLUSH = DatabaseOperations.sql_flush
GAZETTEER = {model._meta.db_table for model in (City, PlaceName)}
# The tests' password, device key and bank numbers, and the beginning of a signed token.
SECRET = re.compile(rf"{PASSWORD}|{DEVICE_KEY}|{IBAN}|{ACCOUNT_NUMBER}|eyJ[\w-]{{10,}}\.eyJ")


class NoSecrets(logging.Handler):
    """Fails the test that logs a secret."""

    def emit(self, record: logging.LogRecord) -> None:
        """Check one line with its traceback. Raises AssertionError."""
        assert not SECRET.search(self.format(record)), "A secret was logged."  # noqa: S101


@pytest.fixture(autouse=True, scope="session")
def _no_secret_is_logged() -> Iterator[None]:
    """Check every log line of the session."""
    handler = NoSecrets()
    logging.getLogger().addHandler(handler)
    yield
    logging.getLogger().removeHandler(handler)


@pytest.fixture(autouse=True)
def _no_counts() -> None:
    """Forget the requests and refusals that earlier tests counted: the cast has the same keys in each of them."""
    cache.clear()


@pytest.fixture(autouse=True)
def _no_decisions() -> None:
    """Forget what showed in earlier tests: a flush notes no changes."""
    remembered.forget_all()


@pytest.fixture(scope="session")
def troupe(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> tuple[Cast, list[AuditEntry]]:
    """A cast with its audit entries, created once per process and rolled back."""
    with django_db_blocker.unblock(), transaction.atomic():
        cast = make_cast()
        entries = list(AuditEntry.objects.order_by("pk"))
        transaction.set_rollback(True)
    return cast, entries


@pytest.fixture
def cast(db: None, troupe: tuple[Cast, list[AuditEntry]]) -> Cast:
    """One active user per role, and colleagues: the rows of `make_cast()` in two statements instead of 36."""
    cast, entries = deepcopy(troupe)
    User.objects.bulk_create(cast)
    for entry in entries:
        # A flush in between may have changed its primary key.
        entry.content_type = ContentType.objects.get_for_model(User)
    AuditEntry.objects.bulk_create(entries)
    return cast


@pytest.fixture
def client_for() -> Callable[[User | None], APIClient]:
    """`client_for(user)`: an API client signed in as that user; `client_for(None)` isn't signed in."""

    def make(user: User | None) -> APIClient:
        client = APIClient()
        if user is not None:
            client.force_authenticate(user)
        return client

    return make


@pytest.fixture
def device(db: None) -> Device:
    """An active device."""
    return DeviceFactory()


@pytest.fixture
def device_client(device: Device) -> APIClient:
    """An API client with the key of `device`."""
    return as_device(device)


@pytest.fixture
def console_for(db: None) -> Callable[[User | None], Client]:
    """`console_for(user)`: a client signed in to the console as that user; `console_for(None)` isn't signed in."""

    def make(user: User | None) -> Client:
        client = Client()
        if user is not None:
            client.force_login(user)
        return client

    return make


def _recreate_the_roles(**kwargs: Any) -> None:
    """Recreate the six roles, which the flush after a transactional test deletes."""
    with disable_auditlog():
        import_module("accounts.migrations.0002_six_roles").create_roles(apps, None)


def _flush_with_the_logs(operations: Any, style: Any, tables: Sequence[str], **kwargs: Any) -> list[str]:
    """Flush without the triggers, which refuse to empty the logs. The tests' role owns them.

    The gazetteer stays: it belongs to the schema, and a process may run other tests after transactional ones.
    """
    flush = SQL_FLUSH(operations, style, [table for table in tables if table not in GAZETTEER], **kwargs)
    if not flush:
        return []
    off, on = ([f"ALTER TABLE {table} {switch} TRIGGER USER" for table in TRIGGERS] for switch in ("DISABLE", "ENABLE"))
    return [*off, *flush, *on]


def pytest_configure() -> None:
    """Prepare for flushes, which send `post_migrate` like a migration."""
    setattr(DatabaseOperations, "sql_flush", _flush_with_the_logs)  # noqa: B010 - mypy refuses a plain assignment
    post_migrate.connect(
        _recreate_the_roles, sender=apps.get_app_config("accounts"), dispatch_uid="tests.recreate_the_roles"
    )


def pytest_collection_finish() -> None:
    """Exempt everything imported so far from garbage collection, which would take a tenth of the time."""
    gc.freeze()
    gc.set_threshold(700, 10, 100)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print how many hostile inputs, permission cells and mutations of the audit log were tried."""
    totals: dict[str, int] = {}
    for report in terminalreporter.stats.get("passed", []):
        for name, value in report.user_properties:
            if name in ("audit_mutations_found", "hostile_inputs", "permission_cells"):
                totals[name] = totals.get(name, 0) + value
    for name, total in sorted(totals.items()):
        # Each of them is the work of a test that has passed, so none was answered 5xx.
        without = ", 0 × 5xx" if name == "hostile_inputs" else ""
        terminalreporter.write_line(f"{name}: {total}{without}")
