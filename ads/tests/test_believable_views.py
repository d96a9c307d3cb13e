"""Views are believed only if one screen can have shown them: the rules for the views of a device."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.test import Client
from rest_framework.test import APIClient

from accounts.choices import SecurityEventKind
from accounts.models import SecurityEvent, User
from accounts.tests.factories import Cast
from ads.choices import AdType
from ads.delivery.proofs import read
from ads.models import Ad, AdView, AdViewDay, Device
from ads.reporting.reports import Refusal
from ads.tests.delivery_scene import HERE, showing
from ads.tests.factories import AdFactory
from ads.tests.screens import (
    ADDRESS,
    NOTHING,
    car,
    codes,
    count,
    counters,
    driving,
    impression,
    reasons,
    refused,
    report,
    view,
)
from campaign_studio.tests.bodies import stored

pytestmark = pytest.mark.django_db

ClientFor = Callable[[User | None], APIClient]

# A quarter hour in Berlin, two hours ago.
QUARTER = datetime.fromisoformat("2026-11-23T08:15:00+01:00")
NOW = QUARTER + timedelta(hours=2)


@pytest.fixture(autouse=True)
def _now() -> Any:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def device() -> Device:
    return car()


@pytest.fixture
def client(device: Device) -> APIClient:
    return driving(device)


@pytest.fixture
def ad() -> Ad:
    return AdFactory()


# --- Proofs ----------------------------------------------------------------------------------------------------------


def test_a_forged_impression_is_rejected_and_the_others_count(client: APIClient, ad: Ad) -> None:
    sent = view(ad, viewed_at=QUARTER)
    forged = {**sent, "impression": sent["impression"][:-1] + ("A" if sent["impression"][-1] != "A" else "B")}

    answer = report(client, forged, sent, {**sent, "impression": ""}, {**sent, "impression": "\x00ä" * 3_000})

    assert answer["accepted"] == 1
    assert codes(answer) == dict.fromkeys((0, 2, 3), "forged")
    assert reasons(answer)[0] == refused(Refusal.FORGED)


def test_ad_place_and_quarter_hour_come_from_the_proof_alone(client: APIClient, ad: Ad) -> None:
    report(client, view(ad, viewed_at=QUARTER, country="DE", city="Berlin"))

    kept = AdView.objects.get()
    assert (kept.ad_id, kept.position, kept.country, kept.city) == (ad.pk, ad.ad_type_id, "DE", "Berlin")
    assert kept.quarter == QUARTER


def test_a_former_key_counts_while_it_is_listed_and_the_same_impression_counts_once(
    client: APIClient, ad: Ad, settings: Any
) -> None:
    old, new = "old-key-" * 5, "new-key-" * 5
    settings.DELIVERY_KEYS = [old]
    before = view(ad, viewed_at=QUARTER, sequence=0)
    settings.DELIVERY_KEYS = [new, old]
    after = view(ad, viewed_at=QUARTER, sequence=0)
    assert before["impression"] != after["impression"]

    assert report(client, before)["accepted"] == 1
    assert report(client, after)["duplicates"] == 1
    settings.DELIVERY_KEYS = [new]
    assert codes(report(client, {**before, "sequence": 1})) == {0: "forged"}


def test_the_impression_of_the_delivery_is_the_one_that_counts(client: APIClient) -> None:
    """From the answer of the server to the sums, as in a car."""
    ad = showing()
    answer = client.get("/api/delivery", HERE)
    (delivered,) = [one for one in answer.json()["placements"].values() if isinstance(one, dict)]
    assert delivered["ad_id"] == str(ad.pk)

    sent = {"impression": delivered["impression"], "sequence": 0, "viewed_at": "2026-11-23T08:16:00+01:00"}

    assert report(client, {**sent, "duration_seconds": 15}) == {**NOTHING, "accepted": 1}
    assert AdViewDay.objects.values_list("ad", "country", "city", "view_count", "view_seconds").get() == (
        ad.pk,
        "DE",
        "Berlin",
        1,
        15,
    )


def test_an_answer_of_the_delivery_does_not_depend_on_the_device() -> None:
    showing()
    answers = [driving(car(name)).get("/api/delivery", HERE) for name in ("car-8", "car-9")]

    assert answers[0].content == answers[1].content
    assert answers[0]["ETag"] == answers[1]["ETag"]


# --- Times -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("offset", "code"),
    [
        (timedelta(minutes=-5), None),
        (timedelta(minutes=-5, microseconds=-1), "outside_quarter"),
        (timedelta(minutes=20), None),
        (timedelta(minutes=20, microseconds=1), "outside_quarter"),
        (timedelta(hours=-1), "outside_quarter"),
        (timedelta(days=-1), "outside_quarter"),
    ],
)
def test_a_view_is_in_its_quarter_hour_give_or_take_five_minutes(
    client: APIClient, ad: Ad, offset: timedelta, code: str | None
) -> None:
    answer = report(client, view(ad, viewed_at=QUARTER + offset, impression=impression(ad, QUARTER)))

    assert codes(answer) == ({0: code} if code else {})
    assert answer["accepted"] == (code is None)
    if code:
        times = {"first": "2026-11-23T08:15", "last": "2026-11-23T08:30"}
        assert reasons(answer)[0] == refused(Refusal.OUTSIDE_QUARTER, **times)


def test_the_screens_clock_decides_whatever_its_offset(client: APIClient, ad: Ad) -> None:
    """8:15 in Tokyo, Berlin and New York are the same quarter hour by the screen's clock, and three in UTC."""
    proof = impression(ad, QUARTER)
    times = [f"2026-11-23T08:16:00{offset}" for offset in ("+09:00", "+01:00", "+00:30")]

    assert report(client, *[view(ad, viewed_at=time, impression=proof) for time in times])["accepted"] == 3
    assert AdView.objects.values("quarter").distinct().count() == 3


