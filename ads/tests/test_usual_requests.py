"""Requests in the form that screens send take a shorter way, with the same answers as the view."""

from typing import Any

import pytest
import time_machine
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.http import urlencode
from hypothesis import example, given
from hypothesis import strategies as st
from rest_framework.exceptions import ValidationError
from rest_framework.test import APIClient

from accounts.api.tokens import start_session
from accounts.models import Session, User
from accounts.tests.factories import Cast
from ads.api import delivery
from ads.api.opportunities import opportunity_in, usual_opportunity
from ads.choices import RATING_LEVELS, AdType
from ads.delivery.opportunity import Opportunity
from ads.models import Device
from ads.tests.delivery_scene import HERE, showing
from ads.tests.factories import DEVICE_KEY
from campaign_studio.tests.bodies import as_device, bearing

Asked = dict[str, str]
ADDRESS = "/api/delivery"
# What differs between two requests that are otherwise equal.
COUNTED = ("X-Request-ID", "X-RateLimit-Remaining", "X-RateLimit-Reset")
DECISIONS = "SELECT seq_scan + idx_scan FROM pg_stat_xact_user_tables WHERE relname = 'deliverable_places'"
TEXTS = st.one_of(
    st.sampled_from(["", " ", "Berlin", " Berlin ", "10115", "Sankt\u00a0Gallen", "Köln", "\x7f", "a&b=c", "x" * 201]),
    st.text(max_size=12),
)
MOMENTS = st.one_of(
    st.datetimes().map(lambda at: at.isoformat()),
    st.datetimes(timezones=st.timezones()).map(lambda at: at.isoformat(timespec="seconds")),
    st.sampled_from(["2026-11-23T08:15", "2026-11-23 08:15", "2026-11-23", "2026-11-23T24:00", "1999-12-31T23:59"]),
    st.sampled_from(["2026-02-30T08:15", "2026-11-23T08:15:00-00:00", "2026-11-23T08:15+24:00", "2026-11-23T08:15Z"]),
    TEXTS,
)
COUNTRIES = st.one_of(st.sampled_from(["DE", "DE", "FR", "de", "Germany", "XX", "", "XK", "GB", "UK"]), TEXTS)
SENT: dict[str, st.SearchStrategy[Any]] = {
    "region": TEXTS,
    "city": TEXTS,
    "postcode": TEXTS,
    "turn": st.one_of(st.integers(-1, 61), st.sampled_from(["07", "+7", "7.0", "", "٧", "00", "1_0"])),
    "device_id": TEXTS,
    "max_rating": st.one_of(st.sampled_from([*RATING_LEVELS, "", "g", "E10 "]), TEXTS),
    "town": TEXTS,
}


def judged(query: str) -> Opportunity | None:
    """What the serializer makes of a query string; None if it refuses it."""
    sent = QueryDict(query)
    if any(len(values) > 1 for _name, values in sent.lists()):
        return None
    try:
        return opportunity_in(sent.dict())
    except ValidationError:
        return None


@pytest.mark.django_db
@given(st.fixed_dictionaries({"country": COUNTRIES, "at": MOMENTS}, optional=SENT), st.booleans(), st.booleans())
@example({"country": "DE", "at": "2026-11-23T08:15:00+01:00", "max_rating": "E10+"}, False, False)
@example({"country": "DE", "at": "2026-11-23T08:15:00+01:00", "max_rating": "E10+"}, True, False)
@example({"country": "DE", "at": "2026-11-23T08:15", "postcode": "10115"}, True, False)
def test_a_usual_request_means_what_the_serializer_says(sent: dict[str, Any], encoded: bool, twice: bool) -> None:
    query = urlencode(sent) if encoded else "&".join(f"{name}={value}" for name, value in sent.items())
    query = f"{query}&country=DE" if twice else query

    usual = usual_opportunity(query)

    assert usual is None or usual == judged(query)


@pytest.mark.parametrize(
    "query",
    [
        "country=DE&city=Berlin&postcode=10115&at=2026-11-23T08:15:00",
        "country=DE&city=Berlin&postcode=&at=2026-11-23T08:15:00",
        "country=DE&region=Bavaria&city=M%C3%BCnchen&at=2026-11-23T08:15%2B01:00&turn=59",
        "country=DE&city=Bad+Aibling&at=2026-11-23T08:15:00+01:00&device_id=car-7&max_rating=E10%2B",
    ],
)
def test_what_screens_send_is_usual(query: str) -> None:
    usual = usual_opportunity(query)

    assert usual is not None
    assert usual == judged(query)


@pytest.mark.django_db
@time_machine.travel("2026-11-23T08:17:05+00:00", tick=False)
def test_without_a_time_it_is_now_at_the_place() -> None:
    assert usual_opportunity("country=DE&city=Berlin") == judged("country=DE&city=Berlin")


@pytest.fixture
def user(cast: Cast) -> User:
    return cast.guest


