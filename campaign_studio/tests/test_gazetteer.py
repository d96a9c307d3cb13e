"""The gazetteer knows the cities of the world, and what their names stand for."""

from importlib import import_module

import pytest
from django.core.management import call_command
from django.db import connection

from ads.models import DeliverablePlace
from ads.tests.delivery_scene import showing
from campaign_studio.models import City, PlaceName
from campaign_studio.places import country_codes, functions, name_key
from campaign_studio.places.gazetteer import load_gazetteer
from campaign_studio.places.regions import ELSEWHERE, continent_of
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
        ("TR", "Europe", ""),
        ("TR", "Asia", ""),
        ("GB", "Western Europe", "western europe"),
        ("EG", "Middle East", "middle east"),
        ("DE", "Bavaria", "de-by"),
        ("DE", "Bayern", "de-by"),
        ("DE", "DE-BY", "de-by"),
        ("DE", "Thuringia", "de-th"),
        ("AT", "Vienna", "at-9"),
        ("ES", "Principado de Asturias", "es-as"),
        ("US", "California", "us-ca"),
        ("DE", "Ruhr", "ruhr"),
        # Two subdivisions have this name.
        ("ES", "La Rioja", "la rioja"),
    ],
)
def test_a_region_is_a_subdivision_or_restricts_nothing(country: str, region: str, key: str) -> None:
    assert in_database("region_key", [country], [region]) == [key]


@pytest.mark.parametrize(
    ("country", "region"),
    [
        ("DE", "Asia"),
        ("DE", "middle  east"),
        ("JP", "Western Europe"),
        ("ES", "Latin America"),
        ("DE", "US-TX"),
        ("AT", "de-by"),
        ("XX", "Europe"),
    ],
)
def test_a_region_of_other_countries_only_has_the_key_that_no_name_has(country: str, region: str) -> None:
    assert in_database("region_key", [country], [region]) == [ELSEWHERE] != [name_key(ELSEWHERE)]


@pytest.mark.parametrize(
    ("country", "region"),
    [
        ("GB", "South East"),
        ("GB", "North-West"),
        ("GB", "Midlands"),
        ("US", "Central Region"),
        ("FR", "75"),
        ("AT", "NÖ"),
        ("AT", "Bayern"),
        ("US", "Kent"),
    ],
)
def test_other_names_of_regions_elsewhere_stand_for_themselves(country: str, region: str) -> None:
    assert in_database("region_key", [country], [region]) == [name_key(region)]


def test_every_country_has_its_continent() -> None:
    countries = sorted(country_codes())

    assert set(in_database("region_key", countries, [continent_of(one) for one in countries])) == {""}


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


def test_it_is_loaded_again_when_a_function_for_keys_has_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(functions, "REGION_KEY_SQL", functions.REGION_KEY_SQL + "\n")

    assert load_gazetteer()
    assert not load_gazetteer()


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


def test_regions_from_before_one_could_be_elsewhere_get_their_key_and_so_does_delivery() -> None:
    migration = import_module("campaign_studio.migrations.0006_regions_elsewhere")
    targets = showing().campaign.audience_targeting.all()
    operation = migration.Migration.operations[0]
    keys = []
    with connection.cursor() as cursor:
        cursor.execute(operation.reverse_sql)
        targets.update(region="Asia")
        keys.append((targets.get().region_key, DeliverablePlace.objects.get().region))
        cursor.execute(operation.sql)
    call_command("migrate", verbosity=0)

    keys.append((targets.get().region_key, DeliverablePlace.objects.get().region))
    assert keys == [("asia", "asia"), (ELSEWHERE, ELSEWHERE)]


@pytest.mark.django_db(transaction=True)
def test_the_flush_after_a_transactional_test_leaves_it() -> None:
    call_command("flush", interactive=False, verbosity=0)
    assert City.objects.exists()
    assert PlaceName.objects.exists()