@pytest.mark.parametrize(("minutes", "code"), [(5, None), (6, "in_future")])
def test_a_clock_may_be_five_minutes_ahead(client: APIClient, ad: Ad, minutes: int, code: str | None) -> None:
    answer = report(client, view(ad, viewed_at=NOW + timedelta(minutes=minutes)))

    assert codes(answer) == ({0: code} if code else {})
    assert code is None or reasons(answer)[0] == refused(Refusal.IN_FUTURE)


def test_the_future_is_judged_in_utc(client: APIClient, ad: Ad) -> None:
    """Local noon in Los Angeles is still to come."""
    answer = report(client, view(ad, viewed_at="2026-11-23T08:15:00-08:00"))

    assert codes(answer) == {0: "in_future"}


@pytest.mark.parametrize("days", [1, 7, 28])
def test_a_view_may_be_reported_within_the_days_of_grace(client: APIClient, ad: Ad, settings: Any, days: int) -> None:
    settings.VIEW_GRACE_DAYS = days
    oldest = NOW - timedelta(days=days)

    answer = report(client, view(ad, viewed_at=oldest), view(ad, viewed_at=oldest - timedelta(microseconds=1)))

    assert answer["accepted"] == 1
    assert reasons(answer) == {1: refused(Refusal.EXPIRED, days=days)}
    assert codes(answer) == {1: "expired"}


# --- How much a screen can show --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("in_view", "shown", "most"),
    [
        ((5, "seconds"), (15, "seconds"), 180),
        ((None, None), (15, "seconds"), 60),
        ((None, None), (None, None), 900),
        ((7, "seconds"), (None, None), 129),
        ((15, "minutes"), (None, None), 1),
        ((1, "hours"), (None, None), 1),
    ],
)
def test_the_sequence_is_limited_by_how_often_the_ad_fits_into_a_quarter_hour(
    client: APIClient, in_view: Any, shown: Any, most: int
) -> None:
    ad = AdFactory(
        ad_in_view_duration_value=in_view[0],
        ad_in_view_duration_unit=in_view[1],
        ad_impression_duration_value=shown[0],
        ad_impression_duration_unit=shown[1],
    )

    answer = report(client, *[view(ad, viewed_at=QUARTER, sequence=number) for number in (most - 1, most, 10**9)])

    assert {code for index, code in codes(answer).items() if index} == {"too_many"}
    assert codes(answer).get(0) != "too_many"
    assert reasons(answer)[1] == refused(Refusal.TOO_MANY, most=most, last=most - 1)


