"""What the tests of ads can ask for beyond what every test can."""

from collections.abc import Iterator

import pytest
import time_machine

from ads.tests.delivery_scene import MONDAY


@pytest.fixture
def on_monday() -> Iterator[None]:
    """The day on which `showing()` ads show."""
    with time_machine.travel(MONDAY, tick=False):
        yield
