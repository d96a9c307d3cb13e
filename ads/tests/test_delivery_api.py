"""`GET /api/delivery`: what shows at a place and time."""

import zlib
from collections.abc import Callable
from datetime import time
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from ads.choices import AdType, MediaType
from ads.models import Ad, AdContentRating, CampaignViewTotals
from ads.tests.delivery_scene import HERE, MONDAY, caller, showing, shown
from ads.tests.factories import AdTimeSlotFactory
from campaign_studio.tests.refusals import codes_of
from campaigns.models import Campaign
from campaigns.tests.factories import AudienceTargetingFactory

pytestmark = pytest.mark.django_db

ADDRESS = "/api/delivery"


@pytest.fixture
def client(client_for: Any) -> Any:
    return client_for(caller())


def why(client: Any, ad: Ad, **asked: str) -> list[dict[str, Any]]:
    answer = client.get(f"{ADDRESS}/explain", {**HERE, "ad_id": str(ad.pk), **asked})
    reasons: list[dict[str, Any]] = answer.json()["results"][0]["reasons"]
    return reasons


def test_all_six_positions_have_everything_a_screen_needs(client: Any) -> None:
    ads = {position: showing(ad_type_id=position) for position in AdType.values}

    answer = client.get(ADDRESS, HERE)

    assert answer.status_code == 200
    told = answer.json()
    assert (told["at"], told["valid_until"]) == ("2026-11-23T08:15:00", "2026-11-23T08:30:00")
    assert told["place"] == {"country": "DE", "region": "", "city": "Berlin", "postcode": "10115"}
    assert set(told["placements"]) == set(AdType.values)
    for position, placed in told["placements"].items():
        ad = placed[0] if "content" in position else placed
        assert ad["ad_id"] == str(ads[position].pk)
        assert (ad["media_type"], ad["media_content"]) == ("text", "Fresh coffee at the next exit")
        assert (ad["content_rating"]["rating_system"], ad["content_rating"]["rating_label"]) == ("MPAA", "G")


def test_a_bar_shows_one_ad_and_a_content_position_every_eligible_ad(client: Any) -> None:
    for position in (AdType.TOP_BAR, AdType.CENTER_LEFT):
        for _ in range(3):
            showing(ad_type_id=position)

    placements = client.get(ADDRESS, HERE).json()["placements"]

    assert isinstance(placements["top_bar_ad"], dict)
    assert len(placements["center_left_content_ad"]) == 3
    assert placements["bottom_left_ad"] is None
    assert placements["center_right_content_ad"] == []


CHANGES: dict[str, Callable[[Ad], object]] = {
    "campaign_active": lambda ad: ad.campaign.move_to("paused"),
    "ad_active": lambda ad: ad.move_to("paused"),
    "approved": lambda ad: ad.reject(caller(), at=ad.created_at, note="No."),
    "campaign_dates": lambda ad: Campaign.objects.update(campaign_end_date="2026-11-22"),
    "ad_dates": lambda ad: Ad.objects.update(ad_start_date="2026-11-24"),
    "ad_expiry_date": lambda ad: Ad.objects.update(ad_expiry_date="2026-11-22"),
    "time_slot": lambda ad: AdTimeSlotFactory(ad=ad, time_slot_start=time(7), time_slot_end=time(8, 15)),
    "country": lambda ad: ad.campaign.audience_targeting.update(country="FR"),
    "city": lambda ad: ad.campaign.audience_targeting.update(cities=["Hamburg"]),
    "postcode": lambda ad: ad.campaign.audience_targeting.update(postcodes=["20095"]),
    "view_cap": lambda ad: (
        Campaign.objects.update(campaign_max_view_count=9),
        CampaignViewTotals.objects.create(campaign=ad.campaign, view_count=9),
    ),
    "view_duration_cap": lambda ad: (
        Campaign.objects.update(campaign_max_view_duration_value=2, campaign_max_view_duration_unit="minutes"),
        CampaignViewTotals.objects.create(campaign=ad.campaign, view_count=1, view_seconds=120),
    ),
}


@pytest.mark.parametrize("code", CHANGES)
def test_a_change_stops_the_ad_at_once_and_is_the_only_reason_given(client: Any, code: str) -> None:
    ad = showing()
    ad.refresh_from_db()
    assert shown(client.get(ADDRESS, HERE)) == {str(ad.pk)}
    assert why(client, ad) == []

    CHANGES[code](ad)

    assert shown(client.get(ADDRESS, HERE)) == set()
    (reason,) = why(client, ad)
    assert reason["code"] == code
    assert reason["fix"].endswith(".")
    assert reason["message"].endswith(".")


