"""What every test can ask for."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest
from auditlog.context import disable_auditlog
from django.apps import apps
from django.db.models.signals import post_migrate
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import User
from accounts.tests.factories import Cast, make_cast


@pytest.fixture
def cast(db: None) -> Cast:
    """One active user per role, and colleagues."""
    return make_cast()


@pytest.fixture
def client_for() -> Callable[[User | None], APIClient]:
    """`client_for(user)`: an API client signed in as that user; `client_for(None)` is nobody's."""

    def make(user: User | None) -> APIClient:
        client = APIClient()
        if user is not None:
            client.force_authenticate(user)
        return client

    return make


@pytest.fixture
def console_for(db: None) -> Callable[[User | None], Client]:
    """`console_for(user)`: a browser signed in to the admin console as that user; `console_for(None)` is nobody's."""

    def make(user: User | None) -> Client:
        client = Client()
        if user is not None:
            client.force_login(user)
        return client

    return make


def _bring_the_roles_back(**kwargs: Any) -> None:
    """Tests with transactions of their own end in a flush, which takes the six roles along."""
    with disable_auditlog():
        import_module("accounts.migrations.0002_six_roles").create_roles(apps, None)


def pytest_configure() -> None:
    """A flush sends `post_migrate`, as a migration does."""
    post_migrate.connect(
        _bring_the_roles_back, sender=apps.get_app_config("accounts"), dispatch_uid="tests.bring_the_roles_back"
    )


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say how much was tried, against the goals of 8-reliability."""
    totals: dict[str, int] = {}
    for report in terminalreporter.stats.get("passed", []):
        for name, value in report.user_properties:
            if name in ("hostile_inputs", "permission_cells"):
                totals[name] = totals.get(name, 0) + value
    for name, total in sorted(totals.items()):
        terminalreporter.write_line(f"{name}: {total}")
