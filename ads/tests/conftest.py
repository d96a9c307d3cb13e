"""What the tests of ads can ask for beyond what every test can."""

from collections.abc import Iterator

import pytest
import time_machine
from django.db import connection

from ads.reporting.partitions import partitions
from ads.tests.delivery_scene import MONDAY


@pytest.fixture
def on_monday() -> Iterator[None]:
    """The day on which `showing()` ads show."""
    with time_machine.travel(MONDAY, tick=False):
        yield


@pytest.fixture(autouse=True)
def _months_stay_as_they_were(request: pytest.FixtureRequest) -> Iterator[None]:
    """A test that commits ends in a flush, which empties tables and leaves them there, for all tests to come."""
    marker = request.node.get_closest_marker("django_db")
    if marker is None or not marker.kwargs.get("transaction"):
        yield
        return
    before = partitions()
    yield
    assert partitions() == before, "Ask for `months_are_dropped`."


@pytest.fixture
def months_are_dropped(_months_stay_as_they_were: None) -> Iterator[None]:
    """For tests that commit months of `ad_views`."""
    before = partitions()
    yield
    with connection.cursor() as cursor:
        for month in sorted(set(partitions()) - set(before)):
            cursor.execute(f"DROP TABLE ad_views_{month:%Y_%m}")