def test_without_a_content_declaration_the_approval_does_not_count(client: Any) -> None:
    ad = showing()
    AdContentRating.objects.update(no_prohibited_content=False)

    assert shown(client.get(ADDRESS, HERE)) == set()
    assert [reason["code"] for reason in why(client, ad)] == ["approved", "rated"]


def test_the_region_matters_if_the_screen_sends_it(client: Any) -> None:
    ad = showing()
    ad.campaign.audience_targeting.update(region="Bavaria")

    for region in ("", "EUROPE", "Western Europe", "bayern", "DE-BY"):
        assert shown(client.get(ADDRESS, {**HERE, "region": region})) == {str(ad.pk)}
    assert shown(client.get(ADDRESS, {**HERE, "region": "Hesse"})) == set()
    assert [one["code"] for one in why(client, ad, region="Hesse")] == ["region"]


@pytest.mark.parametrize("region", ["Asia", "US-TX"])
def test_a_target_whose_region_is_elsewhere_matches_no_screen(client: Any, region: str) -> None:
    ad = showing()
    ad.campaign.audience_targeting.update(region=region)

    for sent in ("", "Europe", "Bavaria", region):
        assert shown(client.get(ADDRESS, {**HERE, "region": sent})) == set()
        assert [one["code"] for one in why(client, ad, region=sent)] == ["region"]


def test_a_region_that_no_country_has_matches_screens_that_send_it_or_none(client: Any) -> None:
    ad = showing()
    ad.campaign.audience_targeting.update(region="Ruhr")

    found = {region: shown(client.get(ADDRESS, {**HERE, "region": region})) for region in ("", "ruhr", "Bavaria")}
    assert found == {"": {str(ad.pk)}, "ruhr": {str(ad.pk)}, "Bavaria": set()}


def test_an_area_that_contains_the_country_restricts_nothing(client: Any) -> None:
    ad = showing()

    for region in ("Europe", "Bavaria", "Thuringia", "Neverland"):
        assert shown(client.get(ADDRESS, {**HERE, "region": region})) == {str(ad.pk)}


@pytest.mark.parametrize(
    ("country", "stored", "asked"),
    [
        ("DE", "München", "Mu\u0308nchen"),
        ("DE", "Mu\u0308nchen", "München"),
        ("DE", "München", "Munich"),
        ("DE", "Munich", "Muenchen"),
        ("US", "New\u00a0York City", "New York City"),
        ("DE", "\u200bBerlin", "BERLIN"),
        ("CH", "Zürich", "Zurich"),
        ("CH", "St. Gallen", "St.Gallen"),
        ("DE", "Gießen", "GIESSEN"),
        ("TR", "Diyarbakır", "DİYARBAKIR"),
        ("JP", "東京", "Tokyo"),
        ("NL", "’s-Hertogenbosch", "Den Bosch"),
        ("DE", "Kleinkleckersdorf", "KLEINKLECKERSDORF"),
    ],
)
def test_two_spellings_of_a_city_are_one_city(client: Any, country: str, stored: str, asked: str) -> None:
    ad = showing()
    ad.campaign.audience_targeting.update(country=country, region="Everywhere", cities=[stored])

    assert shown(client.get(ADDRESS, {**HERE, "country": country, "city": asked, "postcode": ""})) == {str(ad.pk)}
    assert why(client, ad, country=country, city=asked, postcode="") == []


@pytest.mark.parametrize(
    ("country", "stored", "asked"),
    [
        ("GB", "SW1A 1AA", "sw1a1aa"),
        ("BR", "01310-100", "01310100"),
        ("US", "10001", "10001-1234"),
        ("DE", "D-10115", "10115"),
    ],
)
def test_two_spellings_of_a_postcode_are_one_postcode(client: Any, country: str, stored: str, asked: str) -> None:
    ad = showing()
    ad.campaign.audience_targeting.update(country=country, region="Everywhere", postcodes=[stored])

    assert shown(client.get(ADDRESS, {**HERE, "country": country, "city": "Anywhere", "postcode": asked})) == {
        str(ad.pk)
    }
    assert shown(client.get(ADDRESS, {**HERE, "country": country, "city": "Anywhere", "postcode": "99999"})) == set()


def test_matching_ignores_case_and_needs_one_target_that_matches_on_every_level(client: Any) -> None:
    ad = showing()
    ad.campaign.audience_targeting.all().delete()
    AudienceTargetingFactory(campaign=ad.campaign, region="North", cities=["Hamburg"], postcodes=["10115"])
    AudienceTargetingFactory(campaign=ad.campaign, region="East", cities=["Berlin"], postcodes=["10117"])

    assert shown(client.get(ADDRESS, {**HERE, "city": "BERLIN", "postcode": "10117"})) == {str(ad.pk)}
    assert shown(client.get(ADDRESS, HERE)) == set()
    assert [one["code"] for one in why(client, ad)] == ["postcode"]


