"""What a server loads when it starts."""

import subprocess
import sys

import pytest
from django.conf import settings

pytestmark = pytest.mark.any_database

LOADED = """
import sys, campaign_studio.wsgi
loaded = sorted(sys.modules)
import requests
print(*loaded)
"""


@pytest.mark.matrix
def test_a_server_starts_without_what_no_request_needs() -> None:
    """A library that is left out can be imported later."""
    command = [sys.executable, "-c", LOADED]
    printed = subprocess.run(command, cwd=settings.BASE_DIR, capture_output=True, check=True).stdout  # noqa: S603
    loaded = set(printed.decode().split())

    assert {"campaign_studio.urls", "ads.uploads.keeping", "rest_framework.compat"} <= loaded
    assert not {"requests", "urllib3", "pygments", "jinja2", "PIL", "botocore", "redis"} & loaded