@pytest.mark.parametrize(("seconds", "code"), [(900, None), (900.9, None), (901, "too_long"), (1e308, "too_long")])
def test_a_view_lasts_a_quarter_hour_at_most(client: APIClient, ad: Ad, seconds: float, code: str | None) -> None:
    answer = report(client, view(ad, viewed_at=QUARTER, duration_seconds=seconds))

    assert codes(answer) == ({0: code} if code else {})
    assert code is None or reasons(answer)[0] == refused(Refusal.TOO_LONG)


def test_the_views_of_an_impression_last_900_seconds_together_even_with_several_offsets(
    client: APIClient, ad: Ad
) -> None:
    proof = impression(ad, QUARTER)
    views = [
        view(ad, viewed_at=f"2026-11-23T08:16:00+{hours:02}:00", impression=proof, duration_seconds=300)
        for hours in (1, 2, 3, 4)
    ]

    answer = report(client, *views[:2])
    assert answer["accepted"] == 2
    answer = report(client, *views[2:])

    assert (answer["accepted"], codes(answer)) == (1, {1: "too_long"})
    assert reasons(answer) == {1: refused(Refusal.IMPRESSION_TOO_LONG, used=900)}
    assert counters(ad)[:3] == (3, 3, 900)


@pytest.mark.parametrize("city", ["BERLIN", "berlin", "Berlin"])
def test_another_spelling_of_the_place_is_the_same_impression(client: APIClient, ad: Ad, city: str) -> None:
    report(client, view(ad, viewed_at=QUARTER, country="DE", city="Berlin", sequence=0, duration_seconds=900))

    again = report(client, view(ad, viewed_at=QUARTER, country="Germany", city=city, sequence=0))
    more = report(client, view(ad, viewed_at=QUARTER, country="Germany", city=city, sequence=1))

    assert again["duplicates"] == 1
    assert codes(more) == {0: "too_long"}


def test_a_device_is_in_one_place_at_a_time(client: APIClient, ad: Ad) -> None:
    """900 seconds for each position and quarter hour in UTC, whatever the places and ads."""
    other, elsewhere = AdFactory(), AdFactory(ad_type_id=AdType.BOTTOM_LEFT)
    full = [view(ad, viewed_at=QUARTER, city="Ulm", duration_seconds=450)]
    full += [view(other, viewed_at=QUARTER, city="Bonn", duration_seconds=450)]
    beyond = view(ad, viewed_at=QUARTER, city="Rome", duration_seconds=1)
    in_rome_by_its_clock = view(ad, viewed_at="2026-11-23T07:20:00+00:00", city="Rome", duration_seconds=1)

    assert report(client, *full)["accepted"] == 2
    answer = report(
        client,
        beyond,
        in_rome_by_its_clock,
        view(elsewhere, viewed_at=QUARTER, duration_seconds=900),
        view(ad, viewed_at=QUARTER + timedelta(minutes=15), duration_seconds=900),
    )

    assert (answer["accepted"], codes(answer)) == (2, dict.fromkeys((0, 1), "too_long"))
    assert reasons(answer)[0] == refused(Refusal.QUARTER_TOO_LONG, used=900)
    assert report(driving(car("car-2")), beyond)["accepted"] == 1, "another device has its own quarter hour"


def test_a_view_of_less_than_a_second_takes_one(client: APIClient) -> None:
    """Otherwise a device could report any number of them."""
    ads = AdFactory.create_batch(3)
    views = [view(ads[number % 3], viewed_at=QUARTER, duration_seconds=0.9) for number in range(500)]
    assert report(client, *views)["accepted"] == 500

    answer = report(client, *[view(ads[number % 3], viewed_at=QUARTER, duration_seconds=0) for number in range(401)])

    assert (answer["accepted"], codes(answer)) == (400, {400: "too_long"})


