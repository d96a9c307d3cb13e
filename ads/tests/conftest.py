"""Fixtures for the tests of ads."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.db import connection

from ads.reporting.partitions import partitions
from ads.tests.delivery_scene import MONDAY


@pytest.fixture
def on_monday() -> Iterator[None]:
    """Travel to a day on which the ads from `showing()` show."""
    with time_machine.travel(MONDAY, tick=False):
        yield


@pytest.fixture(autouse=True)
def _months_stay_as_they_were(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail if a test leaves new partitions behind: the flush after it only empties tables."""
    marker = request.node.get_closest_marker("django_db")
    if marker is None or not marker.kwargs.get("transaction"):
        yield
        return
    before = partitions()
    yield
    assert partitions() == before, "Use the fixture `months_are_dropped`."


@pytest.fixture
def months_are_dropped(_months_stay_as_they_were: None) -> Iterator[None]:
    """Drop the partitions that the test has created and committed."""
    before = partitions()
    yield
    with connection.cursor() as cursor:
        for month in sorted(set(partitions()) - set(before)):
            cursor.execute(f"DROP TABLE ad_views_{month:%Y_%m}")


@pytest.fixture
def stored(settings: Any, tmp_path: Path) -> Callable[[], dict[str, bytes]]:
    """`stored()`: everything in the storage of this test, by name."""
    options = settings.STORAGES["default"]["OPTIONS"] | {"location": tmp_path}
    settings.STORAGES = settings.STORAGES | {"default": settings.STORAGES["default"] | {"OPTIONS": options}}
    return lambda: {
        file.relative_to(tmp_path).as_posix(): file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()
    }
