"""Every operation of the OpenAPI document is tried with valid and with invalid input.

No response may be a 5xx, and every response must be documented. The inputs are the same in each run.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, transaction
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from accounts.choices import RoleName
from accounts.tests.factories import UserFactory
from ads.tests.factories import AdFactory, AdTimeSlotFactory, DeviceFactory
from advertisers.tests.factories import AdvertiserBankAccountFactory, AdvertiserContactFactory, AdvertiserFactory
from campaign_studio.tests.bodies import session_of, tokens_of
from campaigns.tests.factories import AudienceTargetingFactory, CampaignFactory

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]

document = json.loads(OpenApiJsonRenderer().render(SchemaGenerator().get_schema(public=True)))
schema = schemathesis.openapi.from_dict(document)
schema.app = get_wsgi_application()
# Signing out or deleting the user would end the session of the other requests.
OPERATIONS = schema.exclude(operation_id="logout")


@pytest.fixture
def one_connection() -> Iterator[None]:
    """Keep the connection of the test's transaction open at the end of a request."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def world(db: None, one_connection: None) -> dict[str, Any]:
    """A token and the keys of one object of each kind."""
    admin = UserFactory(role=RoleName.SYSTEM_ADMIN)
    campaign = CampaignFactory(campaign_created_by=admin)
    AudienceTargetingFactory(campaign=campaign)
    ad = AdFactory(campaign=campaign, rated=True)
    AdTimeSlotFactory(ad=ad)
    advertiser = AdvertiserFactory()
    return {
        "token": tokens_of(admin)["access_token"],
        "campaign_id": str(campaign.pk),
        "ad_id": str(ad.pk),
        "advertiser_id": str(advertiser.pk),
        "contact_id": str(AdvertiserContactFactory.create_batch(2, advertiser=advertiser)[0].pk),
        "bank_id": str(AdvertiserBankAccountFactory(advertiser=advertiser).pk),
        "user_id": str(UserFactory().pk),
        "device_id": DeviceFactory().pk,
        # There is none with this id.
        "change_set_id": str(UserFactory().pk),
        "session_id": str(session_of(UserFactory()).pk),
    }


@pytest.mark.matrix
@OPERATIONS.parametrize()
@settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_responses_match_the_document(case: Any, world: dict[str, Any]) -> None:
    # Every example starts with the same objects.
    case.path_parameters = {name: world[name] for name in case.path_parameters or {}}
    with transaction.atomic():
        case.call_and_validate(
            headers={"Authorization": f"Bearer {world['token']}", "Host": "localhost"}, checks=CHECKS
        )
        transaction.set_rollback(True)
