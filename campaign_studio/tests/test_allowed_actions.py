"""`allowed_actions`: an action is listed if and only if its request isn't refused for the user or the object."""

import json
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import product
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.api import reading
from accounts.tests.factories import Cast
from ads.models import Ad, AdViewDay
from ads.rules import ACTIONS as OF_AN_AD
from ads.tests.factories import AdContentRatingFactory, AdFactory
from campaign_studio.api.documents import statements
from campaign_studio.api.documents.describing import AnyReader
from campaign_studio.places.clock import StillToday, still_today
from campaign_studio.tests.attackers import EVERY_ROLE, client_of
from campaigns.models import Campaign
from campaigns.rules import ACTIONS as OF_A_CAMPAIGN
from campaigns.tests.factories import CampaignFactory

pytestmark = [pytest.mark.django_db]

# The request of each action, which nothing but a rule about who asks or what the object is could refuse.
REQUESTS: dict[str, tuple[str, str, Any]] = {
    "change": ("PATCH", "", {}),
    "delete": ("DELETE", "", None),
    "duplicate": ("POST", "/duplicate", {}),
    "publish": ("POST", "/publish", {}),
    "shift": ("POST", "/shift", {"days": 0}),
    "approve": ("POST", "/approve", {}),
    "reject": ("POST", "/reject", {"note": "Too loud"}),
    "rate": ("PUT", "/content-rating", {"rating_system": "MPAA", "rating_label": "R", "no_prohibited_content": True}),
}


def works(client: APIClient, action: str, address: str) -> bool:
    """Whether the request of an action is accepted. It is undone."""
    method, path, body = REQUESTS[action]
    sent = "" if body is None else json.dumps(body)
    with transaction.atomic():
        answer = client.generic(method, address + path, sent, content_type="application/json")
        transaction.set_rollback(True)
    assert answer.status_code < 500, answer.content
    # 404 would mean that the scene is wrong.
    assert answer.status_code != 404, (action, address)
    return bool(answer.status_code < 300)


def campaigns(cast: Cast, owner: Any) -> Iterator[Campaign]:
    """A campaign for each combination of status, end and views."""
    today = still_today()
    for status, has_ended, is_viewed in product(["draft", "active"], [False, True], [False, True]):
        campaign: Any = CampaignFactory(campaign_created_by=owner)
        ad = AdFactory(campaign=campaign)
        if is_viewed:
            AdViewDay.objects.create(ad=ad, day=today, view_count=1, view_seconds=1)
        end = today - timedelta(days=1) if has_ended else today
        Campaign.objects.filter(pk=campaign.pk).update(
            campaign_status=status, campaign_start_date=date(2026, 1, 1), campaign_end_date=end
        )
        yield campaign


def ads(cast: Cast, owner: Any, other: Any) -> Iterator[Ad]:
    """An ad for each combination of its creator, the content declaration and views."""
    combinations = [*product([owner, other], [False, True], [False, True]), (owner, None, False)]
    for creator, declared, is_viewed in combinations:
        ad: Any = AdFactory(campaign=CampaignFactory(campaign_created_by=owner), ad_created_by=creator)
        if declared is not None:
            AdContentRatingFactory(ad=ad, no_prohibited_content=declared)
        if is_viewed:
            AdViewDay.objects.create(ad=ad, day=still_today(), view_count=1, view_seconds=1)
        yield ad


@pytest.mark.matrix
@pytest.mark.parametrize("role", EVERY_ROLE)
def test_an_action_is_listed_if_and_only_if_it_would_work(cast: Cast, role: str) -> None:
    """Of every role, own objects and those of others, in documents and in rows, by the database and in Python."""
    actor = cast.in_role(role)
    client = client_of(cast, role)
    seen: dict[str, set[bool]] = {}
    for owner, other in ((actor, cast.colleague), (cast.colleague, actor)):
        objects: list[tuple[str, Any]] = [("campaigns", one) for one in campaigns(cast, owner)]
        objects += [("ads", one) for one in ads(cast, owner, other)]
        in_rows = {
            row.get("ad_id", row["campaign_id"]): row["allowed_actions"]
            for kind in ("campaigns", "ads")
            for row in client.get(f"/api/{kind}?page_size=100").json()["results"]
        }
        for kind, row in objects:
            address = f"/api/{kind}/{row.pk}"
            document = client.get(address).json()
            listed = document["allowed_actions"]
            assert listed == in_rows[str(row.pk)] == row.allowed_actions_for(actor)
            for action in OF_AN_AD if kind == "ads" else OF_A_CAMPAIGN:
                expected = works(client, action, address)
                assert (action in listed) is expected, (address, action, document)
                seen.setdefault(action, set()).add(expected)
    # The control: admins may do everything, but not with every object.
    if role == "system_admin":
        assert all(True in answers for answers in seen.values())
        assert [name for name, answers in seen.items() if False in answers] == ["delete", "publish", "approve"]
    if role in ("user", "guest"):
        assert all(answers == {False} for answers in seen.values())


def forget_statements() -> None:
    """Statements are compiled once per process, whose settings stay the same."""
    for compiled in (statements._compiled, statements.find_visible, reading._statement):
        compiled.cache_clear()


@pytest.mark.parametrize("is_required", [True, False])
def test_who_created_an_ad_may_not_approve_it_where_four_eyes_are_required(
    cast: Cast, settings: Any, is_required: bool
) -> None:
    settings.FOUR_EYES = is_required
    forget_statements()
    client = client_of(cast, "app_admin")
    own = [
        AdFactory(ad_created_by=cast.app_admin, rated=True),
        AdFactory(campaign__campaign_created_by=cast.app_admin, rated=True),
    ]

    for ad in [*own, AdFactory(rated=True)]:
        listed = client.get(f"/api/ads/{ad.pk}").json()["allowed_actions"]
        assert ("approve" in listed) is works(client, "approve", f"/api/ads/{ad.pk}")
        assert ("approve" in listed) is not (is_required and ad in own)
    forget_statements()


def test_as_it_was_earlier_an_object_has_the_actions_of_now(cast: Cast) -> None:
    client = client_of(cast, "campaign_manager")
    address = f"/api/campaigns/{CampaignFactory(campaign_created_by=cast.campaign_manager).pk}"

    past = client.get(f"{address}?as_of={timezone.now().date()}").json()

    assert past["allowed_actions"] == client.get(address).json()["allowed_actions"] == list(OF_A_CAMPAIGN)


def test_a_fact_that_never_matters_is_not_asked() -> None:
    """For a guest the table is an empty list, for an admin it doesn't ask who created the row."""
    guest, admin = (
        str(Campaign.expressions(AnyReader(role))["allowed_actions_for"]) for role in ("guest", "app_admin")
    )

    assert guest == "Value([])"
    assert "campaign_created_by" not in admin
    assert "campaign_end_date" in admin


def test_the_database_has_the_same_today() -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {StillToday.template}")
        assert cursor.fetchone()[0] in (still_today(), still_today(timezone.now() - timedelta(minutes=1)))
