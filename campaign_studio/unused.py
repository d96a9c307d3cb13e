"""Libraries that other libraries import if they are installed, for features that nothing here uses."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

# DRF's test client and its HTML pages, and Django's test client: together 7 MB of each worker.
UNUSED = ("requests", "pygments", "jinja2")


@contextmanager
def left_out() -> Iterator[None]:
    """Meanwhile, imports find none of them, except those that are loaded already."""
    absent = [name for name in UNUSED if name not in sys.modules]
    # Python's import system takes None for “there is no such module”. Its type doesn't say so.
    modules: dict[str, object] = sys.modules  # type: ignore[assignment]
    modules |= dict.fromkeys(absent)
    try:
        yield
    finally:
        for name in absent:
            del sys.modules[name]