def test_a_rejected_view_takes_no_seconds(client: APIClient, ad: Ad) -> None:
    too_long = view(ad, viewed_at=QUARTER, duration_seconds=901)

    assert report(client, too_long, view(ad, viewed_at=QUARTER, duration_seconds=900))["accepted"] == 1


# --- Devices ---------------------------------------------------------------------------------------------------------


def test_an_inactive_device_counts_nothing(device: Device, client: APIClient, ad: Ad) -> None:
    Device.objects.filter(pk=device.pk).update(is_active=False)
    before = stored()

    assert client.post(ADDRESS, [view(ad, viewed_at=QUARTER)]).status_code == 401
    assert stored() == before


# --- Security events -------------------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def _no_report_has_been_counted() -> None:
    cache.clear()


def test_implausible_views_are_one_security_event_per_report(client: APIClient, ad: Ad) -> None:
    proof = impression(ad, QUARTER)
    implausible = [
        view(ad, impression="x"),
        view(ad, impression="y"),
        view(ad, viewed_at=NOW + timedelta(hours=1)),
        view(ad, viewed_at=NOW, impression=proof),
        view(ad, viewed_at=QUARTER, sequence=900),
        view(ad, viewed_at=QUARTER, duration_seconds=901),
    ]

    report(client, *implausible, view(ad, viewed_at=QUARTER))

    event = SecurityEvent.objects.get(kind=SecurityEventKind.IMPLAUSIBLE_VIEWS)
    assert event.detail == "device car-1: forged 2, in_future 1, outside_quarter 1, too_long 1, too_many 1"
    assert (event.user_id, event.door, event.actor_username) == (None, "api", "device car-1")


def test_the_implausible_reports_of_a_device_are_counted_together(client: APIClient, ad: Ad) -> None:
    for _number in range(12):
        report(client, view(ad, impression="x"))

    details = SecurityEvent.objects.filter(kind=SecurityEventKind.IMPLAUSIBLE_VIEWS).values_list("detail", flat=True)
    assert sorted(details) == [
        "device car-1: forged 1",
        "device car-1: forged 1 (report 10 within 10 minutes)",
    ]


def test_who_manages_devices_sees_from_where_implausible_views_came(
    client: APIClient, ad: Ad, cast: Cast, console_for: Callable[[User | None], Client], client_for: ClientFor
) -> None:
    report(client, view(ad, impression="x"))

    (event,) = client_for(cast.app_admin).get("/api/security-events?kind=implausible_views").json()["results"]
    page = console_for(cast.app_admin).get("/admin/accounts/securityevent/").content.decode()

    assert (event["remote_addr"], event["actor_username"]) == ("127.0.0.1", "device car-1")
    assert event["request_id"]
    assert "device car-1" in page
    assert "Unknown" not in page


def test_views_that_honest_screens_may_send_are_no_security_event(client: APIClient) -> None:
    ad = AdFactory(campaign__campaign_max_view_count=1, ad_in_view_duration_value=5, ad_in_view_duration_unit="seconds")
    deleted = AdFactory()
    gone = view(deleted, viewed_at=QUARTER)
    deleted.delete()

    answer = report(
        client,
        view(ad, viewed_at=QUARTER),
        view(ad, viewed_at=QUARTER),
        view(ad, viewed_at=QUARTER, duration_seconds=1),
        view(ad, viewed_at=QUARTER - timedelta(days=8)),
        gone,
        {},
    )

    found = {1: "cap_reached", 2: "too_short", 3: "expired", 4: "unknown_ad", 5: "invalid"}
    assert codes(answer) == found
    assert not SecurityEvent.objects.filter(kind=SecurityEventKind.IMPLAUSIBLE_VIEWS).exists()


def test_a_view_is_judged_by_the_clock_that_is_given(device: Device, ad: Ad) -> None:
    """The room doesn't look at the clock itself."""
    sent = view(ad, viewed_at=QUARTER)

    assert count(device, sent, now=datetime(2026, 11, 1, tzinfo=UTC)).accepted == 0
    assert count(device, sent, now=NOW).accepted == 1
    assert read(sent["impression"])