def test_countries_are_accepted_by_name_and_code(client: Any) -> None:
    ad = showing()

    for country in ("Germany", "de", "DEU", " DE "):
        assert shown(client.get(ADDRESS, {**HERE, "country": country})) == {str(ad.pk)}


def test_a_campaign_without_targets_shows_nowhere(client: Any) -> None:
    ad = showing()
    ad.campaign.audience_targeting.all().delete()

    assert shown(client.get(ADDRESS, HERE)) == set()
    assert [one["code"] for one in why(client, ad)] == ["country"]


@pytest.mark.parametrize(
    ("label", "limit", "passes"),
    [
        ("PG-13", "PG-13", True),
        ("PG-13", "T", True),
        ("T", "PG-13", True),
        ("R", "PG-13", False),
        ("M", "PG-13", False),
        ("E10+", "PG", True),
        ("AO", "M", False),
        ("AO", "NC-17", True),
        (None, "NC-17", False),
    ],
)
def test_max_rating_limits_labels_of_both_systems(client: Any, label: str, limit: str, passes: bool) -> None:
    ad = showing()
    system = {True: "MPAA", False: "ESRB"}[label in ("G", "PG", "PG-13", "R", "NC-17")] if label else None
    type(ad.content_rating).objects.update(rating_system=system, rating_label=label)

    assert shown(client.get(ADDRESS, {**HERE, "max_rating": limit})) == ({str(ad.pk)} if passes else set())
    assert [one["code"] for one in why(client, ad, max_rating=limit)] == ([] if passes else ["max_rating"])
    assert shown(client.get(ADDRESS, HERE)) == {str(ad.pk)}


@pytest.mark.parametrize("country", ["Atlantis", "XX", "D", "Nirgendwo"])
def test_what_is_no_country_is_refused_instead_of_answered_with_an_empty_screen(client: Any, country: str) -> None:
    answer = client.get(ADDRESS, {"country": country, "at": HERE["at"]})

    assert (answer.status_code, codes_of(answer)) == (400, {"country": ["invalid_choice"]})


@pytest.mark.parametrize("country", ["UK", "Great Britain", "united kingdom", "GBR"])
def test_a_country_is_understood_by_every_name(client: Any, country: str) -> None:
    answer = client.get(ADDRESS, {"country": country, "at": HERE["at"]})

    assert answer.json()["place"]["country"] == "GB"


def test_an_unknown_city_has_only_ads_for_the_whole_country(client: Any) -> None:
    showing(campaign__campaign_name="Berlin").campaign.audience_targeting.update(cities=["Berlin"])

    answer = client.get(ADDRESS, {"country": "DE", "city": "Nowhere", "at": HERE["at"]})

    assert answer.status_code == 200
    assert shown(answer) == set()


@pytest.mark.parametrize(
    ("asked", "field", "says"),
    [
        ({}, "country", "country=DE"),
        ({"city": "Berlin"}, "country", "country=DE"),
        ({"country": ""}, "country", "country=DE"),
        ({"country": "DE", "postcode": "10115"}, "city", "Send the city as well: a postcode needs one."),
        ({"country": "DE", "at": "half past eight"}, "at", "2026-11-23T08:15:00"),
        ({"country": "DE", "at": "2026-13-45T08:15"}, "at", "no month from 01 to 12"),
        ({"country": "DE", "at": "9999-12-31T23:59"}, "at", "ISO 8601"),
        ({"country": "DE", "at": "2026-11-23"}, "at", "ISO 8601"),
        ({"country": "DE", "max_rating": "XXX"}, "max_rating", "G, PG, PG-13, "),
        ({"country": "DE", "town": "Berlin"}, "town", "device_id"),
        ({"country": "D" * 101}, "country", "is not a country"),
        ({"country": "DE", "region": "x" * 101}, "region", "100"),
        ({"country": "DE", "device_id": "x" * 101}, "device_id", "100"),
    ],
)
def test_invalid_parameters_are_refused(client: Any, asked: dict[str, str], field: str, says: str) -> None:
    answer = client.get(ADDRESS, asked)

    assert answer.status_code == 400
    assert says in answer.json()[field][0]


def test_a_plus_sign_that_arrives_as_a_space_is_accepted(client: Any) -> None:
    answer = client.get(f"{ADDRESS}?country=DE&at=2026-11-23T08:15:00+01:00")

    assert answer.json()["at"] == "2026-11-23T08:15:00+01:00"
    assert client.get(f"{ADDRESS}?country=DE&max_rating=E10+").status_code == 200


