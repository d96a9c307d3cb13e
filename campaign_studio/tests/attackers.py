"""Clients and requests of the attack tests."""

import json
from typing import Any

from rest_framework.test import APIClient

from accounts.tests.factories import Cast
from campaign_studio.tests.bodies import bearing, stored, tokens_of

NOWHERE = "00000000-0000-4000-8000-000000000000"
EVERY_ROLE = ["system_admin", "app_admin", "campaign_manager", "content_moderator", "user", "guest"]
ADMINS = ["system_admin", "app_admin"]
KEEPERS = [*ADMINS, "campaign_manager"]
READERS = ["content_moderator", "user", "guest"]


def client_of(cast: Cast, role: str) -> APIClient:
    """A client with a real token of the user in this role, or without one for “anonymous”."""
    return APIClient() if role == "anonymous" else bearing(tokens_of(cast.in_role(role))["access_token"])


def send(client: APIClient, method: str, address: str, body: Any = None, **headers: str) -> Any:
    """Send one request, with a JSON body if there is one."""
    sent = "" if body is None else json.dumps(body)
    return client.generic(method, address, sent, content_type="application/json", headers=headers)


def refused(client: APIClient, method: str, address: str, body: Any = None, **headers: str) -> Any:
    """Send a request that must be refused, check that nothing stored has changed, and return the response."""
    before = stored()
    answer = send(client, method, address, body, **headers)
    assert 400 <= answer.status_code < 500, (method, address, body, answer.status_code, answer.content[:300])
    assert stored() == before, f"{method} {address} is answered {answer.status_code}, and yet something has changed"
    return answer
