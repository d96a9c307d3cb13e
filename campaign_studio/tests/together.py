"""Concurrent requests with real threads, connections and transactions."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from django.db import connection
from rest_framework.test import APIClient

from campaign_studio.tests.bodies import bearing


def at_once(*requests: Callable[[APIClient], Any], token: str | None = None) -> list[Any]:
    """Send the requests concurrently, each with its own client and connection; return the responses in order."""
    ready = Barrier(len(requests))

    def send(request: Callable[[APIClient], Any]) -> Any:
        client = bearing(token) if token else APIClient()
        try:
            connection.ensure_connection()
            ready.wait(timeout=30)
            return request(client)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(requests)) as pool:
        return list(pool.map(send, requests))
