"""The gazetteer knows the cities of the world, and what their names stand for."""

import pytest
from django.core.management import call_command
from django.db import connection

from campaign_studio.models import City, PlaceName
from campaign_studio.places.gazetteer import load_gazetteer
from campaign_studio.tests.test_place_keys import in_database
from campaigns.models import CampaignAudienceTargeting
from campaigns.tests.factories import AudienceTargetingFactory

pytestmark = pytest.mark.django_db


def keys_of(country: str, city: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT city_keys(%s, %s)", [country, city])
        keys: list[str] = cursor.fetchone()[0]
    return sorted(keys)


@pytest.mark.parametrize(
    ("country", "names"),
    [
        ("DE", ["München", "Munich", "Muenchen", "MUNICH"]),
        ("DE", ["Köln", "Cologne", "Koeln"]),
        ("JP", ["東京", "Tokyo"]),
        ("NL", ["'s-Hertogenbosch", "Den Bosch"]),
        ("AT", ["Wien", "Vienna"]),
        ("TR", ["İstanbul", "Istanbul"]),
        ("CH", ["St. Gallen", "Sankt Gallen", "St.Gallen"]),
    ],
)
def test_every_name_of_a_city_has_its_key(country: str, names: list[str]) -> None:
    assert len({tuple(keys_of(country, name)) for name in names}) == 1


def test_a_city_that_has_the_name_as_its_own_comes_before_others() -> None:
    assert keys_of("US", "York") == ["york"]
    assert "york" not in keys_of("US", "New York City")


def test_a_name_stands_for_cities_of_similar_size_only() -> None:
    assert keys_of("DE", "Frankfurt") == ["frankfurt am main"]


def test_codes_are_no_names() -> None:
    assert keys_of("DE", "BER") == ["ber"]


def test_a_name_means_something_in_its_country_only() -> None:
    assert keys_of("FR", "Munich") == ["munich"]
    assert keys_of("FR", "München") == ["munchen"]


@pytest.mark.parametrize(
    ("country", "region", "key"),
    [
        ("DE", "Europe", ""),
        ("DE", "WESTERN EUROPE", ""),
        ("US", "North America", ""),
        ("DE", "Everywhere", ""),
        ("DE", "Bavaria", "de-by"),
        ("DE", "Bayern", "de-by"),
        ("DE", "DE-BY", "de-by"),
        ("US", "California", "us-ca"),
        ("DE", "Asia", "asia"),
        ("DE", "Ruhr", "ruhr"),
    ],
)
def test_a_region_is_a_subdivision_or_restricts_nothing(country: str, region: str, key: str) -> None:
    assert in_database("region_key", [country], [region]) == [key]


def test_a_city_has_a_time_zone_and_a_position() -> None:
    zurich = City.objects.get(country="CH", name_key="zurich")

    assert (zurich.name, zurich.timezone) == ("Zürich", "Europe/Zurich")
    assert (round(zurich.latitude), round(zurich.longitude)) == (47, 9)


def test_it_is_loaded_once_and_again_with_a_new_edition() -> None:
    assert not load_gazetteer()

    PlaceName.objects.all().delete()
    with connection.cursor() as cursor:
        cursor.execute("COMMENT ON TABLE gazetteer_names IS 'an earlier edition'")

    assert load_gazetteer()
    assert PlaceName.objects.filter(name_key="munchen", country="DE").exists()


def test_it_is_loaded_again_if_what_follows_has_failed() -> None:
    def fail() -> None:
        raise RuntimeError("The keys of targets could not be renewed.")

    with connection.cursor() as cursor:
        cursor.execute("COMMENT ON TABLE gazetteer_names IS 'an earlier edition'")
    with pytest.raises(RuntimeError):
        load_gazetteer(then=fail)

    assert load_gazetteer()
    assert not load_gazetteer()


def test_migrate_renews_the_keys_of_targets_with_a_new_edition() -> None:
    target = AudienceTargetingFactory(country="DE", cities=["München"])
    PlaceName.objects.all().delete()
    CampaignAudienceTargeting.objects.all().rekey()
    target.refresh_from_db()
    assert target.city_keys == ["munchen"]

    with connection.cursor() as cursor:
        cursor.execute("COMMENT ON TABLE gazetteer_names IS NULL")
    call_command("migrate", verbosity=0)

    target.refresh_from_db()
    assert target.city_keys == ["munich"]