def test_the_default_time_is_now_at_the_place(client: Any, time_machine: Any) -> None:
    time_machine.move_to("2026-11-23T08:17:05+00:00", tick=False)
    ad = showing()

    answer = client.get(ADDRESS, {"country": "DE"})

    assert shown(answer) == {str(ad.pk)}
    assert answer.json()["valid_until"] == "2026-11-23T09:30:00+01:00"
    assert answer["Cache-Control"] == "private, max-age=775"


def test_the_response_may_be_cached_and_is_not_sent_again_unchanged(client: Any) -> None:
    ad = showing()
    first = client.get(ADDRESS, {**HERE, "at": "2026-11-23T08:20:00"})
    assert first["Cache-Control"] == "private, max-age=600"

    again = client.get(ADDRESS, {**HERE, "at": "2026-11-23T08:29:59"}, headers={"If-None-Match": first["ETag"]})

    assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])
    assert again["Cache-Control"] == "private, max-age=1"
    weak = first["ETag"].removeprefix("W/")
    for known in (weak, f'"other", {first["ETag"]}', "*"):
        assert client.get(ADDRESS, HERE, headers={"If-None-Match": known}).status_code == 304
    ad.move_to("paused")
    changed = client.get(ADDRESS, HERE, headers={"If-None-Match": first["ETag"]})
    assert changed.status_code == 200
    assert changed["ETag"] != first["ETag"]


def test_eligible_ads_take_turns_equally_often(client: Any) -> None:
    ads = {str(showing().pk) for _ in range(4)}
    quarters = [f"{MONDAY}T{hour:02}:{minute:02}" for hour in (8, 9) for minute in (0, 15, 30, 45)]

    turns = [shown(client.get(ADDRESS, {**HERE, "at": at})).pop() for at in quarters]

    assert {ad: turns.count(ad) for ad in ads} == dict.fromkeys(ads, 2)
    assert turns[:4] == turns[4:]
    assert turns == [shown(client.get(ADDRESS, {**HERE, "at": at})).pop() for at in quarters]


def test_the_ads_of_a_bar_are_spread_over_the_60_turns(client: Any) -> None:
    ads = sorted(str(showing().pk) for _ in range(3))

    given = [shown(client.get(ADDRESS, {**HERE, "turn": turn})).pop() for turn in range(60)]

    assert [given.count(ad) for ad in ads] == [20, 20, 20]
    first = ads.index(given[0])
    assert given == [ads[(first + turn) % 3] for turn in range(60)]


def test_a_device_id_stands_for_its_turn(client: Any) -> None:
    for _ in range(3):
        showing()

    for device_id in ("", "car 7", "größe", "WVWZZZ1JZXW000001"):
        turn = zlib.crc32(device_id.encode()) % 60
        by_id = client.get(ADDRESS, {**HERE, "device_id": device_id})
        assert by_id.json() == client.get(ADDRESS, {**HERE, "turn": turn}).json()


def test_next_is_the_answer_of_the_next_quarter_hour(client: Any) -> None:
    for _ in range(3):
        showing()
    asked = {**HERE, "country": "Germany", "region": "Berlin & Umland", "max_rating": "E10+", "turn": 17}

    now = client.get(ADDRESS, asked).json()
    following = client.get(now["next"])

    assert following.status_code == 200
    assert following.json()["at"] == now["valid_until"]
    assert following.json() == client.get(ADDRESS, {**asked, "at": now["valid_until"]}).json()
    assert [client.get(ADDRESS, {**asked, "at": f"{MONDAY}T08:{minute}"}).json()["next"] for minute in (15, 29)] == [
        now["next"]
    ] * 2


@pytest.mark.parametrize("turn", ["-1", "60", "x", "1.5"])
def test_a_turn_is_from_0_to_59(client: Any, turn: str) -> None:
    answer = client.get(ADDRESS, {**HERE, "turn": turn})

    assert answer.status_code == 400
    assert list(answer.json()) == ["turn"]


def test_turn_and_device_id_are_not_sent_together(client: Any) -> None:
    answer = client.get(ADDRESS, {**HERE, "turn": 1, "device_id": "car 7"})

    assert (answer.status_code, answer.json()) == (400, {"turn": ["Send either turn or device_id."]})


def test_the_number_of_queries_does_not_grow(client: Any) -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            client.get(ADDRESS, HERE)
        return len(queries)

    assert asked() == 1, "nothing shows"
    for position in AdType.values:
        for _ in range(4):
            showing(ad_type_id=position, media_type=MediaType.TEXT)

    assert asked() == 1


def test_every_signed_in_user_may_ask(cast: Any, client_for: Any) -> None:
    ad = showing()

    assert shown(client_for(cast.guest).get(ADDRESS, HERE)) == {str(ad.pk)}
    assert client_for(None).get(ADDRESS, HERE).status_code == 401