@pytest.fixture(params=["device", "user"])
def client(request: pytest.FixtureRequest, user: User, device: Device) -> APIClient:
    """A client that authenticates as any client does."""
    if request.param == "device":
        return as_device(device)
    return bearing(start_session(user, at=timezone.now())["access_token"])


def answer_to(client: APIClient, asked: Asked, known: str = "") -> tuple[int, bytes, dict[str, str]]:
    answer = client.get(ADDRESS, asked, headers={"If-None-Match": known} if known else {})
    return answer.status_code, answer.content, {name: answer[name] for name in answer.headers if name not in COUNTED}


@pytest.mark.django_db
def test_the_shorter_way_and_the_view_give_the_same_answer(
    on_monday: None, client: APIClient, monkeypatch: Any
) -> None:
    for position in (AdType.TOP_BAR, AdType.TOP_BAR, AdType.CENTER_LEFT, AdType.CENTER_LEFT):
        showing(ad_type_id=position)
    asked: list[Asked] = [
        HERE,
        {**HERE, "region": "Bavaria", "turn": "17", "max_rating": "E10+", "at": "2026-11-23T08:29:59+01:00"},
        {**HERE, "city": 'Köln "am" Rhein', "postcode": "5 0&6=67"},
        {"country": "KE", "at": HERE["at"]},
        {"country": "DE"},
        {**HERE, "country": "Atlantis"},
    ]
    client.get(ADDRESS, HERE)
    at_once = [answer_to(client, one) for one in asked]
    tags = [headers.get("ETag", "") for _code, _body, headers in at_once]
    known = [answer_to(client, one, tag) for one, tag in zip(asked, tags, strict=True)]
    monkeypatch.setattr(delivery, "answered_at_once", lambda request, allowed: None)

    assert at_once == [answer_to(client, one) for one in asked]
    assert known == [answer_to(client, one, tag) for one, tag in zip(asked, tags, strict=True)]
    assert [code for code, _body, _headers in at_once] == [200, 200, 200, 200, 200, 400]
    assert [code for code, _body, _headers in known] == [304, 304, 304, 304, 304, 400]


@pytest.mark.django_db
@pytest.mark.parametrize("odd", ["%s\xa0", "\x85%s"])
def test_credentials_with_what_is_no_whitespace_are_refused(user: User, device: Device, odd: str) -> None:
    token = start_session(user, at=timezone.now())["access_token"]
    for scheme, known in (("Bearer", token), ("Device", f"{device.pk}:{DEVICE_KEY}")):
        usual, unusual = (APIClient(HTTP_AUTHORIZATION=f"{scheme} {sent}") for sent in (f" {known} ", odd % known))

        assert usual.get(ADDRESS, HERE).status_code == 200
        assert unusual.get(ADDRESS, HERE).status_code == 401


@pytest.mark.django_db
def test_an_answer_takes_one_statement_with_the_asker(client: APIClient) -> None:
    def statements() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(ADDRESS, HERE).status_code == 200
        return len(queries)

    statements()
    assert statements() == 1, "nothing shows"
    for position in AdType.values:
        showing(ad_type_id=position)
        showing(ad_type_id=position)
    assert statements() == 1


@pytest.mark.django_db
def test_who_is_refused_is_refused_at_once(user: User, device: Device, settings: Any) -> None:
    session = bearing(start_session(user, at=timezone.now())["access_token"])
    assert [one.get(ADDRESS, HERE).status_code for one in (session, as_device(device))] == [200, 200]

    Session.objects.end(at=timezone.now())
    Device.objects.update(is_active=False)

    assert [one.get(ADDRESS, HERE).status_code for one in (session, as_device(device))] == [401, 401]


@pytest.mark.django_db
def test_a_role_that_requires_two_factor_authentication_counts_at_once(user: User, settings: Any) -> None:
    session = bearing(start_session(user, at=timezone.now())["access_token"])
    settings.TWO_FACTOR_ROLES = [user.role_id]

    assert session.get(ADDRESS, HERE).status_code == 401


@pytest.mark.django_db
def test_requests_are_counted_and_limited(client: APIClient, settings: Any) -> None:
    settings.THROTTLE_DEVICE = settings.THROTTLE_USER = "2/hour"

    answers = [client.get(ADDRESS, HERE) for _ in range(3)]

    assert [one.status_code for one in answers] == [200, 200, 429]
    assert [one["X-RateLimit-Remaining"] for one in answers] == ["1", "0", "0"]
    assert "Retry-After" in answers[2]


@pytest.mark.django_db
def test_nothing_is_decided_for_a_wrong_key(device: Device) -> None:
    def decisions() -> int:
        with connection.cursor() as cursor:
            cursor.execute(DECISIONS)
            return int(cursor.fetchone()[0])

    showing()
    assert as_device(device).get(ADDRESS, HERE).status_code == 200
    before = decisions()

    assert as_device(device, "wrong").get(ADDRESS, HERE).status_code == 401
    assert decisions() == before
    assert as_device(device).get(ADDRESS, HERE).status_code == 200
    assert decisions() > before
