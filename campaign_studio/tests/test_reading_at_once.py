"""`GET` of a single object in its usual form takes a shorter way, with the same answers as the view."""

from typing import Any

import jwt
import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.db.models.sql.compiler import SQLCompiler
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.api import history
from accounts.choices import RoleName
from accounts.models import Session, User
from accounts.tests.factories import Cast, UserFactory
from ads.tests.factories import AdFactory, AdTimeSlotFactory, DeviceFactory
from advertisers.tests.factories import AdvertiserFactory
from campaign_studio.tests.bodies import bearing, tokens_of
from campaigns.models import Campaign
from campaigns.tests.factories import AudienceTargetingFactory

pytestmark = pytest.mark.django_db

# What differs between two requests that are otherwise equal.
COUNTED = ("X-Request-ID", "X-RateLimit-Remaining", "X-RateLimit-Reset")
NOBODY = "00000000-0000-0000-0000-000000000000"


@pytest.fixture
def campaign(cast: Cast) -> Campaign:
    ad = AdFactory(campaign__campaign_created_by=cast.owner)
    AdTimeSlotFactory(ad=ad)
    AudienceTargetingFactory(campaign=ad.campaign)
    return ad.campaign


@pytest.fixture
def addresses(campaign: Campaign) -> list[str]:
    ad = campaign.ads.get()
    return [
        f"/api/campaigns/{campaign.pk}",
        f"/api/ads/{ad.pk}",
        f"/api/advertisers/{AdvertiserFactory().pk}",
        f"/api/devices/{DeviceFactory().pk}",
        f"/api/campaigns/{NOBODY}",
        f"/api/ads/{NOBODY}",
    ]


def answer_to(client: APIClient, address: str, **headers: str) -> tuple[int, bytes, dict[str, str]]:
    answer = client.get(address, headers=headers)
    return answer.status_code, answer.content, {name: answer[name] for name in answer.headers if name not in COUNTED}


@pytest.mark.parametrize("role", RoleName.values)
def test_the_shorter_way_and_the_view_give_the_same_answer(
    role: str, addresses: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    client = bearing(tokens_of(UserFactory(role=role))["access_token"])
    sent: list[dict[str, str]] = [{}, {"If-None-Match": "*"}, {"If-None-Match": '"other"'}]

    def answers() -> list[tuple[int, bytes, dict[str, str]]]:
        return [answer_to(client, address, **headers) for address in addresses for headers in sent]

    at_once = answers()
    with monkeypatch.context() as patched:
        patched.setattr(history, "answered_at_once", lambda view, request: None)
        assert at_once == answers()

    assert [code for code, _body, _headers in at_once[:6]] == [200, 304, 200] * 2
    assert [code for code, _body, _headers in at_once[-6:]] == [404] * 6


@pytest.mark.parametrize(
    ("claims", "around", "code"),
    [({}, "%s", 200), ({}, " %s ", 200), ({"role": ["guest"]}, "%s", 200), ({}, "%s\xa0", 401), ({}, "\x85%s", 401)],
)
def test_an_odd_token_is_answered_as_by_the_view(
    claims: dict[str, Any], around: str, code: int, campaign: Campaign, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = tokens_of(cast.owner)["access_token"]
    known = jwt.decode(token, django_settings.SECRET_KEY, algorithms=["HS256"])
    client = APIClient(
        HTTP_AUTHORIZATION=f"Bearer {around % jwt.encode({**known, **claims}, django_settings.SECRET_KEY)}"
    )
    address = f"/api/campaigns/{campaign.pk}"

    at_once = answer_to(client, address)
    monkeypatch.setattr(history, "answered_at_once", lambda view, request: None)

    assert at_once == answer_to(client, address)
    assert at_once[0] == code


def test_a_reader_who_is_refused_is_refused_at_once(campaign: Campaign, settings: Any) -> None:
    address = f"/api/campaigns/{campaign.pk}"
    user = UserFactory(role=RoleName.APP_ADMIN)
    client = bearing(tokens_of(user)["access_token"])
    assert client.get(address).status_code == 200

    settings.TWO_FACTOR_ROLES = [RoleName.APP_ADMIN]
    assert client.get(address).status_code == 401
    settings.TWO_FACTOR_ROLES = []
    assert client.get(address).status_code == 200
    Session.objects.end(at=timezone.now())
    assert client.get(address).status_code == 401
    assert APIClient().get(address).status_code == 401


def test_a_role_changed_in_the_database_applies_at_once(campaign: Campaign) -> None:
    """The role in the token only says which statement to try."""
    address = f"/api/campaigns/{campaign.pk}"
    user = UserFactory(role=RoleName.APP_ADMIN)
    guest = bearing(tokens_of(UserFactory(role=RoleName.GUEST))["access_token"])
    client = bearing(tokens_of(user)["access_token"])
    assert client.get(address).json() != guest.get(address).json()

    User.objects.filter(pk=user.pk).update(role=RoleName.GUEST)

    assert client.get(address).json() == guest.get(address).json()


def test_requests_are_counted_and_limited(campaign: Campaign, cast: Cast, settings: Any) -> None:
    settings.THROTTLE_USER = "2/hour"
    client = bearing(tokens_of(cast.user)["access_token"])

    answers = [client.get(f"/api/ads/{campaign.ads.get().pk}") for _ in range(3)]

    assert [one.status_code for one in answers] == [200, 200, 429]
    assert [one["X-RateLimit-Remaining"] for one in answers] == ["1", "0", "0"]
    assert "Retry-After" in answers[2]


FREQUENT = [
    ("/api/campaigns/{campaign.pk}", 1),
    ("/api/ads/{ad.pk}", 1),
    ("/api/campaigns", 2),
    ("/api/delivery?country=DE&city=Berlin&at=2026-11-30T08:15:00", 1),
]


@pytest.mark.parametrize(("address", "most"), FREQUENT)
def test_frequent_requests_take_few_statements_and_compile_none(
    address: str, most: int, campaign: Campaign, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = bearing(tokens_of(cast.owner)["access_token"])
    address = address.format(campaign=campaign, ad=campaign.ads.get())
    client.get(address)
    compiled = []
    original = SQLCompiler.as_sql

    def counted(compiler: SQLCompiler, *args: Any, **kwargs: Any) -> Any:
        compiled.append(compiler)
        return original(compiler, *args, **kwargs)

    monkeypatch.setattr(SQLCompiler, "as_sql", counted)

    with CaptureQueriesContext(connection) as statements:
        assert client.get(address).status_code == 200

    assert len(statements) <= most
    assert not compiled
