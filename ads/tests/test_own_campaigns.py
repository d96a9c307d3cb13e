"""Campaign managers may only add ads to their own campaigns. Console and API refuse with the same message."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts.models import User
from accounts.tests.factories import Cast
from ads.models import Ad
from ads.rules import NOT_OWN_CAMPAIGN
from campaign_studio.tests.bodies import ad_body
from campaign_studio.tests.browser import errors_of, form_data
from campaigns.models import Campaign
from campaigns.tests.factories import CampaignFactory

pytestmark = pytest.mark.django_db

ADD = "/admin/ads/ad/add/"


@pytest.fixture
def theirs(cast: Cast) -> Campaign:
    """A colleague's campaign."""
    made: Campaign = CampaignFactory(campaign_created_by=cast.colleague)
    return made


def refusal_by_api(client: APIClient, campaign: Campaign, address: str) -> str:
    answer = client.post(address.format(campaign.pk), ad_body(campaign_id=str(campaign.pk)))
    assert answer.status_code == 403
    return str(answer.json()["detail"])


@pytest.mark.parametrize("address", ["/api/ads", "/api/campaigns/{}/ads"])
def test_a_refused_ad_is_never_written(
    cast: Cast, client_for: Callable[[User | None], APIClient], theirs: Campaign, address: str
) -> None:
    with CaptureQueriesContext(connection) as asked:
        assert refusal_by_api(client_for(cast.owner), theirs, address) == str(NOT_OWN_CAMPAIGN)

    writes = [query["sql"] for query in asked if query["sql"].startswith(("INSERT", "UPDATE", "DELETE"))]
    assert [sql for sql in writes if not sql.startswith('INSERT INTO "security_events"')] == []
    assert not Ad.objects.exists()


def test_console_and_api_refuse_with_the_same_message(
    cast: Cast,
    client_for: Callable[[User | None], APIClient],
    console_for: Callable[[User], Client],
    theirs: Campaign,
) -> None:
    console = console_for(cast.owner)
    typed = {"campaign": str(theirs.pk), "ad_type_id": "bottom_left_ad", "ad_name": "Coffee", "media_type": "text"}

    answer = console.post(ADD, form_data(console.get(ADD), **typed, media_content="Fresh coffee"))

    assert errors_of(answer) == [refusal_by_api(client_for(cast.owner), theirs, "/api/ads")] == [str(NOT_OWN_CAMPAIGN)]
    assert str(NOT_OWN_CAMPAIGN) == "You can only add ads to campaigns that you created."
